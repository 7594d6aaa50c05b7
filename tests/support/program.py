"""The program under test, running."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tocsin.demo.stack import free_port

PATIENCE = 60
"""Seconds that anything may take on a machine that is busy with other things; what is there at once is had at once."""


class Exporter:
    """``with Exporter(folder, *arguments) as exporter``: `tocsin run` whose state is in the folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port, self.ingest = free_port(), free_port()
        self.command = [
            sys.executable, "-m", "tocsin", "run", "--storage.path", str(folder / "state"), "--log.level", "warn",
            "--web.listen-address", f"127.0.0.1:{self.port}", "--ingest.listen-address", f"127.0.0.1:{self.ingest}",
            *arguments,
        ]  # fmt: skip
        self.process: subprocess.Popen | None = None
        self.stderr: IO[bytes] | None = None
        """Where the program's log goes; None: to the terminal."""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.end(signal.SIGTERM)

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stderr=self.stderr)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(OSError, urllib.error.URLError):
                self.get("/-/ready")
                return
            assert self.process.poll() is None, "the exporter ended"
            time.sleep(0.05)
        pytest.fail("the exporter did not become ready")

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def get(self, path: str, **headers: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def post(self, path: str, body: bytes) -> int:
        return self._post(self.ingest, path, body)

    def reload(self) -> int:
        return self._post(self.port, "/-/reload", b"")

    @staticmethod
    def _post(port: int, path: str, body: bytes) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def totals(self) -> dict[str, float]:
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(self.get("/metrics").decode()):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0) + sample.value
        return sums

    def wait_for(self, name: str, value: float) -> dict[str, float]:
        until = time.monotonic() + PATIENCE
        while (totals := self.totals()).get(name, 0) != value and time.monotonic() < until:
            time.sleep(0.05)
        assert totals.get(name, 0) == value
        return totals
