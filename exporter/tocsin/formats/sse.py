"""Server-sent events logged as text, combined into the body that the call would have had without streaming.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Chat streams have usage only in a last
chunk with empty ``choices``, and only if ``stream_options.include_usage`` was requested; Responses
streams end with the whole body; Messages streams split usage over ``message_start`` and ``message_delta``.
Of a stream that was cut off, the part before the cut is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from tocsin.formats import (
    bedrock,
    bedrock_invoke,
    cloudflare,
    clova,
    cohere,
    dashscope,
    ernie,
    gemini,
    generators,
    hunyuan,
    interactions,
    tgi,
    yandex,
)
from tocsin.formats.signs import ENDS
from tocsin.formats.texts import part_text, token_logprobs

LINES_MOST: Final = 200_000
"""Maximum number of lines and events of a stream that are read, the first ones: each takes some microseconds. A stream
of 64,000 tokens has three lines per token."""
_BROKEN_MOST: Final = 1_000
"""Number of lines that begin like an object but are none, after which a text is not a stream."""

_IsEvent = Callable[[dict[str, Any]], bool]
_Stream = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


def is_stream(text: str) -> bool:
    """Return whether a logged body is an event stream."""
    return text.lstrip("\ufeff \r\n").startswith(("data:", "event:", ":", "id:", "retry:"))


def body(text: str) -> dict[str, Any] | None:
    """Combine a logged stream into one body; None if it contains nothing usable."""
    return merged(_chunks(text))


def merged(chunks: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Combine the decoded events of a stream into one body; None if they contain nothing usable."""
    chat, messages, responses = _Chat(), _Messages(), _Responses()
    events_by_api: list[list[dict[str, Any]]] = [[] for _ in _APIS]
    error: Any = None
    base: Any = None
    for chunk in islice(chunks, LINES_MOST):
        base = chunk.get("base_resp") or base  # MiniMax's status, under HTTP 200
        kind = chunk.get("type")
        kind = kind if isinstance(kind, str) else ""
        if kind.startswith("response."):
            responses.add(kind, chunk)
            continue
        if kind in _Messages.KINDS:
            messages.add(kind, chunk)
        elif "choices" in chunk:
            chat.add(chunk)
        elif kind not in _Messages.EMPTY_KINDS:
            api = next((n for n, (is_event, _) in enumerate(_APIS) if is_event(chunk)), None)
            if api is not None:
                events_by_api[api].append(chunk)
            error = bedrock.error_of(chunk) or error
        if bedrock.ACTION in chunk:
            error = bedrock.blocked(chunk) or error
        if chunk.get("error"):  # a router's last chunk may have both the error and the usage
            error = chunk["error"]
        elif kind == "error":  # the Responses API has it without an object around it
            error = {key: chunk.get(key) for key in ("code", "message")}
        elif chunk.get("object") == "error":  # vLLM too
            error = chunk
    body = chat.body() | messages.body() | responses.body()
    for events, (_, stream) in zip(events_by_api, _APIS, strict=True):
        body |= stream(events) if events else {}
    body |= {"base_resp": base} if base else {}
    return (body | {"error": error} if error else body) or None


_MEDIA_ENDS: Final = (
    "transcript.text.done", "speech.audio.done", "image_generation.completed", "image_edit.completed",
)  # fmt: skip
"""Last events of OpenAI's speech and image streams; they have the usage, and the whole transcript."""


def _is_media_end(chunk: dict[str, Any]) -> bool:
    return chunk.get("type") in _MEDIA_ENDS


def _media(ends: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {key: ends[-1][key] for key in ("usage", "text", "created_at") if key in ends[-1]}


_APIS: Final[tuple[tuple[_IsEvent, _Stream], ...]] = (
    (gemini.is_body, gemini.stream), (interactions.is_event, interactions.stream),
    (bedrock_invoke.is_body, bedrock_invoke.stream), (dashscope.is_body, dashscope.stream),
    (cloudflare.is_event, cloudflare.stream), (cohere.is_event, cohere.stream), (tgi.is_event, tgi.stream),
    (_is_media_end, _media), (generators.is_body, generators.stream), (bedrock.is_event, bedrock.stream),
    (yandex.is_body, yandex.stream), (ernie.is_body, ernie.stream), (hunyuan.is_body, hunyuan.stream),
    (clova.is_event, clova.stream),
)  # fmt: skip
"""APIs with their own formats: what recognises their events (none has choices), and what combines them."""


def _chunks(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of the events; the JSON of one may span several ``data`` lines.

    The data of an event named ``error`` is an error, even if it is not JSON.
    """
    pieces: list[str] = []
    name = ""
    named = "event: error" in text or "event:error" in text  # rare: otherwise names are not needed
    for line in (*_lines(text.lstrip("\ufeff")), ""):
        if line.startswith("data:"):
            value = _object(line[5:])
            if value is None:
                pieces.append(line[5:])
            else:
                yield _as_error(value) if name == "error" else value
        elif named and line.startswith("event:"):
            name = line[6:].strip()
        elif not line:
            text = "\n".join(pieces)
            value = _object(text) if len(pieces) > 1 else None
            if name == "error" and pieces:
                yield _as_error(value or {"message": text.strip()})
            elif value is not None:
                yield value
            pieces.clear()
            name = ""


def _as_error(value: dict[str, Any]) -> dict[str, Any]:
    """Wrap an error in the usual object, unless it is recognisable as one."""
    return value if value.get("error") or "error" in (value.get("type"), value.get("object")) else {"error": value}


def objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the bare objects of a stream: one per line, or those of an array that was cut off."""
    return _elements(text) if text.lstrip().startswith("[") else objects_of_lines(text)


def objects_of_lines(text: str) -> Iterator[dict[str, Any]]:
    """Yield the bare objects of a stream, one per line."""
    broken = 0
    for line in filter(_BRACE.match, _lines(text)):
        value = _object(line)
        if value is not None:
            yield value
        elif (broken := broken + 1) > _BROKEN_MOST:
            return


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n", LINES_MOST)[:LINES_MOST]


def _elements(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of an array up to where it is cut off; each of Gemini's may span many lines."""
    decoder, at = json.JSONDecoder(strict=False), text.index("[") + 1
    while start := _OBJECT_START.match(text, at):
        try:
            value, at = decoder.raw_decode(text, start.end() - 1)
        except (ValueError, RecursionError):
            return
        yield value


_OBJECT_START: Final = re.compile(r"[\s,]*+\{")
_BRACE: Final = re.compile(r"[ \t\r\n]*+\{")
_strict = msgspec.json.Decoder(dict[str, Any]).decode


def _object(text: str) -> dict[str, Any] | None:
    if _BRACE.match(text) is None:
        return None  # such as [DONE]; raising takes twenty times as long
    try:
        return _strict(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # a line cut off at the end of the log
    return value if isinstance(value, dict) else None


def _index(value: Any, otherwise: int = 0) -> int:
    return value if isinstance(value, int) else otherwise


class _Messages:
    """Combines the events of an Anthropic stream."""

    KINDS = ("message_start", "content_block_start", "content_block_delta", "message_delta")
    EMPTY_KINDS = ("content_block_stop", "ping")

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
        """Update the counts: they are cumulative, and an event may have null or 0 for those it does not know."""
        merged = self._head.get("usage")
        if not isinstance(merged, dict):
            merged = self._head["usage"] = {}
        for key, value in usage.items() if isinstance(usage, dict) else ():
            self._counted = self._counted or (key == "output_tokens" and value is not None)
            known = merged.get(key)
            if value is not None and not (value == 0 and known):
                merged[key] = value

    def body(self) -> dict[str, Any]:
        for (index, target), pieces in self._pieces.items():
            start = self._blocks[index].get(target)  # a tool's input is an empty object until its first fragment
            self._blocks[index][target] = (start if isinstance(start, str) else "") + "".join(pieces)
        content = [block for _, block in sorted(self._blocks.items())]
        usage = self._head.get("usage")
        if isinstance(usage, dict) and not self._counted:  # message_start only has a placeholder, mostly 1
            self._head["usage"] = {key: value for key, value in usage.items() if key != "output_tokens"}
        return {**self._head, "content": content} if self._head or content else {}


def _part(text: str, *, is_refusal: bool) -> dict[str, Any]:
    return {"type": "refusal", "refusal": text} if is_refusal else {"type": "output_text", "text": text}


class _Responses:
    """Combines a Responses stream: its last event has the whole body; the others serve if it was cut off."""

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
        partial = {
            index: {"type": "message", "content": [_part("".join(pieces), is_refusal=index in self._refusing)]}
            for index, pieces in self._texts.items()
        }  # fmt: skip
        output = [item for _, item in sorted((partial | self._items).items())]
        if output:
            self._head = {**self._head, "output": output}
        if not self._ended and self._head.get("status") == "in_progress":
            self._head = {**self._head, "status": "incomplete"}  # unlike a queued one, it will not be logged again
        return self._head


class _Chat:
    """Combines the chunks of a chat stream."""

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
            if chunk.get(key):  # empty in Azure's chunks with filter results
                self._head[key] = chunk[key]
        groq = chunk.get("x_groq")  # Groq always reports usage there
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
        text = part_text(delta.get("content")) or choice.get("text")
        if not text and isinstance(delta.get("audio"), dict):
            text = delta["audio"].get("transcript")
        if isinstance(text, str):
            texts.append(text)
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
        if choice.get("finish_reason") or choice.get("stop_reason"):  # the latter is DeepSeek's on Bedrock
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
                    "tool_calls": self._tools[index].calls() if index in self._tools else None,
                },
            }
            for index, texts in sorted(self._texts.items())
        ]
        return {**self._head, "object": "chat.completion", "choices": choices, "stream": True}


class _Tools:
    """The tool calls of one choice: a name starts one, fragments of its arguments follow, interleaved by index."""

    def __init__(self) -> None:
        self._calls: list[tuple[dict[str, Any], list[str]]] = []
        """The start of each call, and further fragments of its arguments."""
        self._latest: dict[Any, list[str]] = {}
        """Fragments by index; some servers have none, some the same for all."""

    def add(self, call: dict[str, Any], function: dict[str, Any]) -> None:
        key = _index(call.get("index"))
        if function.get("name"):
            self._latest[key] = []
            self._calls.append((function, self._latest[key]))
        elif key in self._latest and isinstance(function.get("arguments"), str):
            self._latest[key].append(function["arguments"])

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls as a plain answer has them."""
        return [
            {"function": {**start, "arguments": str(start.get("arguments") or "") + "".join(more)} if more else start}
            for start, more in self._calls
        ]
