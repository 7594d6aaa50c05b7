"""``tocsin config check`` finds why there is no data: one cause a test, as a user would meet it."""

import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tocsin.commands import main

NATIVE = json.dumps({"v": 1, "id": "call-1", "time": "2026-11-20T02:47:00Z", "model": "gpt-4o"}) + "\n"


@pytest.fixture
def check(capsys, tmp_path):
    """Runs `config check` with free addresses; returns the exit code and what it said."""

    def run(*arguments: str):
        free = ["--web.listen-address=127.0.0.1:0", "--ingest.listen-address=127.0.0.1:0", f"--storage.path={tmp_path / 'state'}"]
        code = main(["config", "check", *free, *arguments])
        return code, capsys.readouterr().out

    return run


def test_a_log_of_events_is_found_right(check, tmp_path):
    (tmp_path / "calls.jsonl").write_text(NATIVE * 3)

    assert check("--tail", str(tmp_path / "*.jsonl")) == (0, f"{tmp_path}/calls.jsonl: 3 of the first 3 events are recognised\nthe configuration is right\n")


def test_a_wrong_path_is_named_with_the_right_one_beside_it(check, tmp_path):
    (tmp_path / "litellm").mkdir()

    code, said = check("--tail", str(tmp_path / "litelm" / "*.jsonl"))

    assert code == 1
    assert f"there is no {tmp_path}/litelm; did you mean {tmp_path}/litellm?" in said


def test_a_pattern_without_files_is_named(check, tmp_path):
    code, said = check("--tail", str(tmp_path / "*.jsonl"))

    assert code == 1
    assert f"there is no {tmp_path}/*.jsonl" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_a_file_that_may_not_be_read_is_named_with_the_mend(check):
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


def test_the_kubelets_wrapping_is_looked_through(check, tmp_path):
    (tmp_path / "pod.log").write_text(f"2026-11-20T02:47:00.000000000Z stdout F {NATIVE}")

    assert check("--tail", str(tmp_path / "pod.log"))[0] == 0


def test_an_empty_file_is_no_mistake_of_tocsins(check, tmp_path):
    (tmp_path / "calls.jsonl").touch()

    code, said = check("--tail", str(tmp_path / "calls.jsonl"))

    assert code == 1
    assert "is empty: nothing has been written to it" in said


def test_a_log_that_has_gone_quiet_is_said_to_be(check, tmp_path):
    log = tmp_path / "calls.jsonl"
    log.write_text(NATIVE)
    os.utime(log, (1_000_000, 1_000_000))

    code, said = check("--tail", str(log))

    assert code == 0
    assert "nothing new for" in said


def test_a_port_in_use_is_named(check):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        other.settimeout(0)
        code, said = check("--ingest.listen-address", address)

    assert code == 1
    assert f"ingest.listen_address: {address} cannot be used: Address already in use" in said


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'tocsin_build_info 1\ntocsin_events_read_total{input="file"} 5\ntocsin_events_counted_total{input="file"} 4\n')


def test_a_tocsin_that_runs_with_tls_is_recognised(check, tmp_path):
    certificate = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -keyout key.pem -out tls.pem"
    subprocess.run(certificate.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem", tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever).start()
        address = f"127.0.0.1:{server.server_port}"
        code, said = check("--web.listen-address", address)
        server.shutdown()

    assert code == 0
    assert f"--web.listen-address: a Tocsin runs at {address}: 5 events read, 4 counted" in said


def test_a_folder_that_cannot_hold_state_is_named(check, tmp_path):
    (tmp_path / "file").touch()

    code, said = check("--storage.path", str(tmp_path / "file" / "state"))

    assert code == 1
    assert f"storage.path: {tmp_path}/file/state cannot be written" in said


def test_no_input_at_all_is_named(check):
    code, said = check("--ingest.listen-address=")

    assert code == 1
    assert "nothing is read" in said


def test_a_threshold_that_no_rule_looks_for_by_route_is_said_to_have_no_effect(check, tmp_path):
    (tmp_path / "tocsin.yml").write_text("routes: [{match: {route: a}, thresholds: {cost.usdPerHour: 20, quality.dropRatio: 0.2}}]")

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "routes[0].thresholds.cost.usdPerHour: has no effect for one route" in said
    assert "dropRatio" not in said


def test_a_tier_that_pages_nobody_and_a_language_that_is_not_checked_are_named(check, tmp_path):
    (tmp_path / "tocsin.yml").write_text(
        "routes: [{match: {route: a}, tier: production, expect: {language: english}}, {match: {}, expect: {language: pt-BR}}]"
    )

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "routes[0].tier: 'production': what pages elsewhere is a ticket here; only `prod` pages" in said
    assert "routes[0].expect.language: 'english': answers are not checked for it" in said
    assert "routes[1]" not in said


def test_a_home_that_no_shell_has_expanded_is_named(check):
    code, said = check("--tail", "~/logs/*.jsonl")

    assert code == 1
    assert "~/logs/*.jsonl: ~ is a shell's word, and in quotes it is none; write the whole path" in said


@pytest.mark.parametrize(("text", "says"), [
    ("routes: [{match: {}}, {match: {route: a}, guard: {pii: block}}]", "routes[1]: has no effect: routes[0] matches first"),
    ("routes: [{match: {route: 'support-*'}}, {match: {route: 'support-b*', model: 'gpt-?'}}]", "routes[1]: has no effect"),
    ("prices: [{model: '*', input: 1}, {provider: openai, model: gpt-4o, input: 2}]", "prices[1]: has no effect: prices[0]"),
    ("routes: [{match: {route: 'support-.*'}}]", "routes[0]: 'support-.*' is read as a glob"),
    ("routes: [{match: {route: 'support.*'}}]", "routes[0]: 'support.*' is read as a glob"),
    ("routes: [{match: {model: 'gpt-4o.*'}}]", "routes[0]: 'gpt-4o.*' is read as a glob"),
    ("prices: [{model: gpt-4o}]", "prices[0]: no price over 0 stands here: these tokens count as free"),
    ("prices: [{model: gpt-4o, input: 0.0000025, output: 0.00001}]", "prices[0]: 1e-05 is a price of one token; prices are in US dollars per million tokens: 10"),
    ("prices: [{model: gpt-4o, input: 2.5}]", "prices[0]: no output price stands here: output tokens count as free"),
    ("extra_labels: [team, user]", "extra_labels: user: its values stand in /metrics as they are"),
    ("extra_labels: [service]", "extra_labels: service: a ServiceMonitor writes this label itself, and yours becomes exported_service"),
    ("routes: [{match: {route: a}, guard: {toxicity: redact}}]", "routes[0].guard.toxicity: redact takes out the whole sentence"),
    ("routes: [{match: {route: a}, thresholds: {format.minimumRatio: 0.97}}]", "routes[0].thresholds: format.minimumRatio 0.97 is not below format.resolveRatio 0.96"),
    ("routes: [{match: {route: a}, thresholds: {quality.dropRatio: 0.1}}]", "routes[0].thresholds: quality.ticketDropRatio 0.1 is not below quality.dropRatio 0.1"),
    ("ingest: {spool_max_bytes: 1048576}", "ingest.spool_max_bytes: below ingest.max_body_bytes"),
    ("detectors: {sample: 0}", "detectors.sample: 0: no answer's quality is judged"),
    ("detectors: {own_numbers: ['+49 30 901820', hotline]}", "detectors.own_numbers: 'hotline' has no digits"),
    ("detectors: {own_domains: [example.com, 'https://example.com']}", "detectors.own_domains: 'https://example.com' is no domain"),
])  # fmt: skip
def test_an_entry_that_does_not_do_what_it_seems_to_is_named(check, tmp_path, text, says):
    (tmp_path / "tocsin.yml").write_text(text)

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert says in said


@pytest.mark.parametrize("text", [
    "routes: [{match: {route: a}}, {match: {route: 'a*'}}, {match: {}}]",
    "routes: [{match: {route: a, model: x}}, {match: {route: a}}]",
    "routes: [{match: {route: 'a?'}}, {match: {route: 'a*'}}]",
    "prices: [{model: 'gpt-4.*', input: 1, output: 0.01}, {provider: mine, model: '*', cache_read: 1}]",
    "prices: [{model: 'text-embedding-*', input: 0.02}]",
    "{extra_labels: [team], detectors: {own_domains: ['@example.com', .example.org, example.net]}}",
    "routes: [{match: {model: 'anthropic.*'}}, {match: {model: 'us.anthropic.*'}}]",
    "routes: [{match: {route: a}, guard: {pii: redact, policy: redact, email: redact, toxicity: block}, thresholds: {quality.dropRatio: 0.3}}]",
])  # fmt: skip
def test_entries_that_are_reached_are_not_named(check, tmp_path, text):
    (tmp_path / "tocsin.yml").write_text(text)

    assert check(f"--config.file={tmp_path / 'tocsin.yml'}") == (0, "the configuration is right\n")


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


@pytest.mark.parametrize("address", ["127.0.0.1:9877", ":9877", "0.0.0.0:9877"])
def test_a_port_that_both_listeners_want_is_named(capsys, tmp_path, address):
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "tocsin.yml").write_text(f"ingest: {{listen_address: '{address}', auth: [{{scheme: bearer, secret_file: {tmp_path}/token}}]}}")

    code = main(["config", "check", f"--config.file={tmp_path / 'tocsin.yml'}", f"--storage.path={tmp_path / 'state'}"])

    assert code == 1
    assert f"ingest.listen_address: {address} is taken by --web.listen-address 127.0.0.1:9877: name another port" in capsys.readouterr().out


def test_a_secret_that_can_be_guessed_is_named(check, tmp_path):
    (tmp_path / "token").write_text("swordfish")
    (tmp_path / "tocsin.yml").write_text(f"ingest: {{auth: [{{scheme: bearer, secret_file: {tmp_path}/token}}]}}")

    code, said = check(f"--config.file={tmp_path / 'tocsin.yml'}")

    assert code == 0
    assert "ingest.auth[0].secret_file: a secret of fewer than 16 characters can be guessed" in said
    assert "swordfish" not in said


def test_a_collectors_file_without_spans_of_calls_is_told_from_one_with(check, tmp_path):
    span = {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "GET /", "attributes": []}] * 2}]}]}
    (tmp_path / "traces.jsonl").write_text(json.dumps(span) + "\n")

    code, said = check("--tail", str(tmp_path / "*.jsonl"))

    assert code == 1
    assert "none of the first 2 spans and log records tells of a call to a model" in said

    span["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    (tmp_path / "traces.jsonl").write_text(json.dumps(span) + "\n")
    assert "2 of the first 2 events are recognised" in check("--tail", str(tmp_path / "*.jsonl"))[1]
