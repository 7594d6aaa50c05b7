"""Server-sent events logged as text: from the chunks back to the body that a plain call would have had.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Chat streams carry usage only in a last
chunk with empty ``choices``, and only when ``stream_options.include_usage`` was asked for; Responses
streams end with the whole body; Messages streams split usage over ``message_start`` and ``message_delta``.
A stream that was cut off is worth what had come until then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from tocsin.formats import bedrock, bedrock_invoke, cloudflare, cohere, dashscope, gemini, generators, interactions, tgi
from tocsin.formats.signs import ENDS
from tocsin.formats.texts import part_text, token_logprobs

_IsEvent = Callable[[dict[str, Any]], bool]
_Stream = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


def is_stream(text: str) -> bool:
    """Tell whether a logged body is an event stream."""
    return text.lstrip("\ufeff \r\n").startswith(("data:", "event:", ":", "id:", "retry:"))


def body(text: str) -> dict[str, Any] | None:
    """Return the body that the stream amounts to, None when nothing in it can be used."""
    return merged(_chunks(text))


def merged(chunks: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the body that the decoded events of a stream amount to, None when nothing in them can be used."""
    chat, messages, responses = _Chat(), _Messages(), _Responses()
    others: list[list[dict[str, Any]]] = [[] for _ in _OTHERS]
    error: Any = None
    base: Any = None
    for chunk in chunks:
        base = chunk.get("base_resp") or base  # of MiniMax: how it went, under HTTP 200
        kind = chunk.get("type")
        kind = kind if isinstance(kind, str) else ""
        if kind.startswith("response."):
            responses.add(kind, chunk)
            continue
        if kind in _Messages.KINDS:
            messages.add(kind, chunk)
        elif "choices" in chunk:
            chat.add(chunk)
        else:
            place = next((n for n, (is_event, _) in enumerate(_OTHERS) if is_event(chunk)), None)
            if place is not None:
                others[place].append(chunk)
            error = bedrock.error_of(chunk) or error
        if bedrock.ACTION in chunk:
            error = bedrock.blocked(chunk) or error
        if chunk.get("error"):  # a router's last chunk may hold the error and the usage
            error = chunk["error"]
        elif kind == "error":  # Responses tell of it without an object around it
            error = {key: chunk.get(key) for key in ("code", "message")}
        elif chunk.get("object") == "error":  # vLLM too
            error = chunk
    whole = chat.body() | messages.body() | responses.body()
    for events, (_, stream) in zip(others, _OTHERS, strict=True):
        whole |= stream(events) if events else {}
    whole |= {"base_resp": base} if base else {}
    return (whole | {"error": error} if error else whole) or None


_MEDIA_ENDS: Final = (
    "transcript.text.done", "speech.audio.done", "image_generation.completed", "image_edit.completed",
)  # fmt: skip
"""Events with which OpenAI's streams of speech and pictures end; they hold the usage, and a transcript whole."""


def _is_media_end(chunk: dict[str, Any]) -> bool:
    return chunk.get("type") in _MEDIA_ENDS


def _media(ends: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {key: ends[-1][key] for key in ("usage", "text", "created_at") if key in ends[-1]}


_OTHERS: Final[tuple[tuple[_IsEvent, _Stream], ...]] = (
    (gemini.is_body, gemini.stream), (interactions.is_event, interactions.stream),
    (bedrock_invoke.is_body, bedrock_invoke.stream), (dashscope.is_body, dashscope.stream),
    (cloudflare.is_event, cloudflare.stream), (cohere.is_event, cohere.stream), (tgi.is_event, tgi.stream),
    (_is_media_end, _media), (generators.is_body, generators.stream), (bedrock.is_event, bedrock.stream),
)  # fmt: skip
"""Of APIs with a shape of their own: what tells their events (none has choices), and what puts them together."""


def _chunks(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the events; one whose JSON runs over several ``data`` lines is put together.

    What an event called ``error`` holds is one, be it no JSON.
    """
    pieces: list[str] = []
    name = ""
    named = "event: error" in text or "event:error" in text  # seldom: else names need not be read
    for line in (*text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""):
        if line.startswith("data:"):
            value = _object(line[5:])
            if value is None:
                pieces.append(line[5:])
            else:
                yield _failing(value) if name == "error" else value
        elif named and line.startswith("event:"):
            name = line[6:].strip()
        elif not line:
            text = "\n".join(pieces)
            value = _object(text) if len(pieces) > 1 else None
            if name == "error" and pieces:
                yield _failing(value or {"message": text.strip()})
            elif value is not None:
                yield value
            pieces.clear()
            name = ""


def _failing(value: dict[str, Any]) -> dict[str, Any]:
    """Return an error as providers write it, with an object around it, where it does not say itself what it is."""
    return value if value.get("error") or "error" in (value.get("type"), value.get("object")) else {"error": value}


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream with nothing around them: one in each line, or an array that was cut off."""
    if text.lstrip().startswith("["):
        yield from _elements(text)
        return
    for line in text.splitlines():
        value = _object(line)
        if value is not None:
            yield value


def _elements(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of an array up to where it breaks off; Gemini's may run over many lines each."""
    decoder, at = json.JSONDecoder(strict=False), text.index("[") + 1
    while begun := _NEXT.match(text, at):
        try:
            value, at = decoder.raw_decode(text, begun.end() - 1)
        except (ValueError, RecursionError):
            return
        yield value


_NEXT: Final = re.compile(r"[\s,]*+\{")
_strict = msgspec.json.Decoder(dict[str, Any]).decode


def _object(text: str) -> dict[str, Any] | None:
    try:
        return _strict(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # [DONE], or a line cut off with the log
    return value if isinstance(value, dict) else None


def _index(value: Any, otherwise: int = 0) -> int:
    return value if isinstance(value, int) else otherwise


class _Messages:
    """Adds up the events of an Anthropic stream."""

    KINDS = ("message_start", "content_block_start", "content_block_delta", "message_delta")

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._counted = False
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}

    def add(self, kind: str, chunk: dict[str, Any]) -> None:
        last, delta = len(self._blocks) - 1, chunk.get("delta")
        index = _index(chunk.get("index"), last + 1 if kind == "content_block_start" else last)
        if kind == "message_start":
            message = chunk.get("message")
            self._head.update(message if isinstance(message, dict) else {})
        elif kind == "content_block_start":
            block = chunk.get("content_block")
            self._blocks[index] = dict(block) if isinstance(block, dict) else {}
        elif isinstance(delta, dict) and kind == "message_delta":
            self._head.update((key, value) for key, value in delta.items() if value is not None)
            self._use(chunk.get("usage"))
        elif isinstance(delta, dict):
            self._blocks.setdefault(index, {"type": "text"})
            for source, target in (("text", "text"), ("partial_json", "input")):
                if isinstance(delta.get(source), str):
                    self._pieces.setdefault((index, target), []).append(delta[source])

    def _use(self, usage: Any) -> None:
        """Take later counts: they are cumulative, and what an event does not know it may give as null or 0."""
        begun = self._head.get("usage")
        merged = dict(begun) if isinstance(begun, dict) else {}
        for key, value in usage.items() if isinstance(usage, dict) else ():
            self._counted = self._counted or (key == "output_tokens" and value is not None)
            known = merged.get(key)
            if value is not None and not (value == 0 and known):
                merged[key] = value
        self._head["usage"] = merged

    def body(self) -> dict[str, Any]:
        for (index, target), pieces in self._pieces.items():
            begun = self._blocks[index].get(target)  # a tool's input is an empty object until the first piece
            self._blocks[index][target] = (begun if isinstance(begun, str) else "") + "".join(pieces)
        content = [block for _, block in sorted(self._blocks.items())]
        usage = self._head.get("usage")
        if isinstance(usage, dict) and not self._counted:  # message_start only has a placeholder, mostly 1
            self._head["usage"] = {key: value for key, value in usage.items() if key != "output_tokens"}
        return {**self._head, "content": content} if self._head or content else {}


def _part(text: str, *, refusing: bool) -> dict[str, Any]:
    return {"type": "refusal", "refusal": text} if refusing else {"type": "output_text", "text": text}


class _Responses:
    """Follows a Responses stream: its last event holds the whole body, the others what a cut one had said."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._ended = False
        self._items: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, list[str]] = {}
        self._refusing: set[int] = set()

    def add(self, kind: str, chunk: dict[str, Any]) -> None:
        response, item, index = chunk.get("response"), chunk.get("item"), _index(chunk.get("output_index"))
        if isinstance(response, dict) and not self._ended:
            self._head, self._ended = response, kind in ENDS
        elif kind == "response.output_item.done" and isinstance(item, dict):
            self._items[index] = item
        elif kind in ("response.output_text.delta", "response.refusal.delta") and isinstance(chunk.get("delta"), str):
            self._texts.setdefault(index, []).append(chunk["delta"])
            if kind == "response.refusal.delta":
                self._refusing.add(index)

    def body(self) -> dict[str, Any]:
        if self._ended and self._head.get("output"):
            return self._head
        begun = {
            index: {"type": "message", "content": [_part("".join(pieces), refusing=index in self._refusing)]}
            for index, pieces in self._texts.items()
        }  # fmt: skip
        output = [item for _, item in sorted((begun | self._items).items())]
        if output:
            self._head = {**self._head, "output": output}
        if not self._ended and self._head.get("status") == "in_progress":
            self._head = {**self._head, "status": "incomplete"}  # it will not come again, as a queued one does
        return self._head


class _Chat:
    """Adds up the chunks of a chat stream."""

    def __init__(self) -> None:
        self._seen = False
        self._head: dict[str, Any] = {}
        self._texts: dict[int, list[str]] = {}
        self._refusals: dict[int, list[str]] = {}
        self._tools: dict[int, _Tools] = {}
        self._finish: dict[int, Any] = {}
        self._errors: dict[int, Any] = {}
        self._logprobs: dict[int, list[Any]] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        self._seen = True
        for key in ("id", "model", "created", "system_fingerprint", "usage", "provider", "service_tier"):
            if chunk.get(key):  # Azure's chunks on filters have empty ones
                self._head[key] = chunk[key]
        groq = chunk.get("x_groq")  # Groq reports usage there, asked or not
        if isinstance(groq, dict):
            if isinstance(groq.get("usage"), dict):
                self._head.setdefault("usage", groq["usage"])
            if groq.get("error"):
                self._head["error"] = groq["error"]
        choices = chunk["choices"]
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        index = _index(choice.get("index"))
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        texts = self._texts.setdefault(index, [])
        said = part_text(delta.get("content")) or choice.get("text")
        if not said and isinstance(delta.get("audio"), dict):
            said = delta["audio"].get("transcript")
        if isinstance(said, str):
            texts.append(said)
        if choice.get("logprobs"):
            self._logprobs.setdefault(index, []).append(choice["logprobs"])
        if choice.get("usage"):  # Moonshot's last chunk has it here
            self._head["usage"] = choice["usage"]
        if choice.get("error"):
            self._errors[index] = choice["error"]
        if isinstance(delta.get("refusal"), str):
            self._refusals.setdefault(index, []).append(delta["refusal"])
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else [{"function": delta.get("function_call")}]:
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                self._tools.setdefault(index, _Tools()).add(call, call["function"])
        if choice.get("finish_reason") or choice.get("stop_reason"):  # the latter of DeepSeek's on Bedrock
            self._finish[index] = choice.get("finish_reason") or choice["stop_reason"]

    def body(self) -> dict[str, Any]:
        if not self._seen:
            return {}
        choices = [
            {
                "index": index,
                "finish_reason": self._finish.get(index),
                "error": self._errors.get(index),
                "logprobs": {"content": token_logprobs(self._logprobs.get(index, ()))},
                "message": {
                    "role": "assistant",
                    "content": "".join(texts) or None,
                    "refusal": "".join(self._refusals.get(index, [])) or None,
                    "tool_calls": self._tools[index].calls if index in self._tools else None,
                },
            }
            for index, texts in sorted(self._texts.items())
        ]
        return {**self._head, "object": "chat.completion", "choices": choices, "stream": True}


class _Tools:
    """The calls to tools in one choice: a name begins one, arguments follow in pieces, side by side by index."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self._latest: dict[Any, dict[str, Any]] = {}
        """By index; some servers give none, some the same to all."""

    def add(self, call: dict[str, Any], function: dict[str, Any]) -> None:
        key = _index(call.get("index"))
        if function.get("name"):
            self.calls.append({"function": dict(function)})
            self._latest[key] = self.calls[-1]["function"]
        elif key in self._latest and isinstance(function.get("arguments"), str):
            begun = self._latest[key]
            begun["arguments"] = str(begun.get("arguments") or "") + function["arguments"]
