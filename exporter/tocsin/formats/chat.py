"""Typed structs of chat completions: the conversation, the answer and the parameters of a request.

Decoding everything into a tree costs four times as much as decoding only the fields that are needed (``texts`` reads
such trees). If a record does not fit these types, the decoder rejects all of it, and its tree is read instead, with the
same result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tocsin.call import Expectation, Message, ToolCall
from tocsin.formats.texts import (
    by_speaker,
    expectation,
    implied_role,
    joined,
    message_text,
    messages,
    part_text,
    role_of,
    speaker_and_text,
    system_prompts,
    tool_calls,
)

_ABSENT: Final = Raw()
_NOTHING: Final = (b"", b"null", b"[]")


class Part(msgspec.Struct, gc=False):
    """One part of a message; images, audio and files are skipped undecoded."""

    type: Any = None
    text: Any = UNSET
    refusal: Any = UNSET
    content: Any = UNSET
    source: Raw = _ABSENT
    """A document's text or bytes."""


Texts = str | list[Part | str] | UnsetType | None


class _Turn(msgspec.Struct, gc=False):
    """One message of a conversation."""

    role: str | None = None
    type: Any = None
    content: Texts = UNSET
    output: Texts = UNSET
    """A tool result, in a conversation of the Responses API."""


class _Specific(msgspec.Struct, gc=False):
    refusal: str | None = None


class Answer(msgspec.Struct, gc=False):
    """An answer's refusal, which is all that counting needs; see ``texts.refusal_of``."""

    refusal: str | None = None
    provider_specific_fields: _Specific | None = None

    @property
    def refused(self) -> str | None:
        """The text of the refusal."""
        own = self.provider_specific_fields
        return self.refusal or (None if own is None else own.refusal)


class Choice(msgspec.Struct, gc=False):
    """One choice, as far as counting needs it."""

    finish_reason: str | None = None
    message: Answer | None = None


class _Audio(msgspec.Struct, gc=False):
    transcript: Any = None


class FullAnswer(Answer, gc=False):
    """An answer with its content."""

    content: str | list[Any] | None = None
    tool_calls: Any = None
    function_call: Any = None
    """Of older APIs."""
    audio: _Audio | None = None
    images: Raw = _ABSENT

    @property
    def has_images(self) -> bool:
        """Whether it contains images."""
        return bytes(self.images) not in _NOTHING

    @property
    def has_calls(self) -> bool:
        """Whether it calls tools."""
        return bool(self.tool_calls or self.function_call)


class FullChoice(Choice, gc=False):
    """A choice with its content."""

    message: FullAnswer | None = None
    text: Any = None
    logprobs: Any = None


class _Function(msgspec.Struct, gc=False):
    name: Any = None
    strict: Any = None
    parameters: Raw = _ABSENT
    input_schema: Raw = _ABSENT


class _Tool(_Function, gc=False):
    function: _Function | None = None


class RequestParameters(msgspec.Struct, gc=False):
    """The parameters of a request that determine its answer; the schemas of tools stay undecoded."""

    temperature: Any = UNSET
    top_p: Any = UNSET
    max_tokens: Any = UNSET
    seed: Any = UNSET
    response_format: Any = None
    text: Any = None
    output_format: Any = None
    output_config: Any = None
    tools: list[_Tool] | None = None
    n: Any = None
    instructions: Any = None
    system: Any = None

    def system_prompts(self) -> list[Message]:
        """Return the system prompts; see ``texts.system_prompts``."""
        if self.instructions is None and self.system is None:
            return []
        return system_prompts({"instructions": self.instructions, "system": self.system})

    def sampling(self) -> dict[str, Any]:
        """Return the sampling parameters, as sent; see ``texts.sampling``."""
        sent: dict[str, Any] = {}
        if self.temperature is not UNSET:
            sent["temperature"] = self.temperature
        if self.top_p is not UNSET:
            sent["top_p"] = self.top_p
        if self.max_tokens is not UNSET:
            sent["max_tokens"] = self.max_tokens
        if self.seed is not UNSET:
            sent["seed"] = self.seed
        return sent

    def expectation(self) -> Expectation | None:
        """Return the expected format of the answer; see ``texts.expectation``."""
        strict = self.tools and [tool for tool in self.tools if (tool.function or tool).strict is True]
        if not (self.response_format or self.text or self.output_format or self.output_config or strict):
            return None
        request = {"response_format": self.response_format, "text": self.text, "output_config": self.output_config}
        request |= {"output_format": self.output_format, "n": self.n}
        request["tools"] = [_tree(tool.function or tool) for tool in strict or ()]
        return expectation(request)


def _tree(tool: _Function) -> dict[str, Any]:
    schema = tool.parameters if bytes(tool.parameters) else tool.input_schema
    return {"name": tool.name, "strict": tool.strict, "parameters": _decode(bytes(schema))}


def answer_of(choices: Sequence[FullChoice], others: dict[str, Any]) -> tuple[str | None, list[ToolCall]]:
    """Return the text and the tool calls of a body; ``others`` are its fields of APIs other than chat."""
    if len(choices) == 1 and not others:  # the usual case
        only = choices[0].message
        if only is not None and type(only.content) is str and only.content and not only.has_calls:
            return only.content, []
    texts: list[str] = []
    tools: list[ToolCall] = []
    for choice in choices:
        message = choice.message
        if message is None:
            texts.append(part_text(choice.text))
            continue
        text = message_text(message.content, message.refused, message.audio and message.audio.transcript)
        if text or (message.audio is None and not message.has_images):
            texts.append(text)
        if message.has_calls:
            tools += tool_calls(message.tool_calls, message.function_call)
    return joined(texts, tools, others)


class Conversation(Sequence[Message]):  # noqa: PLW1641 - has no hash, as a list has none
    """The messages of a conversation, decoded on first use: detectors of tier 0 seldom need them."""

    __slots__ = ("_before", "_json", "_messages")

    def __init__(self, data: bytes, before: Sequence[Message] = ()) -> None:
        """Take the JSON of the messages, and messages that come ``before`` them."""
        self._json = data
        self._before = before
        self._messages: list[Message] | None = None

    def _read(self) -> list[Message]:
        if self._messages is None:
            try:
                found = _conversation.decode(self._json) if self._json else None
            except (msgspec.MsgspecError, ValueError, RecursionError):
                read = messages(_decode(self._json))
            else:
                read = _messages(found) if type(found) is list else messages(found)
            self._messages = [*self._before, *read]
        return self._messages

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[Message]:
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        return self._read()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._read() == list(other)

    def __repr__(self) -> str:
        return f"Conversation({self._read()!r})"


_conversation = msgspec.json.Decoder(list[_Turn] | str | None)


def _messages(conversation: list[_Turn]) -> list[Message]:
    """Flatten a typed conversation as ``texts.messages`` flattens a tree of one."""
    out = []
    for message in conversation:
        content = message.content if message.content is not UNSET else message.output
        role = role_of(message.role or implied_role(message.type, has_output=message.output is not UNSET))
        if type(content) is list:
            out += by_speaker(role, [(None, part) if isinstance(part, str) else _part(part) for part in content])
        else:
            out.append(Message(role, content if isinstance(content, str) else ""))
    return out


def _part(part: Part) -> tuple[str | None, str]:
    inner = part.text
    if inner is UNSET:
        inner = part.content if part.refusal is UNSET else part.refusal
    return speaker_and_text(part.type, inner, _decode(bytes(part.source)) if part.type == "document" else None)


def _decode(data: bytes) -> Any:
    """Decode a value, leniently if necessary; None if it cannot be decoded."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            return json.loads(data.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return None
