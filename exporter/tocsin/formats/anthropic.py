"""Anthropic Messages pairs.

https://docs.anthropic.com/en/api/messages. ``usage.input_tokens`` excludes cache reads and writes, so they
are added: 433 in + 2,752 read + 0 written are 3,185 inclusive input tokens.
"""

from __future__ import annotations

from typing import Any

from tocsin.call import Call
from tocsin.formats import pairs
from tocsin.formats.exchange import Exchange
from tocsin.formats.finish import finish_of
from tocsin.formats.lenient import within

_NOT_IN_TOTAL = ("compaction", "advisor_message")


class Anthropic(pairs.PairFormat):
    """Adapter for Messages request/response pairs."""

    name = "anthropic"

    def fill(self, call: Call, ex: Exchange) -> None:
        """Fill in the usage and the finish reason."""
        usage = ex.response.get("usage")
        if isinstance(usage, dict):
            _usage(call, usage, ex.errors)
            call.usage_cut = call.output_tokens is None and call.input_tokens is not None
        elif usage is not None:
            ex.errors.append("usage")
        reason = ex.response.get("stop_reason")
        if isinstance(reason, str):
            call.finish_reason = finish_of(reason)
            call.refusal = reason == "refusal"


def _usage(call: Call, usage: dict[str, Any], errors: list[str]) -> None:
    fresh = pairs.tokens(usage.get("input_tokens"), "usage.input_tokens", errors)
    call.output_tokens = pairs.tokens(usage.get("output_tokens"), "usage.output_tokens", errors)
    read = pairs.tokens(usage.get("cache_read_input_tokens"), "usage.cache_read_input_tokens", errors)
    written = pairs.tokens(usage.get("cache_creation_input_tokens"), "usage.cache_creation_input_tokens", errors)
    call.cache_read_tokens, call.cache_write_tokens = read, written
    if fresh is not None:
        call.input_tokens = fresh + (read or 0) + (written or 0)
    lifetimes = usage.get("cache_creation")
    if isinstance(lifetimes, dict):
        hour = pairs.tokens(lifetimes.get("ephemeral_1h_input_tokens"), "usage.cache_creation", errors)
        call.hour_write_tokens = within(hour, written, "usage.cache_creation", errors)
    _add_iterations(call, usage.get("iterations"), errors)
    details = usage.get("output_tokens_details")
    if isinstance(details, dict):
        call.reasoning_tokens = pairs.tokens(details.get("thinking_tokens"), "usage.thinking_tokens", errors)
    pairs.hold_parts(call, errors)


def _add_iterations(call: Call, iterations: Any, errors: list[str]) -> None:
    """Add the tokens of compacting a conversation or consulting an advisor: billed, but in no total of the usage.

    https://platform.claude.com/docs/en/build-with-claude/compaction and /agents-and-tools/tool-use/advisor-tool; an
    advisor is billed at the price of its own model, which is given beside its tokens.
    """
    for entry in iterations if isinstance(iterations, list) else ():
        if isinstance(entry, dict) and entry.get("type") in _NOT_IN_TOTAL:
            fresh, received, read, written = (
                pairs.tokens(entry.get(name), "usage.iterations", errors) or 0
                for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            )
            call.input_tokens = (call.input_tokens or 0) + fresh + read + written
            if call.output_tokens is not None:  # unknown for a stream that was cut off, and stays so
                call.output_tokens += received
            call.cache_read_tokens = (call.cache_read_tokens or 0) + read
            call.cache_write_tokens = (call.cache_write_tokens or 0) + written
