"""What the tailer recognises a file as: its log's next file, a copy, history, or a loss."""

import gzip
import os
from unittest import mock

import pytest

from rotatedlog import World
from tocsin.inputs.content import PlainContent
from tocsin.inputs.tailer import FileInput, FilePattern


def test_a_file_that_grew_past_the_offset_after_truncation_is_noticed(world):
    world.write(5)
    world.drain()
    world.write(3)
    world.copytruncate()
    world.write(50)
    world.drain()
    world.check()


def test_truncation_without_a_copy_is_announced(world):
    world.write(5)
    world.drain()
    os.truncate(world.log, 0)
    world.write(2)
    world.drain()
    assert world.tailer.lost["truncated"] == 1


def test_truncation_is_announced_after_a_crash_within_the_wait_for_a_copy(world):
    world.write(200)
    world.poll(size=64)
    os.truncate(world.log, 0)
    world.written = []
    world.write(2)
    world.poll()
    world.poll()
    world.commit()
    world.start()
    world.drain()
    assert world.tailer.lost == {"deleted": 0, "truncated": 1}


def test_truncating_an_idle_file_that_was_read_to_its_end_is_not_a_loss(world):
    world.write(5)
    world.drain()
    world.poll(0.1)
    os.truncate(world.log, 0)
    world.poll(0.1)
    world.write(2)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_truncation_of_a_file_that_is_being_written_is_announced(world):
    world.write(5)
    world.drain()
    world.write(1)
    world.poll(0.1)
    world.poll(0.1)
    os.truncate(world.log, 0)
    world.poll(0.1)
    world.drain()
    assert world.tailer.lost["truncated"] == 1


def test_a_file_deleted_while_down_is_announced_and_the_new_one_is_read(world):
    world.write(5)
    world.drain()
    world.log.unlink()
    world.written = world.written[:5]
    world.write(3)
    world.start()
    world.drain()
    world.check()
    assert world.tailer.lost["deleted"] + world.tailer.lost["truncated"] == 1


def test_a_clock_change_makes_no_file_look_idle(tmp_path):
    log, got, state = tmp_path / "app.log", [], {}
    now, ahead = 0.0, 1e9

    def start():
        tailer = FileInput(
            [FilePattern(str(log))], max_line_bytes=1000, clock=lambda: now, wall=lambda: now + ahead,
            oversize=lambda length, origin: None,
        )  # fmt: skip
        tailer.restore(list(state.items()))
        return tailer

    def drain(tailer):
        nonlocal now
        for _ in range(8):
            tailer.read(lambda data, origin: got.append(bytes(data)), 4096)
            state.update(tailer.changes())
            now += 0.5

    log.write_text("old\n")
    tailer = start()
    drain(tailer)
    ahead += 86_400
    drain(tailer)
    tailer.close()
    log.unlink()  # after more was written to it, perhaps
    now += 60.0
    tailer = start()
    drain(tailer)
    tailer.close()
    assert tailer.lost["deleted"] == 1


def test_files_rotated_before_the_first_start_are_history(tmp_path):
    (tmp_path / "app.log.1").write_text("old\n")
    world = World(tmp_path)
    world.write(2)
    world.drain()
    world.close()
    world.check()


def _copy(world, size=None):
    (world.folder / "app.log.1").write_bytes(world.log.read_bytes()[:size])


def test_a_start_between_copy_and_truncation_reads_on_in_the_log(world):
    world.write(200)
    world.drain()
    world.write(5)
    _copy(world)
    world.start()
    world.poll()
    world.poll()
    os.truncate(world.log, 0)
    world.write(5)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


@pytest.mark.parametrize("size", [40, 1500])
@pytest.mark.parametrize("restart", [False, True])
def test_an_unfinished_copy_is_not_read_as_a_separate_log(world, size, restart):
    world.write(200)
    world.drain()
    world.write(5)
    _copy(world, size)
    if restart:
        world.start()
    world.poll()
    world.poll()
    _copy(world)
    os.truncate(world.log, 0)
    world.write(5)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_a_copy_that_ended_before_the_log_was_read_on_is_not_read_again(world):
    for _ in range(3):
        world.write(100)
        world.poll(0.3)
        world.commit()
    (world.folder / "app.log.1").write_bytes(world.log.read_bytes())
    world.write(3)
    world.poll(0.1)
    world.commit()
    os.truncate(world.log, 0)
    world.write(5)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_a_backup_of_an_active_log_is_not_read_even_after_rotation(world):
    world.write(100)
    world.drain()
    (world.folder / "app.log.bak").write_bytes(world.log.read_bytes())
    world.write(100)
    world.drain()
    world.rename()
    world.write(5)
    world.drain()
    world.start()
    world.drain()
    world.check()


def test_a_late_writer_to_a_finished_file_is_read(world):
    world.write(5)
    world.drain()
    world.rename()
    world.drain()
    with (world.folder / "app.log.1").open("a") as out:
        out.write("line 000005\n")
    world.written.append("line 000005")
    world.drain()
    world.check()


def test_start_at_end_reads_only_what_is_written_later(world):
    world.write(5)
    world.close()
    world.tailer = FileInput(
        [FilePattern(str(world.log), start_at="end")], max_line_bytes=1000, clock=lambda: world.now,
        oversize=lambda length, origin: None,
    )  # fmt: skip
    world.drain()
    world.written = []
    world.write(3)
    world.drain()
    world.check()


def test_a_log_behind_a_symbolic_link_is_followed_through_the_kubelet_s_rotation(world):
    pods = world.folder / "pods"
    pods.mkdir()
    world.log.rename(pods / "0.log")
    world.log.symlink_to(pods / "0.log")
    world.write(5)
    world.drain()
    world.write(5)
    (pods / "0.log").rename(pods / "0.log.20260131-100000")
    (pods / "0.log").touch()
    world.write(5)
    world.start()
    world.drain()
    world.log.unlink()
    (pods / "1.log").touch()
    world.log.symlink_to(pods / "1.log")
    world.write(5)
    world.drain()
    world.check()


@pytest.mark.parametrize("down", [False, True])
def test_the_former_target_of_a_symbolic_link_is_read_to_the_end(world, down):
    runs = world.folder / "runs"
    runs.mkdir()
    world.log.rename(runs / "monday")
    world.log.symlink_to(runs / "monday")
    world.write(5)
    world.drain()
    world.write(5)
    (runs / "tuesday").touch()
    world.log.unlink()
    world.log.symlink_to(runs / "tuesday")
    world.write(5)
    if down:
        world.start()
    world.drain()
    world.check()


@pytest.mark.parametrize("pack", [False, True])
def test_files_with_the_same_beginning_are_distinguished(world, pack):
    header = "#" * 900 + "\n"

    def rotate(kind):
        kind()
        with world.log.open("a") as out:
            out.write(header * 5)
        world.written += [header.strip()] * 5

    with world.log.open("a") as out:
        out.write(header * 5)
    world.written += [header.strip()] * 5
    world.poll()
    world.commit()
    for _ in range(2):
        world.write(20)
        world.poll()
        rotate(lambda: world.rename(pack=pack))
        world.poll()
        world.commit()
    for count in (11, 30, 12):
        world.write(count)
        rotate(lambda: world.rename(pack=pack))
    world.start()
    world.drain()
    world.write(30)
    rotate(lambda: world.copytruncate(pack=pack))
    world.write(3)
    world.drain()
    world.check()


@pytest.mark.parametrize("rests", [0, 30])
def test_a_file_that_is_written_over_by_a_longer_copy_of_itself_is_read_on(world, rests):
    world.write(200)
    world.drain()
    world.poll(rests)
    new = world.folder / ".app.log.new"  # as rsync does
    new.write_bytes(world.log.read_bytes())
    new.rename(world.log)
    world.write(5)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


def test_a_closed_log_that_was_moved_by_copying_is_not_read_again(world):
    world.write(200)
    world.drain()
    (stream,) = world.tailer._files.active.values()
    world.tailer._files.park(stream)
    (world.folder / "app.log.1").write_bytes(world.log.read_bytes())
    world.log.unlink()
    world.log.touch()
    world.write(5)
    world.drain()
    world.check()


def test_a_log_that_cannot_be_opened_after_a_restart_is_not_reported_as_lost(world, monkeypatch):
    world.write(5)
    world.drain()
    world.write(5)
    with monkeypatch.context() as denied:
        denied.setattr("tocsin.inputs.recognition.open_content", mock.Mock(side_effect=PermissionError(13, "")))
        world.start()
        world.drain()
        assert world.tailer.unusable() == {"permission": 1}
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


@pytest.mark.parametrize("call", ["pread", "stat", "read_into"])
def test_a_disk_that_fails_for_a_while_ends_nothing(world, monkeypatch, call):
    world.write(5)
    world.drain()
    world.write(5)
    (world.folder / "app.log.1").write_bytes(b"another\n")
    with monkeypatch.context() as disk:
        disk.setattr(PlainContent, call, mock.Mock(side_effect=OSError(5, "Input/output error")))
        for _ in range(3):
            world.poll()
        assert "io" in world.tailer.unusable() or call == "pread"
        assert world.pending == []
    world.written.append("another")
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


HEADER = "#" * 900


def _begin(world, log=None, lines=5):
    with (log or world.log).open("a") as out:
        out.write(f"{HEADER}\n" * lines)
    world.written += [HEADER] * lines


def test_an_archive_sharing_only_a_header_with_a_log_is_not_its_copy(world):
    _begin(world, lines=40)
    world.write(3000)
    world.poll(size=64)
    lines = [HEADER] * 40 + [f"{number}" for number in range(100)]
    (world.folder / "app.log.1.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    world.written += lines
    world.poll(size=64)
    world.drain()

    world.check()


def test_a_rotated_log_is_not_a_copy_of_another_log_with_the_same_beginning(tmp_path):
    world = World(tmp_path, "*.log")
    other = tmp_path / "web.log"
    _begin(world, other, 8)
    world.write(1)
    world.poll()
    world.poll()
    world.commit()
    world.rename()
    _begin(world, lines=3)
    world.poll(0.05)
    world.rename()
    world.start()
    world.drain()

    world.check()
    world.close()


def test_an_archive_does_not_continue_another_log_deleted_within_its_first_line(tmp_path):
    world = World(tmp_path, "*.log")
    world.write(5)
    (tmp_path / "web.log").write_text("line")
    world.poll()
    world.commit()
    (tmp_path / "web.log").unlink()
    world.start()
    world.poll()
    world.rename(pack=True)
    world.drain()

    world.check()
    assert world.tailer.lost == {"deleted": 1, "truncated": 0}
    world.close()


def test_a_line_that_began_like_another_log_is_counted_whole(world):
    world.write(1)
    world.drain()
    world.rename()
    world.log.write_text("line ")
    world.rename()
    for _ in range(10):
        world.poll()
    with (world.folder / "app.log.1").open("a") as late:
        late.write("of a late writer\n")
    world.written.append("line of a late writer")
    world.drain()

    world.check()


def test_an_archive_does_not_continue_its_log_truncated_within_the_first_line(world):
    world.write(5)
    world.drain()
    world.copytruncate()
    world.drain()
    with world.log.open("ab") as log:
        log.write(b"line ")
    world.poll()
    os.truncate(world.log, 0)
    world.pack()
    world.drain()

    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 1}


def test_an_archive_that_begins_like_a_closed_log_at_rest_is_read(world, monkeypatch):
    _begin(world, lines=2)
    world.drain()
    (stream,) = world.tailer._files.active.values()
    world.tailer._files.park(stream)
    lines = [HEADER] * 2 + [f"{number}" for number in range(100)]
    (world.folder / "app.log.1.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    world.written += lines
    world.drain()

    world.check()


def test_a_loss_among_many_files_is_reported_in_time(world, monkeypatch):
    monkeypatch.setattr("tocsin.inputs.tailer.SCAN_EVERY", 10.0)
    world.write(5)
    world.poll()
    world.commit()
    world.write(3)
    world.log.unlink()
    world.start()
    for _ in range(30):
        world.poll(0.1)
    assert world.tailer.lost == {"deleted": 1, "truncated": 0}
