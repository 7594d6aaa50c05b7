"""A new user's path: three values for the chart, and what it renders is what pages, with real servers.

``helm template`` gives the rules, the routing, the exporter's configuration and its command; Prometheus loads those rules
and scrapes that exporter, Alertmanager loads that routing, and a leak is at the user's own receiver.
"""

import base64
import json
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tocsin.demo.simulator import CARD
from tocsin.demo.stack import answers

CHART = Path(__file__).parents[2] / "helm" / "tocsin"


@pytest.fixture
def rendered(tool, receiver):
    """What the chart renders for the three values."""
    done = subprocess.run(
        [tool("helm3"), "template", "tocsin", CHART, "--namespace", "llm",
         "--set", "rulesConfigMap.enabled=true", "--set", "alertmanagerSecret.enabled=true",
         "--set", f"alertmanagerSecret.receivers.oncall.webhook_configs[0].url={receiver.url}/"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def named(resources, kind, name):
    (found,) = [r for r in resources if r["kind"] == kind and r["metadata"]["name"] == name]
    return found


def test_three_values_lead_from_the_chart_to_a_page_at_the_users_receiver(rendered, receiver, tool, port, tmp_path):
    exporter, webhook, prometheus, alertmanager = (f"127.0.0.1:{port()}" for _ in range(4))
    container = named(rendered, "StatefulSet", "tocsin")["spec"]["template"]["spec"]["containers"][0]
    token = base64.b64decode(named(rendered, "Secret", "tocsin")["data"]["token"]).decode()
    files = {
        "token": token,
        "tocsin.yml": named(rendered, "ConfigMap", "tocsin")["data"]["tocsin.yml"].replace("0.0.0.0:9878", webhook).replace("/run/secrets/tocsin", str(tmp_path)),
        "alertmanager.yaml": named(rendered, "Secret", "tocsin-alertmanager")["stringData"]["alertmanager.yaml"],
        **named(rendered, "ConfigMap", "tocsin-rules")["data"],
        "prometheus.yml": json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "rule_files": ["recording.yaml", "alerts.yaml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": [{"job_name": "tocsin", "static_configs": [{"targets": [exporter]}]}],
        }),
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    places = {"/etc/tocsin": str(tmp_path), "/var/lib/tocsin": str(tmp_path / "state"), "0.0.0.0:9877": exporter}
    arguments = container["args"]
    for old, new in places.items():
        arguments = [word.replace(old, new) for word in arguments]
    commands = [
        (exporter, [sys.executable, "-m", "tocsin", *arguments]),
        (alertmanager, [tool("alertmanager"), f"--config.file={tmp_path / 'alertmanager.yaml'}", f"--storage.path={tmp_path / 'alerts'}",
                        f"--web.listen-address={alertmanager}", "--cluster.listen-address=", "--log.level=error"]),
        (prometheus, [tool("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                      f"--web.listen-address={prometheus}", "--log.level=error"]),
    ]  # fmt: skip

    with ExitStack() as stack:
        for address, command in commands:
            process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            assert answers(f"http://{address}/-/ready")
        event = {
            "v": 1, "id": "leak-1", "time": datetime.now(UTC).isoformat(), "provider": "openai", "model": "gpt-4o", "route": "support",
            "status": 200, "duration_s": 0.01, "input": "What do you have on file?", "output": f"The card on file is {CARD}.",
        }  # fmt: skip
        request = urllib.request.Request(
            f"http://{webhook}/v1/ingest/native", json.dumps(event).encode(), {"Authorization": f"Bearer {token}"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status < 300
        (alert,) = receiver.told.get(timeout=120)["alerts"]
        path = alert["annotations"]["runbook_url"].removeprefix("http://localhost:9877")
        with urllib.request.urlopen(f"http://{exporter}{path}", timeout=60) as page:
            runbook = page.read().decode()

    assert alert["labels"]["alertname"] == "LLMSafetyViolation"
    assert (alert["labels"]["route"], alert["labels"]["namespace"]) == ("support", "llm")
    assert CARD not in json.dumps(alert)
    assert "<h1>LLMSafetyViolation</h1>" in runbook
