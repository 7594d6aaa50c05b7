"""Commands exist: Tocsin's with their options, its addresses, the chart's names; and what a host can run is run."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from pages import Block, all_blocks, read, rows

from shell import complaint
from tocsin import config
from tocsin.config.reloading import waiting
from tocsin.demo.stack import answers, free_port
from tocsin.web import admin
from tocsin.web.runbooks import names

ROOT = Path(__file__).parents[2]
SHELL = all_blocks("sh")
YAML = all_blocks("yaml")
LINES = sorted({line for block in SHELL for line in block.text.splitlines() if line.strip()})
OTHERS = {"curl", "mkdir", "cp", "sha256sum", "printf", "grep", "awk", "shuf", "kubectl", "amtool", "df", "ls", "tail", "head", "date", "jq"}
INGEST = {"/v1/check", "/v1/feedback"}
LITELLM = {"/key/block", "/key/unblock", "/health/liveliness"}
CHART = {"statefulset/tocsin", "daemonset/tocsin", "deployment/tocsin-guard", "configmap/tocsin"}
HOST = r"^(curl \S* ?.*localhost:987[78]|tocsin (?!drill)|printf .*tocsin |mkdir |awk |grep |df |ls |tail .*jq )"
"""Lines that need nothing but Tocsin and the host; a drill needs an Alertmanager and has a test of its own."""


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_tocsins_or_a_usual_one(line):
    assert not complaint(line, OTHERS)


def test_every_address_is_served():
    app = web.Application()
    with contextlib.suppress(Exception):
        app = admin.make_app(admin.Admin(None, dict, str))
    ours = {resource.canonical for resource in app.router.resources()}
    assert "/metrics" in ours
    for line in LINES:
        for port, path in re.findall(r"http://localhost:(\d+)(/[^\s\"']*)", line):
            known = {"9877": ours, "9878": INGEST, "4000": LITELLM}[port]
            assert path in known or path.removeprefix("/runbooks/") in names(), line


def test_kubernetes_names_are_the_charts():
    for line in LINES:
        for kind, name in re.findall(r"\b(statefulset|daemonset|deployment|configmap)/([\w-]+)", line):
            assert f"{kind}/{name}" in CHART, line


@pytest.mark.parametrize("block", YAML, ids=str)
def test_configuration_is_valid(block: Block, tmp_path):
    document = yaml.safe_load(block.text)
    if block.text.startswith("# /etc/tocsin/tocsin.yml"):
        path = tmp_path / "tocsin.yml"
        path.write_text(block.text)
        config.load(path)
    else:
        assert block.text.startswith("# LiteLLM config.yaml")
        assert set(document) <= {"model_list", "router_settings", "litellm_settings", "guardrails", "general_settings", "callback_settings"}


def test_fallbacks_in_examples_have_litellms_shape():
    for block in YAML:
        document = yaml.safe_load(block.text)
        for fallback in (document.get("router_settings") or {}).get("fallbacks", []):
            assert all(isinstance(models, list) for models in fallback.values())
        for model in document.get("model_list", []):
            assert set(model) == {"model_name", "litellm_params"}


def test_documented_limits_bound_the_queries():
    """``rpm`` alone shares requests out among deployments: with 3 of it LiteLLM 1.106.2 answered 8 of 8 in a second."""
    bounds = [block for block in YAML if "rpm:" in block.text]

    assert bounds
    for block in bounds:
        assert yaml.safe_load(block.text)["router_settings"]["optional_pre_call_checks"] == ["enforce_model_rate_limits"], block


def test_a_fallback_is_suggested_only_if_calls_fail():
    """LiteLLM asks it when a call fails: bad answers come with HTTP 200, and go on."""
    told = {block.page for block in YAML if "fallbacks:" in block.text}

    assert "LLMRequestsFailing" in told
    assert {name for name in told if read(name).facts["category"] == "quality"} == set()


def test_no_reload_is_suggested_for_settings_that_need_a_restart():
    for block in YAML:
        if block.text.startswith("# /etc/tocsin/tocsin.yml"):
            wanted = config.parse(block.text.encode())
            told = "reload" if "reload" in block.after else "restart"
            assert told == "reload" or waiting(config.Config(), wanted), block
            assert told == "restart" or not waiting(config.Config(), wanted), block


def test_a_check_that_finds_a_log_missing_keeps_no_reload_back():
    """`config check` ends with 1 for that, and for a folder that who is on call may not read; a reload judges for itself."""
    assert [line for line in LINES if "config check" in line and "&&" in line] == []


@pytest.fixture(scope="module")
def host(launch, tmp_path_factory):
    """A running exporter and the files that the pages name, at places of this test."""
    folder = tmp_path_factory.mktemp("host")
    log, settings = folder / "requests.jsonl", folder / "tocsin.yml"
    call = {"v": 1, "time": "2026-11-20T02:47:00Z", "model": "gpt-4o", "route": "support-bot", "status": 200, "output": "Hello."}
    log.write_text("".join(json.dumps({**call, "id": f"call-{i}"}) + "\n" for i in range(60)) + '{"id": "call-id-from-the-feedback"}\n')
    settings.write_text("series: {max: 20000}\n")
    with launch(folder, "--config.file", str(settings), "--tail", str(log), "--web.enable-lifecycle") as exporter:
        yield exporter, folder, log, settings


def on_host(line: str, host) -> str:
    exporter, _, log, settings = host
    return (
        line.replace("localhost:9877", f"127.0.0.1:{exporter.port}").replace("localhost:9878", f"127.0.0.1:{exporter.ingest}")
        .replace("/var/log/litellm/requests.jsonl", str(log)).replace("/etc/tocsin/tocsin.yml", str(settings))
        .replace("/var/lib/tocsin", str(log.parent / "state"))
    )  # fmt: skip


def run(line, host, *places: Path) -> subprocess.CompletedProcess:
    """Run a line of a page as a shell would."""
    _, folder, *_ = host
    (folder / "incident").mkdir(exist_ok=True)
    path = os.pathsep.join(map(str, (Path(sys.executable).parent, *places, os.environ["PATH"])))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", on_host(line, host)],
        check=False, cwd=folder, env={**os.environ, "PATH": path, "TOCSIN_KEY": "any"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def once(lines: list[str]) -> list[str]:
    """Lines that differ only in their redirections count as one."""
    return list({line.split(" > ")[0].replace(" --json", ""): line for line in lines}.values())


@pytest.mark.parametrize("line", once([line for line in LINES if re.match(HOST, line) and "backtest" not in line]))
def test_commands_that_this_machine_supports_run(line, host):
    if "jq " in line and not shutil.which("jq"):
        pytest.skip("jq is not on PATH")
    done = run(line, host)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", once([line for line in LINES if line.startswith("tocsin backtest")]))
def test_backtests_run(line, host, tool):
    done = run(line, host, tool("promtool").parent)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def alertmanager(tool, tmp_path_factory):
    """The address of a real Alertmanager that sends nothing anywhere."""
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [tool("alertmanager"), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder}",
         f"--web.listen-address={address}", "--cluster.listen-address="],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert answers(f"http://{address}/-/ready")
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("amtool ")])
def test_alertmanager_takes_every_amtool_command(line, alertmanager, tool, tmp_path):
    command = shlex.split(line.replace("localhost:9093", alertmanager))
    done = subprocess.run([tool("amtool"), *command[1:]], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_page_answers_on_a_running_exporter(host):
    exporter, *_ = host
    assert rows()
    for alert in rows():
        assert f"<h1>{alert}</h1>".encode() in exporter.get(f"/runbooks/{alert}")
