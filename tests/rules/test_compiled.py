"""The compiled rules are what their sources say, and valid in the oldest and the newest Prometheus."""

import re
import subprocess
from pathlib import Path

import pytest
from shipped import ALERTS, OUT, groups, rules

from tocsin import bundle
from tocsin.catalogue import FAMILIES

ROOT = Path(__file__).parents[2]
BUILT_IN = {"up", "ALERTS", "ALERTS_FOR_STATE"}
"""Written by Prometheus itself."""
ALERT_IDS = [f"{r['alert']}-{r['labels']['severity']}" for r in ALERTS]


def test_the_compiled_rules_match_their_sources():
    difference = bundle.stale(OUT, bundle.files(bundle.compile()))
    assert not difference, "run `make bundle`"


def test_the_table_of_alerts_matches_its_sources():
    same = (ROOT / "rules" / "ALERTS.md").read_text() == bundle.markdown()
    assert same, "run `make docs`"


@pytest.mark.parametrize("promtool", ["promtool", "promtool-oldest"])
def test_promtool_accepts_the_rules(tool, promtool):
    result = subprocess.run(
        [tool(promtool), "check", "rules", OUT / "recording.yaml", OUT / "alerts.yaml"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_metric_of_the_rules_is_in_the_catalogue_or_recorded():
    known = {record["record"] for record in rules("recording")} | BUILT_IN
    for family in FAMILIES.values():
        known |= {family.name} | ({f"{family.name}_{s}" for s in ("bucket", "sum", "count")} if family.buckets else set())
    texts = [r["expr"] for r in rules("recording") + ALERTS]
    texts += [text for r in ALERTS for text in (*r["annotations"].values(), *r["labels"].values())]
    used = {name for text in texts for name in re.findall(r"\b(?:[a-z_]+:)?(?:llm|tocsin|process)_[a-z0-9_]+(?::\w+)?", text)}
    labels = {"tocsin"}
    assert used - known - labels == set()


def test_every_matcher_names_a_label_that_the_family_has():
    wrong = []
    for text in [r["expr"] for r in rules("recording") + ALERTS]:
        for name, matchers in re.findall(r"\b((?:llm|tocsin|process)_[a-z0-9_]+)\{([^}]*)\}", text):
            family = FAMILIES.get(name) or FAMILIES[re.sub(r"_(bucket|sum|count)$", "", name)]
            known = {*family.labels, "job", *(["le"] if family.buckets else [])}
            wrong += [(name, x) for x in re.findall(r"(\w+)(?:=~|!~|!=|=)\"", matchers) if x not in known]
    assert wrong == []


def test_young_label_sets_match_on_all_labels_except_the_familys_own():
    pattern = r"\b(llm_\w+)\{[^}]*\}(?: > 0)? and (?:ignoring \(([^)]*)\) |on \(instance\) )?\((instance\w*):llm_first_request:young"
    texts = [r["expr"] for r in rules("recording") + ALERTS] + [r["annotations"]["description"] for r in ALERTS]
    found = {match for text in texts for match in re.findall(pattern, text)}
    expected = {(f.name, ", ".join(sorted(f.labels[3:])), "instance_call") if f.per_call else (f.name, "", "instance") for f in FAMILIES.values()}
    assert len(found) > 20
    assert found <= expected


@pytest.mark.parametrize("rule", ALERTS, ids=ALERT_IDS)
def test_an_alert_has_all_labels_and_annotations(rule):
    labels, annotations = rule["labels"], rule["annotations"]
    assert labels["severity"] in {"page", "ticket", "info"}
    assert labels["category"] in {"outage", "quality", "cost", "safety", "change", "control", "exporter"}
    assert labels["action"]
    assert (labels.get("priority") == "P0") == (labels["category"] == "safety")
    assert ("detection" in labels) == (labels["category"] == "safety")
    assert "owner" in labels or re.search(r"(group_left|by) \((incident, )?owner", rule["expr"])
    assert "tier" in labels or "tier" in rule["expr"]
    assert annotations["summary"].endswith(".")
    assert annotations["description"]
    assert annotations["runbook_url"].endswith(f"/runbooks/{rule['alert']}")
    assert "/d/tocsin-" in annotations["dashboard_url"]
    assert re.fullmatch(r"(LLM|Tocsin)([A-Z][a-z0-9]*)+", rule["alert"])


@pytest.mark.parametrize("rule", ALERTS, ids=ALERT_IDS)
def test_an_alert_uses_no_value_in_labels_and_no_humanize_on_numbers(rule):
    assert not any("$value" in text for text in rule["labels"].values())
    assert not re.search(r"humanize\b", str(rule["annotations"]))


def test_a_page_that_a_route_can_cause_is_a_ticket_for_other_tiers():
    pages = [r for r in ALERTS if r["labels"]["severity"] == "page" and "tier" not in r["labels"]]
    tickets = {r["alert"] for r in ALERTS if r["labels"]["severity"] == "ticket"}
    assert pages
    for rule in pages:
        assert 'tier="prod"' in rule["expr"], rule["alert"]
        assert rule["alert"] in tickets, rule["alert"]


def test_a_group_has_at_most_twenty_rules():
    assert {g["name"]: len(g["rules"]) for g in groups() if len(g["rules"]) > 20} == {}


def test_the_safety_group_runs_with_the_scrape():
    assert {g["name"]: g["interval"] for g in groups()}["tocsin-safety"] == "15s"


def test_rules_select_exactly_one_job():
    texts = "\n".join(r["expr"] for r in rules("recording") + ALERTS)
    assert set(re.findall(r'job(?:=~|!~|!=|=)"([^"]*)"', texts)) == {"tocsin"}


def test_no_rule_but_the_escalation_reads_the_series_of_alerts():
    """A Thanos querier may not have them: a baseline must not depend on them."""
    assert [r.get("alert") for r in rules("recording") + ALERTS if "ALERTS" in r["expr"]] == ["LLMIncidentUnresolved"]
