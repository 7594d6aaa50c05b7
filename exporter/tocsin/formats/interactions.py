"""Google's Interactions API (Gemini, its agents), converted to the format of OpenAI's Responses API.

https://ai.google.dev/gemini-api/docs/interactions and https://ai.google.dev/api/interactions-api. Thoughts are counted
outside the answer, tool results outside the input. Until May 2026 an interaction had ``outputs``, and its stream other
events; now it has ``steps``. One that is not stored has neither an id nor a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.texts import part_text

_ENDS: Final = {"requires_action": "tool_calls", "incomplete": "length", "budget_exceeded": "length"}
"""Statuses of an unfinished answer, and our finish reasons for them."""
_EVENTS: Final = ("interaction.", "step.", "content.")
_ROLES: Final = {"user_input": "user", "text": "user", "model_output": "assistant", "function_result": "tool"}
"""Roles of the items of an input; items of other types have no text."""
_PARAMETERS: Final = {"temperature": "temperature", "top_p": "top_p", "max_output_tokens": "max_tokens", "seed": "seed"}


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    usage = body.get("usage")
    counted = isinstance(usage, dict) and "total_input_tokens" in usage
    return body.get("object") == "interaction" or (counted and isinstance(body.get("status"), str))


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in the format of the Responses API."""
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
    """Return an output item: a tool call, a message, or one without text (thoughts, and Google's own tools)."""
    kind = step.get("type")
    if kind == "function_call":
        return step
    if kind not in ("model_output", "text"):
        return {"type": "reasoning"}
    text = step.get("text") if kind == "text" else part_text(step.get("content"))
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def _usage(usage: Any) -> dict[str, Any] | None:
    if not isinstance(usage, dict):
        return None
    return {
        "input_tokens": _sum(usage.get("total_input_tokens"), usage.get("total_tool_use_tokens")),
        "output_tokens": _sum(usage.get("total_output_tokens"), usage.get("total_thought_tokens")),
        "input_tokens_details": {"cached_tokens": usage.get("total_cached_tokens")},
        "output_tokens_details": {"reasoning_tokens": usage.get("total_thought_tokens")},
    }


def _sum(count: Any, more: Any) -> Any:
    return count + more if is_number(count) and is_number(more) else count


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a stream of this API."""
    return str(chunk.get("event_type")).startswith(_EVENTS)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body; the last one has everything but the text."""
    body: dict[str, Any] = {"object": "interaction"}
    steps: dict[int, dict[str, Any]] = {}
    for event in events:
        interaction, index = event.get("interaction"), event.get("index")
        if isinstance(interaction, dict):
            body |= interaction
        elif isinstance(index, int):
            start, delta = event.get("step", event.get("content")), event.get("delta")
            step = steps.setdefault(index, {"type": "text", "text": [], "pieces": []})
            if isinstance(start, dict):
                step |= {"type": start.get("type"), "name": start.get("name")}
            if isinstance(delta, dict):
                _add(step, delta)
    return {**body, "steps": [_finished_step(steps[index]) for index in sorted(steps)]} if steps else body


def _add(step: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a fragment of text or of a tool call's arguments; in version 1 a tool call was one event."""
    if delta.get("type") == "function_call":
        step |= {name: delta.get(name) for name in ("type", "name", "arguments")}
    elif isinstance(delta.get("arguments"), str):
        step["pieces"].append(delta["arguments"])
    elif delta.get("type") == "text" and isinstance(delta.get("text"), str):
        step["type"] = "text"
        step["text"].append(delta["text"])


def _finished_step(step: dict[str, Any]) -> dict[str, Any]:
    return {"arguments": "".join(step["pieces"]), **step, "text": "".join(step["text"])}


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request with messages; one of another API unchanged."""
    conversation = body.get("input")
    if not isinstance(conversation, list) or not any(isinstance(item, dict) and _role(item) for item in conversation):
        return body if "system_instruction" not in body else {**body, **_parameters(body)}
    items = [item for item in conversation if isinstance(item, dict)]
    return {**body, **_parameters(body), "messages": [_message(item) for item in items if _role(item)]}


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    config = body.get("generation_config")
    config = config if isinstance(config, dict) else {}
    sampling = {ours: config[name] for name, ours in _PARAMETERS.items() if config.get(name) is not None}
    return {"system": body.get("system_instruction"), **sampling}


def _role(item: dict[str, Any]) -> str | None:
    return _ROLES.get(str(item.get("type")))


def _message(item: dict[str, Any]) -> dict[str, Any]:
    content = next((item[key] for key in ("content", "text", "result") if key in item), None)
    return {"role": _role(item), "content": content}
