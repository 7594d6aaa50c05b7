"""Answers that LiteLLM's proxy passed through unread: the provider's own body stands in its record, as text.

So it is for every endpoint of ``general_settings.pass_through_endpoints``, and for a built-in one whose base is not the
vendor's own host (seen in 1.72 to 1.106): tokens are 0 then, and the answer of a stream is a Python list in a sentence.
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
"""One line of the stream, as Python's ``repr`` writes it; it holds no line ends."""
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(00(?:0[0-9a-f]|10)[0-9a-f]{4})|(.))")
_TOLD = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "hour_write_tokens", "reasoning_tokens",
    "usage_expected", "usage_cut", "finish_reason", "refusal", "fingerprint", "served_model", "failure",
)  # fmt: skip
_SAID = ("content", "expect", "params")


class _Kind(msgspec.Struct):
    call_type: Any = None


_kind = msgspec.json.Decoder(_Kind).decode


def complete(call: Call, data: Buffer, *, content: bool) -> None:
    """Fill in what the body of a passed-through answer tells; nothing where the record holds none that is known."""
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        if _kind(data).call_type != _PASSED_THROUGH:  # as nearly always: streams without usage come here, too
            return
    tree = decode(data)
    response, asked = tree.get("response"), tree.get("messages")
    said = response.get("response") if isinstance(response, dict) else None
    if tree.get("call_type") != _PASSED_THROUGH or not isinstance(said, str):
        return
    first = asked[0] if isinstance(asked, list) and asked else None
    pair = {
        "url": tree.get("api_base"),
        "request": first.get("content") if isinstance(first, dict) else None,
        "response": _lines(said) if said.startswith(_STREAM) else said,
    }
    try:
        ex = exchange(pair, told=False)
    except Skip:
        return  # of another service than a model's
    found = (Anthropic if is_messages(ex.response, ex.url) else OpenAI)(content=content).read(ex, b"")
    for name in (*_TOLD, *(_SAID if content else ())):
        setattr(call, name, getattr(found, name))
    call.cost_usd = call.cost_usd or found.cost_usd  # the proxy may be told what each request costs
    call.field_errors += found.field_errors
    if call.model == UNKNOWN:  # in 1.80, but for failures
        call.model = found.model


def _lines(text: str) -> str:
    """Return the lines of a stream that stand in a Python list of texts."""
    return "\n".join(_ESCAPE.sub(_character, single or double) for single, double in _LINE.findall(text))


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    return chr(int(code, 16)) if code else escape[4]
