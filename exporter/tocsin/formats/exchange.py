"""A logged request and what came back, taken out of whatever envelope a recorder put around them.

``{"id", "time", "duration_s", "status", "url", "request": {}, "response": {}}``; the names of common
recorders (``request_body``, ``response_body``, ``uri``, ``response_headers``; Portkey's log, Helicone's webhook, the
lines of batches) are read too, and a bare response body is accepted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.call import Skip
from tocsin.formats import bedrock, eventstream, ollama, shapes, signs, sse
from tocsin.formats.base import Buffer
from tocsin.formats.lenient import is_number, load

_strict = msgspec.json.Decoder(dict[str, Any])
_ASKING = ("request", "request_body")
_OF_CALLS: Final = frozenset(
    (
        "id", "_id", "request_id", "call_id", "custom_id", "time", "timestamp", "created_at", "duration_s", "status",
        "status_code", "statusCode", "url", "uri", "model", "provider", "route", "response_headers",
    )
)  # fmt: skip
"""Keys of which the envelope of a call has one."""
_ENVELOPE = ("request", "response", "request_body", "response_body", "status", "url", "uri")


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
    recorder: tuple[dict[str, Any], ...] = ()
    """Where the recorder may say what it measured and counted itself, beside the bodies."""

    @property
    def error(self) -> dict[str, Any] | None:
        """The error object of the response, also under HTTP 200, else what the logger says that broke it off."""
        told = self.envelope.get("error")
        response = self.response
        error = response.get("error") or _error_of_choice(response.get("choices")) or bedrock.blocked(response) or told
        if not error and self.response.get("object") == "error":  # vLLM's, flat
            return self.response
        return _error_object(error, response) if error else _unnamed_error(response)


def _error_object(error: Any, response: dict[str, Any]) -> dict[str, Any] | None:
    """Return an error as an object: some are a text, a list of one, a number, or true beside a message."""
    if isinstance(error, list):
        error = error[0]
    if isinstance(error, dict):
        return error or None
    if error is True:
        return {"message": response.get("message")}
    return {"message": error} if isinstance(error, str) else {"code": error}


def _unnamed_error(response: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error of a body that has none by this name: Amazon's, Cloudflare's and other gateways', MiniMax's.

    MiniMax answers HTTP 200 whatever became of a call (https://platform.minimax.io/docs/api-reference/errorcode).
    """
    if len(response) == 1 and (raised := bedrock.error_of(response)):
        return raised
    amazons = response["Output"] if isinstance(response.get("Output"), dict) else response
    if isinstance(amazons.get("__type"), str):
        return {"type": amazons["__type"].rpartition("#")[2], "message": amazons.get("message")}
    base = response.get("base_resp")
    if isinstance(base, dict) and (code := str(base.get("status_code") or 0)) != "0":
        return {"code": code, "status": _OF_MINIMAX.get(code), "message": base.get("status_msg")}
    if "error_msg" in response and str(response.get("error_code") or 0) != "0":  # Baidu's
        return {"message": response["error_msg"]}
    if response.get("success") is False:
        return _error_object(response.get("errors") or True, response)
    return None


_OF_MINIMAX: Final = {
    "1000": 500, "1001": 504, "1002": 429, "1004": 401, "1008": 402, "1013": 500, "1024": 500, "1033": 500,
    "1039": 429, "1041": 429, "2045": 429, "2049": 401, "2056": 429,
}  # fmt: skip
"""The HTTP status that each code of MiniMax's would have; what it refuses for its content its text tells."""


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


def exchange(tree: dict[str, Any], *, told: bool) -> Exchange:
    """Read the envelope; a tree without one is itself the response. ``told``: somebody says that it is a call.

    Raises:
        Skip: there is neither a request nor a response in it, or they are of no model.
    """
    asking = any(key in tree for key in _ASKING)
    if not asking and signs.is_chunk(tree):
        raise Skip("stream_chunk")
    if not asking and (not any(key in tree for key in _ENVELOPE) or _is_body(tree)):
        if not signs.is_body(tree):
            raise Skip("unknown_format")
        return Exchange({}, {}, tree, None, "", stream=False)
    errors: list[str] = []
    asked = tree.get("request", tree.get("request_body"))
    request, _ = _side(asked, "request", errors)
    raw = tree.get("response", tree.get("response_body"))
    response, stream = _side(raw, "response", errors)
    outer, inner = _around(asked), _around(raw)
    told_by = [side.get(key) for side in (tree, inner) for key in ("status", "status_code", "statusCode")]
    status = next((value for value in told_by if value is not None), None)
    if not request and not response and all(value is None for value in (status, tree.get("error"), tree.get("model"))):
        raise Skip("not_object" if raw is None else "wrong_type")
    url = next((side[key] for side in (tree, outer) for key in ("url", "uri") if isinstance(side.get(key), str)), "")
    if not signs.is_pair(tree, request, response, url, sure=told or bool(inner) or _is_failed_call(tree, response)):
        raise Skip("unknown_format")
    if (request or told) and not response and _is_page(raw):
        response = dict(_PAGE)
    meta = tree.get("metadata")
    return Exchange(
        tree, request, response, _http_status(status, errors), url, stream or request.get("stream") is True, errors,
        _headers(tree.get("response_headers", inner.get("headers"))),
        (tree, inner, meta if isinstance(meta, dict) else {}),
    )  # fmt: skip


def _is_failed_call(tree: dict[str, Any], response: dict[str, Any]) -> bool:
    """Tell whether an envelope without any body of a model's is of a call that failed; an error alone is none.

    What was asked of another service is often logged as one line (``GET /``).
    """
    asked = tree.get("request", tree.get("request_body"))
    if isinstance(asked, str) and asked.strip() and not asked.lstrip().startswith("{"):
        return False
    return bool(response.get("error") or tree.get("error")) and not _OF_CALLS.isdisjoint(tree)


def _around(side: Any) -> dict[str, Any]:
    """Return what stands around the body of a side: of Portkey's log its URL, of OpenAI's batches its status."""
    return side if isinstance(side, dict) and "body" in side else {}


def _http_status(value: Any, errors: list[str]) -> int | None:
    """Return an HTTP status: a number or digits, maybe with their phrase; any other value is named, and absent."""
    if isinstance(value, str) and (found := _STATUS.match(value)):
        value = int(found[0])
    if is_number(value) and 0 <= value < 1000 and value == int(value):
        return int(value)
    if value not in (None, ""):
        errors.append("status")
    return None


def _is_body(tree: dict[str, Any]) -> bool:
    return isinstance(tree.get("object"), str) or tree.get("type") in ("message", "error") or shapes.is_body(tree)


def _side(value: Any, name: str, errors: list[str]) -> tuple[dict[str, Any], bool]:
    """Return a body as an object, and whether it was a stream; text that cannot be read is named, not failed."""
    if isinstance(value, dict):
        if value.get("type") in signs.ENDS and isinstance(value.get("response"), dict):
            value = value["response"]  # the event with which an answer ends, of Responses and of Realtime
        inner = value.get("body", value.get("json"))
        if not isinstance(inner, dict | str) or "choices" in value or "messages" in value:
            return value, False
        if isinstance(inner, dict):
            return inner, False
        value = inner
    if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        value = "\n".join(value)  # the lines of a stream
    if isinstance(value, list):
        return _chunks(value, name, errors)
    if isinstance(value, str) and value:
        if sse.is_stream(value):
            return sse.body(value) or {}, True
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = ollama.stream(value) or sse.merged(eventstream.events(value)) or sse.merged(sse.objects(value))
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


_STATUS = re.compile(r"[0-9]{1,6}(?=\s|$)", re.ASCII)
_HTML = re.compile(r"\ufeff?\s*+<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_PAGE: Final = {"error": {"type": "server_error", "message": "a page of HTML"}}
"""What stands for a page that a proxy, a load balancer or a portal answered in the place of a model: no client can
read it, whatever its status says."""


def _is_page(raw: Any) -> bool:
    text = raw.get("body") if isinstance(raw, dict) else raw
    return isinstance(text, str) and _HTML.match(text) is not None


def _chunks(value: list[Any], name: str, errors: list[str]) -> tuple[dict[str, Any], bool]:
    """Return a body that is a list: of the chunks of a stream, or of one object."""
    streamed = bool(value) and value[-1] == "[DONE]"  # the word that ends a stream, and is no chunk
    if streamed:
        value = value[:-1]
    if not all(isinstance(chunk, dict) for chunk in value):
        errors.append(name)
        return {}, False
    part = len(value) == 1 and (signs.is_chunk(value[0]) or str(value[0].get("object")).endswith(".chunk"))
    if len(value) == 1 and not part and not (streamed and "choices" in value[0]):
        return value[0], streamed  # whole, though it may have been sent as a stream
    return sse.merged(value) or {}, streamed or bool(value)


def _headers(headers: Any) -> dict[str, str]:
    """Return the headers of an answer, each with its first value: recorders keep lists of them, or of pairs."""
    if isinstance(headers, list):
        headers = {str(pair[0]): pair[1] for pair in headers if isinstance(pair, list) and len(pair) == 2}
    if not isinstance(headers, dict):
        return {}
    return {
        str(name).lower(): first
        for name, value in headers.items()
        if isinstance(first := value[0] if isinstance(value, list) and value else value, str)
    }
