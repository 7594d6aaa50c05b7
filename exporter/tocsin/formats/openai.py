"""OpenAI Chat Completions, Completions, Embeddings and Responses, and compatible APIs.

https://platform.openai.com/docs/api-reference. Usage is inclusive: input tokens include cached ones, and output tokens
include reasoning. A refusal is ``finish_reason: stop`` with ``message.refusal``.
"""

from __future__ import annotations

from typing import Any

from tocsin.call import OTHER, Call
from tocsin.formats import bedrock, pairs, shapes
from tocsin.formats.anthropic import Anthropic
from tocsin.formats.base import Buffer
from tocsin.formats.exchange import Exchange
from tocsin.formats.finish import finish_of, refused
from tocsin.formats.lenient import MAX_TOKENS, is_number, within
from tocsin.formats.texts import refusal_of

_TICKS_PER_DOLLAR = 1e10
"""xAI's ticks per US dollar."""
_SENT = ("prompt_tokens", "input_tokens")
_CACHE_READ = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens", "num_cached_tokens")
"""Names of cache reads: DeepSeek's, Moonshot's, those of LiteLLM's proxy, and Mistral's."""
_INTO = ("prompt_tokens_details", "prompt_token_details", "input_tokens_details", "input_token_details")
_CACHE_WRITE = "cache_creation_input_tokens"
"""Name of cache writes with LiteLLM's proxy, and in the details of DashScope."""


_UNMETERED_KINDS = ("response.input_tokens", "conversation", "thread", "chat.completion.deleted", "assistant", "file")


class OpenAI(pairs.PairFormat):
    """Adapter for request/response pairs of OpenAI and compatible APIs."""

    name = "openai"
    input_keys = ("messages", "input")

    def read(self, ex: Exchange, data: Buffer) -> Call:
        """Return the call of one pair; Anthropic Messages, which gateways and Bedrock log too, are read as such."""
        if ex.response.get("type") == "message":
            return Anthropic(content=self._content).read(ex, data)
        return super().read(ex, data)

    def body(self, response: dict[str, Any]) -> dict[str, Any]:
        """Return a body of another provider in OpenAI's format.

        The status of a batch may be polled many times, so its usage is left out; the results have it once.
        """
        if response.get("object") == "batch":
            return {name: value for name, value in response.items() if name not in ("usage", "completed_at")}
        return shapes.as_openai(response)

    def fill(self, call: Call, ex: Exchange) -> None:
        """Fill in the usage, the finish reason and the fingerprint."""
        response = ex.response
        usage = response.get("usage") or bedrock.counted(ex.headers)
        if isinstance(usage, dict):
            if isinstance(response.get("data"), list) and usage.keys().isdisjoint(_SENT):
                usage = {**usage, "prompt_tokens": usage.get("total_tokens")}  # Voyage's embeddings
            _usage(call, usage, ex.errors)
        elif usage is not None:
            ex.errors.append("usage")
        elif _is_unmetered(response):
            call.usage_expected = False
        _finish(call, response)
        if call.finish_reason == "content_filter" and usage is None and not ex.stream:
            call.usage_expected = False  # a blocked prompt has no usage
        fingerprint = response.get("system_fingerprint")
        call.fingerprint = fingerprint if isinstance(fingerprint, str) else None


def _is_unmetered(response: dict[str, Any]) -> bool:
    """Return whether a body is expected to have no usage: a pending response, or an object that is not a response.

    The latter are lists of stored responses, deleted objects, conversations and token counts.
    """
    if response.get("status") in ("queued", "in_progress", "cancelled") and "output" in response:
        return True
    kind, listed = response.get("object"), response.get("data")
    if kind == "list":  # embeddings are one too, even an empty one
        first = listed[0] if isinstance(listed, list) and listed else None
        return "has_more" in response or (isinstance(first, dict) and first.get("object", "embedding") != "embedding")
    return response.get("deleted") is True or (isinstance(kind, str) and kind.startswith(_UNMETERED_KINDS))


def _usage(call: Call, usage: dict[str, Any], errors: list[str]) -> None:
    sent = pairs.tokens(_first(*map(usage.get, _SENT)), "usage.input", errors)
    received = pairs.tokens(_first(usage.get("completion_tokens"), usage.get("output_tokens")), "usage.output", errors)
    if sent is not None and received is None:
        received = 0  # embeddings report only their input
    call.input_tokens, call.output_tokens = sent, received
    into = _details(usage, *_INTO)
    out = _details(usage, "completion_tokens_details", "output_tokens_details")
    cached = _first(into.get("cached_tokens"), *map(usage.get, _CACHE_READ))
    written = _first(into.get("cache_write_tokens"), into.get(_CACHE_WRITE), usage.get(_CACHE_WRITE))
    call.cache_read_tokens = pairs.tokens(cached, "usage.cached_tokens", errors)
    call.cache_write_tokens = pairs.tokens(written, "usage.cache_write_tokens", errors)
    call.reasoning_tokens = pairs.tokens(out.get("reasoning_tokens"), "usage.reasoning_tokens", errors)
    _add_uncounted(call, usage)
    pairs.hold_parts(call, errors)
    if usage.get("hour_write_tokens") is not None:  # Bedrock's
        hour = pairs.tokens(usage["hour_write_tokens"], "usage.cacheDetails", errors)
        call.hour_write_tokens = within(hour, call.cache_write_tokens, "usage.cacheDetails", errors)
    cost = _reported_cost(usage)
    if is_number(cost) and 0 <= cost < 1e6:
        call.cost_usd = float(cost) if cost or not (sent or received) else None


def _add_uncounted(call: Call, usage: dict[str, Any]) -> None:
    """Add the tokens that are in the total, but neither in the input nor in the output.

    xAI, and gateways to Gemini, count reasoning outside the output, and may not say how much; gateways to Anthropic
    count cached tokens outside the input; Mistral counts audio so, of which it gives only the seconds.
    """
    sent, received, total = call.input_tokens, call.output_tokens, usage.get("total_tokens")
    if sent is None or received is None or not is_number(total) or not sent + received < total < MAX_TOKENS:
        return
    uncounted = int(total) - sent - received
    if usage.get("prompt_audio_seconds") or uncounted == (call.cache_read_tokens or 0) + (call.cache_write_tokens or 0):
        call.input_tokens = sent + uncounted
    elif call.reasoning_tokens in (None, 0, uncounted):
        call.output_tokens = received + uncounted


def _reported_cost(usage: dict[str, Any]) -> Any:
    """Return the cost in US dollars, if the provider reports it.

    OpenRouter, Perplexity (itemised), xAI, DeepInfra (an estimate). With the customer's own key OpenRouter bills its
    fee, and the upstream provider the rest.
    """
    cost = usage.get("cost")
    ticks: Any = usage.get("cost_in_usd_ticks")
    if isinstance(cost, dict):
        return cost.get("total_cost")
    upstream = _details(usage, "cost_details").get("upstream_inference_cost")
    if usage.get("is_byok") is True and is_number(cost) and is_number(upstream):
        return cost + upstream
    return ticks / _TICKS_PER_DOLLAR if cost is None and is_number(ticks) else _first(cost, usage.get("estimated_cost"))


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _details(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((usage[name] for name in names if isinstance(usage.get(name), dict)), {})


def _finish(call: Call, response: dict[str, Any]) -> None:
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
    if first is not None:
        call.finish_reason = finish_of(first.get("finish_reason") or first.get("stop_reason"))
        if call.finish_reason == "error" and call.failure is None:
            call.failure, call.usage_expected = "provider_5xx", False
        message = first.get("message")
        call.refusal = isinstance(message, dict) and bool(refusal_of(message))
        return
    status = response.get("status")
    if not isinstance(status, str) or "output" not in response:
        return
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    call.finish_reason = finish_of(reason) or {"completed": "stop", "complete": "stop"}.get(status)
    if status == "failed" and call.failure in (None, OTHER):
        call.failure, call.usage_expected = "provider_5xx", False
    elif status == "cancelled" and call.failure is None:
        call.failure, call.usage_expected = "cancelled", False
    call.refusal = refused(response["output"])
