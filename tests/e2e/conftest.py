"""What the tests with a real Prometheus share."""

from pathlib import Path
from typing import NamedTuple

import pytest

from program import Exporter
from tocsin.demo.stack import Addresses


class Running(NamedTuple):
    """An exporter that reads a log, and the addresses and directories for other servers."""

    exporter: Exporter
    places: Addresses
    log: Path


@pytest.fixture
def running(tmp_path, launch, tool):
    for name in ("prometheus", "alertmanager"):
        tool(name)
    log = tmp_path / "calls.jsonl"
    log.touch()
    with launch(tmp_path, "--tail", str(log)) as exporter:
        yield Running(exporter, Addresses(tmp_path, f"127.0.0.1:{exporter.port}", f"127.0.0.1:{exporter.ingest}"), log)
