"""``tocsin demo``: a simulated application goes through four incidents, from the log line to the delivered page."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.bundle import BundleError
from tocsin.commands import above_zero
from tocsin.demo.simulator import INCIDENTS, PHASES, Simulator
from tocsin.demo.stack import OVERRIDES, Addresses, answers, free_port, missing, start, start_stack

EXAMPLE = "example: tocsin demo --stay"
RATE = 20
"""Calls per second."""
PATIENCE = 30
"""Seconds to wait for an HTTP response: on a slow machine, a fast demo keeps its core busy for some."""


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("demo", help="run Tocsin on a simulated application", epilog=EXAMPLE)
    parser.add_argument("--speed", type=above_zero(float), default=1.0, help="run the demo this many times faster")
    parser.add_argument("--port", type=int, default=9877, help="port of the status page; 0: any free port")
    parser.add_argument("--stay", action="store_true", help="keep running after the demo, until Ctrl-C")
    parser.add_argument("--no-alerts", action="store_true", help="run without Prometheus and Alertmanager")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 if the exporter counted every event and each category was paged for, as far as alerts run."""
    port = free_port(arguments.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: the programs that it started end with it
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-demo-")))
        log = folder / "litellm.jsonl"
        log.touch()
        places = Addresses(folder, f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
        start(stack, [
            sys.executable, "-m", "tocsin", "run", "--tail", str(log), "--storage.path", str(folder / "state"),
            "--web.listen-address", places.exporter, "--ingest.listen-address", places.receiver, "--log.level", "warn",
        ])  # fmt: skip
        if not answers(f"http://{places.exporter}/-/ready"):
            print("tocsin demo: the exporter did not start", file=sys.stderr)
            return 1
        print(f"status page   http://{places.exporter}/\nmetrics       http://{places.exporter}/metrics", flush=True)
        paging = not arguments.no_alerts and _alerting(stack, places)
        story = _Story(places, log, arguments.speed)
        story.tell()
        read = story.counted()
        print(f"\nwritten {story.written} events, counted {read}", flush=True)
        unpaged = story.unpaged() if paging and arguments.speed <= 1 else []
        for category in unpaged:
            print(f"no page for {category}", flush=True)
        if arguments.stay:
            print("Ctrl-C ends the demo", flush=True)
            signal.pause()
    return 0 if read == story.written and not unpaged else 1


def _alerting(stack: ExitStack, places: Addresses) -> bool:
    """Start Prometheus and Alertmanager, or print why the demo continues without pages."""
    absent = missing()
    if absent:
        print(f"no pages: {' and '.join(absent)} not found (`make tools` builds them)\n", flush=True)
        return False
    try:
        found = start_stack(stack, places)
    except (BundleError, OSError) as error:
        print(f"no pages: {error}\n", flush=True)
        return False
    print(
        f"Prometheus    http://{found['prometheus']}/\nAlertmanager  http://{found['alertmanager']}/\n"
        f"rules         the shipped ones with {', '.join(f'{k}={v:.4g}' for k, v in OVERRIDES.items())}:\n"
        "              an hour passes in a minute, so a rule that waits ten minutes waits ten seconds here\n",
        flush=True,
    )
    return True


class _Story:
    """Writes the log phase by phase and reports each delivered page."""

    def __init__(self, places: Addresses, log: Path, speed: float) -> None:
        self._places = places
        self._log = log
        self._speed = speed
        self._onset: dict[str, float] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._paged: set[str] = set()
        self.written = 0

    def tell(self) -> None:
        """Write all phases."""
        simulator = Simulator()
        with self._log.open("ab", buffering=0) as out:
            for number, phase in enumerate(PHASES, 1):
                print(f"[{number}/{len(PHASES)}] {phase.story}", flush=True)
                if phase.name in INCIDENTS:
                    self._onset[phase.name] = time.time()
                until = time.monotonic() + phase.seconds / self._speed
                judged: list[dict[str, Any]] = []
                while time.monotonic() < until:
                    self._post(judged)  # of the turn before: their calls have been read since
                    judged = []
                    for event in simulator.events(phase.name, RATE // 4, time.time()):
                        out.write(simulator.line(event))
                        self.written += 1
                        judged += simulator.judged(phase.name, event)
                    self._report()
                    time.sleep(0.25 / self._speed)

    def unpaged(self) -> list[str]:
        """Return the categories without a page."""
        return sorted(set(INCIDENTS) - self._paged)

    def counted(self) -> int:
        """Return the number of requests that the exporter shows, once it has caught up."""
        total = 0
        for _ in range(100):
            lines = _get(f"http://{self._places.exporter}/metrics").decode().splitlines()
            total = sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("llm_requests_total{"))
            if total >= self.written:
                break
            time.sleep(0.1)
        return total

    def _post(self, judged: list[dict[str, Any]]) -> None:
        """Send the scores of the application's judge for some answers."""
        if not judged:
            return
        body = "".join(json.dumps(feedback) + "\n" for feedback in judged).encode()
        request = urllib.request.Request(f"http://{self._places.receiver}/v1/feedback", body, method="POST")
        with suppress(OSError):
            urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310 - our own loopback URL

    def _report(self) -> None:
        """Print pages and resolutions since the last call."""
        with suppress(OSError, urllib.error.URLError):
            for alert in json.loads(_get(f"http://{self._places.exporter}/api/v1/incidents"))["incidents"]:
                key = (alert["alertname"], alert["fired_at"], alert["status"])
                if key in self._told or alert["severity"] != "page":
                    continue
                self._told.add(key)
                self._tell_of(alert)

    def _tell_of(self, alert: dict[str, Any]) -> None:
        category = alert["category"]
        if alert["status"] == "resolved":
            print(f"      resolved   {alert['alertname']}", flush=True)
            return
        self._paged.add(category)
        since = ""
        if category in self._onset:
            fired = datetime.fromisoformat(alert["fired_at"]).timestamp() - self._onset[category]
            delivered = alert["delivered_at"] - self._onset[category]
            since = f"  {delivered:.1f} s after the first bad line (the rule took {fired:.1f} s)"
        print(f"      PAGE to {', '.join(alert['receivers'])}: {alert['alertname']}{since}", flush=True)
        print(f"              {alert['summary']}", flush=True)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own loopback URL
        body: bytes = answer.read()
        return body
