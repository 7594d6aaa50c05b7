"""The durable webhook beside the same aiohttp application without the spool: posts of one event and of many."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import workload
from measure import CLIENT_CORE, CORES, Exporter, Figure, Server, free_port
from poster import Tally, post, request

CONNECTIONS = 32
BATCH = 200
LITELLM_BATCH = 512
"""LiteLLM's default batch size; of ``full`` lines that is 7.8 MB."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is posted: no event twice, because a duplicate is cheaper."""

    singles: list[bytes]
    batches: list[bytes]
    large: list[bytes]


def bodies(data: Path, events: int) -> Bodies:
    """Make requests from the log of the ingest bench."""
    log = data / f"slim-{events}.jsonl"
    workload.write(log, "slim", events)
    with log.open("rb") as file:
        lines = [line.rstrip() for line in file]
    single = len(lines) // 3
    full = list(islice(workload.Generator("full").lines(4 * LITELLM_BATCH), 4 * LITELLM_BATCH))
    return Bodies(
        [request(line) for line in lines[:single]],
        _arrays(lines[single:], BATCH),
        _arrays([line.rstrip() for line in full], LITELLM_BATCH),
    )


def _arrays(lines: list[bytes], size: int) -> list[bytes]:
    starts = range(0, len(lines) - size + 1, size)
    return [request(b"[" + b",".join(lines[start : start + size]) + b"]") for start in starts]


def run(data: Path, scratch: Path, events: int) -> list[Figure]:
    """Measure both servers on the same bodies."""
    print("\nwebhook", flush=True)
    prepared = bodies(data, events)
    os.sched_setaffinity(0, {CLIENT_CORE})
    try:
        port = free_port()
        command = [sys.executable, str(Path(__file__).parent / "peer_aiohttp.py"), str(port)]
        with Server(command, f"http://127.0.0.1:{port}/-/ready"):
            plain_singles = post(port, prepared.singles, CONNECTIONS)
            plain_batches = post(port, prepared.batches, 8)
        with Exporter(scratch / "webhook", ingest=True) as exporter:
            singles = post(exporter.ingest_port, prepared.singles, CONNECTIONS)
            _wait_counted(exporter, len(prepared.singles))
            batches = post(exporter.ingest_port, prepared.batches, 8)
            drained = _wait_counted(exporter, len(prepared.singles) + BATCH * len(prepared.batches))
            large = post(exporter.ingest_port, prepared.large, 1)
    finally:
        os.sched_setaffinity(0, set(CORES))
    return _figures(plain_singles, plain_batches, singles, batches, large, drained)


def _wait_counted(exporter: Exporter, events: int) -> float:
    """Wait until all events are counted; return how long that took."""
    began = time.perf_counter()
    while exporter.total("tocsin_events_read_total") < events and time.perf_counter() - began < 120:
        time.sleep(0.1)
    return time.perf_counter() - began


def _figures(
    plain_singles: Tally, plain_batches: Tally, singles: Tally, batches: Tally, large: Tally, drained: float
) -> list[Figure]:
    section = "webhook"
    posts, plain_posts = singles.accepted / singles.seconds, plain_singles.accepted / plain_singles.seconds
    rate = batches.accepted * BATCH / batches.seconds
    plain_rate = plain_batches.accepted * BATCH / plain_batches.seconds
    counted = batches.accepted * BATCH / (batches.seconds + drained)
    refused = singles.refused + batches.refused + large.refused
    return [
        Figure(section, "single posts, plain aiohttp", plain_posts, "posts/s"),
        Figure(section, "single posts, durable", posts, "posts/s", ">= 5000", posts >= 5000),
        Figure(section, "durable / plain", posts / plain_posts, "x", ">= 0.5", posts >= plain_posts / 2),
        Figure(section, "single posts, p50", singles.percentile(0.5), "ms"),
        Figure(section, "single posts, p99", singles.percentile(0.99), "ms"),
        Figure(section, f"batches of {BATCH}, plain aiohttp", plain_rate, "events/s"),
        Figure(section, f"batches of {BATCH}, durable", rate, "events/s", ">= 50000", rate >= 50000),
        Figure(section, "durable / plain, batched", rate / plain_rate, "x", ">= 0.5", rate >= plain_rate / 2),
        Figure(section, "batches, until the last is counted", counted, "events/s"),
        Figure(section, f"batch of {LITELLM_BATCH} full lines, p50", large.percentile(0.5), "ms"),
        Figure(section, "posts refused", refused, "", "= 0", refused == 0),
    ]
