"""Logs that move, are replaced or are packed in ways that no rotation of the random walk has."""

import gzip
import os

import pytest

from rotatedlog import World


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
