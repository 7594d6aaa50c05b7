"""Rows of LiteLLM's table SpendLogs (``/spend/logs``, a dump of its database), converted to a payload.

Source: ``SpendLogsPayload`` and ``SpendLogsMetadata`` in LiteLLM's ``proxy/_types.py``. Objects are stored as text.
The metadata has the error, and in early 2025, before the table had a column for it, the status.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any


def as_payload(tree: dict[str, Any]) -> dict[str, Any]:
    """Rename the fields of a row to those of a payload; any other record is unchanged."""
    if "request_id" not in tree or "id" in tree:
        return tree
    meta = _metadata(tree)
    tree["id"] = tree["request_id"]
    tree.setdefault("response_cost", tree.get("spend"))
    if tree.get("status") not in ("success", "failure"):
        tree["status"] = "failure" if meta.get("status") == "failure" else "success"
    tree.setdefault("error_information", meta.get("error_information"))
    if meta.get("usage_object") is None and "additional_usage_values" in meta:  # early 2025
        meta["usage_object"] = meta["additional_usage_values"]
    meta.setdefault("user_api_key_hash", meta.get("user_api_key"))
    meta.setdefault("user_api_key_user_id", tree.get("user"))
    tree.setdefault("status_fields", {})  # their absence would mark an old payload
    tree["cache_hit"] = str(tree.get("cache_hit")).lower() == "true"
    _decode_texts(tree)
    return tree


def _decode_texts(row: dict[str, Any]) -> None:
    """Decode the content in place: without ``store_prompts_in_spend_logs`` these are empty objects.

    Rows of 2025 and later have the messages in the request as the proxy received it.
    """
    for name in ("messages", "response", "proxy_server_request"):
        value = row.get(name)
        with suppress(ValueError, RecursionError):
            row[name] = json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    request = row.get("proxy_server_request")
    if isinstance(request, dict):
        row["messages"] = row.get("messages") or request.get("messages", request.get("input"))
        row.setdefault("model_parameters", request)


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a row, decoded in place; other values stay there, and become a field error."""
    value = row.get("metadata")
    with suppress(ValueError, RecursionError):
        decoded = json.loads(value) if isinstance(value, str) else value
        if isinstance(decoded, dict):
            row["metadata"] = decoded
            return decoded
    return {}
