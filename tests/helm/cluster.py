"""A Kubernetes API server with its controllers, and no node: everything but running containers is the real thing."""

import contextlib
import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from tocsin.demo.stack import free_port

TOKEN = "an-administrator-of-this-test"
GROUPS = {
    "statefulsets": "apis/apps/v1", "daemonsets": "apis/apps/v1", "deployments": "apis/apps/v1",
    "horizontalpodautoscalers": "apis/autoscaling/v2", "poddisruptionbudgets": "apis/policy/v1",
    "ingresses": "apis/networking.k8s.io/v1", "networkpolicies": "apis/networking.k8s.io/v1",
    "servicemonitors": "apis/monitoring.coreos.com/v1", "podmonitors": "apis/monitoring.coreos.com/v1",
    "prometheusrules": "apis/monitoring.coreos.com/v1", "alertmanagerconfigs": "apis/monitoring.coreos.com/v1alpha1",
    "httproutes": "apis/gateway.networking.k8s.io/v1", "grafanadashboards": "apis/grafana.integreatly.org/v1beta1",
    "customresourcedefinitions": "apis/apiextensions.k8s.io/v1",
}  # fmt: skip
CONTROLLERS = (
    "daemonset-controller", "deployment-controller", "garbage-collector-controller", "namespace-controller",
    "replicaset-controller", "serviceaccount-controller", "statefulset-controller",
)  # fmt: skip


def eventually(check, what: str, seconds: float = 60):
    """Return what ``check`` returns once that is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := check():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:g} s: {what}")


class Cluster:
    """Runs kubectl and Helm against the server."""

    def __init__(self, folder: Path, port: int, tool) -> None:
        self.port = port
        self._tool = tool
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(folder / "kubeconfig"),
            "HELM_CACHE_HOME": str(folder / "helm"), "HELM_CONFIG_HOME": str(folder / "helm"), "HELM_DATA_HOME": str(folder / "helm"),
        }  # fmt: skip

    def run(self, name: str, *arguments, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [self._tool(name), *map(str, arguments)],
            input=stdin, capture_output=True, text=True, timeout=240, check=False, env=self.environment,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"{name} {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}"
        return done

    def kubectl(self, *arguments, **options) -> str:
        return self.run("kubectl", *arguments, **options).stdout

    def get(self, namespace: str, resources: str, selector: str = "") -> list[dict]:
        """List resources (``pods,services``) of a namespace; over HTTP, since a process for each look costs too much."""
        found = []
        for plural in resources.split(","):
            group = GROUPS.get(plural, "api/v1")
            path = f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"
            listed = json.loads(ask(self.port, f"/{path}?labelSelector={quote(selector)}"))
            found += [{"kind": listed["kind"].removesuffix("List")} | item for item in listed["items"]]
        return found

    def namespace(self, name: str, level: str) -> str:
        """Make a namespace that enforces a level of Pod Security."""
        manifest = {
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level}},
        }  # fmt: skip
        self.kubectl("create", "--filename=-", stdin=json.dumps(manifest))
        return name


@contextlib.contextmanager
def running(folder: Path, tool, more: Sequence[str] = ()) -> Iterator[Cluster]:
    """Start etcd, the API server and the controllers, those of a node among them (``more``); end them afterwards."""
    etcd, peer, port = free_port(), free_port(), free_port()
    cluster = Cluster(folder, port, tool)
    key = folder / "serviceaccounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    (folder / "kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
    }))  # fmt: skip
    commands = {
        "etcd": [
            f"--data-dir={folder / 'etcd'}", f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}",
        ],
        "kube-apiserver": [
            f"--etcd-servers=http://127.0.0.1:{etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.0.0.0/24",
        ],
        "kube-controller-manager": [
            f"--kubeconfig={folder / 'kubeconfig'}", "--leader-elect=false", "--secure-port=0",
            f"--service-account-private-key-file={key}", f"--controllers={','.join((*CONTROLLERS, *more))}",
        ],
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        for name, arguments in commands.items():
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen([tool(name), *arguments], stdout=log, stderr=log, env=cluster.environment)
            stack.callback(process.wait, 60)
            stack.callback(process.kill)
            if name == "kube-apiserver":
                eventually(lambda: _ready(port), "the API server is ready: see its log in " + str(folder), 120)
        yield cluster


def ask(port: int, path: str) -> bytes:
    """Ask the API server as its administrator."""
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60, context=ssl._create_unverified_context()) as answer:
        return answer.read()


def _ready(port: int) -> bool:
    try:
        return ask(port, "/readyz") == b"ok"
    except OSError:
        return False
