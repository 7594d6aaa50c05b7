"""The image's contents, built by its own script in a folder, and run there as by the chart."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IMAGE_ROOT = ROOT / ".tools" / "image-root"
CONTEXT = ("pyproject.toml", "README.md", "LICENSE", "exporter", "rules", "runbooks", "dashboards")
USER = 65532


def tracked(folder: Path) -> Path:
    """Copy what .dockerignore lets into the build, links as links."""
    listed = subprocess.run(["git", "ls-files", "-z", *CONTEXT], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


class Image:
    """The root file system ``system`` with ``opt`` from the building stage, as the Dockerfile's last stage has it."""

    def __init__(self, system: Path, opt: Path) -> None:
        self.system, self.opt = system, opt

    def sandbox(self, *options: str) -> list[str]:
        """Return the command that runs another one in the image: uid 65532, no capabilities, a root that is read-only."""
        return [
            "bwrap", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--as-pid-1", "--clearenv",
            "--ro-bind", str(self.system), "/", "--ro-bind", str(self.opt), "/opt", "--proc", "/proc", "--dev", "/dev",
            "--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", "/run/secrets", *options, "--remount-ro", "/run", "--remount-ro", "/",
            "--setenv", "PATH", "/opt/tocsin/bin:/usr/bin:/bin", "--setenv", "XDG_STATE_HOME", "/var/lib",
            "--setenv", "XDG_CACHE_HOME", "/var/lib/tocsin/cache",
            "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP", "--",
            "/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all",
            "--inh-caps=-all", "--no-new-privs", "--",
        ]  # fmt: skip

    def run(self, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.sandbox(*options), *command], capture_output=True, text=True, timeout=240, check=False, stdin=subprocess.DEVNULL
        )


@pytest.fixture(scope="session")
def image(tool, tmp_path_factory) -> Image:
    """The image, with Tocsin from the checkout."""
    if os.geteuid() != 0:
        pytest.skip("a root file system is put together as root")
    tool("bwrap")
    if not IMAGE_ROOT.exists():
        missing = "the image's root is not in .tools: run `tools/install.sh image-root`"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    folder = tmp_path_factory.mktemp("image")
    opt, source = folder / "opt", tracked(folder / "source")
    shutil.copytree(ROOT / "exporter" / "image", source / "exporter" / "image", dirs_exist_ok=True)
    links = ["cp", "-a", "--link", IMAGE_ROOT / "dependencies" / "opt", opt]  # nothing below writes into a file that is there
    if subprocess.run(links, capture_output=True, check=False).returncode:
        shutil.rmtree(opt, ignore_errors=True)
        subprocess.run(["cp", "-a", IMAGE_ROOT / "dependencies" / "opt", opt], check=True)
    done = subprocess.run(
        ["bwrap", "--unshare-net", "--ro-bind", IMAGE_ROOT / "dependencies", "/", "--bind", opt, "/opt", "--ro-bind", source, "/mnt",
         "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp", "--cap-add", "ALL",
         "sh", "/mnt/exporter/image/contents.sh", "application", "/mnt"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(opt / "build")  # stays in the building stage
    return Image(IMAGE_ROOT / "system", opt)


class Pod:
    """The chart's container, running in the image with a network of its own."""

    def __init__(self, image: Image, resources: list[dict], folder: Path) -> None:
        (workload,) = [r for r in resources if r["kind"] == "StatefulSet"]
        self.spec = workload["spec"]["template"]["spec"]
        self.container = self.spec["containers"][0]
        self._resources, self._folder = resources, folder
        self._image = image
        self.pid = 0
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        read, write = os.pipe()
        options = [word for mount in self.container["volumeMounts"] for word in self._mount(mount)]
        command = self._image.sandbox("--info-fd", str(write), *options)
        (self._folder / "log").touch()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "/opt/tocsin/bin/tocsin", *self.container["args"]], stdout=log, stderr=log, pass_fds=[write]
            )
        os.close(write)
        with os.fdopen(read) as info:
            self.pid = json.load(info)["child-pid"]
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _mount(self, mount: dict) -> list[str]:
        """Return bwrap's words for a volume of the pod."""
        (volume,) = [v for v in self.spec["volumes"] if v["name"] == mount["name"]] or [{"name": mount["name"], "claim": {}}]
        if "emptyDir" in volume:
            return ["--perms", "1777", "--tmpfs", mount["mountPath"]]
        folder = self._folder / mount["name"]
        folder.mkdir()
        if "configMap" in volume:
            files = self._named("ConfigMap", volume["configMap"]["name"])["data"]
        elif "secret" in volume:
            secret = self._named("Secret", volume["secret"]["secretName"])
            files = secret.get("stringData") or {k: base64.b64decode(v).decode() for k, v in secret["data"].items()}
        else:
            files = {}
            os.chown(folder, 0, USER)  # as fsGroup does
            folder.chmod(0o2775)
        for name, text in files.items():
            (folder / name).write_text(text)
            if "secret" in volume:
                os.chown(folder / name, 0, USER)
                (folder / name).chmod(volume["secret"]["defaultMode"])
        return ["--ro-bind" if mount.get("readOnly") else "--bind", str(folder), mount["mountPath"]]

    def _named(self, kind: str, name: str) -> dict:
        (found,) = [r for r in self._resources if r["kind"] == kind and r["metadata"]["name"] == name]
        return found

    def inside(self, *command: object, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command of this machine in the pod's network."""
        words = ["nsenter", f"--net=/proc/{self.pid}/ns/net", *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, timeout=90, check=False, **options)

    def fetch(self, url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Ask for a URL in the pod's network; (0, reason) where nothing answers."""
        script = (
            "import json, sys, urllib.request as u, urllib.error as e\n"
            "url, headers = sys.argv[1], json.loads(sys.argv[2])\n"
            "body = sys.stdin.buffer.read() or None\n"
            "try: answer = u.urlopen(u.Request(url, body, headers), timeout=60)\n"
            "except e.HTTPError as error: answer = error\n"
            "except OSError as error: sys.exit(print(0, error))\n"
            "print(answer.status, answer.read().decode())\n"
        )
        done = self.inside(sys.executable, "-c", script, url, json.dumps(headers), input=(body or b"").decode())
        status, _, text = done.stdout.partition(" ")
        return int(status or 0), text

    def wait(self, url: str, holding: str = "") -> str:
        """Wait until a URL answers 200 with some text in it."""
        until = time.monotonic() + 60
        status, text = 0, ""
        while time.monotonic() < until:
            status, text = self.fetch(url)
            if status == 200 and holding in text:
                return text
            assert self._process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.1)
        pytest.fail(f"{url} says {status} {text[:300]}")


@pytest.fixture(scope="module")
def pod(image, tool, tmp_path_factory):
    """The chart's webhook pod, ready."""
    values = "auth.token=a-token-of-at-least-16,serviceMonitor.enabled=true"
    done = subprocess.run(
        [tool("helm3"), "template", "gate", ROOT / "helm" / "tocsin", "--set", values], capture_output=True, text=True, timeout=60, check=True
    )
    resources = [document for document in yaml.safe_load_all(done.stdout) if document]
    with Pod(image, resources, tmp_path_factory.mktemp("pod")) as running:
        probe = running.container["readinessProbe"]["httpGet"]
        (port,) = [p["containerPort"] for p in running.container["ports"] if p["name"] == probe["port"]]
        running.wait(f"http://127.0.0.1:{port}{probe['path']}")
        yield running
