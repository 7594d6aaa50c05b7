"""The Dockerfile: what a linter says of it, and that it adds nothing to what the script of the contents says."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONTEXT = ("pyproject.toml", "README.md", "LICENSE", "exporter", "rules", "runbooks", "dashboards")
FOLDER = ROOT / "exporter" / "image"
DOCKERFILE = ROOT / "exporter" / "Dockerfile"
INSTRUCTIONS = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)", DOCKERFILE.read_text(), re.MULTILINE)
LOCKED = dict(re.findall(r"^([\w.-]+)==(\S+)", (FOLDER / "requirements.txt").read_text(), re.MULTILINE))
EXTRAS = ("prices", "encryption", "tokens")


def test_hadolint_reports_nothing(tool):
    done = subprocess.run([tool("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_every_step_is_the_scripts():
    runs = [text for name, text in INSTRUCTIONS if name == "RUN"]
    steps = re.findall(r"contents\.sh (\w+)", " ".join(runs))

    assert steps == ["system", "builder", "dependencies", "application", "detoxify"]
    for text in runs:
        assert re.sub(r"--mount=\S+|\\|&&|sh \S+/contents\.sh \w+( /source)?|\s", "", text) == ""


def test_it_ends_as_the_account_that_the_chart_runs_it_as():
    assert ("USER", "65532:65532") in INSTRUCTIONS
    assert "--uid 65532" in (FOLDER / "contents.sh").read_text()


def test_the_base_is_an_argument_and_every_other_stage_one_of_its_own():
    assert INSTRUCTIONS[0][0] == "ARG"
    stages = [text.split(" AS ") for name, text in INSTRUCTIONS if name == "FROM"]
    assert stages[0][0] == "${BASE}"
    names = [name for _, name in stages]
    assert {base for base, _ in stages[1:]} <= set(names)
    assert names[-1] == "runtime"  # what is built without --target
    assert "detoxify" in names


def test_the_build_context_has_the_files_that_the_tests_use():
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert allowed == set(CONTEXT)


def test_the_shell_script_is_portable():
    done = subprocess.run(["sh", "-n", FOLDER / "contents.sh"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *(text for extra in EXTRAS for text in project["optional-dependencies"][extra])]


@pytest.mark.parametrize("text", requirements())
def test_the_lock_includes_the_dependencies_of_the_package(text):
    needed = Requirement(text)

    assert needed.specifier.contains(LOCKED[canonicalize_name(needed.name)]), "run `make lock`"
