"""The spool: acknowledged records are handed out once, whatever crashes in between."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.inputs import spool as module
from tocsin.inputs import spoolwriter
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.tasks import spawn


def read_all(spool, max_bytes=1 << 20):
    found = []
    while spool.read(lambda data, origin: found.append(bytes(data)), max_bytes):
        pass
    return found


async def append(spool, *records):
    for record in records:
        await spool.append(Batch(record), "native", 1000.0)


def reopened(spool, state):
    """What a crash leaves: the directory and the committed state."""
    again = Spool(spool.directory)
    again.restore(state.items())
    return again


async def test_a_record_is_handed_out_with_its_origin(tmp_path):
    spool, seen = Spool(tmp_path), []
    await spool.append(Batch(b'{"a":1}\n\n{"a":2}', lines=True), "litellm", 1000.0)
    spool.read(lambda data, origin: seen.append((bytes(data), origin.input, origin.format, origin.received)), 100)
    assert seen == [(b'{"a":1}', "webhook", "litellm", 1000.0), (b'{"a":2}', "webhook", "litellm", 1000.0)]
    await spool.close()


async def test_files_can_be_read_by_their_owner_only(tmp_path):
    spool = Spool(tmp_path / "spool")
    await append(spool, b"{}")
    assert [path.stat().st_mode & 0o777 for path in spool.directory.iterdir()] == [0o600]
    await spool.close()


async def test_bodies_that_come_together_share_a_sync(tmp_path, monkeypatch):
    spool, syncs = Spool(tmp_path), []
    monkeypatch.setattr(spoolwriter.os, "fdatasync", syncs.append)
    await asyncio.gather(*[append(spool, b"{}") for _ in range(50)])
    assert len(read_all(spool)) == 50
    assert len(syncs) <= 2
    await spool.close()


async def test_a_streamed_body_appears_at_its_commit(tmp_path):
    spool = Spool(tmp_path)
    writer = spool.stream("native", 1000.0)
    await writer.add(Batch(b"second"))
    assert read_all(spool) == []
    await append(spool, b"first")
    await writer.commit()
    await append(spool, b"last")
    assert read_all(spool) == [b"first", b"second", b"last"]
    await spool.close()


@pytest.mark.parametrize("spill", [0, 1 << 20], ids=["in a file", "in memory"])
async def test_an_aborted_body_leaves_nothing(tmp_path, monkeypatch, spill):
    monkeypatch.setattr(module, "SPILL", spill)
    spool = Spool(tmp_path)
    writer = spool.stream("native", 1000.0)
    await writer.add(Batch(b"[1]"))
    writer.abort()
    assert (list(tmp_path.iterdir()), spool.spool_bytes) == ([], 0)


async def test_a_body_waits_in_the_spool_since_its_receipt(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"{}")
    assert spool.oldest_age(1060.0) == 60.0
    read_all(spool)
    assert spool.oldest_age(1060.0) == 0.0
    await spool.close()


async def test_bodies_that_cannot_be_committed_are_not_gathered_for_ever(tmp_path):
    now = [0.0]
    spool = Spool(tmp_path, clock=lambda: now[0])
    await append(spool, b"{}")
    now[0] = module.MAX_AGE + 1
    with pytest.raises(SpoolFullError):
        await append(spool, b"{}")
    await spool.close()


async def test_a_segment_that_a_crash_left_empty_keeps_no_body_out_a_day_later(tmp_path):
    now = [0.0]
    (tmp_path / "000000000001.seg").touch()
    spool = Spool(tmp_path, clock=lambda: now[0])
    spool.committed()
    now[0] = module.MAX_AGE + 1
    await append(spool, b"{}")
    assert read_all(spool) == [b"{}"]
    await spool.close()


async def test_a_segment_that_nothing_could_be_written_to_keeps_no_body_out_a_day_later(tmp_path, monkeypatch):
    now = [0.0]
    spool = Spool(tmp_path, clock=lambda: now[0])
    with monkeypatch.context() as patch:
        patch.setattr(spoolwriter, "write_all", mock.Mock(side_effect=OSError(28, "no space left on device")))
        with pytest.raises(SpoolFullError):
            await append(spool, b"{}")
    now[0] = module.MAX_AGE + 1
    while spool.receiving():
        await asyncio.sleep(0)
    spool.committed()
    await append(spool, b"{}")
    assert read_all(spool) == [b"{}"]
    await spool.close()


async def test_a_busy_segment_is_given_up_in_time_to_be_deleted(tmp_path):
    now = [0.0]
    spool = Spool(tmp_path, clock=lambda: now[0])
    for _ in range(3):
        await append(spool, b"{}")
        read_all(spool)
        now[0] += spoolwriter.SEGMENT_AGE / 1.5
    assert len(list(tmp_path.iterdir())) == 2
    assert spool.changes() != []
    spool.committed()
    assert len(list(tmp_path.iterdir())) == 1
    await spool.close()


async def test_counting_waits_for_bodies_while_the_spool_is_far_from_its_bound(tmp_path):
    now = [0.0]
    spool = Spool(tmp_path, max_bytes=200, clock=lambda: now[0])
    assert not spool.receiving()
    body = spawn(append(spool, b"{}"), name="body")
    await asyncio.sleep(0)
    now[0] = 1.0
    assert spool.receiving()  # until it is durable, however long that takes
    await body
    assert not spool.receiving()
    spool.note_arrival()
    assert spool.receiving()
    await append(spool, b"[%s]" % (b"1" * 100))
    assert not spool.receiving()
    await spool.close()


async def test_what_will_be_read_much_later_is_dropped_from_the_page_cache(tmp_path, monkeypatch):
    spool, dropped = Spool(tmp_path), []
    monkeypatch.setattr(module, "_NEAR", 60)
    monkeypatch.setattr(spoolwriter.os, "posix_fadvise", lambda _, start, length, advice: dropped.append((start, length)))
    for _ in range(4):
        await append(spool, b"{}")
    (path,) = tmp_path.iterdir()
    assert dropped == [(path.stat().st_size * 3 // 4, path.stat().st_size // 4)]
    assert len(read_all(spool)) == 4
    await spool.close()


async def test_a_full_spool_accepts_nothing(tmp_path):
    spool = Spool(tmp_path, max_bytes=10)
    with pytest.raises(SpoolFullError):
        await append(spool, b"{}")
    assert (read_all(spool), spool.spool_bytes) == ([], 0)


async def test_a_spool_that_is_more_than_half_full_has_room_again_as_soon_as_it_is_counted(tmp_path):
    spool = Spool(tmp_path, max_bytes=200, clock=lambda: 0.0)
    await append(spool, b"[%s]" % (b"1" * 100))
    read_all(spool)
    spool.changes()
    spool.committed()
    await append(spool, b"[%s]" % (b"2" * 100))
    assert len(read_all(spool)) == 1
    await spool.close()


async def test_a_failing_disk_refuses_and_recovers(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(5, "input/output error")

    spool = Spool(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(spoolwriter.os, "fdatasync", fail)
        with pytest.raises(SpoolFullError):
            await append(spool, b"refused")
    await append(spool, b"accepted")
    assert read_all(spool) == [b"accepted"]
    await spool.close()


async def test_a_segment_whose_name_is_not_durable_leaves_no_file(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", mock.Mock(side_effect=OSError(5, "input/output error")))
        with pytest.raises(SpoolFullError):
            await append(spool, b"refused")
    assert list(tmp_path.iterdir()) == []
    await spool.close()


class SlowDisk:
    """Syncs that end when the test says so, with the error that it says."""

    def __init__(self, monkeypatch):
        self.sizes: list[int] = []
        self._go, self._error = threading.Semaphore(0), None
        monkeypatch.setattr(spoolwriter.os, "fdatasync", self._sync)

    def _sync(self, handle):
        self.sizes.append(os.fstat(handle).st_size)
        self._go.acquire()
        if self._error is not None:
            raise self._error

    def end(self, error=None):
        self._error = error
        self._go.release()


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0)


LARGE = b'"%s"' % (b"x" * (300 << 10))


async def test_a_large_body_is_written_during_the_sync_of_another_and_durable_with_the_next(tmp_path, monkeypatch):
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    first = spool.put(Batch(LARGE), "auto", 0.0)
    await until(lambda: disk.sizes)
    second = spool.put(Batch(LARGE), "auto", 0.0)
    (path,) = tmp_path.iterdir()
    await until(lambda: path.stat().st_size == 2 * disk.sizes[0])
    disk.end()
    await first
    assert (second.done(), len(read_all(spool))) == (False, 1)
    disk.end()
    await second
    assert len(read_all(spool)) == 1
    await spool.close()


async def test_a_large_body_is_written_when_it_comes_with_what_waits_before_it(tmp_path, monkeypatch):
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    bodies = [spool.put(Batch(b"1"), "auto", 0.0)]
    await until(lambda: disk.sizes)
    (path,) = tmp_path.iterdir()
    bodies += [spool.put(Batch(b"2"), "auto", 0.0), spool.put(Batch(LARGE), "auto", 0.0)]
    assert path.stat().st_size == 2 * disk.sizes[0] + len(LARGE) + disk.sizes[0] - 1
    disk.end()
    disk.end()
    await asyncio.gather(*bodies)
    assert read_all(spool) == [b"1", b"2", LARGE]
    await spool.close()


async def test_a_large_body_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    await spool.put(Batch(b"1"), "auto", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(spoolwriter, "write_all", mock.Mock(side_effect=OSError(28, "no space left on device")))
        with pytest.raises(SpoolFullError, match="no space left"):
            await spool.put(Batch(LARGE), "auto", 0.0)
    await spool.put(Batch(b"2"), "auto", 0.0)
    assert read_all(spool) == [b"1", b"2"]
    await spool.close()


async def test_segments_are_small_where_the_spool_is(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SEGMENT_LEAST", 1)
    spool = Spool(tmp_path, max_bytes=module.SEGMENTS * 100)
    await append(spool, *[b'"%s"' % (b"x" * 60)] * 4)
    assert len(list(tmp_path.iterdir())) == 2
    await spool.close()


async def test_small_bodies_that_come_during_a_sync_share_the_next(tmp_path, monkeypatch):
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    first = spool.put(Batch(b"{}"), "auto", 0.0)
    await until(lambda: disk.sizes)
    others = [spool.put(Batch(b"{}"), "auto", 0.0) for _ in range(3)]
    disk.end()
    await first
    disk.end()
    await asyncio.gather(*others)
    assert [size // disk.sizes[0] for size in disk.sizes] == [1, 4]
    await spool.close()


async def test_a_sync_that_fails_refuses_what_was_written_during_it_too(tmp_path, monkeypatch):
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    bodies = [spool.put(Batch(LARGE), "auto", 0.0)]
    await until(lambda: disk.sizes)
    bodies.append(spool.put(Batch(LARGE), "auto", 0.0))
    (path,) = tmp_path.iterdir()
    await until(lambda: path.stat().st_size == 2 * disk.sizes[0])
    disk.end(OSError(5, "input/output error"))
    refused = await asyncio.gather(*bodies, return_exceptions=True)
    assert [type(error) for error in refused] == [SpoolFullError, SpoolFullError]
    assert (path.stat().st_size, spool.spool_bytes) == (0, 0)
    await spool.close()


async def test_a_body_in_a_deleted_segment_is_refused_and_the_next_one_begins_another(tmp_path):
    spool = Spool(tmp_path)
    await spool.put(Batch(LARGE), "auto", 0.0)
    (path,) = tmp_path.iterdir()
    path.unlink()
    with pytest.raises(SpoolFullError, match="deleted"):
        await spool.put(Batch(LARGE), "auto", 0.0)
    await spool.put(Batch(LARGE), "auto", 0.0)
    assert len(list(tmp_path.iterdir())) == 1
    await spool.close()


async def test_a_spool_whose_directory_was_deleted_takes_bodies_again(tmp_path):
    spool = Spool(tmp_path / "spool")
    await spool.put(Batch(LARGE), "auto", 0.0)
    shutil.rmtree(spool.directory)
    with pytest.raises(SpoolFullError):
        await spool.put(Batch(LARGE), "auto", 0.0)
    await spool.put(Batch(b'{"a": 1}'), "auto", 0.0)
    records = []
    while spool.read(lambda data, origin: records.append(bytes(data)), 1 << 20):
        pass
    assert records == [b'{"a": 1}']
    await spool.close()


async def test_a_segment_is_left_only_when_all_of_it_is_durable(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SEGMENT_MOST", 1)
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    bodies = [spool.put(Batch(LARGE), "auto", 0.0)]
    await until(lambda: disk.sizes)
    bodies.append(spool.put(Batch(LARGE), "auto", 0.0))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(list(tmp_path.iterdir())) == 1
    disk.end()
    disk.end()
    await asyncio.gather(*bodies)
    assert len(read_all(spool)) == 2
    await spool.close()


async def test_a_body_that_waits_when_the_spool_is_sealed_is_in_its_last_segment(tmp_path, monkeypatch):
    disk, spool = SlowDisk(monkeypatch), Spool(tmp_path)
    bodies = [spool.put(Batch(b"{}"), "auto", 0.0)]
    await until(lambda: disk.sizes)
    bodies.append(spool.put(Batch(b"[]"), "auto", 0.0))
    for _ in range(2):
        disk.end()
    await spool.seal()
    assert [body.done() for body in bodies] == [True, True]
    assert [segment.sealed for segment in spool._segments] == [True]
    await spool.close()


async def test_a_sender_that_has_gone_lets_the_end_wait_for_a_slow_disk_at_rest(tmp_path, monkeypatch):
    disk, spool, loop = SlowDisk(monkeypatch), Spool(tmp_path), asyncio.get_running_loop()
    spool.put(Batch(b"{}"), "auto", 0.0)
    await until(lambda: disk.sizes)
    spool.put(Batch(b"[]"), "auto", 0.0).cancel()
    sealing = spawn(spool.seal(), name="seal")
    with monkeypatch.context() as patch:
        turns = mock.Mock(side_effect=loop.time)
        patch.setattr(loop, "time", turns)
        await asyncio.sleep(0.1)
    for _ in range(2):
        disk.end()
    await sealing
    assert turns.call_count < 200
    await spool.close()


async def test_a_committed_segment_is_deleted(tmp_path):
    now = [0.0]
    spool = Spool(tmp_path, clock=lambda: now[0])
    await append(spool, b"{}")
    read_all(spool)
    now[0] = spoolwriter.SEGMENT_AGE + 1
    assert spool.changes() != []
    spool.committed()
    assert list(tmp_path.iterdir()) == []
    assert (spool.spool_bytes, spool.backlog(), spool.changes()) == (0, 0, [])
    await append(spool, b"next")
    assert read_all(spool) == [b"next"]
    await spool.close()


@pytest.mark.parametrize(("kept", "files"), [(1, 0), (1 << 20, 1)], ids=["large", "small"])
async def test_a_large_segment_goes_as_soon_as_it_is_committed_and_a_small_one_later(tmp_path, monkeypatch, kept, files):
    monkeypatch.setattr(module, "_KEPT", kept)
    spool = Spool(tmp_path)
    await append(spool, b"{}")
    read_all(spool)
    spool.changes()
    await until(lambda: not spool.receiving())
    spool.committed()
    assert len(list(tmp_path.iterdir())) == files
    await spool.close()


async def test_numbers_are_not_used_again_after_a_restart(tmp_path):
    now = [0.0]
    spool = Spool(tmp_path, clock=lambda: now[0])
    await append(spool, b"{}")
    read_all(spool)
    state = dict(spool.changes())
    now[0] = spoolwriter.SEGMENT_AGE + 1
    spool.committed()
    again = reopened(spool, state)
    await append(again, b"next")
    assert read_all(again) == [b"next"]
    await again.close()


async def test_an_encrypted_spool_shows_nothing_and_needs_its_key(tmp_path):
    spool = Spool(tmp_path, key=b"k" * 32)
    await append(spool, b'{"secret": 1}')
    assert read_all(spool) == [b'{"secret": 1}']
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    other = Spool(tmp_path, key=b"o" * 32)
    assert (read_all(other), other.passed_over["wrong_key"]) == ([], 1)
    await spool.close()
    await other.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 600)),
        st.tuples(st.just("stream"), st.integers(0, 600)),
        st.tuples(st.just("array"), st.integers(0, 5)),
        st.tuples(st.just("read"), st.integers(1, 2000)),
        st.tuples(st.just("commit"), st.just(0)),
        st.tuples(st.just("crash"), st.integers(0, 700)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_acknowledged_records_are_counted_once_through_crashes(script):
    """A crash loses counters since the commit, and may leave a torn frame that was never acknowledged."""

    async def run(directory):
        spool, state, counted, committed, sent = Spool(directory, clock=lambda: clock[0]), {}, [], [], []
        for step, argument in [*script, ("read", 1 << 20), ("commit", 0), ("crash", 0), ("read", 1 << 20)]:
            clock[0] += spoolwriter.SEGMENT_AGE
            record = b"%d:" % len(sent) + b"x" * argument
            if step == "append":
                await append(spool, record)
                sent.append(record)
            elif step == "array":
                records = [b"[%d,%d]" % (len(sent), number) for number in range(argument)]
                await append(spool, b"[" + b",".join(records) + b"]")
                sent += records
            elif step == "stream":
                writer = spool.stream("native", 1.0)
                await writer.add(Batch(record))
                await writer.commit()
                sent.append(record)
            elif step == "read":
                read = counted
                spool.read(lambda data, origin, read=read: read.append(bytes(data)), argument)
            elif step == "commit":
                state.update(spool.changes())
                committed = list(counted)
                spool.committed()
            else:
                torn = b"".join(spool.frame(Batch(b"y" * 700), "native", 1.0))[:argument]
                if spool._writer.active is not None:
                    with spool._writer.active.path.open("ab") as file:
                        file.write(torn)
                await spool.close()
                spool = Spool(directory, clock=lambda: clock[0])
                spool.restore(state.items())
                counted = list(committed)
        counted += read_all(spool)
        await spool.close()
        assert counted == sent

    clock = [0.0]
    with tempfile.TemporaryDirectory() as directory, mock.patch.object(module, "SPILL", 300):
        asyncio.run(run(Path(directory)))


async def test_reading_stops_within_a_batch_and_goes_on_there_after_a_crash(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"[{},[1],2]", b"{}")
    first = []
    spool.read(lambda data, origin: first.append((bytes(data), origin.single)), 1)
    again = reopened(spool, dict(spool.changes()))
    assert (first, again.changes()) == ([(b"{}", True)], [])
    assert read_all(again) == [b"[1]", b"2", b"{}"]
    await spool.close()
    await again.close()


async def test_a_place_within_a_batch_holds_only_for_the_position_it_was_told_with(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"[1,2]", b"[3,4]")
    spool.read(lambda data, origin: None, 1)
    state = dict(spool.changes())
    spool.read(lambda data, origin: None, 1)
    again = reopened(spool, state | {"position": dict(spool.changes())["position"]})  # by a release before this one
    assert read_all(again) == [b"3", b"4"]
    await spool.close()
    await again.close()


async def damaged_spool(folder, at):
    """Three records, one byte of which is flipped: at the begin of record ``at`` of the file."""
    spool = Spool(folder)
    await append(spool, *(b'{"id": "%d"}' % i for i in range(3)))
    await spool.close()
    (path,) = folder.glob("*.seg")
    data = bytearray(path.read_bytes())
    data[len(data) // 3 * at + 4] ^= 1
    path.write_bytes(data)
    return Spool(folder)


@pytest.mark.parametrize(
    ("at", "left", "reason"),
    [(0, [b'{"id": "1"}', b'{"id": "2"}'], "damaged"), (1, [b'{"id": "0"}', b'{"id": "2"}'], "damaged"), (2, [b'{"id": "0"}', b'{"id": "1"}'], "torn")],
)
async def test_what_stands_behind_a_damaged_place_is_read_and_the_place_is_counted(tmp_path, at, left, reason):
    spool = await damaged_spool(tmp_path, at)
    assert read_all(spool) == left
    assert {name for name, count in spool.passed_over.items() if count} == {reason}
    await spool.close()


async def test_what_was_passed_over_is_remembered_across_a_restart(tmp_path):
    spool = await damaged_spool(tmp_path, 1)
    read_all(spool)
    again = reopened(spool, dict(spool.changes()))
    assert again.passed_over == {"damaged": 1, "torn": 0, "wrong_key": 0}
    assert read_all(again) == []
    await spool.close()
    await again.close()


@given(st.binary(max_size=300), st.integers(0, 2))
@settings(max_examples=50)
def test_garbage_between_frames_hides_none_of_them(garbage, before):
    async def check():
        with tempfile.TemporaryDirectory() as folder:
            spool = Spool(Path(folder))
            await append(spool, *(b'{"id": "%d"}' % i for i in range(3)))
            await spool.close()
            (path,) = Path(folder).glob("*.seg")
            data = path.read_bytes()
            cut = len(data) // 3 * before
            path.write_bytes(data[:cut] + b"\xff" + garbage + data[cut:])
            again = Spool(Path(folder))
            assert read_all(again) == [b'{"id": "%d"}' % i for i in range(3)]
            await again.close()

    asyncio.run(check())


async def test_bodies_that_come_after_the_start_do_not_hold_the_catching_up(tmp_path):
    first = Spool(tmp_path)
    await append(first, b"1", b"2")
    await first.close()
    again = Spool(tmp_path)
    again.restore([])
    assert again.behind()
    await append(again, b"3")
    again.read(lambda data, origin: None, 1)
    assert again.behind()
    again.read(lambda data, origin: None, 1)
    assert not again.behind()
    assert again.backlog()
    await again.close()


async def test_a_segment_that_somebody_deleted_is_counted_and_passed_over(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"1")
    await spool.close()
    next(tmp_path.iterdir()).unlink()
    await append(spool, b"2")
    assert read_all(spool) == [b"2"]
    assert spool.passed_over == {"damaged": 1, "torn": 0, "wrong_key": 0}
    await spool.close()


async def test_a_segment_that_cannot_be_deleted_is_deleted_later(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    for record in (b"1", b"2"):
        await append(spool, record)
        await spool._writer.close()
    read_all(spool)
    spool.changes()
    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", mock.Mock(side_effect=OSError(30, "Read-only file system")))
        spool.committed()
    assert len(list(tmp_path.iterdir())) == 2
    spool.committed()
    assert (list(tmp_path.iterdir()), spool.spool_bytes) == ([], 0)
    await spool.close()


async def test_records_of_a_few_bytes_are_handed_out_a_few_at_a_time(tmp_path):
    spool, found = Spool(tmp_path), []
    await spool.append(Batch(b"0\n" * 10_000, lines=True), "native", 1000.0)
    spool.read(lambda data, origin: found.append(bytes(data)), 2048)
    assert len(found) == 2048 // 64
    await spool.close()
