"""Every alert reaches those who must hear of it, and nothing can mute safety."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest

from tocsin import bundle

ALERTS = [
    rule
    for group in bundle.parse((bundle.RULES / "out" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]

# Written down anew, not read from the taxonomy that the tree is made of.
RECEIVERS = {
    ("outage", "page"): "oncall",
    ("outage", "ticket"): "tickets",
    ("quality", "page"): "oncall,product",
    ("quality", "ticket"): "product,tickets",
    ("cost", "page"): "oncall",
    ("cost", "ticket"): "tickets",
    ("safety", "page"): "oncall,legal,comms",
    ("safety", "ticket"): "review,tickets",
    ("change", "page"): "oncall",
    ("change", "ticket"): "tickets",
    ("control", "page"): "oncall",
    ("control", "ticket"): "tickets",
    ("exporter", "page"): "oncall",
    ("exporter", "ticket"): "tickets",
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("routing") / "alertmanager.yaml"
    path.write_text(bundle.compile().alertmanager)
    return path


@pytest.fixture
def routed(amtool, config):
    def route(file=config, **labels: str) -> str:
        pairs = [f"{name}={value}" for name, value in labels.items()]
        return amtool("config", "routes", "test", f"--config.file={file}", *pairs)

    return route


def test_alertmanager_takes_the_compiled_configuration(amtool, config):
    assert "SUCCESS" in amtool("check-config", str(config))


def test_every_alert_reaches_the_receivers_of_its_category_and_severity(routed):
    def wrong(rule):
        # A label filled in when it fires; no route looks at it.
        labels = {k: v for k, v in rule["labels"].items() if "{{" not in v} | {"alertname": rule["alert"]}
        expected = RECEIVERS.get((labels["category"], labels["severity"]), "null")
        if labels.get("action") == "escalate":
            expected = f"engineering-lead,{expected}"
        got = routed(**labels)
        return None if got == expected else f"{rule['alert']} ({labels['severity']}): {got}, not {expected}"

    with ThreadPoolExecutor(4) as pool:
        assert [text for text in pool.map(wrong, ALERTS) if text] == []


def test_a_safety_alert_without_a_known_severity_is_a_page(routed):
    assert routed(category="safety") == "oncall,legal,comms"
    assert routed(category="safety", severity="critical") == "oncall,legal,comms"


def test_a_category_in_shadow_reaches_only_the_reviewer(routed):
    assert routed(category="safety", severity="page", shadow="true") == "review"


def test_an_escalated_page_also_reaches_the_engineering_lead(routed):
    assert routed(category="outage", severity="page", action="escalate") == "engineering-lead,oncall"


def test_unmatched_alerts_have_a_default_receiver(routed):
    assert routed(alertname="Unknown") == "oncall"


def test_the_helper_alert_of_kube_prometheus_stack_notifies_nobody(routed):
    """It bears the labels of our info alerts, and a severity that no entry knows."""
    assert routed(alertname="InfoInhibitor", category="exporter", owner="platform", severity="none") == "null"


HEARTBEAT = {"heartbeat": {"webhook_configs": [{"url": "http://127.0.0.1/"}]}}


@pytest.mark.parametrize("settings", [{}, {"shadow.exporter": True}])
def test_the_dead_mans_switch_is_routed_to_the_heartbeat_receiver(routed, tmp_path, settings):
    file = tmp_path / "heartbeat.yaml"
    file.write_text(bundle.compile(settings | {"routing.receivers": HEARTBEAT}).alertmanager)
    groups = bundle.compile(settings).rule_groups()
    switch = next(rule["labels"] for group in groups for rule in group["rules"] if rule.get("alert") == "TocsinDeadMansSwitch")

    assert routed(file, alertname="TocsinDeadMansSwitch", **switch) == "heartbeat"
    assert routed(alertname="TocsinDeadMansSwitch") == "null"
    assert routed(file, category="outage", severity="info") == "null"


def test_the_heartbeat_beats_each_minute_and_is_never_resolved():
    """Alertmanager repeats at turns of the group alone, and not if the last one was `repeat_interval` ago to the moment."""
    compiled = bundle.parse(bundle.compile({"routing.receivers": HEARTBEAT}).alertmanager)

    (entry,) = [e for e in compiled["route"]["routes"] if e["receiver"] == "heartbeat"]
    assert (entry["group_wait"], entry["group_interval"], entry["repeat_interval"]) == ("0s", "1m", "50s")
    receiver = next(r for r in compiled["receivers"] if r["name"] == "heartbeat")
    assert receiver["webhook_configs"] == [{"send_resolved": False, "url": "http://127.0.0.1/"}]


def test_an_owner_can_have_its_own_pager_except_for_safety(routed, tmp_path):
    file = tmp_path / "owned.yaml"
    settings = {"routing.owners": {"team-support": "support-oncall"}, "routing.outageReceiver": "incidents"}
    file.write_text(bundle.compile(settings).alertmanager)

    assert routed(file, category="cost", severity="page", owner="team-support") == "support-oncall"
    assert routed(file, category="quality", severity="page", owner="team-support") == "product,support-oncall"
    assert routed(file, category="safety", severity="page", owner="team-support") == "oncall,legal,comms"
    assert routed(file, category="outage", severity="page", owner="other") == "incidents,oncall"
    assert routed(file, category="outage", severity="page", owner="team-support") == "incidents,support-oncall"


def test_the_tree_follows_a_teams_own_words_for_severities(routed, tmp_path):
    file = tmp_path / "words.yaml"
    file.write_text(bundle.compile({"severityNames.page": "critical", "severityNames.ticket": "warning"}).alertmanager)

    assert routed(file, category="quality", severity="critical") == "oncall,product"
    assert routed(file, category="safety", severity="warning") == "review,tickets"


def _tree(entry):
    yield entry
    for child in entry.get("routes", []):
        yield from _tree(child)


def test_safety_waits_for_nothing_and_is_never_grouped():
    tree = bundle.parse(bundle.compile().alertmanager)["route"]
    pages = [e for e in _tree(tree) if 'category="safety"' in e.get("matchers", []) and e["group_by"] == ["..."]]

    assert [e["receiver"] for e in pages] == ["oncall", "legal", "comms"]
    assert {e["group_wait"] for e in pages} == {"0s"}


def test_nothing_is_muted_by_time():
    tree = bundle.parse(bundle.compile().alertmanager)["route"]

    assert not [e for e in _tree(tree) if "mute_time_intervals" in e or "active_time_intervals" in e]


@pytest.mark.parametrize("fleets", [[], ["cluster"]])
def test_no_inhibition_can_mute_safety_another_fleet_or_match_on_an_absent_label(fleets):
    for rule in bundle.parse(bundle.compile({"aggregationLabels": fleets}).alertmanager)["inhibit_rules"]:
        assert 'category!="safety"' in rule["target_matchers"]
        assert rule.get("equal", [])[: len(fleets)] == fleets
        for label in rule.get("equal", []):
            assert f'{label}=~".+"' in rule["source_matchers"]
            assert f'{label}=~".+"' in rule["target_matchers"]


def test_inhibitions_match_labels_that_their_alerts_have():
    named = {rule["alert"]: rule["annotations"]["dashboard_url"] for rule in ALERTS}
    for rule in bundle.parse(bundle.compile().alertmanager)["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            for alert in (name for m in rule[side] if m.startswith("alertname") for name in m.split('"')[1].split("|")):
                assert all(f"var-{label}=" in named[alert] for label in rule.get("equal", [])), alert


def test_receivers_of_safety_do_not_resolve_by_themselves():
    integration = {"oncall": {"webhook_configs": [{"url": "http://127.0.0.1/"}]}}
    compiled = bundle.parse(bundle.compile({"routing.receivers": integration}).alertmanager)

    oncall = next(r for r in compiled["receivers"] if r["name"] == "oncall")
    assert oncall["webhook_configs"] == [{"send_resolved": False, "url": "http://127.0.0.1/"}]


def test_the_operators_resource_says_the_same_as_the_plain_configuration():
    compiled = bundle.compile()
    plain = bundle.parse(compiled.alertmanager)
    operated = bundle.parse(compiled.alertmanagerconfig)["spec"]

    def text(matcher):
        return f'{matcher["name"]}{matcher.get("matchType", "=")}"{matcher["value"]}"'

    assert [[text(m) for m in e["matchers"]] for e in operated["route"]["routes"]] == [
        e["matchers"] for e in plain["route"]["routes"]
    ]
    assert [e["receiver"] for e in operated["route"]["routes"]] == [e["receiver"] for e in plain["route"]["routes"]]
    assert [r["name"] for r in operated["receivers"]] == [r["name"] for r in plain["receivers"]]
    assert len(operated["inhibitRules"]) == len(plain["inhibit_rules"])


@pytest.mark.parametrize(
    "name",
    ["slack.title", "slack.color", "slack.text", "pagerduty.description", "pagerduty.details", "email.subject", "email.text"],
)
def test_message_templates_render(amtool, name):
    template = str(bundle.RULES / "routing" / "tocsin.tmpl")

    text = amtool(
        "template", "render", f"--template.glob={template}", f'--template.text={{{{ template "tocsin.{name}" . }}}}'
    )

    assert text
    assert "<no value>" not in text


def test_names_chosen_by_callers_are_escaped_in_mentions_and_silences(amtool, tmp_path):
    alert = {"status": "firing", "labels": {}, "startsAt": "2026-01-01T00:00:00Z", "annotations": {"summary": "<!channel> & more", "description": "d"}}
    data = {"status": "firing", "commonLabels": {"route": 'a b "<!here>\\+'}, "alerts": [alert], "externalURL": "http://am"}
    (tmp_path / "data.json").write_text(json.dumps(data))
    template = str(bundle.RULES / "routing" / "tocsin.tmpl")

    title, text = (
        amtool("template", "render", f"--template.glob={template}", f"--template.data={tmp_path / 'data.json'}",
               f'--template.text={{{{ template "tocsin.slack.{name}" . }}}}')
        for name in ("title", "text")
    )  # fmt: skip

    assert "<" not in title
    assert "*&lt;!channel&gt; &amp; more*" in text
    filter_ = unquote(re.search(r"filter=([^|]*)\|Silence", text)[1])
    assert filter_ == r'{route="a b \"<!here>\\+"}'


@pytest.mark.parametrize(("severity", "color"), [("page", "danger"), ("critical", "danger"), ("ticket", "warning"), ("warning", "warning"), (None, "danger")])
def test_everything_but_tickets_is_red_in_slack(amtool, tmp_path, severity, color):
    """A team's own word for a page, and a group of pages and tickets, too."""
    data = {"status": "firing", "commonLabels": {"severity": severity} if severity else {}, "alerts": []}
    (tmp_path / "data.json").write_text(json.dumps(data))

    text = amtool("template", "render", f"--template.glob={bundle.RULES / 'routing' / 'tocsin.tmpl'}", f"--template.data={tmp_path / 'data.json'}",
                  '--template.text={{ template "tocsin.slack.color" . }}')  # fmt: skip

    assert text.strip() == color
