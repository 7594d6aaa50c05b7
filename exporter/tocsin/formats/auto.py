"""Recognition of a record's format from its keys.

Each record is recognised on its own: first by what is cheap to find in the bytes, then by its decoded keys.
"""

from __future__ import annotations

import re
from typing import Any

from tocsin.call import UNKNOWN, Event, Skip
from tocsin.formats import envelopes, shapes
from tocsin.formats.anthropic import Anthropic
from tocsin.formats.base import Buffer
from tocsin.formats.exchange import decode, exchange
from tocsin.formats.litellm import LiteLLM
from tocsin.formats.native import Native
from tocsin.formats.openai import OpenAI
from tocsin.formats.otlp.adapter import OTLP
from tocsin.formats.otlp.jsonform import is_request, is_span
from tocsin.formats.recorders import as_pair
from tocsin.formats.signs import is_bare_error, is_chunk, is_error, is_log, is_messages

_NATIVE = re.compile(rb'\s*\{\s*"v"\s*:\s*1\b')
_LITELLM = re.compile(rb'"(?:startTime|custom_llm_provider|litellm_call_id)"\s*:')
_LITELLM_ONLY = re.compile(rb'"(?:custom_llm_provider|litellm_call_id|call_type|model_group|request_id)"\s*:')
"""A payload whose model and provider are both unknown has at least one of these keys."""


class Auto:
    """Adapter that finds the right adapter."""

    name = "auto"

    def __init__(self, *, content: bool = False) -> None:
        self._litellm = LiteLLM(content=content)
        self._native = Native(content=content)
        self._openai = OpenAI(content=content)
        self._anthropic = Anthropic(content=content)
        self._otlp = OTLP(content=content)

    def parse(self, data: Buffer) -> Event:
        """Return the event of one record of any format; see ``Format.parse``."""
        return self._parse(data, envelopes.DEPTH_MAX)

    def _parse(self, data: Buffer, depth: int) -> Event:
        if _LITELLM.search(data):  # cheap, and LiteLLM records are by far the largest
            try:
                call = self._litellm.parse(data)
            except Skip:
                pass  # the keys may be nested in another format's record
            else:
                if call.model != UNKNOWN or call.provider != UNKNOWN or _LITELLM_ONLY.search(data):
                    return call
                raise Skip("unknown_format")  # some other kind of work with a start and an end
        elif _NATIVE.match(data):
            return self._native.parse(data)
        if is_request(data):
            return self._otlp.parse(data)
        tree = decode(data)
        inner = envelopes.unwrapped(tree) if depth else None
        if inner is not None:
            return self._parse(inner, depth - 1)
        if is_span(tree):
            return self._otlp.parse(data)
        tree = as_pair(tree)
        if depth < envelopes.DEPTH_MAX and is_bare_error(tree):
            raise Skip("unknown_format")  # an error alone, in a message or log line, is no evidence of a call
        found = self._recognise(tree)
        if found is not None:
            return found.parse(data)
        ex = exchange(tree, is_call=False)
        return (self._anthropic if is_messages(ex.response, ex.url) else self._openai).read(ex, data)

    def _recognise(self, tree: dict[str, Any]) -> LiteLLM | Native | None:
        """Return the adapter for a decoded record; None for a pair, whose bodies identify the vendor.

        Raises:
            Skip: the record matches no format.
        """
        if any(key in tree for key in ("startTime", "custom_llm_provider", "litellm_call_id")):
            return self._litellm
        if "model" in tree and "event_id" in tree and "request" not in tree:
            return self._native
        sides = any(key in tree for key in ("request", "response", "request_body", "response_body"))
        if sides or (("url" in tree or "uri" in tree) and "model" not in tree):  # a request without a response
            return None
        if isinstance(tree.get("object"), str) or "choices" in tree:
            return None
        if tree.get("type") in ("message", "error") and ("usage" in tree or is_bare_error(tree)):
            return None
        if ("id" in tree and ("model" in tree or "time" in tree)) or tree.get("type") == "feedback" or "v" in tree:
            return self._native
        named = ("model" in tree or "custom_id" in tree) and not is_log(tree)
        if shapes.is_body(tree) or is_bare_error(tree) or (named and is_error(tree)):
            return None  # a bare body, or a result of a batch
        raise Skip("stream_chunk" if is_chunk(tree) else "unknown_format")
