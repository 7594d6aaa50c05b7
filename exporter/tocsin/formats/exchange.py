"""A logged request and its response, taken out of the envelope in which a recorder wrote them.

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
_REQUEST_KEYS = ("request", "request_body")
_CALL_KEYS: Final = frozenset(
    (
        "id", "_id", "request_id", "call_id", "custom_id", "time", "timestamp", "created_at", "duration_s", "status",
        "status_code", "statusCode", "url", "uri", "model", "provider", "route", "response_headers",
    )
)  # fmt: skip
"""The envelope of a call has at least one of these keys."""
_ENVELOPE_KEYS = ("request", "response", "request_body", "response_body", "status", "url", "uri")


@dataclass(slots=True)
class Exchange:
    """One request and its response, decoded."""

    envelope: dict[str, Any]
    request: dict[str, Any]
    response: dict[str, Any]
    status: int | None
    url: str
    stream: bool
    errors: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers, with lower-case names."""
    recorder: tuple[dict[str, Any], ...] = ()
    """Where a recorder may put its own measurements and counts, outside the bodies."""

    @property
    def error(self) -> dict[str, Any] | None:
        """The error object of the response, also under HTTP 200; otherwise the error that the recorder logged."""
        response = self.response
        error = response.get("error") or _error_of_choice(response.get("choices")) or bedrock.blocked(response)
        error = error or self.envelope.get("error")
        if not error and response.get("object") == "error":  # vLLM's, flat
            return response
        return _error_object(error, response) if error else _unnamed_error(response)


def _error_object(error: Any, response: dict[str, Any]) -> dict[str, Any] | None:
    """Return an error as an object: it may be a text, a list of one, a number, or true beside a message."""
    if isinstance(error, list):
        error = error[0]
    if isinstance(error, dict):
        return error or None
    if error is True:
        return {"message": response.get("message")}
    return {"message": error} if isinstance(error, str) else {"code": error}


def _unnamed_error(response: dict[str, Any]) -> dict[str, Any] | None:
    """Return the error of a body without a key ``error``: Amazon's, MiniMax's, Baidu's, CLOVA's and those of gateways.

    MiniMax answers every call with HTTP 200 (https://platform.minimax.io/docs/api-reference/errorcode).
    """
    if len(response) == 1 and (exception := bedrock.error_of(response)):
        return exception
    output = response["Output"] if isinstance(response.get("Output"), dict) else response
    if isinstance(output.get("__type"), str):
        return {"type": output["__type"].rpartition("#")[2], "message": output.get("message")}
    base = response.get("base_resp")
    if isinstance(base, dict) and (code := str(base.get("status_code") or 0)) != "0":
        return {"code": code, "status": _MINIMAX_STATUSES.get(code), "message": base.get("status_msg")}
    if "error_msg" in response and str(response.get("error_code") or 0) != "0":  # Baidu's
        code = str(response["error_code"])
        return {"code": code, "status": _BAIDU_STATUSES.get(code), "message": response["error_msg"]}
    status = None if "choices" in response else response.get("status")
    if isinstance(status, dict) and _CLOVA_CODE.fullmatch(code := str(status.get("code"))):
        return {"code": code[:3], "message": status.get("message")}
    if response.get("success") is False:
        return _error_object(response.get("errors") or True, response)
    return None


_BAIDU_STATUSES: Final = {
    "1": 500, "2": 503, "4": 429, "6": 403, "13": 401, "15": 404, "17": 429, "18": 429, "19": 429, "100": 400,
    "110": 401, "111": 401, "336000": 500, "336001": 400, "336002": 400, "336003": 400, "336004": 403, "336005": 404,
    "336100": 503, "336101": 400, "336103": 400, "336104": 400, "336105": 400,
}  # fmt: skip
"""The HTTP status equivalent to each of Baidu's codes (``APIErrorCode`` of
https://github.com/baidubce/bce-qianfan-sdk, and 336103, a prompt that is too long)."""
_CLOVA_CODE: Final = re.compile(r"[45]\d{4}")
"""An HTTP status and two more digits."""
_MINIMAX_STATUSES: Final = {
    "1000": 500, "1001": 504, "1002": 429, "1004": 401, "1008": 402, "1013": 500, "1024": 500, "1033": 500,
    "1039": 429, "1041": 429, "2045": 429, "2049": 401, "2056": 429,
}  # fmt: skip
"""The HTTP status equivalent to each of MiniMax's codes; content refusals are recognised by their text."""


def _error_of_choice(choices: Any) -> Any:
    """Return the error in the first choice: routers put it there when a provider fails, under HTTP 200."""
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, dict) else None


def decode(data: Buffer) -> dict[str, Any]:
    """Decode one JSON object, strictly if possible.

    Raises:
        Skip: it is no JSON object.
    """
    try:
        return _strict.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return load(data)


def exchange(tree: dict[str, Any], *, is_call: bool) -> Exchange:
    """Read the envelope; a tree without one is itself the response. ``is_call``: the sender says that it is a call.

    Raises:
        Skip: it contains neither a request nor a response, or not those of a model.
    """
    has_request = any(key in tree for key in _REQUEST_KEYS)
    if not has_request and signs.is_chunk(tree):
        raise Skip("stream_chunk")
    if not has_request and (not any(key in tree for key in _ENVELOPE_KEYS) or _is_body(tree)):
        if not signs.is_body(tree):
            raise Skip("unknown_format")
        return Exchange({}, {}, tree, None, "", stream=False)
    errors: list[str] = []
    raw_request = tree.get("request", tree.get("request_body"))
    request, _ = _side(raw_request, "request", errors)
    raw_response = tree.get("response", tree.get("response_body"))
    response, stream = _side(raw_response, "response", errors)
    outer, inner = _wrapper(raw_request), _wrapper(raw_response)
    statuses = [side.get(key) for side in (tree, inner) for key in ("status", "status_code", "statusCode")]
    status = next((value for value in statuses if value is not None), None)
    if not request and not response and all(value is None for value in (status, tree.get("error"), tree.get("model"))):
        raise Skip("not_object" if raw_response is None else "wrong_type")
    url = next((side[key] for side in (tree, outer) for key in ("url", "uri") if isinstance(side.get(key), str)), "")
    if not signs.is_pair(tree, request, response, url, sure=is_call or bool(inner) or _is_failed_call(tree, response)):
        raise Skip("unknown_format")
    if (request or is_call) and not response and _is_html(raw_response):
        response = dict(_HTML_ERROR)
    meta = tree.get("metadata")
    return Exchange(
        tree, request, response, _http_status(status, errors), url, stream or request.get("stream") is True, errors,
        _headers(tree.get("response_headers", inner.get("headers"))),
        (tree, inner, meta if isinstance(meta, dict) else {}),
    )  # fmt: skip


def _is_failed_call(tree: dict[str, Any], response: dict[str, Any]) -> bool:
    """Return whether an envelope without the body of any model records a failed call; an error alone does not.

    Requests to other services are often logged as one line (``GET /``).
    """
    request = tree.get("request", tree.get("request_body"))
    if isinstance(request, str) and request.strip() and not request.lstrip().startswith("{"):
        return False
    return bool(response.get("error") or tree.get("error")) and not _CALL_KEYS.isdisjoint(tree)


def _wrapper(raw: Any) -> dict[str, Any]:
    """Return the object around a body: Portkey's log has the URL there, OpenAI's batches the status."""
    return raw if isinstance(raw, dict) and "body" in raw else {}


def _http_status(value: Any, errors: list[str]) -> int | None:
    """Return an HTTP status: a number or digits, possibly with a reason phrase; any other value is an error."""
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
    """Return a body as an object, and whether it was a stream; unreadable text is added to ``errors``."""
    if isinstance(value, dict):
        if value.get("type") in signs.ENDS and isinstance(value.get("response"), dict):
            value = value["response"]  # the last event of a Responses or Realtime stream
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
_HTML_ERROR: Final = {"error": {"type": "server_error", "message": "a page of HTML"}}
"""Stands for an HTML page that a proxy, a load balancer or a portal returned instead of an answer: no client can read
it, whatever its status."""


def _is_html(raw: Any) -> bool:
    text = raw.get("body") if isinstance(raw, dict) else raw
    return isinstance(text, str) and _HTML.match(text) is not None


def _chunks(value: list[Any], name: str, errors: list[str]) -> tuple[dict[str, Any], bool]:
    """Return a body that is a list: the chunks of a stream, or one object."""
    streamed = bool(value) and value[-1] == "[DONE]"  # the end of a stream, not a chunk
    if streamed:
        value = value[:-1]
    if not all(isinstance(chunk, dict) for chunk in value):
        errors.append(name)
        return {}, False
    is_chunk = len(value) == 1 and (signs.is_chunk(value[0]) or str(value[0].get("object")).endswith(".chunk"))
    if len(value) == 1 and not is_chunk and not (streamed and "choices" in value[0]):
        return value[0], streamed  # complete, even if it was sent as a stream
    return sse.merged(value) or {}, streamed or bool(value)


def _headers(headers: Any) -> dict[str, str]:
    """Return the response headers, each with its first value: recorders store lists of values, or of pairs."""
    if isinstance(headers, list):
        headers = {str(pair[0]): pair[1] for pair in headers if isinstance(pair, list) and len(pair) == 2}
    if not isinstance(headers, dict):
        return {}
    return {
        str(name).lower(): first
        for name, value in headers.items()
        if isinstance(first := value[0] if isinstance(value, list) and value else value, str)
    }
