"""An invalid configuration is refused with the key and the fix."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.config import Config, ConfigError, load, parse, read_secrets, show
from tocsin.config.reloading import waiting, while_running


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputz: 1", "inputz: unknown key; did you mean 'inputs'?"),
        ("inputs: {files: [{path: 1}]}", "inputs.files[0].path: unknown key; did you mean 'paths'?"),
        ("a: &x 1\nb: *x", "line 2: aliases"),
        ("series: {max: 5000}\nseries: {max: 6000}", "duplicate key 'series'"),
        ("series: {max: many}", "series.max: Expected `int`"),
        ("series: {max: 10}", "series.max: must be at least 1000"),
        ("extra_labels: [a, b, c, d]", "at most three"),
        ("consumers: {top: -1}", "consumers.top: between 0 and 1000"),
        ("consumers: {top: 5000}", "consumers.top: between 0 and 1000"),
        ("extra_labels: [model]", "'model' is already a label"),
        ("extra_labels: [team, team]", "'team' is given twice"),
        ('inputs: {files: [{paths: ["/var/log/\\0"]}]}', "inputs.files[0].paths: no path contains a NUL"),
        ('probes: [{provider: a, url: "http://[::1"}]', "probes[0].url"),
        ("extra_labels: [reason]", "'reason' is already a label"),
        ("extra_labels: [__name__]", "'__name__' is already a label"),
        ("ingest: {spool_max_bytes: -1}", "ingest.spool_max_bytes: below 1024 no event fits"),
        ("extra_labels: [team-name]", "'team-name' cannot be a label name; use small letters"),
        ("routes: [{match: {}, thresholds: {quality.dropRation: 1}}]", "did you mean 'quality.dropRatio'?"),
        ("ingest: {auth: [{scheme: basic, secret_file: x}]}", "ingest.auth[0].username"),
        ("storage: {path: '${TOCSIN_NOT_SET}'}", "${TOCSIN_NOT_SET} is not set"),
        ("[" * 5000, "nested deeper"),
        ("a: !!python/object/apply:os.system [x]", "not valid YAML"),
        ("7", "Expected `object`"),
        ("limits: {tokens_per_hour: {user: 1M}}", "tokens_per_hour.user: Expected `int | null`, got `str`; write the number alone"),
        ("prices: [{model: m, output: -1}]", "prices[0].output: -1.0: US dollars"),
        ("prices: [{model: m, cache_read: .nan}]", "prices[0].cache_read: nan"),
        ("limits: {tokens_per_hour: {session: -1}}", "limits.tokens_per_hour.session: -1: at least 1"),
        ("ingest: {max_body_bytes: 0}", "ingest.max_body_bytes: below 1024"),
        ("routes: [{match: {}, detectors: {pii: often}}]", "routes[0].detectors.pii: Invalid enum value 'often'; one of violation"),
        ("routes: [{match: {}, traffic: dead}]", "routes[0].traffic: Invalid enum value 'dead'; one of live, eval, test"),
        ("declared: {content: maybe}", "declared.content: Invalid enum value 'maybe'; one of on, off"),
        ("storage:\n\tpath: x", "line 2: while scanning for the next token, found character '\\t' that cannot start any token; indent with spaces"),
        ("ingest: {max_body_bytes: 64MiB}", "ingest.max_body_bytes: Expected `int`, got `str`; write the number alone"),
        ("inputs: {files: [{paths: x.jsonl}]}", "inputs.files[0].paths: Expected `array`, got `str`; write a list"),
        ("routes: [{match: {}, thresholds: {quality.dropRatio: 15}}]", "routes[0].thresholds.quality.dropRatio: 15.0: a share between 0 and 1"),
        ("routes: [{match: {}, thresholds: {quality.dropRatio: .nan}}]", "routes[0].thresholds.quality.dropRatio: nan: a share between 0 and 1"),
        ("routes: [{match: {}, thresholds: {tokens.outlierFactor: -3}}]", "routes[0].thresholds.tokens.outlierFactor: -3.0: a number above 0"),
        ("inputs: {files: [{paths: [x], format: csv}]}", "inputs.files[0].format: Invalid enum value 'csv'; one of auto"),
    ],
)
def test_errors_name_their_key(text, message):
    with pytest.raises(ConfigError) as error:
        parse(text.encode())
    assert message in str(error.value)


def test_on_and_off_are_words():
    config = parse(b"declared: {content: off}\nroutes: [{match: {}, detectors: {pii: off}}]")
    passed_on = parse(b"declared: {content: false}\nroutes: [{match: {}, detectors: {pii: false}}]")

    assert passed_on == config
    assert (config.declared.content, config.routes[0].detectors) == ("off", {"pii": "off"})


@pytest.mark.parametrize("text", [b"", b"inputs:\n  # files: [..]\nstorage:\n"])
def test_empty_values_mean_defaults(text):
    assert parse(text) == Config()


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("TOCSIN_TEST_PATH", "/data")
    assert parse(b"storage: {path: '${TOCSIN_TEST_PATH}'}").storage.path == "/data"


def test_relative_paths_are_resolved_against_the_configuration(tmp_path):
    (tmp_path / "order.json").write_text("{}")
    (tmp_path / "tocsin.yml").write_text("routes: [{match: {}, expect: {schema_file: order.json}}]\nconsumers: {hash_key_file: elsewhere}\n")

    config = load(tmp_path / "tocsin.yml")

    assert config.routes[0].expect.schema_file == str(tmp_path / "order.json")
    assert config.consumers.hash_key_file == "elsewhere"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.yml: cannot be read"):
        load(tmp_path / "no.yml")


def test_secrets_are_the_lines_of_their_file(tmp_path):
    (tmp_path / "secret").write_bytes(b"hush\r\n\nold\n")
    assert read_secrets("key", str(tmp_path / "secret")) == [b"hush", b"old"]
    (tmp_path / "empty").write_bytes(b"\n")
    with pytest.raises(ConfigError, match="empty"):
        read_secrets("key", str(tmp_path / "empty"))


def test_a_secret_in_place_of_its_file_is_not_repeated():
    with pytest.raises(ConfigError, match=r"^ingest\.auth\[0\]\.secret_file: cannot be read: No such file") as error:
        read_secrets("ingest.auth[0].secret_file", "hunter2hunter2")
    assert "hunter2" not in str(error.value)


def test_a_wrong_address_of_a_probe_is_not_quoted(monkeypatch):
    monkeypatch.setenv("PROBED", "user:k3y@host")
    with pytest.raises(ConfigError, match=r"probes\[0\]\.url") as refused:
        parse(b"probes: [{provider: a, url: '${PROBED}'}]")
    assert "k3y" not in str(refused.value)


def test_credentials_in_probe_addresses_are_masked():
    shown = show(parse(b"probes: [{provider: g, url: 'https://me:hush@models.example/v1?key=hush&b=hush'}]"))

    assert "https://<secret>@models.example/v1?key=<secret>&b=<secret>" in shown


@given(st.one_of(st.binary(max_size=60), st.text("{}[]:,-? !&*'\"<>|%@012.eabcx\n\t_~=", max_size=40).map(str.encode)))
@example(b"storage: {path: 2026-99-99}")
@example(b"a: !!bool x")
@example(b"a: !!set [1]")
def test_any_text_is_a_configuration_or_a_clear_error(raw):
    try:
        assert isinstance(parse(raw), Config)
    except ConfigError as error:
        assert str(error)


def test_a_reload_names_settings_that_need_a_restart_and_applies_the_others():
    before = Config()
    wanted = parse(b"series: {max: 5000}\nlimits: {max_line_bytes: 5000, tokens_per_hour: {user: 7}}\ndeclared: {content: off}")
    in_force = while_running(before, wanted)

    assert waiting(in_force, wanted) == ["series", "limits.max_line_bytes"]
    assert (in_force.series, in_force.limits.max_line_bytes) == (before.series, before.limits.max_line_bytes)
    assert (in_force.declared, in_force.limits.tokens_per_hour.user) == (wanted.declared, 7)
