"""The chart, rendered by the real Helm: it lints, refuses nonsense, and says the same as the mixin."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tocsin import bundle, config

CHART = Path(__file__).parents[2] / "helm" / "tocsin"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
TOKEN = "auth.token=a-token-of-at-least-16"


@pytest.fixture(params=["helm3"])
def helm(request, tool):
    """Runs Helm; returns what it did."""
    path = tool(request.param)

    def run(*arguments):
        return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def render(helm):
    """Renders the chart with --set texts or value files; returns the resources."""

    def template(*settings, files=(), name="gate", namespace="llm"):
        arguments = [item for text in settings for item in ("--set", text)]
        arguments += [item for file in files for item in ("--values", file)]
        done = helm("template", name, CHART, "--namespace", namespace, *arguments)
        assert done.returncode == 0, done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return template


def of_kind(resources, kind):
    return [resource for resource in resources if resource["kind"] == kind]


def pods(resources):
    return [r["spec"]["template"]["spec"] for r in resources if r["kind"] in ("StatefulSet", "DaemonSet", "Deployment")]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_chart_lints_strictly(helm, case):
    done = helm("lint", "--strict", CHART, "--values", case)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_resource_is_labelled_and_in_the_namespace(render, case):
    for resource in render(files=[case]):
        labels = resource["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "gate"
        assert resource["metadata"]["namespace"] == "llm"
        assert labels["release"] == "gate"


@pytest.mark.parametrize(
    "setting",
    [
        "mod=tail", "mode=cron", "replicaCount=many", "thresholds.quality.dropRatio=15", "thresholds.quality.dropRation=0.1",
        "serviceMonitor.enabled=yes-please", "auth.token=short", "alerts.shadow={weather}", "image.digest=latest",
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(helm, setting):
    done = helm("template", "gate", CHART, "--set", setting)

    assert done.returncode != 0
    assert "schema" in done.stderr or "values don't meet" in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["mode=tail", "autoscaling.enabled=true"], "two tailers of one file count it twice"),
        (["persistence.existingClaim=mine", "replicaCount=2"], "holds the state of one replica"),
        (["mode=sidecar", "guard.enabled=true"], "sidecar renders no workload"),
    ],
)
def test_combinations_that_would_harm_are_refused_with_the_reason(helm, settings, says):
    done = helm("template", "gate", CHART, *[item for text in settings for item in ("--set", text)])

    assert done.returncode != 0
    assert says in done.stderr


def test_every_value_has_a_place_in_the_schema():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def missing(values, node, path=""):
        for key, value in values.items():
            known = node.get("properties", {})
            if key not in known:
                yield f"{path}.{key}"
            elif isinstance(value, dict) and known[key].get("additionalProperties") is False:
                yield from missing(value, known[key], f"{path}.{key}")

    assert list(missing(yaml.safe_load((CHART / "values.yaml").read_text()), schema)) == []


@pytest.mark.parametrize("case", [c for c in CASES if "tail" not in c.stem], ids=lambda path: path.stem)
def test_pods_meet_pod_security_restricted(render, case):
    for pod in pods(render(files=[case])):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not [v for v in pod["volumes"] if "hostPath" in v]
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}


def test_logs_are_mounted_read_only_in_tail_mode(render):
    (pod,) = pods(render("mode=tail", TOKEN))

    mounts = {m["name"]: m for m in pod["containers"][0]["volumeMounts"]}
    assert mounts["logs"] == {"name": "logs", "mountPath": "/var/log", "readOnly": True}


def test_sidecar_mode_renders_no_workload(render):
    resources = render("mode=sidecar", "podMonitor.enabled=true", "rulesConfigMap.enabled=true", TOKEN)

    assert sorted({r["kind"] for r in resources}) == ["ConfigMap", "PodMonitor", "Secret"]


def test_rendering_twice_gives_the_same_bytes_when_the_token_is_given(render):
    assert render(TOKEN) == render(TOKEN)


def test_no_secret_is_made_where_one_exists(render):
    assert of_kind(render("existingSecret=mine"), "Secret") == []


def test_selectors_do_not_follow_versions_or_common_labels(render):
    (plain,) = of_kind(render(TOKEN), "StatefulSet")
    (labelled,) = of_kind(render(TOKEN, "commonLabels.team=llm", "image.tag=v9"), "StatefulSet")

    assert plain["spec"]["selector"] == labelled["spec"]["selector"]
    assert set(plain["spec"]["selector"]["matchLabels"]) == {
        "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component",
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_exporter_takes_the_rendered_configuration(render, case):
    (settings,) = [r for r in of_kind(render(files=[case]), "ConfigMap") if r["metadata"]["name"] == "gate-tocsin"]

    loaded = config.parse(settings["data"]["tocsin.yml"].encode())

    assert loaded.ingest.listen_address == "0.0.0.0:9878"
    assert loaded.ingest.auth[0].secret_file == "/run/secrets/tocsin/token"


def test_the_users_configuration_wins(render):
    resources = render(TOKEN, "config.ingest.listen_address=127.0.0.1:1", "config.consumers.top=5")

    loaded = config.parse(of_kind(resources, "ConfigMap")[0]["data"]["tocsin.yml"].encode())
    assert loaded.ingest.listen_address == "127.0.0.1:1"
    assert loaded.consumers.top == 5


def test_the_sample_limit_is_half_as_much_again_as_the_series_bound(render):
    (monitor,) = of_kind(render(TOKEN, "serviceMonitor.enabled=true", "config.series.max=40000"), "ServiceMonitor")

    assert monitor["spec"]["sampleLimit"] == 60000


def test_the_job_is_called_tocsin_under_any_release_name(render):
    resources = render(TOKEN, "serviceMonitor.enabled=true", name="anything")
    (monitor,) = of_kind(resources, "ServiceMonitor")

    label = monitor["spec"]["jobLabel"]
    services = [s for s in of_kind(resources, "Service") if label in s["metadata"]["labels"]]
    assert {s["metadata"]["labels"][label] for s in services} == {"tocsin"}
    assert len(services) == 1


def test_rules_equal_the_mixins_but_for_the_namespace(render):
    rules = of_kind(render(TOKEN, "prometheusRule.enabled=true"), "PrometheusRule")

    compiled = bundle.compile()
    expected = yaml.safe_load(compiled.recording)["groups"] + yaml.safe_load(compiled.alerts)["groups"]
    got = [group for resource in rules for group in resource["spec"]["groups"]]
    for group in got:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"].pop("namespace") == "llm"
    assert got == expected


def test_a_threshold_of_the_values_stands_in_the_rules(render, tool, tmp_path):
    resources = render(TOKEN, "rulesConfigMap.enabled=true", "thresholds.quality.dropRatio=0.21", "thresholds.cost.ceilingPerHour=90")
    (rules,) = [r for r in of_kind(resources, "ConfigMap") if r["metadata"]["name"].endswith("-rules")]

    text = rules["data"]["recording.yaml"] + rules["data"]["alerts.yaml"]
    assert "0.21" in text
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


def test_an_alert_of_the_chart_passes_the_operators_namespace_matcher(render, tool, tmp_path):
    """The operator puts a matcher on the namespace of an AlertmanagerConfig in front of its tree."""
    resources = render(TOKEN, "alertmanagerConfig.enabled=true", "prometheusRule.enabled=true")
    (operated,) = of_kind(resources, "AlertmanagerConfig")
    tree = json.loads(json.dumps(operated["spec"]["route"]))

    def plain(entry):
        snake = {re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), key): value for key, value in entry.items()}
        snake["matchers"] = [f'{m["name"]}{m.get("matchType", "=")}"{m["value"]}"' for m in entry.get("matchers", [])]
        snake["routes"] = [plain(child) for child in entry.get("routes", [])]
        return snake

    wrapped = plain(tree) | {"matchers": ['namespace="llm"'], "continue": True}
    file = tmp_path / "alertmanager.yaml"
    receivers = [{"name": r["name"]} for r in operated["spec"]["receivers"]] + [{"name": "elsewhere"}]
    file.write_text(yaml.safe_dump({"route": {"receiver": "elsewhere", "routes": [wrapped]}, "receivers": receivers}))

    for resource in of_kind(resources, "PrometheusRule"):
        for group in resource["spec"]["groups"]:
            for rule in group["rules"]:
                if "alert" in rule and rule["labels"]["severity"] == "page":
                    labels = [f"{k}={v}" for k, v in rule["labels"].items() if "{{" not in v]
                    got = subprocess.run(
                        [tool("amtool"), "config", "routes", "test", f"--config.file={file}", *labels],
                        capture_output=True, text=True, check=True,
                    )  # fmt: skip
                    assert "oncall" in got.stdout, rule["alert"]


def test_the_guard_stays_up_during_a_rollout(render):
    (guard,) = of_kind(render(TOKEN, "guard.enabled=true"), "Deployment")

    assert guard["spec"]["replicas"] == 2
    assert guard["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "--guard-only" in guard["spec"]["template"]["spec"]["containers"][0]["args"]
