"""The guard under load: open-loop checks of 2 KB answers, latency from the moment that each was due; and in process."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from itertools import islice
from pathlib import Path

import aiohttp
import workload
from measure import CLIENT_CORE, CORES, Exporter, Figure

from tocsin.config import Config
from tocsin.detectors.base import Subject
from tocsin.evaluation.sets import Sets
from tocsin.judge import Judge

SECONDS = 8.0
RATES = (250, 1_000)
INGEST_RATE = 500
"""Events a second beside the checks, in posts of 50."""
GOALS = ((0.5, 1.0), (0.99, 5.0), (0.999, 10.0))
"""Share of the answers, milliseconds."""


def run(scratch: Path) -> list[Figure]:
    """Measure the guard alone, beside ingest with a scrape each second, and the detectors in process."""
    texts = [row["text"] for row in Sets().rows("benign_arena")]
    two_kb = [(text * 2)[:2048] for text in texts if len(text) > 1024]
    figures = [_in_process(texts)]
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        for rate in RATES:
            with Exporter(scratch / f"guard-{rate}", "--guard-only", ingest=True) as exporter:
                figures += _figures(f"/v1/check, {rate} rps", asyncio.run(_load(exporter, two_kb, rate)))
        with Exporter(scratch / "guard-mixed", ingest=True) as exporter:
            latencies = asyncio.run(_load(exporter, two_kb, RATES[0], beside=True))
            figures += _figures(f"/v1/check, {RATES[0]} rps, {INGEST_RATE} ev/s, a scrape/s", latencies)
    finally:
        os.sched_setaffinity(0, set(CORES))
    return figures


def _in_process(texts: list[str]) -> Figure:
    judge = Judge(Config())
    rules = judge.rules("bench")
    best = float("inf")
    for _ in range(4):
        began = time.process_time()
        for text in texts:
            judge.judge(Subject(text), rules)
        best = min(best, time.process_time() - began)
    rate = len(texts) / best
    return Figure("guard", "all detectors in process", rate, "answers/s", ">=5000", rate >= 5000)


def _figures(what: str, latencies: list[float]) -> list[Figure]:
    ordered = sorted(latencies)
    found = []
    for share, goal in GOALS:
        value = ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3
        found.append(Figure("guard", f"{what}: p{100 * share:g}", value, "ms", f"<={goal:g}", value <= goal))
    return found


async def _load(exporter: Exporter, texts: list[str], rate: int, *, beside: bool = False) -> list[float]:
    """Send checks at random moments of an average rate; return seconds from when each was due to its answer."""
    bodies = [json.dumps({"id": str(number), "text": text}).encode() for number, text in enumerate(texts)]
    draw = random.Random(1)
    latencies: list[float] = []
    base = f"http://127.0.0.1:{exporter.ingest_port}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def check(body: bytes, due: float) -> None:
            async with session.post(f"{base}/v1/check", data=body) as answer:
                await answer.read()
            latencies.append(time.perf_counter() - due)

        async with asyncio.TaskGroup() as group:
            began = due = time.perf_counter()
            side = group.create_task(_beside(session, exporter, base, began)) if beside else None
            while due - began < SECONDS:
                due += draw.expovariate(rate)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(check(bodies[len(latencies) % len(bodies)], due))
            if side is not None:
                await side
    return latencies


async def _beside(session: aiohttp.ClientSession, exporter: Exporter, base: str, began: float) -> None:
    """Post events and scrape while the checks run."""
    lines = [line.rstrip() for line in islice(workload.Generator("slim").lines(5_000), 5_000)]
    for number, start in enumerate(range(0, len(lines) - 50, 50)):
        await asyncio.sleep(max(0.0, began + number * 50 / INGEST_RATE - time.perf_counter()))
        if time.perf_counter() - began > SECONDS:
            return
        body = b"[" + b",".join(lines[start : start + 50]) + b"]"
        async with session.post(f"{base}/v1/ingest/litellm", data=body) as answer:
            await answer.read()
        if number % (INGEST_RATE // 50) == 0:
            async with session.get(f"{exporter.base}/metrics") as page:
                await page.read()
