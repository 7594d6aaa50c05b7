"""Plain files and archives by offset."""

import bz2
import gzip
import lzma
import os
import random
from functools import cache

import pytest
import zstandard

from tocsin.inputs.content import NotAFileError, PackedContent, PlainContent, open_content

TEXT = random.Random(1).randbytes(3 << 20)


SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00tags"
"""A frame without content, as parallel zstd writes them between others."""


PACK = {
    "gzip": gzip.compress, "zstd": zstandard.compress, "xz": lambda text: lzma.compress(text, preset=0),
    "bzip2": lambda text: bz2.compress(text, 1),
}  # fmt: skip


@cache
def packed(kind, text):
    return PACK[kind](text)


@pytest.fixture(params=PACK)
def archive(request, tmp_path):
    path = tmp_path / "app.log.gz"
    between, after = (SKIPPABLE, b"") if request.param == "zstd" else (b"", bytes(512))
    path.write_bytes(packed(request.param, TEXT[: 1 << 20]) + between + packed(request.param, TEXT[1 << 20 :]) + after)
    content = open_content(str(path))
    yield content
    content.close()


def read(content, offset, size):
    target = bytearray(size)
    while (got := content.read_into(memoryview(target), offset)) < 0:
        pass
    return bytes(target[:got])


@pytest.mark.once
@pytest.mark.parametrize("offset", [0, 1, 1 << 20, (3 << 20) - 5])
def test_an_archive_of_several_members_is_read_at_any_offset(archive, offset):
    got = read(archive, offset, 4096)
    assert got
    assert TEXT[offset:].startswith(got)


@pytest.mark.once
@pytest.mark.parametrize("size", [100, 128 << 10])
def test_a_short_read_only_happens_at_the_end_of_an_archive(archive, size):
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


def test_an_archive_can_seek_backwards(archive):
    read(archive, 2 << 20, 10)
    assert read(archive, 5, 10) == TEXT[5:15]


def test_one_turn_of_an_archive_is_bounded(archive):
    assert archive.read_into(memoryview(bytearray(10)), 2 << 20) == -1


@pytest.mark.parametrize("kind", PACK)
def test_the_archive_of_an_empty_log_is_one(tmp_path, kind):
    path = tmp_path / "app.log.gz"
    path.write_bytes(packed(kind, b""))
    content = open_content(str(path))
    assert isinstance(content, PackedContent)
    assert read(content, 0, 10) == b""
    assert not content.cut
    content.close()


@pytest.mark.parametrize("kind", ["gzip", "zstd", "xz"])
def test_a_truncated_archive_is_read_up_to_the_cut(tmp_path, kind):
    path = tmp_path / "app.log.gz"
    path.write_bytes(packed(kind, TEXT[:400_000])[:-100])
    content = open_content(str(path))
    got = b""
    while more := read(content, len(got), 1 << 16):
        got += more
    assert got
    assert TEXT.startswith(got)
    assert not content.complete
    content.close()


def test_an_archive_that_needs_too_much_memory_counts_as_damaged(tmp_path):
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    path = tmp_path / "app.log.zst"
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path.write_bytes(writer.compress(TEXT) + writer.flush())
    content = open_content(str(path))
    assert not content.advance()
    assert content.damaged
    content.close()


def test_a_log_that_is_not_compressed_is_plain(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"not gzip\n")
    content = open_content(str(tmp_path / "a.gz"))
    assert isinstance(content, PlainContent)
    assert not isinstance(content, PackedContent)
    content.close()


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFileError):
        open_content(str(tmp_path / "pipe"))
