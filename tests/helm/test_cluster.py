"""The chart in a real Kubernetes: installed, upgraded, rolled back and removed by both Helms, admitted by Pod Security."""

import json
import os
import subprocess

import pytest
import yaml
from chart import CASES, CHART, ROOT, TOKEN, documents
from cluster import eventually

pytestmark = pytest.mark.timeout(600)  # the first test starts the server
EARLIER = "f1d0a4101d7dfb564eec5d6ced0307759d226e0f"
"""The commit whose chart is upgraded from."""
HELMS = ("helm3", "helm4")
MODES = ("webhook", "tail", "sidecar")
@pytest.fixture(scope="session")
def earlier(tool, tmp_path_factory):
    """The chart as packaged at an earlier commit."""
    folder = tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(["git", "archive", EARLIER, "helm/tocsin"], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"commit {EARLIER} is not in this clone")
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    subprocess.run([tool("helm3"), "package", folder / "helm/tocsin", "--destination", folder], check=True, capture_output=True)
    (package,) = folder.glob("*.tgz")
    return package


def values(mode):
    return CHART / "ci" / f"{'everything' if mode == 'webhook' else mode}-values.yaml"


def identities(cluster, namespace):
    """What an upgrade must keep: unique ids of workloads, Services and claims, the selectors, and the token."""
    workloads = cluster.get(namespace, "statefulsets,daemonsets,deployments")
    kept = {f"{r['kind']}/{r['metadata']['name']}": (r["metadata"]["uid"], r["spec"]["selector"]) for r in workloads}
    for resource in cluster.get(namespace, "services,persistentvolumeclaims,secrets", "app.kubernetes.io/instance"):
        secret = resource.get("data") if resource["metadata"]["name"] == "gate-tocsin" else None
        kept[f"{resource['kind']}/{resource['metadata']['name']}"] = (resource["metadata"]["uid"], secret)
    return kept


KINDS = (
    "configmaps,secrets,services,serviceaccounts,statefulsets,daemonsets,deployments,horizontalpodautoscalers,ingresses,"
    "networkpolicies,poddisruptionbudgets,servicemonitors,podmonitors,prometheusrules,alertmanagerconfigs,httproutes,"
    "grafanadashboards"
)


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("mode", MODES)
def test_a_release_is_installed_upgraded_rolled_back_and_removed(cluster, helm, mode):
    namespace = cluster.namespace(f"life-{mode}-{helm}", "privileged")
    release = ("gate", CHART, "--namespace", namespace, "--values", values(mode))

    cluster.run(helm, "install", *release, "--set", "dashboards.enabled=true,dashboards.grafanaOperator.enabled=true")
    installed = identities(cluster, namespace)
    cluster.run(helm, "upgrade", *release, "--set", "config.series.max=30000,commonLabels.team=other,image.tag=v2")
    upgraded = identities(cluster, namespace)
    cluster.run(helm, "rollback", "gate", "1", "--namespace", namespace)
    rolled_back = identities(cluster, namespace)
    cluster.run(helm, "uninstall", "gate", "--namespace", namespace)

    assert {name: upgraded.get(name) for name in installed} == installed
    assert {name: rolled_back.get(name) for name in installed} == installed
    assert cluster.get(namespace, KINDS, "app.kubernetes.io/instance=gate") == []


@pytest.mark.parametrize("helm", HELMS)
def test_an_upgrade_from_an_earlier_chart_keeps_selectors_claims_and_the_token(cluster, earlier, helm):
    namespace = cluster.namespace(f"upgrade-{helm}", "restricted")
    settings = ("--namespace", namespace, "--set", "replicaCount=2,guard.enabled=true,serviceMonitor.enabled=true")
    cluster.run(helm, "install", "gate", earlier, *settings)
    eventually(lambda: len(cluster.get(namespace, "persistentvolumeclaims")) == 2, "two claims")
    before = identities(cluster, namespace)

    cluster.run(helm, "upgrade", "gate", CHART, *settings)
    after = identities(cluster, namespace)
    cluster.run(helm, "rollback", "gate", "1", "--namespace", namespace)

    assert {name: after.get(name) for name in before} == before
    assert identities(cluster, namespace) == before
    assert before["Secret/gate-tocsin"][1]["token"]


def test_claims_outlive_the_release(cluster):
    namespace = cluster.namespace("claims", "restricted")
    cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace)
    (claim,) = eventually(lambda: cluster.get(namespace, "persistentvolumeclaims"), "a claim")
    cluster.run("helm3", "uninstall", "gate", "--namespace", namespace)
    cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace)
    eventually(lambda: cluster.get(namespace, "pods"), "a pod")

    (kept,) = cluster.get(namespace, "persistentvolumeclaims")
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"]


def between(text, start, end):
    """The part of the notes from one text up to another."""
    notes = text.split("NOTES:")[1]
    return notes[notes.index(start) : notes.index(end)]


def test_the_notes_show_a_scrape_configuration_for_plain_prometheus(cluster, tool, tmp_path):
    done = cluster.run("helm3", "install", "gate", CHART, "--namespace", cluster.namespace("plain", "restricted"))
    job = between(done.stdout, "       - job_name: tocsin", "     With the operator")
    file = tmp_path / "prometheus.yml"
    file.write_text("scrape_configs:\n" + job)

    checked = subprocess.run([tool("promtool"), "check", "config", "--syntax-only", file], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def running_components(cluster, namespace):
    return sorted(pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in cluster.get(namespace, "pods"))


def test_webhook_pods_are_admitted_where_pod_security_is_restricted(cluster):
    namespace = cluster.namespace("restricted-webhook", "restricted")

    cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace, "--set", "guard.enabled=true")

    eventually(lambda: running_components(cluster, namespace) == ["exporter", "guard", "guard"], "three pods")


def test_the_pod_of_helm_test_is_admitted_where_pod_security_is_restricted(cluster, run_helm):
    namespace = cluster.namespace("restricted-test", "restricted")
    done = run_helm("helm3", "template", "gate", CHART, "--namespace", namespace, "--show-only", "templates/tests/test-connection.yaml")
    eventually(lambda: cluster.get(namespace, "serviceaccounts"), "the account of pods")

    pod = done.stdout.replace("serviceAccountName: gate-tocsin", "serviceAccountName: default")
    cluster.kubectl("create", "--dry-run=server", "--filename=-", stdin=pod)


def test_a_gateway_with_the_sidecar_of_the_notes_is_admitted_where_pod_security_is_restricted(cluster):
    namespace = cluster.namespace("restricted-sidecar", "restricted")
    done = cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace, "--set", "mode=sidecar")
    eventually(lambda: cluster.get(namespace, "serviceaccounts"), "the account of pods")
    snippet = yaml.safe_load(between(done.stdout, "   containers:", "\n3. What pages you"))
    names = {r["metadata"]["name"] for r in cluster.get(namespace, "configmaps,secrets")}
    assert {v["configMap"]["name"] for v in snippet["volumes"] if "configMap" in v} <= names
    assert {v["secret"]["secretName"] for v in snippet["volumes"] if "secret" in v} <= names

    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gateway", "namespace": namespace}, "spec": snippet}
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(pod))


@pytest.fixture(scope="session")
def node(cluster):
    """A node without a kubelet: a DaemonSet creates a pod for it."""
    manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(manifest))
    cluster.kubectl("taint", "node", "node-1", "node.kubernetes.io/not-ready:NoSchedule-")


@pytest.mark.usefixtures("node")
def test_tail_pods_are_admitted_where_pod_security_is_privileged(cluster):
    namespace = cluster.namespace("privileged-tail", "privileged")

    cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace, "--set", "mode=tail")

    (pod,) = eventually(lambda: cluster.get(namespace, "pods"), "a pod for the node")
    assert {v["hostPath"]["path"] for v in pod["spec"]["volumes"] if "hostPath" in v} == {"/var/log", "/var/lib/tocsin"}


@pytest.mark.usefixtures("node")
def test_tail_pods_are_refused_where_pod_security_is_restricted(cluster):
    namespace = cluster.namespace("restricted-tail", "restricted")

    cluster.run("helm3", "install", "gate", CHART, "--namespace", namespace, "--set", "mode=tail")

    def refusals():
        return [e["message"] for e in cluster.get(namespace, "events") if e["reason"] == "FailedCreate"]

    refusal = eventually(refusals, "an event of the DaemonSet")[0]
    assert 'violates PodSecurity "restricted' in refusal
    assert "hostPath" in refusal
    assert cluster.get(namespace, "pods") == []


@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_reapplying_by_a_gitops_tool_changes_nothing(cluster, render_text, way):
    namespace = cluster.namespace(f"gitops{'-server' if way else ''}", "restricted")
    text = render_text(TOKEN, files=(values("webhook"),), namespace=namespace)
    manifests = "\n---\n".join(yaml.dump(r, Dumper=yaml.CSafeDumper) for r in documents(text) if "helm.sh/hook" not in r["metadata"].get("annotations", {}))
    apply = ("apply", *way, "--filename=-", "--namespace", namespace)

    cluster.kubectl(*apply, stdin=manifests)
    first = {r["metadata"]["uid"]: r["metadata"]["resourceVersion"] for r in cluster.get(namespace, "configmaps,services,statefulsets")}
    told = cluster.kubectl(*apply, stdin=manifests)

    assert "created" not in told
    again = cluster.get(namespace, "configmaps,services")
    assert {r["metadata"]["uid"]: r["metadata"]["resourceVersion"] for r in again}.items() <= first.items()


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_real_api_server_accepts_every_rendered_case(cluster, render_text, case):
    namespace = f"case-{case.stem.removesuffix('-values')}"
    cluster.namespace(namespace, "privileged")
    eventually(lambda: cluster.get(namespace, "serviceaccounts"), "the account of pods")
    text = render_text(files=(case,), namespace=namespace).replace("serviceAccountName: gate-tocsin", "serviceAccountName: default")

    cluster.kubectl("create", "--dry-run=server", "--validate=strict", "--filename=-", stdin=text)
