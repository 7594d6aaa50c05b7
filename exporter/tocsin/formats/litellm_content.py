"""What was said in LiteLLM's ``StandardLoggingPayload``, in its types or, where some field is odd, in its tree."""

from __future__ import annotations

from typing import Any, Final

from tocsin.call import Call, Content, ToolCall
from tocsin.formats.chat import Conversation, answer_of
from tocsin.formats.litellm_payload import FullPayload, FullResponse
from tocsin.formats.texts import expectation, logprobs_of, messages, sampling, system_prompts, text_of

REDACTED = "redacted-by-litellm"
_REDACTED_JSON = REDACTED.encode()
_CUT: Final = ("litellm_truncated", "truncated by litellm")
"""What stands in texts that LiteLLM cut: inside each long one of SpendLogs; at an end of all that was asked or
answered, which is one text then, in what it sends to Datadog and others with a limit."""


def fill(call: Call, p: FullPayload, asked: bytes) -> None:
    """Fill in what a payload says; ``asked`` is the JSON of its messages, in bytes that stay as they are."""
    output, tools = _said(p.response)
    wishes = p.model_parameters
    if output == REDACTED or (_REDACTED_JSON in asked and any(said.text == REDACTED for said in Conversation(asked))):
        call.content = Content(state="redacted")
    else:
        said = Conversation(asked, () if wishes is None else wishes.system_prompts())
        call.content = Content(said, output, [], tools, _logprobs(p.response))
        if not output and not said:
            call.content.state = "absent"
        if asked[:1] == b'"' and _is_cut(asked.decode("utf-8", "replace")):
            call.content.input = []
        if isinstance(p.response, str):  # texts that were cut inside stand in SpendLogs alone, which are read by tree
            _mark_cut(call.content, p.response)
    if wishes is not None:
        call.expect = wishes.expectation()
        call.params = wishes.sampling()
    call.response_id = p.id


def fill_from_tree(call: Call, tree: dict[str, Any]) -> None:
    """Fill in what a payload says that does not fit the types, by its tree."""
    params = tree.get("model_parameters")
    before = system_prompts(params) if isinstance(params, dict) else []
    said = messages(tree.get("messages"))
    content = Content([*before, *said])
    response = tree.get("response")
    content.output, content.tools = text_of(response)
    content.logprobs = logprobs_of(response)
    if content.output == REDACTED or any(message.text == REDACTED for message in said):
        content = Content(state="redacted")
    elif not content.output and not content.input:
        content.state = "absent"
    asked = tree.get("messages")
    if isinstance(asked, str) and _is_cut(asked):
        content.input = []
    _mark_cut(content, response)
    call.content = content
    if isinstance(params, dict):
        call.expect = expectation(params)
        call.params = sampling(params)


def _said(response: FullResponse | list[Any] | str | None) -> tuple[str | None, list[ToolCall]]:
    if not isinstance(response, FullResponse):
        return text_of(response)
    others = {}
    if response.output is not None or response.content is not None or response.text is not None:
        others = {"output": response.output, "content": response.content, "text": response.text}
    return answer_of(response.choices or (), others)


def _logprobs(response: FullResponse | list[Any] | str | None) -> list[float] | None:
    if not isinstance(response, FullResponse):
        return None
    told = response.choices[0].logprobs if response.choices else None
    if told is None and response.output is None:  # as nearly always
        return None
    return logprobs_of({"choices": [{"logprobs": told}], "output": response.output})


def _is_cut(text: str | None) -> bool:
    return text is not None and "truncated" in text and any(mark in text for mark in _CUT)


def _mark_cut(content: Content, response: Any) -> None:
    """Say of an answer that LiteLLM cut it; what it wrote as one text is nobody's words."""
    if _is_cut(content.output) or (content.tools and any(_is_cut(tool.arguments) for tool in content.tools)):
        content.state = "truncated"
        if isinstance(response, str):
            content.output = None
