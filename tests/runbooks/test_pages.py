"""Every alert has its page; every page says what it must, in order, and says the truth where a machine can tell."""

import json
import re
from pathlib import Path

import pytest
from pages import HEADINGS, LAYERS, OPTIONAL, RUNBOOKS, alert_pages, all_pages, read, rows

from tocsin import bundle

ROOT = RUNBOOKS.parent
DASHBOARDS = {f"tocsin-{page}" for page in ("overview", "outage", "quality", "cost", "safety", "incident", "exporter")}
SUPPORTING = {"outage", "quality", "cost", "safety", "change", "control", "exporter", "postmortem", "communication", "_template"}


@pytest.fixture(scope="module")
def rules():
    document = bundle.parse(bundle.compile(OPTIONAL).alerts)
    found = {}
    for group in document["groups"]:
        for rule in group["rules"]:
            found.setdefault(rule["alert"], []).append(rule)
    return found


def owner_of(rule: dict) -> str:
    if "owner" in rule["labels"]:
        return rule["labels"]["owner"]
    if "ALERTS{" in rule["expr"]:
        return "owner of the incident"
    return "owner of the model" if "on (provider, model, tier) group_left (owner)" in rule["expr"] else "owner of the route"


def test_every_alert_has_a_page(rules):
    assert set(rules) - set(alert_pages()) == set()


def test_every_page_is_an_alert_or_a_known_other(rules):
    assert set(all_pages()) - set(rules) - SUPPORTING == set()
    assert SUPPORTING - set(all_pages()) == set()


@pytest.mark.parametrize("name", alert_pages())
def test_front_matter_agrees_with_the_compiled_alert(rules, name):
    rule = rules[name][0]
    dashboard = re.search(r"/d/([\w-]+)", rule["annotations"]["dashboard_url"]).group(1)
    assert read(name).facts == {
        "alert": name, "category": rule["labels"]["category"], "severity": rule["labels"]["severity"],
        "owner": owner_of(rule), "dashboard": dashboard,
    }  # fmt: skip
    assert rule["annotations"]["runbook_url"].endswith(f"/runbooks/{name}")


@pytest.mark.parametrize("name", alert_pages())
def test_dashboard_exists(name):
    compiled = {json.loads(path.read_text())["uid"] for path in (ROOT / "dashboards" / "out").glob("*.json")}
    assert read(name).facts["dashboard"] in (compiled or DASHBOARDS)


@pytest.mark.parametrize("name", [*alert_pages(), "_template"])
def test_all_headings_are_there_in_order_with_text_under_each(name):
    page = read(name)
    assert tuple(page.sections) == HEADINGS
    assert [heading for heading, text in page.sections.items() if len(text) < 20] == []


@pytest.mark.parametrize("name", alert_pages())
def test_the_first_action_is_within_one_screen(name):
    page = read(name)
    first = page.sections["Stop the bleeding"].splitlines()[0]
    assert page.text.splitlines().index(first) < 30


@pytest.mark.parametrize("name", alert_pages())
def test_a_page_is_short(name):
    assert len(read(name).text.splitlines()) <= 120


@pytest.mark.parametrize("name", alert_pages())
def test_every_command_names_its_side_effect_and_its_rollback(name):
    page = read(name)
    silent = [
        str(block)
        for heading, blocks in page.blocks.items()
        for block in blocks
        if block.language in {"sh", "yaml"} and not ("Side effect:" in block.after and "Rollback:" in block.after)
    ]
    assert silent == []


@pytest.mark.parametrize("name", alert_pages())
def test_every_query_has_its_healthy_value_and_known_pitfalls(name):
    page = read(name)
    queries = page.blocks.get("Is it real?", [])
    assert [block.language for block in queries].count("promql") >= 1
    assert [str(b) for b in queries if b.language == "promql" and not b.after.startswith("Healthy:")] == []
    assert re.search(r"^It misleads \w+", page.sections["Is it real?"], re.MULTILINE)


@pytest.mark.parametrize("name", alert_pages())
def test_the_table_has_the_five_layers(name):
    cells = read(name).rows
    assert [row[0] for row in cells] == list(LAYERS)
    assert [row for row in cells if len(row) != 4 or not all(row)] == []


@pytest.mark.parametrize("name", alert_pages())
def test_the_threshold_is_the_taxonomys(name):
    """Line for line what the generated table says, so a changed default changes the page."""
    section = read(name).sections["Why this threshold"].splitlines()
    wanted = [f"- {row.threshold}" + (f" ({row.window})" if row.window else "") for row in rows()[name]]
    assert [line for line in section if line.startswith("- ")] == wanted
    assert len(" ".join(line for line in section if not line.startswith("- "))) > 40, "the reason is missing"


@pytest.mark.parametrize("name", alert_pages())
def test_the_section_on_notification_names_every_receiver(name):
    text = read(name).sections["Who must know"]
    receivers = {receiver for row in rows()[name] for receiver in row.receivers}
    assert {receiver for receiver in receivers if f"`{receiver}`" not in text} == set()


@pytest.mark.parametrize("name", [name for name in alert_pages() if read(name).facts.get("category") == "safety"])
def test_a_safety_page_says_thirty_minutes_for_legal_and_communications(name):
    if read(name).facts["severity"] == "page":
        text = read(name).sections["Who must know"]
        assert "30 minutes" in text
        assert "egal" in text
        assert "ommunications" in text


@pytest.mark.parametrize("name", all_pages())
def test_links_resolve(name):
    broken = []
    for link in read(name).links:
        if link.startswith(("http://", "https://")):
            continue
        if not link.endswith(".md") or link.removesuffix(".md") not in all_pages() or link.startswith("_"):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", all_pages())
def test_only_built_features_are_mentioned(name):
    planned = r"tocsin (incident|mcp)\b|/ofrep|/api/v1/(incidents|remediations|prompts)|/v1/alerts"
    assert re.findall(planned, read(name).text) == []


def test_no_two_pages_share_their_diagnosis():
    """Boilerplate helps nobody at night: a row of the table is written for its alert."""
    seen: dict[tuple, str] = {}
    for name in alert_pages():
        key = tuple(map(tuple, read(name).rows))
        assert key not in seen, f"{name} and {seen.get(key)}"
        seen[key] = name


def test_package_data_is_the_same_folder():
    assert (ROOT / "exporter" / "tocsin" / "runbooks").resolve() == Path(RUNBOOKS).resolve()


@pytest.mark.parametrize("name", ["LLMRequestsFailing", "LLMErrorBudgetBurning"])
def test_causes_of_an_outage_are_failures_that_its_alert_counts(name):
    """What the API refuses is in neither: who looks for it there at night looks for nothing."""
    causes = " ".join(row[1] for row in read(name).rows)

    assert not set(re.findall(r"`(client_4xx|rate_limited|other)`", causes))


def test_unscored_answers_are_those_of_the_alert():
    alert = next(
        rule["expr"] for group in bundle.parse(bundle.compile().alerts)["groups"] for rule in group["rules"]
        if rule["alert"] == "LLMAnswersUnscored"
    )  # fmt: skip
    left_out = re.search(r'reason!~"[^"]*"', alert)[0]

    for block in read("LLMAnswersUnscored").all_blocks:
        assert block.language != "promql" or left_out in block.text
