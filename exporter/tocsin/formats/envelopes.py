"""Envelopes: event buses and log shippers that carry a record inside their own.

CloudEvents (https://github.com/cloudevents/spec), Amazon's EventBridge and SNS
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), Google's Pub/Sub
(https://cloud.google.com/pubsub/docs/push) and Cloud Logging, Fluent Bit, Vector, and Datadog's intake, for which
LiteLLM has a callback.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

DEPTH_MAX: Final = 3
"""Carriers inside each other: a log line of an event bus's message is two."""
_LINES: Final = ("message", "log", "msg", "jsonPayload")
_SIGNS: Final = ("specversion", "detail-type", "Type", *_LINES)
_RECORDS: Final = frozenset(
    ("request", "response", "request_body", "response_body", "startTime", "litellm_call_id", "schemaType")
)
"""Keys of which a record has one that a line of a log holds; by an error or an answer alone a line tells of no call."""


def unwrapped(tree: dict[str, Any]) -> bytes | None:
    """Return the JSON of the record inside a carrier; None where the object is no carrier, or holds no object."""
    if tree.keys().isdisjoint(_SIGNS):  # as nearly always
        return None
    if "specversion" in tree:
        return _json(tree.get("data")) or _base64(tree.get("data_base64"))
    if "detail-type" in tree:
        return _json(tree.get("detail"))
    if tree.get("Type") == "Notification":
        return _json(tree.get("Message"))
    message = tree.get("message")
    if "subscription" in tree and isinstance(message, dict):
        return _base64(message.get("data"))
    return next((found for key in _LINES if key in tree and (found := _line(tree[key]))), None)


def _line(told: Any) -> bytes | None:
    """Return what a line of a log holds where it is a record of a call."""
    if not isinstance(told, dict) and not (isinstance(told, str) and told.lstrip().startswith("{")):
        return None
    try:
        tree = told if isinstance(told, dict) else json.loads(told)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(tree, dict) and (tree.keys() & _RECORDS or tree.get("v") == 1)
    return _json(told) if is_record else None


def _json(told: Any) -> bytes | None:
    if isinstance(told, str) and told.lstrip().startswith("{"):
        return told.encode("utf-8", "surrogatepass")
    try:
        return json.dumps(told).encode() if isinstance(told, dict) else None
    except RecursionError:
        return None


def _base64(told: Any) -> bytes | None:
    try:
        return base64.b64decode(told, validate=True) if isinstance(told, str) else None
    except (binascii.Error, ValueError):
        return None
