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
"""Levels of nesting: a log line in an event bus's message is two."""
_LINE_KEYS: Final = ("message", "log", "msg", "jsonPayload")
_ENVELOPE_KEYS: Final = ("specversion", "detail-type", "Type", *_LINE_KEYS)
_RECORD_KEYS: Final = frozenset(
    ("request", "response", "request_body", "response_body", "startTime", "litellm_call_id", "schemaType")
)
"""A record in a log line has at least one of these keys; an error or an answer alone is no evidence of a call."""


def unwrapped(tree: dict[str, Any]) -> bytes | None:
    """Return the JSON of the record in an envelope; None if the object is no envelope, or contains no object."""
    if tree.keys().isdisjoint(_ENVELOPE_KEYS):  # the usual case
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
    return next((found for key in _LINE_KEYS if key in tree and (found := _line(tree[key]))), None)


def _line(value: Any) -> bytes | None:
    """Return the content of a log line if it is a record of a call."""
    if not isinstance(value, dict) and not (isinstance(value, str) and value.lstrip().startswith("{")):
        return None
    try:
        tree = value if isinstance(value, dict) else json.loads(value)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(tree, dict) and (tree.keys() & _RECORD_KEYS or tree.get("v") == 1)
    return _json(value) if is_record else None


def _json(value: Any) -> bytes | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return value.encode("utf-8", "surrogatepass")
    try:
        return json.dumps(value).encode() if isinstance(value, dict) else None
    except RecursionError:
        return None


def _base64(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None
