"""The writing side of the spool: what shares a sync, and what a slow or failing disk does."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from unittest import mock

import pytest

from spooled import append, read_all, until
from tocsin.inputs import spool as module
from tocsin.inputs import spoolwriter
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.tasks import spawn


async def test_concurrent_bodies_share_a_sync(tmp_path, monkeypatch):
    spool, syncs = Spool(tmp_path), []
    monkeypatch.setattr(spoolwriter.os, "fdatasync", syncs.append)
    await asyncio.gather(*[append(spool, b"{}") for _ in range(50)])
    assert len(read_all(spool)) == 50
    assert len(syncs) <= 2
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


async def test_a_large_body_is_written_at_once_after_the_pending_ones(tmp_path, monkeypatch):
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


async def test_small_bodies_received_during_a_sync_share_the_next(tmp_path, monkeypatch):
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


async def test_a_failed_sync_also_refuses_what_was_written_during_it(tmp_path, monkeypatch):
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


async def test_a_spool_recovers_from_a_deleted_directory(tmp_path):
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
