"""The README's quick start, run as written."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
GOLDEN = ROOT / "tests" / "golden"


def block(language: str, holding: str) -> str:
    """Return the code block of the README that contains a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [text for text in blocks if holding in text]
    return found


def shell(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=60, check=True)
    return result.stdout


def logged(folder: Path, url: str, sample: str) -> None:
    """Log a recorded call by the README's own function."""
    tree = json.loads((GOLDEN / sample).read_bytes())
    request = tree.get("request") or tree.get("request_body")
    response = tree.get("response") or tree.get("response_body")
    names: dict = {}
    exec(block("python", "def log_call"), names)
    names["log_call"](folder / "calls.jsonl", url, request, response, time.time())


def test_calls_logged_as_the_readme_says_are_counted_by_the_command_it_gives(tmp_path):
    logged(tmp_path, "https://api.openai.com/v1/chat/completions", "openai-chat/edge-cached-tokens.json")
    logged(tmp_path, "https://api.anthropic.com/v1/messages", "anthropic-messages/edge-cache-read.json")
    command = next(line for line in block("sh", "tocsin replay calls.jsonl").splitlines() if line.startswith("tocsin replay"))
    out = shell(command, tmp_path)
    assert re.search(r'llm_requests_total\{provider="api.openai.com",.*route="/v1/chat/completions"\} 1\n', out)
    assert re.search(r'llm_requests_total\{provider="api.anthropic.com",.*route="/v1/messages"\} 1\n', out)
    assert len(re.findall(r'kind="cache_read"\} [1-9]', out)) == 2


def test_the_first_commands_read_a_litellm_log(tmp_path, launch):
    command = block("sh", "tocsin run --tail '/var/log")
    pattern = re.search(r"--tail '(.*?)'", command)[1].replace("/var/log/litellm", str(tmp_path))
    events = json.loads((GOLDEN / "litellm" / "generic_api-001.json").read_bytes())
    (tmp_path / "proxy.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    with launch(tmp_path, "--tail", pattern) as exporter:
        assert exporter.totals()["llm_requests_total"] == len(events)


def test_the_litellm_example_points_at_the_default_address(tmp_path):
    assert "litellm --config examples/litellm/config.yaml" in block("sh", "tocsin run &")
    settings = yaml.safe_load((ROOT / "examples/litellm/config.yaml").read_text())["callback_settings"]["tocsin"]
    shown = yaml.safe_load(shell("tocsin config show", tmp_path))
    assert settings["endpoint"] == f"http://{shown['ingest']['listen_address']}/v1/ingest/litellm"
