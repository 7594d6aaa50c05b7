"""What the real Prometheus operator generates from the chart's resources, with objects like kube-prometheus-stack's."""

import base64
import gzip
import json
import re
import shlex
import subprocess

import pytest
import yaml
from chart import CHART, documents
from cluster import eventually
from routingtree import translated, walk

pytestmark = pytest.mark.timeout(600)  # the first test starts the server
LABEL = "kube-prometheus-stack"
RELEASED = {"matchLabels": {"release": LABEL}}
STACK = (
    {"kind": "Prometheus", "spec": {
        "serviceAccountName": "default", "ruleSelector": RELEASED, "ruleNamespaceSelector": {},
        "serviceMonitorSelector": RELEASED, "serviceMonitorNamespaceSelector": {},
        "podMonitorSelector": RELEASED, "podMonitorNamespaceSelector": {},
    }},
    {"kind": "Alertmanager", "spec": {"alertmanagerConfigSelector": {}, "alertmanagerConfigNamespaceSelector": {}}},
)  # fmt: skip
BASE = {
    "route": {"receiver": "null", "group_by": ["namespace"], "routes": [{"receiver": "null", "matchers": ['alertname="Watchdog"']}]},
    "receivers": [{"name": "null"}],
}
"""Alertmanager's own configuration, as the stack brings it."""
RECEIVERS = {
    "oncall": {"pagerdutyConfigs": [{"routingKey": {"name": "receivers", "key": "pagerduty"}}]},
    "product": {"slackConfigs": [{"apiURL": {"name": "receivers", "key": "slack"}, "channel": "#llm"}]},
    "tickets": {"webhookConfigs": [{"url": "http://tickets.example/hook"}]},
    "heartbeat": {"webhookConfigs": [{"urlSecret": {"name": "receivers", "key": "heartbeat"}}]},
}
SECRETS = {"pagerduty": "a-routing-key", "slack": "https://slack.example/hook", "heartbeat": "https://beat.example/ping"}
VALUES = {
    "releaseLabel": LABEL, "serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True},
    "alertmanagerConfig": {"enabled": True, "receivers": RECEIVERS},
}  # fmt: skip


def create(cluster, namespace, kind, name, version="v1", **rest):
    manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(manifest))


def text_of(cluster, secret, key):
    """A text that the operator keeps packed in a Secret; empty while it is not there."""
    found = {s["metadata"]["name"]: s.get("data") or {} for s in cluster.get("monitoring", "secrets")}
    packed = found.get(secret, {}).get(key, "")
    return gzip.decompress(base64.b64decode(packed)).decode() if packed else ""


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    file = tmp_path_factory.mktemp("values") / "values.yaml"
    file.write_text(yaml.safe_dump(VALUES))
    return file


@pytest.fixture(scope="module")
def rendered(render_text, values):
    return documents(render_text(files=(values,)))


@pytest.fixture(scope="module")
def operated(cluster, tool, values, tmp_path_factory):
    """The folder of what the operator wrote for one release, and one in mode tail in another namespace."""
    folder = tmp_path_factory.mktemp("operator")
    for namespace in ("monitoring", "llm", "nodes"):
        cluster.namespace(namespace, "privileged")
    create(cluster, "monitoring", "Secret", "alertmanager-stack", stringData={"alertmanager.yaml": json.dumps(BASE)})
    create(cluster, "llm", "Secret", "receivers", stringData=SECRETS)
    for resource in STACK:
        create(cluster, "monitoring", resource["kind"], "stack", "monitoring.coreos.com/v1", spec=resource["spec"])
    told = cluster.run("helm3", "install", "gate", CHART, "--namespace", "llm", "--values", values).stdout
    (folder / "notes.txt").write_text(told)
    settings = f"mode=tail,releaseLabel={LABEL},podMonitor.enabled=true"
    cluster.run("helm3", "install", "node", CHART, "--namespace", "nodes", "--set", settings)
    with (folder / "operator.log").open("wb") as log:
        command = [tool("prometheus-operator"), "--web.listen-address=127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=cluster.environment)
        try:
            monitors = ("serviceMonitor/llm/gate-tocsin", "podMonitor/nodes/node-tocsin")
            written = {
                "prometheus.yaml": ("prometheus-stack", "prometheus.yaml.gz", monitors),
                "alertmanager.yaml": ("alertmanager-stack-generated", "alertmanager.yaml.gz", ("llm/gate-tocsin/oncall",)),
            }
            for name, (secret, key, wanted) in written.items():
                what = f"{secret} holds {wanted}: see {log.name}"
                ready = lambda secret=secret, key=key, wanted=wanted: all(w in text_of(cluster, secret, key) for w in wanted)  # noqa: E731
                eventually(ready, what)
                (folder / name).write_text(text_of(cluster, secret, key))
            (rules,) = eventually(lambda: rule_files(cluster), "the rules are a ConfigMap")
        finally:
            process.kill()
            process.wait()
    (folder / "rules").mkdir()
    for name, text in rules["data"].items():
        (folder / "rules" / name).write_text(text)
    return folder


def rule_files(cluster):
    return [c for c in cluster.get("monitoring", "configmaps") if c["metadata"]["name"] == "prometheus-stack-rulefiles-0"]


def configuration(operated):
    return yaml.safe_load((operated / "alertmanager.yaml").read_text())


def ours(configuration):
    (route,) = [r for r in configuration["route"]["routes"] if r["receiver"].startswith("llm/")]
    return route


def shape(route):
    """The part of a configuration that routes alerts."""
    matchers = sorted(route.get("matchers", []))
    return route["receiver"], matchers, route.get("continue", False), [shape(r) for r in route.get("routes", [])]


def test_the_routing_is_the_one_that_other_tests_translate(operated, rendered):
    (resource,) = [r for r in rendered if r["kind"] == "AlertmanagerConfig"]
    (expected,) = translated(resource)["route"]["routes"]

    assert shape(ours(configuration(operated))) == shape(expected)


def test_an_alert_of_each_kind_reaches_whom_it_is_for(operated, rendered, tool):
    written = configuration(operated)
    rules = [r for resource in rendered if resource["kind"] == "PrometheusRule" for g in resource["spec"]["groups"] for r in g["rules"]]
    kinds = {
        (rule["labels"]["category"], rule["labels"]["severity"]): {"alertname": rule["alert"], **rule["labels"]}
        for rule in rules if "alert" in rule
    }  # fmt: skip

    for labels in kinds.values():
        plain = {name: value for name, value in labels.items() if "{{" not in value}
        asked = [f"{name}={value}" for name, value in plain.items()]
        command = [tool("amtool"), "config", "routes", "test", f"--config.file={operated / 'alertmanager.yaml'}", *asked]
        got = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split(",")
        assert got == list(walk(written["route"], plain)), plain
        assert plain["severity"] != "page" or "llm/gate-tocsin/oncall" in got


def test_receivers_use_the_values_of_their_secrets(operated):
    receivers = {r["name"].removeprefix("llm/gate-tocsin/"): r for r in configuration(operated)["receivers"]}

    assert receivers["oncall"]["pagerduty_configs"][0]["routing_key"] == SECRETS["pagerduty"]
    assert receivers["product"]["slack_configs"][0]["api_url"] == SECRETS["slack"]
    assert receivers["heartbeat"]["webhook_configs"][0]["url"] == SECRETS["heartbeat"]
    assert receivers["tickets"]["webhook_configs"][0]["url"] == "http://tickets.example/hook"


def test_inhibition_stays_within_the_namespace_and_mutes_no_safety(operated):
    for rule in configuration(operated)["inhibit_rules"]:
        assert 'namespace="llm"' in rule["source_matchers"]
        assert 'namespace="llm"' in rule["target_matchers"]
        assert 'category!="safety"' in rule["target_matchers"]


@pytest.mark.parametrize("name", ["amtool", "amtool-oldest"])
def test_alertmanager_takes_its_configuration(operated, tool, name):
    done = subprocess.run([tool(name), "check-config", operated / "alertmanager.yaml"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["promtool", "promtool-oldest"])
def test_prometheus_takes_the_rules(operated, tool, name):
    files = sorted((operated / "rules").iterdir())

    done = subprocess.run([tool(name), "check", "rules", *files], capture_output=True, text=True, check=False)

    assert (done.returncode, len(files)) == (0, 2), done.stdout + done.stderr


def test_the_rules_are_those_of_the_chart(operated, rendered):
    written = [yaml.safe_load(file.read_text()) for file in (operated / "rules").iterdir()]

    groups = {group["name"]: group["rules"] for file in written for group in file["groups"]}

    assert groups == {g["name"]: g["rules"] for r in rendered if r["kind"] == "PrometheusRule" for g in r["spec"]["groups"]}


def test_prometheus_finds_the_service_and_the_pods(operated, tool):
    file = operated / "prometheus.yaml"
    done = subprocess.run(
        [tool("promtool"), "check", "config", "--syntax-only", file], capture_output=True, text=True, check=False
    )
    jobs = {job["job_name"].rpartition("/")[0]: job for job in yaml.safe_load(file.read_text())["scrape_configs"]}

    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: kept(job) for name, job in jobs.items()} == {
        "serviceMonitor/llm/gate-tocsin": ("endpoints", ["llm"], "admin"), "podMonitor/nodes/node-tocsin": ("pod", ["nodes"], "admin"),
    }  # fmt: skip


def kept(job):
    """How a job finds its targets: role, namespaces, and the name of the port that it keeps."""
    (discovery,) = job["kubernetes_sd_configs"]
    (port,) = [r["regex"] for r in job["relabel_configs"] if r.get("action") == "keep" and "port_name" in r["source_labels"][0]]
    return discovery["role"], discovery["namespaces"]["names"], port


def test_the_commands_of_the_notes_show_the_selectors(operated, cluster):
    commands = re.findall(r"kubectl (get \w+ -A -o jsonpath='[^']+')", (operated / "notes.txt").read_text())

    prometheus, alertmanager = [cluster.kubectl(*shlex.split(command)) for command in commands]

    taken = json.dumps(RELEASED, separators=(",", ":"))
    assert (prometheus, alertmanager) == (f"{taken} {{}} {taken} {{}} {taken} {{}}\n", "{} {}\n")
