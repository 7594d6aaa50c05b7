"""What is installed must work outside a checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "pyproject.toml", "README.md", "LICENSE", "exporter", "rules", "runbooks", "dashboards"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source],
        check=True, timeout=100,
    )
    (built,) = folder.glob("tocsin-*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_contains_every_file_of_the_package_that_is_not_code(wheel):
    package = ROOT / "exporter" / "tocsin"
    data = {
        f"tocsin/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert data - set(wheel.namelist()) == set()


def test_the_wheel_contains_the_rules_and_their_sources(wheel):
    rules = {f"tocsin/rules/{path.relative_to(ROOT / 'rules').as_posix()}" for path in (ROOT / "rules").rglob("*.*")}
    assert rules - set(wheel.namelist()) == set()


def test_the_wheel_contains_the_dashboards_and_their_sources(wheel):
    pages = {f"tocsin/dashboards/{path.relative_to(ROOT / 'dashboards').as_posix()}" for path in (ROOT / "dashboards").rglob("*.*")}
    assert any(name.endswith(".json") for name in pages)
    assert pages - set(wheel.namelist()) == set()


def test_the_wheel_contains_the_runbooks(wheel):
    pages = {f"tocsin/runbooks/{path.name}" for path in (ROOT / "runbooks").glob("*.md")}
    assert pages
    assert pages - set(wheel.namelist()) == set()


def test_the_wheel_names_its_console_script_and_its_licence(wheel):
    names = wheel.namelist()
    (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
    assert "tocsin = tocsin.__main__:main" in wheel.read(entry_points).decode()
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheel_contains_nothing_but_the_package(wheel):
    assert {name.split("/")[0].split("-")[0] for name in wheel.namelist()} == {"tocsin"}
