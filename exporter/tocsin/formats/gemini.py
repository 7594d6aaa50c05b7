"""Google's own API (Gemini, Vertex AI), converted to OpenAI's format.

https://ai.google.dev/api/generate-content. Names are in camel case, or in snake case from the Python SDK; a finish
reason may be the number of its enum. Thoughts are counted outside the answer, tool results outside the prompt. Each
chunk of a stream has the counts so far.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from tocsin.formats.lenient import is_number

_UPPER: Final = re.compile(r"[A-Z]")
FINISH: Final = {
    **dict.fromkeys(("STOP", "1"), "stop"),
    **dict.fromkeys(("MAX_TOKENS", "2"), "length"),
    **dict.fromkeys(
        (
            "SAFETY", "3", "RECITATION", "4", "BLOCKLIST", "6", "PROHIBITED_CONTENT", "7", "SPII", "8", "MODEL_ARMOR",
            "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
        ),
        "content_filter",
    ),
}  # fmt: skip
"""By name, and by number, which Vertex AI also uses."""

_PARAMETERS: Final = {
    "temperature": "temperature", "topP": "top_p", "maxOutputTokens": "max_tokens", "seed": "seed",
    "candidateCount": "n",
}  # fmt: skip


@cache
def _snake(name: str) -> str:
    return _UPPER.sub(lambda found: "_" + found[0].lower(), name)


def _at(tree: Any, name: str) -> Any:
    """Return a field by its name in camel case or snake case."""
    if not isinstance(tree, dict):
        return None
    return tree[name] if name in tree else tree.get(_snake(name))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body, or a chunk of a stream, is of this API."""
    candidates = _dicts(body.get("candidates"))
    answered = candidates and all("content" in candidate or _at(candidate, "finishReason") for candidate in candidates)
    return bool(
        answered
        or _at(body, "usageMetadata")
        or _at(_at(body, "promptFeedback"), "blockReason")
        or ("predictions" in body and _embedded(body))
    )


def _embedded(body: dict[str, Any]) -> list[Any]:
    """Return the token counts of Vertex AI's embeddings, one for each text."""
    statistics = [_at(_at(entry, "embeddings"), "statistics") for entry in _dicts(body.get("predictions"))]
    return [count for entry in statistics if is_number(count := _at(entry, "token_count"))]


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    if "predictions" in body:
        return {"choices": [], "usage": {"prompt_tokens": sum(_embedded(body))}, "error": body.get("error")}
    return stream([body])


def stream(chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the chunks of a stream into one body in OpenAI's format."""
    body: dict[str, Any] = {}
    usage: Any = None
    answers: dict[Any, dict[str, Any]] = {}
    for chunk in chunks:
        for name, ours in (("responseId", "id"), ("modelVersion", "model"), ("createTime", "created")):
            body[ours] = _at(chunk, name) or body.get(ours)
        usage = _at(chunk, "usageMetadata") or usage
        if _at(_at(chunk, "promptFeedback"), "blockReason"):
            answers["0"] = _answer({"finishReason": "SAFETY"}, None)
        for candidate in _dicts(chunk.get("candidates")):
            key = str(candidate.get("index") or 0)
            answers[key] = _answer(candidate, answers.get(key))
    return {**body, "choices": list(answers.values()), "usage": _usage(usage)}


def _answer(candidate: dict[str, Any], previous: dict[str, Any] | None) -> dict[str, Any]:
    """Return a choice: a candidate, appended to its ``previous`` chunks."""
    parts = _dicts(_at(candidate.get("content"), "parts"))
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str) and not part.get("thought")]
    calls = [_at(part, "functionCall") for part in parts]
    tools = [{"function": {"name": call.get("name"), "arguments": call.get("args")}} for call in _dicts(calls)]
    message: dict[str, Any] = previous["message"] if previous else {"content": "", "tool_calls": []}
    message = {"content": message["content"] + "".join(texts), "tool_calls": [*message["tool_calls"], *tools]}
    reason = _at(candidate, "finishReason")
    finish = FINISH.get(str(reason), "other") if reason else previous and previous["finish_reason"]
    return {"message": message, "finish_reason": "tool_calls" if finish == "stop" and message["tool_calls"] else finish}


def _usage(usage: Any) -> dict[str, Any] | None:
    """Return the counts in OpenAI's format; None if there are none, as for a blocked prompt."""
    prompt, tool_results = _at(usage, "promptTokenCount"), _at(usage, "toolUsePromptTokenCount")
    output, thoughts = _at(usage, "candidatesTokenCount"), _at(usage, "thoughtsTokenCount")
    output = _at(usage, "responseTokenCount") if output is None else output  # the Live API's
    if prompt is None and output is None and thoughts is None:
        return None
    return {
        "prompt_tokens": _sum(prompt, tool_results),
        "completion_tokens": _sum(0 if output is None else output, thoughts),
        "prompt_tokens_details": {"cached_tokens": _at(usage, "cachedContentTokenCount")},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


def _sum(count: Any, more: Any) -> Any:
    """Add two counts; if one is not a number, return it, so that it becomes a field error."""
    if is_number(count) and is_number(more):
        return count + more
    return count if more is None or not is_number(count) else more


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in OpenAI's format; one of another API unchanged."""
    contents = body.get("contents")
    if contents is None or "messages" in body:
        return body
    config = _at(body, "generationConfig") or body.get("config")
    sampling = {ours: _at(config, name) for name, ours in _PARAMETERS.items() if _at(config, name) is not None}
    if _at(config, "responseMimeType") == "application/json":
        schema = _at(config, "responseJsonSchema")
        kind = "json_object" if schema is None else "json_schema"
        sampling["response_format"] = {"type": kind, "json_schema": {"schema": schema}}
    messages = [{"role": "user", "content": contents}] if isinstance(contents, str) else [
        {"role": entry.get("role"), "content": [_part(part) for part in _dicts(entry.get("parts"))]}
        for entry in _dicts([contents] if isinstance(contents, dict) else contents)
    ]  # fmt: skip
    system = _at(_at(body, "systemInstruction"), "parts")
    return {**body, **sampling, "messages": messages, "system": system}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    result = _at(_at(part, "functionResponse"), "response")
    if result is not None:
        return {"type": "tool_result", "content": json.dumps(result, ensure_ascii=False)}
    return {} if part.get("thought") else {"text": part.get("text")}
