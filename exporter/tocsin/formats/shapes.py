"""Conversion to OpenAI's format of providers with their own; each has a module of its name."""

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
"""Also those whose bodies are ambiguous, unless it is known that a model was called."""


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of one of these providers; none of them has choices."""
    return "choices" not in body and any(shape.is_body(body) for shape in _SHAPES)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a response body in OpenAI's format; one of an unknown format unchanged."""
    if "choices" in body or body.get("object") == "response":  # the usual case
        return body
    return next((shape.as_openai(body) for shape in _IN_PAIRS if shape.is_body(body)), body)


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in OpenAI's format; one of an unknown format unchanged."""
    return bedrock.request(interactions.request(gemini.request(body)))
