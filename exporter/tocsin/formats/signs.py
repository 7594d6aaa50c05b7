"""What tells a call to a model from any other record: logs of applications hold errors, requests and answers too.

A record without a sign is skipped as ``unknown_format``: an access log in the same file must not count as traffic.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tocsin.formats import generators, shapes

_ASKED: Final = frozenset(("model", "messages", "prompt", "contents", "inputs", "instructions"))
_ANSWERED: Final = frozenset(
    ("choices", "usage", "usageMetadata", "candidates", "embeddings", "generations", "model", "modelVersion")
)
_PATH: Final = re.compile(
    r"/(?:chat/)?completions|/v\d\w*/(?:messages|responses|embeddings|chat|generate|rerank|embed)\b"
    r"|/api/(?:chat|generate|embed)|/model/[^/]+/(?:invoke|converse)|:(?:stream)?generateContent"
    r"|/v1(?:(?:alpha|beta)\d*)?/interactions\b|/models/[^/:]+:(?:raw|streamRaw)?predict|openai|anthropic"
    r"|/ml/v\d\w*/text/(?:generation|chat)",
    re.IGNORECASE,
)
_EVENTS: Final = (
    "message_start", "message_delta", "message_stop",
    "content_block_start", "content_block_delta", "content_block_stop",
)  # fmt: skip
ENDS: Final = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done")
"""Events with which a stream of the Responses API ends, and an answer of the Realtime API."""
_SIDES: Final = frozenset(("request", "response", "request_body", "response_body"))
_BODIES: Final = ("chat.completion", "text_completion", "text.completion", "response", "error")
_BESIDE_ERRORS: Final = frozenset(
    ("error", "type", "request_id", "id", "user_id", "status", "code", "event_id", "provider")
)
"""What providers and Portkey put beside an error; with anything else it is a line of some application's log."""
_OF_LOGS: Final = frozenset(("level", "severity", "levelname", "logger", "msg"))


def is_pair(
    envelope: dict[str, Any], request: dict[str, Any], response: dict[str, Any], url: str, *, sure: bool
) -> bool:
    """Tell whether an envelope holds a call; ``sure``: one without a request is one unless it says something else."""
    asked = request.keys() & _ASKED or (sure and "input" in request)  # which other services have too
    if asked or response.keys() & _ANSWERED or _PATH.search(url) or _is_typed(response):
        return True
    if generators.is_sure(response):
        return True
    if request or is_log(envelope) or not envelope.keys() & _SIDES:
        return False
    return sure or "duration_s" in envelope or "model" in envelope


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether an object is by itself what a model's API answered."""
    kind = body.get("object")
    if kind == "batch":  # it tells how a job is
        return False
    if isinstance(kind, str) and (kind in _BODIES or "usage" in body):
        return True
    if "usage" in body and "model" in body:
        return True
    choices = body.get("choices")
    if isinstance(choices, list) and all(isinstance(choice, dict) for choice in choices):
        return True
    if _is_typed(body) or shapes.is_body(body):
        return True
    return is_error(body) and not is_log(body)


def is_chunk(body: dict[str, Any]) -> bool:
    """Tell whether an object is one chunk of a stream: a part of an answer, and no call.

    Those of completions have no kind of their own; their last one is taken for the call, as is the one of chat that
    tells the usage, and the event with which a stream of the Responses API ends: it holds the whole body.
    """
    event, kind, choices = body.get("type"), body.get("object"), body.get("choices")
    if isinstance(event, str) and (event.startswith("response.") or event in _EVENTS):
        return event not in ENDS
    if kind == "text_completion" and isinstance(choices, list) and not body.get("usage"):
        return not any(isinstance(choice, dict) and choice.get("finish_reason") for choice in choices)
    return isinstance(kind, str) and kind.endswith(".chunk") and not _tells_usage(body)


def _tells_usage(chunk: dict[str, Any]) -> bool:
    """Tell whether a chunk of chat is the one with all that was used: without choices, or the last of a choice.

    vLLM and others, which may tell in each chunk what was used so far, tell it in both; they have the same id.
    """
    usage, choices = chunk.get("usage"), chunk.get("choices")
    if not isinstance(usage, dict) or not usage.get("prompt_tokens") or not isinstance(choices, list):
        return False
    return not choices or any(isinstance(choice, dict) and choice.get("finish_reason") for choice in choices)


def is_messages(response: dict[str, Any], url: str) -> bool:
    """Tell whether a pair is of Anthropic's Messages API: by its answer, else by its URL."""
    kind = response.get("type")
    if kind == "message" or (kind == "error" and isinstance(response.get("error"), dict)):
        return True
    return not response.keys() & {"choices", "object"} and "/messages" in url


def is_error(body: dict[str, Any]) -> bool:
    """Tell whether an object is the bare body of an error."""
    error = body.get("error")
    return isinstance(error, dict) and bool(error.keys() & {"message", "type", "code"})


def is_bare_error(body: dict[str, Any]) -> bool:
    """Tell whether an object is an error as a provider answers it, and nothing more."""
    return body.get("object") == "error" or (is_error(body) and body.keys() <= _BESIDE_ERRORS)


def is_log(record: dict[str, Any]) -> bool:
    """Tell whether a record has what only loggers write."""
    return bool(record.keys() & _OF_LOGS)


def _is_typed(body: dict[str, Any]) -> bool:
    """Tell whether a body names its own kind, as Anthropic's and the Responses API's do."""
    kind = body.get("type")
    return (
        (kind == "message" and ("usage" in body or "content" in body))
        or (kind == "error" and isinstance(body.get("error"), dict))
        or ("output" in body and isinstance(body.get("status"), str))
    )
