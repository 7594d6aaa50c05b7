"""What is generated or shown in a document must be true of the code."""

import re
from itertools import pairwise
from pathlib import Path

from tocsin import bundle, catalogue
from tocsin.commands.backtest import EXPORTERS_OWN
from tocsin.config import FOR_ALL_ROUTES, THRESHOLDS, Config, load, parse

ROOT = Path(__file__).parents[2]


def test_metrics_md_matches_the_catalogue():
    assert (ROOT / "exporter" / "METRICS.md").read_text() == catalogue.markdown(), "run `make docs`"


def test_the_example_configuration_has_every_key_at_its_default():
    example = ROOT / "exporter" / "tocsin.example.yml"
    assert load(example) == Config()
    text = example.read_text()
    missing = [name for name in Config.__struct_fields__ if f"{name}:" not in text]
    assert not missing


def test_a_route_can_be_given_every_threshold_that_rules_and_runbooks_name_for_it():
    compiled = bundle.compile()
    rules = set(re.findall(r'tocsin_threshold{[^}]*name="([^"]+)"', compiled.alerts + compiled.recording))
    advised = re.findall(r"thresholds: ({[^}]+})", "".join(page.read_text() for page in (ROOT / "runbooks").glob("*.md")))

    assert rules
    assert set(THRESHOLDS) - rules == {*FOR_ALL_ROUTES, *EXPORTERS_OWN}
    assert rules <= set(THRESHOLDS)
    for each in advised:
        parse(f"routes: [{{match: {{}}, thresholds: {each}}}]".encode())


def test_counters_end_in_total_and_nothing_else_does():
    for family in catalogue.FAMILIES.values():
        assert family.name.endswith("_total") == (family.kind == "counter"), family.name


def test_neighbouring_token_buckets_differ_by_at_most_half():
    buckets = catalogue.TOKEN_BUCKETS
    assert all(b / a <= 1.51 for a, b in pairwise(buckets))


def test_the_commands_of_the_readme_are_targets_of_the_makefile():
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command}\n" in readme
        assert f"\n{command}:" in makefile
