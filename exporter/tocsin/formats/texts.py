"""The texts inside vendors' messages, flattened: what was asked, what was answered, what was expected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tocsin.call import Expectation, Message, ToolCall

_ROLES = {"developer": "system", "human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}


def part_text(value: Any) -> str:
    """Join the text of a message's content: a string, or a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = []
        for part in value:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, dict):
                inner = part.get("text", part.get("refusal", part.get("content")))
                if isinstance(inner, str | list):
                    texts.append(part_text(inner))
        return "\n".join(text for text in texts if text)
    return ""


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
            role = entry.get("role") or ("tool" if "output" in entry else "user")
            text = part_text(entry.get("content", entry.get("output")))
            out.append(Message(role_of(str(role)), text))
    return out


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
            texts.append(part_text(message.get("content")) or part_text(message.get("refusal")))
            tools += tool_calls(message.get("tool_calls"))
        else:
            texts.append(part_text(choice.get("text")))
    return joined(texts, tools, response)


def tool_calls(value: Any) -> list[ToolCall]:
    """Read the calls to tools of a chat message."""
    return [_tool(call.get("function", call), "arguments") for call in _dicts(value)]


def joined(texts: list[str], tools: list[ToolCall], response: dict[str, Any]) -> tuple[str | None, list[ToolCall]]:
    """Return the whole text and all tool calls: those of chat's choices, and what other kinds of bodies hold."""
    for item in _dicts(response.get("output")):
        if item.get("type") == "function_call":
            tools.append(_tool(item, "arguments"))
        elif item.get("type") == "message":
            texts.append(part_text(item.get("content")))
    for item in _dicts(response.get("content")):
        if item.get("type") == "tool_use":
            tools.append(_tool(item, "input"))
        else:
            texts.append(part_text([item]))
    if isinstance(response.get("text"), str):
        texts.append(response["text"])
    text = "\n".join(text for text in texts if text)
    return text or None, [tool for tool in tools if tool.name]


def expectation(request: dict[str, Any]) -> Expectation | None:
    """Return what a request asked its answer to be.

    ``response_format``, ``text.format`` or ``output_format`` speak of its text, strict tools of their arguments.
    """
    tools = _strict_tools(request)
    kind, schema = _asked_format(request)
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


def _tool(value: Any, key: str) -> ToolCall:
    """Read a call to a tool; its arguments are JSON text (OpenAI) or decoded (Anthropic, Ollama)."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return ToolCall("")
    arguments = value.get(key)
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return ToolCall(value["name"], arguments if isinstance(arguments, str) else None)
