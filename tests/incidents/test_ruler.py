"""Rulers live: one that is restarted in the middle of an incident, the newest and the oldest, and a pair of which both page.

All of them judge the same exporter by the rules at a fortieth of time, and Prometheus' flags of time are scaled as the
rules are. But a start is a start: it takes seconds, minutes of the rules, and on a busy machine many. So what servers
remember is not scaled: Alertmanager waits for an alert for eight minutes (four times what lies between two tellings of
it), and tells of none again for an hour.
"""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from live import Application, ask, hooks, until
from traffic import Event, Stream, failed

from receiver import Receiver, receiving
from tocsin import bundle
from tocsin.demo.stack import OVERRIDES, answers, free_port, start

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]
SETTINGS = OVERRIDES | {"timeScale": 1 / 40, "cost.learning": 86400, "baseline.minimumSamples": 2}
FLAGS = (
    "--rules.alert.resend-delay=2m", "--rules.alert.for-outage-tolerance=10m", "--rules.alert.for-grace-period=3s",
    "--scrape.discovery-reload-interval=1s",
)  # fmt: skip
"""The grace period is the two minutes of docs/operations.md. The last flag brings the first scrape forward."""
GROUPED = 6
"""Seconds between two tellings of a group of alerts: some evaluations, or it shows one ruler of a pair resolving first."""
TIMES = {r"group_interval: 1s500ms": f"group_interval: {GROUPED}s", r"repeat_interval: \w+": "repeat_interval: 1h"}
WITHIN = 240.0
"""Seconds that anything may take: it takes thirty."""
BASELINE = "route_scorer:llm_quality_score:baseline7d"
PAGES = {"LLMQualityScoreDropped", "LLMRequestsFailing", "LLMNoSuccess"}


@dataclass
class Ruler:
    """Prometheus as a process that can be restarted."""

    program: Path
    folder: Path
    address: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    life: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        start(self.life, [
            str(self.program), f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address={self.address}", "--log.level=error", *FLAGS,
        ])  # fmt: skip

    def stop(self) -> None:
        self.life.close()

    def ready(self) -> bool:
        return answers(f"http://{self.address}/-/ready", WITHIN)

    def alerts(self) -> dict[str, str]:
        """Since when alerts that page are active, by name, to the second: that is what a ruler keeps."""
        return {a["labels"]["alertname"]: a["activeAt"][:19] for a in ask(self.address, "alerts")["alerts"] if a["labels"]["severity"] == "page"}

    def fire(self) -> bool:
        """Return whether all pages are firing."""
        alerts = ask(self.address, "alerts")["alerts"]
        return {a["labels"]["alertname"] for a in alerts if (a["state"], a["labels"]["severity"]) == ("firing", "page")} >= PAGES

    def value(self, query: str) -> float | None:
        result = ask(self.address, "query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None


@dataclass
class Alerting:
    """One Alertmanager, its receiver, and the rulers that send it alerts."""

    rulers: list[Ruler]
    receiver: Receiver
    manager: str

    def updated(self) -> list[str]:
        """When each alert in Alertmanager was last updated."""
        with urllib.request.urlopen(f"http://{self.manager}/api/v2/alerts?filter=severity=page", timeout=60) as answer:
            return sorted(alert["updatedAt"] for alert in json.load(answer) if alert["labels"]["alertname"] in PAGES)

    def told(self, status: str = "firing") -> list[str]:
        """Alerts that on-call received, with repetitions."""
        return sorted(a["alertname"] for a in self.receiver.alerts if a["status"] == status and a["path"] == "/oncall")


@contextmanager
def alerting(folder: Path, tool, exporter: str, age: str = "", replicas: str = "a") -> Iterator[Alerting]:
    """Run an Alertmanager with rulers that send to it; ``age``: nothing, or "-oldest"."""
    folder.mkdir()
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        rules = bundle.compile(SETTINGS | hooks(receiver.url))
        bundle.write(folder / "rules", {"alerts.yaml": rules.alerts, "recording.yaml": rules.recording})
        routing = rules.alertmanager
        for scaled, unscaled in TIMES.items():
            routing = re.sub(scaled, unscaled, routing)
        (folder / "alertmanager.yml").write_text(routing)
        manager = f"127.0.0.1:{free_port()}"
        start(stack, [
            str(tool(f"alertmanager{age}")), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={manager}", "--cluster.listen-address=", "--log.level=error",
        ])  # fmt: skip
        rulers = [Ruler(tool(f"prometheus{age}"), folder / replica) for replica in replicas]
        for ruler, replica in zip(rulers, replicas, strict=True):
            ruler.folder.mkdir()
            (ruler.folder / "prometheus.yml").write_text(json.dumps(config(folder / "rules", exporter, manager, replica)))
            stack.callback(ruler.stop)
            ruler.start()
        yield Alerting(rulers, receiver, manager)


def config(rules: Path, exporter: str, manager: str, replica: str) -> dict[str, Any]:
    """As the Prometheus operator writes it: replicas differ in a label that no alert keeps."""
    return {
        "global": {"scrape_interval": "1500ms", "scrape_timeout": "1500ms", "evaluation_interval": "1s", "external_labels": {"prometheus_replica": replica}},
        "rule_files": [str(rules / "*.yaml")],
        "alerting": {
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "prometheus_replica"}],
            "alertmanagers": [{"static_configs": [{"targets": [manager]}]}],
        },
        "scrape_configs": [{"job_name": "tocsin", "static_configs": [{"targets": [exporter]}]}],
    }  # fmt: skip


def worse(event: Event, hour: float) -> Event:
    return event | {"scores": {"judge": 0.1}}


def outage(event: Event, hour: float) -> Event:
    return failed(event, "provider_5xx", 503)


@dataclass
class Lived:
    """What became of it."""

    stacks: dict[str, Alerting]
    before: dict[str, dict[str, Any]]
    """Of each restarted ruler: since when what is active, and the baseline; ``after``: the same, restarted."""
    after: dict[str, dict[str, Any]]
    unresolved: dict[str, list[str]]
    """Alerts that were reported to on-call as resolved while they were not."""
    paged: dict[str, list[str]]


@pytest.fixture(scope="module")
def lived(tool, launch, tmp_path_factory) -> Iterator[Lived]:
    """Health until there are baselines, then worse answers and an outage; rulers restarted; the end of the outage."""
    folder = tmp_path_factory.mktemp("ruler")
    (folder / "tocsin.yml").write_text("declared: {content: off}\n")
    log = folder / "calls.jsonl"
    log.touch()
    streams = [Stream("support-bot", "gpt-4o", 600), Stream("search", "claude-sonnet-4", 600, score=None)]
    with ExitStack() as stack:
        exporter = stack.enter_context(launch(folder, "--tail", str(log), "--config.file", str(folder / "tocsin.yml")))
        application = stack.enter_context(Application(log, streams))
        target = f"127.0.0.1:{exporter.port}"
        stacks = {
            "newest": stack.enter_context(alerting(folder / "newest", tool, target)),
            "oldest": stack.enter_context(alerting(folder / "oldest", tool, target, "-oldest")),
            "pair": stack.enter_context(alerting(folder / "pair", tool, target, replicas="ab")),
        }  # fmt: skip
        rulers = [ruler for one in stacks.values() for ruler in one.rulers]
        assert all(ruler.ready() for ruler in rulers)
        until(lambda: all(ruler.value(BASELINE) for ruler in rulers), WITHIN)
        application.changes.update({"support-bot": worse, "search": outage})
        until(lambda: all(set(one.told()) >= PAGES for one in stacks.values()), WITHIN)

        restarted = {name: stacks[name].rulers[0] for name in ("newest", "oldest")}
        look = lambda: {name: ruler.alerts() | {BASELINE: ruler.value(BASELINE)} for name, ruler in restarted.items()}  # noqa: E731
        before, told = look(), {name: max(stacks[name].updated()) for name in restarted}
        for ruler in restarted.values():
            ruler.stop()
        for ruler in restarted.values():
            ruler.start()
        assert all(ruler.ready() for ruler in restarted.values())
        until(lambda: all(ruler.fire() for ruler in restarted.values()), WITHIN)
        until(lambda: all(min(stacks[name].updated()) > last for name, last in told.items()), WITHIN)
        time.sleep(GROUPED + 2)  # what was told anew would be passed on now
        after = look()
        unresolved = {name: one.told("resolved") for name, one in stacks.items()}
        paged = {name: one.told() for name, one in stacks.items()}
        del application.changes["search"]
        until(lambda: all("LLMNoSuccess" in one.told("resolved") for one in stacks.values()), WITHIN)
        yield Lived(stacks, before, after, unresolved, paged)


@pytest.mark.parametrize("age", ["newest", "oldest"])
def test_a_ruler_that_is_restarted_in_an_incident_neither_resolves_nor_pages_twice(age, lived):
    assert lived.unresolved[age] == []
    assert [name for name in lived.paged[age] if name in PAGES] == sorted(PAGES)


@pytest.mark.parametrize("age", ["newest", "oldest"])
def test_a_restarted_ruler_restores_pending_alerts(age, lived):
    """Of the one whose window, half an hour, is longer than any start here: without data at first, nothing is restored."""
    assert lived.after[age]["LLMQualityScoreDropped"] == lived.before[age]["LLMQualityScoreDropped"]


@pytest.mark.parametrize("age", ["newest", "oldest"])
def test_a_restarted_ruler_keeps_its_baseline(age, lived):
    assert lived.after[age][BASELINE] == pytest.approx(lived.before[age][BASELINE], rel=0.02)


def test_a_pair_of_rulers_pages_once(lived):
    assert lived.unresolved["pair"] == []
    assert [name for name in lived.stacks["pair"].told() if name in PAGES] == sorted(PAGES)


@pytest.mark.parametrize("name", ["newest", "oldest", "pair"])
def test_a_fixed_incident_is_resolved(name, lived):
    assert "LLMNoSuccess" in lived.stacks[name].told("resolved")
