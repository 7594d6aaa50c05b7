"""The incidents: what happens, which alerts are expected, and by when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from rough import rough
from traffic import START, Event, Stream, dated, failed, litellm, traffic

HISTORY = 26.0
"""Hours of calm before an incident that is judged against a baseline: cost learns for 24."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One scenario; times are hours since the beginning."""

    name: str
    events: Callable[[], Iterator[Event]]
    onset: float
    pages: frozenset[str] = frozenset()
    """Alerts that page, all of them."""
    tickets: frozenset[str] = frozenset()
    """Alerts that make a ticket, all of them."""
    allowed: frozenset[str] = frozenset()
    """Tickets that may come with it."""
    most_tickets: int | None = None
    """How many tickets there may be in all, of all routes, models and consumers; None: they are not counted."""
    category: str = ""
    within: float | None = None
    """Minutes from the onset to the first page of the category."""
    mended: float | None = None
    """The hour of the fix: pages must fire until then."""
    files: int = 1
    """Logs that the events are spread over."""
    about: dict[str, set[str]] = field(default_factory=dict)
    """The routes, or the models, that some alerts must name: those and no others."""
    config: str = "declared: {content: off}\n"
    """Configuration of the exporter, YAML. Most logs here have no texts, by choice."""


CARD = "4921 8170 3264 5595"
"""Passes Luhn's check and is not a documentation value, so it is a violation like a leaked card. Invented."""
SUPPORT = Stream("support-bot", per_minute=4)
SEARCH = Stream("search", "claude-sonnet-4", per_minute=4)
ANSWER = "Your order was shipped on Monday and should arrive within three business days."


def _score(factor: Callable[[float], float]) -> Callable[[Event, float], Event]:
    """Multiply the scores of one route by what the hour says."""

    def change(event: Event, hour: float) -> Event:
        if event["route"] == "support-bot":
            event["scores"]["judge"] *= factor(hour)
        return event

    return change


SLIDE_ONSET = 24 + 2 + 47 / 60
SLIDE = Incident(
    "six-hour slide",
    lambda: traffic(
        39, [SUPPORT, SEARCH],
        _score(lambda hour: 1 - 0.25 * min(1, max(0, hour - SLIDE_ONSET) / 6) if hour < 36 else 1),
    ),
    onset=SLIDE_ONSET, pages=frozenset({"LLMQualityScoreDropped"}), tickets=frozenset({"LLMQualityScoreSlipping"}),
    category="quality", within=270, mended=36,
)  # fmt: skip
STEP_DROP = Incident(
    "step of -20 %",
    lambda: traffic(HISTORY + 5, [SUPPORT, SEARCH], _score(lambda hour: 0.8 if HISTORY <= hour < HISTORY + 3 else 1)),
    onset=HISTORY, pages=frozenset({"LLMQualityScoreDropped"}), allowed=frozenset({"LLMQualityScoreSlipping"}),
    category="quality", within=35, mended=HISTORY + 3,
)  # fmt: skip
SMALL_STEP = Incident(
    "step of -14 %",
    lambda: traffic(HISTORY + 4, [SUPPORT, SEARCH], _score(lambda hour: 0.86 if hour >= HISTORY else 1)),
    onset=HISTORY,
    tickets=frozenset({"LLMQualityScoreSlipping"}),
)


def _outage(event: Event, hour: float) -> Event:
    broken = event["provider"] == "openai" and 3 <= hour < 3.5
    return failed(event, "provider_5xx", 503) if broken else event


OUTAGE = Incident(
    "total outage",
    lambda: traffic(5, [Stream("support-bot", per_minute=20), Stream("search", "claude-sonnet-4", 20)], _outage),
    onset=3, pages=frozenset({"LLMRequestsFailing", "LLMNoSuccess"}), allowed=frozenset({"LLMErrorBudgetBurning"}),
    category="outage", within=3, mended=3.5,
)  # fmt: skip

SPREAD_OUTAGE = replace(OUTAGE, name="total outage, in the logs of three replicas", files=3)


def _quiet_outage() -> Iterator[Event]:
    """One call a minute: never twenty in five minutes, so that no ratio is judged."""
    stream = Stream("support-bot", per_minute=1, score=None)
    return (litellm(event) for event, _ in dated(traffic(6, [stream], _outage)))


QUIET_OUTAGE = Incident(
    "total outage of a quiet route, through LiteLLM", _quiet_outage, onset=3, pages=OUTAGE.pages,
    allowed=frozenset({"LLMErrorBudgetBurning"}), category="outage", within=15, mended=3.5,
)  # fmt: skip


def _storm() -> Iterator[Event]:
    r = random.Random(5)

    def change(event: Event, hour: float) -> Event:
        return failed(event, "rate_limited", 429) if 3 <= hour < 4 and r.random() < 0.6 else event

    return traffic(5, [Stream("support-bot", per_minute=20)], change)


STORM = Incident("storm of 429", _storm, onset=3, tickets=frozenset({"LLMRateLimited"}))


def _loop() -> Iterator[Event]:
    """One agent makes seven calls a minute of a dollar each: $420 an hour above the usual $2."""
    number = 0

    def agent(event: Event, hour: float) -> Event | None:
        nonlocal number
        if event["route"] != "coding-agent":
            return event
        if not HISTORY <= hour < HISTORY + 1:
            return None
        number += 1
        event |= {
            "consumer": "agent", "session": "agent-1", "usage": {"input": 180_000, "output": 55_000},
            "cost_usd": 1.0, "input": "Fix the failing test and run it again.", "id": f"agent-{number}",
        }  # fmt: skip
        return event

    streams = [SUPPORT, SEARCH, Stream("coding-agent", per_minute=7, score=None)]
    return traffic(HISTORY + 3, streams, agent)


LOOP = Incident(
    "agent loop",
    _loop, onset=HISTORY, pages=frozenset({"LLMCostAnomaly", "LLMCostRisingFast"}), category="cost", within=10,
    mended=HISTORY + 1,
    tickets=frozenset({"LLMConsumerShareHigh"}), allowed=frozenset({"LLMSessionLoops", "LLMTokenOutliers"}),
)  # fmt: skip


def _growth() -> Iterator[Event]:
    """Twice the calls from one hour to the next, for good: each as long and as dear as ever."""
    r = random.Random(9)

    def change(event: Event, hour: float) -> Event | None:
        return event if hour >= HISTORY or r.random() < 0.5 else None

    return traffic(HISTORY + 4, [Stream("support-bot", per_minute=8), Stream("search", "claude-sonnet-4", 8)], change)


GROWTH = Incident("honest growth", _growth, onset=HISTORY)


def _priceless(event: Event, hour: float) -> Event:
    if hour >= 2 and event["route"] == "search":
        event["model"] = event["served_model"] = "our-own-finetune"
        event["provider"] = "vllm"
        del event["cost_usd"]
    return event


PRICELESS = Incident(
    "model without a price", lambda: traffic(5, [SUPPORT, SEARCH], _priceless), onset=2,
    tickets=frozenset({"LLMTokensUnpriced"}),
)  # fmt: skip


def _leak() -> Iterator[Event]:
    """The very first event that is read leaks: the counters have no past to rise from."""
    first = True

    def change(event: Event, hour: float) -> Event:
        nonlocal first
        if first:
            event["output"] = f"The card on file is {CARD}, valid until 09/29."
            first = False
        return event

    return traffic(2, [Stream("support-bot", per_minute=4, text=ANSWER, score=None)], change)


LEAK = Incident(
    "card number right after a restart", _leak, onset=0, pages=frozenset({"LLMSafetyViolation"}), category="safety",
    within=1, config="",
)  # fmt: skip


def _format(failures: int, per_minute: float = 20, onset: float = 2, hours: float = 5) -> Callable[[], Iterator[Event]]:
    """This many of each 1,000 answers, evenly spread, are not JSON."""

    def events() -> Iterator[Event]:
        number = 0

        def change(event: Event, hour: float) -> Event:
            nonlocal number
            if hour >= onset:
                number += 1
                if number * failures // 1000 != (number - 1) * failures // 1000:
                    event["output"] = "I am sorry, here is the order: status shipped."
            return event

        json_answer = Stream(
            "orders", per_minute=per_minute, score=None, text='{"status": "shipped", "days": 3}',
            extra={"expect": {"format": "json"}},
        )  # fmt: skip
        return traffic(hours, [json_answer], change)

    return events


FORMAT_BROKEN = Incident(
    "format at 94.9 %", _format(51), onset=2, pages=frozenset({"LLMFormatComplianceLow"}), category="quality",
    config="",
)  # fmt: skip
FORMAT_GONE = Incident(
    "format breaks altogether", _format(1000, per_minute=10, onset=2.5, hours=4), onset=2.5,
    pages=frozenset({"LLMFormatBroken", "LLMFormatComplianceLow"}), category="quality", within=15, config="",
)  # fmt: skip
"""The second page is held back by the first (``tests/routing``); the composite score, which sinks as well, is none."""
FORMAT_FINE = Incident("format at 95.1 %", _format(49), onset=2, config="")


def _blocks() -> Iterator[Event]:
    r = random.Random(4)

    def change(event: Event, hour: float) -> Event:
        return failed(event, "blocked_guardrail", 400) if 3 <= hour < 4 and r.random() < 0.3 else event

    return traffic(5, [Stream("support-bot", per_minute=10)], change)


def _born_failing(event: Event, hour: float) -> Event:
    return failed(event, "provider_5xx", 503) if event["route"] == "support-bot" and hour < 1 else event


BORN_FAILING = Incident(
    "outage of the first hour",
    lambda: traffic(5, [Stream("support-bot", per_minute=6), Stream("search", "claude-sonnet-4", 6)], _born_failing),
    onset=0, pages=frozenset({"LLMRequestsFailing"}), allowed=frozenset({"LLMErrorBudgetBurning"}), category="outage",
    within=5, mended=1,
)  # fmt: skip
"""What a route learns of an hour in which nothing was paid for must not make a ticket of what costs as ever."""

BLOCKS = Incident("guardrail blocks surge", _blocks, onset=3, tickets=frozenset({"LLMBlockedSurge"}))


def _redaction() -> Iterator[Event]:
    """Somebody enables LiteLLM's `turn_off_message_logging`: there are answers, but without content."""
    stream = Stream("support-bot", per_minute=4, text=ANSWER, score=None)
    return (litellm(event, redacted=known >= START + 3 * 3600) for event, known in dated(traffic(6, [stream])))


REDACTION = Incident(
    "content redaction switched on", _redaction, onset=3, tickets=frozenset({"LLMAnswersUnscored"}), config=""
)

WEEK = [
    Stream("support-bot", per_minute=2.5, rhythm=True), Stream("search", "claude-sonnet-4", 2.5, rhythm=True),
]  # fmt: skip
QUIET_WEEK = Incident("quiet normal week", lambda: traffic(7 * 24, WEEK), onset=0)
ROUGH_WEEK = Incident(
    "rough normal week", lambda: rough(7), onset=0, most_tickets=70,
    allowed=frozenset({"LLMTokenOutliers", "LLMConsumerShareHigh", "LLMTokensPerRequestHigh", "LLMCostPerRequestHigh"}),
)  # fmt: skip


def _silence() -> Iterator[Event]:
    """At the same hour a day and a week ago there was traffic, and now there is none for three hours."""
    begin = 7 * 24 + 10
    return traffic(
        begin + 4, [Stream("support-bot", per_minute=8, score=None)],
        lambda event, hour: None if begin <= hour < begin + 3 else event,
    )  # fmt: skip


SILENCE = Incident("silence", _silence, onset=7 * 24 + 10, tickets=frozenset({"LLMTrafficGone"}))

SHORT = (LEAK, OUTAGE, PRICELESS, FORMAT_BROKEN, FORMAT_FINE, STORM, BLOCKS, REDACTION, FORMAT_GONE, BORN_FAILING)
"""What CI runs: none of them needs a day of calm before it."""
ALL = (
    *SHORT, SPREAD_OUTAGE, QUIET_OUTAGE, SLIDE, STEP_DROP, SMALL_STEP, LOOP, GROWTH, QUIET_WEEK, ROUGH_WEEK, SILENCE,
)  # fmt: skip
