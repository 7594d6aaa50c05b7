"""The durable webhook compared with an aiohttp application without the spool: posts of one event and of batches."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median

import workload
from measure import CLIENT_CORE, CORES, Exporter, Figure, Server, pin
from poster import PATH, Tally, post, request

from tocsin.demo.stack import free_port

ROUNDS = 3
PATIENCE = 60.0
"""Seconds after which accepted events count as lost."""
BATCH = 200
LITELLM_BATCH = 512
"""LiteLLM's default batch size; 7.8 MB of ``full`` lines."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """The requests; no event occurs twice, because a duplicate is cheaper."""

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
    """Measure both servers on the same bodies in turn, and compare the medians of the rounds."""
    print("\nwebhook", flush=True)
    prepared = bodies(data, events)
    pin(CLIENT_CORE)
    port = free_port()
    command = [sys.executable, str(Path(__file__).parent / "peer_aiohttp.py"), str(port)]
    try:
        with (
            Server(command, f"http://127.0.0.1:{port}/-/ready"),
            Exporter(scratch / "webhook", ingest=True) as exporter,
        ):
            singles = _compare(port, exporter, prepared.singles, 32, 1)
            batches = _compare(port, exporter, prepared.batches, 8, BATCH)
            large = post(exporter.ingest_port, prepared.large, 1)
    finally:
        os.sched_setaffinity(0, set(CORES))
    return _figures(singles, batches, large)


@dataclass(slots=True)
class Pair:
    """The same posts to both servers, by round; rates in events per second."""

    plain: list[float] = field(default_factory=list)
    checked: list[float] = field(default_factory=list)
    """The plain one with the same syntax check of arrays as the durable one: shows the cost of durability alone."""
    durable: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)
    """Until the last event is counted."""
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    def ratio(self, peer: list[float]) -> float:
        """Return the median over the rounds of the ratio of durable to a peer."""
        return median(durable / other for durable, other in zip(self.durable, peer, strict=True))


def _compare(plain_port: int, exporter: Exporter, requests: list[bytes], connections: int, size: int) -> Pair:
    pair = Pair()
    share = len(requests) // ROUNDS
    for number in range(ROUNDS):
        part = requests[number * share : (number + 1) * share]
        done = post(plain_port, part, connections)
        pair.plain.append(done.accepted * size / done.seconds)
        if size > 1:
            done = post(plain_port, [each.replace(PATH.encode(), b"/v1/checked", 1) for each in part], connections)
            pair.checked.append(done.accepted * size / done.seconds)
        before = exporter.total("tocsin_events_read_total")
        began = time.perf_counter()
        done = post(exporter.ingest_port, part, connections)
        pair.refused += done.refused
        pair.latencies += done.latencies
        pair.durable.append(done.accepted * size / done.seconds)
        while exporter.total("tocsin_events_read_total") < before + done.accepted * size:
            if time.perf_counter() - began > PATIENCE:
                raise RuntimeError("accepted events were not counted")
            time.sleep(0.02)
        pair.counted.append(done.accepted * size / (time.perf_counter() - began))
    return pair


def _figures(singles: Pair, batches: Pair, large: Tally) -> list[Figure]:
    section = "webhook"
    refused = singles.refused + batches.refused + large.refused
    single, batch = median(singles.durable), median(batches.durable)
    posts = Tally(latencies=singles.latencies)
    alone, together = singles.ratio(singles.plain), batches.ratio(batches.plain)
    return [
        Figure(section, "single posts, plain aiohttp", median(singles.plain), "posts/s"),
        Figure(section, "single posts, durable", single, "posts/s", ">= 5000", single >= 5000),
        Figure(section, "durable / plain", alone, "x", ">= 0.5", alone >= 0.5),
        Figure(section, "single posts, p50", posts.percentile(0.5), "ms"),
        Figure(section, "single posts, p99", posts.percentile(0.99), "ms"),
        Figure(section, f"batches of {BATCH}, plain aiohttp", median(batches.plain), "events/s"),
        Figure(section, "the same, syntax checked", median(batches.checked), "events/s"),
        Figure(section, f"batches of {BATCH}, durable", batch, "events/s", ">= 50000", batch >= 50000),
        Figure(section, "durable / plain, batched", together, "x", ">= 0.5", together >= 0.5),
        Figure(section, "durable / syntax checked, batched", batches.ratio(batches.checked), "x"),
        Figure(section, "batches, until the last is counted", median(batches.counted), "events/s"),
        Figure(section, f"batch of {LITELLM_BATCH} full lines, p50", large.percentile(0.5), "ms"),
        Figure(section, "posts refused", refused, "", "= 0", refused == 0),
    ]
