"""The texts in vendors' messages, flattened: the conversation, the answer, the tool calls, the expected format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from tocsin.call import Expectation, Message, ToolCall
from tocsin.formats.lenient import is_number

_TOOL_CALLS = ("function_call", "custom_tool_call", "mcp_approval_request")
_UNNAMED_TOOL_CALLS = ("computer_call", "local_shell_call", "shell_call", "apply_patch_call")
"""Items of the Responses API that call the caller's tools without a name: the type stands for it."""
_TEXTLESS = (
    "reasoning", "compaction", "web_search_call", "file_search_call", "code_interpreter_call", "mcp_call",
    "mcp_list_tools",
)  # fmt: skip
"""Items of the Responses API without text for the user: thoughts, and tools that the provider runs itself."""
_INPUT_ROLES = ("user", "system", "developer")
_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}


def part_text(value: Any) -> str:
    """Join the text of a message's content: a string, or a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _joined(text for _, text in map(_part, value))
    return ""


def stream_text(texts: Sequence[str]) -> str:
    """Return the text of a stream whose chunks are fragments, or each contain the whole text so far."""
    grows = len(texts) > 1 and all(text.startswith(previous) for previous, text in pairwise(texts))
    return texts[-1] if grows else "".join(texts)


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text)


def _part(part: Any) -> tuple[str | None, str]:
    """Return ``speaker_and_text`` of a message part; images, audio and thoughts have no text."""
    if isinstance(part, str):
        return None, part
    if not isinstance(part, dict):
        return None, ""
    inner = part.get("text", part.get("refusal", part.get("content")))
    return speaker_and_text(part.get("type"), inner, part.get("source"))


def speaker_and_text(kind: Any, inner: Any, source: Any) -> tuple[str | None, str]:
    """Return the speaker and the text of a message part of some ``kind``.

    A speaker of None is that of the message. Anthropic puts tool results and documents into messages of the user, and
    the results of its own tools into the answer.
    """
    text = part_text(inner)
    if isinstance(kind, str) and kind.endswith("tool_result"):
        return "tool", text
    if kind in ("document", "search_result"):
        if not text and isinstance(source, dict) and source.get("type") != "base64":
            text = part_text(source.get("data", source.get("content")))
        return "document", text
    return None, text


def question_of(conversation: Sequence[Message]) -> str | None:
    """Return the question: the last message of the user."""
    return next((message.text for message in reversed(conversation) if message.role == "user"), None)


def messages(value: Any) -> list[Message]:
    """Flatten a conversation: a list of messages, or one text."""
    if isinstance(value, str):
        return [Message("user", value)] if value and value != "{}" else []
    if not isinstance(value, list):
        return []
    out = []
    for entry in value:
        if isinstance(entry, dict):
            role = entry.get("role") or implied_role(entry.get("type"), has_output="output" in entry)
            content = entry.get("content", entry.get("output"))
            parts = map(_part, content) if isinstance(content, list) else [(None, part_text(content))]
            out += by_speaker(role_of(str(role)), parts)
    return out


def system_prompts(request: dict[str, Any]) -> list[Message]:
    """Return the system prompts outside the conversation, where the Responses and Messages APIs put them."""
    texts = [part_text(request.get(key)) for key in ("instructions", "system")]
    return [Message("system", text) for text in texts if text]


def by_speaker(role: str, parts: Iterable[tuple[str | None, str]]) -> list[Message]:
    """Split a message of ``role`` into one for each run of parts by the same speaker."""
    runs: list[tuple[str, list[str]]] = []
    last_speaker = role
    for speaker, text in parts:
        if not text:
            last_speaker = speaker or last_speaker
        elif runs and runs[-1][0] == (speaker or role):
            runs[-1][1].append(text)
        else:
            runs.append((speaker or role, [text]))
    return [Message(speaker, "\n".join(texts)) for speaker, texts in runs] or [Message(last_speaker, "")]


def implied_role(kind: Any, *, has_output: bool) -> str:
    """Return the role of an item without one: in the Responses API these are tool calls, their outputs and thoughts."""
    if has_output:
        return "tool"
    return "user" if kind is None or kind == "message" else "assistant"


def role_of(role: str) -> str:
    """Return our role for a vendor's."""
    return _ROLES.get(role, role)


def text_of(response: Any) -> tuple[str | None, list[ToolCall]]:
    """Return the text and the tool calls of a response body: chat, Responses or Messages."""
    if not isinstance(response, dict):
        return (response, []) if isinstance(response, str) and response else (None, [])
    texts: list[str] = []
    tools: list[ToolCall] = []
    for choice in _dicts(response.get("choices")):
        message = choice.get("message")
        if isinstance(message, dict):
            audio = message.get("audio")
            transcript = audio.get("transcript") if isinstance(audio, dict) else None
            text = message_text(message.get("content"), refusal_of(message), transcript)
            if text or (not isinstance(audio, dict) and message.get("images") in (None, [])):
                texts.append(text)
            tools += tool_calls(message.get("tool_calls"), message.get("function_call"))
        else:
            texts.append(part_text(choice.get("text")))
    return joined(texts, tools, response)


def message_text(content: Any, refusal: Any, transcript: Any) -> str:
    """Return the text of a chat message: its content, its refusal, or the transcript of its audio."""
    return part_text(content) or part_text(refusal) or part_text(transcript)


def refusal_of(message: dict[str, Any]) -> Any:
    """Return the refusal of a chat message; LiteLLM puts it among the provider-specific fields."""
    own = message.get("provider_specific_fields")
    return message.get("refusal") or (own.get("refusal") if isinstance(own, dict) else None)


def tool_calls(value: Any, function: Any = None) -> list[ToolCall]:
    """Return the tool calls of a chat message; ``function`` is that of older APIs."""
    calls = [_tool(call.get("function", call.get("custom", call)), "arguments", "input") for call in _dicts(value)]
    return [*calls, _tool(function, "arguments")] if isinstance(function, dict) else calls


def joined(texts: list[str], tools: list[ToolCall], response: dict[str, Any]) -> tuple[str | None, list[ToolCall]]:
    """Return the text and the tool calls of a body: those given, from chat choices, and those of other APIs."""
    for item in _dicts(response.get("output")):
        kind = item.get("type")
        if kind in _TOOL_CALLS:
            tools.append(_tool(item, "arguments", "input"))
        elif kind in _UNNAMED_TOOL_CALLS:
            tools.append(_tool({**item, "name": kind}, "action", "actions", "operation"))
        elif kind == "message" and item.get("role") not in _INPUT_ROLES:  # a compacted conversation includes them
            texts.append(part_text(item.get("content")))
    for item in _dicts(response.get("content")):
        speaker, text = _part(item)
        if item.get("type") == "tool_use":
            tools.append(_tool(item, "input"))
        elif speaker is None:
            texts.append(text)
    if isinstance(response.get("text"), str):
        texts.append(response["text"])
    if _is_empty(response.get("output")) or response.get("content") == []:
        texts.append("")
    return _joined(texts) if texts else None, [tool for tool in tools if tool.name]


def _is_empty(output: Any) -> bool:
    """Return whether the output of the Responses API is empty: no item, or none with text or a tool call."""
    return isinstance(output, list) and all(isinstance(item, dict) and item.get("type") in _TEXTLESS for item in output)


def logprobs_of(response: Any) -> list[float] | None:
    """Return the log probabilities of the tokens of the first choice; None if the response has none."""
    if not isinstance(response, dict):
        return None
    logprobs = [choice.get("logprobs") for choice in _dicts(response.get("choices"))[:1]]
    for item in _dicts(response.get("output")):
        logprobs += [part.get("logprobs") for part in _dicts(item.get("content"))]
    return token_logprobs(logprobs)


def token_logprobs(logprobs: Iterable[Any]) -> list[float] | None:
    """Return log probabilities in the formats of chat, completions and Responses."""
    values: list[Any] = []
    for each in logprobs:
        inner = each.get("content", each.get("token_logprobs")) if isinstance(each, dict) else each
        entries = inner if isinstance(inner, list) else []
        values += [entry.get("logprob") if isinstance(entry, dict) else entry for entry in entries]
    return [float(value) for value in values if is_number(value)] or None


def expectation(request: dict[str, Any]) -> Expectation | None:
    """Return the format that a request demands of its answer.

    ``response_format``, ``text.format`` or ``output_format`` apply to its text, strict tools to their arguments.
    Several answers (``n``) are joined into one text, which has no format.
    """
    tools = _strict_tools(request)
    several = is_number(request.get("n")) and request["n"] > 1
    kind, schema = (None, None) if several else _requested_format(request)
    return Expectation(format=kind, schema=schema, tools=tools or None) if kind or tools else None


def _requested_format(request: dict[str, Any]) -> tuple[str | None, Any]:
    spec = request.get("response_format")
    if not isinstance(spec, dict):
        text = request.get("text")
        config = request.get("output_config")
        spec = text.get("format") if isinstance(text, dict) else request.get("output_format")
        if spec is None and isinstance(config, dict):
            spec = config.get("format")
    if not isinstance(spec, dict):
        return None, None
    kind = spec.get("type")
    if kind == "json_object":
        return "json", None
    if kind == "json_schema":
        inner = spec.get("json_schema")
        return "json_schema", inner.get("schema") if isinstance(inner, dict) else spec.get("schema")
    return None, None


def _strict_tools(request: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas of strict tools by name: chat (inside ``function``), Responses, Messages."""
    found = {}
    for tool in _dicts(request.get("tools")):
        inner = tool.get("function")
        inner = inner if isinstance(inner, dict) else tool
        schema = inner.get("parameters", inner.get("input_schema"))
        name = inner.get("name")
        if inner.get("strict") is True and isinstance(schema, dict) and isinstance(name, str):
            found[name] = schema
    return found


def sampling(request: dict[str, Any]) -> dict[str, Any]:
    """Return the sampling parameters of a request, as sent."""
    return {name: request[name] for name in ("temperature", "top_p", "max_tokens", "seed") if name in request}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _tool(value: Any, *keys: str) -> ToolCall:
    """Return a tool call; its arguments are JSON text (OpenAI) or decoded (Anthropic, Ollama)."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return ToolCall("")
    arguments = next((value[key] for key in keys if key in value), None)
    if isinstance(arguments, dict | list):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(value["name"], arguments if isinstance(arguments, str) else None)
