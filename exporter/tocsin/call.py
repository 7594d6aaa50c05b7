"""The event types that every adapter produces and everything downstream reads.

Only adapters know vendors. A ``Call`` is one finished request to a model, a ``Feedback`` is a later judgement of one.
``None`` always means "unknown", never 0 (design, 1.6).

Units: times are Unix seconds (UTC), durations seconds, money US dollars, tokens are counts. Token counts are inclusive:
``input_tokens`` includes cache reads and writes, ``output_tokens`` includes reasoning. Anthropic and Bedrock report
them separately; their adapters add them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

UNKNOWN: Final = "unknown"
"""The value of a label that the event does not contain."""

OTHER: Final = "other"
"""The value of a folded label, and of a failure that cannot be classified."""

FAILURE_REASONS: Final = (
    "provider_5xx",
    "timeout",
    "connection",
    "rate_limited",
    "client_4xx",
    "blocked_guardrail",
    "blocked_provider",
    "cancelled",
    OTHER,
)

OUTAGE_REASONS: Final = frozenset({"provider_5xx", "timeout", "connection"})
"""The reasons that count against availability."""

TOKEN_KINDS: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
"""The kinds of tokens that are counted."""

TokenUsage = tuple[int, int, int, int, int]
"""Inclusive token counts of one call, in the order of TOKEN_KINDS."""


class Prompt(msgspec.Struct, gc=False, frozen=True):
    """The prompt template behind a call, as far as the event names it."""

    name: str
    version: str | None = None
    checksum: str | None = None
    """``sha256:<hex>`` of the template or rendered system prompt."""


EXPECTED_FORMATS: Final = ("json", "json_schema", "regex", "text")
"""The formats that can be requested of an answer."""


def expected_format(told: str | None, schema: Any, pattern: str | None) -> str | None:
    """Return the requested format of an answer: the explicit one, else the one that a schema or pattern implies."""
    return told or ("json_schema" if schema is not None else "regex" if pattern else None)


class Expectation(msgspec.Struct, gc=False, frozen=True):
    """Requirements of the call on its answer, which is judged by them and by the route's configuration."""

    format: str | None = None
    """One of EXPECTED_FORMATS."""
    schema: Any = None
    pattern: str | None = None
    language: str | None = None
    tools: dict[str, Any] | None = None
    """JSON Schemas of strict tools by name: arguments of calls to these tools are checked against them."""
    follow_question: bool = True
    """Without a requested language, the answer should be in the question's."""


class Message(msgspec.Struct, gc=False):
    """One message of the conversation sent to the model, its parts joined to plain text."""

    role: str
    """``system``, ``user``, ``assistant``, ``tool`` or ``document``."""
    text: str


class ToolCall(msgspec.Struct, gc=False, frozen=True):
    """One tool call in the answer."""

    name: str
    arguments: str | None = None
    """JSON text as written by the model; None if the event does not contain it."""


class Content(msgspec.Struct, gc=False):
    """The content of a call. Adapters fill it only on request: decoding it costs as much as everything else."""

    input: Sequence[Message] = []
    output: str | None = None
    """Text of the answer, possibly empty; None if the event contains none (failure, embedding)."""
    context: list[str] = []
    """Retrieved passages the answer should rest on."""
    tools: list[ToolCall] = []
    """The tool calls of the answer."""
    logprobs: list[float] | None = None
    state: str = "present"
    """``present``, ``redacted``, ``truncated``, ``pointer`` or ``absent``."""


class Call(msgspec.Struct, gc=False, omit_defaults=True):
    """One request to a model and its outcome."""

    id: str
    """Identity of this event; a second event with the same id is a duplicate."""
    call_id: str
    """Joins attempts of one request (retry, fallback), guard verdicts and feedback."""
    provider: str = UNKNOWN
    model: str = UNKNOWN
    """As requested by the caller."""
    route: str = UNKNOWN
    start: float | None = None
    """None if the event has no usable time; the event still counts."""
    duration: float | None = None
    ttft: float | None = None
    """Time to first token; only of real streams."""
    failure: str | None = None
    """One of FAILURE_REASONS, or None for a success."""
    status: int | None = None
    served_model: str | None = None
    fingerprint: str | None = None
    consumer: str | None = None
    session: str | None = None
    trace_id: str | None = None
    stream: bool = False
    cache_hit: bool = False
    """Answered from the gateway's cache: its cost 0 is not "unpriced"."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    usage_expected: bool = True
    """False if usage is not expected, yet or at all (queued, failed): it is then not "usage missing"."""
    cost_usd: float | None = None
    """As reported by the event; None if it reports none, or a 0 that means "unknown price"."""
    finish_reason: str | None = None
    """stop, length, tool_calls, content_filter, refusal, error or other."""
    refusal: bool = False
    prompt_key: int | None = None
    """64-bit hash of the end of the prompt without digits: equal for near-identical prompts."""
    prompt: Prompt | None = None
    expect: Expectation | None = None
    params: dict[str, Any] | None = None
    """Sampling parameters as sent."""
    scores: dict[str, float] | None = None
    """External scores 0..1 by scorer."""
    confidence: float | None = None
    labels: dict[str, str] | None = None
    """Free labels of the event; only configured ``extra_labels`` reach a metric."""
    content: Content | None = None
    field_errors: tuple[str, ...] = ()
    """Optional fields that were present with a wrong type or an absurd value, by their vendor name."""
    usage_cut: bool = False
    """The output's tokens are unknown because the stream was cut off; the input's are known."""
    response_id: str | None = None
    """The provider's id of the answer, by which feedback may refer to the call; filled with or without content."""
    batch_rates: bool = False
    """Billed at batch rates, half of the usual ones."""
    mergeable: bool = False
    """Other records may describe the same call, and contain what this one lacks."""
    hour_write_tokens: int | None = None
    """Those of the cache writes that are kept for an hour instead of minutes, which cost more."""

    @property
    def known_at(self) -> float | None:
        """Unix time at which the call ended: start + duration."""
        return None if self.start is None else self.start + (self.duration or 0.0)


def usage_of(call: Call) -> TokenUsage:
    """Return the tokens of a call, 0 for kinds that it does not report."""
    return (
        call.input_tokens or 0, call.output_tokens or 0, call.cache_read_tokens or 0, call.cache_write_tokens or 0,
        call.reasoning_tokens or 0,
    )  # fmt: skip


class Feedback(msgspec.Struct, gc=False):
    """A judgement of an earlier call: a score, or a flag by a user or a reviewer."""

    id: str
    call_id: str
    time: float | None = None
    scores: dict[str, float] | None = None
    flag: str | None = None
    """``unsafe``, ``wrong``, ``offensive`` or ``other``."""
    by: str | None = None
    """``reviewer`` makes ``unsafe`` a violation of kind ``reported``."""
    comment: str | None = None
    field_errors: tuple[str, ...] = ()
    wrong_verdicts: tuple[str, ...] = ()
    """Kinds of findings that a reviewer rejects: false positives of the guard."""

    @property
    def is_of_reviewer(self) -> bool:
        """Whether a reviewer judged, and not a user."""
        return (self.by or "").lower() == "reviewer"


class Drill(msgspec.Struct, gc=False):
    """A drill: raises the alert ``TocsinDrill`` of a category, and does not count in metrics of calls."""

    id: str
    category: str
    time: float | None = None


DRILLED = ("outage", "quality", "cost", "safety")
"""Categories that can be drilled."""

Event = Call | Feedback | Drill


NO_CALL: Final = "no_call"
"""The reason for ignoring a record that is not a call to a model, such as a tool call: it is not an event."""


class Skip(Exception):  # noqa: N818 - not an error: an event that is read, counted and skipped
    """Raised by an adapter for an event that cannot be counted.

    ``reason`` is the value of ``tocsin_events_skipped_total{reason}``; it never contains content.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
