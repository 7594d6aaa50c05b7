"""A node of a Kubernetes cluster on this machine: containerd, a kubelet, and the image that buildah built."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cluster as kubernetes
import pytest
from chart import ROOT
from cluster import Cluster, eventually

NAME = "node"
LOGS = Path("/var/log/pods")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BRIDGE = "tocsin0"
NETWORK = {
    "cniVersion": "0.4.0", "name": "test",
    "plugins": [{
        "type": "bridge", "bridge": BRIDGE, "isGateway": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.7.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }],
}  # fmt: skip
PAUSE = """
#include <signal.h>
#include <unistd.h>
static void end(int number) { (void)number; _exit(0); }
int main(void) { signal(SIGTERM, end); signal(SIGINT, end); for (;;) pause(); }
"""
"""Stands for the pause image, which keeps a pod's namespaces: Kubernetes' own cannot be pulled everywhere."""


def run(*command, **options) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.strip()


class Images:
    """Builds images where no engine's service runs: buildah, with isolation by chroot."""

    def __init__(self, folder: Path, tool) -> None:
        self._folder = folder
        self._buildah = tool("buildah")
        self._environment = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
        self._store = ("--root", folder / "images", "--runroot", folder / "images-run")

    def buildah(self, command: str, *arguments) -> str:
        return run(self._buildah, *self._store, command, *arguments, env=self._environment, timeout=900)

    def from_files(self, source: Path, target: str, name: str, *settings: str) -> None:
        """Commit an image that contains only a file, or the contents of a tar."""
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, source, target)
        self.buildah("config", *settings, container)
        self.buildah("commit", "--quiet", container, name)
        self.buildah("rm", container)

    def archive(self, name: str) -> Path:
        """Write an image as a file that containerd reads."""
        file = self._folder / f"{name.rpartition('/')[2].partition(':')[0]}.tar"
        self.buildah("push", "--quiet", name, f"oci-archive:{file}:{name}")
        return file


@pytest.fixture(scope="session")
def archives(tool, tmp_path_factory) -> list[Path]:
    """Tocsin's image, built from the unmodified Dockerfile, and the pause image."""
    folder = tmp_path_factory.mktemp("images")
    images = Images(folder, tool)
    base = folder / "base.tar"
    run(tool("mmdebstrap"), "--quiet", "--variant=minbase", "trixie", base, timeout=600)
    images.from_files(base, "/", "localhost/debian:trixie-slim", "--env", "PIP_CERT=/run/certificates.crt")
    images.buildah(
        "bud", "--quiet", "--layers=false", "--volume", f"{CERTIFICATES}:/run/certificates.crt:ro",
        "--build-arg", "BASE=localhost/debian:trixie-slim", "--file", ROOT / "exporter/Dockerfile",
        "--tag", "localhost/tocsin:0.1.0", ROOT,
    )  # fmt: skip
    (folder / "pause.c").write_text(PAUSE)
    run(tool("gcc"), "-static", "-O2", "-o", folder / "pause", folder / "pause.c")
    images.from_files(folder / "pause", "/pause", "localhost/pause:1", "--entrypoint", '["/pause"]')
    return [images.archive("localhost/tocsin:0.1.0"), images.archive("localhost/pause:1")]


class Node:
    """The cluster with its only node; binds pods to it, since there is no scheduler."""

    def __init__(self, cluster: Cluster, volumes: Path) -> None:
        self.cluster = cluster
        self._volumes = volumes

    def volume(self, name: str) -> None:
        """Offer a volume of the storage class ``local``: a folder of this machine."""
        (self._volumes / name).mkdir(parents=True)
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
        manifest = {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local",
                "local": {"path": str(self._volumes / name)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            },
        }  # fmt: skip
        self.cluster.kubectl("create", "--filename=-", stdin=json.dumps(manifest))

    def pods(self, namespace: str) -> list[dict]:
        """Return the pods of a namespace, each bound to the node."""
        pods = self.cluster.get(namespace, "pods")
        for pod in pods:
            if not pod["spec"].get("nodeName"):
                metadata = {"name": pod["metadata"]["name"], "namespace": namespace}
                target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
                path = f"/api/v1/namespaces/{namespace}/pods/{metadata['name']}/binding"
                self.cluster.kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(binding))
        return pods

    def ready(self, namespace: str, count: int, seconds: float = 120) -> list[dict]:
        """Wait until so many pods are ready; return them."""

        def all_ready() -> list[dict]:
            pods = [pod for pod in self.pods(namespace) if "deletionTimestamp" not in pod["metadata"]]
            return pods if len(pods) == count and all(map(is_ready, pods)) else []

        try:
            return eventually(all_ready, f"{count} pods of {namespace} are ready", seconds)
        except AssertionError as error:
            told = [self.cluster.kubectl("get", what, "--namespace", namespace) for what in ("pods", "events")]
            raise AssertionError("\n".join((str(error), *told))) from None


def is_ready(pod: dict) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


@contextlib.contextmanager
def containerd(folder: Path, tool, archives: list[Path]) -> Iterator[Path]:
    """Run containerd with these images; yield its socket."""
    socket, networks = folder / "containerd.sock", folder / "cni"
    networks.mkdir()
    (networks / "10-test.conflist").write_text(json.dumps(NETWORK))
    (folder / "containerd.toml").write_text(f"""
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{networks}"
""")
    ctr = (tool("ctr"), "--address", socket, "--namespace", "k8s.io")
    with (folder / "containerd.log").open("wb") as log:
        process = subprocess.Popen(
            [tool("containerd"), "--config", folder / "containerd.toml"], stdout=log, stderr=log, env=os.environ
        )
        try:
            eventually(socket.exists, f"containerd runs: see {log.name}")
            for archive in archives:
                run(*ctr, "images", "import", archive, timeout=120)
            yield socket
        finally:
            for task in run(*ctr, "tasks", "list", "--quiet").split():
                subprocess.run([*ctr, "tasks", "kill", "--signal", "KILL", task], check=False, capture_output=True)
            eventually(lambda: "RUNNING" not in run(*ctr, "tasks", "list"), "all containers have ended")
            for name in run(*ctr, "containers", "list", "--quiet").split():
                subprocess.run([*ctr, "containers", "rm", name], check=False, capture_output=True)
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            subprocess.run(["ip", "link", "delete", BRIDGE], check=False, capture_output=True)


@pytest.fixture(scope="session")
def node(tool, archives) -> Iterator[Node]:
    """A cluster whose node is ready."""
    more = (
        "endpointslice-controller", "node-lifecycle-controller", "persistentvolume-binder-controller",
        "root-ca-certificate-publisher-controller",
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        stack.enter_context(containerd(folder, tool, archives))
        cluster = stack.enter_context(kubernetes.running(folder, tool, more))
        (folder / "kubelet.json").write_text(json.dumps({
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "cgroupDriver": "cgroupfs",
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"}, "address": "127.0.0.1", "healthzPort": 0, "readOnlyPort": 0,
            "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock", "resolvConf": "", "failSwapOn": False,
            "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%"}, "imageGCHighThresholdPercent": 100,
        }))  # fmt: skip
        command = [
            tool("kubelet"), f"--kubeconfig={folder / 'kubeconfig'}", f"--config={folder / 'kubelet.json'}",
            f"--root-dir={folder / 'kubelet'}", f"--cert-dir={folder / 'kubelet-pki'}", f"--hostname-override={NAME}",
        ]  # fmt: skip
        log = stack.enter_context((folder / "kubelet.log").open("wb"))
        stack.callback(forget_logs, set(LOGS.glob("*")))
        process = subprocess.Popen(command, stdout=log, stderr=log)
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        eventually(lambda: any(map(is_ready, cluster.get("", "nodes"))), f"the node is ready: see {log.name}", 120)
        yield Node(cluster, folder / "volumes")


def forget_logs(of_others: set[Path]) -> None:
    """Delete what the kubelet wrote of its pods, and the links to it."""
    for folder in set(LOGS.glob("*")) - of_others:
        shutil.rmtree(folder)
    for link in Path("/var/log/containers").glob("*"):
        if link.is_symlink() and not link.exists():
            link.unlink()


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder; let go of what was mounted in it, the deepest first, and delete it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-node-") as name:
        try:
            yield Path(name)
        finally:
            mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
            for mount in sorted((mount for mount in mounts if mount.startswith(name)), reverse=True):
                subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
