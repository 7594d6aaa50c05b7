"""Logs that move, are replaced or are packed in ways that no rotation of the random walk has."""

import gzip
import os
from collections import Counter

import pytest

from rotatedlog import World
from tocsin.inputs.stream import MARKS
from tocsin.inputs.tailer import FileInput, FilePattern


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
def test_a_log_saved_by_an_editor_continues_at_its_offset(world, down):
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


def _name_again(world, name, restart):
    """Give the log another pattern, as a reload or a restart with a changed configuration does."""
    world.pattern = str(world.folder / name)
    if restart:
        world.start()
    else:
        world.tailer.configure([FilePattern(world.pattern)])


@pytest.mark.parametrize("restart", [False, True])
def test_a_log_that_another_pattern_names_by_now_is_read_on_where_it_was(world, restart):
    world.write(5000)
    world.poll(size=300)
    world.commit()
    _name_again(world, "*.log", restart)
    world.drain()

    world.check()


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_rotations_while_a_pattern_is_replaced_lose_and_double_nothing(world, restart, pack):
    world.write(50)
    world.poll(size=300)
    world.commit()
    for _ in range(2):
        world.rename(pack=pack)
        world.write(20)
    _name_again(world, "*.log", restart)
    world.drain()

    world.check()


def test_files_rotated_before_the_first_start_are_history_for_each_pattern(tmp_path):
    for name in ("app.log", "web.log"):
        (tmp_path / name).write_text(f"new {name}\n")
        (tmp_path / f"{name}.1").write_text(f"old {name}\n")
    got, now = [], 0.0
    tailer = FileInput(
        [FilePattern(str(tmp_path / name)) for name in ("app.log", "web.log")], max_line_bytes=1000,
        clock=lambda: now, oversize=lambda length, origin: None,
    )  # fmt: skip
    tailer.restore([])
    for _ in range(5):
        tailer.read(lambda data, origin: got.append(bytes(data)), 4096)
        now += 1.1
    tailer.close()
    assert got == [b"new app.log", b"new web.log"]


def test_an_empty_file_that_is_closed_for_lack_of_room_and_gone_before_its_turn_ends_nothing(world, monkeypatch):
    monkeypatch.setattr("tocsin.inputs.openfiles.OPEN_MAX", 2)
    world.pattern = str(world.folder / "app*.log")
    world.start()
    world.write(20_000)
    world.poll(size=64)
    new = [world.folder / f"app-{number}.log" for number in range(3)]
    for file in new:
        file.touch()
    world.poll(size=64)
    for file in new:
        file.unlink()
    world.drain()

    world.check()


def write_long_logs(world, numbers):
    for number in numbers:
        lines = [f"{number} {line:62}" for line in range(2_000)]
        (world.folder / f"app.log.{number}").write_text("\n".join([*lines, ""]))
        world.written += lines


def restart_with_two_descriptors(world, monkeypatch):
    monkeypatch.setattr("tocsin.inputs.openfiles.OPEN_MAX", 2)
    world.start()
    for _ in range(8):
        world.poll(size=64)
    world.drain()


@pytest.mark.parametrize("noted", [False, True], ids=["made while down", "noted as a copy before"])
def test_a_log_whose_archive_waits_for_a_descriptor_is_not_reported_as_lost(world, monkeypatch, noted):
    world.write(200)
    world.poll(size=64)
    write_long_logs(world, (2, 3))
    if noted:
        world.rename(pack=True)
        world.poll(size=64)
        world.poll(size=64)
    world.commit()
    if not noted:
        world.rename(pack=True)
    restart_with_two_descriptors(world, monkeypatch)

    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_a_noted_copy_that_waits_for_a_descriptor_is_read_once_there_is_one(world, monkeypatch):
    world.write(200)
    world.poll(size=64)
    write_long_logs(world, (3, 4))
    (world.folder / "app.log.1").write_bytes(world.log.read_bytes())
    for _ in range(6):
        world.poll(size=64)
    world.commit()
    os.truncate(world.log, 0)
    restart_with_two_descriptors(world, monkeypatch)

    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_the_copy_of_a_log_closed_for_lack_of_descriptors_is_not_read(world, monkeypatch):
    world.write(60)
    world.drain()
    (stream,) = world.tailer._files.active.values()
    world.write(60)
    world.tailer._files.park(stream)
    stream.size, stream.mtime_ns = world.log.stat().st_size, world.log.stat().st_mtime_ns  # as just looked at
    (world.folder / "app.log.1").write_bytes(world.log.read_bytes())
    world.poll()
    world.write(20)
    world.drain()

    world.check()
