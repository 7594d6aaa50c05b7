"""The tailer against a model: whatever is written is handed out once, through rotations and restarts."""

import gzip
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rotatedlog import World
from tocsin.inputs.finder import Finder
from tocsin.inputs.tailer import FileInput, FilePattern


def test_a_file_is_read_from_its_beginning(world):
    world.write(10)
    world.drain()
    world.check()


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("kind", ["rename", "copytruncate"])
def test_rotation_with_unread_lines_loses_nothing(world, kind, pack):
    world.write(5)
    world.poll()
    world.write(5)
    getattr(world, kind)(pack=pack)
    world.write(5)
    world.drain()
    world.check()
    assert world.tailer.lost == {"deleted": 0, "truncated": 0}


@pytest.mark.parametrize("kind", ["rename", "copytruncate"])
def test_two_rotations_while_down_lose_nothing(world, kind):
    world.write(5)
    world.poll()
    world.commit()
    for _ in range(2):
        world.write(5)
        getattr(world, kind)(pack=True)
    world.write(5)
    world.start()
    world.drain()
    world.check()


def test_a_partial_line_waits_for_its_end(world):
    with world.log.open("a") as out:
        out.write("line 0")
        out.flush()
        world.poll()
        assert world.pending == []
        out.write("00000\n")
    world.written = ["line 000000"]
    world.drain()
    world.check()


def test_the_last_line_of_a_rotated_file_counts_without_newline(world):
    with world.log.open("a") as out:
        out.write('{"line": 0}')
    world.written = ['{"line": 0}']
    world.poll()
    world.rename()
    world.drain()
    world.check()


def test_an_oversize_line_is_reported_and_skipped(world):
    with world.log.open("a") as out:
        out.write("x" * 5000 + "\n")
    world.write(3)
    world.drain()
    world.check()
    assert len(world.oversize) == 1


def test_the_state_has_no_text_of_the_log(world):
    world.write(20)
    world.drain()
    assert all(b"line 0" not in value for value in world.state.values())


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.once) for seed in range(4, 40))])
def test_a_random_walk_is_exact(world, seed):
    random_ = random.Random(seed)
    world.zstd = seed % 2 == 1

    def kill() -> None:
        for _ in range(random_.randint(0, 2)):
            world.write(random_.randint(1, 20))
            random_.choice(rotations)()
        world.start()

    rotations = [
        world.rename, world.copytruncate, lambda: world.rename(pack=True), lambda: world.copytruncate(pack=True),
    ]  # fmt: skip
    steps = [
        (lambda: world.write(random_.randint(1, 60)), 40),
        (lambda: world.poll(random_.choice([0.1, 1.1, 6.0]), random_.choice([64, 512, 4096])), 40),
        (world.commit, 20),
        (lambda: random_.choice(rotations)(), 15),
        (kill, 8),
    ]
    world.write(1)
    world.poll()
    world.commit()  # before a first start, what is rotated is history
    for _ in range(100):
        random_.choices([step for step, _ in steps], [weight for _, weight in steps])[0]()
    world.drain()
    world.check()


def test_the_last_line_of_a_rotated_file_counts_within_three_seconds(world):
    world.write(1)
    world.drain()
    with world.log.open("a") as out:
        out.write('{"line": 1}')
    world.written.append('{"line": 1}')
    world.poll(0.1)
    world.rename()
    for _ in range(30):
        world.poll(0.1)
    world.commit()
    world.check()


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("cut", [6, 13])
def test_a_line_that_is_half_written_when_its_file_is_rotated_waits_for_its_rest(world, cut, down):
    line = '{"a": {"line": 1}}'
    world.write(20)
    world.poll()
    with world.log.open("a") as out:
        out.write(line[:cut])
        out.flush()
        world.poll(0.1)
        world.commit()
        world.rename()
        if down:
            world.start()
        world.write(10)
        for _ in range(20):
            world.poll(1.0)
        world.commit()
        out.write(line[cut:] + "\n")
    world.written.append(line)
    world.drain()

    world.check()


def test_half_a_line_that_is_never_ended_is_handed_out_in_the_end(world):
    world.write(20)
    with world.log.open("a") as out:
        out.write('{"line": ')
    world.written.append('{"line": ')
    world.poll()
    world.rename()
    for _ in range(35):
        world.poll(1.0)
    world.commit()

    world.check()


def test_many_files_share_one_slice(world):
    for number in range(50):
        (world.folder / f"app-{number}.log").write_text("x" * 200 + "\n" + ("y" * 99 + "\n") * 2000)
    tailer = FileInput(
        [FilePattern(str(world.folder / "app-*.log"))], max_line_bytes=1000, clock=lambda: world.now,
        oversize=lambda length, origin: None,
    )  # fmt: skip
    tailer.restore([])
    assert tailer.read(lambda data, origin: None, 100_000) < 300_000
    tailer.close()


def test_a_name_that_is_not_utf8_is_committed(tmp_path):
    (tmp_path / os.fsdecode(b"app-\xff.log")).write_bytes(b"one\n")
    got = []
    tailer = FileInput(
        [FilePattern(str(tmp_path / "*.log"))], max_line_bytes=1000, oversize=lambda length, origin: None
    )
    tailer.restore([])
    while tailer.read(lambda data, origin: got.append(bytes(data)), 4096):
        pass
    state = [(key, value) for key, value in tailer.changes() if value is not None]
    tailer.close()
    again = FileInput([FilePattern(str(tmp_path / "*.log"))], max_line_bytes=1000, oversize=lambda length, origin: None)
    again.restore(state)
    again.read(lambda data, origin: got.append(bytes(data)), 4096)
    again.close()
    assert got == [b"one"]


def test_an_unreadable_file_is_logged_with_the_fix(tmp_path):
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "fifo")
    tailer = FileInput(
        [FilePattern(str(tmp_path / "none.log")), FilePattern(str(tmp_path / "fifo"))],
        max_line_bytes=1000, oversize=lambda length, origin: None,
    )  # fmt: skip
    tailer.restore([])
    tailer.read(lambda data, origin: None, 4096)
    assert tailer.unusable() == {"missing": 1, "not_a_file": 1}
    assert all(mend for _, _, mend in tailer.unusable_paths())
    tailer.close()


@pytest.mark.parametrize(("pattern", "unusable"), [("f*", {}), ("pip*", {"not_a_file": 1})])
def test_a_matching_pipe_is_logged_and_a_directory_is_ignored(tmp_path, pattern, unusable):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    tailer = FileInput([FilePattern(str(tmp_path / pattern))], max_line_bytes=1000, oversize=lambda length, origin: None)
    tailer.restore([])
    tailer.read(lambda data, origin: None, 4096)
    assert {reason: count for reason, count in tailer.unusable().items() if count} == unusable
    tailer.close()


def reconfigured(tmp_path):
    """A tailer that read two lines of app.log, and a second log."""
    world = World(tmp_path)
    world.log.write_text("a\nb\n")
    (tmp_path / "other.log").write_text("x\n")
    world.poll()
    world.poll()
    return world


def test_a_new_pattern_is_read_without_a_restart(tmp_path):
    world = reconfigured(tmp_path)
    world.tailer.configure([FilePattern(world.pattern), FilePattern(str(tmp_path / "other.log"))])
    world.poll()
    world.poll()
    assert world.pending == ["a", "b", "x"]
    world.close()


def test_a_removed_pattern_resumes_at_its_offset_when_added_again(tmp_path):
    world = reconfigured(tmp_path)
    world.tailer.configure([])
    world.log.write_text("a\nb\nc\n")
    world.poll()
    world.poll(10)
    assert (world.pending, world.tailer.lost) == (["a", "b"], {"deleted": 0, "truncated": 0})
    world.tailer.configure([FilePattern(world.pattern)])
    world.poll()
    world.poll()
    assert world.pending == ["a", "b", "c"]
    world.close()


def test_a_new_format_applies_to_records_read_from_now_on(tmp_path):
    world = reconfigured(tmp_path)
    formats = []
    world.sink = lambda data, origin: formats.append(origin.format)
    world.tailer.configure([FilePattern(world.pattern, "native")])
    with world.log.open("a") as log:
        log.write("c\n")
    world.poll()
    world.poll()
    assert formats == ["native"]
    world.close()


def test_lines_written_after_the_start_do_not_delay_readiness(tmp_path):
    world = World(tmp_path)
    world.write(100)
    world.start()
    assert world.tailer.behind()
    while len(world.pending) < 100:
        world.write(1)
        assert world.poll(size=64)
    assert not world.tailer.behind()
    world.close()


def test_an_archive_is_behind_until_it_is_read(tmp_path):
    world = World(tmp_path)
    world.write(5000)
    world.poll(size=10_000)
    world.commit()
    world.rename(pack=True)
    world.start()
    while len(world.committed) + len(world.pending) < 5000:
        assert world.tailer.behind()
        world.poll(0.1, size=4096)
    world.drain()
    assert not world.tailer.behind()
    world.close()


def test_the_backlog_of_a_log_is_its_unread_bytes(world):
    world.write(1000)
    world.poll(size=64)
    read = len("line 000000\n") * len(world.pending)
    assert world.tailer.backlog() == world.log.stat().st_size - read > 0


def test_the_backlog_of_an_archive_is_its_size_until_it_is_read(tmp_path):
    world = World(tmp_path, "*.gz")
    archive = tmp_path / "old.log.gz"
    archive.write_bytes(gzip.compress((b"x" * 999 + b"\n") * 4000))
    world.poll(size=64)
    identified = world.tailer.backlog()
    while not world.pending:
        world.poll(size=64)
    assert (identified, world.tailer.backlog()) == (archive.stat().st_size, archive.stat().st_size)
    while world.poll(size=1 << 20):
        pass
    assert world.tailer.backlog() == 0
    world.close()


def test_an_archive_of_a_pattern_removed_during_its_decompression_is_not_read(tmp_path):
    world = World(tmp_path, "*.gz")
    (tmp_path / "old.log.gz").write_bytes(gzip.compress((b"x" * 999 + b"\n") * 4000))
    world.poll(size=64)
    world.tailer.configure([])
    while world.poll(size=64):
        pass
    assert world.pending == []
    world.close()


STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 40)),
    st.tuples(st.just("poll"), st.sampled_from([16, 64, 512, 4096])),
    st.tuples(st.sampled_from(["commit", "kill", "rename", "gzip", "zstd"]), st.just(0)),
)  # fmt: skip


@given(st.lists(STEP, max_size=40))
@settings(max_examples=40, deadline=None)
def test_any_rotation_between_any_reads_and_kills_is_exact(script):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.write(1)
        world.poll()
        world.commit()
        for step, argument in script:
            if step == "write":
                world.write(argument)
            elif step == "poll":
                world.poll(1.1, argument)
            elif step == "commit":
                world.commit()
            elif step == "kill":
                world.start()
            else:
                world.zstd = step == "zstd"
                world.rename(pack=step != "rename")
        world.drain()
        world.check()
        world.close()


def test_more_files_than_may_be_open_are_all_read_although_none_rests(world, monkeypatch):
    monkeypatch.setattr("tocsin.inputs.openfiles.OPEN_MAX", 5)
    world.pattern = str(world.folder / "app*.log")
    world.start()
    for _ in range(10):
        for number in range(20):
            with (world.folder / f"app-{number:02d}.log").open("a") as out:
                out.write(f"{len(world.written)}\n")
                world.written.append(str(len(world.written)))
        world.poll(0.3)
    assert {int(line) % 20 for line in world.pending} == set(range(20))
    world.drain()
    world.check()


def found(tmp_path, pattern):
    """Return what a pattern reads, and what it says cannot be read."""
    tailer, got = FileInput([FilePattern(pattern)], max_line_bytes=1000, oversize=lambda *_: None), []
    tailer.restore([])
    while tailer.read(lambda data, _: got.append(bytes(data)), 4096):
        pass
    tailer.close()
    return sorted(got), tailer.unusable()


def test_cyclic_links_add_nothing_to_a_recursive_pattern(tmp_path):
    """Two of them make more paths than can ever be looked at."""
    for folder in (tmp_path, tmp_path / "b", tmp_path / "b" / "c", tmp_path / ".hidden"):
        folder.mkdir(exist_ok=True)
        (folder / "app.log").write_text(f"{folder.name}\n")
        for name in ("loop", "again"):
            (folder / name).symlink_to(tmp_path)
    assert found(tmp_path, f"{tmp_path}/**/*.log")[0] == sorted(path.name.encode() for path in (tmp_path, tmp_path / "b", tmp_path / "c"))
    assert found(tmp_path, f"{tmp_path}/**/c/*.log")[0] == [b"c"]


def test_a_recursive_pattern_follows_links_to_another_disk(tmp_path):
    logs, disk = tmp_path / "logs", tmp_path / "disk"
    for folder in (logs / "b", disk / "a", disk / "c"):
        folder.mkdir(parents=True)
        (folder / "app.log").write_text(f"{folder.name}\n")
    (disk / "a" / "again").symlink_to(disk / "a")
    (logs / "a").symlink_to(disk / "a")
    (logs / "e").symlink_to(logs / "b")
    (logs / "d").symlink_to(tmp_path)
    names = [each.path for each in Finder([FilePattern(f"{logs}/**/*.log")]).find()]
    assert names == [f"{logs}/a/app.log", f"{logs}/b/app.log"]


def test_a_relative_pattern_of_any_depth_names_files_as_they_are(tmp_path, monkeypatch):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "app.log").write_text("b\n")
    monkeypatch.chdir(tmp_path)
    assert [each.path for each in Finder([FilePattern("**/*.log")]).find()] == ["b/app.log"]


@pytest.mark.parametrize("pattern", ["**/*.log", "*/*.log"])
def test_a_file_beside_the_directories_of_a_pattern_is_ignored(tmp_path, pattern):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "app.log").write_text("b\n")
    (tmp_path / "other.log").write_text("")
    assert found(tmp_path, f"{tmp_path}/{pattern}") == ([b"b"], {})
