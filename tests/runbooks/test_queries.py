"""Queries parse as Prometheus parses them, and name only metrics and recorded series that exist, with their labels."""

import re
import subprocess

import promql_parser
import pytest
import yaml
from pages import Block, all_blocks, rows

from tocsin import bundle, catalogue

QUERIES = all_blocks("promql")
SYNTHETIC = {"up": None, "scrape_duration_seconds": None, "ALERTS": None, "ALERTS_FOR_STATE": None}
EVERYWHERE = {"job", "instance", "le"}
"""Labels that Prometheus or a histogram adds."""


def selectors(text: str) -> list[promql_parser.VectorSelector]:
    """All vector selectors of an expression."""
    found: list[promql_parser.VectorSelector] = []

    def look(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
            return
        for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
            child = getattr(node, name, None)
            if child is not None:
                look(child)
        for child in getattr(node, "args", None) or []:
            look(child)

    look(promql_parser.parse(text))
    return found


def catalogue_names() -> dict[str, set[str]]:
    """Names in the exposition to their labels."""
    return {
        family.name + ending: set(family.labels)
        for family in catalogue.FAMILIES.values()
        for ending in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
    }


@pytest.fixture(scope="module")
def known() -> dict[str, set[str] | None]:
    """Names to their labels; None where any will do."""
    names: dict[str, set[str] | None] = {**SYNTHETIC, **catalogue_names()}
    for group in bundle.parse(bundle.compile().recording)["groups"]:
        for rule in group["rules"]:
            names[rule["record"]] = None
    return names


def test_there_are_queries():
    assert QUERIES


@pytest.mark.parametrize("block", QUERIES, ids=str)
def test_queries_use_only_exported_or_recorded_series(known, block: Block):
    for selector in selectors(block.text):
        assert selector.name in known
        labels = known[selector.name]
        used = {matcher.name for matcher in selector.matchers.matchers}
        assert labels is None or used <= labels | EVERYWHERE


EXPORTED = [block for block in QUERIES if all(selector.name in catalogue_names() for selector in selectors(block.text))]
"""Queries without recorded series, whose labels the rules decide."""


@pytest.mark.parametrize("block", EXPORTED, ids=str)
def test_a_query_groups_by_labels_that_its_metrics_have(known, block: Block):
    labels = [known[selector.name] for selector in selectors(block.text)]
    grouped = {name.strip() for names in re.findall(r"\b(?:by|on) \(([^)]*)\)", block.text) for name in names.split(",")}
    assert grouped - {""} <= set().union(*labels) | EVERYWHERE


@pytest.mark.parametrize("program", ["promtool", "promtool-oldest"])
def test_prometheus_itself_accepts_every_query(program, tool, tmp_path):
    rules = [{"record": "runbook:query", "expr": block.text, "labels": {"at": str(block)}} for block in QUERIES]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": rules}]}))
    done = subprocess.run([tool(program), "check", "rules", file], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", QUERIES, ids=str)
def test_a_query_names_only_alerts_that_exist(block: Block):
    assert set(re.findall(r'alertname="(\w+)"', block.text)) <= set(rows())
