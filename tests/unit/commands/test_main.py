"""How the command line ends: with an exit code and a sentence, whatever happens to it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.commands import _COMMANDS, main

SAID = b'{"id": "1", "text": "hello"}\n'


@pytest.mark.once
@pytest.mark.parametrize("command", [("check",), ("replay", "-"), ("config", "show")])
def test_a_full_disk_is_reported_in_one_line(command):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "tocsin", *command], input=SAID, stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == b"tocsin: No space left on device"
    assert b"Traceback" not in done.stderr


@pytest.mark.once
@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("backtest", "--rules", "{file}", "log"), 2),
        (("bundle", "check", "--output", "{folder}"), 1),
        (("config", "check", "--config.file", "{file}"), 2),
        (("drill", "--alertmanager.url", "http://127.0.0.1:1", "--ingest.token-file", "{folder}"), 2),
        (("drill", "--alertmanager.url", "http://127.0.0.1:1", "--ingest.token-file", "{file}"), 2),
    ],
)
def test_a_file_that_is_not_text_is_reported_in_lines(command, status, tmp_path):
    file = tmp_path / "alerts.yaml"
    file.write_bytes(b"\xea\x00\xff\n")

    words = [word.format(file=file, folder=tmp_path) for word in command]
    done = subprocess.run([sys.executable, "-m", "tocsin", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)

    assert (done.returncode, b"Traceback" in done.stderr) == (status, False)
    assert done.stdout + done.stderr


def test_a_closed_pipe_is_not_an_error():
    script = f"{sys.executable} -m tocsin config show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, check=False)

    assert done.returncode in (0, 1)
    assert done.stderr == b""


@pytest.mark.parametrize("command", [*_COMMANDS, "bundle build", "bundle check", "config check", "config show"])
def test_the_example_of_a_command_can_be_copied_from_a_narrow_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])

    (example,) = re.findall(r"^example: (.*)\Z", capsys.readouterr().out.rstrip(), re.MULTILINE)
    assert f"tocsin {command}" in example


@pytest.mark.parametrize("flag", ["demo --speed", "drill --timeout", "eval --calls-per-day"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_number_that_must_be_above_zero_is_refused_by_its_flag(flag, value, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*flag.split(), value])

    assert ended.value.code == 2
    assert f"{flag.split()[1]}: {value}: give a number above 0" in capsys.readouterr().err
