"""The content of LiteLLM's ``StandardLoggingPayload``: from its typed fields or, if one is odd, from its tree."""

from __future__ import annotations

from typing import Any, Final

from tocsin.call import Call, Content, ToolCall
from tocsin.formats.chat import Conversation, answer_of
from tocsin.formats.litellm_payload import FullPayload, FullResponse
from tocsin.formats.texts import expectation, logprobs_of, messages, sampling, system_prompts, text_of

REDACTED = "redacted-by-litellm"
_REDACTED_JSON = REDACTED.encode()
_TRUNCATION_MARKS: Final = ("litellm_truncated", "truncated by litellm")
"""Marks in texts that LiteLLM truncated: inside each long text of SpendLogs; in payloads to Datadog and others with a
limit, at an end of all messages or of the whole response, which are one text then."""


def fill(call: Call, p: FullPayload, messages_json: bytes) -> None:
    """Fill in the content of a payload; ``messages`` is their JSON, in bytes that do not change."""
    output, tools = _answer(p.response)
    params = p.model_parameters
    if output == REDACTED or (
        _REDACTED_JSON in messages_json and any(turn.text == REDACTED for turn in Conversation(messages_json))
    ):
        call.content = Content(state="redacted")
    else:
        conversation = Conversation(messages_json, () if params is None else params.system_prompts())
        call.content = Content(conversation, output, [], tools, _logprobs(p.response))
        if not output and not conversation:
            call.content.state = "absent"
        if messages_json[:1] == b'"' and _is_truncated(messages_json.decode("utf-8", "replace")):
            call.content.input = []
        if isinstance(p.response, str):  # only SpendLogs has texts truncated inside: it is read by tree
            _mark_truncated(call.content, p.response)
    if params is not None:
        call.expect = params.expectation()
        call.params = params.sampling()
    call.response_id = p.id


def fill_from_tree(call: Call, tree: dict[str, Any]) -> None:
    """Fill in the content of a payload that does not fit the types, from its tree."""
    params = tree.get("model_parameters")
    prompts = system_prompts(params) if isinstance(params, dict) else []
    conversation = messages(tree.get("messages"))
    content = Content([*prompts, *conversation])
    response = tree.get("response")
    content.output, content.tools = text_of(response)
    content.logprobs = logprobs_of(response)
    if content.output == REDACTED or any(message.text == REDACTED for message in conversation):
        content = Content(state="redacted")
    elif not content.output and not content.input:
        content.state = "absent"
    raw_messages = tree.get("messages")
    if isinstance(raw_messages, str) and _is_truncated(raw_messages):
        content.input = []
    _mark_truncated(content, response)
    call.content = content
    if isinstance(params, dict):
        call.expect = expectation(params)
        call.params = sampling(params)


def _answer(response: FullResponse | list[Any] | str | None) -> tuple[str | None, list[ToolCall]]:
    if not isinstance(response, FullResponse):
        return text_of(response)
    others = {}
    if response.output is not None or response.content is not None or response.text is not None:
        others = {"output": response.output, "content": response.content, "text": response.text}
    return answer_of(response.choices or (), others)


def _logprobs(response: FullResponse | list[Any] | str | None) -> list[float] | None:
    if not isinstance(response, FullResponse):
        return None
    logprobs = response.choices[0].logprobs if response.choices else None
    if logprobs is None and response.output is None:  # the usual case
        return None
    return logprobs_of({"choices": [{"logprobs": logprobs}], "output": response.output})


def _is_truncated(text: str | None) -> bool:
    return text is not None and "truncated" in text and any(mark in text for mark in _TRUNCATION_MARKS)


def _mark_truncated(content: Content, response: Any) -> None:
    """Mark an answer that LiteLLM truncated; if the whole response became one text, drop it."""
    if any(_is_truncated(text) for text in (content.output, *(tool.arguments for tool in content.tools))):
        content.state = "truncated"
        if isinstance(response, str):
            content.output = None
