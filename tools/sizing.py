"""Measure what Tocsin needs on made-up traffic, for ``docs/sizing.md``: CPU of a call, memory, disk.

Run by ``make sizing``. Processor time is measured, not the clock, so other work on the machine moves it little. The
traffic is the demo's: LiteLLM payloads with answers of one sentence; long answers cost more.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tocsin.demo.simulator import Simulator

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

from measure import Exporter

CALLS = 15_000
SERIES = 60_000
FEW = 300
SETTLING = 1.0
"""Seconds for a process to initialise itself after its first calls."""


class _Use(NamedTuple):
    """What a process used: seconds of CPU, MB of memory, exported series, MB on disk."""

    cpu: float
    memory: float
    series: int
    disk: float


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="tocsin-sizing-") as scratch:
        folder = Path(scratch)
        log = folder / "calls.jsonl"
        simulator = Simulator()
        with log.open("wb") as out:
            for event in simulator.events("healthy", CALLS, time.time()):
                out.write(simulator.line(event))
        many = folder / "many.jsonl"
        many.write_text("".join(json.dumps(call) + "\n" for call in _routes(4000)))
        rows = [
            _row("nothing read", folder, [], {}),
            _row("counting only", folder, _lines(log), {"declared": {"content": "off"}}),
            _row("detectors of tier 0", folder, _lines(log), {"detectors": {"max_tier": 0}}),
            _row("all detectors", folder, _lines(log), {}),
            _row("4,000 routes", folder, _lines(many), {"series": {"max": SERIES}}),
        ]
    print("| load | CPU a call | memory at rest | series | state on disk |\n|---|---|---|---|---|")
    print("\n".join(rows))
    print(f"\n{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores, {CALLS:,} calls")


def _routes(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {
            "v": 1, "id": f"call-{number}", "time": "2026-11-20T02:47:00Z", "provider": "openai", "model": "gpt-4o",
            "route": f"route-{number}", "status": 200, "duration_s": 1.2, "usage": {"input": 100, "output": 20},
        }  # fmt: skip


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def _row(name: str, folder: Path, lines: list[bytes], config: dict[str, object]) -> str:
    """Return a row of the table; the cost of a run with a few calls is subtracted, to exclude initialisation."""
    few = min(FEW, len(lines))
    start = _measured(folder / f"few-{name}", config, lines[:few])
    total = _measured(folder / f"all-{name}", config, lines)
    cost = f"{(total.cpu - start.cpu) / (len(lines) - few) * 1e6:.0f} us" if lines else "-"
    return f"| {name} | {cost} | {total.memory:.0f} MB | {total.series:,} | {total.disk:.1f} MB |"


def _measured(folder: Path, config: dict[str, object], lines: list[bytes]) -> _Use:
    """Read some lines and return what that used."""
    log = folder.with_suffix(".jsonl")
    log.write_bytes(b"".join(lines))
    with Exporter(folder, f"--tail={log}", config=json.dumps(config), content=True) as exporter:
        time.sleep(SETTLING)
        while exporter.total("tocsin_events_counted_total") < len(lines):
            time.sleep(0.5)
        cpu, memory = exporter.cpu(), exporter.rss_mb()
        series = sum(not line.startswith(b"#") for line in exporter.page().splitlines())
    return _Use(cpu, memory, series, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


if __name__ == "__main__":
    main()
