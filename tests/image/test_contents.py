"""The image as the chart would run it: uid 65532, a read-only root, no capabilities, a network of its own."""

import gzip
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)  # putting the image together takes a busy machine a minute
ROOT = Path(__file__).parents[2]
TOKEN = "Bearer a-token-of-at-least-16"
LARGEST = 400
"""Megabytes that the root and the application may have together; measured: see docs/install.md."""


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def test_it_runs_without_any_right(pod):
    found = status(pod.pid)

    assert set(found["Uid"].split()) == {str(pod.spec["securityContext"]["runAsUser"])} == {"65532"}
    assert set(found["Gid"].split()) == {"65532"}
    assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert found["NoNewPrivs"] == "1"


def test_nothing_but_its_volumes_can_be_written(pod):
    mounts = [line.split(" - ")[0].split() for line in Path(f"/proc/{pod.pid}/mountinfo").read_text().splitlines()]
    writable = {fields[4] for fields in mounts if "ro" not in fields[5].split(",")}

    assert {path for path in writable if not path.startswith(("/dev", "/proc"))} == {"/tmp", "/var/lib/tocsin"}
    assert pod.container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_real_prometheus_scrapes_webhook_events(pod, tool, tmp_path):
    events = (ROOT / "tests" / "golden" / "litellm" / "generic_api-001.json").read_bytes()
    assert pod.fetch("http://127.0.0.1:9878/v1/ingest/litellm", events)[0] == 401
    assert pod.fetch("http://127.0.0.1:9878/v1/ingest/litellm", events, Authorization=TOKEN)[0] in range(200, 300)
    scrape = {"job_name": "tocsin", "static_configs": [{"targets": ["127.0.0.1:9877"]}]}
    (tmp_path / "prometheus.yml").write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}))
    prometheus = subprocess.Popen(
        ["nsenter", f"--net=/proc/{pod.pid}/ns/net", tool("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}",
         f"--storage.tsdb.path={tmp_path / 'tsdb'}", "--web.listen-address=127.0.0.1:9090", "--log.level=error"],
    )  # fmt: skip
    try:
        answer = pod.wait("http://127.0.0.1:9090/api/v1/query?query=sum(llm_requests_total)>0", '"value"')
    finally:
        prometheus.terminate()
        prometheus.wait(60)

    assert json.loads(answer)["data"]["result"][0]["value"][1] == str(len(json.loads(events)))


def test_it_serves_the_runbooks(pod):
    assert "<h1>LLMSafetyViolation</h1>" in pod.wait("http://127.0.0.1:9877/runbooks/LLMSafetyViolation")


def test_the_rules_in_the_image_match_their_sources(image):
    (package,) = (image.opt / "tocsin" / "lib").glob("python3*/site-packages/tocsin")
    inside = "/opt" / package.relative_to(image.opt)

    done = image.run("tocsin", "bundle", "check", "--output", f"{inside}/rules/out", "--dashboards", f"{inside}/dashboards/out")

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_evaluates_its_detectors(image, tmp_path):
    name = "confidence.jsonl.gz"
    tmp_path.chmod(0o755)
    rows = (ROOT / "exporter" / "tocsin" / "evaluation" / "data" / name).read_bytes()
    (tmp_path / name).write_bytes(rows)

    done = image.run("tocsin", "eval", "--data", "/mnt", options=("--ro-bind", str(tmp_path), "/mnt"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f" {len(gzip.decompress(rows).splitlines())} " in done.stdout


def test_it_shows_the_demo(image):
    done = image.run("tocsin", "demo", "--no-alerts", "--speed", "100", "--port", "0")

    assert done.returncode == 0, done.stdout + done.stderr
    written, counted = re.search(r"written (\d+) events, counted (\d+)", done.stdout).groups()
    assert written == counted


def test_it_ends_on_sigterm_within_the_grace_period(image, pod):
    with subprocess.Popen([*image.sandbox(), "tocsin", "run", "--storage.path=/tmp/state"], stderr=subprocess.PIPE) as process:
        assert any(b"listening" in line for line in process.stderr)
        child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(child, signal.SIGTERM)

        assert process.wait(pod.spec["terminationGracePeriodSeconds"]) == 0


def test_the_bill_of_materials_names_every_locked_package_and_tocsin(image):
    materials = json.loads((image.opt / "tocsin" / "sbom.cdx.json").read_text())
    got = {(re.sub(r"[-_.]+", "-", part["name"]).lower(), part["version"]) for part in materials["components"]}
    locked = set(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "exporter" / "image" / "requirements.txt").read_text(), re.MULTILINE))

    assert materials["bomFormat"] == "CycloneDX"
    assert {name for name, _ in got - locked} == {"tocsin"}
    assert locked <= got


def test_nothing_in_it_installs_compiles_or_gains_rights(image):
    commands = {path.name for folder in (image.system / "usr/bin", image.opt / "tocsin/bin") for path in folder.iterdir()}
    privileged = subprocess.run(
        ["find", image.system, "-xdev", "-type", "f", "-perm", "/6000"], capture_output=True, text=True, check=True
    )

    assert commands & {"pip", "pip3", "gcc", "cc", "curl", "wget", "git"} == set()
    assert privileged.stdout == ""


def test_it_is_small(image):
    done = subprocess.run(["du", "-smc", image.system, image.opt], capture_output=True, text=True, check=True)

    assert int(done.stdout.split()[-2]) < LARGEST
