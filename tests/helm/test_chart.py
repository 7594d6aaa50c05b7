"""The chart, rendered by the real Helm: it lints, refuses nonsense, and says the same as the mixin."""

import importlib.util
import json
import re
import subprocess

import pytest
import yaml
from chart import CASES, CHART, ROOT, TOKEN, documents, of_kind, one, pods

from tocsin import bundle, config


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_chart_lints_strictly(helm, case):
    done = helm("lint", "--strict", CHART, "--values", case)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_resource_is_labelled_and_in_the_namespace(render, case):
    wanted = yaml.safe_load(case.read_text()).get("releaseLabel", True)
    for resource in render(files=(case,)):
        labels = resource["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "gate"
        assert resource["metadata"]["namespace"] == "llm"
        assert labels.get("release") == {True: "gate", False: None}.get(wanted, wanted)


@pytest.mark.parametrize(
    "setting",
    [
        "mod=tail", "mode=cron", "replicaCount=many", "thresholds.quality.dropRatio=15", "thresholds.quality.dropRation=0.1",
        "serviceMonitor.enabled=yes-please", "auth.token=short", "alerts.shadow={weather}", "image.digest=latest",
        # 512 bytes, and 512 thousandths of one; a limit that is none; an image with two tags; TLS for no host.
        "resources.limits.memory=512", "resources.limits.memory=512m", "resources.memory=512Mi", "guard.resources.limits.memory=512",
        "persistence.size=8", "image.repository=registry.example/tocsin:0.1", "ingress.tls[0].host=a.example",
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
        (["terminationGracePeriodSeconds=45"], "a pod is killed while its spool is counted"),
        (["mode=tail", "tail.paths={/data/llm/*.log}"], "/data/llm/*.log is not under tail.hostPath (/var/log)"),
        (["mode=tail", "tail.paths={/var/logs/llm.log}"], "add its directory to tail.extraHostPaths"),
        (["ingress.enabled=true"], "needs ingress.hosts"),
        (["serviceMonitor.enabled=true", "serviceMonitor.scrapeTimeout=30s"], "the operator would leave the whole monitor out"),
        (["podMonitor.enabled=true", "podMonitor.interval=1m", "podMonitor.scrapeTimeout=90s"], "must not be over interval"),
        (["route.enabled=true"], "needs route.parentRefs"),
        (["prometheusRule.enabled=true", "thresholds.format.minimumRatio=0.96"], "the page never resolves"),
        (["prometheusRule.enabled=true", "thresholds.quality.dropRatio=0.1"], "a ticket comes before the page"),
    ],
)
def test_combinations_that_would_harm_are_refused_with_the_reason(helm, settings, says):
    done = helm("template", "gate", CHART, *[item for text in settings for item in ("--set", text)])

    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        ["mode=tail", "tail.paths={/data/llm/*.log}", "tail.extraHostPaths={/data/}"],
        ["mode=tail", "tail.paths={/data/llm/*.log}", "extraVolumeMounts[0].mountPath=/data", "extraVolumeMounts[0].name=data"],
        ["mode=tail", "tail.paths={/data/a.log}", "extraVolumeMounts[0].mountPath=/data/a.log", "extraVolumeMounts[0].name=data"],
        ["mode=tail", "tail.extraHostPaths=null"],
    ],
)  # fmt: skip
def test_paths_that_a_pod_sees_are_not_refused(helm, settings):
    done = helm("template", "gate", CHART, *[item for text in settings for item in ("--set", text)])

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("routing", "words"), [("alertmanagerConfig", "pagerduty_configs"), ("alertmanagerSecret", "pagerdutyConfigs")])
def test_integrations_in_the_words_of_the_other_routing_are_refused(helm, routing, words):
    done = helm("template", "gate", CHART, "--set", f"{routing}.enabled=true,{routing}.receivers.oncall.{words}[0].x=y")

    assert done.returncode != 0
    assert f"/{routing}/receivers/oncall" in done.stderr
    assert words in done.stderr


def test_the_schema_knows_the_configuration_of_the_exporter():
    spec = importlib.util.spec_from_file_location("valuesschema", ROOT / "tools" / "valuesschema.py")
    valuesschema = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(valuesschema)

    assert json.loads((CHART / "values.schema.json").read_text())["definitions"] == valuesschema.definitions(), "run `make docs`"


@pytest.mark.parametrize(
    ("setting", "says"),
    [("config.series.mxa=3000", "/config/series"), ("config.ingest.max_body_bytes=64MiB", "/config/ingest/max_body_bytes"), ("config.declared.content=maybe", "/config/declared/content")],
)
def test_a_wrong_configuration_is_refused_before_a_pod_starts_with_it(helm, setting, says):
    done = helm("template", "gate", CHART, "--set", setting)

    assert done.returncode != 0
    assert says in done.stderr


def test_off_is_a_word_in_the_values_too(render, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("config: {declared: {content: off}, routes: [{match: {}, detectors: {pii: off}}]}\n")

    loaded = config.parse(one(render(TOKEN, files=(values,)), "ConfigMap", "gate-tocsin")["data"]["tocsin.yml"].encode())

    assert (loaded.declared.content, loaded.routes[0].detectors) == ("off", {"pii": "off"})


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
    for pod in pods(render(files=(case,))):
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


@pytest.mark.parametrize("mode", ["webhook", "tail"])
def test_the_pod_security_context_that_is_given_stands_once(render_text, mode):
    text = render_text(f"mode={mode}", "podSecurityContext.fsGroup=2000", TOKEN)

    assert set(re.findall(r"fsGroup: .*", text)) == {"fsGroup: 2000"}
    assert text.count("fsGroup:") == 2  # the workload's and the test's


def test_the_platform_chooses_ids_that_are_null(render):
    resources = render("guard.enabled=true", TOKEN, *(f"podSecurityContext.{key}=null" for key in ("runAsUser", "runAsGroup", "fsGroup")))

    for pod in pods(resources):
        assert pod["securityContext"].keys() == {"fsGroupChangePolicy", "runAsNonRoot", "seccompProfile"}


def test_the_pod_of_helm_test_may_look_where_scraping_is_limited(render):
    resources = render(TOKEN, "networkPolicy.scrapeFrom[0].podSelector.matchLabels.app=prometheus")

    (admin, _) = one(resources, "NetworkPolicy", "gate-tocsin")["spec"]["ingress"]
    looks = one(resources, "Pod")["metadata"]["labels"]
    assert any(peer["podSelector"]["matchLabels"].items() <= looks.items() for peer in admin["from"])


def test_the_container_beside_a_gateway_has_the_certificate_that_its_configuration_names(render_text, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("mode: sidecar\ntls: {existingSecret: cert}\nextraManifests: ['{{ include \"tocsin.sidecar\" . }}']\n")

    (snippet,) = [found for found in documents(render_text(TOKEN, files=(values,))) if "containers" in found]

    (container,) = snippet["containers"]
    assert "--web.config.file=/etc/tocsin/web.yml" in container["args"]
    assert "/run/secrets/tls" in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {volume["name"] for volume in snippet["volumes"]} == {mount["name"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize("settings", [(TOKEN, "guard.enabled=true", "dashboards.enabled=true"), ("existingSecret=mine",)])
def test_rendering_twice_gives_the_same_bytes_when_the_token_is_given(render_text, settings):
    render_anew = render_text.__wrapped__  # past the cache

    assert render_anew(*settings) == render_anew(*settings)


def test_a_token_is_made_where_none_is_given(render_text):
    first, second = (one(documents(render_text.__wrapped__()), "Secret")["data"]["token"] for _ in range(2))

    assert len(first) >= 40
    assert first != second


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
    (settings,) = [r for r in of_kind(render(files=(case,)), "ConfigMap") if r["metadata"]["name"] == "gate-tocsin"]

    loaded = config.parse(settings["data"]["tocsin.yml"].encode())

    assert loaded.ingest.listen_address == "0.0.0.0:9878"
    assert loaded.ingest.auth[0].secret_file == "/run/secrets/tocsin/token"


def test_the_users_configuration_wins(render):
    resources = render(TOKEN, "config.ingest.listen_address=127.0.0.1:1", "config.consumers.top=5")

    loaded = config.parse(of_kind(resources, "ConfigMap")[0]["data"]["tocsin.yml"].encode())
    assert loaded.ingest.listen_address == "127.0.0.1:1"
    assert loaded.consumers.top == 5


@pytest.mark.parametrize(("address", "arrives"), [("127.0.0.1:9878", False), ("0.0.0.0:9000", False), ("[::]:9878", True)])
def test_the_notes_say_where_no_other_pod_reaches_the_webhook(run_helm, address, arrives):
    setting = f"config.ingest.listen_address={address}"
    done = run_helm("helm4", "install", "gate", CHART, "--dry-run=client", "--set", setting)  # Helm 3 asks a cluster

    assert done.returncode == 0, done.stderr
    assert ("NOTHING ARRIVES" not in done.stdout) == arrives


@pytest.mark.parametrize(("given", "stands"), [("null", "1"), ("20261127", "20261127")])
def test_the_baseline_of_cost_stands_as_it_is_written(helm, tmp_path, given, stands):
    """Null is what an upgrade with ``--reuse-values`` finds in the values of an earlier chart."""
    (tmp_path / "values.yaml").write_text(f"thresholds: {{cost: {{baseline: {given}}}}}")
    done = helm("template", "gate", CHART, "--set", "rulesConfigMap.enabled=true", "-f", str(tmp_path / "values.yaml"))

    assert done.returncode == 0, done.stderr
    assert f'llm_cost_usd:expected{{baseline="{stands}"}}' in done.stdout


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
    expected = [group for text in (compiled.recording, compiled.alerts) for group in documents(text)[0]["groups"]]
    got = [group for resource in rules for group in resource["spec"]["groups"]]
    for group in got:
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"].pop("namespace") == "llm"
    assert got == expected


def test_a_threshold_of_the_values_stands_in_the_rules(render, tool, tmp_path):
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


def translated(resource, receivers=()):
    """An AlertmanagerConfig as the operator makes a part of Alertmanager's configuration of it.

    It puts a matcher on the resource's namespace in front of the tree, lets alerts go on after it, and puts the
    namespace and the resource in front of the names of receivers.
    """
    namespace = resource["metadata"]["namespace"]
    prefix = f"{namespace}/{resource['metadata']['name']}/"

    def plain(entry):
        snake = {re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), key): value for key, value in entry.items()}
        snake["matchers"] = [f'{m["name"]}{m.get("matchType", "=")}"{m["value"]}"' for m in entry.get("matchers", [])]
        snake["routes"] = [plain(child) for child in entry.get("routes", [])]
        return snake | {"receiver": prefix + entry["receiver"]}

    tree = plain(resource["spec"]["route"])
    tree |= {"matchers": [*tree["matchers"], f'namespace="{namespace}"'], "continue": True}
    names = [{"name": prefix + receiver["name"]} for receiver in resource["spec"]["receivers"]]
    return {"route": {"receiver": "elsewhere", "routes": [tree]}, "receivers": [*names, {"name": "elsewhere"}]}


def walk(route, labels):
    """Yield the receivers of an alert, as Alertmanager's dispatcher finds them."""
    operators = {"=": lambda a, b: a == b, "!=": lambda a, b: a != b,
                 "=~": lambda a, b: bool(re.fullmatch(b, a)), "!~": lambda a, b: not re.fullmatch(b, a)}  # fmt: skip
    found = False
    for child in route.get("routes", []):
        parts = [re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher).groups() for matcher in child["matchers"]]
        if all(operators[operator](labels.get(name, ""), value) for name, operator, value in parts):
            yield from walk(child, labels)
            found = True
            if not child.get("continue"):
                break
    if not found:
        yield route["receiver"]


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


def test_the_guard_stays_up_during_a_rollout(render):
    (guard,) = of_kind(render(TOKEN, "guard.enabled=true"), "Deployment")

    assert guard["spec"]["replicas"] == 2
    assert guard["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "--guard-only" in guard["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_helm_4_renders_what_helm_3_renders(render, case):
    assert render(files=(case,), version="helm4") == render(files=(case,))


@pytest.mark.parametrize("kubernetes", ["1.31.14", "1.34.3", "1.36.3"])
def test_manifests_fit_the_schemas_of_kubernetes_and_the_operators(render_text, tool, schemas, kubernetes):
    done = subprocess.run(
        [
            tool("kubeconform"), "-strict", "-summary", "-output=json", f"-kubernetes-version={kubernetes}",
            "-schema-location", f"{schemas}/{{{{ .NormalizedKubernetesVersion }}}}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json",
            "-schema-location", f"{schemas}/crds/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json",
        ],
        input="\n---\n".join(render_text(files=(case,)) for case in CASES), capture_output=True, text=True, check=False,
    )  # fmt: skip

    told = json.loads(done.stdout)
    assert told["resources"] == []  # the valid ones are not listed
    assert told["summary"]["valid"] > 100
    assert told["summary"]["skipped"] == 0


def test_the_schemas_refuse_what_a_server_would(render_text, tool, schemas):
    text = render_text(TOKEN).replace("podManagementPolicy", "podManagmentPolicy")

    done = subprocess.run(
        [tool("kubeconform"), "-strict", "-schema-location", f"{schemas}/v1.34.3/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "podManagmentPolicy" in done.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_resource_is_small_enough_to_be_applied_client_side(render, case):
    for resource in render(files=(case,)):
        assert len(json.dumps(resource).encode()) < 262_144, resource["metadata"]["name"]


@pytest.mark.parametrize("settings", [(), ("dashboards.grafanaOperator.enabled=true", "dashboards.enabled=true")])
def test_a_release_label_of_ones_own_is_on_every_resource(render, settings):
    for resource in render(TOKEN, "releaseLabel=monitoring", "serviceMonitor.enabled=true", *settings):
        assert resource["metadata"]["labels"]["release"] == "monitoring"


def test_a_chart_that_depends_on_this_one_renders_it(run_helm, tmp_path):
    """Helm hands `global` to every dependency, which a schema without it would refuse."""
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: parent\nversion: 1.0.0\n")
    (tmp_path / "values.yaml").write_text("global: {imageRegistry: x}\ntocsin: {auth: {token: a-token-of-at-least-16}}\n")
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "tocsin").symlink_to(CHART)

    done = run_helm("helm3", "template", "gate", tmp_path)

    assert done.returncode == 0, done.stderr
    assert "kind: StatefulSet" in done.stdout


def test_large_numbers_of_the_configuration_stay_whole(render, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("config: {ingest: {spool_max_bytes: 8589934592, max_body_bytes: 134217728}}\n")

    settings = one(render(TOKEN, files=(file,)), "ConfigMap", "gate-tocsin")

    assert config.parse(settings["data"]["tocsin.yml"].encode()).ingest.spool_max_bytes == 8_589_934_592


def settings_of(resources):
    return config.parse(one(resources, "ConfigMap", "gate-tocsin")["data"]["tocsin.yml"].encode())


def test_the_outlier_factor_reaches_the_exporter_for_every_route(render, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(
        "thresholds: {tokens: {outlierFactor: 5}}\n"
        "config: {routes: [{match: {route: chat}, owner: a}, {match: {route: x}, thresholds: {tokens.outlierFactor: 9}}]}\n"
    )

    routes = settings_of(render(TOKEN, files=(file,))).routes

    assert [(r.match.route, r.owner, r.thresholds["tokens.outlierFactor"]) for r in routes] == [
        ("chat", "a", 5), ("x", "", 9), ("*", "", 5),
    ]  # fmt: skip


def test_both_listeners_speak_tls_where_a_certificate_is_named(render):
    resources = render(TOKEN, "tls.existingSecret=tls", "serviceMonitor.enabled=true")

    (pod,) = pods(resources)
    assert settings_of(resources).ingest.web_config_file == "/etc/tocsin/web.yml"
    assert "--web.config.file=/etc/tocsin/web.yml" in pod["containers"][0]["args"]
    assert pod["containers"][0]["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert one(resources, "ServiceMonitor")["spec"]["endpoints"][0]["scheme"] == "https"


def test_all_replicas_hash_consumers_with_one_key(render):
    assert settings_of(render(TOKEN, "replicaCount=3")).consumers.hash_key_file == "/run/secrets/tocsin/token"


def test_a_new_token_restarts_the_pods(render):
    before = one(render(TOKEN), "StatefulSet")
    after = one(render("auth.token=another-token-of-16"), "StatefulSet")

    assert before["spec"]["template"]["metadata"] != after["spec"]["template"]["metadata"]


def test_pods_are_scraped_once_where_both_monitors_are_on(render):
    resources = render(TOKEN, "serviceMonitor.enabled=true", "podMonitor.enabled=true")

    assert one(resources, "PodMonitor")["spec"]["selector"]["matchLabels"] == {"tocsin.dev/sidecar": "true"}


def test_a_pod_monitor_alone_scrapes_the_guard_too(render):
    resources = render(TOKEN, "podMonitor.enabled=true", "guard.enabled=true")

    selected = one(resources, "PodMonitor")["spec"]["selector"]["matchLabels"].items()
    for workload in (one(resources, "StatefulSet"), one(resources, "Deployment")):
        assert selected <= workload["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("mode", ["webhook", "tail"])
def test_the_policy_lets_nothing_out_and_two_ports_in(render, mode):
    policies = [p for p in of_kind(render(TOKEN, f"mode={mode}", "guard.enabled=true"), "NetworkPolicy") if "annotations" not in p["metadata"]]

    assert len(policies) == 2
    for policy in policies:
        assert policy["spec"]["egress"] == []
        assert [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]] == ["admin", "ingest"]


def test_probes_of_providers_are_let_out(render):
    policy = one(render(TOKEN, "config.probes[0].provider=openai", "config.probes[0].url=https://api"), "NetworkPolicy", "gate-tocsin")

    assert [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]] == [53, 53, 443, 80]


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


def test_links_in_alerts_lead_where_the_values_say(render):
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


def test_an_outage_is_told_where_outages_are_told_today(routing, tool, tmp_path):
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


def test_a_pod_that_ends_is_held_until_its_spool_is_counted_and_scraped(render):
    (exporter, guard) = (r["spec"]["template"]["spec"] for r in (one(render(TOKEN, "guard.enabled=true"), k) for k in ("StatefulSet", "Deployment")))

    hold = exporter["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert hold == ["tocsin", "drain", "--url=http://127.0.0.1:9877/metrics", "--at-least=20", "--at-most=45"]
    assert "--at-least=5" in guard["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert exporter["terminationGracePeriodSeconds"] >= 45 + 10


def test_a_trial_needs_no_volume(render):
    resources = render(TOKEN, "persistence.enabled=false")

    assert "volumeClaimTemplates" not in one(resources, "StatefulSet")["spec"]
    assert {"name": "data", "emptyDir": {}} in pods(resources)[0]["volumes"]


@pytest.mark.parametrize(
    "settings",
    [
        ("resources.limits.memory=536870912", "persistence.size=10737418240"), ("resources.limits=null",), ("resources.limits.memory=null",),
        ("resources.limits.nvidia\\.com/gpu=1", "resources.limits.memory=0.5Gi", "resources.limits.cpu=1"), ("image.repository=registry.example:5000/team/tocsin",),
        ("serviceMonitor.enabled=true", "serviceMonitor.interval=1m", "serviceMonitor.scrapeTimeout=60s"),
    ],
)  # fmt: skip
def test_values_as_teams_set_them_are_taken(helm, settings):
    done = helm("template", "gate", CHART, *[item for text in settings for item in ("--set", text)])

    assert done.returncode == 0, done.stderr


def test_a_spread_without_a_selector_counts_the_pods_of_its_own_workload(render):
    spread = "topologySpreadConstraints[{0}].maxSkew=1,topologySpreadConstraints[{0}].topologyKey=zone"
    resources = render(TOKEN, "guard.enabled=true", spread.format(0), f"{spread.format(1)},topologySpreadConstraints[1].labelSelector.matchLabels.app=other")

    for workload in of_kind(resources, "StatefulSet") + of_kind(resources, "Deployment"):
        filled, given = workload["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert filled["labelSelector"] == workload["spec"]["selector"]
        assert given["labelSelector"] == {"matchLabels": {"app": "other"}}


def test_replicas_keep_apart_where_they_can(render):
    guard = one(render(TOKEN, "guard.enabled=true"), "Deployment")["spec"]["template"]

    (term,) = guard["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"].items() <= guard["metadata"]["labels"].items()


def test_the_readme_of_values_is_current(tool):
    done = subprocess.run(
        [tool("helm-docs"), "--chart-search-root", CHART, "--dry-run", "--log-level=warning"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == (CHART / "README.md").read_text().strip(), "run `make docs`"
