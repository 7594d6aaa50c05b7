"""The real program as a user runs it: logs in, numbers out, exact across kill -9."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


def lines(first: int, count: int) -> bytes:
    return b"".join(
        json.dumps({"v": 1, "id": f"e{i}", "time": "2026-11-20T02:47:00Z", "model": "m", "usage": {"input": 2, "output": 1}}).encode() + b"\n"
        for i in range(first, first + count)
    )


def test_a_log_is_counted_exactly_across_kills(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    log.write_bytes(lines(0, 100))
    exporter = launch(tmp_path, "--tail", str(log))
    with exporter:
        before = 0.0
        for turn in range(1, 5):
            with log.open("ab") as out:
                out.write(lines(100 * turn, 100))
            before = max(before, exporter.totals()["llm_requests_total"])
            exporter.end(signal.SIGKILL)
            exporter.start()
            assert exporter.totals()["llm_requests_total"] >= before
        totals = exporter.wait_for("llm_requests_total", 500)
        assert totals["tocsin_events_duplicate_total"] == 0
        assert totals["llm_tokens_total"] == 1500
        assert totals["llm_consumer_tokens_total"] == totals["llm_tokens_total"]


def test_each_listener_is_logged_once(tmp_path, launch):
    exporter = launch(tmp_path, "--log.level", "info")
    with (tmp_path / "log").open("wb") as exporter.stderr, exporter:
        exporter.get("/metrics")
    log = (tmp_path / "log").read_text()
    assert log.count(f'metrics and status page: listening on http://127.0.0.1:{exporter.port}"') == 1
    assert log.count(f'webhooks and guard: listening on http://127.0.0.1:{exporter.ingest}"') == 1
    assert log.count("listening") == 2


def test_a_repeated_litellm_batch_counts_once(tmp_path, launch):
    with launch(tmp_path) as exporter:
        body = (GOLDEN / "litellm" / "generic_api-004.json").read_bytes()
        assert exporter.post("/v1/ingest/litellm", body) == 202
        assert exporter.post("/v1/ingest/litellm", body) == 202
        totals = exporter.wait_for("tocsin_events_read_total", 6)
        assert totals["llm_requests_total"] == 3
        assert totals["llm_request_failures_total"] == 2
        assert totals["tocsin_events_duplicate_total"] == 3


@pytest.mark.parametrize("body", [b"", b"nope", b"7", b"[1, 2]"])
def test_a_body_without_an_event_is_refused(tmp_path, body, launch):
    with launch(tmp_path) as exporter:
        assert exporter.post("/v1/ingest/auto", body) == 400


def test_an_accepted_webhook_survives_a_kill(tmp_path, launch):
    with launch(tmp_path) as exporter:
        for i in range(20):
            assert exporter.post("/v1/ingest/native", lines(i, 1)) == 202
        exporter.end(signal.SIGKILL)
        exporter.start()
        exporter.wait_for("llm_requests_total", 20)


def test_who_was_asked_before_makes_the_detectors_with_the_next_start(tmp_path, launch):
    with launch(tmp_path) as exporter:
        never = exporter.totals().get("tocsin_detector_info")
        assert exporter.post("/v1/check", b'{"text": "fine"}') == 200
        exporter.wait_for("llm_guard_requests_total", 1)
    with launch(tmp_path) as exporter:
        until = time.monotonic() + 60
        while not exporter.totals().get("tocsin_detector_info") and time.monotonic() < until:
            time.sleep(0.05)
        assert (never, exporter.totals()["tocsin_detector_info"] > 5) == (None, True)


def test_the_admin_pages_answer(tmp_path, launch):
    with launch(tmp_path) as exporter:
        assert b"not instrumented" in exporter.get("/")
        assert json.loads(exporter.get("/api/v1/status"))["ready"] is True
        assert json.loads(exporter.get("/-/healthy"))["healthy"] is True
        assert b"listen_address" in exporter.get("/config")
        assert exporter.get("/metrics", Accept="application/openmetrics-text").endswith(b"# EOF\n")
        assert exporter.get("/metrics", **{"Accept-Encoding": "gzip"})[:2] == b"\x1f\x8b"


def test_a_corrupt_state_is_set_aside_and_logged(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    log.write_bytes(lines(0, 10))
    exporter = launch(tmp_path, "--tail", str(log))
    with exporter:
        exporter.end(signal.SIGKILL)
        for path in (tmp_path / "state").glob("tocsin.db*"):
            path.write_bytes(bytes(byte ^ 0x55 for byte in path.read_bytes()))
        exporter.start()
        assert exporter.totals()["tocsin_state_degraded"] == 1
        assert list((tmp_path / "state").glob("*.corrupt-*"))


def test_a_second_exporter_on_the_same_state_is_refused(tmp_path, launch):
    with launch(tmp_path):
        other = launch(tmp_path)
        result = subprocess.run(other.command, capture_output=True, timeout=60, check=False)
        assert result.returncode == 2
        assert b"another tocsin uses this state" in result.stderr


def test_a_configuration_error_names_file_key_and_fix(tmp_path):
    config = tmp_path / "tocsin.yml"
    config.write_text("inputz: {}\n")
    result = subprocess.run(
        [sys.executable, "-m", "tocsin", "run", "--config.file", str(config)], capture_output=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert b"tocsin.yml: inputz: unknown key; did you mean 'inputs'?" in result.stderr


def test_replay_prints_metrics_and_a_summary(tmp_path):
    log = tmp_path / "x.jsonl"
    log.write_bytes(lines(0, 3) + b"null\nnope\n\n" + lines(2, 1))
    result = subprocess.run(
        [sys.executable, "-m", "tocsin", "replay", str(log)], capture_output=True, timeout=60, check=True
    )
    assert b'llm_requests_total{provider="unknown",model="m",route="unknown"} 3\n' in result.stdout
    summary = json.loads(result.stderr.splitlines()[-1])
    assert summary == {"read": 6, "counted": 3, "duplicate": 1, "skipped": {"null": 1, "not_json": 1}}


def test_a_failed_replay_does_not_print_zeros(tmp_path):
    missing = tmp_path / "missing.jsonl"
    result = subprocess.run(
        [sys.executable, "-m", "tocsin", "replay", str(missing)], capture_output=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (1, b"")
    assert f"{missing}: cannot be read: No such file or directory".encode() in result.stderr


def test_replay_runs_the_detectors_of_a_tier(tmp_path):
    log = tmp_path / "x.jsonl"
    log.write_bytes(lines(0, 1))
    result = subprocess.run(
        [sys.executable, "-m", "tocsin", "replay", "--detectors", "tier-0", str(log)], capture_output=True, timeout=60, check=True
    )
    assert b'tocsin_detector_info{detector="pii",backend="rules",tier="0"} 1\n' in result.stdout
    assert b'tier="1"' not in result.stdout


def test_the_demo_counts_every_event_it_wrote():
    result = subprocess.run(
        [sys.executable, "-m", "tocsin", "demo", "--port", "0", "--speed", "60", "--no-alerts"], capture_output=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_reload_reads_new_inputs_and_a_wrong_file_changes_nothing(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    log.write_bytes(lines(0, 10))
    config = tmp_path / "tocsin.yml"
    config.write_text("inputs: {files: []}\n")
    with launch(tmp_path, "--config.file", str(config), "--web.enable-lifecycle") as exporter:
        config.write_text(f"inputs: {{files: [{{paths: ['{log}']}}]}}\nroutes: [{{match: {{route: '*'}}, owner: new}}]\n")
        assert exporter.reload() == 200
        exporter.wait_for("llm_requests_total", 10)
        assert b'llm_route_info{route="unknown",owner="new",tier="prod",traffic="live"} 1' in exporter.get("/metrics")
        config.write_text("inputz: {}\n")
        assert exporter.reload() == 500
        assert exporter.totals()["tocsin_config_last_reload_successful"] == 0
        with log.open("ab") as out:
            out.write(lines(10, 5))
        exporter.wait_for("llm_requests_total", 15)


def test_a_reload_does_not_change_settings_that_need_a_restart(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    log.write_bytes(lines(0, 5))
    config = tmp_path / "tocsin.yml"
    config.write_text(f"inputs: {{files: [{{paths: ['{log}']}}]}}\nextra_labels: [team]\n")
    with launch(tmp_path, "--config.file", str(config), "--web.enable-lifecycle") as exporter:
        config.write_text(f"inputs: {{files: [{{paths: ['{log}']}}]}}\nextra_labels: [team, region]\nseries: {{max: 9000}}\n")
        assert exporter.reload() == 200
        with log.open("ab") as out:
            out.write(lines(5, 5).replace(b'"model":', b'"route": "new", "model":'))  # a label set that was not seen before

        exporter.wait_for("llm_requests_total", 10)
        page = exporter.get("/metrics")
        assert b'route="new",team="unknown"} ' in page
        assert b"tocsin_series_max 20000\n" in page
        assert b"extra_labels:\n- team\nconsumers" in exporter.get("/config")


def test_a_reload_can_enable_detectors(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    said = b'{"v": 1, "id": "%d", "time": "2026-11-20T02:47:00Z", "model": "m", "output": "Card 4921 8170 3264 5595."}\n'
    log.write_bytes(said % 1)
    config = tmp_path / "tocsin.yml"
    config.write_text(f"inputs: {{files: [{{paths: ['{log}']}}]}}\ndeclared: {{content: off}}\n")
    with launch(tmp_path, "--config.file", str(config), "--web.enable-lifecycle") as exporter:
        exporter.wait_for("llm_requests_total", 1)
        config.write_text(f"inputs: {{files: [{{paths: ['{log}']}}]}}\n")
        assert exporter.reload() == 200
        with log.open("ab") as out:
            out.write(said % 2)

        exporter.wait_for("llm_safety_violations_total", 1)


@pytest.mark.parametrize("alone", [False, True], ids=["beside_ingest", "guard_only"])
def test_a_reload_brings_new_policy_terms_to_the_guard(tmp_path, launch, alone):
    config = tmp_path / "tocsin.yml"
    config.write_text("detectors: {policy: [mandragora]}\n")

    def verdict():
        body = json.dumps({"text": "Take wolfsbane."}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{exporter.ingest}/v1/check", data=body, timeout=60) as answer:
            return json.load(answer)["verdict"]

    only = ["--guard-only"] if alone else []
    with launch(tmp_path, "--config.file", str(config), "--web.enable-lifecycle", *only) as exporter:
        verdicts = [verdict()]
        config.write_text("detectors: {policy: [wolfsbane]}\n")
        statuses = [exporter.reload()]
        verdicts.append(verdict())
        config.write_text("detectors: {policy_patterns: ['(?=a)b']}\n")
        statuses.append(exporter.reload())
        verdicts.append(verdict())
    assert (statuses, verdicts) == ([200, 500], ["allow", "block", "block"])


@pytest.mark.parametrize("only", [[], ["--guard-only"]], ids=["beside_ingest", "guard_only"])
def test_a_text_that_the_guard_refuses_is_counted(tmp_path, launch, only):
    with launch(tmp_path, *only) as exporter:
        before = exporter.totals()["tocsin_ingest_refused_total"]
        status = exporter.post("/v1/check", b"{")
        exporter.wait_for("tocsin_ingest_refused_total", 1)
    assert (before, status) == (0, 400)


def test_guard_only_mode_is_logged_and_probes_no_provider(tmp_path, launch, port):
    config = tmp_path / "tocsin.yml"
    config.write_text(f"probes: [{{provider: nobody, url: 'http://127.0.0.1:{port()}/', interval_s: 1}}]\n")
    with launch(tmp_path, "--config.file", str(config), "--guard-only") as guard:
        guard.wait_for("tocsin_config_last_reload_successful", 1)
        page = guard.get("/metrics")
    assert b'mode="guard"' in page
    assert b"llm_provider_up" not in page


def test_probes_run_and_show_a_sign_of_life(tmp_path, launch, port):
    config = tmp_path / "tocsin.yml"
    config.write_text(f"probes: [{{provider: nobody, url: 'http://127.0.0.1:{port()}/', interval_s: 1}}]\n")
    with launch(tmp_path, "--config.file", str(config)) as exporter:
        exporter.wait_for("tocsin_config_last_reload_successful", 1)
        until = b'llm_provider_up{provider="nobody"} 0'
        while until not in (page := exporter.get("/metrics")):
            assert b'llm_provider_up{provider="nobody"} 1' not in page
        assert b'tocsin_task_heartbeat_timestamp_seconds{task="probes"}' in page
