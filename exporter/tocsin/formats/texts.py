"""The texts inside vendors' messages, flattened: what was asked, what was answered, what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from tocsin.call import Expectation, Message, ToolCall
from tocsin.formats.lenient import is_number

_CALLS = ("function_call", "custom_tool_call", "mcp_approval_request")
_ACTIONS = ("computer_call", "local_shell_call", "shell_call", "apply_patch_call")
"""Items of the Responses API by which the model calls tools of the caller that have no name but their kind."""
_UNSAID = (
    "reasoning", "compaction", "web_search_call", "file_search_call", "code_interpreter_call", "mcp_call",
    "mcp_list_tools",
)  # fmt: skip
"""Items of the Responses API that say nothing: thoughts, and tools that the provider runs itself."""
_ASKING = ("user", "system", "developer")
_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}


def part_text(value: Any) -> str:
    """Join the text of a message's content: a string, or a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _joined(text for _, text in map(_part, value))
    return ""


def whole_text(texts: Sequence[str]) -> str:
    """Return the text of a stream whose pieces are one after the other, or each all that was said so far."""
    grows = len(texts) > 1 and all(text.startswith(before) for before, text in pairwise(texts))
    return texts[-1] if grows else "".join(texts)


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text)


def _part(part: Any) -> tuple[str | None, str]:
    """Return who says a part of a message, and its text (see ``said_in``); pictures, sound and thoughts have none."""
    if isinstance(part, str):
        return None, part
    if not isinstance(part, dict):
        return None, ""
    inner = part.get("text", part.get("refusal", part.get("content")))
    return said_in(part.get("type"), inner, part.get("source"))


def said_in(kind: Any, inner: Any, source: Any) -> tuple[str | None, str]:
    """Return who says a part of a message of some ``kind``, and its text.

    None: who says the message. Anthropic has what tools and documents say stand in messages of the user, and what its
    own tools gave in the answer.
    """
    text = part_text(inner)
    if isinstance(kind, str) and kind.endswith("tool_result"):
        return "tool", text
    if kind in ("document", "search_result"):
        if not text and isinstance(source, dict) and source.get("type") != "base64":
            text = part_text(source.get("data", source.get("content")))
        return "document", text
    return None, text


def question_of(said: Sequence[Message]) -> str | None:
    """Return what was asked: the last message of the user."""
    return next((message.text for message in reversed(said) if message.role == "user"), None)


def messages(value: Any) -> list[Message]:
    """Flatten a conversation: a list of messages, or one text."""
    if isinstance(value, str):
        return [Message("user", value)] if value and value != "{}" else []
    if not isinstance(value, list):
        return []
    out = []
    for entry in value:
        if isinstance(entry, dict):
            role = entry.get("role") or unnamed_role(entry.get("type"), gave="output" in entry)
            content = entry.get("content", entry.get("output"))
            parts = map(_part, content) if isinstance(content, list) else [(None, part_text(content))]
            out += by_speaker(role_of(str(role)), parts)
    return out


def system_prompts(request: dict[str, Any]) -> list[Message]:
    """Return the system prompts that stand beside the conversation, as those of Responses and Messages do."""
    told = [part_text(request.get(key)) for key in ("instructions", "system")]
    return [Message("system", text) for text in told if text]


def by_speaker(role: str, parts: Iterable[tuple[str | None, str]]) -> list[Message]:
    """Return a message of ``role`` as one message for each who speaks in it, in the order of their parts."""
    said: list[tuple[str, list[str]]] = []
    silent = role
    for who, text in parts:
        if not text:
            silent = who or silent
        elif said and said[-1][0] == (who or role):
            said[-1][1].append(text)
        else:
            said.append((who or role, [text]))
    return [Message(who, "\n".join(texts)) for who, texts in said] or [Message(silent, "")]


def unnamed_role(kind: Any, *, gave: bool) -> str:
    """Return whose an item without a role is: in the Responses API calls, their outputs and thoughts have none."""
    if gave:
        return "tool"
    return "user" if kind is None or kind == "message" else "assistant"


def role_of(role: str) -> str:
    """Return our word for a vendor's role."""
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
            said = spoken(message.get("content"), refusal_of(message), transcript)
            if said or (not isinstance(audio, dict) and message.get("images") in (None, [])):
                texts.append(said)
            tools += tool_calls(message.get("tool_calls"), message.get("function_call"))
        else:
            texts.append(part_text(choice.get("text")))
    return joined(texts, tools, response)


def spoken(content: Any, refusal: Any, transcript: Any) -> str:
    """Return what a chat message says: in text, as a refusal, or in the transcript of its sound."""
    return part_text(content) or part_text(refusal) or part_text(transcript)


def refusal_of(message: dict[str, Any]) -> Any:
    """Return what a chat message refuses with; LiteLLM passes it on among the fields of a provider's own."""
    own = message.get("provider_specific_fields")
    return message.get("refusal") or (own.get("refusal") if isinstance(own, dict) else None)


def tool_calls(value: Any, function: Any = None) -> list[ToolCall]:
    """Read the calls to tools of a chat message; ``function`` is the one of older APIs."""
    calls = [_tool(call.get("function", call.get("custom", call)), "arguments", "input") for call in _dicts(value)]
    return [*calls, _tool(function, "arguments")] if isinstance(function, dict) else calls


def joined(texts: list[str], tools: list[ToolCall], response: dict[str, Any]) -> tuple[str | None, list[ToolCall]]:
    """Return the whole text and all tool calls: those of chat's choices, and what other kinds of bodies hold."""
    for item in _dicts(response.get("output")):
        kind = item.get("type")
        if kind in _CALLS:
            tools.append(_tool(item, "arguments", "input"))
        elif kind in _ACTIONS:
            tools.append(_tool({**item, "name": kind}, "action", "actions", "operation"))
        elif kind == "message" and item.get("role") not in _ASKING:  # a compacted conversation has them, too
            texts.append(part_text(item.get("content")))
    for item in _dicts(response.get("content")):
        who, text = _part(item)
        if item.get("type") == "tool_use":
            tools.append(_tool(item, "input"))
        elif who is None:
            texts.append(text)
    if isinstance(response.get("text"), str):
        texts.append(response["text"])
    if _is_silent(response.get("output")) or response.get("content") == []:
        texts.append("")
    return _joined(texts) if texts else None, [tool for tool in tools if tool.name]


def _is_silent(output: Any) -> bool:
    """Tell whether the Responses API answered nothing: no item at all, or none that says or calls something."""
    return isinstance(output, list) and all(isinstance(item, dict) and item.get("type") in _UNSAID for item in output)


def logprobs_of(response: Any) -> list[float] | None:
    """Return the logarithms of the probabilities of an answer's tokens, None where it tells none.

    Of several choices those of the first.
    """
    if not isinstance(response, dict):
        return None
    told = [choice.get("logprobs") for choice in _dicts(response.get("choices"))[:1]]
    for item in _dicts(response.get("output")):
        told += [part.get("logprobs") for part in _dicts(item.get("content"))]
    return token_logprobs(told)


def token_logprobs(told: Iterable[Any]) -> list[float] | None:
    """Read logarithms of probabilities: as chat has them, as completions do, and as Responses do."""
    found: list[Any] = []
    for each in told:
        inner = each.get("content", each.get("token_logprobs")) if isinstance(each, dict) else each
        entries = inner if isinstance(inner, list) else []
        found += [entry.get("logprob") if isinstance(entry, dict) else entry for entry in entries]
    return [float(value) for value in found if is_number(value)] or None


def expectation(request: dict[str, Any]) -> Expectation | None:
    """Return what a request asked its answer to be.

    ``response_format``, ``text.format`` or ``output_format`` speak of its text, strict tools of their arguments. Where
    several answers were asked for, they stand in one text, which is of no format.
    """
    tools = _strict_tools(request)
    several = is_number(request.get("n")) and request["n"] > 1
    kind, schema = (None, None) if several else _asked_format(request)
    return Expectation(format=kind, schema=schema, tools=tools or None) if kind or tools else None


def _asked_format(request: dict[str, Any]) -> tuple[str | None, Any]:
    asked = request.get("response_format")
    if not isinstance(asked, dict):
        text = request.get("text")
        config = request.get("output_config")
        asked = text.get("format") if isinstance(text, dict) else request.get("output_format")
        if asked is None and isinstance(config, dict):
            asked = config.get("format")
    if not isinstance(asked, dict):
        return None, None
    kind = asked.get("type")
    if kind == "json_object":
        return "json", None
    if kind == "json_schema":
        inner = asked.get("json_schema")
        return "json_schema", inner.get("schema") if isinstance(inner, dict) else asked.get("schema")
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
    """Read a call to a tool; its arguments are JSON text (OpenAI) or decoded (Anthropic, Ollama)."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return ToolCall("")
    arguments = next((value[key] for key in keys if key in value), None)
    if isinstance(arguments, dict | list):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(value["name"], arguments if isinstance(arguments, str) else None)
