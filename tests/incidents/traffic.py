"""Made-up traffic of an LLM application, deterministic for a seed, and the incidents that befall it.

Events have the native format. Nothing here is a recorded sample.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
"""A Monday, 00:00."""
MODELS = {"gpt-4o": ("openai", 2.5, 10.0), "claude-sonnet-4": ("anthropic", 3.0, 15.0)}
"""Provider, dollars per million input and output tokens."""

Event = dict[str, Any]
Change = Callable[[Event, float], Event | None]
"""Changes an event in place, given the hours since START; None: the call is not made."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The calls of one route to one model."""

    route: str
    model: str = "gpt-4o"
    per_minute: float = 3.0
    score: float | None = 0.9
    """Mean score of an external judge; None: no judge."""
    text: str | None = None
    """The answer; None: the log has no content."""
    extra: Event = field(default_factory=dict)
    rhythm: bool = False
    """True: fewer calls at night and at weekends, and scores that swing by 3 % in the course of a day."""


def traffic(hours: float, streams: list[Stream], change: Change | None = None, seed: int = 1) -> Iterator[Event]:
    """Yield the events of all streams, by minute of their start."""
    r = random.Random(seed)
    due = [0.0] * len(streams)
    count = 0
    for minute in range(int(hours * 60)):
        hour = minute / 60
        for i, stream in enumerate(streams):
            due[i] += stream.per_minute * (_rhythm(hour) if stream.rhythm else 1.0)
            while due[i] >= 1:
                due[i] -= 1
                count += 1
                event = call(stream, START + 60 * minute + r.uniform(0, 55), count, r)
                changed = event if change is None else change(event, hour)
                if changed is not None:
                    yield changed


def _rhythm(hour: float) -> float:
    day = 0.6 - 0.4 * math.cos(2 * math.pi * (hour - 4) / 24)
    return day * (0.5 if int(hour // 24) % 7 >= 5 else 1.0)


def call(stream: Stream, start: float, number: int, r: random.Random) -> Event:
    """Make a call of a stream that starts at a time, in Unix seconds; the number is its identity."""
    provider, dollars_in, dollars_out = MODELS.get(stream.model, ("openai", 0.0, 0.0))
    sent, received = int(r.lognormvariate(6.3, 0.4)), int(r.lognormvariate(5.0, 0.4))
    ttft = 0.4 * r.lognormvariate(0, 0.2)
    event: Event = {
        "v": 1, "id": f"call-{number}", "time": stamp(start), "provider": provider, "model": stream.model,
        "served_model": stream.model, "route": stream.route, "consumer": f"user-{r.randrange(50)}", "status": 200,
        "duration_s": round(ttft + received / 80, 3), "ttft_s": round(ttft, 3), "stream": True,
        "usage": {"input": sent, "output": received}, "finish_reason": "stop",
    }  # fmt: skip
    if dollars_in:
        event["cost_usd"] = round((sent * dollars_in + received * dollars_out) / 1e6, 6)
    if stream.score is not None:
        hour = (start - START) / 3600
        wave = 0.03 * math.sin(2 * math.pi * hour / 24) if stream.rhythm else 0.0
        event["scores"] = {"judge": min(1.0, max(0.0, stream.score * (1 + wave) + r.gauss(0, 0.05)))}
    if stream.text is not None:
        event["input"], event["output"] = "Where is my order?", stream.text
    return event | stream.extra


def stamp(seconds: float) -> str:
    """Render a time as the format requires."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def failed(event: Event, reason: str, status: int, duration: float = 0.3) -> Event:
    """Make a failure of a call."""
    for key in ("usage", "cost_usd", "scores", "ttft_s", "output", "finish_reason"):
        event.pop(key, None)
    event["status"], event["error"], event["duration_s"] = status, {"type": reason, "message": "made up"}, duration
    return event


def dated(events: Iterator[Event]) -> Iterator[tuple[Event, float]]:
    """Yield each event with its time in Unix seconds."""
    return ((event, datetime.fromisoformat(event["time"]).timestamp()) for event in events)


def litellm(event: Event, *, redacted: bool = False) -> Event:
    """Return a call as LiteLLM's standard logging payload; failures carry an exception's class and code."""
    began = datetime.fromisoformat(event["time"]).timestamp()
    ended = began + event["duration_s"]
    usage = event.get("usage", {"input": 0, "output": 0})
    answer = "redacted-by-litellm" if redacted else event.get("output")
    question = "redacted-by-litellm" if redacted else event.get("input")
    broken = event.get("error") is not None
    return {
        "id": event["id"], "litellm_call_id": event["id"], "call_type": "acompletion", "stream": True,
        "status": "failure" if broken else "success", "custom_llm_provider": event["provider"], "startTime": began, "endTime": ended,
        "completionStartTime": began + event.get("ttft_s", 0.0), "model": event["model"], "model_group": event["model"],
        "cache_hit": False, "metadata": {"user_api_key_team_alias": event["route"]},
        "response_cost": event.get("cost_usd", 0.0), "prompt_tokens": usage["input"], "completion_tokens": usage["output"],
        "request_tags": [f"app:{event['route']}"], "end_user": event["consumer"],
        "messages": [{"role": "user", "content": question}],
        "response": {} if broken else {
            "model": event["model"],
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": answer}}],
        },
        "error_information": {
            "error_code": str(event["status"]), "error_class": "ServiceUnavailableError", "llm_provider": event["provider"],
        } if broken else {},
    }  # fmt: skip


def write(paths: Sequence[Path], events: Iterator[Event]) -> int:
    """Write logs that take the events in turn, the last one first; return how many calls there are."""
    calls = 0
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
        for number, event in enumerate(events, 1):
            files[-number % len(files)].write(json.dumps(event) + "\n")
            calls += event.get("type") != "feedback"
    return calls
