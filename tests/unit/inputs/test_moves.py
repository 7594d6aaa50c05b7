"""Logs that move, are replaced or are packed in ways that no rotation of the random walk has."""

import gzip
import os
from collections import Counter

import pytest

from rotatedlog import World
from tocsin.inputs.stream import MARKS


@pytest.mark.parametrize("down", [False, True])
def test_a_log_that_is_renamed_into_another_directory_is_read_to_its_end(world, down):
    (world.folder / "old").mkdir()
    world.pattern = str(world.folder / "**" / "app.log*")
    world.start()
    world.write(50)
    world.poll(size=300)
    world.commit()
    world.log.rename(world.folder / "old" / "app.log.1")
    world.log.touch()
    world.write(30)
    if down:
        world.start()
    world.drain()

    world.check()


@pytest.mark.parametrize("down", [False, True])
def test_a_log_that_an_editor_saves_anew_goes_on_where_it_was(world, down):
    world.write(50)
    world.poll()
    world.commit()
    world.write(3)
    saved = world.folder / ".app.log.saved"
    saved.write_bytes(world.log.read_bytes())
    saved.rename(world.log)
    world.write(30)
    if down:
        world.start()
    world.drain()

    world.check()


@pytest.mark.parametrize("down", [False, True])
def test_a_link_that_leads_to_another_log_after_a_restart_of_the_container_loses_nothing(tmp_path, down):
    (tmp_path / "pods").mkdir()
    link = tmp_path / "x.log"
    world = World(tmp_path, "x.log")
    world.log = tmp_path / "pods" / "0.log"
    world.log.touch()
    link.symlink_to(world.log)
    world.start()
    world.write(50)
    world.poll(size=300)
    world.commit()
    world.write(20)
    world.log = tmp_path / "pods" / "1.log"
    world.write(30)
    (tmp_path / "new").symlink_to(world.log)
    (tmp_path / "new").rename(link)
    if down:
        world.start()
    world.drain()

    world.check()
    world.close()


def test_an_archive_that_grows_beside_its_log_while_that_is_read_doubles_nothing_over_kills(world):
    world.write(20)
    world.poll()
    world.commit()
    world.write(2000)
    world.rename()
    world.write(5)
    plain = world.folder / "app.log.1"
    packed = gzip.compress(plain.read_bytes())
    for part in range(1, 9):
        (world.folder / "app.log.1.gz").write_bytes(packed[: len(packed) * part // 8])
        world.poll()
        if part % 2:
            world.commit()
        if not part % 3:
            world.start()
    plain.unlink()
    world.drain()

    world.check()


def test_clocks_that_jump_between_rotations_and_kills_lose_nothing(world):
    for jump in (86_400.0, -172_800.0, 3_600.0, -10.0):
        world.write(20)
        world.poll(jump)
        world.commit()
        world.rename()
        world.write(5)
        world.start()
    world.drain()

    world.check()


def test_a_hole_before_the_next_line_is_passed_over_however_long(world):
    world.write(5)
    world.poll()
    world.commit()
    os.truncate(world.log, 32 << 20)
    world.write(5)
    while world.poll(size=64 << 20):
        pass
    world.commit()

    world.check()


@pytest.mark.parametrize("hole", [b"", bytes(300)], ids=["cut", "hole"])
@pytest.mark.parametrize("how", ["up", "down", "down, and on another device by its number"])
def test_a_log_that_lost_its_end_as_in_a_power_cut_is_not_read_from_its_beginning(world, hole, how):
    for _ in range(60):
        world.write(20)
        world.poll()
        world.commit()
    data = world.log.read_bytes()
    kept = data[: -len(data) // 10] + hole
    if "another" in how:
        world.log.rename(world.folder / "before")
        (world.folder / "before").unlink()
    world.log.write_bytes(kept)
    if "down" in how:
        world.start()
    else:
        world.poll(0.1)
    world.write(1)  # behind what is left of a line
    world.written.pop()
    world.write(200)
    world.drain()

    counted, written = Counter(world.committed), Counter(world.written)
    assert not written - counted
    assert (counted - written).total() < 300
    assert world.tailer.lost == {"deleted": 0, "truncated": 1}


@pytest.mark.parametrize("pack", [False, True])
def test_a_log_that_begins_anew_with_its_long_header_is_read_from_there_and_the_rest_before_from_the_copy(world, pack):
    def begin():
        with world.log.open("a") as out:
            out.write("# header\n" * 200)
        world.written += ["# header"] * 200

    begin()
    world.poll()
    world.commit()
    world.write(100)
    world.poll(size=1024)
    world.commit()
    world.copytruncate(pack=pack)
    begin()
    world.write(20)
    world.drain()

    world.check()


def test_marks_of_former_commits_reach_back_over_sixty_of_them(world):
    ends = []
    for _ in range(200):
        world.write(20)
        world.poll()
        world.commit()
        ends.append(world.log.stat().st_size)
    (stream,) = [s for s in world.tailer._streams if s.offset]
    marks = [mark.end for mark in stream.record.marks]
    assert len(marks) <= MARKS
    assert marks[0] <= ends[-60]
    assert marks[-2:] == ends[-2:]
