"""Prometheus and Alertmanager started with the files of examples/one-host, and a running exporter."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "one-host"


README = re.search(r"```sh\n.*\n((?:.*\n)*?)```", (EXAMPLE / "README.md").read_text())[1]
"""The commands of the page, but for the first, which installs."""


def shell(commands, tool, folder):
    """Run commands of the page in a folder that has the example's files."""
    (folder / "prometheus.yml").write_text((EXAMPLE / "prometheus.yml").read_text())
    places = [Path(sys.executable).parent, tool("promtool").parent, tool("amtool").parent, os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-euc", commands], cwd=folder, env=os.environ | {"PATH": os.pathsep.join(map(str, places))}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((folder / "dashboards").glob("*.json"))


def ask(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)["data"]


def until(question, seconds=60):
    """Ask until the answer is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if answer := question():
                return answer
        time.sleep(0.1)
    pytest.fail("it did not come true")


def test_the_servers_take_the_files_scrape_tocsin_and_know_the_rules(tool, port, tmp_path):
    places = {name: f"127.0.0.1:{port()}" for name in ("9877", "9878", "9090", "9093")}
    rules = tmp_path / "rules"
    shell(README, tool, tmp_path)
    config = (EXAMPLE / "prometheus.yml").read_text()
    for number, place in places.items():
        config = config.replace(f"127.0.0.1:{number}", place)
    (tmp_path / "prometheus.yml").write_text(config.replace("interval: 15s", "interval: 1s"))
    commands = [
        [sys.executable, "-m", "tocsin", "run", f"--storage.path={tmp_path / 'state'}", "--log.level=warn",
         f"--web.listen-address={places['9877']}", f"--ingest.listen-address={places['9878']}"],
        [tool("alertmanager"), f"--config.file={rules / 'alertmanager.yaml'}", f"--storage.path={tmp_path / 'alerts'}",
         f"--web.listen-address={places['9093']}", "--cluster.listen-address=", "--log.level=error"],
        [tool("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
         f"--web.listen-address={places['9090']}", "--log.level=error"],
    ]  # fmt: skip
    with ExitStack() as stack:
        for command in commands:
            process = stack.enter_context(subprocess.Popen(command))
            stack.callback(process.terminate)
        api = f"http://{places['9090']}/api/v1"

        up = until(lambda: list(ask(f'{api}/query?query=up{{job="tocsin"}}==1')["result"]))
        groups = until(lambda: [g for g in ask(f"{api}/rules")["groups"] if all(r["lastEvaluation"] > "0002" for r in g["rules"])])
        managers = until(lambda: ask(f"{api}/alertmanagers")["activeAlertmanagers"])

    assert len(up) == 1
    assert [(g["name"], r["name"], r["lastError"]) for g in groups for r in g["rules"] if r["health"] == "err"] == []
    assert places["9093"] in managers[0]["url"]
