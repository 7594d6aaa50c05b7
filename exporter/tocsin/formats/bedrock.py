"""Amazon Bedrock's Converse API, brought to the shape of OpenAI's, and what its headers count of any other body.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Input leaves out what is read from
and written to the cache. A guardrail "intervenes" where it blocks, and where it only masks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_COUNTS: Final = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
_HEADERS: Final = ("input", "output", "cache-read-input", "cache-write-input")


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    return "stopReason" in body and isinstance(body.get("output"), dict)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    message = body["output"].get("message")
    parts = message.get("content") if isinstance(message, dict) else None
    parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    calls = [part["toolUse"] for part in parts if isinstance(part.get("toolUse"), dict)]
    tools = [{"function": {"name": call.get("name"), "arguments": call.get("input")}} for call in calls]
    usage = body.get("usage")
    reason = body["stopReason"]
    blocked = reason == "guardrail_intervened" and '"BLOCKED"' in json.dumps(body.get("trace"))
    return {
        "choices": [{
            "finish_reason": "stop" if reason == "guardrail_intervened" else reason,
            "message": {"content": [{"text": part.get("text")} for part in parts], "tool_calls": tools},
            "error": {"type": reason} if blocked else None,
        }],
        "usage": _usage([_count(usage, name) for name in _COUNTS]) if isinstance(usage, dict) else None,
        "metrics": body.get("metrics"),
    }  # fmt: skip


def _count(usage: dict[str, Any], name: str) -> Any:
    """Return a count; Nova's own bodies have other names for what is cached."""
    return usage.get(name, usage.get(name.replace("Tokens", "TokenCount")))


def counted(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the counts in the headers of an answer under OpenAI's names, whatever model's shape its body has."""
    counts = [headers.get(f"x-amzn-bedrock-{name}-token-count") for name in _HEADERS]
    if counts[0] is None:
        return None
    return _usage([int(count) if count and count.isdecimal() and len(count) < 10 else None for count in counts])


def _usage(counts: list[Any]) -> dict[str, Any]:
    """Bring counts, as Bedrock orders and separates them, together."""
    sent, received, *cached = counts
    if isinstance(sent, int):
        sent += sum(count for count in cached if isinstance(count, int))
    details = {"cached_tokens": cached[0], "cache_write_tokens": cached[1]}
    return {"prompt_tokens": sent, "completion_tokens": received, "prompt_tokens_details": details}


def request(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request with the results of tools as Messages has them; one of another API as it is."""
    said = asked.get("messages")
    return {**asked, "messages": [_message(entry) for entry in said]} if isinstance(said, list) else asked


def _message(entry: Any) -> Any:
    parts = entry.get("content") if isinstance(entry, dict) else None
    if not isinstance(parts, list) or not any(isinstance(part, dict) and "toolResult" in part for part in parts):
        return entry
    return {**entry, "content": [_part(part) for part in parts]}


def _part(part: Any) -> Any:
    given = part.get("toolResult") if isinstance(part, dict) else None
    pieces = given.get("content") if isinstance(given, dict) else None
    if not isinstance(pieces, list):
        return part
    found = [piece for piece in pieces if isinstance(piece, dict)]
    texts = [json.dumps(piece["json"], ensure_ascii=False) if "json" in piece else piece.get("text") for piece in found]
    return {"type": "tool_result", "content": [{"text": text} for text in texts]}
