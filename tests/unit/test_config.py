"""A wrong configuration is refused with the key and the mend."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.config import Config, ConfigError, load, parse, read_secret


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputz: 1", "inputz: unknown key; did you mean 'inputs'?"),
        ("inputs: {files: [{path: 1}]}", "inputs.files[0].path: unknown key; did you mean 'paths'?"),
        ("a: &x 1\nb: *x", "line 2: aliases"),
        ("series: {max: 5000}\nseries: {max: 6000}", "'series' stands twice"),
        ("series: {max: many}", "series.max: Expected `int`"),
        ("series: {max: 10}", "series.max: below 1000"),
        ("extra_labels: [a, b, c, d]", "at most three"),
        ("consumers: {top: -1}", "consumers.top: between 0 and 1000"),
        ("consumers: {top: 5000}", "consumers.top: between 0 and 1000"),
        ("extra_labels: [model]", "cannot be a label name"),
        ("routes: [{match: {}, thresholds: {quality.dropRation: 1}}]", "did you mean 'quality.dropRatio'?"),
        ("ingest: {auth: [{scheme: basic, secret_file: x}]}", "ingest.auth[0].username"),
        ("storage: {path: '${TOCSIN_NOT_SET}'}", "${TOCSIN_NOT_SET} is not set"),
        ("[" * 5000, "nested deeper"),
        ("a: !!python/object/apply:os.system [x]", "not valid YAML"),
        ("7", "Expected `object`"),
        ("prices: [{model: m, output: -1}]", "prices[0].output: -1.0: US dollars"),
        ("prices: [{model: m, cache_read: .nan}]", "prices[0].cache_read: nan"),
        ("limits: {tokens_per_hour: {session: -1}}", "limits.tokens_per_hour.session: -1: at least 1"),
        ("ingest: {max_body_bytes: 0}", "ingest.max_body_bytes: below 1024"),
        ("routes: [{match: {}, detectors: {pii: often}}]", "routes[0].detectors.pii: Invalid enum value 'often'; one of violation"),
        ("routes: [{match: {}, traffic: dead}]", "routes[0].traffic: Invalid enum value 'dead'; one of live, eval, test"),
        ("declared: {content: maybe}", "declared.content: Invalid enum value 'maybe'; one of on, off"),
        ("inputs: {files: [{paths: [x], format: csv}]}", "inputs.files[0].format: Invalid enum value 'csv'; one of auto"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(ConfigError) as error:
        parse(text.encode())
    assert message in str(error.value)


def test_on_and_off_are_words():
    config = parse(b"declared: {content: off}\nroutes: [{match: {}, detectors: {pii: off}}]")

    assert (config.declared.content, config.routes[0].detectors) == ("off", {"pii": "off"})


def test_an_empty_file_gives_the_defaults():
    assert parse(b"") == Config()


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("TOCSIN_TEST_PATH", "/data")
    assert parse(b"storage: {path: '${TOCSIN_TEST_PATH}'}").storage.path == "/data"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.yml: cannot be read"):
        load(tmp_path / "no.yml")


def test_a_secret_is_the_first_line_of_its_file(tmp_path):
    (tmp_path / "secret").write_bytes(b"hush\r\nold\n")
    assert read_secret(str(tmp_path / "secret")) == b"hush"
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ConfigError, match="empty"):
        read_secret(str(tmp_path / "empty"))


@given(st.one_of(st.binary(max_size=60), st.text("{}[]:,-? !&*'\"<>|%@012.eabcx\n\t_~=", max_size=40).map(str.encode)))
@example(b"storage: {path: 2026-99-99}")
@example(b"a: !!bool x")
@example(b"a: !!set [1]")
def test_any_text_is_a_configuration_or_a_clear_error(raw):
    try:
        assert isinstance(parse(raw), Config)
    except ConfigError as error:
        assert str(error)
