"""``tocsin consumer``: the hash that metrics show, with the key of the configuration or of the state."""

import pytest

from tocsin.commands import main
from tocsin.labels import keyed_hash
from tocsin.state import State


def test_the_state_key_is_read_while_the_exporter_locks_the_state(tmp_path, capsys):
    state = State(tmp_path)
    state.commit([("key", "consumers", b"k" * 32)])

    assert main(["consumer", "user-17", "--storage.path", str(tmp_path)]) == 0
    assert capsys.readouterr().out == keyed_hash("user-17", b"k" * 32) + "\n"
    state.close()


def test_a_configured_key_wins(tmp_path, capsys):
    (tmp_path / "key").write_text("secret\n")
    (tmp_path / "t.yml").write_text(f"consumers: {{hash_key_file: {tmp_path}/key}}")

    assert main(["consumer", "user-17", "--config.file", str(tmp_path / "t.yml")]) == 0
    assert capsys.readouterr().out == keyed_hash("user-17", b"secret") + "\n"


@pytest.mark.parametrize("committed", [False, True])
def test_without_a_key_it_says_how_to_get_one(tmp_path, capsys, committed):
    if committed:
        State(tmp_path).close()

    assert main(["consumer", "x", "--storage.path", str(tmp_path)]) == 2
    assert "consumers.hash_key_file" in capsys.readouterr().err
