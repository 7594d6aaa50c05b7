"""While commits fail and after a kill, whatever came by which way: no counter is ever shown lower than before."""

from __future__ import annotations

import json
import random
import shutil
from itertools import count

import pytest

from guarded import NOW, SECRET, Word
from scraped import scrape
from tocsin import catalogue as cat
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.config import parse
from tocsin.guard.guard import Guard, OverloadError
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.inputs.tailer import FileInput, FilePattern
from tocsin.intake import Intake
from tocsin.judge import Judge
from tocsin.pipeline import Pipeline
from tocsin.scoring.sampled_toxicity import SampledToxicity
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store
from tocsin.state import State

CONFIG = parse(
    b"routes: [{match: {route: a}, guard: {pii: block}, detectors: {toxicity: violation}}, {match: {}, detectors: {toxicity: suspected}}]\n"
    b"limits: {tokens_per_hour: {user: 300, session: 200}}\n"
)
INSULT = "odd words"
OF_THE_PROCESS = ("tocsin_commit", "llm_guard_duration")
"""What begins at 0 with each process, as Prometheus expects of a process."""
COUNTERS = {family.name: family for family in cat.FAMILIES.values() if family.kind != "gauge"}


class Slow:
    """Stands in for the model of the second look: what it is offered is judged when ``judge`` is called."""

    dropped = 0

    def __init__(self):
        self._waiting = []

    def offer(self, text, done):
        self._waiting.append((text, done))
        return True

    def judge(self):
        for text, done in self._waiting:
            done({"toxicity": 0.97 if INSULT in text else 0.0})
        self._waiting = []


JUDGE = Judge(CONFIG, [Word("pii", "us_ssn", SECRET, ("assistant",))])


class World:
    """Logs, spool, guard and state in a folder, a clock that we set, and commits that fail while ``full``."""

    def __init__(self, folder, logs):
        self.folder, self.logs = folder, logs
        self.clock, self.full = NOW, False
        self.shown: dict[str, float] = {}
        self._start()

    def _start(self):
        settings = Settings(max_series=3_000, user_tokens_per_hour=300, session_tokens_per_hour=200)
        self.ledger = Ledger(Store(), settings)
        self.scoring = Scoring(self.ledger, JUDGE)
        self.model = Slow()
        self.scoring.slow_toxicity = SampledToxicity(self.model, self.ledger, self.scoring.safety)
        self.guard = Guard(self.scoring)
        self.intake = Intake(self.ledger, lambda word: formats.get(word, content=True), lambda: self.clock, self.scoring)
        patterns = [FilePattern(str(log), "native") for log in self.logs]
        time = {"clock": lambda: self.clock, "wall": lambda: self.clock}
        self.files = FileInput(patterns, max_line_bytes=1 << 20, oversize=self.intake.oversize, **time)
        self.spool = Spool(self.folder / "spool", max_bytes=1 << 20, clock=lambda: self.clock)
        state = State(self.folder / "state")
        commit = state.commit

        def perhaps(items, *, lasting=False):
            if self.full:
                raise OSError(28, "no space left on device")
            commit(items, lasting=lasting)

        state.commit = perhaps
        self.pipeline = Pipeline(self.intake, self.ledger, state, [self.files, self.spool], logs=self.files.logs)
        self.pipeline.restore()

    def log(self, name, event):
        with name.open("ab") as log:
            log.write(json.dumps(event).encode() + b"\n")

    async def deliver(self, *events):
        try:
            await self.spool.append(Batch(json.dumps(events).encode()), "native", self.clock)
        except SpoolFullError:
            pass

    def look(self, event):
        try:
            body = {"text": event["output"], "id": event["id"], "route": event["route"], "model": event["model"]}
            self.guard.decide(self.guard.check(json.dumps(body).encode()))
        except OverloadError:
            pass

    def read(self):
        self.intake.tick()
        self.clock += 0.1
        return self.files.read(self.intake.take, 1 << 10) + self.spool.read(self.intake.take, 1 << 10)

    async def page(self):
        """Answer a scrape, as the pipeline does, and hold it against the one before."""
        samples = await scrape(self.pipeline)
        self.counted = {name: value for name, value in samples.items() if is_counted(name)}
        # The sum of seconds in another order may be another by its last bit.
        lower = {name: (value, now) for name, value in self.shown.items() if (now := self.counted.get(name, value)) < value * (1 - 1e-12)}
        assert not lower
        self.shown = self.counted

    async def kill(self):
        """Go on with what is on the disk now, as after ``kill -9``."""
        shutil.copytree(self.folder, after := self.folder.with_name(f"{self.folder.name}+"))
        await self.end()
        self.folder = after
        self._start()
        for _ in range(3):  # more than one turn may be idle: looks at files have their time
            while self.read():
                pass
        await self.page()

    async def end(self):
        await self.spool.close()
        self.files.close()
        self.pipeline.state.close()


def is_counted(name):
    bare = name.partition("{")[0]
    known = any(bare.removesuffix(end) in COUNTERS for end in ("", "_bucket", "_sum", "_count"))
    return known and not name.startswith(OF_THE_PROCESS)


def event(chance, number, clock):
    """Return a call of one of a few kinds, sometimes one that fails or repeats a call id."""
    made = {
        "id": f"e{number}", "call_id": f"c{number // 2}", "time": clock - chance.choice((0.0, 5.0, 900.0)), "provider": "p",
        "model": chance.choice("mmn"), "route": chance.choice("aab"), "consumer": chance.choice("uvwx"),
        "session": chance.choice("st"), "input": [{"role": "user", "content": "again and again"}],
        "output": chance.choice(("fine", INSULT, SECRET)), "duration_s": 1.5, "ttft_s": 0.5, "stream": True,
        "served_model": chance.choice(("v1", "v2")), "prompt": {"name": "q", "version": chance.choice("12")},
        "usage": {"input": chance.choice((10, 20, 4000)), "output": 5}, "finish_reason": chance.choice(("stop", "length")),
        "scores": {"mine": chance.random()} if chance.random() < 0.3 else {}, "cost_usd": chance.choice((0.25, "much")),
    }  # fmt: skip
    if chance.random() < 0.3:
        made |= {"status": chance.choice((500, 429)), "output": None, "scores": None}
    return made


def feedback(chance, number, clock):
    about = {"id": f"f{number}-{chance.random()}", "type": "feedback", "call_id": f"c{number // 2}", "time": clock, "by": "reviewer"}
    return about | chance.choice(({"scores": {"people": 0.5}}, {"flag": "unsafe"}, {"flag": "wrong"}))


@pytest.mark.parametrize("seed", range(10))
async def test_no_counter_is_shown_lower_than_before(tmp_path, seed):
    chance, numbers = random.Random(seed), count()
    logs = [tmp_path / f"{name}.jsonl" for name in "xy"[: chance.choice((1, 2))]]
    (tmp_path / "w").mkdir()
    world = World(tmp_path / "w", logs)
    hooks = chance.random() < 0.8
    for log in logs:
        world.log(log, event(chance, next(numbers), world.clock))
    if hooks:
        await world.deliver(event(chance, next(numbers), world.clock))
    world.read()
    await world.page()
    for _ in range(120):
        made = event(chance, next(numbers), world.clock)
        match chance.choice(("log", "log", "hook", "both", "people", "look", "read", "read", "page", "page", "full", "kill", "time")):
            case "log":
                world.log(chance.choice(logs), made)
            case "hook" if hooks:
                await world.deliver(made, event(chance, next(numbers), world.clock))
            case "both" if hooks:
                world.log(chance.choice(logs), made)
                await world.deliver(made)
            case "people" if hooks:
                await world.deliver(feedback(chance, max(0, next(numbers) - chance.randrange(20)), world.clock))
            case "look":
                world.look(made | {"output": chance.choice(("fine", SECRET))})
                world.log(chance.choice(logs), made)
            case "read":
                world.read()
                world.model.judge()
            case "page":
                await world.page()
            case "full":
                world.full = chance.random() < 0.7
            case "kill":
                await world.kill()
            case "time":
                world.clock += chance.choice((1.0, 400.0, 4_000.0))
    world.full = False
    await world.kill()
    await world.end()
