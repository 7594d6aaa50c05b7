"""Providers whose answers have a shape of their own, each brought to OpenAI's by a module of its name."""

from __future__ import annotations

from typing import Any

from tocsin.formats import (
    bedrock,
    bedrock_invoke,
    cloudflare,
    cohere,
    dashscope,
    gemini,
    generators,
    interactions,
    ollama,
    realtime,
    tgi,
)

_SHAPES = (ollama, gemini, interactions, bedrock, bedrock_invoke, cohere, realtime, tgi, dashscope)
_IN_PAIRS = (*_SHAPES, cloudflare, generators)
"""With those whose bodies could be anybody's, unless it is known that a model was asked."""


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of one of them; none has choices, and no shape need look for them again."""
    return "choices" not in body and any(shape.is_body(body) for shape in _SHAPES)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a response body in OpenAI's shape; one that is of none of them as it is."""
    if "choices" in body or body.get("object") == "response":  # as nearly always
        return body
    return next((shape.as_openai(body) for shape in _IN_PAIRS if shape.is_body(body)), body)


def request(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request in OpenAI's shape; one that is of none of them as it is."""
    return bedrock.request(interactions.request(gemini.request(asked)))
