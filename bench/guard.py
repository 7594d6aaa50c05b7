"""The guard under load: open-loop checks of 2 KB answers, with latency from the moment each was due; and in process."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import selectors
import subprocess
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import workload
from footprint import log_of_label_sets
from measure import CLIENT_CORE, CORES, Exporter, Figure
from poster import Pool, request

from tocsin.config import Config
from tocsin.detectors.base import Subject
from tocsin.evaluation.sets import Sets
from tocsin.judge import Judge

SECONDS = 8.0
RATES = (250, 1_000)
POSTED = 50
"""Events per post beside the checks."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The load of the same process."""

    checks: int
    """Checks per second."""
    events: int
    """Events ingested per second, in posts of POSTED."""
    series: int
    """Series of the page scraped each second; 0: as many as the load creates."""
    tier: int | None = None
    """Highest tier of detectors that also inspect the events; None: events are only counted."""

    @property
    def title(self) -> str:
        looked = "" if self.tier is None else f" looked at up to tier {self.tier}"
        beside = f", {self.series // 1000}k series" if self.series else ""
        return f"/v1/check {self.checks} rps, {self.events} ev/s{looked}{beside}"

    @property
    def config(self) -> str:
        """The exporter's configuration."""
        most = "" if self.tier is None else f"detectors: {{max_tier: {self.tier}}}\n"
        return f"series: {{max: 400000}}\n{most}"


GOAL = Mix(1_000, 5_000, 100_000)
MIXES = (Mix(250, 500, 0), GOAL, replace(GOAL, tier=0), replace(GOAL, tier=2))
OVERLOAD = 6_000
"""Checks per second beyond the capacity of one core: those shed must be answered immediately, and say so."""
CRAFTED = ("4111 1111 1111 111 4111-1111-1111-1112 ", "\uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 ", "a.b1@c2.com ")
"""Units of texts that are expensive throughout: near-cards, full-width digits, addresses."""
CRAFTED_CHARS = 1_000_000
HELD_UP_MS = 50.0
"""Maximum milliseconds for which a crafted text may block others."""
PRESIDIO_TEXTS = 200
ADDED_MB = 60.0
"""Maximum resident memory that judging may add to counting alone."""
GOALS = ((0.5, 1.0), (0.99, 5.0), (0.999, 10.0))
"""Share of the answers, milliseconds."""


def run(scratch: Path) -> list[Figure]:
    """Measure the guard alone, beside ingest with a scrape each second, and the detectors in process.

    "Guard apart" is ``tocsin run --guard-only`` beside the exporter: a separate process on the same core, so it shows
    the effect of the scheduler; with its own core, the rows of the guard alone apply.
    """
    texts = [row["text"] for row in Sets().rows("benign_arena")]
    two_kb = [(text * 2)[:2048] for text in texts if len(text) > 1024]
    figures = _in_process(texts, scratch)
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        for rate in RATES:
            with Exporter(scratch / f"guard-{rate}", "--guard-only", ingest=True) as exporter:
                figures += _figures(f"/v1/check, {rate} rps", _run(_load(exporter, two_kb, rate)))
        for mix in MIXES:
            folder = scratch / f"guard-mixed-{mix.checks}-{mix.tier}"
            folder.mkdir(parents=True)
            log = folder / "labels.jsonl"
            log.touch()
            if mix.series:
                log_of_label_sets(log, mix.series)
            arguments = ("--tail", str(log), "--format", "native")
            with Exporter(folder, *arguments, ingest=True, config=mix.config, content=mix.tier is not None) as exporter:
                figures += _figures(mix.title, _run(_load(exporter, two_kb, mix.checks, mix=mix)))
                figures += _behind(mix, exporter)
                if mix.tier is None:
                    with Exporter(folder / "guard", "--guard-only", ingest=True) as alone:
                        apart = _run(_load(alone, two_kb, mix.checks, mix=mix, beside=exporter))
                    figures += _figures(f"{mix.title}, guard apart", apart)
        figures += _overload(scratch, two_kb)
        figures += [_crafted(scratch, two_kb, path) for path in ("/v1/check", "/v1/ingest/native")]
        figures.append(_memory(scratch, two_kb))
    finally:
        os.sched_setaffinity(0, set(CORES))
    return figures


def _in_process(texts: list[str], scratch: Path) -> list[Figure]:
    cheap, every = _rate(texts, max_tier=0), _rate(texts, max_tier=2)
    return [
        Figure("guard", "detectors of tier 0 in process", cheap, "answers/s", ">=5000", cheap >= 5000),
        Figure("guard", "all detectors in process", every, "answers/s"),
        *_presidio(texts[:PRESIDIO_TEXTS], scratch, cheap),
    ]


def _rate(texts: list[str], *, max_tier: int) -> float:
    """Return the texts judged per second of CPU, the best of four rounds."""
    judge = Judge(Config(), max_tier=max_tier)
    rules = judge.rules("bench")
    best = float("inf")
    for _ in range(4):
        began = time.process_time()
        for text in texts:
            judge.judge(Subject(text), rules)
        best = min(best, time.process_time() - began)
    return len(texts) / best


def _presidio(texts: list[str], scratch: Path, ours: float) -> list[Figure]:
    """Measure only Presidio's pattern recognizers, its minimum, on the same texts."""
    python = Path(__file__).parents[1] / ".tools" / "presidio" / "bin" / "python"
    if not python.exists():
        print("presidio: not found, skipped (tools/install.sh presidio)", flush=True)
        return []
    path = scratch / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, texts)))
    script = Path(__file__).parent / "peer_presidio.py"
    theirs = float(subprocess.check_output([str(python), str(script), str(path)], text=True).split()[-1])
    ratio = ours / theirs
    return [
        Figure("guard", "presidio, patterns without a model", theirs, "answers/s"),
        Figure("guard", "tocsin, tier 0 / presidio", ratio, "x", ">=50", ratio >= 50),
    ]


def _figures(what: str, latencies: list[float]) -> list[Figure]:
    ordered = sorted(latencies)
    found = []
    for share, goal in GOALS:
        value = ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3
        found.append(Figure("guard", f"{what}: p{100 * share:g}", value, "ms", f"<={goal:g}", value <= goal))
    return found


def _behind(mix: Mix, exporter: Exporter) -> list[Figure]:
    """Return the ingest lag (the backlog is on disk) and the answers scored while catching up."""
    lag = exporter.total("tocsin_ingest_lag_seconds")
    figures = [Figure("guard", f"{mix.title}: behind at the end", lag, "s")]
    if mix.tier is not None:
        figures.append(Figure("guard", f"{mix.title}: answers scored", exporter.total("llm_scored_total"), ""))
    return figures


def _overload(scratch: Path, texts: list[str]) -> list[Figure]:
    """Check beyond the capacity of a core: latency stays bounded, and every check that is shed is counted."""
    with Exporter(scratch / "guard-overload", "--guard-only", ingest=True) as exporter:
        latencies = _run(_load(exporter, texts, OVERLOAD, seconds=3.0))
        time.sleep(1.5)  # a commit
        shed, looked = exporter.total("llm_guard_shed_total"), exporter.total("llm_guard_requests_total")
    what, answered = f"/v1/check, {OVERLOAD} rps asked", len(latencies)
    told = shed + looked >= answered
    return [
        Figure("guard", f"{what}: answered without a look", 100 * shed / max(1.0, shed + looked), "%"),
        Figure("guard", f"{what}: looks and sheds counted", (shed + looked) / answered, "x", ">=1", told),
    ]


def _crafted(scratch: Path, texts: list[str], path: str) -> Figure:
    """Send crafted texts of a megabyte to a path, one after another, and measure how long plain checks are blocked."""
    now = datetime.now(UTC).isoformat()
    crafted = [(unit * CRAFTED_CHARS)[:CRAFTED_CHARS] for unit in CRAFTED]
    bodies = [
        json.dumps({"id": str(number), "time": now, "model": "m", "text": text, "output": text}, ensure_ascii=False).encode()
        for number, text in enumerate(crafted)
    ]

    async def load() -> list[float]:
        attack = Pool(exporter.ingest_port, limit=1)
        async with asyncio.TaskGroup() as group:
            plain = group.create_task(_load(exporter, texts, RATES[0], seconds=4.0))
            for body in bodies:
                await attack.send(request(body, path), time.perf_counter())
        await attack.close()
        return plain.result()

    with Exporter(scratch / f"guard-crafted{path.replace('/', '-')}", ingest=True, content=True) as exporter:
        worst = max(_run(load())) * 1e3
    what = f"/v1/check, {RATES[0]} rps beside crafted texts of 1 MB to {path}: max"
    return Figure("guard", what, worst, "ms", f"<={HELD_UP_MS:g}", worst <= HELD_UP_MS)


def _memory(scratch: Path, texts: list[str]) -> Figure:
    """Compare the resident memory after checks with that of an exporter that only counts."""
    with Exporter(scratch / "guard-none", ingest=True) as exporter:
        before = exporter.rss_mb()
    with Exporter(scratch / "guard-memory", ingest=True) as exporter:
        _run(_load(exporter, texts, RATES[0], seconds=2.0))
        added = exporter.rss_mb() - before
    return Figure("guard", "resident memory that checks add", added, "MB", f"<={ADDED_MB:g}", added <= ADDED_MB)


def _run(work: Coroutine[Any, Any, list[float]]) -> list[float]:
    """Run on an event loop with precise timers: ``select`` counts microseconds, asyncio's default, epoll, milliseconds."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(work)


async def _load(
    exporter: Exporter,
    texts: list[str],
    rate: int,
    *,
    mix: Mix | None = None,
    beside: Exporter | None = None,
    seconds: float = SECONDS,
) -> list[float]:
    """Send checks at random times with an average rate; return the seconds from when each was due to its answer.

    ``beside`` is the process that ingests and is scraped meanwhile, by default the same one.
    """
    posts = [
        request(json.dumps({"id": str(number), "text": text}).encode(), "/v1/check")
        for number, text in enumerate(texts)
    ]
    draw = random.Random(1)
    count = int(mix.events * seconds) if mix else 0
    lines = [line.rstrip() for line in islice(workload.Generator("slim").lines(count), count)] if mix else []
    batches = [
        request(b"[" + b",".join(lines[start : start + POSTED]) + b"]") for start in range(0, len(lines), POSTED)
    ]  # prepared in advance: delays of the client would count as the server's
    del lines
    await _warm(exporter, posts[0])
    pool = Pool(exporter.ingest_port)
    gc.collect()
    gc.freeze()
    async with asyncio.TaskGroup() as group:
        began = due = time.perf_counter()
        if mix is not None:
            group.create_task(_beside(beside or exporter, began, mix, batches))
        number = 0
        while due - began < seconds:
            due += draw.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await pool.send(posts[number % len(posts)], due)
            number += 1
    await pool.close()
    return pool.tally.latencies


async def _warm(exporter: Exporter, first: bytes) -> None:
    """Send one check: if content is not inspected, the first check creates the detectors, which takes a second."""
    pool = Pool(exporter.ingest_port)
    await pool.send(first, time.perf_counter())
    await pool.close()


async def _beside(exporter: Exporter, began: float, mix: Mix, batches: list[bytes]) -> None:
    """Post events and scrape while the checks run."""
    posts, pages = Pool(exporter.ingest_port), Pool(exporter.port)

    async def scrape() -> None:
        for second in range(int(SECONDS)):
            await asyncio.sleep(max(0.0, began + second - time.perf_counter()))
            await pages.send(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n", began + second)

    async def post() -> None:
        for number, batch in enumerate(batches):
            due = began + number * POSTED / mix.events
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await posts.send(batch, due)

    await asyncio.gather(scrape(), post())
    await posts.close()
    await pages.close()
