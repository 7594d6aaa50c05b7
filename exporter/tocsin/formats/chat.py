"""Chat completions, typed: what a conversation, an answer and a request's wishes look like on the wire.

A tree of everything costs four times as much as the fields that are read (``texts`` reads such trees). What does not
fit these types makes the decoder refuse the whole record, whose tree is then read instead, with the same outcome.
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
    joined,
    messages,
    part_text,
    role_of,
    said_in,
    spoken,
    system_prompts,
    tool_calls,
    unnamed_role,
)

_ABSENT: Final = Raw()
_NOTHING: Final = (b"", b"null", b"[]")


class Part(msgspec.Struct, gc=False):
    """One part of a message; pictures, sound and files are passed over undecoded."""

    type: Any = None
    text: Any = UNSET
    refusal: Any = UNSET
    content: Any = UNSET
    source: Raw = _ABSENT
    """Of a document: its text or its bytes."""


Texts = str | list[Part | str] | UnsetType | None


class _Said(msgspec.Struct, gc=False):
    """One message of a conversation."""

    role: str | None = None
    type: Any = None
    content: Texts = UNSET
    output: Texts = UNSET
    """What a tool gave, in a conversation of the Responses API."""


class _Specific(msgspec.Struct, gc=False):
    refusal: str | None = None


class Answer(msgspec.Struct, gc=False):
    """How an answer was refused: all of it that counting needs; see ``texts.refusal_of``."""

    refusal: str | None = None
    provider_specific_fields: _Specific | None = None

    @property
    def refused(self) -> str | None:
        """What it refuses with."""
        own = self.provider_specific_fields
        return self.refusal or (None if own is None else own.refusal)


class Choice(msgspec.Struct, gc=False):
    """One answer, as far as counting needs it."""

    finish_reason: str | None = None
    message: Answer | None = None


class _Audio(msgspec.Struct, gc=False):
    transcript: Any = None


class FullAnswer(Answer, gc=False):
    """An answer with what it says."""

    content: str | list[Any] | None = None
    tool_calls: Any = None
    function_call: Any = None
    """As older APIs have it."""
    audio: _Audio | None = None
    images: Raw = _ABSENT

    @property
    def pictured(self) -> bool:
        """Whether it shows pictures."""
        return bytes(self.images) not in _NOTHING

    @property
    def calls(self) -> bool:
        """Whether it calls tools."""
        return bool(self.tool_calls or self.function_call)


class FullChoice(Choice, gc=False):
    """A choice with what it says."""

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


class Wishes(msgspec.Struct, gc=False):
    """The parameters of a request that say what its answer is to be; schemas of tools stay undecoded."""

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
        """Return the system prompts that stand here; see ``texts.system_prompts``."""
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
        """Return what the answer is to be; see ``texts.expectation``."""
        strict = self.tools and [tool for tool in self.tools if (tool.function or tool).strict is True]
        if not (self.response_format or self.text or self.output_format or self.output_config or strict):
            return None
        request = {"response_format": self.response_format, "text": self.text, "output_config": self.output_config}
        request |= {"output_format": self.output_format, "n": self.n}
        request["tools"] = [_tree(tool.function or tool) for tool in strict or ()]
        return expectation(request)


def _tree(tool: _Function) -> dict[str, Any]:
    schema = tool.parameters if bytes(tool.parameters) else tool.input_schema
    return {"name": tool.name, "strict": tool.strict, "parameters": _any(bytes(schema))}


def answer_of(choices: Sequence[FullChoice], others: dict[str, Any]) -> tuple[str | None, list[ToolCall]]:
    """Return the text and the tool calls of a body, whose fields of other kinds than chat are ``others``."""
    if len(choices) == 1 and not others:  # as nearly always
        only = choices[0].message
        if only is not None and type(only.content) is str and only.content and not only.calls:
            return only.content, []
    texts: list[str] = []
    tools: list[ToolCall] = []
    for choice in choices:
        message = choice.message
        if message is None:
            texts.append(part_text(choice.text))
            continue
        said = spoken(message.content, message.refused, message.audio and message.audio.transcript)
        if said or (message.audio is None and not message.pictured):
            texts.append(said)
        if message.calls:
            tools += tool_calls(message.tool_calls, message.function_call)
    return joined(texts, tools, others)


class Conversation(Sequence[Message]):  # noqa: PLW1641 - has no hash, as a list has none
    """The messages of a conversation, read out of its JSON when somebody first looks: detectors of tier 0 seldom do."""

    __slots__ = ("_before", "_json", "_messages")

    def __init__(self, data: bytes, before: Sequence[Message] = ()) -> None:
        """Take the JSON, and what stands ``before`` what it says."""
        self._json = data
        self._before = before
        self._messages: list[Message] | None = None

    def _read(self) -> list[Message]:
        if self._messages is None:
            try:
                found = _conversation.decode(self._json) if self._json else None
            except (msgspec.MsgspecError, ValueError, RecursionError):
                said = messages(_any(self._json))
            else:
                said = _messages(found) if type(found) is list else messages(found)
            self._messages = [*self._before, *said]
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


_conversation = msgspec.json.Decoder(list[_Said] | str | None)


def _messages(found: list[_Said]) -> list[Message]:
    """Flatten a typed conversation as ``texts.messages`` flattens a tree of one."""
    out = []
    for said in found:
        content = said.content if said.content is not UNSET else said.output
        role = role_of(said.role or unnamed_role(said.type, gave=said.output is not UNSET))
        if type(content) is list:
            out += by_speaker(role, [(None, part) if isinstance(part, str) else _part(part) for part in content])
        else:
            out.append(Message(role, content if isinstance(content, str) else ""))
    return out


def _part(part: Part) -> tuple[str | None, str]:
    inner = part.text
    if inner is UNSET:
        inner = part.content if part.refusal is UNSET else part.refusal
    return said_in(part.type, inner, _any(bytes(part.source)) if part.type == "document" else None)


def _any(data: bytes) -> Any:
    """Decode a value, tolerantly where it must be; None where nothing can."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            return json.loads(data.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return None
