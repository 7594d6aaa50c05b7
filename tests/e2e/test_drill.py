"""`tocsin drill` with real Prometheus and Alertmanager: who was reached, and who was not."""

import json
import subprocess
import sys
from contextlib import ExitStack

from tocsin.demo.stack import start_stack

FAST = {"timeScale": 0.1}


def drill(exporter, found, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "drill", "--json", "--timeout", "40", "--web.url", f"http://127.0.0.1:{exporter.port}",
         "--ingest.url", f"http://127.0.0.1:{exporter.ingest}", "--alertmanager.url", f"http://{found['alertmanager']}",
         "--prometheus.url", f"http://{found['prometheus']}", *arguments],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def families(exporter) -> set[str]:
    return {line.split("{")[0].split(" ")[0] for line in exporter.get("/metrics").decode().splitlines() if line.startswith("llm_")}


def test_a_drill_reaches_everybody_and_counts_in_no_metric_of_calls(running):
    exporter, places, _ = running
    with ExitStack() as stack:
        found = start_stack(stack, places, FAST)
        before = families(exporter)
        code, report, told = drill(exporter, found)
        again, _, refusal = drill(exporter, found)

    assert code == 0, told
    assert {reach["receiver"]: reach["result"] for reach in report["receivers"]} == dict.fromkeys(["oncall", "legal", "comms"], "delivered")
    assert list(report["steps"]) == sorted(report["steps"], key=report["steps"].get)
    assert {"counted", "fires", "at Alertmanager"} <= set(report["steps"])
    assert families(exporter) == before
    assert exporter.totals()["tocsin_drills_total"] == 1
    assert again == 2
    assert "still up" in refusal


def test_a_receiver_without_recipients_fails_the_drill(running):
    exporter, places, log = running
    hook = {"webhook_configs": [{"url": f"http://{places.receiver}/v1/alerts"}]}
    closed = {"webhook_configs": [{"url": "http://127.0.0.1:9/"}]}
    with ExitStack() as stack:
        found = start_stack(stack, places, FAST | {"routing.receivers": {"oncall": hook, "comms": closed}})
        code, report, _ = drill(exporter, found, "--log", str(log), "--timeout", "25")

    results = {reach["receiver"]: reach["result"] for reach in report["receivers"]}
    assert code == 1
    assert results["oncall"] == "delivered"
    assert "no integration" in results["legal"]
    assert results["comms"].startswith(("failed", "routed, not sent"))
