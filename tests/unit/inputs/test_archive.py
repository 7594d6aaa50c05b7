"""What `tocsin replay` reads: logs as container runtimes wrap them."""

import gzip
import json

import pytest

from tocsin.inputs.archive import read_archive
from tocsin.inputs.base import Origin

FIRST, SECOND = b'{"id": "1", "model": "m"}', b'{"id": "2", "model": "m"}'


def docker(text: bytes) -> bytes:
    return json.dumps({"log": text.decode(), "stream": "stdout", "time": "2026-11-26T04:00:00Z"}).encode()


def cri(tag: bytes, text: bytes) -> bytes:
    return b"2026-11-26T04:00:00.123456789Z stdout " + tag + b" " + text


WRAPPED = {
    "cri": [cri(b"F", FIRST), cri(b"P", SECOND[:9]), cri(b"F", SECOND[9:])],
    "cri, cut off": [cri(b"F", FIRST), cri(b"P", SECOND)],
    "docker": [docker(FIRST + b"\n"), docker(SECOND[:9]), docker(SECOND[9:] + b"\n")],
    "plain": [FIRST, SECOND],
}


@pytest.mark.parametrize("lines", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_lines_of_a_container_are_unwrapped(tmp_path, lines, pack):
    log = tmp_path / "0.log"
    log.write_bytes(pack(b"\n".join(lines) + b"\n"))
    found: list[bytes] = []
    assert read_archive(str(log), Origin("replay", "auto"), lambda data, _: found.append(bytes(data)), lambda *_: None, 1 << 20)
    assert found == [FIRST, SECOND]


@pytest.mark.parametrize("kind", ["cri", "docker"])
def test_a_partial_first_line_does_not_hide_the_wrapper(tmp_path, kind):
    log = tmp_path / "0.log"
    log.write_bytes(b'ut": 5}}\n' + b"\n".join(WRAPPED[kind]) + b"\n")
    found: list[bytes] = []
    assert read_archive(str(log), Origin("replay", "auto"), lambda data, _: found.append(bytes(data)), lambda *_: None, 1 << 20)
    assert found == [b'ut": 5}}', FIRST, SECOND]


def test_a_record_whose_parts_exceed_the_limit_is_oversize(tmp_path):
    log = tmp_path / "0.log"
    log.write_bytes(cri(b"P", b"x" * 60) + b"\n" + cri(b"P", b"x" * 60) + b"\n" + cri(b"F", b"x") + b"\n" + cri(b"F", FIRST) + b"\n")
    found: list[bytes] = []
    lengths: list[int] = []
    read_archive(
        str(log), Origin("replay", "auto"), lambda data, _: found.append(bytes(data)), lambda length, _: lengths.append(length), 110
    )
    assert (found, lengths) == ([FIRST], [120])
