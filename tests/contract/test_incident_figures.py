"""The README's figures of incidents are those that were measured."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_shows_the_measured_incidents():
    path = ROOT / "tests" / "incidents" / "figures.py"
    spec = importlib.util.spec_from_file_location("figures", path)
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    results = json.loads(path.with_name("results.json").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert figures.with_table(readme, results) == readme, "run `make incidents`, or figures.py after it"
