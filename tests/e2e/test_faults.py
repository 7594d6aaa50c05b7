"""Faults while a log is written: whatever happens to the file and however often the exporter is killed, totals are exact.

A small version of the black-box fault suite (`make faults`): a writer goes on and rotates its log, the exporter is killed
with SIGKILL again and again, and every scrape in between must show totals that never go down.
"""

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

BLOCK = 100
"""Events that share a model: lost and doubled ones cannot even out over a whole run."""
KILLS = 3
PER_LIFE = 600
"""Events between two kills."""


def event(number: int) -> bytes:
    call = {
        "v": 1, "id": f"e{number}", "time": "2026-11-20T02:47:00Z", "model": f"m{number // BLOCK:04d}",
        "usage": {"input": number % 7, "output": 1}, "output": "x" * (number % 200),
    }  # fmt: skip
    return json.dumps(call).encode() + b"\n"


class Writer(threading.Thread):
    """Writes events up to ``limit``, which grows, and does ``fault`` to its log every ``every`` events."""

    def __init__(self, log: Path, fault=lambda log: None, every: int = 250, line=lambda data: data) -> None:
        super().__init__()
        self.log, self.fault, self.every, self.line = log, fault, every, line
        self.written = 0
        self.limit = 0
        self._more = threading.Condition()
        self._ended = threading.Event()
        log.touch()

    def run(self) -> None:
        while not self._ended.wait(0.005):
            if self.written >= self.limit:
                continue
            with self.log.open("ab") as out:  # as a logger that reopens its file
                for _ in range(10):
                    data = self.line(event(self.written))
                    cut = len(data) // 2 if self.written % 13 == 0 else len(data)
                    out.write(data[:cut])
                    out.flush()
                    out.write(data[cut:])
                    self.written += 1
            if self.written % self.every == 0:
                self.fault(self.log)
            with self._more:
                self._more.notify_all()

    def wait_for(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self.written >= count, timeout=60)

    def end(self) -> None:
        self._ended.set()
        self.join()


def shift(log: Path) -> None:
    """Make room for ``log.1``."""
    for number in range(60, 0, -1):
        for suffix in ("", ".gz"):
            old = log.with_name(f"{log.name}.{number}{suffix}")
            if old.exists():
                old.rename(log.with_name(f"{log.name}.{number + 1}{suffix}"))


def rename(log: Path) -> None:
    shift(log)
    log.rename(log.with_name(f"{log.name}.1"))
    log.touch()


def rename_and_pack(log: Path) -> None:
    rename(log)
    plain = log.with_name(f"{log.name}.1")
    part = log.with_name(f"{log.name}.1.tmp")
    part.write_bytes(gzip.compress(plain.read_bytes()))
    part.rename(log.with_name(f"{log.name}.1.gz"))
    plain.unlink()


def copytruncate(log: Path) -> None:
    shift(log)
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)


def cri(data: bytes) -> bytes:
    """As the container runtime writes a line: long ones in pieces."""
    head = b"2026-11-20T02:47:00.000000000Z stdout "
    text = data.rstrip(b"\n")
    return head + b"P " + text[:60] + b"\n" + head + b"F " + text[60:] + b"\n"


def by_model(exporter) -> Counter:
    counts: Counter = Counter()
    for family in text_string_to_metric_families(exporter.get("/metrics").decode()):
        for sample in family.samples:
            if sample.name in ("llm_requests_total", "tocsin_events_duplicate_total", "tocsin_events_skipped_total"):
                counts[sample.labels.get("model", sample.name)] += int(sample.value)
    return +counts


def torment(exporter, writer: Writer) -> None:
    """Kill the exporter while the writer continues; then everything written must be counted once."""
    writer.start()
    highest = 0
    try:
        for life in range(1, KILLS + 1):
            writer.limit = (life + 1) * PER_LIFE  # it goes on while the exporter is down
            writer.wait_for(life * PER_LIFE)
            seen = by_model(exporter).total()
            assert seen >= highest, "a counter went down"
            highest = seen
            exporter.end(signal.SIGKILL)
            exporter.start()
        writer.wait_for((KILLS + 1) * PER_LIFE)
    finally:
        writer.end()
    exporter.wait_for("tocsin_events_counted_total", writer.written)
    assert by_model(exporter) == Counter(f"m{n // BLOCK:04d}" for n in range(writer.written))


@pytest.mark.parametrize("fault", [rename, rename_and_pack, copytruncate], ids=["rename", "gzip", "copytruncate"])
def test_no_event_is_lost_or_doubled_by_kills_during(tmp_path, launch, fault):
    log = tmp_path / "app.jsonl"
    log.touch()
    with launch(tmp_path, "--tail", str(log), "--format", "native") as exporter:
        torment(exporter, Writer(log, fault))


def test_no_container_line_is_lost_or_doubled_by_kills(tmp_path, launch):
    target = tmp_path / "pod" / "0.log"
    target.parent.mkdir()
    target.touch()
    link = tmp_path / "containers" / "app.log"
    link.parent.mkdir()
    link.symlink_to(target)
    with launch(tmp_path, "--tail", str(link.parent / "*.log")) as exporter:
        torment(exporter, Writer(target, line=cri))


def test_an_accepted_body_is_counted_once_after_any_kill(tmp_path, launch):
    accepted = 0
    with launch(tmp_path) as exporter:
        for _ in range(KILLS):
            for _ in range(25):
                body = b"".join(event(number) for number in range(accepted, accepted + 4))
                assert exporter.post("/v1/ingest/native", body) == 202
                accepted += 4
            exporter.end(signal.SIGKILL)
            exporter.start()
        exporter.wait_for("tocsin_events_counted_total", accepted)
        assert by_model(exporter) == Counter(f"m{n // BLOCK:04d}" for n in range(accepted))


@pytest.mark.parametrize("destroy", [lambda log: os.truncate(log, 0), os.unlink], ids=["truncated", "deleted"])
def test_unread_input_that_is_destroyed_while_we_are_down_is_announced(tmp_path, launch, destroy):
    log = tmp_path / "app.jsonl"
    log.write_bytes(b"".join(event(number) for number in range(100)))
    with launch(tmp_path, "--tail", str(log), "--format", "native") as exporter:
        exporter.wait_for("tocsin_events_counted_total", 100)
        exporter.end(signal.SIGKILL)
        with log.open("ab") as out:
            out.writelines(event(number) for number in range(100, 200))
        destroy(log)
        exporter.start()
        exporter.wait_for("tocsin_streams_lost_total", 1)


def test_a_full_disk_takes_nothing_back_at_a_kill_and_loses_nothing_once_there_is_room_again(tmp_path, launch):
    """A small file system of its own needs the right to mount one; where we lack it, this is skipped."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine lets us mount nothing")
    log = tmp_path / "app.jsonl"
    log.touch()
    try:
        with launch(small, "--tail", str(log), "--format", "native") as exporter:
            assert exporter.post("/v1/check", b'{"text": "fine"}') == 200
            exporter.wait_for("llm_guard_requests_total", 1)
            filler = small / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
                while True:
                    out.write(bytes(4096))
            with log.open("ab") as out:
                out.writelines(event(number) for number in range(300))
            exporter.wait_for("tocsin_state_degraded", 1)
            assert exporter.post("/v1/check", b'{"text": "fine"}') == 200
            assert exporter.post("/v1/ingest/native", event(1)) == 503
            shown = exporter.wait_for("tocsin_events_counted_total", 300)
            exporter.end(signal.SIGKILL)
            exporter.start()
            after = exporter.wait_for("tocsin_state_degraded", 1)
            counted = [name for name in shown if name.endswith("_total") and not name.startswith(("process", "tocsin_commit"))]
            assert [name for name in counted if after.get(name, 0) < shown[name]] == []
            filler.unlink()
            exporter.wait_for("tocsin_state_degraded", 0)
            exporter.end(signal.SIGKILL)
            exporter.start()
            exporter.wait_for("tocsin_events_counted_total", 300)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
