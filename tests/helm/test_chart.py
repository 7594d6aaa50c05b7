"""The chart, rendered by the real Helm: it lints, refuses nonsense, and says the same as the mixin."""

import importlib.util
import json
import re
import subprocess

import pytest
import yaml
from chart import CASES, CHART, ROOT, TOKEN, documents, of_kind, one, pods

from tocsin import config


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
        (["config.storage.path=/data"], "state is kept on the chart's volume, never in /data"),
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


def test_the_schema_includes_the_exporters_configuration():
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


def test_off_is_text_in_the_values(render, tmp_path):
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
def test_a_given_pod_security_context_is_rendered_once(render_text, mode):
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


def test_the_pod_of_helm_test_runs_where_the_others_may(render):
    resources = render(TOKEN, "nodeSelector.pool=llm", "tolerations[0].key=gpu", "tolerations[0].operator=Exists")

    for pod in [one(resources, "Pod")["spec"], *pods(resources)]:
        assert pod["nodeSelector"] == {"pool": "llm"}
        assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}]


def test_the_sidecar_mounts_the_certificate_that_its_configuration_names(render_text, tmp_path):
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


def test_a_token_is_generated_if_none_is_given(render_text):
    first, second = (one(documents(render_text.__wrapped__()), "Secret")["data"]["token"] for _ in range(2))

    assert len(first) >= 40
    assert first != second


def test_no_secret_is_created_if_one_exists(render):
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
def test_the_notes_warn_if_no_other_pod_can_reach_the_webhook(run_helm, address, arrives):
    setting = f"config.ingest.listen_address={address}"
    done = run_helm("helm4", "install", "gate", CHART, "--dry-run=client", "--set", setting)  # Helm 3 asks a cluster

    assert done.returncode == 0, done.stderr
    assert ("NOTHING ARRIVES" not in done.stdout) == arrives


@pytest.mark.parametrize(("interval", "warned"), [("5m", True), ("61s", True), ("1m", False)])
def test_the_notes_warn_if_the_scrape_interval_is_too_long_for_the_rules(run_helm, interval, warned):
    settings = f"serviceMonitor.enabled=true,serviceMonitor.interval={interval}"
    done = run_helm("helm4", "install", "gate", CHART, "--dry-run=client", "--set", settings)

    assert done.returncode == 0, done.stderr
    assert (f"SCRAPED EVERY {interval}" in done.stdout) is warned


def test_the_notes_show_how_to_query_an_operators_selectors(run_helm):
    settings = "serviceMonitor.enabled=true,alertmanagerConfig.enabled=true"
    done = run_helm("helm4", "install", "gate", CHART, "--dry-run=client", "--set", settings)

    assert done.returncode == 0, done.stderr
    assert re.findall(r"kubectl get (\w+) -A", done.stdout) == ["prometheus", "alertmanager"]
    assert "{.serviceMonitorNamespaceSelector}" in done.stdout
    assert "{.alertmanagerConfigSelector}" in done.stdout


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


def test_the_guard_stays_up_during_a_rollout(render):
    (guard,) = of_kind(render(TOKEN, "guard.enabled=true"), "Deployment")

    assert guard["spec"]["replicas"] == 2
    assert guard["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "--guard-only" in guard["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_helm_3_and_helm_4_render_the_same(render, case):
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


def test_the_schemas_reject_what_a_server_rejects(render_text, tool, schemas):
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


def test_large_numbers_in_the_configuration_are_not_rounded(render, tmp_path):
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


def test_a_pod_monitor_also_scrapes_the_guard(render):
    resources = render(TOKEN, "podMonitor.enabled=true", "guard.enabled=true")

    selected = one(resources, "PodMonitor")["spec"]["selector"]["matchLabels"].items()
    for workload in (one(resources, "StatefulSet"), one(resources, "Deployment")):
        assert selected <= workload["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("mode", ["webhook", "tail"])
def test_the_network_policy_allows_no_egress_and_two_ports(render, mode):
    policies = [p for p in of_kind(render(TOKEN, f"mode={mode}", "guard.enabled=true"), "NetworkPolicy") if "annotations" not in p["metadata"]]

    assert len(policies) == 2
    for policy in policies:
        assert policy["spec"]["egress"] == []
        assert [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]] == ["admin", "ingest"]


def test_probes_of_providers_are_let_out(render):
    policy = one(render(TOKEN, "config.probes[0].provider=openai", "config.probes[0].url=https://api"), "NetworkPolicy", "gate-tocsin")

    assert [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]] == [53, 53, 443, 80]


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


def test_replicas_prefer_different_nodes(render):
    guard = one(render(TOKEN, "guard.enabled=true"), "Deployment")["spec"]["template"]

    (term,) = guard["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"].items() <= guard["metadata"]["labels"].items()


def test_the_readme_of_values_is_current(tool):
    done = subprocess.run(
        [tool("helm-docs"), "--chart-search-root", CHART, "--dry-run", "--log-level=warning"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == (CHART / "README.md").read_text().strip(), "run `make docs`"
