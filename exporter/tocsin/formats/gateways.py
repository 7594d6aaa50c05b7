"""Access logs of gateways that count tokens, converted to a logged pair.

Envoy AI Gateway as in its example (https://aigateway.envoyproxy.io/docs/capabilities/observability/accesslogs):
failures below HTTP are in Envoy's flags. Kong's AI plugins
(https://developer.konghq.com/ai-gateway/ai-audit-log-reference): the counts are nested under the plugin's name, a cost
of 0 means that no price is configured, and its judge scores 1 to 100. APISIX's plugin ``ai-proxy`` adds a summary to
the lines of its loggers, Higress' ``ai-statistics`` JSON text to Envoy's
(https://higress.cn/docs/latest/plugins/ai/api-o11y/ai-statistics/). Cloudflare's AI Gateway has rows behind its API and
its bindings (https://developers.cloudflare.com/api/resources/ai_gateway/subresources/logs/). Times are in milliseconds.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import first_of, is_number, object_of
from tocsin.formats.signs import is_path

_MODEL: Final = "gen_ai.request.model"
_OLD_NAMES: Final = {
    "genai_model_name": _MODEL, "genai_backend_name": "gen_ai.provider.name",
    "genai_tokens_input": "gen_ai.usage.input_tokens", "genai_tokens_output": "gen_ai.usage.output_tokens",
    "genai_tokens_total": "gen_ai.usage.total_tokens",
}  # fmt: skip
"""Names in the example of 2025, and today's."""
_HIGRESS_NAMES: Final = {
    "model": _MODEL, "input_token": "gen_ai.usage.input_tokens", "output_token": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cached_input_tokens", "reasoning_tokens": "gen_ai.usage.reasoning_tokens",
    "session_id": "session.id",
}  # fmt: skip
_CACHED: Final = ("gen_ai.usage.cached_input_tokens", "gen_ai.usage.cache_read.input_tokens")
_FAILURE_FLAGS: Final = {
    "DC": "client disconnect", "DR": "client disconnect", "DT": "timeout", "UT": "timeout", "SI": "timeout",
    "UC": "connection", "UF": "connection", "UR": "connection", "LR": "connection", "UPE": "protocol error",
}  # fmt: skip
"""Envoy's flags of failures, some under HTTP 200 (documentation of ``%RESPONSE_FLAGS%``)."""
_KONG_META_KEYS: Final = ("request_model", "provider_name")
"""Kong's ``meta`` has at least one of these: other logs may have an ``ai`` with a ``meta``, too."""
_CLOUDFLARE_KEYS: Final = frozenset(("model", "provider", "tokens_in", "tokens_out", "success", "created_at"))
"""Applications name some of these so, too."""
_PLUGINS: Final = ("proxy", "ai-proxy", "ai-proxy-advanced")
"""Kong's plugins that forward a call; others, like the judge, call models themselves."""


def as_pair(tree: dict[str, Any]) -> dict[str, Any]:
    """Return an access log line as a pair; any other record, and traffic to no model, unchanged."""
    if "response_code" in tree and "ai_log" in tree:
        return _of_higress(tree, object_of(tree["ai_log"]))
    if "response_code" in tree:
        record = tree if _MODEL in tree else {_OLD_NAMES.get(name, name): value for name, value in tree.items()}
        return _of_envoy(record) if record.get(_MODEL) else tree
    if "tokens_in" in tree and tree.keys() >= _CLOUDFLARE_KEYS:
        return _of_cloudflare(tree)
    summary = tree.get("llm_summary")
    if isinstance(summary, dict) and any(summary.values()):  # otherwise the plugin was not involved
        return _of_apisix(tree, summary)
    ai = tree.get("ai", tree if "ai-proxy" in tree else None)
    if isinstance(ai, dict):
        for entry in (*map(ai.get, _PLUGINS), ai, *ai.values()):
            meta = entry.get("meta") if isinstance(entry, dict) else None
            if isinstance(meta, dict) and not meta.keys().isdisjoint(_KONG_META_KEYS):
                return _of_kong(tree, entry, meta)
    return tree


def _of_envoy(tree: dict[str, Any]) -> dict[str, Any]:
    reasoning, written = tree.get("gen_ai.usage.reasoning_tokens"), tree.get("gen_ai.usage.cache_creation.input_tokens")
    cached = first_of(tree, _CACHED)
    usage = {
        "prompt_tokens": tree.get("gen_ai.usage.input_tokens"),
        "completion_tokens": tree.get("gen_ai.usage.output_tokens"),
        "total_tokens": tree.get("gen_ai.usage.total_tokens"),
        "prompt_tokens_details": {"cached_tokens": cached} if cached is not None else None,
        "cache_creation_input_tokens": written,
        "completion_tokens_details": {"reasoning_tokens": reasoning} if reasoning is not None else None,
    }
    flags = str(tree.get("response_flags") or "").split(",")
    failure = next((_FAILURE_FLAGS[flag] for flag in flags if flag in _FAILURE_FLAGS), None)
    path = _path(tree.get("x-envoy-origin-path") or tree.get("path")) or ""
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
        "response": _answer(tree.get("gen_ai.response.model") or tree.get("gen_ai.request.model_override"), usage),
        "error": {"type": failure} if failure else None,
    }


def _of_higress(tree: dict[str, Any], log: dict[str, Any]) -> dict[str, Any]:
    """Return a line of Higress as a pair; unchanged if it is of no model. Its counts and times are texts."""
    path = str(tree.get("path") or "")
    if not log or not (log.get("model") or is_path(path)):
        return tree
    names = {ours: log[name] for name, ours in _HIGRESS_NAMES.items() if log.get(name) not in (None, "-")}
    pair = _of_envoy({_MODEL: None, **tree, **names, "x-request-id": tree.get("request_id")})
    first_token = _number(log.get("llm_first_token_duration"))
    consumer, cluster = log.get("consumer"), str(tree.get("upstream_cluster") or "")
    return {
        **pair,
        "duration_ms": _number(tree.get("duration")),
        "ttft_s": None if first_token is None else first_token / 1000,
        "provider": cluster.rpartition("|")[2] or None,  # outbound|443||llm-qwen.internal.dns
        "consumer": consumer if consumer not in ("none", "-") else None,
        "request": {**pair["request"], "stream": log.get("response_type") == "stream" or first_token is not None},
    }


def _path(target: Any) -> str | None:
    """Return a request's path without its query, which may contain a key."""
    return str(target or "").partition("?")[0] or None


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 16 else None


def _of_apisix(tree: dict[str, Any], summary: dict[str, Any]) -> dict[str, Any]:
    """Return a line of APISIX, whose plugin ``ai-proxy`` adds a summary, and the request if so configured.

    https://apisix.apache.org/docs/apisix/plugins/ai-proxy/
    """
    response, request = (side if isinstance(side, dict) else {} for side in map(tree.get, ("response", "llm_request")))
    counts = {name: summary.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    parts = {
        **{name: summary.get(name) for name in ("cache_read_input_tokens", "cache_creation_input_tokens")},
        "completion_tokens_details": {"reasoning_tokens": summary.get("reasoning_tokens")},
    }
    streamed = summary.get("stream", request.get("stream"))
    return {
        "id": tree.get("request_id"),
        "time": tree.get("start_time"),
        "duration_ms": tree.get("latency", summary.get("duration")),
        "status": response.get("status"),
        "route": tree.get("route_id"),
        "consumer": summary.get("end_user_id"),
        "request": {**request, "model": request.get("model", summary.get("model")), "stream": streamed},
        "response": _answer(summary.get("model"), {**counts, **parts} if any(counts.values()) else {}),
    }


def _of_cloudflare(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a row of Cloudflare's log, which has the first part of each body if it was requested by its id.

    A response from the gateway's cache has the tokens and the cost of the first response.
    """
    counts = {"prompt_tokens": tree["tokens_in"], "completion_tokens": tree.get("tokens_out")}
    counts = counts if any(counts.values()) else {}
    cached, failed = tree.get("cached") is True, tree.get("success") is False
    sent_body, body = object_of(tree.get("request_head")), object_of(tree.get("response_head"))
    return {
        "id": tree.get("id"),
        "time": tree.get("created_at"),
        "duration_ms": tree.get("duration"),
        "status": tree.get("status_code"),
        "provider": tree["provider"],
        "route": _path(tree.get("path")),
        "cost_usd": None if cached else tree.get("cost") or None,
        "cache_hit": cached,
        "request": {**sent_body, "model": tree["model"]},
        "response": {"usage": counts, **body} if body else _answer(tree["model"], counts),
        "error": {"type": "error"} if failed and not body else None,
    }


def _of_kong(tree: dict[str, Any], entry: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    request, response, consumer, payload, latencies, usage, cache = (
        value if isinstance(value, dict) else {}
        for value in (
            *map(tree.get, ("request", "response", "consumer")), entry.get("payload"), tree.get("latencies"),
            entry.get("usage"), entry.get("cache"),
        )
    )  # fmt: skip
    plugins = [value for value in entry.values() if isinstance(value, dict)]
    blocked = any(value[name] for value in plugins for name in value if name.endswith("block_reason"))
    body, duration = object_of(payload.get("response")), latencies.get("request", meta.get("llm_latency"))
    hit = str(cache.get("cache_status")).lower() == "hit"
    counts = _counts(usage, hit=hit)
    return {
        "id": request.get("id"),
        "time": tree.get("started_at"),
        "duration_ms": duration,
        "ttft_s": _first_token(usage, meta, duration),
        "status": response.get("status"),
        "route": _path(request.get("uri")),
        "provider": meta.get("provider_name"),
        "consumer": consumer.get("username") or consumer.get("custom_id") or consumer.get("id"),
        "cost_usd": usage.get("cost") or None,
        "cache_hit": hit,
        "scores": {"llm_accuracy": score / 100} if is_number(score := usage.get("llm_accuracy")) else None,
        "request": {
            **(sent_body := object_of(payload.get("request"))),
            "model": meta.get("request_model") or sent_body.get("model"),
            "stream": meta.get("request_mode") == "stream",
        },
        "response": {"usage": counts, **body} if body else _answer(meta.get("response_model"), counts),
        "error": {"type": "guardrail_blocked"} if blocked else None,
    }


def _counts(usage: dict[str, Any], *, hit: bool) -> dict[str, Any]:
    """Return Kong's counts; none if they are 0, as for streams without usage, unless the answer came from its cache.

    Before 3.10 its documentation has the names without an "s".
    """
    names = ("prompt_token", "completion_token")
    counts = {f"{name}s": usage.get(f"{name}s", usage.get(name)) for name in names}
    return {**usage, **counts} if hit or any(counts.values()) else {}


def _first_token(usage: dict[str, Any], meta: dict[str, Any], duration: Any) -> float | None:
    """Return the seconds to the first token; None if it came with the last, as without streaming."""
    first, total = usage.get("time_to_first_token"), meta.get("llm_latency")
    if meta.get("request_mode") == "oneshot" or not (is_number(first) and is_number(total) and is_number(duration)):
        return None
    return first / 1000 if first < total and first <= duration else None


def _answer(model: Any, usage: dict[str, Any]) -> dict[str, Any] | None:
    counts = {name: count for name, count in usage.items() if count is not None}
    return {"model": model, "usage": counts} if counts or model else None
