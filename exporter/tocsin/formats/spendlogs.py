"""Rows of LiteLLM's table SpendLogs (``/spend/logs``, a dump of its database), under the names of a payload.

Source: ``SpendLogsPayload`` and ``SpendLogsMetadata`` in LiteLLM's ``proxy/_types.py``. Objects stand there as text.
The metadata says why a call failed, and in early 2025, before the table had a column for it, that it failed at all.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any


def named(tree: dict[str, Any]) -> dict[str, Any]:
    """Give a row the names of a payload; any other record stays as it is."""
    if "request_id" not in tree or "id" in tree:
        return tree
    meta = _metadata(tree)
    tree["id"] = tree["request_id"]
    tree.setdefault("response_cost", tree.get("spend"))
    if tree.get("status") not in ("success", "failure"):
        tree["status"] = "failure" if meta.get("status") == "failure" else "success"
    tree.setdefault("error_information", meta.get("error_information"))
    if meta.get("usage_object") is None and "additional_usage_values" in meta:  # of early 2025
        meta["usage_object"] = meta["additional_usage_values"]
    meta.setdefault("user_api_key_hash", meta.get("user_api_key"))
    meta.setdefault("user_api_key_user_id", tree.get("user"))
    tree.setdefault("status_fields", {})  # which tell the age of a payload
    tree["cache_hit"] = str(tree.get("cache_hit")).lower() == "true"
    _decode_texts(tree)
    return tree


def _decode_texts(row: dict[str, Any]) -> None:
    """Decode what was said, in its place: without ``store_prompts_in_spend_logs`` these are empty objects.

    Rows of 2025 and later have what was asked in the request as the proxy received it.
    """
    for name in ("messages", "response", "proxy_server_request"):
        told = row.get(name)
        with suppress(ValueError, RecursionError):
            row[name] = json.loads(told) if isinstance(told, str) and told[:1] in ("{", "[") else told
    asked = row.get("proxy_server_request")
    if isinstance(asked, dict):
        row["messages"] = row.get("messages") or asked.get("messages", asked.get("input"))
        row.setdefault("model_parameters", asked)


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a row, decoded in its place; what is none stays there, to be named as a fault."""
    told = row.get("metadata")
    with suppress(ValueError, RecursionError):
        found = json.loads(told) if isinstance(told, str) else told
        if isinstance(found, dict):
            row["metadata"] = found
            return found
    return {}
