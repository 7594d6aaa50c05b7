"""Amazon Bedrock's Converse API, brought to the shape of OpenAI's, and what its headers count of any other body.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and ``..._ConverseStream.html``. Input
leaves out what is read from and written to the cache. A guardrail "intervenes" where it blocks, and where it only
masks.
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
"""What the last piece of a model's own body says of all of it."""
ACTION: Final = "amazon-bedrock-guardrailAction"
"""What a guardrail adds to a model's own body, or to one of its pieces."""
_TRACE: Final = "amazon-bedrock-trace"


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
    intervened = reason == "guardrail_intervened"
    return {
        "choices": [{
            "finish_reason": "stop" if intervened else reason,
            "message": {"content": [{"text": part.get("text")} for part in parts], "tool_calls": tools},
            "error": {"type": reason} if intervened and _blocks(body.get("trace")) else None,
        }],
        "usage": _counted(usage) if isinstance(usage, dict) else None,
        "metrics": body.get("metrics"),
        METRICS: body.get(METRICS),
        "error": body.get("error") or blocked(body),
    }  # fmt: skip


def _blocks(trace: Any) -> bool:
    return '"BLOCKED"' in json.dumps(trace)


def blocked(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error of a model's own body in whose place a guardrail put its message; None where none did."""
    if body.get(ACTION) == "INTERVENED" and _blocks(body.get(_TRACE)):
        return {"type": "guardrail_intervened"}
    return None


def is_event(chunk: dict[str, Any]) -> bool:
    """Tell whether an object is an event of a stream of Converse, or says how long one of a model's own body took."""
    return not chunk.keys().isdisjoint(_EVENTS) or METRICS in chunk


def error_of(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the exception with which a stream broke off, under HTTP 200."""
    found = next(((name, told) for name, told in event.items() if name.endswith("Exception")), None)
    return {"type": found[0], "message": found[1].get("message")} if found and isinstance(found[1], dict) else None


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body of Converse that its events amount to; only what was measured of a stream of a model's own body.

    A model's own events may be those of Converse, or a piece of its body each.
    """
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        told = event.get(METRICS)
        if isinstance(told, dict):
            whole[METRICS] = told
        for name in _EVENTS & event.keys():
            told = event[name] if isinstance(event[name], dict) else {}
            if name == "metadata":
                whole |= {key: told[key] for key in ("usage", "metrics", "trace") if told.get(key)}
            elif name == "messageStop":
                whole["stopReason"] = told.get("stopReason")
            else:
                index = told.get("contentBlockIndex")
                _add(blocks.setdefault(index if isinstance(index, int) else 0, {}), told)
    if not blocks and "stopReason" not in whole:
        return whole
    content = [block for block in blocks.values() if block]
    return {"stopReason": None, **whole, "output": {"message": {"content": content}}}


def _add(block: dict[str, Any], told: dict[str, Any]) -> None:
    """Add the beginning of a call to a tool, a piece of its input, or a piece of text."""
    begun, delta = told.get("start"), told.get("delta")
    call = begun.get("toolUse") if isinstance(begun, dict) else None
    if isinstance(call, dict):
        block["toolUse"] = {"name": call.get("name"), "input": ""}
    if not isinstance(delta, dict):
        return
    piece = delta.get("toolUse")
    if isinstance(delta.get("text"), str):
        block["text"] = block.get("text", "") + delta["text"]
    elif isinstance(piece, dict) and isinstance(piece.get("input"), str) and "toolUse" in block:
        block["toolUse"]["input"] += piece["input"]


def _count(usage: dict[str, Any], name: str) -> Any:
    """Return a count; Nova's own bodies have other names for what is cached."""
    return usage.get(name, usage.get(name.replace("Tokens", "TokenCount")))


def counted(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the counts in the headers of an answer under OpenAI's names, whatever model's shape its body has."""
    counts = [headers.get(f"x-amzn-bedrock-{name}-token-count") for name in _HEADERS]
    if counts[0] is None:
        return None
    return _usage([int(count) if count and count.isdecimal() and len(count) < 10 else None for count in counts])


def measured(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the counts that stand in the last piece of a stream under OpenAI's names."""
    told = body.get(METRICS)
    names = ("inputTokenCount", "outputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount")
    return _usage([told.get(name) for name in names]) if isinstance(told, dict) else None


def _counted(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of Converse under OpenAI's names, and what of the cache written is kept for an hour."""
    details = usage.get("cacheDetails")
    kept = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    hour = [count for one in kept if one.get("ttl") == "1h" and is_number(count := one.get("inputTokens"))]
    return {**_usage([_count(usage, name) for name in _COUNTS]), "hour_write_tokens": sum(hour) if hour else None}


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
