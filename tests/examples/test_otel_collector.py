"""The real OpenTelemetry Collector with the example's configuration: what Tocsin counts arrives as OTLP."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import yaml

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


def test_what_tocsin_counts_arrives_as_otlp(tool, port, receiver, tmp_path):
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
