"""Real Prometheus and Alertmanager for the demo: the shipped rules at a faster clock, and one local receiver."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin import bundle, external
from tocsin.config import ConfigError

TIME_SCALE = 1 / 60
"""Factor for all windows and waiting times of the rules: hours become minutes."""
OVERRIDES: dict[str, Any] = {
    "timeScale": TIME_SCALE,
    "baseline.minimumSamples": 6,  # half a minute of health instead of two
    "cost.learning": 3600,  # a minute instead of twenty-four
    "exporter.absentFor": 900,  # Prometheus looks at its first target five seconds after its start, whatever the scale
}
_TOOLS = ("prometheus", "alertmanager")
RECEIVERS = ("oncall", "legal", "comms", "product", "tickets", "engineering-lead", "review")
"""All receivers of the shipped routing."""
_LOWEST_PORT = 10_000
_FIRST_EPHEMERAL = 32_768
"""Linux's default; other systems begin at 49,152 (RFC 6335)."""
_TRIES = 1000
_GIVEN: set[int] = set()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of the demo's programs, and the folder of their data."""

    folder: Path
    exporter: str
    """host:port of the exporter's admin listener."""
    receiver: str
    """host:port of its ingest listener."""


def missing() -> list[str]:
    """Return the programs that cannot be found."""
    return [name for name in _TOOLS if external.find(name) is None]


def start_stack(
    stack: ExitStack, places: Addresses, overrides: dict[str, Any] | None = None, *, scrape: str = "1s"
) -> dict[str, str]:
    """Start Alertmanager and Prometheus with the shipped rules and routing; return their addresses by name.

    ``overrides`` are settings of the bundle, by default those of the demo; they may include ``routing.receivers``.

    Raises:
        tocsin.bundle.BundleError: the rules cannot be compiled.
        OSError: a program cannot be started, or does not respond.
    """
    rules = compiled(places, OVERRIDES if overrides is None else overrides)
    bundle.write(places.folder / "rules", {"alerts.yaml": rules.alerts, "recording.yaml": rules.recording})
    found = {name: f"127.0.0.1:{free_port()}" for name in _TOOLS}
    (places.folder / "alertmanager.yml").write_text(rules.alertmanager, encoding="utf-8")
    (places.folder / "prometheus.yml").write_text(
        json.dumps(_prometheus(places, found["alertmanager"], scrape)), encoding="utf-8"
    )
    start(stack, [
        external.find("alertmanager") or "", f"--config.file={places.folder / 'alertmanager.yml'}",
        f"--storage.path={places.folder / 'alertmanager'}", f"--web.listen-address={found['alertmanager']}",
        "--cluster.listen-address=", "--log.level=error",
    ])  # fmt: skip
    start(stack, [
        external.find("prometheus") or "", f"--config.file={places.folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={places.folder / 'tsdb'}", f"--web.listen-address={found['prometheus']}",
        "--rules.alert.resend-delay=5s", "--log.level=error",
    ])  # fmt: skip
    for name, address in found.items():
        if not answers(f"http://{address}/-/ready"):
            raise OSError(f"{name} does not answer")
    return found


def compiled(places: Addresses, overrides: dict[str, Any]) -> bundle.Bundle:
    """Compile the shipped rules and routing for these addresses: runbook links point to the running exporter."""
    here = {"runbookUrl": f"http://{places.exporter}/runbooks/%s"}
    return bundle.compile(_receivers(places.receiver) | here | overrides)


def _prometheus(places: Addresses, alertmanager: str, scrape: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": scrape, "scrape_timeout": scrape, "evaluation_interval": "1s"},
        "rule_files": [str(places.folder / "rules" / name) for name in ("recording.yaml", "alerts.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "tocsin", "static_configs": [{"targets": [places.exporter]}]}],
    }


def _receivers(receiver: str) -> dict[str, Any]:
    """Settings of the shipped routing: every receiver is the exporter's ``/v1/alerts``, under its own name.

    Resolutions are sent, even those of safety alerts: the demo shows how each alert ends. In production a person ends
    them.
    """
    hook = {"webhook_configs": [{"url": f"http://{receiver}/v1/alerts", "send_resolved": True}]}
    return {
        "routing.receivers": dict.fromkeys(RECEIVERS, hook),
        "routing.templates": [str(bundle.RULES / "routing" / "tocsin.tmpl")],
    }


def start(stack: ExitStack, command: list[str]) -> subprocess.Popen[bytes]:
    """Start a program that ends with the stack."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own arguments

    def end() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)
    return process


def answers(url: str, seconds: float = 60) -> bool:
    """Wait until a URL responds; return False if it does not in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback URL
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def free_port(wanted: int = 0) -> int:
    """Return a free port on loopback; 0: any, never the same one twice.

    It is below the ports that the kernel assigns to outgoing connections: another program could be assigned one of
    those before we listen on it.

    Raises:
        ConfigError: the wanted port is taken, perhaps by another Tocsin, whose responses would be mistaken for ours.
    """
    if wanted:
        if not _bindable(wanted):
            raise ConfigError(f"port {wanted} is not available; use --port 0 for any free port")
        return wanted
    for _ in range(_TRIES):
        port = _LOWEST_PORT + secrets.randbelow(_first_ephemeral() - _LOWEST_PORT)
        if port not in _GIVEN and _bindable(port):
            _GIVEN.add(port)
            return port
    raise ConfigError("no free loopback port found; choose one with --port")


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _first_ephemeral() -> int:
    """Return the lowest port of outgoing connections, on Linux from ip_local_port_range (see ip(7))."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return _FIRST_EPHEMERAL
    return max(lowest, _LOWEST_PORT + _TRIES)
