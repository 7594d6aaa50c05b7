"""The content of a span: messages as JSON or as values, or one attribute for each of their parts."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Final

import msgspec

from tocsin.call import Content
from tocsin.formats import gemini
from tocsin.formats.lenient import first_of
from tocsin.formats.texts import messages, system_prompts, text_of

_REDACTED: Final = ("__REDACTED__", "[REDACTED]")
"""OpenInference's placeholders of hidden content (https://arize-ai.github.io/openinference/spec/configuration.html)."""
_DEPTH_MAX: Final = 12
"""Maximum parts into which an attribute's name is split."""
_LIST_MAX: Final = 10_000
"""Maximum messages, or parts of one, to read, the newest: of three bytes each there can be millions,"""
_OBJECTS_MAX: Final = 100_000
"""and brackets in a JSON text."""
_TEXTLESS: Final = ("reasoning", "thinking", "redacted_thinking")
_INPUTS: Final = (
    "gen_ai.input.messages", "gen_ai.prompt_json", "gen_ai.prompt", "ai.prompt.messages",
)  # fmt: skip
_OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion_json", "gen_ai.completion", "ai.response.text")
"""OpenTelemetry's names, Cloudflare's, those of events before version 1.37, and those of Vercel's AI SDK."""
Attributes = dict[str, Any]


def value_of(value: Any) -> Any:
    """Decode an attribute that may be JSON in a text; any other value is returned unchanged.

    Raises:
        ValueError: it begins like JSON, but is cut off or has too many brackets.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    if value.count("{") + value.count("[") > _OBJECTS_MAX:
        raise ValueError("too many values")
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            return json.loads(value, strict=False)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def object_of(value: Any) -> dict[str, Any]:
    """Return the object in an attribute; empty if it has none."""
    try:
        decoded = value_of(value)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def bodies(attributes: Attributes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bodies of request and response that a span records whole; empty if it records none.

    OpenInference, Logfire (of a stream only the text) and Google's ADK, whose response is a Gemini candidate.
    """
    if "gcp.vertex.agent.llm_response" in attributes:
        sides = (attributes.get(f"gcp.vertex.agent.llm_{side}") for side in ("request", "response"))
        request, response = map(object_of, sides)
        return gemini.request(request), gemini.as_openai({"candidates": [response]}) if "content" in response else {}
    if "response_data" in attributes:
        response = object_of(attributes["response_data"])
        message = response.get("message", {"content": response.get("combined_chunk_content")})
        return object_of(attributes.get("request_data")), {"choices": [{"message": message}], **response}
    return object_of(attributes.get("input.value")), object_of(attributes.get("output.value"))


def nested(attributes: Attributes, prefix: str) -> list[Any]:
    """Return the list in attributes with an index after a prefix, such as ``gen_ai.prompt.0.content``."""
    root: dict[str, Any] = {}
    for name, value in attributes.items():
        if name.startswith(prefix):
            *path, last = name[len(prefix) :].split(".", _DEPTH_MAX)
            node = root
            for part in path:
                inner = node.get(part)
                if not isinstance(inner, dict):
                    inner = node[part] = {}
                node = inner
            node.setdefault(last, value)
    return _listed(root) if root else []


def _listed(node: Any) -> Any:
    """Turn objects whose keys are numbers into lists."""
    if not isinstance(node, dict):
        return node
    numbers = [key for key in node if key.isdecimal() and len(key) < 9]
    if numbers:
        return [_listed(node[key]) for key in sorted(numbers, key=int)]
    return {key: _listed(value) for key, value in node.items()}


def fill(attributes: Attributes, request: dict[str, Any], response: dict[str, Any]) -> Content:
    """Return the content of a span; ``request`` and ``response`` are its recorded bodies, or empty."""
    content = Content()
    try:
        inputs = _inputs(attributes, request)
    except ValueError:
        inputs, content.state = [], "truncated"
    try:
        content.output, content.tools = text_of(answer(attributes, response))
    except ValueError:
        content.state = "truncated"
    content.input = messages(inputs)
    content.context = _passages(attributes)
    if content.output in _REDACTED or any(message.text in _REDACTED for message in content.input):
        return Content(state="redacted")
    if content.state == "present" and not content.output and not content.input and not content.tools:
        content.state = "absent"
    return content


def _inputs(attributes: Attributes, request: dict[str, Any]) -> list[Any]:
    system = value_of(attributes.get("gen_ai.system_instructions"))
    system_messages = [{"role": "system", "content": _parts(_list(system))}] if system else []
    raw = next((attributes[name] for name in _INPUTS if attributes.get(name)), None)
    if raw is not None:
        inputs = value_of(raw)
        if isinstance(inputs, dict):  # the body of a request
            system_messages += [{"role": prompt.role, "content": prompt.text} for prompt in system_prompts(inputs)]
            inputs = next((inputs[key] for key in ("messages", "input", "contents", "prompt") if inputs.get(key)), [])
        return [*system_messages, *map(_message, _flat(_list(inputs)))]
    indexed = nested(attributes, "gen_ai.prompt.") or _unwrapped(nested(attributes, "llm.input_messages."))
    if indexed:
        return [*system_messages, *map(_message, _list(indexed))]
    prompts = nested(attributes, "llm.prompts.") or nested(attributes, "embedding.embeddings.")
    if prompts:
        return [{"role": "user", "content": _prompt(prompt)} for prompt in _list(prompts)]
    inputs = request.get("messages", request.get("input", request.get("prompt")))
    return [
        *({"role": prompt.role, "content": prompt.text} for prompt in system_prompts(request)),
        *map(_message, _list(inputs)),
    ]


def _prompt(entry: Any) -> Any:
    """Return the text of a completion's prompt, or of an embedding's input."""
    for name in ("embedding", "prompt"):
        entry = entry.get(name, entry) if isinstance(entry, dict) else entry
    return entry.get("text") if isinstance(entry, dict) else entry


def _list(value: Any) -> list[Any]:
    return value[-_LIST_MAX:] if isinstance(value, list) else [] if value is None else [value]


def _flat(listed: list[Any]) -> list[Any]:
    """Flatten one level of lists: LangChain has a list for each prompt."""
    return [item for entry in listed for item in (entry if isinstance(entry, list) else [entry])]


def _unwrapped(indexed: Any) -> list[Any]:
    """Return OpenInference's messages, each of which is nested under ``message``."""
    return [item.get("message", item) if isinstance(item, dict) else item for item in _list(indexed)]


def _message(raw: Any) -> dict[str, Any]:
    """Return a message of any format in that of chat completions."""
    if not isinstance(raw, dict):
        return {"role": "user", "content": raw if isinstance(raw, str) else ""}
    message: dict[str, Any] = raw
    if isinstance(inner := message.get("kwargs"), dict):  # LangChain's
        message = {"role": inner.get("type"), **inner}
    if message.get("role") is None and "type" in message:  # an item of the Responses API
        return message
    if "parts" in message:
        parts: Any = _parts(_list(message["parts"]))
    else:
        inner = message.get("content")
        with contextlib.suppress(ValueError):  # a text that only looks like JSON
            inner = value_of(inner) if isinstance(inner, str) and inner.startswith('[{"') else inner
        parts = _parts(inner) if isinstance(inner, list) else inner
        if message.get("contents"):
            found = [item.get("message_content", item) for item in _list(message["contents"]) if isinstance(item, dict)]
            parts = _parts(found)
    return {"role": message.get("role") or "user", "content": parts}


def _parts(parts: list[Any]) -> list[Any]:
    """Return the parts with text in the format of chat completions: no thoughts, and no tool calls."""
    kept: list[Any] = []
    for part in parts:
        if not isinstance(part, dict):
            kept.append(part)
            continue
        kind = part.get("type")
        if kind == "tool_call_response":
            result = part.get("response", part.get("result", part.get("content")))
            kept.append({"type": "tool_result", "content": result if isinstance(result, str) else json.dumps(result)})
        elif isinstance(response := part.get("toolResponse"), dict):  # Genkit's
            output = response.get("output")
            kept.append({"type": "tool_result", "content": output if isinstance(output, str) else json.dumps(output)})
        elif kind not in _TEXTLESS and kind not in ("tool_call", "tool_use"):
            kept.append(part)
    return kept


def answer(attributes: Attributes, response: dict[str, Any]) -> dict[str, Any]:
    """Return the answer in the format of a chat completion, or ``response`` if only that has it.

    Raises:
        ValueError: it is cut off.
    """
    raw = next((attributes[name] for name in _OUTPUTS if attributes.get(name)), None)
    if raw is None and isinstance(generated := attributes.get("ai.response.object"), str):
        return {"choices": [{"message": {"content": generated}}]}
    decoded = value_of(raw)
    if isinstance(decoded, dict) and isinstance(decoded.get("generations"), list):
        generations = [entry for entry in _flat(decoded["generations"]) if isinstance(entry, dict)]
        return {"choices": [{"text": generation.get("text")} for generation in generations]}
    if isinstance(decoded, dict) and "parts" not in decoded and "role" not in decoded:
        return decoded  # the body of a response
    messages = (
        _list(decoded)
        or nested(attributes, "gen_ai.completion.")
        or _unwrapped(nested(attributes, "llm.output_messages."))
    )
    calls = value_of(attributes.get("ai.response.toolCalls"))
    if isinstance(calls, list):
        messages = [
            *messages,
            {"role": "assistant", "parts": [{**call, "type": "tool_call"} for call in calls if isinstance(call, dict)]},
        ]
    choices = [{"message": _answer_message(message)} for message in messages]
    if any(choice["message"]["content"] or choice["message"]["tool_calls"] for choice in choices):
        return {"choices": choices}
    texts = [item.get("completion", {}) for item in nested(attributes, "llm.choices.") if isinstance(item, dict)]
    if texts:
        return {"choices": [item for item in texts if isinstance(item, dict)]}
    return response or {"choices": choices}


def _answer_message(raw: Any) -> dict[str, Any]:
    message = _message(raw)
    parts = _list(raw.get("parts")) if isinstance(raw, dict) else []
    calls = [
        _function(part) for part in parts if isinstance(part, dict) and part.get("type") in ("tool_call", "tool_use")
    ]
    for call in _list(raw.get("tool_calls")) if isinstance(raw, dict) else ():
        if isinstance(call, dict):
            inner = call.get("tool_call", call)
            calls.append(_function(inner.get("function", inner) if isinstance(inner, dict) else {}))
    content = message.get("content")
    refusal = raw.get("refusal") if isinstance(raw, dict) else None
    return {"content": content, "refusal": refusal, "tool_calls": [{"function": call} for call in calls]}


def _function(part: dict[str, Any]) -> dict[str, Any]:
    arguments = first_of(part, ("arguments", "input", "args"))
    return {"name": part.get("name", part.get("toolName")), "arguments": arguments}


def is_refused(attributes: Attributes, response: dict[str, Any]) -> bool:
    """Return whether the answer has a part of type ``refusal``, or a field of this name."""
    raw = attributes.get("gen_ai.output.messages")
    if isinstance(raw, list) or (isinstance(raw, str) and '"refusal"' in raw):
        try:
            messages = _list(value_of(raw))
        except ValueError:
            return False
        parts = [part for message in messages if isinstance(message, dict) for part in _list(message.get("parts"))]
        return any(isinstance(part, dict) and part.get("type") == "refusal" for part in parts)
    first = next(iter(_list(response.get("choices"))), None)
    message = first.get("message") if isinstance(first, dict) else None
    return isinstance(message, dict) and bool(message.get("refusal"))


def _passages(attributes: Attributes) -> list[str]:
    """Return the passages that OpenInference recorded as retrieved for this answer."""
    documents = [
        item.get("document", item) for item in nested(attributes, "retrieval.documents.") if isinstance(item, dict)
    ]
    return [item["content"] for item in documents if isinstance(item, dict) and isinstance(item.get("content"), str)]
