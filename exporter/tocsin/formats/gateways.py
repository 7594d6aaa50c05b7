"""Access logs of gateways in Kubernetes that count tokens, brought to the shape of a logged pair.

Envoy AI Gateway's as its example writes it (https://aigateway.envoyproxy.io/docs/capabilities/observability/accesslogs):
what broke below HTTP stands in Envoy's flags. Kong's AI plugins
(https://developer.konghq.com/ai-gateway/ai-audit-log-reference): the key around what was counted is the plugin's, a
cost of 0 says that no price is configured, and its judge gives 1 to 100. APISIX's plugin ``ai-proxy`` adds a summary to
the lines of its loggers. Times are in milliseconds.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tocsin.formats.lenient import is_number

_MODEL: Final = "gen_ai.request.model"
_EARLIER: Final = {
    "genai_model_name": _MODEL, "genai_backend_name": "gen_ai.provider.name",
    "genai_tokens_input": "gen_ai.usage.input_tokens", "genai_tokens_output": "gen_ai.usage.output_tokens",
    "genai_tokens_total": "gen_ai.usage.total_tokens",
}  # fmt: skip
"""Names in the example of 2025, and those of today."""
_CACHED: Final = ("gen_ai.usage.cached_input_tokens", "gen_ai.usage.cache_read.input_tokens")
_BROKEN: Final = {
    "DC": "client disconnect", "DR": "client disconnect", "DT": "timeout", "UT": "timeout", "SI": "timeout",
    "UC": "connection", "UF": "connection", "UR": "connection", "LR": "connection", "UPE": "protocol error",
}  # fmt: skip
"""Envoy's flags of what breaks an answer off, under HTTP 200, too (docs of ``%RESPONSE_FLAGS%``)."""
_OF_KONG: Final = ("request_model", "provider_name")
"""Of which Kong's ``meta`` has one: other logs have an ``ai`` with some ``meta``, too."""
_PLUGINS: Final = ("proxy", "ai-proxy", "ai-proxy-advanced")
"""Kong's that pass a call on; others, as the judge, call models themselves."""


def as_pair(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a line of an access log as a pair; any other record, and traffic to no model, as it is."""
    if "response_code" in tree:
        line = tree if _MODEL in tree else {_EARLIER.get(name, name): value for name, value in tree.items()}
        return _of_envoy(line) if line.get(_MODEL) else tree
    summary = tree.get("llm_summary")
    if isinstance(summary, dict) and any(summary.values()):  # else the plugin had nothing to do with it
        return _of_apisix(tree, summary)
    told = tree.get("ai", tree if "ai-proxy" in tree else None)
    if isinstance(told, dict):
        for entry in (*map(told.get, _PLUGINS), told, *told.values()):
            meta = entry.get("meta") if isinstance(entry, dict) else None
            if isinstance(meta, dict) and not meta.keys().isdisjoint(_OF_KONG):
                return _of_kong(tree, entry, meta)
    return tree


def _of_envoy(tree: dict[str, Any]) -> dict[str, Any]:
    reasoning = tree.get("gen_ai.usage.reasoning_tokens")
    cached = next((tree[name] for name in _CACHED if tree.get(name) is not None), None)
    usage = {
        "prompt_tokens": tree.get("gen_ai.usage.input_tokens"),
        "completion_tokens": tree.get("gen_ai.usage.output_tokens"),
        "total_tokens": tree.get("gen_ai.usage.total_tokens"),
        "prompt_tokens_details": {"cached_tokens": cached} if cached is not None else None,
        "completion_tokens_details": {"reasoning_tokens": reasoning} if reasoning is not None else None,
    }
    flags = str(tree.get("response_flags") or "").split(",")
    broken = next((_BROKEN[flag] for flag in flags if flag in _BROKEN), None)
    path = tree.get("x-envoy-origin-path") or tree.get("path") or ""
    return {
        "id": tree.get("x-request-id"),
        "time": tree.get("start_time"),
        "duration_ms": tree.get("duration"),
        "status": tree["response_code"],
        "url": f"https://{tree[':authority']}{path}" if tree.get(":authority") else "",
        "route": None if tree.get(":authority") else path,
        "provider": tree.get("gen_ai.provider.name"),
        "request": {"model": tree[_MODEL]},
        "session": tree.get("session.id"),
        "response": _answer(tree.get("gen_ai.response.model"), usage),
        "error": {"type": broken} if broken else None,
    }


def _of_apisix(tree: dict[str, Any], summary: dict[str, Any]) -> dict[str, Any]:
    """Return a line of APISIX, whose plugin ``ai-proxy`` adds a summary, and the request where it is told to.

    https://apisix.apache.org/docs/apisix/plugins/ai-proxy/
    """
    answered, asked = (told if isinstance(told, dict) else {} for told in map(tree.get, ("response", "llm_request")))
    counts = {name: summary.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    return {
        "id": tree.get("request_id"),
        "time": tree.get("start_time"),
        "duration_ms": tree.get("latency", summary.get("duration")),
        "status": answered.get("status"),
        "route": tree.get("route_id"),
        "request": {**asked, "model": asked.get("model", summary.get("model"))},
        "response": _answer(summary.get("model"), counts if any(counts.values()) else {}),
    }


def _of_kong(tree: dict[str, Any], entry: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    asked, answered, consumer, payload, latencies, usage, cache = (
        told if isinstance(told, dict) else {}
        for told in (
            *map(tree.get, ("request", "response", "consumer")), entry.get("payload"), tree.get("latencies"),
            entry.get("usage"), entry.get("cache"),
        )
    )  # fmt: skip
    plugins = [told for told in entry.values() if isinstance(told, dict)]
    blocked = any(told[name] for told in plugins for name in told if name.endswith("block_reason"))
    said, took = _object(payload.get("response")), latencies.get("request", meta.get("llm_latency"))
    hit = str(cache.get("cache_status")).lower() == "hit"
    counts = _counts(usage, hit=hit)
    return {
        "id": asked.get("id"),
        "time": tree.get("started_at"),
        "duration_ms": took,
        "ttft_s": _first_token(usage, meta, took),
        "status": answered.get("status"),
        "route": str(asked.get("uri") or "").partition("?")[0] or None,
        "provider": meta.get("provider_name"),
        "consumer": consumer.get("username") or consumer.get("custom_id") or consumer.get("id"),
        "cost_usd": usage.get("cost") or None,
        "cache_hit": hit,
        "scores": {"llm_accuracy": judged / 100} if is_number(judged := usage.get("llm_accuracy")) else None,
        "request": {
            **(sent := _object(payload.get("request"))),
            "model": meta.get("request_model") or sent.get("model"),
            "stream": meta.get("request_mode") == "stream",
        },
        "response": {"usage": counts, **said} if said else _answer(meta.get("response_model"), counts),
        "error": {"type": "guardrail_blocked"} if blocked else None,
    }


def _counts(usage: dict[str, Any], *, hit: bool) -> dict[str, Any]:
    """Return what Kong counted; nothing where it is 0, as of streams that tell no usage, but for what it had cached.

    Before 3.10 its documentation has the names without an "s".
    """
    names = ("prompt_token", "completion_token")
    counts = {f"{name}s": usage.get(f"{name}s", usage.get(name)) for name in names}
    return {**usage, **counts} if hit or any(counts.values()) else {}


def _first_token(usage: dict[str, Any], meta: dict[str, Any], took: Any) -> float | None:
    """Return the seconds to the first token; None where it came with the last, as of answers that are no streams."""
    first, whole = usage.get("time_to_first_token"), meta.get("llm_latency")
    if meta.get("request_mode") == "oneshot" or not (is_number(first) and is_number(whole) and is_number(took)):
        return None
    return first / 1000 if first < whole and first <= took else None


def _answer(model: Any, usage: dict[str, Any]) -> dict[str, Any] | None:
    told = {name: count for name, count in usage.items() if count is not None}
    return {"model": model, "usage": told} if told or model else None


def _object(text: Any) -> dict[str, Any]:
    """Return a body that is logged as text; nothing where it is none."""
    try:
        told = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
