"""``tocsin config check`` finds why there is no data: one cause per test, as a user would encounter it."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from tocsin import formats

NATIVE = json.dumps({"v": 1, "id": "call-1", "time": "2026-11-20T02:47:00Z", "model": "gpt-4o"}) + "\n"


def test_a_log_of_events_is_found_right(check, tmp_path):
    (tmp_path / "calls.jsonl").write_text(NATIVE * 3)

    assert check("--tail", str(tmp_path / "*.jsonl")) == (0, f"{tmp_path}/calls.jsonl: 3 of the first 3 events are recognised\nthe configuration is right\n")


def test_a_wrong_path_is_reported_with_a_similar_one(check, tmp_path):
    (tmp_path / "litellm").mkdir()

    code, said = check("--tail", str(tmp_path / "litelm" / "*.jsonl"))

    assert code == 1
    assert f"there is no {tmp_path}/litelm; did you mean {tmp_path}/litellm?" in said


def test_a_pattern_without_files_is_named(check, tmp_path):
    code, said = check("--tail", str(tmp_path / "*.jsonl"))

    assert code == 1
    assert f"there is no {tmp_path}/*.jsonl" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_an_unreadable_file_is_reported_with_the_fix(check):
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to everybody else
        Path(folder).chmod(0o755)
        log = Path(folder) / "calls.jsonl"
        log.write_text(NATIVE)
        log.chmod(0o600)
        os.seteuid(65534)
        try:
            code, said = check("--tail", str(log), "--storage.path=/tmp")
        finally:
            os.seteuid(0)

    assert code == 1
    assert f"{log}: cannot be read (Permission denied): give the exporter's user or group read permission" in said


def test_a_file_in_no_known_format_is_named_with_the_reasons(check, tmp_path):
    (tmp_path / "access.log").write_text('10.0.0.1 - - "GET / HTTP/1.1" 200\n' * 5)

    code, said = check("--tail", str(tmp_path / "access.log"))

    assert code == 1
    assert "no event is recognised in the first 5 lines as format auto (not_json 5)" in said
    assert "10.0.0.1" not in said  # nothing of what stands in the log


def test_a_wrong_format_word_is_seen(check, tmp_path):
    (tmp_path / "calls.jsonl").write_text(NATIVE)

    code, said = check("--tail", str(tmp_path / "calls.jsonl"), "--format", "litellm")

    assert code == 1
    assert "as format litellm" in said


def test_records_inside_the_kubelets_wrapper_are_checked(check, tmp_path):
    (tmp_path / "pod.log").write_text(f"2026-11-20T02:47:00.000000000Z stdout F {NATIVE}")

    assert check("--tail", str(tmp_path / "pod.log"))[0] == 0


def test_an_empty_file_is_not_an_error(check, tmp_path):
    (tmp_path / "calls.jsonl").touch()

    code, said = check("--tail", str(tmp_path / "calls.jsonl"))

    assert code == 1
    assert "is empty: nothing has been written to it" in said


def test_a_silent_log_is_reported(check, tmp_path):
    log = tmp_path / "calls.jsonl"
    log.write_text(NATIVE)
    os.utime(log, (1_000_000, 1_000_000))

    code, said = check("--tail", str(log))

    assert code == 0
    assert "nothing new for" in said


def test_a_directory_that_cannot_hold_the_state_is_reported(check, tmp_path):
    (tmp_path / "file").touch()

    code, said = check("--storage.path", str(tmp_path / "file" / "state"))

    assert code == 1
    assert f"storage.path: {tmp_path}/file/state cannot be written" in said


@pytest.mark.parametrize("word", [*formats.FORMATS, "auto"])
def test_each_word_of_the_flag_may_stand_in_the_file(check, tmp_path, word):
    (tmp_path / "calls.jsonl").write_text(NATIVE)
    (tmp_path / "tocsin.yml").write_text(f"inputs: {{files: [{{paths: ['{tmp_path}/calls.jsonl'], format: {word}}}]}}")

    code, _ = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code in (0, 1)  # 2: it is no such word


def test_no_input_at_all_is_named(check):
    code, said = check("--ingest.listen-address=")

    assert code == 1
    assert "nothing is read" in said


def test_a_home_that_no_shell_has_expanded_is_named(check):
    code, said = check("--tail", "~/logs/*.jsonl")

    assert code == 1
    assert "~/logs/*.jsonl: ~ is a shell's word, and in quotes it is none; write the whole path" in said


def test_a_file_that_two_entries_name_is_read_as_the_first_says(check, tmp_path):
    (tmp_path / "calls.jsonl").write_text(NATIVE)
    (tmp_path / "tocsin.yml").write_text(f"inputs: {{files: [{{paths: ['{tmp_path}/calls.jsonl'], format: native}}, {{paths: ['{tmp_path}/*.jsonl']}}]}}")

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert f"calls.jsonl: is read once, as {tmp_path}/calls.jsonl says (format native, from its beginning), though {tmp_path}/*.jsonl says otherwise" in said


def test_two_entries_that_read_a_file_alike_are_not_named(check, tmp_path):
    (tmp_path / "calls.jsonl").write_text(NATIVE)

    _, said = check("--tail", str(tmp_path / "calls.jsonl"), "--tail", str(tmp_path / "*.jsonl"))

    assert "is read once" not in said


@pytest.mark.parametrize(("attributes", "says"), [
    ([], "none of the first 2 spans and log records tells of a call to a model"),
    ([{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}], "1 of the first 1 events are recognised"),
])  # fmt: skip
def test_a_collectors_file_without_spans_of_calls_is_reported(check, tmp_path, attributes, says):
    spans = [{"name": "GET /", "attributes": attributes}, {"name": "GET /", "attributes": []}]
    (tmp_path / "traces.jsonl").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}) + "\n")

    code, said = check("--tail", str(tmp_path / "*.jsonl"))

    assert code == (not attributes)
    assert says in said
