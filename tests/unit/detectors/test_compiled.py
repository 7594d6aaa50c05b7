"""Databases are cached between starts, and only trustworthy ones are loaded."""

import ctypes
from types import SimpleNamespace
from unittest import mock

import hyperscan
import pytest

from tocsin.detectors import compiled
from tocsin.detectors.hyperscanning import Matcher

PATTERN, FLAGS = [b"needle"], [hyperscan.HS_FLAG_SINGLEMATCH]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tocsin"


@pytest.fixture
def kept(folder):
    Matcher(PATTERN, FLAGS, ours=True)
    return next(folder.glob("*.hs"))


def finds(matcher):
    return matcher.fired(b"a needle in a haystack") == {0}


def test_a_second_start_compiles_nothing(kept, monkeypatch):
    monkeypatch.setattr(hyperscan, "Database", lambda: pytest.fail("compiled again"))
    assert finds(Matcher(PATTERN, FLAGS, ours=True))


def test_other_patterns_have_another_database(kept):
    assert not finds(Matcher([b"thread"], FLAGS, ours=True))


@pytest.mark.parametrize("data", [b"", b"garbage", b"\0" * 4096])
def test_an_invalid_cache_file_is_compiled_again(kept, data):
    kept.write_bytes(data)
    assert finds(Matcher(PATTERN, FLAGS, ours=True))


def test_a_damaged_database_is_compiled_again(kept):
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 0xFF
    kept.write_bytes(data)
    assert finds(Matcher(PATTERN, FLAGS, ours=True))


def test_a_file_that_others_may_write_to_is_not_read(kept):
    kept.chmod(0o666)
    assert compiled.load(kept.stem) is None


def test_a_link_is_not_followed(kept):
    moved = kept.rename(kept.with_suffix(".moved"))
    kept.symlink_to(moved)
    assert compiled.load(kept.stem) is None


def test_patterns_of_the_user_are_not_cached(folder):
    Matcher(PATTERN, FLAGS)
    assert not folder.exists()


def test_without_a_place_everything_is_compiled(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert finds(Matcher(PATTERN, FLAGS, ours=True))


def test_the_oldest_databases_are_deleted(folder):
    for number in range(compiled.FILES_MAX + 3):
        Matcher([b"needle %d" % number], FLAGS, ours=True)
    assert len(list(folder.iterdir())) == compiled.FILES_MAX


def test_memory_used_for_compiling_is_released(monkeypatch):
    trim = mock.Mock()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=trim))

    Matcher([b"mandragora"], [0])

    trim.assert_called_once_with(0)
