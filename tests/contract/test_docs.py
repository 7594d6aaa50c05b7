"""What the pages in docs/ tell a reader to type or expect exists: commands, flags, names of the chart, messages, links."""

import re
from pathlib import Path

import pytest

from shell import complaint
from tocsin.catalogue import FAMILIES

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINES = sorted(
    {
        line.strip()
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip()
    }
)
OTHERS = {"curl", "docker", "helm", "kubectl", "python3", "pip", "systemctl", "grep", "base64", "amtool", "promtool"}


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_tocsins_or_a_usual_one(line):
    assert not complaint(line, OTHERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_resolve(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_metrics_and_files_that_are_named_exist(page):
    text = page.read_text()
    for name in re.findall(r"`((?:llm|tocsin)_[a-z_]+(?:total|seconds|info|bytes|successful))\b", text):
        assert name in FAMILIES, name
    for path in re.findall(r"`((?:exporter|examples|tests|rules|tools)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_documented_messages_of_config_check_are_real():
    package = ROOT / "exporter" / "tocsin"
    sources = [*package.glob("diagnosis/*.py"), *package.glob("config/*.py"), package / "commands/config.py", package / "inputs/finder.py"]
    said = "".join(path.read_text() for path in sources)
    rows = re.findall(r"^\| (`.+?`|a key with `.+?`) \|", (ROOT / "docs" / "troubleshooting.md").read_text(), re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        for span in re.findall(r"`(.+?)`", row):
            for part in re.split(r"\.\.|\d+|\(|as format|Address already in use|Permission denied|litellm|not_json|h$|\?", span):
                assert part.strip(" ;:)") in said, part


def test_the_dockerfile_builds_the_documented_image():
    text = (ROOT / "exporter" / "Dockerfile").read_text()
    for line in (line for line in LINES if line.startswith("docker build")):
        assert "--file exporter/Dockerfile" in line
        assert line.endswith(" .")
    assert "ARG BASE=debian:trixie-slim\n" in text
    assert "AS detoxify\n" in text
