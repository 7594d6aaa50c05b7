"""The real OpenTelemetry Collector with the example's configuration: what Tocsin counts arrives as OTLP."""

import contextlib
import http.server
import json
import os
import queue
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
JSON_PLEASE = {"exporters": {"otlphttp": {"encoding": "json", "compression": "none"}}, "processors": {"batch": {"timeout": "100ms"}}}


class Sink(http.server.BaseHTTPRequestHandler):
    """An OTLP endpoint that understands JSON."""

    def do_POST(self):
        self.server.told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def sink():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.told = queue.Queue()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def points(batch):
    """Yield (job, metric, value) of a batch of sums and gauges."""
    for resource in batch["resourceMetrics"]:
        attributes = {a["key"]: a["value"].get("stringValue") for a in resource["resource"]["attributes"]}
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                for point in (metric.get("sum") or metric.get("gauge") or {"dataPoints": []})["dataPoints"]:
                    yield attributes.get("service.name"), metric["name"], point.get("asDouble", point.get("asInt"))


def test_what_tocsin_counts_arrives_as_otlp(tool, port, sink, tmp_path):
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
            process = stack.enter_context(subprocess.Popen(command, env=os.environ | {"OTLP_ENDPOINT": f"http://127.0.0.1:{sink.server_port}"}, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            if command is tocsin:
                wait(f"http://{admin}/-/ready")
        until, got = time.monotonic() + 60, ()
        while time.monotonic() < until and got != ("tocsin", "llm_requests_total", 7.0):
            with contextlib.suppress(queue.Empty):
                got = next((p for p in points(sink.told.get(timeout=1)) if p[1] == "llm_requests_total"), ())

    assert got == ("tocsin", "llm_requests_total", 7.0)


def wait(url):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    pytest.fail(f"{url} does not answer")
