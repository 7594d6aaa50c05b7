"""The tailer against a model: whatever is written is handed out once, through rotations and restarts."""

import gzip
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.inputs.base import Origin
from tocsin.inputs.tailer import FileInput, FilePattern


class World:
    """A log, its writer, and a tailer that can be killed between commits."""

    def __init__(self, folder: Path, pattern: str = "app.log") -> None:
        self.folder = folder
        self.log = folder / "app.log"
        self.log.touch()
        self.pattern = str(folder / pattern)
        self.now = 0.0
        self.zstd = False
        self.written: list[str] = []
        self.state: dict[str, bytes] = {}
        self.committed: list[str] = []
        self.pending: list[str] = []
        self.oversize: list[int] = []
        self.tailer: FileInput | None = None
        self.start()

    def start(self) -> None:
        self.close()
        self.pending = []
        self.tailer = FileInput(
            [FilePattern(self.pattern)], max_line_bytes=1000, clock=lambda: self.now,
            oversize=lambda length, origin: self.oversize.append(length),
        )  # fmt: skip
        self.tailer.restore(list(self.state.items()))

    def close(self) -> None:
        if self.tailer is not None:
            self.tailer.close()

    def sink(self, data, origin: Origin) -> None:
        self.pending.append(bytes(data).strip(b"\x00").decode())

    def poll(self, seconds: float = 1.1, size: int = 4096) -> int:
        self.now += seconds
        return self.tailer.read(self.sink, size)

    def commit(self) -> None:
        for key, value in self.tailer.changes():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        self.tailer.committed()
        self.committed += self.pending
        self.pending = []

    def drain(self) -> None:
        quiet = 0
        while quiet < 12:
            quiet = 0 if self.poll() else quiet + 1
        self.commit()

    def write(self, count: int) -> None:
        with self.log.open("a") as out:
            for _ in range(count):
                text = f"line {len(self.written):06d}"
                out.write(text + "\n")
                self.written.append(text)

    def shift(self) -> None:
        for number in range(60, 0, -1):
            for suffix in ("", ".gz", ".zst"):
                old = self.folder / f"app.log.{number}{suffix}"
                if old.exists():
                    old.rename(self.folder / f"app.log.{number + 1}{suffix}")

    def rename(self, *, pack: bool = False) -> None:
        self.shift()
        self.log.rename(self.folder / "app.log.1")
        self.log.touch()
        if pack:
            self.pack()

    def copytruncate(self, *, pack: bool = False) -> None:
        self.shift()
        (self.folder / "app.log.1").write_bytes(self.log.read_bytes())
        os.truncate(self.log, 0)
        if pack:
            self.pack()

    def pack(self) -> None:
        plain = self.folder / "app.log.1"
        suffix, pack = (".zst", zstandard.compress) if self.zstd else (".gz", gzip.compress)
        (self.folder / "app.log.1.tmp").write_bytes(pack(plain.read_bytes()))
        (self.folder / "app.log.1.tmp").rename(self.folder / f"app.log.1{suffix}")
        plain.unlink()

    def check(self) -> None:
        assert Counter(self.committed) == Counter(self.written)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


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


def test_truncation_of_a_file_at_rest_that_was_read_to_its_end_is_no_loss(world):
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
        out.write("line 000000")
    world.written = ["line 000000"]
    world.poll()
    world.rename()
    world.drain()
    world.check()


def test_a_line_over_the_limit_is_told_and_skipped(world):
    with world.log.open("a") as out:
        out.write("x" * 5000 + "\n")
    world.write(3)
    world.drain()
    world.check()
    assert len(world.oversize) == 1


def test_what_was_rotated_before_the_first_start_is_history(tmp_path):
    (tmp_path / "app.log.1").write_text("old\n")
    world = World(tmp_path)
    world.write(2)
    world.drain()
    world.close()
    world.check()


def test_the_state_holds_no_text_of_the_log(world):
    world.write(20)
    world.drain()
    assert all(b"line 0" not in value for value in world.state.values())


@pytest.mark.parametrize("seed", range(40))
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
def test_a_copy_in_the_making_is_not_read_as_a_log_of_its_own(world, size, restart):
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


def test_a_backup_of_a_log_that_goes_on_is_not_read_even_after_its_rotation(world):
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


def test_an_archive_beside_its_original_waits_until_that_is_gone(world):
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


def test_the_last_line_of_a_rotated_file_counts_within_three_seconds(world):
    world.write(1)
    world.drain()
    with world.log.open("a") as out:
        out.write("line 000001")
    world.written.append("line 000001")
    world.poll(0.1)
    world.rename()
    for _ in range(30):
        world.poll(0.1)
    world.commit()
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


def test_what_cannot_be_read_is_said_with_its_mend(tmp_path):
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


def test_a_large_archive_is_read_to_its_end(world):
    world.write(3)
    world.drain()
    world.write(60_000)
    world.rename(pack=True)
    world.start()
    world.drain()
    world.check()


@pytest.mark.parametrize("pack", [False, True])
def test_files_that_begin_alike_are_told_apart(world, pack):
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


def test_a_pattern_that_went_is_read_no_more_and_goes_on_where_it_stopped_when_it_comes_again(tmp_path):
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


def test_a_new_format_holds_for_what_is_read_from_now_on(tmp_path):
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


def test_what_is_written_after_the_start_does_not_hold_the_catching_up(tmp_path):
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
