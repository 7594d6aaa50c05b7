"""The reading side of the spool: positions within a batch, damaged places, segments that are gone."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spooled import append, read_all, reopened
from tocsin.inputs.spool import Spool
from tocsin.inputs.spoolframe import Batch


async def test_reading_resumes_within_a_batch_after_a_crash(tmp_path):
    spool = Spool(tmp_path)
    await append(spool, b"[{},[1],2]", b"{}")
    first = []
    spool.read(lambda data, origin: first.append((bytes(data), origin.single)), 1)
    again = reopened(spool, dict(spool.changes()))
    assert (first, again.changes()) == ([(b"{}", True)], [])
    assert read_all(again) == [b"[1]", b"2", b"{}"]
    await spool.close()
    await again.close()


async def test_an_offset_within_a_batch_applies_only_to_its_position(tmp_path):
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
async def test_records_after_a_damaged_one_are_read_and_the_damage_is_counted(tmp_path, at, left, reason):
    spool = await damaged_spool(tmp_path, at)
    assert read_all(spool) == left
    assert {name for name, count in spool.skipped.items() if count} == {reason}
    await spool.close()


async def test_skipped_places_are_remembered_across_a_restart(tmp_path):
    spool = await damaged_spool(tmp_path, 1)
    read_all(spool)
    again = reopened(spool, dict(spool.changes()))
    assert again.skipped == {"damaged": 1, "torn": 0, "wrong_key": 0}
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


async def test_bodies_received_after_the_start_do_not_delay_readiness(tmp_path):
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
    assert spool.skipped == {"damaged": 1, "torn": 0, "wrong_key": 0}
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
