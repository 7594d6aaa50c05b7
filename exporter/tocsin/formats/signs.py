"""Signs by which a call to a model differs from other records: application logs have errors and requests, too.

A record without a sign is skipped as ``unknown_format``: an access log in the same file must not count as traffic.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tocsin.formats import generators, shapes

_REQUEST_KEYS: Final = frozenset(("model", "messages", "prompt", "contents", "inputs", "instructions", "modelUri"))
"""Not Tencent's ``Messages``, which services for e-mail and queues have too, nor Triton's ``text_input``: their URLs
are signs."""
_RESPONSE_KEYS: Final = frozenset(
    ("choices", "usage", "usageMetadata", "candidates", "embeddings", "generations", "model", "modelVersion")
)
_PATH: Final = re.compile(
    r"/(?:chat/)?completions|/v\d\w*/(?:messages|responses|embeddings|chat|generate|rerank|embed)\b"
    r"|/api/(?:chat|generate|embed)|/model/[^/]+/(?:invoke|converse)|:(?:stream)?generateContent"
    r"|/v1(?:(?:alpha|beta)\d*)?/interactions\b|/models/[^/:]+:(?:raw|streamRaw)?predict|openai|anthropic"
    r"|/ml/v\d\w*/text/(?:generation|chat)|/v2/models/[^/]+/(?:versions/[^/]+/)?generate|/chat-completions/"
    r"|/foundationModels/v\d/completion|/wenxinworkshop/|hunyuan|api\.replicate\.com/v1/(?:\w+/[^/]+/[^/]+/)?predictions",
    re.IGNORECASE,
)
_EVENTS: Final = (
    "message_start", "message_delta", "message_stop",
    "content_block_start", "content_block_delta", "content_block_stop",
)  # fmt: skip
ENDS: Final = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done")
"""Last events of a stream of the Responses API, and of a response of the Realtime API."""
_SIDES: Final = frozenset(("request", "response", "request_body", "response_body"))
_BODY_KINDS: Final = ("chat.completion", "text_completion", "text.completion", "response", "error")
_ERROR_KEYS: Final = frozenset(
    ("error", "type", "request_id", "id", "user_id", "status", "code", "event_id", "provider")
)
"""Keys that providers and Portkey put beside an error; an object with any other is an application's log line."""
_LITELLM_KEYS: Final = frozenset(("litellm_call_id", "custom_llm_provider", "call_type", "model_group"))
_LOG_KEYS: Final = frozenset(("level", "severity", "levelname", "logger", "msg"))


def is_pair(
    envelope: dict[str, Any], request: dict[str, Any], response: dict[str, Any], url: str, *, sure: bool
) -> bool:
    """Return whether an envelope contains a call; ``sure``: even without a request, unless it shows something else."""
    is_request = request.keys() & _REQUEST_KEYS or (sure and "input" in request)  # other services have this key too
    if is_request or response.keys() & _RESPONSE_KEYS or is_path(url) or _is_typed(response):
        return True
    if generators.is_sure(response):
        return True
    if request or is_log(envelope) or not envelope.keys() & _SIDES:
        return False
    return sure or "duration_s" in envelope or "model" in envelope


def is_path(url: str) -> bool:
    """Return whether models are called at a URL."""
    return _PATH.search(url) is not None


def is_body(body: dict[str, Any]) -> bool:
    """Return whether an object on its own is a response of a model's API."""
    kind = body.get("object")
    if kind == "batch":  # the status of a job
        return False
    if isinstance(kind, str) and (kind in _BODY_KINDS or "usage" in body):
        return True
    if "usage" in body and "model" in body:
        return True
    choices = body.get("choices")
    if isinstance(choices, list) and all(isinstance(choice, dict) for choice in choices):
        return True
    if _is_typed(body) or shapes.is_body(body):
        return True
    return is_error(body) and not is_log(body)


def is_of_litellm(record: dict[str, Any]) -> bool:
    """Return whether a record is LiteLLM's callback payload, which is not a pair."""
    return "startTime" in record and not _LITELLM_KEYS.isdisjoint(record)


def is_chunk(body: dict[str, Any]) -> bool:
    """Return whether an object is one chunk of a stream: a part of a response, not a call.

    Chunks of completions are not marked as such; the last one counts as the call, as do the chat chunk with the usage,
    and the last event of a stream of the Responses API, which contains the whole body.
    """
    event, kind, choices = body.get("type"), body.get("object"), body.get("choices")
    if isinstance(event, str) and (event.startswith("response.") or event in _EVENTS):
        return event not in ENDS
    if kind == "text_completion" and isinstance(choices, list) and not body.get("usage"):
        return not any(isinstance(choice, dict) and choice.get("finish_reason") for choice in choices)
    return isinstance(kind, str) and kind.endswith(".chunk") and not _has_final_usage(body)


def _has_final_usage(chunk: dict[str, Any]) -> bool:
    """Return whether a chat chunk has the final usage: it has no choices, or is the last chunk of a choice.

    vLLM and others, which may report usage so far in each chunk, have it in both; these have the same id.
    """
    usage, choices = chunk.get("usage"), chunk.get("choices")
    if not isinstance(usage, dict) or not usage.get("prompt_tokens") or not isinstance(choices, list):
        return False
    return not choices or any(isinstance(choice, dict) and choice.get("finish_reason") for choice in choices)


def is_messages(response: dict[str, Any], url: str) -> bool:
    """Return whether a pair is of Anthropic's Messages API: by its response, otherwise by its URL."""
    kind = response.get("type")
    if kind == "message" or (kind == "error" and isinstance(response.get("error"), dict)):
        return True
    return not response.keys() & {"choices", "object"} and "/messages" in url


def is_error(body: dict[str, Any]) -> bool:
    """Return whether an object has an error of the usual form."""
    error = body.get("error")
    return isinstance(error, dict) and bool(error.keys() & {"message", "type", "code"})


def is_bare_error(body: dict[str, Any]) -> bool:
    """Return whether an object is a provider's error body, and nothing more."""
    return body.get("object") == "error" or (is_error(body) and body.keys() <= _ERROR_KEYS)


def is_log(record: dict[str, Any]) -> bool:
    """Return whether a record has keys that only loggers write."""
    return bool(record.keys() & _LOG_KEYS)


def _is_typed(body: dict[str, Any]) -> bool:
    """Return whether a body states its type, as Anthropic's and those of the Responses API do."""
    kind = body.get("type")
    return (
        (kind == "message" and ("usage" in body or "content" in body))
        or (kind == "error" and isinstance(body.get("error"), dict))
        or ("output" in body and isinstance(body.get("status"), str))
    )
