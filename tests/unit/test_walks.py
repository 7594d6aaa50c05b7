"""Random walks, one per seed: records in any order, with any disk fault, are counted exactly once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from itertools import count

import pytest

from guarded import NOW, SECRET, Word
from scraped import scrape
from tocsin import catalogue as cat
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call
from tocsin.config import parse
from tocsin.guard.guard import Guard, OverloadError
from tocsin.inputs import spool, spoolwriter
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.intake import Intake
from tocsin.judge import Judge
from tocsin.pipeline import Pipeline
from tocsin.scoring.merging import WAIT
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store
from tocsin.state import State

SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.once) for seed in range(2, 8))]
ROUTES = b"routes: [{match: {route: guarded}, guard: {pii: block}}]"
TOKENS = 'llm_tokens_total{provider="unknown",model="m",route="guarded",kind="input"}'
WRITES = ((spoolwriter, "write_all"), (os, "fdatasync"), (os, "fsync"), (State, "commit"))
"""What a disk refuses that is full or broken: bodies, their sync, names of files, counters."""
OF_THE_PROCESS = ("tocsin_commit", "llm_guard_duration")
"""What begins at 0 with each process."""
JUDGE = Judge(parse(ROUTES), [Word("pii", "us_ssn", SECRET, ("assistant",))])


class World:
    """Spool, guard, pipeline and state in a folder, with a disk that fails at times and a clock that we set."""

    def __init__(self, folder, chance):
        self.folder, self.chance, self.clock = folder, chance, 0.0
        self.failing: dict[str, float] = {}
        """Chance of each of ``WRITES`` to fail."""
        self.shown: dict[str, float] = {}
        self._start()

    def _start(self):
        self.spool = Spool(self.folder / "spool", max_bytes=20_000, clock=lambda: self.clock)
        self.ledger = Ledger(Store(), Settings())
        self.scoring = Scoring(self.ledger, JUDGE)
        self.scoring.detectors = asyncio.Event()
        self.scoring.detectors.set()
        self.guard = Guard(self.scoring, lambda: self.chance.random() < 0.9)
        self.intake = Intake(self.ledger, lambda word: formats.get(word, content=True), lambda: NOW + self.clock, self.scoring)
        self.pipeline = Pipeline(self.intake, self.ledger, State(self.folder / "state"), [self.spool])
        self.pipeline.restore()

    def perhaps(self, write):
        """Stand in for what writes to the disk."""

        def writing(*arguments, **named):
            if self.chance.random() < self.failing.get(write.__name__, 0.0):
                raise OSError(28, "no space left on device")
            return write(*arguments, **named)

        return writing

    async def deliver(self, numbers):
        events = [b'{"id":"%d","time":1,"model":"m","route":"guarded","usage":{"input":1}}' % number for number in numbers]
        return await self.append(b"[%b]" % b",".join(events), "native")

    async def append(self, body, word):
        try:
            await self.spool.append(Batch(body), word, NOW)
        except SpoolFullError:
            return False
        return True

    def look(self, number):
        text = self.chance.choice(("fine", SECRET))
        try:
            self.guard.decide(self.guard.check(b'{"text":"%b","id":"%d","route":"guarded","model":"m"}' % (text.encode(), number)))
        except OverloadError:
            pass  # counted as well

    async def page(self):
        """Answer a scrape, as the pipeline does, and hold it against the one before."""
        samples = await scrape(self.pipeline)
        counted = {name: value for name, value in samples.items() if "_total" in name or "_bucket" in name}
        for name, value in self.shown.items():
            assert counted.get(name, 0.0) >= value or name.startswith(OF_THE_PROCESS), name
        self.shown = counted
        scanned, eligible = (counted.get(f'llm_guard_{word}_total{{route="guarded"}}', 0) for word in ("scanned", "eligible"))
        assert scanned <= eligible
        read, *became = (total(counted, f"tocsin_events_{word}_total{{") for word in ("read", "counted", "duplicate", "skipped"))
        assert read == sum(became)
        return counted

    async def catch_up(self):
        while self.spool.read(self.intake.take, 300):
            await asyncio.sleep(0)
        return await self.page()

    async def settle(self):
        """Let all that is spooled be counted, and what is counted go."""
        self.clock += 3 * spoolwriter.SEGMENT_AGE
        while self.spool._writer.busy:
            await asyncio.sleep(0)
        return await self.catch_up()

    async def meet(self, trouble):
        """Be scraped or killed, or have the disk fail from now on, more often or less."""
        match trouble:
            case "page":
                await self.page()
            case "kill":
                await self.kill()
            case "disk":
                self.failing = {name: self.chance.choice((0.0, 0.0, 0.3, 1.0)) for _, name in WRITES}

    async def kill(self):
        """Go on with what is on the disk now, as after ``kill -9``."""
        shutil.copytree(self.folder, after := self.folder.with_name(f"{self.folder.name}+"))
        await self.end()
        self.folder = after
        self._start()
        await self.catch_up()

    async def end(self):
        await self.spool.close()
        self.pipeline.state.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_accepted_events_count_once_never_decrease_and_are_deleted(tmp_path, monkeypatch, seed):
    chance, numbers = random.Random(seed), count()
    (tmp_path / "w").mkdir()
    world = World(tmp_path / "w", chance)
    for owner, name in WRITES:
        monkeypatch.setattr(owner, name, world.perhaps(getattr(owner, name)))
    sent: list[list[int]] = [[next(numbers)]]
    accepted: set[int] = set()
    for _ in range(80):
        match chance.choice(("new", "new", "again", "look", "read", "page", "page", "kill", "disk", "time")):
            case "new":
                sent.append([next(numbers) for _ in range(chance.choice((1, 1, 5)))])
                accepted |= set(sent[-1]) if await world.deliver(sent[-1]) else set()
            case "again":
                accepted |= set(body) if await world.deliver(body := chance.choice(sent)) else set()
            case "look":
                world.look(chance.randrange(len(sent)))
            case "read":
                world.spool.read(world.intake.take, 300)
            case "page" | "kill" | "disk" as trouble:
                await world.meet(trouble)
            case "time":
                world.clock += chance.choice((1.0, spoolwriter.SEGMENT_AGE + 1))

    world.failing = {"write_all": 1.0}
    assert not await world.deliver([next(numbers)])
    await world.kill()
    world.failing = {}
    counted = (await world.settle())[TOKENS]
    assert len(accepted) <= counted <= sum(map(len, sent))
    assert list(world.spool.directory.iterdir()) == []
    world.clock += spool.MAX_AGE
    for body in sent:  # a sender comes again with what was not taken, and with all else
        assert await world.deliver(body)
        await world.catch_up()
    assert (await world.settle())[TOKENS] == sum(map(len, sent))
    await world.end()


def total(shown, start, *parts):
    return sum(value for name, value in shown.items() if name.startswith(start) and all(part in name for part in parts))


def request(kind, numbers):
    """Return spans without words, log records with them, or with hidden ones; in each third call the answer leaks."""

    def told(number):
        known = {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.provider.name": "p",
            "gen_ai.response.id": f"answer-number-{number:06d}", "gen_ai.response.finish_reasons": "stop",
        }  # fmt: skip
        if kind != "spans":
            said = "__REDACTED__" if kind == "hidden" else SECRET if number % 3 == 0 else "fine"
            part = {"type": "text", "content": said}
            known["gen_ai.output.messages"] = json.dumps([{"role": "assistant", "parts": [part]}])
        attributes = [{"key": key, "value": {"stringValue": value}} for key, value in known.items()]
        attributes.append({"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1"}})
        begun = int(NOW) * 10**9
        span = {"traceId": f"{number:032x}", "spanId": f"{number:016x}", "startTimeUnixNano": str(begun), "endTimeUnixNano": str(begun + 10**9)}
        return {"attributes": attributes, **(span if kind == "spans" else {"timeUnixNano": str(begun), "eventName": "gen_ai.client.inference.operation.details"})}

    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "guarded"}}]}
    records = list(map(told, numbers))
    if kind == "spans":
        return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": records}]}]}).encode()
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}).encode()


@pytest.mark.parametrize("seed", SEEDS[:5])
async def test_an_otlp_call_and_its_late_content_count_once(tmp_path, monkeypatch, seed):
    chance, calls = random.Random(seed), 0
    (tmp_path / "w").mkdir()
    world = World(tmp_path / "w", chance)
    for owner, name in WRITES:
        monkeypatch.setattr(owner, name, world.perhaps(getattr(owner, name)))
    bodies: list[tuple[bytes, str]] = []
    late: list[tuple[bytes, str]] = []
    for _ in range(80):
        world.intake.tick()
        match chance.choice(("new", "new", "late", "again", "read", "read", "page", "page", "kill", "disk", "time")):
            case "new":
                numbers = range(calls, calls := calls + chance.choice((1, 1, 5)))
                told = [(request(kind, numbers), word) for kind, word in (("spans", "traces"), ("words", "logs"), ("hidden", "logs"))]
                chance.shuffle(told)
                bodies.append(told[0])
                late += told[1:]
                await world.append(*told[0])
            case "late" if late:
                bodies.append(late.pop(chance.randrange(len(late))))
                await world.append(*bodies[-1])
            case "again" if bodies:
                await world.append(*chance.choice(bodies))
            case "read":
                world.spool.read(world.intake.take, 1_000)
            case "page" | "kill" | "disk" as trouble:
                await world.meet(trouble)
            case "time":
                world.clock += chance.choice((1.0, WAIT))

    await world.kill()
    world.failing = {}
    await world.settle()
    for body in [*bodies, *late]:  # senders come again with what was not taken
        assert await world.append(*body)
        await world.catch_up()
    world.clock += WAIT
    world.intake.tick()
    shown = await world.settle()
    assert total(shown, "llm_requests_total{") == shown[TOKENS.replace("unknown", "p")] == calls
    assert total(shown, "llm_request_duration_seconds_bucket{", "+Inf") == calls
    assert total(shown, "llm_safety_violations_total{", 'delivered="true"', 'kind="pii"') == len(range(0, calls, 3))
    assert total(shown, "llm_scored_total{", "composite") + total(shown, "llm_unscored_total{") <= calls  # a kill forgets who waits
    assert total(shown, "tocsin_events_counted_total{") == calls
    await world.end()


def values(ledger, family):
    return {row.labels: row.values[0] for row in ledger.store.rows.get(family, {}).values()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_guard_sees_never_more_than_it_should_and_its_looks_add_up(seed):
    chance, spare = random.Random(seed), [True]
    ledger = Ledger(Store(), Settings())
    scoring = Scoring(ledger, JUDGE)
    guard = Guard(scoring, lambda: spare[0])
    looks = shed = 0
    stopped = set()
    before: dict[tuple[str, ...], float] = {}
    for number in range(300):
        spare[0] = chance.random() < 0.9
        route, call_id, text = chance.choice(("guarded", "free")), f"c{chance.randrange(60)}", chance.choice(("fine", SECRET))
        match chance.choice(("look", "log", "publish")):
            case "look":
                body = b'{"text":"%b","id":"%b","route":"%b"}' % (text.encode(), call_id.encode(), route.encode())
                try:
                    verdict = guard.decide(guard.check(body))["verdict"]
                except OverloadError:
                    shed += 1
                    continue
                looks += 1
                assert verdict == ("block" if text == SECRET else "allow")
                stopped |= {call_id} if verdict == "block" else set()
            case "log":
                call = Call(f"e{number}", call_id, "p", "m", route, NOW)
                call.failure = chance.choice((None, None, "timeout", "blocked_guardrail"))
                scoring.count(call, ledger.count(call, NOW), NOW)
            case "publish":
                scoring.publish(NOW)
                seen, due = values(ledger, cat.GUARD_SCANNED), values(ledger, cat.GUARD_ELIGIBLE)
                assert all(before.get(labels, 0) <= scanned <= due.get(labels, 0) for labels, scanned in seen.items())
                before = seen
    scoring.publish(NOW)
    assert sum(values(ledger, cat.GUARD_REQUESTS).values()) == looks
    assert sum(values(ledger, cat.GUARD_SHED).values()) == shed
    assert sum(values(ledger, cat.VIOLATIONS).values()) == len(stopped)
