"""The real OpenTelemetry Collector with the examples' configurations: what Tocsin counts, and what it is to count, arrives."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import yaml

from program import PATIENCE
from tocsin.demo.stack import answers

ROOT = Path(__file__).parents[2]
JSON_PLEASE = {"exporters": {"otlphttp": {"encoding": "json", "compression": "none"}}, "processors": {"batch": {"timeout": "100ms"}}}


def points(batch):
    """Yield (job, metric, value) of a batch of sums and gauges."""
    for resource in batch["resourceMetrics"]:
        attributes = {a["key"]: a["value"].get("stringValue") for a in resource["resource"]["attributes"]}
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                for point in (metric.get("sum") or metric.get("gauge") or {"dataPoints": []})["dataPoints"]:
                    yield attributes.get("service.name"), metric["name"], point.get("asDouble", point.get("asInt"))


def test_tocsins_metrics_arrive_as_otlp(tool, port, receiver, tmp_path):
    admin, log = f"127.0.0.1:{port()}", tmp_path / "calls.jsonl"
    calls = ({"v": 1, "id": f"call-{i}", "time": "2026-11-20T02:47:00Z", "provider": "openai", "model": "gpt-4o", "route": "support"} for i in range(7))
    log.write_text("".join(json.dumps(call) + "\n" for call in calls))
    example = (ROOT / "examples" / "otel-collector" / "collector.yaml").read_text()
    (tmp_path / "collector.yaml").write_text(example.replace("127.0.0.1:9877", admin).replace("scrape_interval: 15s", "scrape_interval: 1s"))
    (tmp_path / "json.yaml").write_text(yaml.safe_dump(JSON_PLEASE))
    tocsin = [sys.executable, "-m", "tocsin", "run", f"--tail={log}", f"--storage.path={tmp_path / 'state'}", f"--web.listen-address={admin}", "--ingest.listen-address=", "--log.level=warn"]
    collector = [tool("otelcol"), f"--config={tmp_path / 'collector.yaml'}", f"--config={tmp_path / 'json.yaml'}"]
    with ExitStack() as stack:
        for command in (tocsin, collector):
            process = stack.enter_context(subprocess.Popen(command, env=os.environ | {"OTLP_ENDPOINT": receiver.url}, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            if command is tocsin:
                assert answers(f"http://{admin}/-/ready")
        until, got = time.monotonic() + 60, ()
        while time.monotonic() < until and got != ("tocsin", "llm_requests_total", 7.0):
            with contextlib.suppress(queue.Empty):
                got = next((p for p in points(receiver.told.get(timeout=1)) if p[1] == "llm_requests_total"), ())

    assert got == ("tocsin", "llm_requests_total", 7.0)


FILE_TOO = {
    "processors": {"batch": {"timeout": "100ms"}}, "exporters": {"file": {"path": "${env:LINES}", "flush_interval": "100ms"}},
    "service": {"pipelines": {kind: {"exporters": ["otlphttp/tocsin", "file"]} for kind in ("traces", "logs")}},
}  # fmt: skip
COUNTED = {"llm_requests_total": 6, "llm_request_failures_total": 3, "tocsin_events_duplicate_total": 4 + 10, "tocsin_events_read_total": 2 * 10}
"""Six calls, of which three failed, have spans, and four of them log records, too; all of it by HTTP and by file."""


def post(url, body):
    """Post as soon as somebody listens."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf"})
            return urllib.request.urlopen(request, timeout=PATIENCE).status
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_the_spans_and_log_records_that_the_collector_hands_on_or_writes_are_counted(tool, port, launch, tmp_path):
    example, listening, lines = (ROOT / "examples" / "otel-collector" / "traces.yaml").read_text(), f"127.0.0.1:{port()}", tmp_path / "lines.jsonl"
    (tmp_path / "traces.yaml").write_text(example.replace("127.0.0.1:4318", listening))
    (tmp_path / "file.yaml").write_text(yaml.safe_dump(FILE_TOO))
    exporter = launch(tmp_path, f"--tail={lines}")
    env = os.environ | {"TOCSIN_ENDPOINT": f"http://127.0.0.1:{exporter.ingest}", "LINES": str(lines)}
    command = [tool("otelcol"), f"--config={tmp_path / 'traces.yaml'}", f"--config={tmp_path / 'file.yaml'}"]
    with ExitStack() as stack:
        collector = stack.enter_context(subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL))
        stack.callback(collector.terminate)
        stack.enter_context(exporter)
        for kind, name in (("traces", "genai-traces-04"), ("logs", "genai-logs-03")):
            assert post(f"http://{listening}/v1/{kind}", (ROOT / "tests" / "golden" / "otlp" / f"{name}.pb").read_bytes()) == 200
        totals = exporter.wait_for("tocsin_events_read_total", COUNTED["tocsin_events_read_total"])

    assert {name: totals[name] for name in COUNTED} == COUNTED
