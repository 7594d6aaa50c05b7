"""The rendered container, run on this host: command, environment, configuration, probes, hooks and user as the chart says."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from chart import TOKEN, of_kind, one
from cluster import eventually

from tocsin.demo.stack import free_port

SECRET = TOKEN.partition("=")[2]
CALL = {"id": "e1", "time": "2026-11-26T00:00:00Z", "provider": "openai", "model": "gpt-4o", "route": "chat", "status": 200}
QUESTION = b'{"route": "chat", "text": "Hello."}'
OPEN_UP = """
for folder in $CLOSED; do
    stand_in=$(mktemp -d) && chmod 755 "$stand_in"
    for entry in "$folder"/* "$folder"/.[!.]*; do
        [ -d "$entry" ] && mkdir "$stand_in/${entry##*/}" && mount --bind "$entry" "$stand_in/${entry##*/}"
    done
    mount --rbind "$stand_in" "$folder"
done
exec setpriv --reuid="$1" --regid="$2" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "${@:3}"
"""
"""Becomes another user without capabilities, in a mount namespace where that user can reach the interpreter."""
PATIENT = """import sys
from tocsin.commands import main, run
from tocsin.web import server
run.DRAIN = server.RETIRE = 60.0
sys.exit(main())"""
"""The program with a minute for what it ends with, not seconds: the machine may be busy, and the test is one of its clients."""


class Container:
    """A container of a rendered workload, its volumes as folders below one folder, its ports free ones."""

    def __init__(self, folder: Path, resources, kind: str, logs: Path | None = None, user: tuple[int, int] | None = None) -> None:
        self.pod = one(resources, kind)["spec"]["template"]["spec"]
        self.spec = self.pod["containers"][0]
        self.admin, self.ingest = free_port(), free_port()
        self._user = user
        self._paths = {
            "/etc/tocsin": str(folder / "etc"), "/run/secrets/tocsin": str(folder / "secret"),
            "/run/secrets/tls": str(folder / "tls"), "/var/lib/tocsin": str(folder / "data"),
            "0.0.0.0:9877": f"127.0.0.1:{self.admin}", "0.0.0.0:9878": f"127.0.0.1:{self.ingest}",
            "127.0.0.1:9877": f"127.0.0.1:{self.admin}",
        }  # fmt: skip
        if logs is not None:
            self._paths["/var/log/containers"] = str(logs)
        for name in ("etc", "secret", "data"):
            (folder / name).mkdir(exist_ok=True)
        for name, text in one(resources, "ConfigMap", "gate-tocsin")["data"].items():
            (folder / "etc" / name).write_text(self._here(text))
        (folder / "secret" / "token").write_text(SECRET)
        if user is not None:
            folder.chmod(0o755)
            os.chown(folder / "data", *user)
            os.chown(folder / "secret" / "token", 0, self.pod["securityContext"]["fsGroup"])
            (folder / "secret" / "token").chmod(0o440)
        self.process: subprocess.Popen | None = None
        self.log = folder / "log"

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command(["tocsin", *self.spec["args"]]), stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(60)

    def _here(self, text: str) -> str:
        for inside, outside in self._paths.items():
            text = text.replace(inside, outside)
        return text

    def _command(self, inside) -> list[str]:
        assert inside[0] == "tocsin"
        command = [sys.executable, "-c", PATIENT, *map(self._here, inside[1:])]
        if self._user is None:
            return command
        needed = [Path(sys.executable).resolve(), Path(sys.executable).absolute(), Path(__file__), self.log]
        ancestors = {ancestor for path in needed for ancestor in path.parents}
        closed = sorted(str(folder) for folder in ancestors if folder.stat().st_mode & 0o005 != 0o005)
        environment = ["env", f"CLOSED={' '.join(closed)}", f"TMPDIR={self.log.parent}"]
        return [*environment, "unshare", "--mount", "bash", "-ec", OPEN_UP, "bash", *map(str, self._user), *command]

    def probe(self, name: str) -> int:
        """The status that the kubelet would get."""
        check = self.spec[name]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in self.spec["ports"]}
        assert ports[check["port"]] == 9877
        return self.get(check["path"], check["scheme"].lower())

    def get(self, path: str, scheme: str = "http") -> int:
        try:
            with self._open(f"{scheme}://127.0.0.1:{self.admin}{path}") as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def page(self, scheme: str = "http") -> str:
        with self._open(f"{scheme}://127.0.0.1:{self.admin}/metrics") as answer:
            return answer.read().decode()

    def post(self, path: str, body: bytes, scheme: str = "http") -> int:
        headers = {"Authorization": f"Bearer {SECRET}"}
        with self._open(urllib.request.Request(f"{scheme}://127.0.0.1:{self.ingest}{path}", data=body, headers=headers)) as answer:
            return answer.status

    @staticmethod
    def _open(request):
        return urllib.request.urlopen(request, timeout=60, context=ssl._create_unverified_context())

    def ready(self):
        """Pass the probes in the kubelet's order."""
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            eventually(lambda: self.process.poll() is not None or self.probe(name) == 200, name)
            assert self.process.poll() is None, self.log.read_text()
        return self

    def hold(self, seconds: float) -> subprocess.CompletedProcess:
        """Run the preStop hook, with another least time."""
        hook = [word for word in self.spec["lifecycle"]["preStop"]["exec"]["command"] if not word.startswith("--at-least")]
        return subprocess.run(
            [*self._command(hook), f"--at-least={seconds}"], check=False, capture_output=True, text=True, timeout=60
        )

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def counted(page: str, metric: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(metric))


@pytest.fixture
def certificate(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=gate-tocsin.llm.svc "
        f"-keyout {folder}/tls.key -out {folder}/tls.crt".split(),
        check=True, capture_output=True,
    )  # fmt: skip


def test_the_webhook_container_becomes_ready_counts_and_leaves_in_order(render, tmp_path):
    with Container(tmp_path, render(TOKEN), "StatefulSet") as container:
        container.ready()
        assert container.post("/v1/ingest/native", json.dumps(CALL).encode()) == 202

        held = container.hold(0)
        assert held.returncode == 0, held.stderr
        assert counted(container.page(), "llm_requests_total") == 1
        assert container.end() == 0


def test_spooled_bodies_are_counted_before_a_termination_ends(render, tmp_path):
    with Container(tmp_path, render(TOKEN), "StatefulSet") as container:
        assert container.ready().post("/v1/ingest/native", json.dumps(CALL).encode()) == 202
        assert container.hold(0).returncode == 0  # its detectors are loaded, which takes longer than the end may
        events = b"\n".join(json.dumps(CALL | {"id": f"e{number}"}).encode() for number in range(2000))
        assert container.post("/v1/ingest/native", events) == 202
        assert container.end() == 0

    shutil.rmtree(tmp_path / "data" / "spool")  # as if the replica came back without what it had yet to count
    with Container(tmp_path, render(TOKEN), "StatefulSet") as container:
        assert counted(container.ready().page(), "llm_requests_total") == 2000


@pytest.mark.usefixtures("certificate")
def test_both_ports_speak_tls(render, tmp_path):
    with Container(tmp_path, render(TOKEN, "tls.existingSecret=tls"), "StatefulSet") as container:
        container.ready()

        assert container.post("/v1/ingest/native", json.dumps(CALL).encode(), "https") == 202
        held = container.hold(0)
        assert held.returncode == 0, held.stderr
        assert counted(container.page("https"), "llm_requests_total") == 1


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "litellm-1.log").write_text(json.dumps(CALL) + "\n")
    return folder


@pytest.fixture
def other_user():
    """What a test needs that runs the container as another user."""
    able = os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
    if not able:
        pytest.skip("becoming another user needs root")


def tail(render, tmp_path, logs, *settings):
    resources = render(TOKEN, "mode=tail", "tail.format=native", *settings)
    context = one(resources, "DaemonSet")["spec"]["template"]["spec"]["securityContext"]
    return Container(tmp_path, resources, "DaemonSet", logs, (context["runAsUser"], context["runAsGroup"]))


@pytest.mark.usefixtures("other_user")
@pytest.mark.parametrize(
    ("mode", "settings"), [(0o640, ()), (0o600, ("tail.runAsUser=0",))], ids=["0640-by-group-0", "0600-by-root"]
)
def test_logs_of_root_are_read(render, tmp_path, logs, mode, settings):
    (logs / "litellm-1.log").chmod(mode)

    with tail(render, tmp_path, logs, *settings) as container:
        page = container.ready().page()

    assert counted(page, "llm_requests_total") == 1
    assert counted(page, "tocsin_input_unusable{") == 0
    assert counted(page, "tocsin_state_degraded") == 0


@pytest.mark.usefixtures("other_user")
def test_a_log_that_only_root_can_read_is_reported(render, tmp_path, logs):
    (logs / "litellm-1.log").chmod(0o600)

    with tail(render, tmp_path, logs) as container:
        page = container.ready().page()

    assert counted(page, "llm_requests_total") == 0
    assert counted(page, 'tocsin_input_unusable{reason="permission"}') == 1


@pytest.mark.usefixtures("other_user")
def test_the_state_folder_of_the_node_is_given_to_the_user(render, tmp_path):
    pod = one(render(TOKEN, "mode=tail"), "DaemonSet")["spec"]["template"]["spec"]
    (init,) = pod["initContainers"]
    state = tmp_path / "state"
    state.mkdir(mode=0o755)

    subprocess.run([sys.executable, *(word.replace("/var/lib/tocsin", str(state)) for word in init["command"][1:])], check=True)

    told = state.stat()
    assert (told.st_uid, told.st_gid, told.st_mode & 0o777) == (65532, 0, 0o700)


class Callers:
    """Clients of the guard that keep their connections, and take the next of the Service's endpoints for a new one."""

    def __init__(self, count: int) -> None:
        self.endpoints: list[int] = []
        self.answered = 0
        self.failures: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _call(self, number: int) -> None:
        connection = None
        while not self._over.wait(0.02):
            if connection is None:
                number += 1
                connection = http.client.HTTPConnection("127.0.0.1", self.endpoints[number % len(self.endpoints)], timeout=60)
            try:
                connection.request("POST", "/v1/check", QUESTION, {"Authorization": f"Bearer {SECRET}"})
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
                connection = None
                continue
            if answer.status != 200:
                self.failures.append(f"{answer.status} {body!r}")
            self.answered += 1
            if answer.will_close:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()


def test_a_rolling_restart_of_the_guard_under_load_fails_no_check(render, tmp_path):
    resources = render(TOKEN, "guard.enabled=true")
    (deployment,) = of_kind(resources, "Deployment")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    with contextlib.ExitStack() as stack:

        def start(name: str) -> Container:
            (tmp_path / name).mkdir()
            return stack.enter_context(Container(tmp_path / name, resources, "Deployment"))

        old = [start("old-1"), start("old-2")]
        new = [start("new-1"), start("new-2")]
        for guard in (*old, *new):
            guard.ready()
        callers = Callers(8)
        callers.endpoints = [guard.ingest for guard in old]
        with callers:
            for leaving, surge in zip(old, new, strict=True):
                callers.endpoints = [*callers.endpoints, surge.ingest]
                holding = threading.Thread(target=leaving.hold, args=(1,))
                holding.start()
                time.sleep(0.3)  # an endpoint is forgotten while the hook runs, not at once
                callers.endpoints = [port for port in callers.endpoints if port != leaving.ingest]
                holding.join()
                assert leaving.end() == 0
                answered = callers.answered
                eventually(lambda: callers.answered >= answered + 50, "callers are served by the others")

    assert callers.failures == []


def test_a_guard_on_its_way_out_is_not_ready_and_says_goodbye(render, tmp_path):
    resources = render(TOKEN, "guard.enabled=true")
    with Container(tmp_path, resources, "Deployment") as guard:
        guard.ready()
        kept = http.client.HTTPConnection("127.0.0.1", guard.ingest, timeout=60)
        kept.connect()
        guard.process.send_signal(signal.SIGTERM)

        eventually(lambda: guard.get("/-/ready") == 503, "not ready")
        kept.request("POST", "/v1/check", QUESTION, {"Authorization": f"Bearer {SECRET}"})
        answer = kept.getresponse()

        assert answer.status == 200
        assert answer.headers["Connection"] == "close"
        answer.read()
        kept.close()
        assert guard.process.wait(60) == 0
