"""One record: what every adapter produces and everything downstream reads.

Adapters know vendors; nothing else does. A ``Call`` is one finished request to a model, a
``Feedback`` is a later judgement of one. ``None`` always means "unknown", never 0 (design, 1.6).

Units: times are Unix seconds (UTC), durations seconds, money US dollars, tokens are counts.
Token counts are inclusive: ``input_tokens`` includes cache reads and writes, ``output_tokens``
includes reasoning. Anthropic and Bedrock report them apart; their adapters add them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

UNKNOWN: Final = "unknown"
"""The value of a label that the event does not tell."""

OTHER: Final = "other"
"""The value of a label that was folded, and of a failure that cannot be classed."""

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
"""The kinds in which tokens are counted."""

TokenUsage = tuple[int, int, int, int, int]
"""Inclusive token counts of one call, in the order of TOKEN_KINDS."""


class Prompt(msgspec.Struct, gc=False, frozen=True):
    """The prompt template behind a call, as far as the event names it."""

    name: str
    version: str | None = None
    checksum: str | None = None
    """``sha256:<hex>`` of the template or rendered system prompt."""


EXPECTED_FORMATS: Final = ("json", "json_schema", "regex", "text")
"""What an answer can be asked to be."""


def expected_format(told: str | None, schema: Any, pattern: str | None) -> str | None:
    """Return the format that an answer is asked to have: as it is told, else what a schema or a pattern alone means."""
    return told or ("json_schema" if schema is not None else "regex" if pattern else None)


class Expectation(msgspec.Struct, gc=False, frozen=True):
    """What the call asked the answer to be; it is judged by that and by the route's configuration."""

    format: str | None = None
    """One of EXPECTED_FORMATS."""
    schema: Any = None
    pattern: str | None = None
    language: str | None = None
    tools: dict[str, Any] | None = None
    """JSON Schemas of strict tools by name: the arguments of a call to one of them are held against its schema."""
    follow_question: bool = True
    """Where no language is asked for, the answer should be in the question's."""


class Message(msgspec.Struct, gc=False):
    """One message of the conversation sent to the model, its parts joined to plain text."""

    role: str
    """``system``, ``user``, ``assistant``, ``tool`` or ``document``."""
    text: str


class ToolCall(msgspec.Struct, gc=False, frozen=True):
    """One call to a tool that the answer asked for."""

    name: str
    arguments: str | None = None
    """JSON text as the model wrote it; None when the event does not tell."""


class Content(msgspec.Struct, gc=False):
    """What was said. Adapters fill it only when asked to: decoding it costs as much as all the rest."""

    input: Sequence[Message] = []
    output: str | None = None
    """Text of the answer, which may be empty; None when the event holds none (failure, embedding)."""
    context: list[str] = []
    """Retrieved passages the answer should rest on."""
    tools: list[ToolCall] = []
    """What tools the answer called, and with what."""
    logprobs: list[float] | None = None
    state: str = "present"
    """``present``, ``redacted``, ``truncated``, ``pointer`` or ``absent``."""


class Call(msgspec.Struct, gc=False, omit_defaults=True):
    """One request to a model and what became of it."""

    id: str
    """Identity of this event; a second event with the same id is a duplicate."""
    call_id: str
    """Joins attempts of one request (retry, fallback), guard verdicts and feedback."""
    provider: str = UNKNOWN
    model: str = UNKNOWN
    """As requested by the caller."""
    route: str = UNKNOWN
    start: float | None = None
    """None when the event has no usable time; the event still counts."""
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
    """False where no usage can be expected yet or at all (queued, failed): not "usage missing"."""
    cost_usd: float | None = None
    """As reported by the event; None when it tells none, or a 0 that means "unknown price"."""
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
    """The input's tokens are known and the output's are missing, because a stream was cut off before its end."""
    response_id: str | None = None
    """The provider's id of the answer, by which feedback may name the call; filled with its content or without."""
    batch_rates: bool = False
    """Billed at the rates of batches, half of the usual ones."""
    mergeable: bool = False
    """Other records may tell of this call, too, and what this one leaves out."""
    hour_write_tokens: int | None = None
    """Of the cache writes, those that are kept for an hour, not for minutes: they cost more."""

    @property
    def known_at(self) -> float | None:
        """Unix time at which the call was finished and could be known: start + duration."""
        return None if self.start is None else self.start + (self.duration or 0.0)


def usage_of(call: Call) -> TokenUsage:
    """Return the tokens of a call, 0 where a kind is not told."""
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
    """Kinds of findings that a reviewer calls wrong: false positives of the guard."""


class Drill(msgspec.Struct, gc=False):
    """An exercise: raises the alert ``TocsinDrill`` of a category, and counts in no metric of calls."""

    id: str
    category: str
    time: float | None = None


DRILLED = ("outage", "quality", "cost", "safety")
"""Categories that can be drilled."""

Event = Call | Feedback | Drill


NO_CALL: Final = "no_call"
"""Why a record is passed over that tells of something else than a call, be it a call to a tool: it is no event."""


class Skip(Exception):  # noqa: N818 - not an error: an event that is read, counted and passed over
    """Raised by an adapter for an event that cannot be counted.

    ``reason`` is the value of ``tocsin_events_skipped_total{reason}``; it never holds content.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
