"""Commands of the installation page, run as they are written there where a host can run them."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INSTALL, OPERATIONS, TROUBLE = ((ROOT / "docs" / f"{name}.md").read_text().replace("\\\n", " ") for name in ("install", "operations", "troubleshooting"))
EVENT = {"v": 1, "id": "call-1", "time": "2026-11-20T02:47:00Z", "model": "gpt-4o"}


@pytest.fixture(scope="module")
def resources(tool):
    """What the page's `helm install` would make."""
    (line,) = re.findall(r"^helm install .*$", INSTALL, re.MULTILINE)
    words = [word.replace("install", "template") if at == 1 else word for at, word in enumerate(shlex.split(line)) if word != "--create-namespace"]
    done = subprocess.run([tool("helm3"), *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def test_the_page_installs_monitoring_alerting_and_dashboards(resources):
    kinds = {r["kind"] for r in resources}

    assert {"StatefulSet", "ServiceMonitor", "PrometheusRule", "ConfigMap"} <= kinds
    assert {r["metadata"]["labels"]["release"] for r in resources} == {"kube-prometheus-stack"}


@pytest.mark.parametrize("kind", ["secret", "service"])
def test_documented_kubectl_commands_name_the_charts_objects(resources, kind):
    names = re.findall(rf"kubectl --namespace llm .*\b{kind}[ /](\S+)", INSTALL)

    assert names
    for name in names:
        assert [r for r in resources if (r["kind"].lower(), r["metadata"]["name"], r["metadata"]["namespace"]) == (kind, name, "llm")]


def test_the_url_on_the_page_is_the_services(resources):
    (service,) = [r for r in resources if r["kind"] == "Service" and r["metadata"]["name"] == "tocsin"]

    assert "http://tocsin.llm.svc:9878/v1/ingest/litellm" in INSTALL
    assert 9878 in {port["port"] for port in service["spec"]["ports"]}


def test_claims_that_the_page_deletes_are_the_releases(resources):
    (selector,) = re.findall(r"persistentvolumeclaim --selector (\S+)=(\S+)", OPERATIONS)
    (workload,) = [r for r in resources if r["kind"] == "StatefulSet"]

    assert workload["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"][selector[0]] == selector[1]


@pytest.mark.parametrize("page", [INSTALL, TROUBLE], ids=["install", "troubleshooting"])
def test_config_check_runs_as_the_page_says(page, tmp_path):
    (line,) = re.findall(r"^\S*tocsin config check .*--tail.*$", page, re.MULTILINE)
    (tmp_path / "calls.jsonl").write_text(json.dumps(EVENT) + "\n")
    (tmp_path / "tocsin.yml").touch()
    command = line.replace("/opt/tocsin/bin/", "").replace("/var/log/litellm", str(tmp_path)).replace("/etc/tocsin/tocsin.yml", str(tmp_path / "tocsin.yml"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    more = " --web.listen-address=127.0.0.1:0 --ingest.listen-address=127.0.0.1:0"  # other tests may have the usual ports

    done = subprocess.run(["bash", "-c", command + more], env=os.environ | {"PATH": path, "XDG_STATE_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of the first 1 events are recognised" in done.stdout
