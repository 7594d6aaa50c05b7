"""Responses that LiteLLM's proxy passed through unread: its record has the provider's own body, as text.

This is so for all ``general_settings.pass_through_endpoints``, and for a built-in one whose base is not the vendor's
own host (seen in 1.72 to 1.106): tokens are 0 then, and the response of a stream is a Python list in a sentence.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from tocsin.call import UNKNOWN, Call, Skip
from tocsin.formats.anthropic import Anthropic
from tocsin.formats.base import Buffer
from tocsin.formats.exchange import decode, exchange
from tocsin.formats.openai import OpenAI
from tocsin.formats.signs import is_messages

_PASSED_THROUGH = "pass_through_endpoint"
_STREAM = "cannot parse chunks to standard response object. Chunks="
_LINE = re.compile(r"""'(data:(?:[^'\\]|\\.)*+)'|"(data:(?:[^"\\]|\\.)*+)\"""")
"""One line of the stream, as Python's ``repr`` writes it; it contains no line ends."""
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(00(?:0[0-9a-f]|10)[0-9a-f]{4})|(.))")
_FIELDS = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "hour_write_tokens", "reasoning_tokens",
    "usage_expected", "usage_cut", "finish_reason", "refusal", "fingerprint", "served_model", "failure",
)  # fmt: skip
_CONTENT_FIELDS = ("content", "expect", "params")


class _Kind(msgspec.Struct):
    call_type: Any = None


_kind = msgspec.json.Decoder(_Kind).decode


def complete(call: Call, data: Buffer, *, content: bool) -> None:
    """Fill in the call from the body of a passed-through response, if the record has one of a known format."""
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        if _kind(data).call_type != _PASSED_THROUGH:  # the usual case: streams without usage come here, too
            return
    tree = decode(data)
    response, messages = tree.get("response"), tree.get("messages")
    text = response.get("response") if isinstance(response, dict) else None
    if tree.get("call_type") != _PASSED_THROUGH or not isinstance(text, str):
        return
    first = messages[0] if isinstance(messages, list) and messages else None
    pair = {
        "url": tree.get("api_base"),
        "request": first.get("content") if isinstance(first, dict) else None,
        "response": _lines(text) if text.startswith(_STREAM) else text,
    }
    try:
        ex = exchange(pair, is_call=False)
    except Skip:
        return  # not a model's response
    inner = (Anthropic if is_messages(ex.response, ex.url) else OpenAI)(content=content).read(ex, b"")
    for name in (*_FIELDS, *(_CONTENT_FIELDS if content else ())):
        setattr(call, name, getattr(inner, name))
    call.cost_usd = call.cost_usd or inner.cost_usd  # the proxy may be configured with a cost per request
    call.field_errors += inner.field_errors
    if call.model == UNKNOWN:  # in 1.80, except for failures
        call.model = inner.model


def _lines(text: str) -> str:
    """Return the lines of a stream from the ``repr`` of a Python list of texts."""
    return "\n".join(_ESCAPE.sub(_character, single or double) for single, double in _LINE.findall(text))


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    return chr(int(code, 16)) if code else escape[4]
