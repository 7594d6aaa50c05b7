"""``tocsin demo``: a simulated application lives through four incidents; look at it with the real exporter."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tocsin.demo.simulator import PHASES, Simulator

EXAMPLE = "example: tocsin demo --speed 4"
RATE = 20
"""Calls a second."""


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("demo", help="show the product on a simulated application", epilog=EXAMPLE)
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster the story runs")
    parser.add_argument("--port", type=int, default=9877, help="port of the status page; 0: any free one")
    parser.add_argument("--stay", action="store_true", help="keep running after the story, until Ctrl-C")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the story; 0 when the exporter counted every event."""
    port = arguments.port or _free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-demo-")))
        log = folder / "litellm.jsonl"
        log.touch()
        base = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "tocsin", "run", "--tail", str(log), "--storage.path", str(folder / "state"),
            "--web.listen-address", f"127.0.0.1:{port}", "--ingest.listen-address", "", "--log.level", "warn",
        ]  # fmt: skip
        _start(stack, command)
        if not _wait(f"{base}/-/ready"):
            print("tocsin demo: the exporter did not start; is the port taken? try --port 0", file=sys.stderr)
            return 1
        print(f"status page   {base}/\nmetrics       {base}/metrics", flush=True)
        prometheus = _prometheus(stack, folder, port)
        print(prometheus or "Prometheus    not found (`make tools` builds it); the demo goes on without", flush=True)
        print(
            "The quality and safety incidents are in the log, but their detectors are not part of this version:\n"
            'the status page says "not instrumented" for them.\n',
            flush=True,
        )
        written = _tell(log, arguments.speed)
        read = _counted(base, written)
        print(f"\nwritten {written} events, counted {read}", flush=True)
        if arguments.stay:
            print("Ctrl-C ends the demo", flush=True)
            signal.pause()
    return 0 if read == written else 1


def _tell(log: Path, speed: float) -> int:
    """Write the log of all phases; return the number of events."""
    simulator = Simulator()
    written = 0
    with log.open("ab", buffering=0) as out:
        for number, phase in enumerate(PHASES, 1):
            print(f"[{number}/{len(PHASES)}] {phase.story}", flush=True)
            until = time.monotonic() + phase.seconds / speed
            while time.monotonic() < until:
                for event in simulator.events(phase.name, RATE // 4, time.time()):
                    out.write(simulator.line(event))
                    written += 1
                time.sleep(0.25 / speed)
    return written


def _counted(base: str, written: int) -> int:
    """Return the requests that the exporter shows, once it has caught up."""
    total = 0
    for _ in range(100):
        with urllib.request.urlopen(f"{base}/metrics", timeout=5) as answer:  # noqa: S310 - our own loopback URL
            lines = answer.read().decode().splitlines()
        total = sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("llm_requests_total{"))
        if total >= written:
            break
        time.sleep(0.1)
    return total


def _prometheus(stack: ExitStack, folder: Path, port: int) -> str | None:
    """Start Prometheus when it can be found; return where to look."""
    places = os.pathsep.join([str(Path.cwd() / ".tools" / "bin"), os.environ.get("PATH", "")])
    binary = shutil.which("prometheus", path=places)
    if binary is None:
        return None
    own = _free_port()
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 5s}\nscrape_configs:\n  - job_name: tocsin\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    )
    address = f"127.0.0.1:{own}"
    _start(stack, [
        binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}", "--log.level=error",
    ])  # fmt: skip
    return f"Prometheus    http://{address}/" if _wait(f"http://{address}/-/ready") else None


def _start(stack: ExitStack, command: list[str]) -> None:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own arguments

    def end() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)


def _wait(url: str) -> bool:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback URL
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
