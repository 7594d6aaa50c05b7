"""When the exporter reads and answers, around its start."""

import asyncio
import contextlib
import json
import threading
import time
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import catalogue as cat
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.config import Config
from tocsin.inputs.base import Origin
from tocsin.inputs.stream import Record, Stream
from tocsin.inputs.tailer import FileInput, FilePattern
from tocsin.intake import LARGE, RECORDS_AT_ONCE, Intake
from tocsin.judge import Judge
from tocsin.pipeline import COMMIT_EVERY, Pipeline, commit_pause, idle_pause
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store
from tocsin.state import State
from tocsin.tasks import OnDemand

LINE = b'{"id": "1", "time": "2026-11-20T02:47:00Z", "model": "m"}\n'


class Bench:
    """A pipeline over one log."""

    def __init__(self, folder):
        self.log = folder / "calls.jsonl"
        ledger = Ledger(Store(()), Settings())
        intake = Intake(ledger, formats.get, lambda: 1_800_000_000.0)
        self.files = FileInput([FilePattern(str(self.log))], max_line_bytes=1 << 20, oversize=intake.oversize)
        self.pipeline = Pipeline(intake, ledger, State(folder / "state"), [self.files])

    async def counted(self):
        page = b"".join(await self.pipeline.page(openmetrics=False, packed=False))
        return b'tocsin_events_counted_total{input="file"} 1' in page


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.files.close()
    bench.pipeline.state.close()


@pytest.mark.parametrize("paced", [True, False])
async def test_of_a_line_of_many_records_a_few_are_counted_at_a_time_where_the_loop_is_shared(paced):
    ledger = Ledger(Store(()), Settings())
    scoring = Scoring(ledger, Judge(Config()))
    if paced:
        scoring.detectors = asyncio.Event()
        scoring.detectors.set()
    intake = Intake(ledger, lambda word: formats.get(word, content=True), lambda: 1_800_000_000.0, scoring)
    number = 3 * RECORDS_AT_ONCE + 1
    line = [{"id": str(n), "time": "2026-11-20T02:47:00Z", "model": "m", "output": "It was shipped on Monday."} for n in range(number)]

    intake.take(json.dumps(line).encode(), Origin("file", "native"))
    counted = [0, intake.tallies["file"].counted]
    while ledger.deferred:
        await ledger.deferred[0]()
        ledger.deferred.popleft()
        counted.append(intake.tallies["file"].counted)

    assert max(after - before for before, after in pairwise(counted)) == (RECORDS_AT_ONCE if paced else number)
    assert (counted[-1], ledger.store.total(cat.SCORED)) == (number, number)


class Noting:
    """An adapter that notes in which threads it parses."""

    def __init__(self):
        self.threads = []

    def parse(self, data):
        self.threads.append(threading.current_thread())
        return formats.get("native").parse(data)


@pytest.mark.parametrize(("size", "shares"), [(LARGE + 1, True), (LARGE, True), (LARGE + 1, False)])
async def test_a_large_record_is_parsed_in_a_thread_where_the_loop_is_shared(size, shares):
    ledger, adapter = Ledger(Store(()), Settings()), Noting()
    scoring = Scoring(ledger, Judge(Config()))
    if shares:
        scoring.detectors = asyncio.Event()
    intake = Intake(ledger, lambda _: adapter, lambda: 1_800_000_000.0, scoring)

    intake.take(memoryview(bytearray(LINE.strip().ljust(size))), Origin("file", "native"))
    while ledger.deferred:
        await ledger.deferred[0]()
        ledger.deferred.popleft()

    assert intake.tallies["file"].counted == 1
    assert [thread is threading.current_thread() for thread in adapter.threads] == [not shares or size == LARGE]


async def test_what_follows_a_large_record_in_a_delivery_is_counted_after_it():
    ledger = Ledger(Store(()), Settings())
    scoring = Scoring(ledger, Judge(Config()))
    scoring.detectors = asyncio.Event()
    scoring.detectors.set()
    intake = Intake(ledger, lambda word: formats.get(word, content=True), lambda: 1_800_000_000.0, scoring)
    call = {"time": "2026-11-20T02:47:00Z", "model": "m", "route": "/chat", "call_id": "c"}
    buffer = bytearray()
    for record in (
        call | {"id": "1", "error": "timeout", "input": "why? " * LARGE},
        call | {"id": "2", "output": "It was shipped on Monday."},
        {"type": "feedback", "id": "3", "time": call["time"], "call_id": "c", "flag": "wrong"},
    ):
        buffer[:] = json.dumps(record).encode()  # as an input's, which is used again
        intake.take(bytes(buffer), Origin("webhook", "native"))
    while ledger.deferred:
        await ledger.deferred[0]()
        ledger.deferred.popleft()
    ledger.settle()

    assert (intake.tallies["webhook"].counted, ledger.store.total(cat.RECOVERED), ledger.store.total(cat.FEEDBACK_UNMATCHED)) == (3, 1, 0)


class Broken:
    def parse(self, data):
        raise ZeroDivisionError(bytes(data))


def test_a_record_that_crashes_an_adapter_is_skipped_and_not_logged(caplog):
    ledger = Ledger(Store(()), Settings())
    intake = Intake(ledger, lambda _: Broken(), lambda: 0.0)
    intake.take(b'{"id": "private"}', Origin("file", "openai"))
    assert intake.skipped == {("file", "adapter_error"): 1}
    assert "ZeroDivisionError" in caplog.text
    assert "private" not in caplog.text


class Recursive:
    def parse(self, data):
        return self.parse(data)


def test_a_record_too_deep_for_an_adapter_is_skipped_as_such():
    intake = Intake(Ledger(Store(()), Settings()), lambda _: Recursive(), lambda: 0.0)
    intake.take(b'{"id": "1"}', Origin("file", "openai"))
    assert intake.skipped == {("file", "too_deep"): 1}


@pytest.mark.parametrize(("torn", "skipped"), [(b"", 0), (b'{"id": "0", "time": "2026-11', 1), (b'{"id": "0"}', 1)])
def test_a_line_after_nul_bytes_from_a_power_loss_is_counted(torn, skipped):
    intake = Intake(Ledger(Store(()), Settings()), formats.get, lambda: 0.0)
    intake.take(torn + bytes(5000) + LINE, Origin("file", "native"))
    intake.take(b"\x00torn\x00", Origin("file", "native"))

    tally = intake.tallies["file"]
    assert (tally.read, tally.counted, sum(intake.skipped.values())) == (2 + skipped, 1, 1 + skipped)


def test_each_reason_to_skip_is_exported_before_the_first():
    ledger = Ledger(Store(()), Settings())
    Intake(ledger, formats.get, lambda: 0.0).meet("webhook")
    shown = {row.labels for row in ledger.store.rows[cat.EVENTS_SKIPPED].values()}
    assert {("webhook", "not_json"), ("webhook", "adapter_error")} <= shown


def test_each_element_of_an_array_with_python_only_json_counts():
    intake = Intake(Ledger(Store(()), Settings()), formats.get, lambda: 0.0)
    intake.take(b"[" + LINE + b"," + LINE.replace(b'"1"', b'"2"').replace(b'"m"', b'"m", "cost_usd": NaN') + b"]", Origin("file", "auto"))
    assert intake.tallies["file"].counted == 2


class Endless:
    """An input that always has something, of which each piece takes a millisecond by its own clock."""

    part, deletes, now, reads = "endless", False, 100.0, 0

    def read(self, sink, max_bytes):
        self.now += 0.001
        self.reads += 1
        return max_bytes

    def restore(self, items):
        pass

    def changes(self):
        return [("reads", b"%d" % self.reads)]

    def behind(self):
        return True

    def committed(self):
        pass


def test_a_slice_ends_after_the_piece_that_exceeds_its_time(bench, monkeypatch):
    source = Endless()
    bench.pipeline.inputs = [source]
    monkeypatch.setattr(time, "monotonic", lambda: source.now)
    bench.pipeline._pace.slice = 0.0025
    assert bench.pipeline._slice() == 3 * bench.pipeline._pace.size
    assert source.reads == 3


def test_an_element_nested_too_deep_is_skipped_and_its_neighbours_are_counted():
    intake = Intake(Ledger(Store(()), Settings()), formats.get, lambda: 0.0)
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    intake.take(b"[" + b",".join([LINE, deep, LINE.replace(b'"1"', b'"2"')]) + b"]", Origin("file", "auto"))
    assert (intake.tallies["file"].counted, intake.skipped) == (2, {("file", "too_deep"): 1})


async def test_a_spool_that_fills_up_leaves_time_for_fewer_scores_once_all_of_before_the_start_is_counted():
    ledger = Ledger(Store(()), Settings())
    scoring = Scoring(ledger, Judge(Config(), detectors=[]))
    intake = Intake(ledger, formats.get, lambda: 0.0, scoring)
    pipeline = Pipeline(intake, ledger, State(None), [], spool_unread=lambda: 0.375)
    async with running(pipeline):
        await asyncio.wait_for(pipeline.ready.wait(), 60)
        before = scoring.affordable
    pipeline.state.close()
    assert (before, scoring.affordable) == (1.0, 0.5)


async def test_committed_refusals_are_exported_after_a_start_whose_commits_fail(tmp_path, monkeypatch):
    before = Bench(tmp_path)
    before.pipeline.ledger.add(cat.INGEST_REFUSED, "no_room", amount=3)
    await before.pipeline._commit()
    before.pipeline.state.close()
    bench = Bench(tmp_path)
    bench.log.write_bytes(LINE)
    monkeypatch.setattr(bench.pipeline.state, "commit", mock.Mock(side_effect=OSError(28, "no space left on device")))
    async with running(bench.pipeline):
        await asyncio.wait_for(bench.pipeline.ready.wait(), 60)
        bench.pipeline.ledger.add(cat.INGEST_REFUSED, "no_room")
        assert await bench.counted()
        page = b"".join(await bench.pipeline.page(openmetrics=False, packed=False))
    for each in (before, bench):
        each.files.close()
    bench.pipeline.state.close()
    assert b'tocsin_ingest_refused_total{reason="no_room"} 3\n' in page
    assert b"tocsin_commit_failures_total 0" not in page


async def test_why_commits_fail_is_known_until_one_succeeds(tmp_path):
    bench = Bench(tmp_path)
    bench.pipeline.ledger.add(cat.INGEST_REFUSED, "no_room")
    with mock.patch.object(bench.pipeline.state, "commit", side_effect=OSError("disk full")):
        await bench.pipeline._commit()
    failed = bench.pipeline.trouble
    await bench.pipeline._commit()
    bench.files.close()
    bench.pipeline.state.close()
    assert (failed, bench.pipeline.trouble) == ("disk full", None)


@contextlib.asynccontextmanager
async def running(pipeline):
    pipeline.restore()
    async with asyncio.TaskGroup() as group:
        group.create_task(pipeline.run())
        try:
            yield
        finally:
            pipeline.stop()


@pytest.mark.parametrize(("rest", "pause"), [(0.0, 0.1), (2.5, 0.1), (5.0, 0.2), (3600.0, 0.4)])
def test_idle_inputs_are_polled_less_often(rest, pause):
    assert idle_pause(rest) == pytest.approx(pause)


@given(st.floats(0.0, 1e6))
def test_the_poll_of_an_idle_file_is_never_older_than_its_end_mark(rest):
    stream = Stream("s", Record(b""), 1 << 20)
    stream.grew, stream.caught_up = 0.0, 0.3 + rest
    assert stream.surely_read(stream.caught_up + idle_pause(rest) + 0.01)


SAID = LINE.replace(b'"m"', b'"m", "input": [{"role": "user", "content": "Why?"}], "output": "Because."')


async def test_content_waits_for_the_detectors_and_is_committed_after(tmp_path):
    ledger = Ledger(Store(()), Settings())
    scoring = Scoring(ledger, Judge(Config(), detectors=[]))
    intake = Intake(ledger, lambda word: formats.get(word, content=True), lambda: 1_800_000_000.0, scoring)
    made, asked = asyncio.Event(), asyncio.Event()

    async def make():
        asked.set()
        await made.wait()

    scoring.detectors = OnDemand(make, name="detectors")
    (tmp_path / "calls.jsonl").write_bytes(SAID)
    files = FileInput([FilePattern(str(tmp_path / "calls.jsonl"))], max_line_bytes=1 << 20, oversize=intake.oversize)
    pipeline = Pipeline(intake, ledger, State(None), [files])
    async with running(pipeline):
        await asyncio.wait_for(asked.wait(), 60)
        early = dict(pipeline.state.load("input:files"))
        made.set()
        await asyncio.wait_for(pipeline.ready.wait(), 60)
    files.close()
    assert not early
    assert [group.answers is not None for group in ledger.groups.by_labels.values()] == [True]
    pipeline.state.close()


async def test_it_is_ready_when_the_backlog_is_counted(bench):
    bench.log.write_bytes(LINE)
    async with running(bench.pipeline):
        await asyncio.wait_for(bench.pipeline.ready.wait(), 60)
        assert await bench.counted()


def test_at_least_half_of_the_work_survives_a_kill():
    commits = [0.0]
    while commits[-1] < 60.0:
        commits.append(commits[-1] + commit_pause(commits[-1]))
    assert all(later <= 2 * earlier for earlier, later in pairwise(commits[1:]))
    assert commits[-1] - commits[-2] == pytest.approx(COMMIT_EVERY)


async def test_it_commits_before_it_has_caught_up_and_long_before_a_second_is_over(bench, monkeypatch):
    for seconds in ("COMMIT_EVERY", "CATCH_UP"):
        monkeypatch.setattr(f"tocsin.pipeline.{seconds}", float("inf"))
    bench.pipeline.inputs = [Endless()]
    async with running(bench.pipeline):
        async with asyncio.timeout(60):
            while not bench.pipeline.state.load("input:endless"):
                await asyncio.sleep(0.01)
        assert not bench.pipeline.ready.is_set()


@pytest.mark.parametrize("deletes", [True, False])
async def test_counts_of_deletable_inputs_are_committed_durably(bench, monkeypatch, deletes):
    told, commit = [], bench.pipeline.state.commit

    def record(items, *, lasting):
        told.append(lasting)
        if len(told) == 1:
            raise OSError("disk full")
        commit(items, lasting=lasting)

    monkeypatch.setattr(bench.pipeline.state, "commit", record)
    source = Endless()
    source.deletes = deletes
    bench.pipeline.inputs = [source]
    bench.pipeline._read(1)
    await bench.pipeline._commit()
    source.changes = list
    await bench.pipeline._commit()
    bench.pipeline.intake.meet("another")
    await bench.pipeline._commit()

    assert told == [deletes, deletes, False]


async def test_without_a_backlog_it_is_ready_at_once(bench):
    async with running(bench.pipeline):
        await asyncio.wait_for(bench.pipeline.ready.wait(), 60)
        bench.log.write_bytes(LINE)
        while not await bench.counted():
            await asyncio.sleep(0.01)
