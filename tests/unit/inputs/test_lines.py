"""Any chunking gives the same lines, wrapped or not."""

import gzip
import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.inputs.lines import BUFFER_BYTES
from tocsin.inputs.tailer import FileInput, FilePattern

LIMIT = 40_000


class Reader:
    """A tailer over one file, killed and started again at will."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self.limit = limit
        self.now = 0.0
        self.state: dict[str, bytes] = {}
        self.got: list[bytes] = []
        self.told: list[int] = []
        self.start()

    def start(self) -> None:
        self.tailer = FileInput(
            [FilePattern(str(self.path))], max_line_bytes=self.limit, clock=lambda: self.now,
            oversize=lambda length, _: self.told.append(length),
        )  # fmt: skip
        self.tailer.restore(list(self.state.items()))

    def drain(self, seconds: float = 0.1) -> None:
        idle = 0
        while idle < 3:
            self.now += seconds
            idle = 0 if self.tailer.read(lambda data, _: self.got.append(bytes(data)), 128 << 10) else idle + 1

    def kill(self) -> None:
        for key, value in self.tailer.changes():
            if value is not None:
                self.state[key] = value
        self.tailer.close()
        self.start()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as out:
        out.write(data)


def lines_of(data: bytes) -> list[bytes]:
    lines = [line.lstrip(b"\0") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:-1]]
    return [line for line in lines if line]


pieces = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [b"\n", b"\r\n", b"\0" * 50, b"x" * 20_000, "\u2028\u0085\x0b".encode(), b'{"a":1}\n', b"\xff\xfe"]
        ),
    ),
    max_size=12,
)


@given(pieces, st.booleans())
def test_any_chunking_gives_the_same_lines(chunks, kill):
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder) / "app.log")
        reader.path.touch()
        for chunk in [b'{"first":1}\n', *chunks, b"\n"]:
            append(reader.path, chunk)
            reader.drain()
            if kill:
                reader.kill()
        reader.tailer.close()
    expected = lines_of(b"".join([b'{"first":1}\n', *chunks, b"\n"]))
    assert reader.got == [line for line in expected if len(line) <= LIMIT]
    assert len(reader.told) == len([line for line in expected if len(line) > LIMIT])


@pytest.fixture
def reader(tmp_path):
    made = Reader(tmp_path / "app.log")
    made.path.touch()
    yield made
    made.tailer.close()


def test_a_hole_larger_than_any_line_does_not_take_the_line_behind_it(reader):
    append(reader.path, b"one\n" + bytes(3 * LIMIT) + b"two\n")
    reader.drain()
    assert reader.got == [b"one", b"two"]
    assert reader.told == []


def test_an_oversize_line_is_reported_once_across_a_kill(reader):
    append(reader.path, b"one\n" + b"x" * 400_000)
    reader.drain()
    reader.kill()
    append(reader.path, b"x" * 400_000 + b"\ntwo\n")
    reader.drain()
    assert reader.got == [b"one", b"two"]
    assert reader.told == [800_000]


def test_a_line_too_long_for_the_limit_does_not_take_the_next_if_its_end_is_written_later(reader):
    for piece in (b"one\n", b"x" * 400_000, b"\ntwo\n"):
        append(reader.path, piece)
        reader.drain()
    assert reader.got == [b"one", b"two"]
    assert reader.told == [400_000]


@pytest.mark.parametrize(("excess", "got", "told"), [(0, 1, []), (1, 0, [3 * BUFFER_BYTES + 1])])
def test_the_limit_of_a_line_longer_than_the_buffer_is_exact(tmp_path, excess, got, told):
    log = Reader(tmp_path / "app.log", limit=3 * BUFFER_BYTES)
    append(log.path, b"x" * (3 * BUFFER_BYTES + excess) + b"\n")
    log.drain()
    log.tailer.close()
    assert (len(log.got), log.told) == (got, told)


@pytest.mark.parametrize("kill", [False, True])
def test_a_line_longer_than_the_buffer_is_read_whole(tmp_path, kill):
    log = Reader(tmp_path / "app.log", limit=8 * BUFFER_BYTES)
    line = b"x" * (5 * BUFFER_BYTES // 2)
    for piece in (b"one\n", line, line, line + b"\ntwo\n"):
        append(log.path, piece)
        log.drain()
        if kill:
            log.kill()
    log.tailer.close()
    assert log.got == [b"one", line * 3, b"two"]
    assert log.told == []


def test_a_byte_order_mark_is_not_part_of_the_first_line(reader):
    append(reader.path, b"\xef\xbb\xbfone\ntwo\n")
    reader.drain()
    assert reader.got == [b"one", b"two"]


def cri(stream: str, tag: str, text: str) -> bytes:
    return f"2026-01-31T10:00:00.000000001Z {stream} {tag} {text}\n".encode()


def docker(stream: str, text: str) -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": "2026-01-31T10:00:00Z"}).encode() + b"\n"


SPLIT = {
    "cri": [cri("stdout", "P", "{a"), cri("stderr", "F", "err"), cri("stdout", "P", "b"), cri("stdout", "F", "c")],
    "docker": [docker("stdout", "{a"), docker("stderr", "err\n"), docker("stdout", "b"), docker("stdout", "c\n")],
}


@pytest.mark.parametrize("kind", SPLIT)
@pytest.mark.parametrize("kill_after", range(4))
def test_the_parts_of_a_split_record_survive_a_kill(reader, kind, kill_after):
    for number, line in enumerate(SPLIT[kind]):
        append(reader.path, line)
        reader.drain()
        if number == kill_after:
            reader.kill()
    reader.drain()
    assert reader.got == [b"err", b"{abc"]


@pytest.mark.parametrize("kind", SPLIT)
def test_the_state_has_no_text_of_pending_parts(reader, kind):
    append(reader.path, SPLIT[kind][0].replace(b"{a", b"{secret-text"))
    reader.drain()
    reader.kill()
    assert not any(b"secret" in value for value in reader.state.values())


@pytest.mark.parametrize("wrap", [lambda text: cri("stdout", "F", text), lambda text: docker("stdout", text + "\n")], ids=["cri", "docker"])
@pytest.mark.parametrize("kill", [False, True])
def test_a_partial_first_line_does_not_hide_the_wrapper(reader, wrap, kill):
    append(reader.path, b'ut": 5}}\n')
    if kill:
        reader.drain()
        reader.kill()
    append(reader.path, wrap('{"n": 1}') + wrap('{"n": 2}'))
    reader.drain()
    assert reader.got == [b'ut": 5}}', b'{"n": 1}', b'{"n": 2}']


def test_wrapped_lines_are_recognised_after_a_restart_in_the_middle(reader):
    append(reader.path, cri("stdout", "F", "one"))
    reader.drain()
    reader.kill()
    append(reader.path, cri("stdout", "F", "two"))
    reader.drain()
    assert reader.got == [b"one", b"two"]


@pytest.mark.parametrize("kind", SPLIT)
@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("kill", [None, "before", "after"])
def test_a_record_split_over_two_files_is_joined(reader, kind, cut, kill):
    lines = SPLIT[kind]
    append(reader.path, b"".join(lines[:cut]))
    reader.drain()
    if kill == "before":
        reader.kill()
    reader.path.rename(reader.path.with_name(reader.path.name + ".20260131-100000"))
    append(reader.path, b"".join(lines[cut:]))
    if kill == "after":
        reader.kill()
    reader.drain()
    assert sorted(reader.got) == [b"err", b"{abc"]


@pytest.mark.parametrize("kind", SPLIT)
@pytest.mark.parametrize("late", [False, True])
def test_a_split_record_that_starts_in_an_archive_is_joined(reader, kind, late):
    lines = SPLIT[kind]
    append(reader.path, b"".join(lines[:2]))
    reader.drain()
    reader.kill()
    packed = reader.path.with_name(reader.path.name + ".20260131-100000.gz")
    packed.write_bytes(gzip.compress(reader.path.read_bytes()))
    reader.path.unlink()
    append(reader.path, lines[2])
    if late:
        reader.drain()
    append(reader.path, lines[3])
    reader.drain()
    assert sorted(reader.got) == [b"err", b"{abc"]


NAMES = {"cri": ["20260131-100000", "20260131-110000", "20260131-120000"], "docker": ["3", "2", "1"]}
"""That the kubelet and Docker give to rotated files, the oldest first."""


@pytest.mark.parametrize("kind", SPLIT)
@pytest.mark.parametrize("packed", [(), (0,), (0, 1), (0, 1, 2)])
def test_records_are_joined_over_files_rotated_before_they_were_seen(reader, kind, packed):
    lines = SPLIT[kind]
    append(reader.path, b"".join(lines[:2]))
    reader.drain()
    reader.kill()
    for number, name in enumerate(NAMES[kind]):
        rotated = reader.path.with_name(f"{reader.path.name}.{name}")
        reader.path.rename(rotated)
        if number in packed:
            rotated.with_name(f"{rotated.name}.gz").write_bytes(gzip.compress(rotated.read_bytes()))
            rotated.unlink()
        append(reader.path, b"".join(lines[2:]) + lines[0].replace(b"{a", b"{%d" % number) + lines[1])
    append(reader.path, b"".join(lines[2:]))
    reader.drain()
    assert sorted(reader.got) == [b"err"] * 4 + [b"{0bc", b"{1bc", b"{2bc", b"{abc"]


def test_files_of_one_log_are_read_in_one_turn_the_oldest_first(reader):
    records = [b"".join([SPLIT["cri"][0].replace(b"{a", b"{%d" % number), *SPLIT["cri"][2:]]) for number in range(4)]
    append(reader.path, records[0])
    reader.drain()
    reader.kill()
    for name, record in zip(NAMES["cri"], records[1:], strict=True):
        reader.path.rename(reader.path.with_name(f"{reader.path.name}.{name}"))
        append(reader.path, record)
    reader.got.clear()

    reader.tailer.read(lambda data, _: reader.got.append(bytes(data)), 128 << 10)

    assert reader.got == [b"{1bc", b"{2bc", b"{3bc"]


def test_records_over_many_files_are_joined_in_one_turn(reader):
    first, *rest = SPLIT["cri"]
    append(reader.path, first)
    reader.drain()
    reader.kill()
    for number in range(40):
        reader.path.rename(reader.path.with_name(f"{reader.path.name}.20260131-10{number:02}00"))
        append(reader.path, b"".join([*rest, first.replace(b"{a", b"{%d" % number)]))
    append(reader.path, b"".join(rest))
    reader.got.clear()

    reader.tailer.read(lambda data, _: reader.got.append(bytes(data)), 1 << 20)

    assert [record for record in reader.got if record != b"err"] == [b"{abc", *(b"{%dbc" % number for number in range(40))]


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("killed", [True, False])
def test_a_record_over_three_files_is_joined(reader, down, killed):
    for number, lines in enumerate((["P", "{a"], ["P", "b"], ["F", "c"])):
        if number:
            reader.path.rename(reader.path.with_name(f"{reader.path.name}.20260131-10000{number}"))
        append(reader.path, (cri("stdout", "F", "before") if not number else b"") + cri("stdout", *lines))
        if not (number and down):
            reader.drain()
        if killed:
            reader.kill()
    append(reader.path, cri("stdout", "F", "after"))
    reader.drain()
    reader.kill()
    reader.drain(3.0)
    assert reader.got == [b"before", b"{abc", b"after"]


@pytest.mark.parametrize("kind", SPLIT)
def test_the_end_of_a_record_in_the_next_file_may_be_late(reader, kind):
    lines = SPLIT[kind]
    append(reader.path, lines[0])
    reader.drain()
    reader.path.rename(reader.path.with_name(reader.path.name + ".20260131-100000"))
    append(reader.path, lines[1] + lines[2])
    reader.drain()
    reader.kill()
    reader.drain()
    append(reader.path, lines[3])
    reader.drain()
    assert sorted(reader.got) == [b"err", b"{abc"]


@pytest.mark.parametrize("kind", SPLIT)
def test_a_record_in_two_files_is_joined_after_any_delay(reader, kind):
    lines = SPLIT[kind]
    append(reader.path, lines[0])
    reader.drain()
    reader.path.rename(reader.path.with_name(f"{reader.path.name}.{NAMES[kind][0]}"))
    append(reader.path, lines[1] + lines[2])
    reader.drain()
    reader.kill()
    append(reader.path, lines[3])
    reader.drain(10)
    assert sorted(reader.got) == [b"err", b"{abc"]


def test_lines_that_a_shipper_wrote_again_without_their_ends_are_records_each(reader):
    records = [json.dumps({"id": str(n), "model": "m"}).encode() for n in range(3)]
    for record in records:
        append(reader.path, json.dumps({"log": record.decode(), "stream": "stdout", "pod": "litellm-0"}).encode() + b"\n")
    reader.drain()
    assert reader.got == records


def test_plain_text_without_a_line_end_delays_no_record(reader):
    shipped = ["INFO: started", '{"n": 1}', "", "Traceback (most recent call last):", '{"n": 2}']
    append(reader.path, b"".join(docker("stdout", text) for text in shipped))
    reader.drain()
    assert [line for line in reader.got if line.startswith(b"{")] == [b'{"n": 1}', b'{"n": 2}']


def test_a_record_cut_by_a_shipper_is_not_joined_with_the_next(reader):
    append(reader.path, docker("stdout", '{"n": 1, "text": "cut he') + docker("stdout", '{"n": 2}') + docker("stdout", '{"n": 3}'))
    reader.drain()
    assert reader.got == [b'{"n": 1, "text": "cut he\x00{"n": 2}', b'{"n": 3}']


@pytest.mark.parametrize("line", [b"x", b"", b'{"log":"x"}'])
def test_lines_of_a_few_bytes_are_handed_out_a_few_at_a_time(reader, line):
    """Each costs as much as a small call, so thousands of them in one slice hold up everybody."""
    append(reader.path, b'{"log":"first"}\n' + (line + b"\n") * 20_000)
    reader.tailer.read(lambda data, _: reader.got.append(bytes(data)), 256)
    assert len(reader.got) <= 16_384 // 64 + 1


def test_a_record_in_many_parts_is_joined_in_linear_time(reader):
    """Each piece measured all that came before it: 300,000 of them took minutes."""
    append(reader.path, b"2026-11-20T02:47:00.000000000Z stdout P x\n" * 39_000 + b"2026-11-20T02:47:00.000000000Z stdout F y\n")
    began = time.thread_time()
    reader.drain()
    assert reader.got == [b"x" * 39_000 + b"y"]
    assert time.thread_time() - began < 2
