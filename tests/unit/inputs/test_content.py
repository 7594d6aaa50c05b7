"""Plain files and gzip archives by offset."""

import gzip
import os
import random

import pytest

from tocsin.inputs.content import GzipContent, NotAFileError, PlainContent, open_content

TEXT = random.Random(1).randbytes(3 << 20)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(TEXT[: 1 << 20]) + gzip.compress(TEXT[1 << 20 :]) + bytes(512))
    content = open_content(str(path))
    yield content
    content.close()


def read(content, offset, size):
    target = bytearray(size)
    while (got := content.read_into(memoryview(target), offset)) < 0:
        pass
    return bytes(target[:got])


@pytest.mark.parametrize("offset", [0, 1, 1 << 20, (3 << 20) - 5])
def test_an_archive_of_several_members_is_read_at_any_offset(archive, offset):
    got = read(archive, offset, 4096)
    assert got
    assert TEXT[offset:].startswith(got)


@pytest.mark.parametrize("size", [100, 128 << 10])
def test_less_than_asked_for_is_given_only_at_the_end_of_an_archive(archive, size):
    offset = 0
    while got := read(archive, offset, size):
        assert len(got) == size or offset + len(got) == len(TEXT)
        offset += len(got)
        if size == 100 and offset > 600_000:
            return
    assert offset == len(TEXT)


def test_an_archive_is_complete_only_when_it_was_unpacked(archive):
    assert not archive.complete
    while archive.advance():
        pass
    assert archive.complete
    assert archive.end == len(TEXT)


def test_an_archive_goes_back(archive):
    read(archive, 2 << 20, 10)
    assert read(archive, 5, 10) == TEXT[5:15]


def test_one_turn_of_an_archive_is_bounded(archive):
    assert archive.read_into(memoryview(bytearray(10)), 2 << 20) == -1


def test_what_is_before_the_cut_of_an_archive_is_read(tmp_path):
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(TEXT[:100_000])[:-100])
    content = open_content(str(path))
    got = b""
    while more := read(content, len(got), 1 << 16):
        got += more
    content.close()
    assert got
    assert TEXT.startswith(got)


def test_a_log_that_is_not_compressed_is_plain(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"not gzip\n")
    content = open_content(str(tmp_path / "a.gz"))
    assert isinstance(content, PlainContent)
    assert not isinstance(content, GzipContent)
    content.close()


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFileError):
        open_content(str(tmp_path / "pipe"))
