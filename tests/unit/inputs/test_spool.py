"""The spool: acknowledged records are handed out once, whatever crashes in between."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spooled import append, read_all, reopened, until
from tocsin.inputs import spool as module
from tocsin.inputs import spoolwriter
from tocsin.inputs.segments import Segments
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.tasks import spawn


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


async def test_bodies_that_cannot_be_committed_are_not_collected_without_limit(tmp_path):
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


async def test_data_read_much_later_is_dropped_from_the_page_cache(tmp_path, monkeypatch):
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


async def body_in_its_own_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SPILL", 0)
    spool = Spool(tmp_path)
    writer = spool.stream("native", 1000.0)
    await writer.add(Batch(b"[1]"))
    return spool, writer


@pytest.mark.parametrize("failing", [stat.S_ISREG, stat.S_ISDIR], ids=["file", "directory"])
async def test_a_body_in_its_own_file_is_refused_unless_the_file_and_its_name_are_durable(tmp_path, monkeypatch, failing):
    def fsync(descriptor):
        if failing(os.fstat(descriptor).st_mode):
            raise OSError(5, "input/output error")

    spool, writer = await body_in_its_own_file(tmp_path, monkeypatch)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SpoolFullError):
        await writer.commit()
    writer.abort()
    assert (read_all(spool), list(tmp_path.iterdir()), spool.spool_bytes) == ([], [], 0)


async def test_a_refused_body_that_cannot_be_deleted_is_not_counted_after_a_restart(tmp_path, monkeypatch):
    spool, writer = await body_in_its_own_file(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(Segments, "_sync_directory", mock.Mock(side_effect=OSError(5, "input/output error")))
        patch.setattr(Path, "unlink", mock.Mock(side_effect=OSError(30, "read-only file system")))
        with pytest.raises(SpoolFullError):
            await writer.commit()
        writer.abort()
    await spool.close()
    restarted = Spool(tmp_path)
    assert read_all(restarted) == []
    await restarted.close()


async def test_an_aborted_body_that_cannot_be_deleted_reserves_no_room(tmp_path, monkeypatch):
    spool, writer = await body_in_its_own_file(tmp_path, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", mock.Mock(side_effect=OSError(30, "read-only file system")))
        writer.abort()
    assert spool.spool_bytes == 0
    await spool.close()


async def test_a_segment_cut_short_on_disk_has_no_known_age(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"{}")
    os.truncate(next(tmp_path.iterdir()), 0)
    assert spool.oldest_age(1060.0) == 0.0
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
async def test_a_large_segment_is_deleted_once_committed_and_a_small_one_later(tmp_path, monkeypatch, kept, files):
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
    assert (read_all(other), other.skipped["wrong_key"]) == ([], 1)
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
