"""Conversion to OpenAI's format of providers with their own; each has a module of its name."""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats import (
    bedrock,
    bedrock_invoke,
    cloudflare,
    clova,
    cohere,
    dashscope,
    ernie,
    gemini,
    generators,
    hunyuan,
    interactions,
    ollama,
    realtime,
    replicate,
    tgi,
    yandex,
)

_SHAPES = (ollama, gemini, interactions, bedrock, bedrock_invoke, cohere, realtime, tgi, dashscope)
_IN_PAIRS = (*_SHAPES, cloudflare, yandex, ernie, hunyuan, clova, replicate, generators)
"""Also those whose bodies are ambiguous, unless it is known that a model was called."""
_REQUEST_KEYS: Final = frozenset(("modelUri", "Messages", "text_input"))
"""Keys of requests of Yandex, Hunyuan and Triton."""


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
    if isinstance(body.get("input"), dict):
        body = _unwrapped(body, body["input"])
    elif not _REQUEST_KEYS.isdisjoint(body):
        body = _renamed(body)
    return bedrock.request(interactions.request(gemini.request(body)))


def _unwrapped(body: dict[str, Any], wrapped: dict[str, Any]) -> dict[str, Any]:
    """Return a request without its ``input`` around the prompt or the messages, as DashScope and Replicate have it."""
    asked = wrapped.get("messages", wrapped.get("prompt"))
    return {**body, **wrapped, "input": asked, "system": wrapped.get("system_prompt", wrapped.get("system"))}


def _renamed(body: dict[str, Any]) -> dict[str, Any]:
    if "modelUri" in body:
        return yandex.request(body)
    return {"prompt": body["text_input"], **body} if "text_input" in body else hunyuan.request(body)
