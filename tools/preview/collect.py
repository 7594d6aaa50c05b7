"""The results of every query of every dashboard, from the demo's Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tocsin.demo.simulator import PHASES

Labels = dict[str, str]
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its legend, its labels, its points (Unix seconds, value)."""

    legend: str
    labels: Labels
    points: Points


@dataclass(slots=True)
class Panel:
    """A panel of a compiled dashboard, and its results."""

    spec: dict[str, Any]
    targets: list[list[Series]] = field(default_factory=list)
    """The lines of each query."""


@dataclass(slots=True)
class Page:
    """A dashboard with data."""

    spec: dict[str, Any]
    panels: list[Panel]
    start: float
    end: float
    alerts: list[Labels]
    """The alerts that fire at the end."""


class Prometheus:
    """Queries of a time span."""

    def __init__(self, address: str, start: float, end: float, *, window: str = "10s") -> None:
        self._address, self.start, self.end = address, start, end
        self._window = window

    def filled(self, expression: str) -> str:
        """Return an expression with the variables replaced as by Grafana, with everything selected."""
        seconds = int(self.end - self.start)
        known = {"__rate_interval": self._window, "__range": f"{seconds}s", "__range_s": str(seconds)}
        return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda m: known.get(m[1], ".*"), expression)

    def lines(self, target: dict[str, Any], *, step: float = 2.0) -> list[Series]:
        """Return the lines of a panel's query over the span; for a table, the values at its end."""
        query = self.filled(target["expr"])
        if target.get("instant"):
            found = self._get("query", query=query, time=self.end)
        else:
            found = self._get("query_range", query=query, start=self.start, end=self.end, step=step)
        return [
            Series(legend(target.get("legendFormat", ""), row["metric"]), row["metric"],
                   [(float(at), float(value)) for at, value in row.get("values") or [row["value"]]])
            for row in found
        ]  # fmt: skip

    def _get(self, path: str, **parameters: object) -> list[dict[str, Any]]:
        body = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}", body, timeout=30) as answer:
            data = json.load(answer)["data"]
        result: list[dict[str, Any]] = data["result"]
        return [{"metric": {}, "value": result}] if data["resultType"] == "scalar" else result


def legend(template: str, labels: Labels) -> str:
    """Return ``{{provider}}/{{model}}`` with the labels of a line."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: labels.get(m[1], ""), template).strip()


def page(prometheus: Prometheus, spec: dict[str, Any]) -> Page:
    """Evaluate every query of a dashboard."""
    panels = [
        Panel(panel, [prometheus.lines(target) for target in panel.get("targets", [])]) for panel in spec["panels"]
    ]
    firing = {"expr": 'ALERTS{alertstate="firing", severity=~"page|ticket"}', "instant": True}
    return Page(spec, panels, prometheus.start, prometheus.end, [series.labels for series in prometheus.lines(firing)])


@contextmanager
def demo() -> Iterator[Prometheus]:
    """Run the demo to its end; return its Prometheus, for the time span of the four incidents."""
    command = [sys.executable, "-u", "-m", "tocsin", "demo", "--stay", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address, start, text = "", 0.0, process.stdout
        assert text is not None
        for line in text:
            print(line, end="", flush=True)
            if line.startswith("Prometheus "):
                address = urllib.parse.urlparse(line.split()[1]).netloc
            if line.startswith("[1/"):
                start = time.time()
            if line.startswith("written "):
                break
        if not address:
            raise SystemExit("the demo has no Prometheus: run `make tools`")
        until = sum(phase.seconds for phase in PHASES[:-1])  # during the last incident
        yield Prometheus(address, start, start + until)
    finally:
        process.terminate()
        process.wait(30)
