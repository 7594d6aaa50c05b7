"""Amazon Bedrock's Converse API, converted to OpenAI's format, and the token counts in Bedrock's headers.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and ``..._ConverseStream.html``. Input
tokens exclude cache reads and writes. A guardrail "intervenes" both when it blocks and when it only masks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.formats.lenient import is_number

_COUNTS: Final = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
_HEADERS: Final = ("input", "output", "cache-read-input", "cache-write-input")
_EVENTS: Final = frozenset(
    ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")
)
METRICS: Final = "amazon-bedrock-invocationMetrics"
"""Totals of the whole stream, in the last chunk of a model's own format."""
ACTION: Final = "amazon-bedrock-guardrailAction"
"""What a guardrail adds to a body, or a chunk, in a model's own format."""
_TRACE: Final = "amazon-bedrock-trace"


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    return "stopReason" in body and isinstance(body.get("output"), dict)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    message = body["output"].get("message")
    parts = message.get("content") if isinstance(message, dict) else None
    parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    calls = [part["toolUse"] for part in parts if isinstance(part.get("toolUse"), dict)]
    tools = [{"function": {"name": call.get("name"), "arguments": call.get("input")}} for call in calls]
    usage = body.get("usage")
    reason = body["stopReason"]
    intervened = reason == "guardrail_intervened"
    return {
        "choices": [{
            "finish_reason": "stop" if intervened else reason,
            "message": {"content": [{"text": part.get("text")} for part in parts], "tool_calls": tools},
            "error": {"type": reason} if intervened and _has_blocked(body.get("trace")) else None,
        }],
        "usage": _converse_usage(usage) if isinstance(usage, dict) else None,
        "metrics": body.get("metrics"),
        METRICS: body.get(METRICS),
        "error": body.get("error") or blocked(body),
    }  # fmt: skip


def _has_blocked(trace: Any) -> bool:
    return '"BLOCKED"' in json.dumps(trace)


def blocked(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error of a body that a guardrail replaced with its own message; None if none did."""
    if body.get(ACTION) == "INTERVENED" and _has_blocked(body.get(_TRACE)):
        return {"type": "guardrail_intervened"}
    return None


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a Converse stream, or the metrics chunk of a stream in another format."""
    return not chunk.keys().isdisjoint(_EVENTS) or METRICS in chunk


def error_of(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the exception that ended a stream early, under HTTP 200."""
    found = next(((name, details) for name, details in event.items() if name.endswith("Exception")), None)
    return {"type": found[0], "message": found[1].get("message")} if found and isinstance(found[1], dict) else None


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one Converse body; of a stream in a model's own format only its metrics.

    Events in a model's own format may be those of Converse, or one chunk of the body each.
    """
    body: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        payload = event.get(METRICS)
        if isinstance(payload, dict):
            body[METRICS] = payload
        for name in _EVENTS & event.keys():
            payload = event[name] if isinstance(event[name], dict) else {}
            if name == "metadata":
                body |= {key: payload[key] for key in ("usage", "metrics", "trace") if payload.get(key)}
            elif name == "messageStop":
                body["stopReason"] = payload.get("stopReason")
            else:
                index = payload.get("contentBlockIndex")
                _add(blocks.setdefault(index if isinstance(index, int) else 0, {}), payload)
    if not blocks and "stopReason" not in body:
        return body
    content = [block for block in blocks.values() if block]
    return {"stopReason": None, **body, "output": {"message": {"content": content}}}


def _add(block: dict[str, Any], event: dict[str, Any]) -> None:
    """Add the start of a tool call, a fragment of its input, or a fragment of text."""
    start, delta = event.get("start"), event.get("delta")
    call = start.get("toolUse") if isinstance(start, dict) else None
    if isinstance(call, dict):
        block["toolUse"] = {"name": call.get("name"), "input": ""}
    if not isinstance(delta, dict):
        return
    piece = delta.get("toolUse")
    if isinstance(delta.get("text"), str):
        block["text"] = block.get("text", "") + delta["text"]
    elif isinstance(piece, dict) and isinstance(piece.get("input"), str) and "toolUse" in block:
        block["toolUse"]["input"] += piece["input"]


def _cache_count(usage: dict[str, Any], name: str) -> Any:
    """Return a count; Nova's own format names cached tokens differently."""
    return usage.get(name, usage.get(name.replace("Tokens", "TokenCount")))


def counted(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the counts in the headers of a response in OpenAI's format, whatever the format of its body."""
    counts = [headers.get(f"x-amzn-bedrock-{name}-token-count") for name in _HEADERS]
    if counts[0] is None:
        return None
    return _usage([int(count) if count and count.isdecimal() and len(count) < 10 else None for count in counts])


def measured(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the counts in the last chunk of a stream, in OpenAI's format."""
    metrics = body.get(METRICS)
    names = ("inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount")
    return _usage([metrics.get(name) for name in names]) if isinstance(metrics, dict) else None


def _converse_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of Converse in OpenAI's format, and how many of the cache writes are kept for an hour."""
    details = usage.get("cacheDetails")
    kept = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
    hour = [count for entry in kept if entry.get("ttl") == "1h" and is_number(count := entry.get("inputTokens"))]
    return {**_usage([_cache_count(usage, name) for name in _COUNTS]), "hour_write_tokens": sum(hour) if hour else None}


def _usage(counts: list[Any]) -> dict[str, Any]:
    """Combine the counts, in Bedrock's order, into OpenAI's usage."""
    sent, received, *cached = counts
    if isinstance(sent, int):
        sent += sum(count for count in cached if isinstance(count, int))
    details = {"cached_tokens": cached[0], "cache_write_tokens": cached[1]}
    return {"prompt_tokens": sent, "completion_tokens": received, "prompt_tokens_details": details}


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request with tool results in the format of Anthropic Messages; one of another API unchanged."""
    entries = body.get("messages")
    return {**body, "messages": [_message(entry) for entry in entries]} if isinstance(entries, list) else body


def _message(entry: Any) -> Any:
    parts = entry.get("content") if isinstance(entry, dict) else None
    if not isinstance(parts, list) or not any(isinstance(part, dict) and "toolResult" in part for part in parts):
        return entry
    return {**entry, "content": [_part(part) for part in parts]}


def _part(part: Any) -> Any:
    result = part.get("toolResult") if isinstance(part, dict) else None
    pieces = result.get("content") if isinstance(result, dict) else None
    if not isinstance(pieces, list):
        return part
    items = [piece for piece in pieces if isinstance(piece, dict)]
    texts = [json.dumps(piece["json"], ensure_ascii=False) if "json" in piece else piece.get("text") for piece in items]
    return {"type": "tool_result", "content": [{"text": text} for text in texts]}
