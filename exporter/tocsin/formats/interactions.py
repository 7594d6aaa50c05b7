"""Google's Interactions API (Gemini, its agents), brought to the shape of OpenAI's Responses.

https://ai.google.dev/gemini-api/docs/interactions and https://ai.google.dev/api/interactions-api. What was thought is
counted beside the answer, what tools put in beside the input. Until May 2026 an interaction had ``outputs``, and its
stream other events; now it has ``steps``. One that is not stored has neither an id nor a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.texts import part_text

_ENDS: Final = {"requires_action": "tool_calls", "incomplete": "length", "budget_exceeded": "length"}
"""Statuses of an answer that is not all of it, and our words for how it ended."""
_EVENTS: Final = ("interaction.", "step.", "content.")
_ROLES: Final = {"user_input": "user", "text": "user", "model_output": "assistant", "function_result": "tool"}
"""Whose the items of an input are; what has none of these says nothing in words."""
_WISHES: Final = {"temperature": "temperature", "top_p": "top_p", "max_output_tokens": "max_tokens", "seed": "seed"}


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    usage = body.get("usage")
    counted = isinstance(usage, dict) and "total_input_tokens" in usage
    return body.get("object") == "interaction" or (counted and isinstance(body.get("status"), str))


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under the names of the Responses API."""
    steps = body.get("steps", body.get("outputs"))
    status = body.get("status")
    return {
        **{name: body.get(name) for name in ("id", "status", "created", "error", "service_tier")},
        "model": body.get("model") or body.get("agent"),
        "output": [_item(step) for step in steps if isinstance(step, dict)] if isinstance(steps, list) else [],
        "incomplete_details": {"reason": _ENDS.get(str(status))},
        "usage": _usage(body.get("usage")),
    }


def _item(step: dict[str, Any]) -> dict[str, Any]:
    """Return an item of Responses: a call of a tool, words, or what says nothing: thoughts, and Google's own tools."""
    kind = step.get("type")
    if kind == "function_call":
        return step
    if kind not in ("model_output", "text"):
        return {"type": "reasoning"}
    text = step.get("text") if kind == "text" else part_text(step.get("content"))
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def _usage(told: Any) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    return {
        "input_tokens": _sum(told.get("total_input_tokens"), told.get("total_tool_use_tokens")),
        "output_tokens": _sum(told.get("total_output_tokens"), told.get("total_thought_tokens")),
        "input_tokens_details": {"cached_tokens": told.get("total_cached_tokens")},
        "output_tokens_details": {"reasoning_tokens": told.get("total_thought_tokens")},
    }


def _sum(count: Any, more: Any) -> Any:
    return count + more if is_number(count) and is_number(more) else count


def is_event(chunk: dict[str, Any]) -> bool:
    """Tell whether an object is an event of a stream of this API."""
    return str(chunk.get("event_type")).startswith(_EVENTS)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that the events of a stream amount to; the last one holds all but what was said."""
    whole: dict[str, Any] = {"object": "interaction"}
    steps: dict[int, dict[str, Any]] = {}
    for event in events:
        told, index = event.get("interaction"), event.get("index")
        if isinstance(told, dict):
            whole |= told
        elif isinstance(index, int):
            begun, delta = event.get("step", event.get("content")), event.get("delta")
            step = steps.setdefault(index, {"type": "text", "text": [], "pieces": []})
            if isinstance(begun, dict):
                step |= {"type": begun.get("type"), "name": begun.get("name")}
            if isinstance(delta, dict):
                _add(step, delta)
    return {**whole, "steps": [_joined(steps[index]) for index in sorted(steps)]} if steps else whole


def _add(step: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a piece of text, or of the arguments of a call; a call of the first version came in one piece."""
    if delta.get("type") == "function_call":
        step |= {name: delta.get(name) for name in ("type", "name", "arguments")}
    elif isinstance(delta.get("arguments"), str):
        step["pieces"].append(delta["arguments"])
    elif delta.get("type") == "text" and isinstance(delta.get("text"), str):
        step["type"] = "text"
        step["text"].append(delta["text"])


def _joined(step: dict[str, Any]) -> dict[str, Any]:
    return {"arguments": "".join(step["pieces"]), **step, "text": "".join(step["text"])}


def request(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request with messages; one of another API as it is."""
    said = asked.get("input")
    if not isinstance(said, list) or not any(isinstance(item, dict) and _role(item) for item in said):
        return asked if "system_instruction" not in asked else {**asked, **_wishes(asked)}
    items = [item for item in said if isinstance(item, dict)]
    return {**asked, **_wishes(asked), "messages": [_message(item) for item in items if _role(item)]}


def _wishes(asked: dict[str, Any]) -> dict[str, Any]:
    wished = asked.get("generation_config")
    wished = wished if isinstance(wished, dict) else {}
    sampling = {ours: wished[name] for name, ours in _WISHES.items() if wished.get(name) is not None}
    return {"system": asked.get("system_instruction"), **sampling}


def _role(item: dict[str, Any]) -> str | None:
    return _ROLES.get(str(item.get("type")))


def _message(item: dict[str, Any]) -> dict[str, Any]:
    said = next((item[key] for key in ("content", "text", "result") if key in item), None)
    return {"role": _role(item), "content": said}
