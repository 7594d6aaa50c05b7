"""Several incidents at once, each on its own route, among healthy traffic: alerts for one must not name another.

Calls have questions and answers, some of which fail or are cut off on any day. Made up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from scenarios import CARD, Incident
from traffic import START, Event, Stream, dated, failed, litellm, stamp, traffic

TOPICS = ("invoice", "parcel", "refund", "subscription", "delivery address", "warranty", "gift card", "return label", "account", "order")
TALK = (
    ("Where is my {t}? The number is {n}.",
     "Your {t} {n} was processed on Monday and you will see it in your overview within three business days."),
    ("How do I change my {t}?",
     "To change your {t}, open the settings, choose it and confirm with the button at the bottom of the page."),
    ("Can you help me with the {t} from last week?",
     "I looked at the {t} from last week. It was sent on Tuesday and arrived at the depot near you; the courier will ring before noon."),
    ("My {t} does not work any more since the update. What can I do?",
     "Please sign out, clear the cache of the app and sign in again. If the {t} still does not work, reply to this message."),
    ("Please explain how the {t} works and what it costs.",
     "The {t} covers two years from the day of purchase. It costs nothing for members, and four euros a month for everybody else."),
)  # fmt: skip
BACKGROUND = 0.002
"""Share of calls that time out on any day."""


def told(events: Iterable[Event], seed: int = 3) -> Iterator[Event]:
    """Give calls a question, an answer and a session, and let a few of them fail or be cut off."""
    r = random.Random(seed)
    for event in events:
        if event.get("error") is None:
            question, answer = r.choice(TALK)
            words = {"t": r.choice(TOPICS), "n": r.randrange(1000, 99999)}
            event["input"], event["output"] = question.format(**words), answer.format(**words)
            event["session"] = f"{event['consumer']}-{r.randrange(4)}"
            if r.random() < 0.005:
                event["finish_reason"] = "length"
            if r.random() < BACKGROUND:
                failed(event, "timeout", 504, 60.0)
        yield event


def _at(event: Event) -> float:
    return (datetime.fromisoformat(event["time"]).timestamp() - START) / 3600


def _later(event: Event, seconds: float) -> str:
    return stamp(START + 3600 * _at(event) + seconds)


def _unreachable(event: Event, hour: float) -> Iterator[Event]:
    yield failed(event, "connection", 0) | {"status": None} if 3.2 <= hour < 3.8 else event


def _slow(event: Event, hour: float) -> Iterator[Event]:
    late = 8 if 4 <= hour < 5.2 and "ttft_s" in event else 0
    yield event | ({"ttft_s": event["ttft_s"] + late, "duration_s": event["duration_s"] + late} if late else {})


def _deployed(event: Event, hour: float) -> Iterator[Event]:
    """A route that there was not before."""
    if hour >= 3:
        yield event


def _skewed(event: Event, hour: float) -> Iterator[Event]:
    """One of two gateways is four minutes ahead, and the model fails for half an hour."""
    if 5 <= hour < 5.6:
        failed(event, "provider_5xx", 500)
    yield event | {"time": _later(event, 240)} if int(event["id"].split("-")[1]) % 2 else event


def _dark(event: Event, hour: float) -> Iterator[Event]:
    """Somebody leaves texts out of the log."""
    if hour >= 4:
        event.pop("input", None), event.pop("output", None)
    yield event


def _behind(event: Event, hour: float) -> Iterator[Event]:
    """Every second call fails at its provider, and another one answers in its place."""
    if 4.2 <= hour < 5.2 and int(event["id"].split("-")[1]) % 2:
        yield failed(dict(event), "provider_5xx", 529) | {"id": event["id"] + "-1", "call_id": event["id"]}
        event |= {"call_id": event["id"], "provider": "openai", "model": "gpt-4o-mini", "served_model": "gpt-4o-mini", "time": _later(event, 2)}
    yield event


def _graded(event: Event, hour: float) -> Iterator[Event]:
    """Scores come half a minute later as feedback, and are a quarter lower for two hours."""
    yield event
    score = (0.65 if 4 <= hour < 6 else 0.87) + (int(event["id"].split("-")[1]) % 7 - 3) / 50
    yield {"v": 1, "type": "feedback", "id": "fb-" + event["id"], "call_id": event["id"], "time": _later(event, 30), "scores": {"grader": score}}


def _expired(event: Event, hour: float) -> Iterator[Event]:
    yield failed(event, "client_4xx", 401) if hour >= 4.5 else event


def _as_ever(event: Event, hour: float) -> Iterator[Event]:
    yield event


ROUTES: dict[str, tuple[str, str, float, Callable[[Event, float], Iterator[Event]]]] = {
    "healthy": ("openai", "gpt-4o", 6, _as_ever), "unreachable": ("mistral", "mistral-large", 6, _unreachable),
    "slow": ("anthropic", "claude-haiku-4", 14, _slow), "deployed": ("cohere", "command-r", 8, _deployed),
    "skewed": ("groq", "llama-70b", 10, _skewed), "dark": ("gemini", "gemini-2.0-flash", 5, _dark),
    "behind": ("deepseek", "deepseek-chat", 8, _behind), "graded": ("openai", "gpt-4o-mini", 4, _graded),
    "expired": ("xai", "grok-3", 0.5, _expired),
}  # fmt: skip


def _native() -> Iterator[Event]:
    streams = [
        Stream(route, model, rate, None, extra={"provider": provider, "cost_usd": 0.002}) for route, (provider, model, rate, _) in ROUTES.items()
    ]
    for event in told(traffic(7, streams)):
        yield from ROUTES[event["route"]][3](event, _at(event))


TOGETHER = Incident(
    "eight incidents at once, and a route that is new", _native, onset=3.2,
    pages=frozenset({"LLMRequestsFailing", "LLMNoSuccess", "LLMLatencyHigh", "LLMQualityScoreDropped"}),
    tickets=frozenset({"LLMAnswersUnscored", "LLMProviderFailingBehindFallback"}),
    allowed=frozenset({"LLMErrorBudgetBurning", "LLMQualityScoreSlipping", "LLMDurationHigh"}), category="outage", within=5, config="",
    about={
        "LLMRequestsFailing": {"mistral-large", "llama-70b"}, "LLMNoSuccess": {"mistral-large", "llama-70b", "grok-3"},
        "LLMLatencyHigh": {"claude-haiku-4"}, "LLMQualityScoreDropped": {"graded"}, "LLMAnswersUnscored": {"dark"},
        "LLMProviderFailingBehindFallback": {"deepseek-chat"},
    },
)  # fmt: skip


def _through_litellm() -> Iterator[Event]:
    """Guardrail blocks, 429s, a model that is withdrawn, a leaked card and requests of three times the size."""
    r = random.Random(6)
    streams = [
        Stream("blocked", "gpt-4o", 8, None), Stream("limited", "claude-sonnet-4", 12, None), Stream("leaky", "gpt-4o", 4, None),
        Stream("gone", "command-r", 3, None, extra={"provider": "cohere", "cost_usd": 0.002}),
        Stream("fat", "mistral-large", 6, None, extra={"provider": "mistral", "cost_usd": 0.002}),
    ]  # fmt: skip
    errors = {  # from when, until when, which share, and what LiteLLM calls it
        "blocked": (3, 4.2, 0.25, "400", "ContentPolicyViolationError"), "limited": (3, 4, 0.4, "429", "RateLimitError"),
        "gone": (4, 9, 1, "404", "NotFoundError"),
    }  # fmt: skip
    for event, known in dated(told(traffic(6, streams))):
        hour, route = (known - START) / 3600, event["route"]
        if route == "fat" and hour >= 3.5 and "usage" in event:
            event["usage"] = {kind: 3 * count for kind, count in event["usage"].items()}
            event["cost_usd"] *= 3
        if route == "leaky" and 3.3 <= hour < 3.32 and "output" in event:
            event["output"] = f"Of course: the card {CARD} of Mrs Miller is on file."
        begin, end, share, code, name = errors.get(route, (9, 9, 0, "", ""))
        if begin <= hour < end and r.random() < share:
            event = failed(event, "other", int(code))  # noqa: PLW2901 - the same call
            yield litellm(event) | {"error_information": {"error_code": code, "error_class": name, "llm_provider": event["provider"]}}
        else:
            yield litellm(event)


THROUGH_LITELLM = Incident(
    "five incidents at once, through LiteLLM", _through_litellm, onset=3, pages=frozenset({"LLMSafetyViolation", "LLMNoSuccess"}),
    tickets=frozenset({"LLMBlockedSurge", "LLMRateLimited", "LLMTokensPerRequestHigh", "LLMCostPerRequestHigh"}),
    allowed=frozenset({"LLMTokenOutliers"}), category="safety", within=25, config="",
    about={
        "LLMSafetyViolation": {"leaky"}, "LLMNoSuccess": {"command-r"}, "LLMBlockedSurge": {"blocked"}, "LLMRateLimited": {"claude-sonnet-4"},
        "LLMTokensPerRequestHigh": {"fat"}, "LLMCostPerRequestHigh": {"fat"}, "LLMTokenOutliers": {"fat"},
    },
)  # fmt: skip


def _office() -> Iterator[Event]:
    """From a Thursday to a Tuesday, with traffic in office hours alone and none at the weekend."""

    def change(event: Event, hour: float) -> Event | None:
        return event if int(hour // 24) in (3, 4, 7, 8) and 7 <= hour % 24 < 20 else None

    streams = [Stream("office-helper", "gpt-4o", 4, None), Stream("hr-bot", "claude-sonnet-4", 2.5, None)]
    return (litellm(event) for event, _ in dated(told(traffic(24 * 9, streams, change))))


OFFICE = Incident("office hours of weekdays alone", _office, onset=0, config="")
