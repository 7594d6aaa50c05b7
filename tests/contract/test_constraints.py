"""What environments of tests hold is pinned: a release on a registry shall not fail a change that has nothing to do with it."""

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tools" / "constraints"
PINS = sorted(FOLDER.glob("*.txt"))
INSTALL = (ROOT / "tools" / "install.sh").read_text()


def pins(name: str) -> dict[str, str]:
    """Return the versions that a file names for this interpreter, by canonical name."""
    wanted = [Requirement(line) for line in (FOLDER / f"{name}.txt").read_text().splitlines()]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in wanted
        if each.marker is None or each.marker.evaluate()
    }


def test_this_environment_has_the_pinned_versions_and_nothing_else():
    held = {canonicalize_name(each.name): each.version for each in distributions()}
    del held["tocsin"]
    assert held.items() <= pins("venv").items(), "run `make venv`, or `make lock` where a dependency is new"


@pytest.mark.parametrize("file", PINS, ids=lambda file: file.stem)
def test_a_file_of_pins_names_versions_and_no_registry(file):
    lines = file.read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z\d.-]+==[\w.!+]+( ; .+)?", line)] == []


def test_each_python_tool_has_its_pins_and_they_are_of_its_version():
    tools = dict(re.findall(r"^ +[\w-]+\) python_tool ([\w-]+) (.+?) ;;", INSTALL, re.MULTILINE | re.DOTALL))
    assert {*tools, "venv"} == {file.stem for file in PINS}
    versions = dict(re.findall(r"^(\w+)=([\w.]+)", INSTALL, re.MULTILINE))
    for tool, wanted in tools.items():
        for name, variable in re.findall(r'"([\w-]+)(?:\[\w+\])?==\$(\w+)"', wanted):
            assert pins(tool)[canonicalize_name(name)] == versions[variable], f"{tool}: run `make lock`"
