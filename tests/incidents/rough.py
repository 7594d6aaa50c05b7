"""An ordinary week as rough as real ones: nothing in it deserves a page, and few tickets.

Calls come by chance (Poisson), tokens and first tokens have heavy tails (log-normal), a few users make most calls, judges
are coarse and see a share of the answers, agents' sessions carry all that was said before, providers hiccup for minutes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from traffic import START, Event, Stream, call, failed

USERS = [f"user-{number}" for number in range(400)]
OFTEN = [1 / rank**1.1 for rank in range(1, len(USERS) + 1)]
"""Zipf's law: how often each of them calls."""
SCALE = (1.0, 0.8, 0.6, 0.4, 0.2)
"""What a judge on a scale of five may say."""
CHAT = Stream("chat", score=None)
SEARCH = Stream("search", "claude-sonnet-4", score=None)
AGENT = Stream("agent", "claude-sonnet-4", score=None)
SMALL = Stream("nightly", "gpt-4o-mini", score=None)


def rough(days: int, seed: int = 1) -> Iterator[Event]:
    """Yield the events of so many days from a Monday on, by time."""
    week = _Week(random.Random(seed), days)
    for minute in range(days * 1440):
        week.minute(minute)
    return (event for _, _, event in sorted(week.events))


class _Week:
    def __init__(self, r: random.Random, days: int) -> None:
        self.r = r
        self.events: list[tuple[float, int, Event]] = []
        self.slow = {m for day in range(days) for m in self._burst(day, 8, 20, 4)}
        self.limited = {m for day in range(days) for m in self._burst(day, 9, 18, 2)}
        self.down = {m for day in range(days) for m in self._burst(day, 0, 24, 1)}

    def _burst(self, day: int, first: float, last: float, minutes: int) -> range:
        begin = int(day * 1440 + self.r.uniform(first, last) * 60)
        return range(begin, begin + minutes)

    def minute(self, minute: int) -> None:
        """Make the calls of a minute, counted from the start."""
        hour = minute / 60
        busy = _busy(hour)
        for _ in range(self._calls(6 * busy)):
            self._add(CHAT, minute, self._chat)
        for _ in range(self._calls(3 * busy)):
            self._add(SEARCH, minute, self._search)
        for _ in range(self._calls(0.25 * busy)):
            self._session(minute)
        if 120 <= minute % 1440 < 190:
            for _ in range(self._calls(30)):
                self._add(SMALL, minute, lambda event: self._judged(event, 0.88, 0.1) | {"consumer": "batch"})
        if 9 <= hour % 24 < 18 and int(hour // 24) % 7 < 5:
            for _ in range(self._calls(0.3)):
                self._add(CHAT, minute, lambda event: self._judged(event, 0.85, 1.0) | {"route": "tool"})
        if minute % 15 == 0:
            self._add(SMALL, minute, lambda event: self._failing(event | {"route": "cron", "consumer": "cron"}, 0.03, "timeout", 504))

    def _calls(self, mean: float) -> int:
        bound, product, count = math.exp(-mean), self.r.random(), 0
        while product > bound:
            product *= self.r.random()
            count += 1
        return count

    def _add(self, stream: Stream, minute: int, change: Callable[[Event], Event], at: float | None = None) -> None:
        r = self.r
        start = START + 60 * minute + r.uniform(0, 59) if at is None else at
        event = call(stream, start, len(self.events), r)
        self._use(event, int(r.lognormvariate(6.3, 0.9)), int(r.lognormvariate(5, 0.9)))
        event["ttft_s"] = round(0.4 * r.lognormvariate(0, 0.5) * (2 if minute in self.slow else 1), 3)
        event["duration_s"] = round(event["ttft_s"] + event["usage"]["output"] / 80, 3)
        event["consumer"] = r.choices(USERS, OFTEN)[0]
        self.events.append((start, len(self.events), self._hiccup(change(event), minute)))

    def _use(self, event: Event, sent: int, received: int) -> None:
        dollars_in, dollars_out = {"gpt-4o-mini": (0.15, 0.6), "gpt-4o": (2.5, 10)}.get(event["model"], (3, 15))
        event["usage"] = {"input": sent, "output": received}
        event["cost_usd"] = round((sent * dollars_in + received * dollars_out) / 1e6, 6)

    def _hiccup(self, event: Event, minute: int) -> Event:
        if event["route"] == "chat" and minute in self.limited:
            return self._failing(event, 0.3, "rate_limited", 429)
        if event["route"] == "chat" and minute in self.down:
            return self._failing(event, 0.5, "provider_5xx", 503)
        return event

    def _failing(self, event: Event, share: float, reason: str, status: int) -> Event:
        return failed(event, reason, status) if self.r.random() < share and event["status"] == 200 else event

    def _judged(self, event: Event, good: float, share: float) -> Event:
        if self.r.random() < share:
            bad = 1 - good
            weights = (good * 0.7, good * 0.3, bad * 0.5, bad * 0.3, bad * 0.2)
            event["scores"] = {"judge": self.r.choices(SCALE, weights)[0]}
        return event

    def _chat(self, event: Event) -> Event:
        event = self._judged(event, 0.88, 0.3)
        event = self._failing(event, 0.002, "provider_5xx", 500)
        return self._failing(event, 0.012, "client_4xx", 400)

    def _search(self, event: Event) -> Event:
        if self.r.random() < 0.5:
            event["scores"] = {"judge": min(1.0, max(0.0, self.r.gauss(0.82, 0.15)))}
        return self._failing(event, 0.002, "provider_5xx", 529)

    def _session(self, minute: int) -> None:
        """An agent's steps: each sends the whole conversation so far."""
        r = self.r
        said, at = 2000.0, START + 60 * minute
        who, name = r.choices(USERS[:20], OFTEN[:20])[0], f"session-{len(self.events)}"
        for _ in range(min(60, 1 + int(r.lognormvariate(2.3, 0.8)))):
            received = int(r.lognormvariate(5.2, 0.8))

            def step(event: Event, sent: int = int(said), received: int = received) -> Event:
                self._use(event, sent, received)
                return event | {"session": name, "consumer": who}

            self._add(AGENT, minute, step, at)
            said = min(120_000, said + received + r.lognormvariate(6.5, 1))
            at += r.uniform(3, 25)


def _busy(hour: float) -> float:
    """Share of the busiest hour's calls: a bell by day, little at night, less at weekends."""
    bell = max(0.15, min(1.0, 1.1 * math.exp(-((hour % 24 - 14) ** 2) / 24.5)))
    return bell * (0.4 if int(hour // 24) % 7 >= 5 else 1.0)
