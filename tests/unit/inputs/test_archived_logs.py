"""Compressed logs, with the tailer around them: whole, incomplete and damaged archives."""

import gzip
import random

import pytest

from rotatedlog import World


def test_an_archive_waits_until_its_original_is_deleted(world):
    world.write(100)
    world.drain()
    world.write(10)
    world.rename()
    plain = world.folder / "app.log.1"
    packed = gzip.compress(plain.read_bytes())
    (world.folder / "app.log.1.gz").write_bytes(packed[:100])
    world.drain()
    (world.folder / "app.log.1.gz").write_bytes(packed)
    plain.unlink()
    world.drain()
    world.check()


@pytest.mark.once
def test_a_large_archive_is_read_to_its_end(world):
    world.write(3)
    world.drain()
    world.write(60_000)
    world.rename(pack=True)
    world.start()
    world.drain()
    world.check()


@pytest.mark.parametrize("damage", [lambda data: data[:-400], lambda data: data[:20] + b"\xff" * 60], ids=["cut", "damaged"])
def test_a_truncated_archive_is_read_up_to_the_cut_and_reported_once(world, damage):
    world.write(5)
    world.drain()
    with world.log.open("a") as out:
        out.writelines(f"{random.Random(number).random()}\n" for number in range(1000))
    (world.folder / "app.log.1.gz").write_bytes(damage(gzip.compress(world.log.read_bytes())))
    world.log.unlink()
    world.log.touch()
    world.start()
    for _ in range(4):
        world.drain()
    assert world.committed[:5] == world.written[:5]
    assert len(set(world.committed)) == len(world.committed)
    assert sum(world.tailer.lost.values()) >= 1
    before = dict(world.tailer.lost)
    world.start()
    world.drain()
    assert world.tailer.lost == before


def test_the_cut_archive_of_a_log_that_was_read_is_not_read_again(world):
    world.write(2000)
    world.drain()
    (world.folder / "app.log.1.gz").write_bytes(gzip.compress(world.log.read_bytes())[:-2000])
    world.log.unlink()
    world.log.touch()
    for _ in range(4):
        world.drain()
    world.check()


@pytest.mark.once
def test_an_archive_damaged_in_its_middle_is_read_up_to_there_and_announced(tmp_path):
    lines = [f"{random.Random(number).random()}\n" for number in range(60_000)]
    data = bytearray(gzip.compress("".join(lines).encode()))
    data[len(data) // 2] ^= 0x55
    (tmp_path / "app-1.log.gz").write_bytes(data)
    world = World(tmp_path, "app-*")
    world.drain()
    assert len(world.committed) > 10_000
    assert [line + "\n" for line in world.committed[:10_000]] == lines[:10_000]
    assert world.tailer.lost == {"deleted": 0, "truncated": 1}
    world.close()
