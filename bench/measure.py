"""Measuring: CPU of whole processes on one core, and the exporter as a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.demo.stack import free_port

CORES = sorted(os.sched_getaffinity(0))
SUBJECT_CORE, CLIENT_CORE = CORES[0], CORES[-1]
TOCSIN = [sys.executable, "-m", "tocsin"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the results."""

    section: str
    what: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    """None if there is no goal."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of a process."""

    user: float
    """User CPU in seconds."""
    peak_mb: float


def pin(core: int) -> None:
    """Pin this process, and its children, to one core."""
    os.sched_setaffinity(0, {core})


def spent(command: Sequence[str]) -> Spent:
    """Run a command to its end on the subject's core and return its cost.

    Raises:
        RuntimeError: it failed; with the end of its stderr.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            preexec_fn=lambda: pin(SUBJECT_CORE),  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {errors.read()[-2000:].decode(errors='replace')}")
    return Spent(usage.ru_utime, usage.ru_maxrss / 1024)


class Server:
    """An HTTP server process on the subject's core, running during a ``with`` block."""

    def __init__(self, command: Sequence[str], ready_url: str) -> None:
        self._command = command
        self._ready_url = ready_url
        self.start_seconds = 0.0
        """From the start of the process to its first 200."""

    def __enter__(self) -> Self:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            preexec_fn=lambda: pin(SUBJECT_CORE),  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        while not answers(self._ready_url):
            if self._process.poll() is not None or time.perf_counter() - began > 120:
                raise RuntimeError(f"{' '.join(self._command)} did not become ready")
            time.sleep(0.005)
        self.start_seconds = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu(self) -> float:
        """Return user and system CPU so far in seconds, in nanoseconds, unlike the 10 ms ticks of ``/proc``.

        https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html gives the clock id of another process.
        """
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def rss_mb(self) -> float:
        """Return the current resident memory."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024


class Exporter(Server):
    """``tocsin run`` with its own state; unless ``content``, it only counts, as detectors are measured separately."""

    def __init__(
        self, folder: Path, *arguments: str, ingest: bool = False, config: str = "", content: bool = False
    ) -> None:
        self.port, self.ingest_port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "tocsin.yml"
        settings.write_text(("" if content else "declared: {content: off}\n") + config)
        ingest_address = f"127.0.0.1:{self.ingest_port}" if ingest else ""
        command = [
            *TOCSIN, "run", "--storage.path", str(folder), "--web.listen-address", f"127.0.0.1:{self.port}",
            "--ingest.listen-address", ingest_address, "--log.level", "error", "--config.file", str(settings), *arguments,
        ]  # fmt: skip
        super().__init__(command, f"{self.base}/-/ready")

    def page(self) -> bytes:
        """Scrape ``/metrics``."""
        with urllib.request.urlopen(f"{self.base}/metrics", timeout=60) as response:
            body: bytes = response.read()
        return body

    def check(self, text: str) -> None:
        """Have the guard check a text: the first one creates the detectors."""
        url = f"http://127.0.0.1:{self.ingest_port}/v1/check"
        request = urllib.request.Request(url, json.dumps({"text": text}).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()

    def total(self, family: str) -> float:
        """Return the sum of a family over its labels."""
        prefixes = (f"{family} ".encode(), f"{family}{{".encode())
        return sum(float(line.rsplit(b" ", 1)[1]) for line in self.page().splitlines() if line.startswith(prefixes))


def answers(url: str) -> bool:
    """Return whether the URL responds with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
