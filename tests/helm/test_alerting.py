"""What the chart brings to Prometheus, Grafana and Alertmanager: the rules, dashboards and routing of the mixin."""

import json
import subprocess

import pytest
import yaml
from chart import CHART, TOKEN, documents, of_kind, one
from routingtree import translated, walk

from tocsin import bundle


@pytest.mark.parametrize(("routing", "words"), [("alertmanagerConfig", "pagerduty_configs"), ("alertmanagerSecret", "pagerdutyConfigs")])
def test_integrations_in_the_words_of_the_other_routing_are_refused(helm, routing, words):
    done = helm("template", "gate", CHART, "--set", f"{routing}.enabled=true,{routing}.receivers.oncall.{words}[0].x=y")

    assert done.returncode != 0
    assert f"/{routing}/receivers/oncall" in done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(("given", "stands"), [("null", "1"), ("20261127", "20261127")])
def test_the_cost_baseline_is_rendered_as_written(helm, tmp_path, given, stands):
    """Null is what an upgrade with ``--reuse-values`` finds in the values of an earlier chart."""
    (tmp_path / "values.yaml").write_text(f"thresholds: {{cost: {{baseline: {given}}}}}")
    done = helm("template", "gate", CHART, "--set", "rulesConfigMap.enabled=true", "-f", str(tmp_path / "values.yaml"))

    assert done.returncode == 0, done.stderr
    assert f'llm_cost_usd:expected{{baseline="{stands}"}}' in done.stdout


def test_rules_equal_the_mixins_but_for_the_namespace(render):
    rules = of_kind(render(TOKEN, "prometheusRule.enabled=true"), "PrometheusRule")

    compiled = bundle.compile()
    expected = [group for text in (compiled.recording, compiled.alerts) for group in documents(text)[0]["groups"]]
    got = [group for resource in rules for group in resource["spec"]["groups"]]
    for group in got:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"].pop("namespace") == "llm"
    assert got == expected


def test_a_threshold_in_the_values_reaches_the_rules(render, tool, tmp_path):
    settings = ("thresholds.quality.dropRatio=0.21", "thresholds.cost.ceilingPerHour=90", "thresholds.cost.baseline=2026-q1")
    resources = render(TOKEN, "rulesConfigMap.enabled=true", *settings)
    (rules,) = [r for r in of_kind(resources, "ConfigMap") if r["metadata"]["name"].endswith("-rules")]

    text = rules["data"]["recording.yaml"] + rules["data"]["alerts.yaml"]
    assert "0.21" in text
    assert 'llm_cost_usd:expected{baseline="2026-q1"}' in text
    assert "@@" not in text
    for name, content in rules["data"].items():
        (tmp_path / name).write_text(content)
        done = subprocess.run(
            [tool("promtool"), "check", "rules", "--lint=none", tmp_path / name], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_shadowed_category_is_labelled_so(render):
    resources = render(TOKEN, "prometheusRule.enabled=true", "alerts.shadow={quality}")

    alerts = [
        rule for r in of_kind(resources, "PrometheusRule") for g in r["spec"]["groups"] for rule in g["rules"] if "alert" in rule
    ]
    assert {r["labels"].get("shadow") for r in alerts if r["labels"]["category"] == "quality"} == {"true"}
    assert {r["labels"].get("shadow") for r in alerts if r["labels"]["category"] == "safety"} == {None}


def test_each_dashboard_is_a_config_map_that_the_sidecar_finds(render):
    resources = render(TOKEN, "dashboards.enabled=true")
    maps = [r for r in of_kind(resources, "ConfigMap") if r["metadata"]["labels"].get("grafana_dashboard") == "1"]

    pages = {name: text for r in maps for name, text in r["data"].items()}
    assert {json.loads(text)["uid"] for text in pages.values()} == {
        json.loads(text)["uid"] for text in bundle.dashboards().values()
    }
    assert max(len(yaml.safe_dump(r).encode()) for r in maps) < 262_144


def test_every_alert_passes_the_operators_namespace_matcher_to_whom_it_is_for(render, tool, tmp_path):
    resources = render(TOKEN, "alertmanagerConfig.enabled=true", "prometheusRule.enabled=true")
    configuration = translated(one(resources, "AlertmanagerConfig"))
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(configuration))
    alerts = {
        (("alertname", rule["alert"]), *sorted((k, v) for k, v in rule["labels"].items() if "{{" not in v))
        for resource in of_kind(resources, "PrometheusRule") for group in resource["spec"]["groups"]
        for rule in group["rules"] if "alert" in rule
    }  # fmt: skip
    shipped = bundle.parse(bundle.compile().alertmanager)["route"]

    for labels in map(dict, sorted(alerts)):
        expected = [f"llm/gate-tocsin/{name}" for name in walk(shipped, labels)]
        assert list(walk(configuration["route"], labels)) == expected, labels
        if labels["severity"] == "page":
            assert "llm/gate-tocsin/oncall" in expected, labels

    # Our own walk is Alertmanager's: one alert of each kind of route is asked of amtool.
    kinds = {(labels["category"], labels["severity"]): labels for labels in map(dict, sorted(alerts))}
    for labels in kinds.values():
        got = subprocess.run(
            [tool("amtool"), "config", "routes", "test", f"--config.file={file}", *[f"{k}={v}" for k, v in labels.items()]],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert got.stdout.strip().split(",") == list(walk(configuration["route"], labels))


def test_an_alert_of_another_namespace_does_not_reach_these_receivers(render):
    configuration = translated(one(render(TOKEN, "alertmanagerConfig.enabled=true"), "AlertmanagerConfig"))

    assert list(walk(configuration["route"], {"namespace": "other", "category": "safety", "severity": "page"})) == ["elsewhere"]


@pytest.mark.parametrize("matcher", ['namespace="llm"', None], ids=["OnNamespace", "None"])
def test_an_alert_that_is_not_ours_does_not_wake_on_call(render, matcher):
    """What falls through the operator's part of the tree would go to its receiver, which is on-call."""
    configuration = translated(one(render(TOKEN, "alertmanagerConfig.enabled=true"), "AlertmanagerConfig"))
    (tree,) = configuration["route"]["routes"]
    tree["matchers"] = [m for m in tree["matchers"] if not m.startswith("namespace")] + ([matcher] if matcher else [])
    restarts = {"alertname": "KubePodCrashLooping", "namespace": "llm", "severity": "warning"}
    # kube-prometheus-stack's rule keeps the labels of the info alert that it stands for.
    inhibitor = {"alertname": "InfoInhibitor", "namespace": "llm", "category": "exporter", "owner": "platform", "severity": "none"}

    assert list(walk(configuration["route"], restarts)) == ["elsewhere"]
    assert list(walk(configuration["route"], inhibitor)) == ["llm/gate-tocsin/null"]


@pytest.mark.parametrize("setting", ["thresholds.cost.ceilingPerHour=null", "thresholds.cost.usdPerHour=50"])
def test_no_placeholder_is_left_in_the_rules(render_text, setting):
    for version in ("helm3", "helm4"):
        assert "@@" not in render_text(TOKEN, "prometheusRule.enabled=true", setting, version=version)


def test_a_threshold_without_a_value_is_refused(helm):
    done = helm("template", "gate", CHART, "--set", "prometheusRule.enabled=true,thresholds.quality.dropRatio=null")

    assert done.returncode != 0
    assert "quality.dropRatio" in done.stderr


def alerts_of(resources):
    return [
        rule for r in of_kind(resources, "PrometheusRule") for g in r["spec"]["groups"] for rule in g["rules"] if "alert" in rule
    ]  # fmt: skip


def test_links_in_alerts_use_the_urls_of_the_values(render):
    alerts = alerts_of(render(TOKEN, "prometheusRule.enabled=true", "alerts.runbookUrl=https://wiki/llm/", "alerts.grafanaUrl=https://grafana"))

    assert {r["annotations"]["runbook_url"] for r in alerts} == {f"https://wiki/llm/{r['alert']}" for r in alerts}
    assert all(r["annotations"].get("dashboard_url", "https://grafana/d/").startswith("https://grafana/d/") for r in alerts)


def test_a_disabled_alert_is_left_out(render):
    names = {r["alert"] for r in alerts_of(render(TOKEN, "prometheusRule.enabled=true", "alerts.disabled={LLMDurationHigh}"))}

    assert names
    assert "LLMDurationHigh" not in names


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("prometheusRule.enabled=true,alerts.disabled={LLMDurationHi}", "there is no alert LLMDurationHi"),
        ("alertmanagerConfig.enabled=true,alertmanagerConfig.receivers.ops.slackConfigs[0].channel=x", "ops gets no alerts"),
    ],
)
def test_names_that_nothing_has_are_refused(helm, settings, says):
    done = helm("template", "gate", CHART, "--set", settings)

    assert done.returncode != 0
    assert says in done.stderr


ROUTING = """
alerts: {outageReceiver: status-page}
alertmanagerConfig:
  enabled: true
  receivers:
    oncall: {pagerdutyConfigs: [{routingKey: {name: pd, key: key}}]}
    status-page: {slackConfigs: [{channel: "#status"}]}
alertmanagerSecret:
  enabled: true
  receivers:
    oncall: {pagerduty_configs: [{routing_key_file: /run/pd}]}
    status-page: {webhook_configs: [{url: "http://status"}]}
"""


@pytest.fixture
def routing(render, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(ROUTING)
    return render(TOKEN, files=(file,))


def test_safety_pages_are_not_resolved_at_the_receiver(routing):
    receivers = {r["name"]: r for r in one(routing, "AlertmanagerConfig")["spec"]["receivers"]}

    assert receivers["oncall"]["pagerdutyConfigs"] == [{"routingKey": {"name": "pd", "key": "key"}, "sendResolved": False}]
    assert receivers["status-page"]["slackConfigs"] == [{"channel": "#status"}]


def test_an_outage_is_sent_to_todays_outage_receiver(routing, tool, tmp_path):
    tree = translated(one(routing, "AlertmanagerConfig"))["route"]
    outage = {"namespace": "llm", "category": "outage", "severity": "page"}

    assert list(walk(tree, outage)) == ["llm/gate-tocsin/status-page", "llm/gate-tocsin/oncall"]

    file = tmp_path / "alertmanager.yaml"
    file.write_text(one(routing, "Secret", "gate-tocsin-alertmanager")["stringData"]["alertmanager.yaml"])
    for version in ("amtool", "amtool-oldest"):
        got = subprocess.run(
            [tool(version), "config", "routes", "test", f"--config.file={file}", "category=outage", "severity=page"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert got.stdout.strip() == "status-page,oncall"


HEARTBEAT = """
prometheusRule: {enabled: true}
alertmanagerConfig: {enabled: true, receivers: {heartbeat: {webhookConfigs: [{urlSecret: {name: heartbeat, key: url}}]}}}
alertmanagerSecret: {enabled: true, receivers: {heartbeat: {webhook_configs: [{url: "http://heartbeat"}]}}}
"""


def test_one_value_sends_the_dead_mans_switch_to_a_service_outside(render, tool, tmp_path):
    (tmp_path / "values.yaml").write_text(HEARTBEAT)
    resources = render(TOKEN, files=(tmp_path / "values.yaml",))
    rules = [rule for r in of_kind(resources, "PrometheusRule") for group in r["spec"]["groups"] for rule in group["rules"]]
    switch = next(rule["labels"] | {"alertname": rule["alert"]} for rule in rules if rule.get("alert") == "TocsinDeadMansSwitch")
    files = {
        "of the operator": (yaml.safe_dump(translated(one(resources, "AlertmanagerConfig"))), "llm/gate-tocsin/heartbeat"),
        "of one's own": (one(resources, "Secret", "gate-tocsin-alertmanager")["stringData"]["alertmanager.yaml"], "heartbeat"),
    }

    for text, receiver in files.values():
        (tmp_path / "alertmanager.yaml").write_text(text)
        got = subprocess.run([tool("amtool"), "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yaml'}", *[f"{k}={v}" for k, v in switch.items()]],
                             capture_output=True, text=True, check=True)  # fmt: skip
        assert got.stdout.strip() == receiver
    # kube-prometheus-stack's InfoInhibitor mutes what is info in the namespace.
    assert switch["severity"] == "none"
    receivers = {r["name"]: r for r in one(resources, "AlertmanagerConfig")["spec"]["receivers"]}
    assert receivers["heartbeat"]["webhookConfigs"][0]["sendResolved"] is False


def test_the_routing_equals_the_shipped_one_where_the_values_are_silent(render):
    resources = render(TOKEN, "alertmanagerConfig.enabled=true", "alertmanagerSecret.enabled=true")

    compiled = bundle.compile()
    assert one(resources, "AlertmanagerConfig")["spec"] == bundle.parse(compiled.alertmanagerconfig)["spec"]
    secret = one(resources, "Secret", "gate-tocsin-alertmanager")["stringData"]["alertmanager.yaml"]
    assert bundle.parse(secret) == bundle.parse(compiled.alertmanager) | {"templates": ["*.tmpl"]}


def test_the_secret_brings_the_templates_that_receivers_use(render, tool, tmp_path):
    secret = one(render(TOKEN, "alertmanagerSecret.enabled=true"), "Secret", "gate-tocsin-alertmanager")
    for name, text in secret["stringData"].items():
        (tmp_path / name).write_text(text)

    for version in ("amtool", "amtool-oldest"):
        done = subprocess.run([tool(version), "check-config", tmp_path / "alertmanager.yaml"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "1 templates" in done.stdout
