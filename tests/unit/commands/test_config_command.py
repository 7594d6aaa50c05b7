"""``tocsin config check --series``: every family with its worst case."""

import argparse
import re
import sys

import pytest

from tocsin.catalogue import FAMILIES
from tocsin.commands import config
from tocsin.config import ConfigError


def run(capsys, *arguments: str) -> str:
    parser = argparse.ArgumentParser()
    config.add_parser(parser.add_subparsers())
    free = ["--web.listen-address=127.0.0.1:0", "--ingest.listen-address=127.0.0.1:0"]
    parsed = parser.parse_args(["config", *arguments, *free])
    assert parsed.execute(parsed) == 0
    return capsys.readouterr().out


def test_each_family_of_calls_has_a_worst_case_within_the_budget(capsys):
    out = run(capsys, "check", "--series")
    told = {name: int(worst) for name, worst in re.findall(r"^(llm_\w+) +\d+ +(\d+)$", out, re.MULTILINE)}
    exported = {f.name for f in FAMILIES.values() if f.name.startswith("llm_") and f.per_call and not f.planned}
    assert told.keys() == exported
    assert max(told.values()) <= 20_000
    assert told["llm_request_failures_total"] == 9 * told["llm_requests_total"]


def test_an_ingest_address_that_run_would_refuse_is_refused(tmp_path, capsys):
    open_to_all = tmp_path / "tocsin.yml"
    open_to_all.write_text("ingest: {listen_address: '0.0.0.0:9878'}\n")
    parser = argparse.ArgumentParser()
    config.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["config", "check", "--config.file", str(open_to_all)])
    with pytest.raises(ConfigError, match=r"ingest\.auth is empty"):
        parsed.execute(parsed)


def test_a_small_budget_fits_fewer_label_sets(capsys, tmp_path):
    small = tmp_path / "tocsin.yml"
    small.write_text("series: {max: 2000}\n")
    out = run(capsys, "check", "--series", "--config.file", str(small))
    assert int(re.search(r"^llm_requests_total +1 +(\d+)", out, re.MULTILINE)[1]) < 100


def test_check_refuses_what_run_would_refuse(tmp_path):
    (tmp_path / "hook").write_text("no base64 at all!")
    wrong = tmp_path / "tocsin.yml"
    wrong.write_text(f"ingest: {{auth: [{{scheme: standard_webhooks, secret_file: {tmp_path}/hook}}]}}\n")
    parser = argparse.ArgumentParser()
    config.add_parser(parser.add_subparsers())

    for flags in (["--config.file", str(wrong)], ["--web.config.file", str(tmp_path / "none.yml")]):
        parsed = parser.parse_args(["config", "check", *flags])
        with pytest.raises(ConfigError):
            parsed.execute(parsed)


def test_the_flags_of_run_are_taken(capsys):
    assert "the configuration is right" in run(capsys, "check", "--guard-only", "--log.level=warn", "--web.enable-lifecycle")


@pytest.mark.parametrize(
    ("extra", "setting"),
    [("torch", "detectors: {{detoxify: {folder}}}"), ("cryptography", "ingest: {{spool_key_file: {folder}/key}}")],
    ids=["detoxify", "encryption"],
)
def test_an_extra_that_run_would_miss_is_missed(tmp_path, monkeypatch, extra, setting):
    for name in [name for name in sys.modules if name.split(".")[0] == extra]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, extra, None)
    (tmp_path / "key").write_text("a key of more than sixteen bytes")
    file = tmp_path / "tocsin.yml"
    file.write_text(setting.format(folder=tmp_path))
    parser = argparse.ArgumentParser()
    config.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["config", "check", "--config.file", str(file)])

    with pytest.raises(ConfigError, match="pip install 'tocsin"):
        parsed.execute(parsed)
