"""The exporter's fixed costs: memory, start-up, commits, idle polling."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import msgspec
from measure import Exporter, Figure

from tocsin.accounting.ledger import Item, Ledger, Settings
from tocsin.call import Call
from tocsin.series.store import Store
from tocsin.state import State

SERIES = 60_000
COMMIT_SERIES = 10_000
IDLE_FILES = 10
IDLE_SECONDS = 10.0
COMMITS = 20


def run(scratch: Path) -> list[Figure]:
    """Measure all four."""
    print("\nfootprint", flush=True)
    return [*_start(scratch), *_memory(scratch), *_commit(scratch), _idle(scratch)]


def _start(scratch: Path) -> list[Figure]:
    took = []
    for number in range(5):
        with Exporter(scratch / f"start-{number}", ingest=True) as exporter:
            took.append(exporter.start_seconds)
    middle = median(took)
    return [Figure("footprint", "start to ready, median of 5", middle, "s", "<= 1", middle <= 1)]


def _memory(scratch: Path) -> list[Figure]:
    log = scratch / "labels.jsonl"
    combinations = log_of_label_sets(log, SERIES)
    arguments = ("--tail", str(log), "--format", "native")
    figures = []
    config = "series: {max: 200000}\n"
    for looked, guard, most in (("counting only", False, 80), ("detectors of the guard too", True, 140)):
        folder = scratch / f"memory-{guard}"
        with Exporter(folder, *arguments, ingest=guard, config=config) as exporter:
            if guard:
                exporter.check("Is this an answer?")
            pages = [exporter.page() for _ in range(3)]
            resident = exporter.rss_mb()
        series = sum(not line.startswith(b"#") for line in pages[-1].splitlines())
        what = f"resident with {series:,} series ({combinations} label sets), {looked}"
        figures.append(Figure("footprint", what, resident, "MB", f"<= {most}", resident <= most))
    with Exporter(folder, *arguments, ingest=guard, config=config) as exporter:
        again = exporter.start_seconds
    return [*figures, Figure("footprint", "start to ready with that state", again, "s", "<= 1", again <= 1)]


def log_of_label_sets(log: Path, series: int) -> int:
    """Write one call per label set, for about ``series`` series in total; return the number of label sets."""
    routes = 10
    models = -(-series // _series_of_ten())  # rounded up
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with log.open("wb") as out:
        for model in range(models):
            for route in range(routes):
                out.write(msgspec.json.encode({
                    "v": 1, "id": f"call-{model}-{route}", "time": now, "provider": "bench", "model": f"model-{model}",
                    "route": f"route-{route}", "status": 200, "duration_s": 1.5, "usage": {"input": 100, "output": 50},
                }) + b"\n")  # fmt: skip
    return models * routes


def _ledger(label_sets: int) -> Ledger:
    ledger = Ledger(Store(), Settings(max_series=200_000))
    _count(ledger, label_sets, 0)
    return ledger


def _count(ledger: Ledger, label_sets: int, number: int) -> None:
    now = time.time()
    for index in range(label_sets):
        call = Call(
            id=f"{number}-{index}", call_id=f"{number}-{index}", provider="bench", model=f"model-{index // 10}",
            route=f"route-{index % 10}", start=now, duration=1.5, input_tokens=100, output_tokens=50,
        )  # fmt: skip
        ledger.is_new(call.id)
        ledger.count(call, now)


def _series_of_ten() -> int:
    """Return the series added by ten label sets."""
    return _ledger(20).store.samples - _ledger(10).store.samples


def _commit(scratch: Path) -> list[Figure]:
    """Commit with every label set changed: its CPU once a second, and its longest turn of the event loop."""
    label_sets = COMMIT_SERIES * 10 // _series_of_ten()
    ledger, state = _ledger(label_sets), State(scratch / "commit")
    state.commit(ledger.changes())
    cpu = 0.0
    stalls = []
    for number in range(1, COMMITS + 1):
        _count(ledger, label_sets, number)
        began = time.process_time()
        items, turns = _turns(ledger)
        state.commit(items)
        cpu += time.process_time() - began
        stalls.append(max(turns))
    state.close()
    share = cpu / COMMITS * 100
    stall = median(stalls)  # the longest turn of a commit; another process occasionally preempts one
    what = f"commit each second, {ledger.store.samples:,} series"
    return [
        Figure("footprint", what, share, "% of core", "<= 0.5", share <= 0.5),
        Figure("footprint", "longest turn of the event loop in it", stall * 1e3, "ms", "<= 2", stall <= 0.002),
    ]


def _turns(ledger: Ledger) -> tuple[list[Item], list[float]]:
    """Collect what a commit writes; return it with the durations of the event loop's turns."""
    items: list[Item] = []
    turns, began = [], time.perf_counter()
    for step in ledger.steps():
        items += step
        now = time.perf_counter()
        turns.append(now - began)
        began = now
    return items, turns


def _idle(scratch: Path) -> Figure:
    folder = scratch / "idle"
    folder.mkdir()
    for number in range(IDLE_FILES):
        (folder / f"{number}.log").write_bytes(b"")
    with Exporter(scratch / "idle-state", "--tail", str(folder / "*.log")) as exporter:
        time.sleep(3)
        before = exporter.cpu()
        time.sleep(IDLE_SECONDS)
        share = (exporter.cpu() - before) / IDLE_SECONDS * 100
    return Figure("footprint", f"{IDLE_FILES} idle files polled", share, "% of core", "<= 0.3", share <= 0.3)
