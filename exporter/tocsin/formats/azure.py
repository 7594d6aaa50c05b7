"""Azure Monitor's resource logs of calls, converted to a logged pair.

Azure OpenAI's ``RequestResponse`` (https://learn.microsoft.com/azure/ai-foundry/openai/how-to/monitor-openai) has
neither tokens nor content; its times are in 100 ns since the year 1, its duration may be negative. API Management's
``GatewayLogs`` have the bodies if it is configured so, as texts that may be truncated; its ``GatewayLlmLogs`` have the
tokens and no status
(https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewayllmlog). Both have the same id
for a request, so that only one of them counts. ``properties`` is an object or JSON text.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from tocsin.formats.lenient import is_number, object_of
from tocsin.formats.signs import is_path

_YEAR_1: Final = 621_355_968_000_000_000
"""Ticks from the year 1 to the Unix epoch."""
_TICKS: Final = 10_000_000
_MODEL: Final = ("modelDeploymentName", "modelName")


def as_pair(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a pair; one of another category, or of no model, unchanged."""
    properties = object_of(tree.get("properties"))
    category = str(tree.get("category")).rpartition(".")[2]  # some destinations prefix the resource type
    if category == "RequestResponse" and any(properties.get(name) for name in _MODEL):
        return _of_openai(tree, properties)
    urls = (_path(properties.get("url")) or "", str(properties.get("backendUrl")))  # the gateway may have any host
    if category == "GatewayLogs" and any(map(is_path, urls)):
        return _of_gateway(tree, properties)
    if category == "GatewayLlmLogs":
        fields = {name[:1].lower() + name[1:]: value for name, value in properties.items()}
        if fields.get("modelName") and (fields.get("promptTokens") or fields.get("completionTokens")):
            return _of_tokens(tree, fields)  # messages over 32 kB continue in records without tokens
    return tree


def _of_openai(tree: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    start, duration = tree.get("time"), None
    sent, answered = properties.get("requestTime"), properties.get("responseTime")
    if is_number(sent) and is_number(answered) and _YEAR_1 < sent <= answered:
        start, duration = (sent - _YEAR_1) / _TICKS, (answered - sent) / _TICKS
    model = properties.get(_MODEL[0]) or properties.get(_MODEL[1])
    return {
        "id": tree.get("correlationId"),
        "time": start,
        "duration_s": duration,
        "status": tree.get("resultSignature"),
        "provider": "azure",
        "route": tree.get("operationName"),
        "request": {"model": model, "stream": properties.get("streamType") == "Streaming"},
        "response": {"model": properties["modelName"]} if properties.get("modelName") else None,
    }


def _of_gateway(tree: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Return a request as the caller saw it; the provider is the backend, unless the gateway itself answered."""
    request = properties.get("requestBody") or properties.get("backendRequestBody")
    response = properties.get("responseBody") or properties.get("backendResponseBody")
    url = str(properties.get("backendUrl") or properties.get("url") or "")
    return {
        "id": tree.get("correlationId"),
        "time": tree.get("time"),
        "duration_ms": tree.get("durationMs"),
        "status": properties.get("responseCode", properties.get("backendResponseCode")),
        "url": url,
        "route": _path(properties.get("url")) or properties.get("apiId"),
        "consumer": properties.get("userId") or properties.get("apimSubscriptionId"),
        "request": request,
        "response": response,
        "error": _error(properties),
    }


_REASONS: Final = {
    "BackendConnectionFailure": "connection", "ClientConnectionFailure": "client disconnect", "Timeout": "timeout",
}  # fmt: skip
"""Of ``lastError`` (https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies)."""


def _error(properties: dict[str, Any]) -> dict[str, Any] | None:
    """Return a failure below HTTP; that of a policy or a provider is in the body."""
    last = object_of(properties.get("lastError"))
    reason = _REASONS.get(str(last.get("reason")))
    return {"type": reason} if reason else None


def _of_tokens(tree: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    sent, cached = properties.get("promptTokens"), properties.get("promptCachedTokens")
    if is_number(sent) and is_number(cached) and cached > sent:
        sent += cached  # Anthropic's
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": properties.get("completionTokens"),
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    messages = properties.get("responseMessages")
    first = messages[0] if isinstance(messages, list) and messages else None
    return {
        "id": tree.get("correlationId", properties.get("correlationId")),
        "time": tree.get("time"),
        "provider": "azure",
        "request": {
            "model": properties.get("deploymentName") or properties["modelName"],
            "messages": properties.get("requestMessages"),
            "stream": properties.get("isStreamCompletion") is True,
        },
        "response": {
            "model": properties["modelName"],
            "usage": usage,
            **({"choices": [{"message": first}]} if isinstance(first, dict) else {}),
        },
    }


def _path(url: Any) -> str | None:
    try:
        return urlsplit(url).path or None if isinstance(url, str) else None
    except ValueError:
        return None
