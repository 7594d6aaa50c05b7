"""Measure what Tocsin needs on made-up traffic, for ``docs/sizing.md``: CPU of a call, memory, disk.

Run by ``make sizing``. Processor time is measured, not the clock, so other work on the machine moves it little. The
traffic is the demo's: LiteLLM payloads with answers of one sentence; long answers cost more.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tocsin.demo.simulator import Simulator

CALLS = 15_000
SERIES = 60_000
FEW = 300
TICKS = os.sysconf("SC_CLK_TCK")


class _Use(NamedTuple):
    """What a process took: seconds of processor time, MB of memory, series shown, MB on disk."""

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
    """Return a line of the table; a run with a few calls is taken off, so that what is made once is not in the cost."""
    settings = folder / "tocsin.yml"
    settings.write_text(json.dumps(config))
    few = min(FEW, len(lines))
    began = _measured(folder / f"few-{name}", settings, lines[:few])
    whole = _measured(folder / f"all-{name}", settings, lines)
    cost = f"{(whole.cpu - began.cpu) / (len(lines) - few) * 1e6:.0f} us" if lines else "-"
    return f"| {name} | {cost} | {whole.memory:.0f} MB | {whole.series:,} | {whole.disk:.1f} MB |"


def _measured(state: Path, settings: Path, lines: list[bytes]) -> _Use:
    """Read some lines and return what that took."""
    log = state.with_suffix(".jsonl")
    log.write_bytes(b"".join(lines))
    with _running(state, settings, log) as (process, url):
        page = _page(url)
        while _value(page, "tocsin_events_counted_total") < len(lines):
            time.sleep(0.5)
            page = _page(url)
        cpu = _cpu(process.pid)
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        memory = int(status["VmRSS"].split()[0]) / 1024
    series = sum(line[:1] not in ("#", "") for line in page.splitlines())
    return _Use(cpu, memory, series, sum(path.stat().st_size for path in state.rglob("*") if path.is_file()) / 1e6)


@contextmanager
def _running(state: Path, settings: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        sys.executable, "-m", "tocsin", "run", f"--config.file={settings}", f"--storage.path={state}",
        f"--web.listen-address={address}", "--ingest.listen-address=", "--log.level=error", f"--tail={log}",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        while True:
            try:
                _page(f"http://{address}")
                break
            except OSError:
                time.sleep(0.05)
        yield process, f"http://{address}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _page(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def _value(page: str, name: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(f"{name}{{"))


def _cpu(pid: int) -> float:
    """Return seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
