"""With the real Prometheus and a real browser."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.demo.stack import answers


@pytest.fixture
def exporter(tmp_path: Path, launch) -> Iterator[int]:
    log = tmp_path / "app.jsonl"
    event = {"v": 1, "time": "2026-11-20T02:47:00Z", "model": "gpt-4o", "provider": "openai", "route": "support"}
    events = [{**event, "id": f"e{i}", "usage": {"input": 2, "output": 1}, "duration_s": 0.5} for i in range(40)]
    log.write_text("".join(json.dumps(e) + "\n" for e in events))
    with launch(tmp_path, "--tail", str(log)) as running:
        yield running.port


def test_prometheus_scrapes_the_totals(tmp_path, exporter, tool, port):
    own = port()
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - {{job_name: tocsin, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}\n"
    )
    process = subprocess.Popen([
        str(tool("prometheus")), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{own}", "--log.level=error",
    ])  # fmt: skip
    try:
        assert answers(f"http://127.0.0.1:{own}/-/ready")
        query = urllib.parse.quote('sum(llm_tokens_total{kind="input"})')
        until, value = time.monotonic() + 60, None
        while value != "80" and time.monotonic() < until:
            with urllib.request.urlopen(f"http://127.0.0.1:{own}/api/v1/query?query={query}", timeout=60) as answer:
                result = json.load(answer)["data"]["result"]
            value = result[0]["value"][1] if result else None
            time.sleep(0.2)
        assert value == "80"
    finally:
        process.terminate()
        process.wait(60)


def test_promtool_finds_nothing_wrong_with_the_page(exporter, tool):
    promtool = tool("promtool")
    with urllib.request.urlopen(f"http://127.0.0.1:{exporter}/metrics", timeout=60) as answer:
        page = answer.read()
    result = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, timeout=60, check=False)
    complaints = [line for line in result.stderr.decode().splitlines() if "error" in line.lower()]
    assert not complaints, result.stderr.decode()


def test_a_browser_draws_the_status_page(tmp_path, exporter, tool):
    picture = tmp_path / "status.png"
    subprocess.run([
        str(tool("chromium")), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--no-first-run", "--disable-sync", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1200,900", f"--screenshot={picture}", f"http://127.0.0.1:{exporter}/",
    ], capture_output=True, timeout=90, check=True, env={**os.environ, "HOME": str(tmp_path)})  # fmt: skip
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
