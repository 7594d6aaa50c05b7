"""The chart's pods on a real node: ready, counting, and exact over a kill, an eviction and an upgrade. ``make node``."""

import base64
import json
import os
import time
import urllib.request

import pytest
from chart import CHART
from cluster import eventually

if os.environ.get("NODE") != "yes":
    pytest.skip("needs root and a node of its own: run `make node`", allow_module_level=True)
pytestmark = pytest.mark.timeout(1200)  # the first test builds the image and starts the node
IMAGE = "image.registry=localhost,image.pullPolicy=Never"
EVENTS = 50


def event(number):
    return {"id": f"call-{number}", "time": time.time(), "model": "gpt-4o", "route": "shop", "usage": {"input": 10, "output": 5}}


def post(node, namespace, pod, events):
    (secret,) = [s for s in node.cluster.get(namespace, "secrets") if "token" in (s.get("data") or {})]
    token = base64.b64decode(secret["data"]["token"]).decode().splitlines()[0]
    request = urllib.request.Request(
        f"http://{pod['status']['podIP']}:9878/v1/ingest/native",
        json.dumps(events).encode(), {"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


def requests_counted(pod):
    with urllib.request.urlopen(f"http://{pod['status']['podIP']}:9877/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("llm_requests_total{"))


@pytest.fixture(scope="module")
def release(node):
    """A release with a guard, in a namespace that enforces the strictest Pod Security; returns its namespace."""
    node.cluster.namespace("llm", "restricted")
    node.volume("data")
    settings = f"{IMAGE},persistence.storageClass=local,guard.enabled=true"
    node.cluster.run("helm3", "install", "gate", CHART, "--namespace", "llm", "--set", settings)
    node.ready("llm", 3)
    return "llm"


def exporter(node, namespace, count=3):
    (pod,) = [pod for pod in node.ready(namespace, count) if pod["metadata"]["name"] == "gate-tocsin-0"]
    return pod


def test_pods_are_ready_where_pod_security_is_restricted(node, release):
    pods = node.ready(release, 3)

    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0, 0, 0]


def test_events_are_counted_and_stay_counted_over_a_kill_an_eviction_and_an_upgrade(node, release):
    pod = exporter(node, release)
    assert post(node, release, pod, [event(n) for n in range(EVENTS)]) // 100 == 2
    eventually(lambda: requests_counted(pod) == EVENTS, "the events are counted")

    for number, end in enumerate((kill, evict, upgrade), 1):
        before = exporter(node, release)
        post(node, release, before, [event(1_000 * number + n) for n in range(EVENTS)])
        end(node, release)
        eventually(lambda before=before: new(node, release, before), f"another pod after {end.__name__}", 180)
        after = exporter(node, release)
        eventually(lambda after=after, number=number: requests_counted(after) == EVENTS * (number + 1), end.__name__)


def new(node, namespace, before):
    """Return whether a pod, or its container, was replaced and is ready."""
    found = [p for p in node.pods(namespace) if p["metadata"]["name"] == before["metadata"]["name"]]
    container = [p["status"].get("containerStatuses", [{}])[0].get("containerID") for p in found]
    return container and container[0] not in (None, before["status"]["containerStatuses"][0]["containerID"])


def kill(node, namespace):
    node.cluster.kubectl("delete", "pod", "gate-tocsin-0", "--namespace", namespace, "--grace-period=0", "--force")


def evict(node, namespace):
    """As a drained node does: ``preStop``, SIGTERM, and the whole period of grace."""
    began = time.monotonic()
    node.cluster.kubectl("delete", "pod", "gate-tocsin-0", "--namespace", namespace)
    assert time.monotonic() - began < 30  # of 60 seconds: it ends by itself


def upgrade(node, namespace):
    node.cluster.run(
        "helm3", "upgrade", "gate", CHART, "--namespace", namespace, "--reuse-values", "--set", "config.series.max=30000"
    )


def test_a_pods_log_is_read_where_the_kubelet_writes_it(node):
    """Links below /var/log/containers, and the lines of the runtime: as on every node."""
    node.cluster.namespace("tail", "privileged")
    settings = f"{IMAGE},mode=tail,tail.paths={{/var/log/containers/gateway_*.log}}"
    node.cluster.run("helm3", "install", "gate", CHART, "--namespace", "tail", "--set", settings)
    lines = "\n".join(json.dumps(event(n)) for n in range(EVENTS))
    gateway = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gateway", "namespace": "tail"},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [{
            "name": "gateway", "image": "localhost/tocsin:0.1.0", "imagePullPolicy": "Never",
            "command": ["python3", "-c", "import sys, time; print(sys.argv[1], flush=True); time.sleep(3600)", lines],
        }]},
    }  # fmt: skip
    node.cluster.kubectl("create", "--filename=-", stdin=json.dumps(gateway))

    (tailing,) = [pod for pod in node.ready("tail", 2) if pod["metadata"]["name"] != "gateway"]

    eventually(lambda: requests_counted(tailing) == EVENTS, "the lines are counted")
