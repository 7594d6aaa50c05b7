"""What was said, in a span: messages as JSON or as values, or one attribute for each of their parts."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Final

import msgspec

from tocsin.call import Content
from tocsin.formats import gemini
from tocsin.formats.texts import messages, system_prompts, text_of

_REDACTED: Final = ("__REDACTED__", "[REDACTED]")
"""What OpenInference writes where it is told to hide (https://arize-ai.github.io/openinference/spec/configuration.html)."""
_DEPTH_MAX: Final = 12
"""Parts of a name of an attribute that are taken apart."""
_LIST_MAX: Final = 10_000
"""Newest messages, or parts of one, that are read: of three bytes each there can be millions,"""
_OBJECTS_MAX: Final = 100_000
"""and brackets in a text of JSON."""
_UNSAID: Final = ("reasoning", "thinking", "redacted_thinking")
_INPUTS: Final = (
    "gen_ai.input.messages", "gen_ai.prompt_json", "gen_ai.prompt", "ai.prompt.messages",
)  # fmt: skip
_OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion_json", "gen_ai.completion", "ai.response.text")
"""OpenTelemetry's names, Cloudflare's, those of events before version 1.37, those of Vercel's AI SDK."""
Attributes = dict[str, Any]


def value_of(told: Any) -> Any:
    """Return what stands in an attribute that may hold JSON as a text; a text that is none as it is.

    Raises:
        ValueError: it begins as JSON does, and is cut off or made of brackets.
    """
    if not isinstance(told, str) or told.lstrip()[:1] not in ("{", "["):
        return told
    if told.count("{") + told.count("[") > _OBJECTS_MAX:
        raise ValueError("too many values")
    try:
        return msgspec.json.decode(told)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            return json.loads(told, strict=False)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def object_of(told: Any) -> dict[str, Any]:
    """Return the object that stands in an attribute; nothing where it holds none."""
    try:
        found = value_of(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def bodies(attributes: Attributes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bodies of request and response that a span keeps whole, empty where it keeps none.

    OpenInference, Logfire (of a stream the text alone) and Google's ADK, whose response is a candidate of Gemini's.
    """
    if "gcp.vertex.agent.llm_response" in attributes:
        sides = (attributes.get(f"gcp.vertex.agent.llm_{side}") for side in ("request", "response"))
        asked, answered = map(object_of, sides)
        return gemini.request(asked), gemini.as_openai({"candidates": [answered]}) if "content" in answered else {}
    if "response_data" in attributes:
        answered = object_of(attributes["response_data"])
        said = answered.get("message", {"content": answered.get("combined_chunk_content")})
        return object_of(attributes.get("request_data")), {"choices": [{"message": said}], **answered}
    return object_of(attributes.get("input.value")), object_of(attributes.get("output.value"))


def nested(attributes: Attributes, prefix: str) -> list[Any]:
    """Return what attributes with numbers behind a prefix spell in their order, as ``gen_ai.prompt.0.content`` does."""
    root: dict[str, Any] = {}
    for name, value in attributes.items():
        if name.startswith(prefix):
            *path, last = name[len(prefix) :].split(".", _DEPTH_MAX)
            at = root
            for part in path:
                inner = at.get(part)
                if not isinstance(inner, dict):
                    inner = at[part] = {}
                at = inner
            at.setdefault(last, value)
    return _listed(root) if root else []


def _listed(at: Any) -> Any:
    """Make lists of objects whose keys are numbers."""
    if not isinstance(at, dict):
        return at
    numbers = [key for key in at if key.isdecimal() and len(key) < 9]
    if numbers:
        return [_listed(at[key]) for key in sorted(numbers, key=int)]
    return {key: _listed(value) for key, value in at.items()}


def fill(attributes: Attributes, request: dict[str, Any], response: dict[str, Any]) -> Content:
    """Return what a span says; ``request`` and ``response`` are the bodies that OpenInference keeps, or empty."""
    content = Content()
    try:
        asked = _asked(attributes, request)
    except ValueError:
        asked, content.state = [], "truncated"
    try:
        content.output, content.tools = text_of(answer(attributes, response))
    except ValueError:
        content.state = "truncated"
    content.input = messages(asked)
    content.context = _passages(attributes)
    if content.output in _REDACTED or any(message.text in _REDACTED for message in content.input):
        return Content(state="redacted")
    if content.state == "present" and not content.output and not content.input and not content.tools:
        content.state = "absent"
    return content


def _asked(attributes: Attributes, request: dict[str, Any]) -> list[Any]:
    system = value_of(attributes.get("gen_ai.system_instructions"))
    before = [{"role": "system", "content": _parts(_list(system))}] if system else []
    told = next((attributes[name] for name in _INPUTS if attributes.get(name)), None)
    if told is not None:
        found = value_of(told)
        if isinstance(found, dict):  # the body of a request
            before += [{"role": said.role, "content": said.text} for said in system_prompts(found)]
            found = next((found[key] for key in ("messages", "input", "contents", "prompt") if found.get(key)), [])
        return [*before, *map(_message, _flat(_list(found)))]
    indexed = nested(attributes, "gen_ai.prompt.") or _unwrapped(nested(attributes, "llm.input_messages."))
    if indexed:
        return [*before, *map(_message, _list(indexed))]
    prompts = nested(attributes, "llm.prompts.") or nested(attributes, "embedding.embeddings.")
    if prompts:
        return [{"role": "user", "content": _prompt(prompt)} for prompt in _list(prompts)]
    found = request.get("messages", request.get("input", request.get("prompt")))
    return [
        *({"role": said.role, "content": said.text} for said in system_prompts(request)),
        *map(_message, _list(found)),
    ]


def _prompt(told: Any) -> Any:
    """Return the text of a prompt of a completion, or of what is embedded."""
    for name in ("embedding", "prompt"):
        told = told.get(name, told) if isinstance(told, dict) else told
    return told.get("text") if isinstance(told, dict) else told


def _list(value: Any) -> list[Any]:
    return value[-_LIST_MAX:] if isinstance(value, list) else [] if value is None else [value]


def _flat(listed: list[Any]) -> list[Any]:
    """Return the items of a list; of LangChain's, which has a list for each prompt, those of all."""
    return [item for one in listed for item in (one if isinstance(one, list) else [one])]


def _unwrapped(indexed: Any) -> list[Any]:
    """Return messages of OpenInference, each part of which stands under its kind."""
    return [item.get("message", item) if isinstance(item, dict) else item for item in _list(indexed)]


def _message(said: Any) -> dict[str, Any]:
    """Return a message in the shape of chat, whichever it came in."""
    if not isinstance(said, dict):
        return {"role": "user", "content": said if isinstance(said, str) else ""}
    told: dict[str, Any] = said
    if isinstance(inner := told.get("kwargs"), dict):  # LangChain's
        told = {"role": inner.get("type"), **inner}
    if told.get("role") is None and "type" in told:  # an item of the Responses API
        return told
    if "parts" in told:
        parts: Any = _parts(_list(told["parts"]))
    else:
        inner = told.get("content")
        with contextlib.suppress(ValueError):  # a text that only looks like it
            inner = value_of(inner) if isinstance(inner, str) and inner.startswith('[{"') else inner
        parts = _parts(inner) if isinstance(inner, list) else inner
        if told.get("contents"):
            found = [item.get("message_content", item) for item in _list(told["contents"]) if isinstance(item, dict)]
            parts = _parts(found)
    return {"role": told.get("role") or "user", "content": parts}


def _parts(parts: list[Any]) -> list[Any]:
    """Return parts that say something, in the shape of chat: no thoughts, and no calls to tools."""
    found: list[Any] = []
    for part in parts:
        if not isinstance(part, dict):
            found.append(part)
            continue
        kind = part.get("type")
        if kind == "tool_call_response":
            given = part.get("response", part.get("result", part.get("content")))
            found.append({"type": "tool_result", "content": given if isinstance(given, str) else json.dumps(given)})
        elif kind not in _UNSAID and kind not in ("tool_call", "tool_use"):
            found.append(part)
    return found


def answer(attributes: Attributes, response: dict[str, Any]) -> dict[str, Any]:
    """Return the answer in the shape of a chat completion; what only ``response`` tells, as that has it.

    Raises:
        ValueError: it is cut off.
    """
    told = next((attributes[name] for name in _OUTPUTS if attributes.get(name)), None)
    if told is None and isinstance(made := attributes.get("ai.response.object"), str):
        return {"choices": [{"message": {"content": made}}]}
    found = value_of(told)
    if isinstance(found, dict) and isinstance(found.get("generations"), list):
        return {"choices": [{"text": one.get("text")} for one in _flat(found["generations"]) if isinstance(one, dict)]}
    if isinstance(found, dict) and "parts" not in found and "role" not in found:
        return found  # the body of a response
    said = (
        _list(found)
        or nested(attributes, "gen_ai.completion.")
        or _unwrapped(nested(attributes, "llm.output_messages."))
    )
    calls = value_of(attributes.get("ai.response.toolCalls"))
    if isinstance(calls, list):
        said = [
            *said,
            {"role": "assistant", "parts": [{**call, "type": "tool_call"} for call in calls if isinstance(call, dict)]},
        ]
    choices = [{"message": _answered(message)} for message in said]
    if any(choice["message"]["content"] or choice["message"]["tool_calls"] for choice in choices):
        return {"choices": choices}
    texts = [item.get("completion", {}) for item in nested(attributes, "llm.choices.") if isinstance(item, dict)]
    if texts:
        return {"choices": [item for item in texts if isinstance(item, dict)]}
    return response or {"choices": choices}


def _answered(told: Any) -> dict[str, Any]:
    message = _message(told)
    parts = _list(told.get("parts")) if isinstance(told, dict) else []
    calls = [
        _function(part) for part in parts if isinstance(part, dict) and part.get("type") in ("tool_call", "tool_use")
    ]
    for call in _list(told.get("tool_calls")) if isinstance(told, dict) else ():
        if isinstance(call, dict):
            inner = call.get("tool_call", call)
            calls.append(_function(inner.get("function", inner) if isinstance(inner, dict) else {}))
    said = message.get("content")
    refusal = told.get("refusal") if isinstance(told, dict) else None
    return {"content": said, "refusal": refusal, "tool_calls": [{"function": call} for call in calls]}


def _function(part: dict[str, Any]) -> dict[str, Any]:
    arguments = next((part[key] for key in ("arguments", "input", "args") if part.get(key) is not None), None)
    return {"name": part.get("name", part.get("toolName")), "arguments": arguments}


def is_refused(attributes: Attributes, response: dict[str, Any]) -> bool:
    """Return whether the answer says that it is a refusal, as a part of this type or a field of this name does."""
    told = attributes.get("gen_ai.output.messages")
    if isinstance(told, list) or (isinstance(told, str) and '"refusal"' in told):
        try:
            said = _list(value_of(told))
        except ValueError:
            return False
        parts = [part for message in said if isinstance(message, dict) for part in _list(message.get("parts"))]
        return any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)
    first = next(iter(_list(response.get("choices"))), None)
    message = first.get("message") if isinstance(first, dict) else None
    return isinstance(message, dict) and bool(message.get("refusal"))


def _passages(attributes: Attributes) -> list[str]:
    """Return passages that OpenInference says were retrieved for this answer."""
    found = [
        item.get("document", item) for item in nested(attributes, "retrieval.documents.") if isinstance(item, dict)
    ]
    return [item["content"] for item in found if isinstance(item, dict) and isinstance(item.get("content"), str)]
