"""A logged request and response, whatever the vendor: the envelope, its status, its errors.

``{"id", "time", "duration_s", "status", "url", "request": {}, "response": {}}``; the names of common
recorders (``request_body``, ``response_body``, ``uri``, ``response_headers``) are read too, and a bare
response body is accepted.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import xxhash

from tocsin.call import UNKNOWN, Call, Content, Prompt, Skip
from tocsin.formats import ollama, shapes, signs, sse
from tocsin.formats.base import Buffer
from tocsin.formats.lenient import count, is_number, iso_seconds, load, within
from tocsin.formats.texts import expectation, messages, part_text, sampling, system_prompts, text_of

_strict = msgspec.json.Decoder(dict[str, Any])
_ASKING = ("request", "request_body")
_ENVELOPE = ("request", "response", "request_body", "response_body", "status", "url", "uri")
_DIGITS = re.compile(r"\d+")
_DEPLOYMENT = re.compile(r"/(?:deployments|model)/([^/]{1,200})/|/models/([^/:]{1,200}):")
_UNMETERED = re.compile(
    r"/(?:images|audio|moderations|files|uploads|batches|rerank|vector_stores|fine_tuning)(?:/|$)"
    r"|/count[_-]tokens$|/models(?:/[^/:]+)?$"
)
"""Paths of what is metered in other units than tokens, or not at all."""


@dataclass(slots=True)
class Exchange:
    """One request and what came back, decoded."""

    envelope: dict[str, Any]
    request: dict[str, Any]
    response: dict[str, Any]
    status: int | None
    url: str
    stream: bool
    errors: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of the response, in small letters."""

    @property
    def error(self) -> dict[str, Any] | None:
        """The error object of the response, also under HTTP 200."""
        error = self.response.get("error") or _error_of_choice(self.response.get("choices"))
        if not error and self.response.get("object") == "error":  # vLLM's, flat
            return self.response
        if isinstance(error, str):
            return {"message": error}
        return error if isinstance(error, dict) and error else None


def _error_of_choice(choices: Any) -> Any:
    """Return what routers say of the first choice where its provider failed under HTTP 200."""
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, dict) else None


def decode(data: Buffer) -> dict[str, Any]:
    """Decode one JSON object, strictly when that works.

    Raises:
        Skip: it is no JSON object.
    """
    try:
        return _strict.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return load(data)


def exchange(tree: dict[str, Any], *, told: bool = True) -> Exchange:
    """Read the envelope; a tree without one is itself the response. ``told``: somebody says that it is a call.

    Raises:
        Skip: there is neither a request nor a response in it, or they are of no model.
    """
    if not any(key in tree for key in _ASKING) and signs.is_chunk(tree):
        raise Skip("stream_chunk")
    if not any(key in tree for key in _ENVELOPE) or _is_body(tree):
        if not signs.is_body(tree):
            raise Skip("unknown_format")
        return Exchange({}, {}, tree, None, "", stream=False)
    errors: list[str] = []
    request, _ = _side(tree.get("request", tree.get("request_body")), "request", errors)
    raw = tree.get("response", tree.get("response_body"))
    response, stream = _side(raw, "response", errors)
    status = _told_status(tree, raw)
    if not request and not response and status is None and tree.get("error") is None:
        raise Skip("not_object" if raw is None else "wrong_type")
    if not response and tree.get("error"):
        response = {"error": tree["error"]}
    url = tree.get("url") or tree.get("uri") or ""
    url = url if isinstance(url, str) else ""
    sure = told or bool(response.get("error")) or (isinstance(raw, dict) and "body" in raw)
    if not signs.is_pair(tree, request, response, url, sure=sure):
        raise Skip("unknown_format")
    return Exchange(
        tree, request, response, _http_status(status, errors), url, stream or request.get("stream") is True, errors,
        _headers(tree),
    )  # fmt: skip


def _told_status(tree: dict[str, Any], raw: Any) -> Any:
    """Return the status of the envelope, else the one beside the body in the response (OpenAI's batches)."""
    status = tree.get("status", tree.get("status_code"))
    if status is None and isinstance(raw, dict) and "body" in raw:
        status = raw.get("status_code", raw.get("status"))
    return status


def _http_status(value: Any, errors: list[str]) -> int | None:
    """Return an HTTP status given as a number or in digits; any other value is named, and absent."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
        return int(value)
    if is_number(value) and 0 <= value < 1000 and value == int(value):
        return int(value)
    if value is not None:
        errors.append("status")
    return None


def _is_body(tree: dict[str, Any]) -> bool:
    return isinstance(tree.get("object"), str) or tree.get("type") in ("message", "error") or shapes.is_body(tree)


def _side(value: Any, name: str, errors: list[str]) -> tuple[dict[str, Any], bool]:
    """Return a body as an object, and whether it was a stream; text that cannot be read is named, not failed."""
    if isinstance(value, dict):
        inner = value.get("body", value.get("json"))
        if not isinstance(inner, dict | str) or "choices" in value or "messages" in value:
            return value, False
        if isinstance(inner, dict):
            return inner, False
        value = inner
    if isinstance(value, list):
        return _chunks(value, name, errors)
    if isinstance(value, str) and value:
        if sse.is_stream(value):
            return sse.body(value) or {}, True
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = ollama.stream(value)
            if parsed is not None:
                return parsed, True
        if isinstance(parsed, dict):
            return parsed, False
        if isinstance(parsed, list):
            return _chunks(parsed, name, errors)
        if value.strip():
            errors.append(name)
    elif value:
        errors.append(name)
    return {}, False


def _chunks(value: list[Any], name: str, errors: list[str]) -> tuple[dict[str, Any], bool]:
    """Return a body that is a list: of the chunks of a stream, or of one object."""
    if not all(isinstance(chunk, dict) for chunk in value):
        errors.append(name)
        return {}, False
    return (value[0], False) if len(value) == 1 else (sse.merged(value) or {}, bool(value))


class PairFormat(ABC):
    """What adapters of request/response pairs share; a vendor's own part is ``judge``."""

    name: str
    input_keys: tuple[str, ...] = ("messages",)
    """Where the request may hold the conversation; the first that it has."""

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Call:
        """Return the call of one pair; see ``Format.parse``."""
        return self.read(decode(data), data)

    def read(self, tree: dict[str, Any], data: Buffer, *, told: bool = True) -> Call:
        """Return the call of one pair that is decoded already; ``data`` are its bytes.

        ``told``: somebody says that it is one; else it must look like one.

        Raises:
            Skip: there is neither a request nor a response in it, or they are of no model.
        """
        ex = exchange(tree, told=told)
        ex.request, ex.response = shapes.request(ex.request), self.body(ex.response)
        call = _base_call(ex, data, self.name)
        self.judge(call, ex)
        if self._content:
            _fill_content(call, ex, self.input_keys)
        call.field_errors = tuple(ex.errors)
        return call

    def body(self, response: dict[str, Any]) -> dict[str, Any]:
        """Return a response in the vendor's usual shape."""
        return response

    @abstractmethod
    def judge(self, call: Call, ex: Exchange) -> None:
        """Fill in usage, how the answer ended, and what else the vendor reports."""


def _base_call(ex: Exchange, data: Buffer, provider: str) -> Call:
    """Build what all pairs share: identity, time, model, route, failure."""
    tree, request, response = ex.envelope, ex.request, ex.response
    split = _split(ex)
    path = split.path if split is not None else ""
    asked, served = (_name(side, "model", ex.errors) for side in (request, response))
    event_id, call_id = _identity(tree, response, data)
    call = Call(event_id, call_id, provider, asked or _deployment(path) or served or UNKNOWN)
    if split is not None and split.hostname:
        call.provider = split.hostname
    call.route = _name(tree, "route", ex.errors) or path or UNKNOWN
    stamps = (tree.get("time"), tree.get("timestamp"), response.get("created"), response.get("created_at"))
    call.start = seconds(next((stamp for stamp in stamps if stamp is not None), None))
    if call.start is None:
        call.start = _http_date(ex.headers.get("date"))
    if call.start is None and tree.get("time") is not None:
        ex.errors.append("time")
    call.duration = _duration(ex)
    call.status = ex.status
    call.stream = ex.stream
    if served != call.model:
        call.served_model = served
    call.failure = failure(ex)
    if call.failure is not None or _UNMETERED.search(path):
        call.usage_expected = False
    meta = request.get("metadata")
    users = ((tree, "consumer"), (request, "user"), (request, "safety_identifier"), (meta, "user_id"))
    call.consumer = next((name for side, key in users if (name := _name(side, key, ex.errors))), None)
    call.session = _name(tree, "session", ex.errors)
    prompt = request.get("prompt")
    if isinstance(prompt, dict) and isinstance(prompt.get("id"), str):
        call.prompt = Prompt(prompt["id"], str(prompt["version"]) if prompt.get("version") else None)
    if call.session is not None:
        call.prompt_key = prompt_key(request.get("messages", request.get("input")))
    return call


def _name(side: Any, key: str, errors: list[str]) -> str | None:
    """Return a name that stands in a side of the exchange; one that is no text is named, and absent."""
    value = side.get(key) if isinstance(side, dict) else None
    if value is not None and not isinstance(value, str):
        errors.append(key)
        return None
    return value or None


def _identity(tree: dict[str, Any], response: dict[str, Any], data: Buffer) -> tuple[str, str]:
    """Return the identity of the event and of the call.

    Some servers number their responses from a small range (Ollama: three digits), so a response's own id is
    joined with its second. A queued response comes again under the same id when it is finished.
    """
    named, answered = tree.get("id") or tree.get("request_id"), response.get("id")
    joined = tree.get("call_id")
    status = response.get("status")
    waiting = f"|{status}" if status in ("queued", "in_progress") else ""
    if isinstance(named, str | int):
        return f"{named}{waiting}", joined if isinstance(joined, str) and joined else str(named)
    if isinstance(answered, str | int) and answered:
        created = response.get("created", response.get("created_at"))
        second = f"|{created}" if isinstance(created, int | float | str) else ""
        return f"{answered}{second}{waiting}", str(answered)
    identity = xxhash.xxh3_128_hexdigest(bytes(data))
    return identity, identity


def _deployment(path: str) -> str | None:
    """Return what the path calls, as those of Azure, Bedrock and Gemini do: nothing else may name the model."""
    found = _DEPLOYMENT.search(path)
    return unquote(found[1] or found[2]) if found else None


def _split(ex: Exchange) -> SplitResult | None:
    try:
        return urlsplit(ex.url) if ex.url else None
    except ValueError:  # a bracket that opens no IPv6 address
        ex.errors.append("url")
        return None


def prompt_key(prompt: Any) -> int | None:
    """Return the 64-bit hash of a prompt's end without digits."""
    text = prompt if isinstance(prompt, str) else part_text(
        [m.get("content") for m in prompt[-1:] if isinstance(m, dict)] if isinstance(prompt, list) else ""
    )  # fmt: skip
    tail = _DIGITS.sub("", text[-300:])
    return xxhash.xxh3_64_intdigest(tail.encode("utf-8", "surrogatepass")) if tail else None


def _fill_content(call: Call, ex: Exchange, input_keys: tuple[str, ...]) -> None:
    """Fill what was said and what was asked for."""
    request = ex.request
    said = messages(next((request[key] for key in (*input_keys, "prompt") if key in request), None))
    asked = [*system_prompts(request), *said]
    output, tools = text_of(ex.response)
    state = "present" if output or asked else "absent"
    call.content = Content(input=asked, output=output, tools=tools, state=state)
    call.expect = expectation(request)
    call.params = sampling(request)


def seconds(value: Any) -> float | None:
    """Return Unix seconds of an epoch number (s or ms) or an ISO time; None when it is neither."""
    if is_number(value):
        return float(value) / 1000 if value > 1e11 else float(value)
    if isinstance(value, str):
        return iso_seconds(value)
    return None


def _headers(tree: dict[str, Any]) -> dict[str, str]:
    headers = tree.get("response_headers")
    if not isinstance(headers, dict):
        return {}
    return {str(name).lower(): value for name, value in headers.items() if isinstance(value, str)}


def _http_date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, TypeError, OverflowError):
        return None


_DAY = 86_400
_TOOK = ("openai-processing-ms", "x-amzn-bedrock-invocation-latency")
"""Headers that say the milliseconds an answer took; of a stream only those until its head."""


def _duration(ex: Exchange) -> float | None:
    response, errors, stream = ex.response, ex.errors, ex.stream
    value = ex.envelope.get("duration_s")
    if value is None:
        told = "" if stream else next((ex.headers[name] for name in _TOOK if name in ex.headers), "")
        if told.isdecimal() and len(told) < 9:
            return int(told) / 1000
        metrics = response.get("metrics")
        took = metrics.get("latencyMs") if isinstance(metrics, dict) else None
        if is_number(took) and 0 <= took < _DAY * 1000:
            return float(took) / 1000
        created, completed = response.get("created_at"), response.get("completed_at")
        if isinstance(created, int | float) and isinstance(completed, int | float) and completed > created:
            return float(completed - created)
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _DAY:
        errors.append("duration_s")
        return None
    return float(value)


def failure(ex: Exchange) -> str | None:
    """Class a failed exchange by its status and error object; None for a success."""
    error = ex.error
    status = ex.status
    if error is None and (status is None or status < 400):
        return None
    told = error or {}
    words = " ".join(str(told[key]) for key in ("type", "code", "status") if told.get(key)) or str(told.get("message"))
    words = words[:200].lower().replace("_", "").replace("-", "")
    if "guardrailintervened" in words:
        return "blocked_guardrail"
    if any(word in words for word in _BLOCKED):
        return "blocked_provider"
    if status is None or status < 400:
        status = next((int(code) for name in ("code", "status") if _HTTP.fullmatch(code := str(told.get(name)))), None)
    return by_status(status) or by_words(words)


def by_status(status: int | None) -> str | None:
    """Class an HTTP status of 400 and above."""
    if status is None or status < 400:
        return None
    named = {408: "timeout", 504: "timeout", 429: "rate_limited", 499: "cancelled"}.get(status)
    return named or ("provider_5xx" if status >= 500 else "client_4xx")


_HTTP = re.compile(r"[45]\d\d")
_BLOCKED = ("contentfilter", "contentpolicy", "responsibleai", "moderationblocked")
_WORDS: tuple[tuple[str, str], ...] = (
    ("ratelimit", "rate_limited"), ("toomany", "rate_limited"), ("quota", "rate_limited"),
    ("timeout", "timeout"), ("timed out", "timeout"), ("etimedout", "timeout"), ("connect", "connection"),
    ("econn", "connection"), ("getaddrinfo", "connection"), ("hang up", "connection"), ("cancel", "cancelled"),
    ("overloaded", "provider_5xx"),
    ("servererror", "provider_5xx"), ("apierror", "provider_5xx"), ("internal", "provider_5xx"),
    ("unavailable", "provider_5xx"), ("invalid", "client_4xx"), ("notfound", "client_4xx"),
    ("authentication", "client_4xx"), ("permission", "client_4xx"), ("badrequest", "client_4xx"),
    ("toolarge", "client_4xx"), ("billing", "client_4xx"), ("validation", "client_4xx"),
)  # fmt: skip
"""Of types and codes of errors, without the signs between their words."""


def by_words(words: str) -> str:
    """Class the type or code of an error, in small letters and without ``_``; ``other`` where no word is known."""
    return next((reason for word, reason in _WORDS if word in words), "other")


def tokens(value: Any, name: str, errors: list[str]) -> int | None:
    """Return a token count of a usage object; an unusable one is None and named."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not is_number(value) or value != int(value):
        errors.append(name)
        return None
    return count(int(value), name, errors)


def hold_parts(call: Call, errors: list[str]) -> None:
    """Drop counts that are more than what they are a part of; they are named."""
    call.cache_read_tokens = within(call.cache_read_tokens, call.input_tokens, "usage.cache_read", errors)
    left = None if call.input_tokens is None else call.input_tokens - (call.cache_read_tokens or 0)
    call.cache_write_tokens = within(call.cache_write_tokens, left, "usage.cache_write", errors)
    call.reasoning_tokens = within(call.reasoning_tokens, call.output_tokens, "usage.reasoning", errors)
