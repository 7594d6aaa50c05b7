"""A logged request and response of any vendor: the caller, the model, the time, the duration and the failure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from itertools import islice
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import xxhash

from tocsin.call import OTHER, UNKNOWN, Call, Content, Prompt, Skip
from tocsin.formats import bedrock, shapes
from tocsin.formats.base import Buffer
from tocsin.formats.exchange import Exchange, decode, exchange
from tocsin.formats.failures import by_error
from tocsin.formats.lenient import MAX_SECONDS, bounded, count, epoch_seconds, is_number, text_seconds, within
from tocsin.formats.recorders import as_pair
from tocsin.formats.signs import is_of_litellm
from tocsin.formats.texts import expectation, logprobs_of, messages, part_text, sampling, system_prompts, text_of

SCORES_MAX = 64
"""Maximum number of scorers of one call; the rest are dropped: each costs as much as a small call."""
_TIMES = ("time", "timestamp", "created_at", "timestamp_ms")
_DIGITS = re.compile(r"\d+")
_MODEL_IN_PATH = re.compile(
    r"/(?:deployments|model|v2/models)/([^/]{1,200})/|/models/([^/:]{1,200}):|/chat-completions/([^/]{1,200})$"
)
_UNMETERED = re.compile(
    r"/(?:images|audio|moderations|files|uploads|batches|rerank|ocr|vector_stores|fine_tuning|cachedContents)(?:/|$)"
    r"|/guardrail/[^/]+/version/[^/]+/apply$|/count[_-]tokens$|/models(?:/[^/:]+)?$|:(?:countTokens|(?:batchE|e)mbedContents?)$"
    r"|/models/(?:imagen|veo|imagegeneration|multimodalembedding)[^/]*:predict"
)
"""Paths of endpoints that are metered in units other than tokens, or not at all."""


class PairFormat(ABC):
    """Base class of adapters for request/response pairs; the vendor-specific part is ``fill``."""

    name: str
    input_keys: tuple[str, ...] = ("messages",)
    """Keys of the request that may have the conversation; the first one present is used."""

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Call:
        """Return the call of one pair; see ``Format.parse``.

        A LiteLLM record also has a ``response``, but says beside it that the call failed: read as a pair, every
        failed call would be a success.
        """
        tree = decode(data)
        if is_of_litellm(tree):
            raise Skip("unknown_format")
        return self.read(exchange(as_pair(tree), is_call=True), data)

    def read(self, ex: Exchange, data: Buffer) -> Call:
        """Return the call of one pair that is already out of its envelope; ``data`` are the bytes of the record."""
        ex.request, ex.response = shapes.request(ex.request), self.body(ex.response)
        call = _call_of(ex, data, self.name)
        self.fill(call, ex)
        call.batch_rates = _has_batch_rates(call, ex)
        if call.failure is not None:
            call.id += "|failed"  # a successful retry under the same id is another event of the same call
        _by_recorder(call, ex)
        if self._content:
            _fill_content(call, ex, self.input_keys)
        call.field_errors = tuple(ex.errors)
        return call

    def body(self, response: dict[str, Any]) -> dict[str, Any]:
        """Return a response in the vendor's usual format."""
        return response

    @abstractmethod
    def fill(self, call: Call, ex: Exchange) -> None:
        """Fill in the usage, the finish reason, and whatever else the vendor reports."""


def _has_batch_rates(call: Call, ex: Exchange) -> bool:
    """Return whether a call is billed at half price: a batch result, or OpenAI's and Azure's tier ``flex``.

    https://developers.openai.com/api/docs/guides/flex-processing; Groq's tier of this name has the standard price.
    """
    usage = ex.response.get("usage")
    if "custom_id" in ex.envelope or "processed_time" in ex.envelope:
        return True
    if isinstance(usage, dict) and usage.get("service_tier") == "batch":
        return True
    return ex.response.get("service_tier") == "flex" and "openai" in call.provider


def _call_of(ex: Exchange, data: Buffer, provider: str) -> Call:
    """Build the call from what all pairs have: identity, time, model, route, failure."""
    tree, request, response = ex.envelope, ex.request, ex.response
    split = _split(ex)
    path = split.path if split is not None else ""
    requested, served, logged = (_name(side, "model", ex.errors) for side in (request, response, tree))
    event_id, call_id = _identity(tree, response, path, data)
    host = split.hostname if split is not None else None
    provider = host or (_name(tree, "provider", ex.errors) or provider).lower()
    call = Call(event_id, call_id, provider, requested or _model_in_path(path) or served or logged or UNKNOWN)
    call.route = _name(tree, "route", ex.errors) or _route(path, response.get("id"))
    timestamps = (*map(tree.get, _TIMES), response.get("created"), response.get("created_at"))
    call.start = seconds(next((stamp for stamp in timestamps if stamp is not None), None))
    if call.start is None:
        call.start = text_seconds(ex.headers.get("date", ""))
    if call.start is None and tree.get("time") is not None:
        ex.errors.append("time")
    response_id = response.get("id")
    call.response_id = response_id if isinstance(response_id, str) else None
    call.duration = _duration(ex)
    call.status = ex.status
    call.stream = ex.stream
    if served != call.model:
        call.served_model = served
    call.failure = failure(ex)
    if call.failure is not None or _UNMETERED.search(path):
        call.usage_expected = False
    meta = request.get("metadata")
    users = (
        (tree, "consumer"), (tree, "user_id"), (request, "user"), (request, "safety_identifier"), (meta, "user_id"),
    )  # fmt: skip
    call.consumer = next((name for side, key in users if (name := _name(side, key, ex.errors))), None)
    call.session = _name(tree, "session", ex.errors) or _name(tree, "session_id", ex.errors) or _conversation(ex)
    prompt = request.get("prompt")
    if isinstance(prompt, dict) and isinstance(prompt.get("id"), str):
        call.prompt = Prompt(prompt["id"], str(prompt["version"]) if prompt.get("version") else None)
    if call.session is not None:
        call.prompt_key = prompt_key(request.get("messages", request.get("input")))
    return call


def _name(side: Any, key: str, errors: list[str]) -> str | None:
    """Return a non-empty text field; a value of another type is an error, and absent."""
    value = side.get(key) if isinstance(side, dict) else None
    if value is not None and not isinstance(value, str):
        errors.append(key)
        return None
    return value or None


def _conversation(ex: Exchange) -> str | None:
    """Return the id of the conversation to which a response belongs, if the Responses API stores one."""
    conversation = ex.response.get("conversation") or ex.request.get("conversation")
    identity = conversation.get("id") if isinstance(conversation, dict) else conversation
    return identity if isinstance(identity, str) and identity else None


def _route(path: str, response_id: Any) -> str:
    """Return the path without the id of a polled response: otherwise each would be a route of its own."""
    return (path.replace(f"/{response_id}", "") if isinstance(response_id, str) and response_id else path) or UNKNOWN


def _identity(tree: dict[str, Any], response: dict[str, Any], path: str, data: Buffer) -> tuple[str, str]:
    """Return the identity of the event and of the call.

    Some servers number their responses from a small range (Ollama: three digits), so a response's own id is
    combined with its creation time. A queued response is logged again under the same id once it is finished; polling
    by id (``GET /v1/responses/resp_1``) returns the same response each time.
    """
    logged_id, response_id = tree.get("id") or tree.get("request_id") or tree.get("_id"), response.get("id")
    call_id = tree.get("call_id")
    if isinstance(response_id, str) and response_id and path.endswith(f"/{response_id}"):
        logged_id = None
    status = response.get("status")
    pending = f"|{status}" if status in ("queued", "in_progress") else ""
    if isinstance(logged_id, str | int):
        return f"{logged_id}{pending}", call_id if isinstance(call_id, str) and call_id else str(logged_id)
    if isinstance(response_id, str | int) and response_id:
        created = response.get("created", response.get("created_at"))
        suffix = f"|{created}" if isinstance(created, int | float | str) else ""
        return f"{response_id}{suffix}{pending}", str(response_id)
    identity = xxhash.xxh3_128_hexdigest(bytes(data))
    return identity, identity


def _model_in_path(path: str) -> str | None:
    """Return the model in the path: with Azure, Bedrock, Gemini, Triton and CLOVA it may be named nowhere else."""
    found = _MODEL_IN_PATH.search(path)
    return unquote(found[found.lastindex or 0]) if found else None


def _split(ex: Exchange) -> SplitResult | None:
    try:
        return urlsplit(ex.url) if ex.url else None
    except ValueError:  # a bracket that does not open an IPv6 address
        ex.errors.append("url")
        return None


def prompt_key(prompt: Any) -> int | None:
    """Return the 64-bit hash of the end of a prompt, without digits."""
    text = prompt if isinstance(prompt, str) else part_text(
        [m.get("content") for m in prompt[-1:] if isinstance(m, dict)] if isinstance(prompt, list) else ""
    )  # fmt: skip
    tail = _DIGITS.sub("", text[-300:])
    return xxhash.xxh3_64_intdigest(tail.encode("utf-8", "surrogatepass")) if tail else None


def _fill_content(call: Call, ex: Exchange, input_keys: tuple[str, ...]) -> None:
    """Fill in the texts, the expected format and the sampling parameters."""
    request = ex.request
    conversation = messages(next((request[key] for key in (*input_keys, "prompt") if key in request), None))
    texts = [*system_prompts(request), *conversation]
    output, tools = text_of(ex.response)
    state = "present" if output or texts else "absent"
    call.content = Content(input=texts, output=output, tools=tools, logprobs=logprobs_of(ex.response), state=state)
    call.expect = expectation(request)
    call.params = sampling(request)


def seconds(value: Any) -> float | None:
    """Return the Unix seconds of an epoch number (s, ms, us or ns) or a time in text; None if it is neither."""
    if is_number(value):
        return epoch_seconds(value)
    return text_seconds(value) if isinstance(value, str) else None


def _by_recorder(call: Call, ex: Exchange) -> None:
    """Fill in what only the recorder knows, and its own counts if the bodies have none.

    Helicone's webhook cuts bodies at 10 kB; LiteLLM's proxy reports the cost in a header.
    """
    tree, errors = ex.envelope, ex.errors
    meta = ex.recorder[-1] if ex.recorder else {}
    if call.input_tokens is None and call.output_tokens is None:
        call.input_tokens = tokens(meta.get("promptTokens"), "metadata.promptTokens", errors)
        call.output_tokens = tokens(meta.get("completionTokens"), "metadata.completionTokens", errors)
    call.trace_id = _name(tree, "trace_id", errors)
    call.cache_hit = tree.get("cache_hit") is True
    labels = tree.get("labels")
    if isinstance(labels, dict):
        call.labels = texts_of(labels, errors)
    elif labels is not None:
        errors.append("labels")
    if tree.get("scores") is not None:
        call.scores = scores_of(tree["scores"], errors)
    hold_first_token(call, tree.get("ttft_s"), errors)
    cost = bounded(tree.get("cost_usd"), "cost_usd", 1e6, errors)
    billed = meta.get("cost") if "promptTokens" in meta else _decimal(ex.headers.get("x-litellm-response-cost", ""))
    if cost is None and call.cost_usd is None and is_number(billed) and 0 < billed < 1e6:
        cost = float(billed)  # 0 means an unknown price
    call.cost_usd = call.cost_usd if cost is None else cost


def texts_of(labels: dict[str, Any], errors: list[str]) -> dict[str, str]:
    """Return the labels that are texts; others are an error."""
    good = {name: value for name, value in labels.items() if isinstance(value, str)}
    if len(good) < len(labels) and any(value is not None for value in labels.values() if not isinstance(value, str)):
        errors.append("labels")
    return good


def scores_of(raw: Any, errors: list[str]) -> dict[str, float] | None:
    """Return the external scores within 0..1, by scorer; others are an error."""
    given = raw if isinstance(raw, dict) else {}
    first = islice(given.items(), SCORES_MAX)
    good = {name: float(score) for name, score in first if is_number(score) and 0 <= score <= 1}
    if len(good) < len(given) or (raw and not given):
        errors.append("scores")
    return good or None


def _decimal(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_DURATION_KEYS = (
    "duration_ms", "latency_ms", "latencyMs", "responseTime", "invocationLatency", "execution_time_ms",
    "execution_duration_ms",
)  # fmt: skip
"""The last two are of Databricks' payload tables (https://docs.databricks.com/aws/en/machine-learning/model-serving)."""
_DURATION_HEADERS = ("openai-processing-ms", "x-amzn-bedrock-invocation-latency")
"""Headers with the duration in milliseconds; for a stream, only until its first byte."""


def _duration(ex: Exchange) -> float | None:
    response, errors, stream = ex.response, ex.errors, ex.stream
    value = ex.envelope.get("duration_s")
    if value is None:
        header = "" if stream else next((ex.headers[name] for name in _DURATION_HEADERS if name in ex.headers), "")
        if header.isdecimal() and len(header) < 9:
            return int(header) / 1000
        measured = (response.get("metrics"), response.get(bedrock.METRICS))
        sides = [side for side in (*ex.recorder, *measured) if isinstance(side, dict)]
        milliseconds = next((side[key] for side in sides for key in _DURATION_KEYS if key in side), None)
        if is_number(milliseconds) and 0 <= milliseconds < MAX_SECONDS * 1000:
            return float(milliseconds) / 1000
        created, completed = response.get("created_at"), response.get("completed_at")
        if is_number(created) and is_number(completed) and 0 < completed - created < MAX_SECONDS:
            return float(completed - created)
        return None
    return bounded(value, "duration_s", MAX_SECONDS, errors)


def failure(ex: Exchange) -> str | None:
    """Return the reason of a failed exchange by its status and error object; None for a success.

    A status of 0 is a network error (https://fetch.spec.whatwg.org/#concept-network-error).
    """
    error = ex.error
    status = ex.status
    if error is None and (status is None or status < 400):
        return "connection" if status == 0 and not ex.response else None
    body = error or ex.response  # Amazon's, Cohere's, DashScope's and SiliconFlow's errors are flat
    if status is None or status < 400:
        codes = (str(body.get(name)) for name in ("code", "status", "httpCode"))
        status = next((int(code) for code in codes if _HTTP.fullmatch(code)), None)
    words = " ".join(str(body[key]) for key in ("type", "code", "status") if body.get(key))
    reason = by_error(words, status, str(body.get("message") or ""))
    # A stream that was accepted and then broke off is not the caller's fault, whatever the error says.
    return "provider_5xx" if reason == OTHER and ex.stream and ex.response else reason


_HTTP = re.compile(r"[45]\d\d")


def tokens(value: Any, name: str, errors: list[str]) -> int | None:
    """Return a token count of a usage object; an unusable one is None, and an error."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if not is_number(value) or value != int(value):
        errors.append(name)
        return None
    return count(int(value), name, errors)


def hold_first_token(call: Call, ttft: Any, errors: list[str]) -> None:
    """Set the seconds to the first token; a value later than the end is an error."""
    call.ttft = bounded(ttft, "ttft_s", MAX_SECONDS, errors)
    if call.ttft is not None and call.duration is not None and call.ttft > call.duration:
        errors.append("ttft_s")
        call.ttft = None


def hold_parts(call: Call, errors: list[str]) -> None:
    """Drop counts that exceed the count of which they are a part; each is an error."""
    call.cache_read_tokens = within(call.cache_read_tokens, call.input_tokens, "usage.cache_read", errors)
    left = None if call.input_tokens is None else call.input_tokens - (call.cache_read_tokens or 0)
    call.cache_write_tokens = within(call.cache_write_tokens, left, "usage.cache_write", errors)
    call.reasoning_tokens = within(call.reasoning_tokens, call.output_tokens, "usage.reasoning", errors)
