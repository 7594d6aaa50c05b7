"""One transaction or none; a corrupt state is reported, a newer one refused."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin import state as module
from tocsin.state import FILE, VERSION, State, StateLockedError, StateNewerError


def test_committed_values_survive_a_restart(tmp_path):
    state = State(tmp_path)
    state.commit([("a", "k", b"1"), ("a", "l", b"2"), ("b", "k", b"3")])
    state.commit([("a", "l", None)])
    state.close()
    again = State(tmp_path)
    assert again.load("a") == [("k", b"1")]
    again.close()


def test_only_a_lasting_commit_waits_for_the_disk(tmp_path):
    state = State(tmp_path)
    modes = []
    for lasting in (False, True, False):
        state.commit([("part", "key", b"1")], lasting=lasting)
        modes += state._db.execute("PRAGMA synchronous").fetchone()
    state.close()
    assert modes == [1, 2, 1]  # https://sqlite.org/pragma.html#pragma_synchronous


def test_a_commit_that_fails_leaves_nothing(tmp_path):
    state = State(tmp_path)
    with pytest.raises(OSError, match="cannot be written"):
        state.commit([("a", "k", b"1"), ("a", object(), b"2")])  # type: ignore[list-item]
    assert state.load("a") == []
    state.close()


def test_a_commit_into_a_deleted_file_fails(tmp_path):
    state = State(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(OSError, match="was deleted"):
        state.commit([("a", "k", b"1")])
    state.close()


def test_a_corrupt_file_is_set_aside(tmp_path):
    (tmp_path / FILE).write_bytes(b"garbage" * 1000)
    state = State(tmp_path)
    assert state.set_aside is not None
    assert state.set_aside.exists()
    assert state.load("a") == []
    state.close()


def test_a_newer_version_is_refused(tmp_path):
    State(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(StateNewerError, match="newer"):
        State(tmp_path)


def test_a_second_user_of_the_state_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOCKED_FOR", 0.01)
    first = State(tmp_path)
    first.commit([("a", "k", b"1")])
    with pytest.raises(StateLockedError, match="another tocsin"):
        State(tmp_path)
    first.close()


def test_the_file_is_private_to_its_owner(tmp_path):
    state = State(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    state.close()


def test_a_page_damaged_in_the_middle_sets_the_whole_file_aside(tmp_path):
    state = State(tmp_path)
    state.commit([("a", str(i), b"x" * 500) for i in range(500)])
    state.close()
    raw = bytearray((tmp_path / FILE).read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = b"\x07" * 4096
    (tmp_path / FILE).write_bytes(raw)
    again = State(tmp_path)
    assert again.set_aside is not None
    assert again.load("a") == []
    again.close()


ITEM = st.tuples(st.sampled_from("ab"), st.sampled_from("klm"), st.none() | st.binary(max_size=9))


@given(st.lists(st.tuples(st.lists(ITEM, max_size=5), st.booleans(), st.booleans()), max_size=12))
@settings(max_examples=60, deadline=None)
def test_committed_values_survive_any_failures_and_restarts(script):
    held: dict[tuple[str, str], bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder))
        for items, fails, restarts in script:
            if fails:
                with pytest.raises(OSError, match="cannot be written"):
                    state.commit([*items, ("a", object(), b"")])
            else:
                state.commit(items)
                for part, key, value in items:
                    held.pop((part, key), None)
                    if value is not None:
                        held[part, key] = value
            if restarts:
                state.close()
                state = State(Path(folder))
        assert {(part, key): value for part in "ab" for key, value in state.load(part)} == held
        state.close()


def test_an_emptied_file_is_set_aside(tmp_path):
    State(tmp_path).close()
    (tmp_path / FILE).write_bytes(b"")
    state = State(tmp_path)
    assert state.set_aside is not None
    state.close()


def test_a_start_killed_while_creating_the_file_leaves_no_corrupt_state(tmp_path, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(Path, "rename", raising(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            State(tmp_path)
    state = State(tmp_path)
    assert (state.set_aside, state.writable) == (None, True)
    state.close()


def test_leftovers_of_a_killed_start_do_not_affect_the_next(tmp_path):
    (tmp_path / f"{FILE}.new").write_bytes(b"no database" * 1_000)
    state = State(tmp_path)
    state.commit([("a", "k", b"1")])
    assert (state.trouble, state.load("a")) == (None, [("k", b"1")])
    state.close()


def test_a_file_in_the_place_of_ours_takes_no_commit(tmp_path):
    state = State(tmp_path)
    (tmp_path / FILE).rename(tmp_path / "away")
    (tmp_path / FILE).write_bytes(b"another")
    with pytest.raises(OSError, match="replaced"):
        state.check()
    with pytest.raises(OSError, match="replaced"):
        state.commit([("a", "k", b"1")])
    state.close()


@pytest.fixture
def read_only(monkeypatch):
    """A switch: while it is on, nothing can be written where the state is."""
    prepare, switch = module._prepare, {"on": False}

    def refusing(path):
        if switch["on"] and path.endswith(f"state/{FILE}"):
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return prepare(path)

    monkeypatch.setattr(module, "_prepare", refusing)
    return switch


def test_an_unwritable_state_is_read_and_recovers_once_writable(tmp_path, read_only):
    folder = tmp_path / "state"
    state = State(folder)
    state.commit([("a", "k", b"1")])
    shutil.copytree(folder, tmp_path / "killed")  # its log is not folded into the file
    state.close()
    shutil.rmtree(folder)
    (tmp_path / "killed").rename(folder)
    read_only["on"] = True
    state = State(folder)
    assert (state.writable, state.load("a")) == (False, [("k", b"1")])
    assert "attempt to write a readonly database" in state.trouble
    with pytest.raises(OSError, match="cannot be written"):
        state.commit([("a", "k", b"2")])
    assert state.load("a") == [("k", b"1")]
    read_only["on"] = False
    state.commit([("a", "k", b"2")])
    assert state.writable
    state.close()
    again = State(folder)
    assert again.load("a") == [("k", b"2")]
    again.close()


def test_a_state_that_was_not_read_is_not_overwritten(tmp_path, read_only):
    folder = tmp_path / "state"
    read_only["on"] = True
    state = State(folder)
    read_only["on"] = False
    other = State(folder)
    other.commit([("a", "k", b"1")])
    other.close()
    with pytest.raises(OSError, match="restart"):
        state.commit([("a", "k", b"2")])
    state.close()


def test_a_newer_state_that_turns_up_later_fails_a_commit_and_ends_nothing(tmp_path, read_only):
    folder = tmp_path / "state"
    read_only["on"] = True
    state = State(folder)
    read_only["on"] = False
    State(folder).close()
    with contextlib.closing(sqlite3.connect(folder / FILE)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(OSError, match="newer"):
        state.commit([("a", "k", b"1")])
    state.close()


def test_an_unreadable_state_is_set_aside_on_demand(tmp_path):
    state = State(tmp_path)
    state.commit([("a", "k", b"nonsense")])
    state.put_aside()
    assert state.set_aside is not None
    assert state.load("a") == []
    state.commit([("a", "k", b"1")])
    state.close()


def raising(error: type[BaseException]):
    def fail(*_):
        raise error

    return fail


def test_an_endless_device_as_the_state_is_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr("tocsin.state.shutil.copyfile", lambda source, _: pytest.fail(source))
    (tmp_path / "tocsin.db").symlink_to("/dev/zero")
    state = State(tmp_path)
    assert (state.writable, state.load("part")) == (False, [])
    state.close()
