"""The fast incidents live, side by side: real Prometheus and Alertmanager with the shipped rules, and a receiver.

Each befalls a route, a provider and a model of its own; what is expected of it is expected whatever the others do. An
hour passes in a minute. The card has leaked before Prometheus starts, as the last thing before a restart of the exporter
that the restarted one reads first; what went on yesterday and a week ago on the route that falls silent is made up.
"""

import json
import random
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from live import Application, ask, hooks, until
from scenarios import ANSWER, CARD
from traffic import Event, Stream, call, failed

from receiver import Receiver, receiving
from tocsin.demo.stack import OVERRIDES, TIME_SCALE, Addresses, start_stack

pytestmark = [pytest.mark.once, pytest.mark.timeout(600)]
WITHIN = 90.0
"""Seconds for all incidents; silence is judged thirty seconds, half an hour of the rules, after the exporter's start."""
DAY = 86400 * TIME_SCALE


def stream(route: str, provider: str, model: str) -> Stream:
    return Stream(route, model, per_minute=400, score=None, text=ANSWER, extra={"provider": provider, "cost_usd": 0.001})


STREAMS = [
    stream("checkout", "openai", "gpt-4o"), stream("search", "google", "gemini-2.5-pro"), stream("chat", "anthropic", "claude-sonnet-4"),
    stream("mailer", "mistral", "mistral-large"), stream("calm", "openai", "gpt-4o-mini"),
]  # fmt: skip
LEAKY = stream("billing", "cohere", "command-a")
r = random.Random(3)


def outage(event: Event, hour: float) -> Event:
    return failed(event, "provider_5xx", 503)


def storm(event: Event, hour: float) -> Event:
    return failed(event, "rate_limited", 429) if r.random() < 0.6 else event


def blocks(event: Event, hour: float) -> Event:
    return failed(event, "blocked_guardrail", 400) if r.random() < 0.3 else event


def silence(event: Event, hour: float) -> None:
    return None


EXPECTED = [
    ("total outage", "LLMRequestsFailing", "page", "gpt-4o", {"oncall"}),
    ("total outage", "LLMNoSuccess", "page", "gpt-4o", {"oncall"}),
    ("storm of 429", "LLMRateLimited", "ticket", "gemini-2.5-pro", {"tickets"}),
    ("guardrail blocks surge", "LLMBlockedSurge", "ticket", "chat", {"review", "tickets"}),
    ("card number right after a restart", "LLMSafetyViolation", "page", "billing", {"oncall", "legal", "comms"}),
    ("silence", "LLMTrafficGone", "ticket", "mailer", {"tickets"}),
]
"""Incident, alert, severity, the route or model that it is about, and its receivers."""
ALLOWED = {("LLMErrorBudgetBurning", "ticket", "gpt-4o"), ("LLMCostPerRequestHigh", "ticket", "checkout")} | {
    ("LLMIncidentUnresolved", "ticket", about) for _, _, severity, about, _ in EXPECTED if severity == "page"
}
"""The budget burns longer than the outage pages; a page that lasts for half an hour, thirty seconds here, is escalated.
A route whose first hour is mostly an outage has learned that a request costs nothing: failures do.
"""


def past(folder: Path, promtool: Path, now: float) -> None:
    """Put into Prometheus' storage what was recorded of the silent route yesterday and a week ago."""
    samples = [
        f'route:llm_requests:increase15m{{route="mailer"}} 100 {now - days * DAY + second:.3f}' for days in (7, 1) for second in range(-60, 241, 5)
    ]  # fmt: skip
    (folder / "past.om").write_text("\n".join(["# TYPE route:llm_requests:increase15m gauge", *samples, "# EOF", ""]))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", folder / "past.om", folder / "tsdb"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def named(alert: dict[str, str]) -> tuple[str, str, str]:
    return alert["alertname"], alert["severity"], alert.get("route") or alert.get("model", "")


def reached(receiver: Receiver, status: str = "firing") -> dict[tuple[str, str, str], set[str]]:
    """The receivers of each alert."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for alert in receiver.alerts:
        if alert["status"] == status:
            found.setdefault(named(alert), set()).add(alert["path"].removeprefix("/"))
    return found


def all_reached(receiver: Receiver) -> bool:
    told = reached(receiver)
    return all(receivers <= told.get((alert, severity, about), set()) for _, alert, severity, about, receivers in EXPECTED)


@dataclass
class Lived:
    """What became of it."""

    told: dict[tuple[str, str, str], set[str]]
    resolved: dict[tuple[str, str, str], set[str]]
    firing: set[tuple[str, str, str]]
    """Pages and tickets that are firing in Prometheus at the end."""


@pytest.fixture(scope="module")
def lived(tool, launch, tmp_path_factory) -> Lived:
    """A leak and a restart, calm, then all other incidents at once; the provider recovers in between."""
    for name in ("prometheus", "alertmanager"):
        tool(name)
    folder = tmp_path_factory.mktemp("live")
    log = folder / "calls.jsonl"
    log.touch()
    with receiving() as receiver, launch(folder, "--tail", str(log)) as exporter, ExitStack() as stack:
        with Application(log, STREAMS):
            until(lambda: exporter.totals().get("llm_requests_total", 0) > 10)
        exporter.end(signal.SIGTERM)
        with log.open("a") as out:
            out.write(json.dumps(call(LEAKY, time.time(), 0, r) | {"output": f"The card on file is {CARD}, valid until 09/29."}) + "\n")
        past(folder, tool("promtool"), time.time())
        exporter.start()
        application = stack.enter_context(Application(log, STREAMS))
        places = Addresses(folder, f"127.0.0.1:{exporter.port}", f"127.0.0.1:{exporter.ingest}")
        prometheus = start_stack(stack, places, OVERRIDES | {"cost.learning": 86400} | hooks(receiver.url))["prometheus"]
        healthy = "provider_model:llm_requests_succeeded:increase10m > 20"
        until(lambda: len(ask(prometheus, "query", query=healthy)["result"]) == len(STREAMS))

        application.changes.update(checkout=outage, search=storm, chat=blocks, mailer=silence)
        receiver.wait(lambda: reached(receiver).keys() >= {tuple(row[1:4]) for row in EXPECTED[:2]}, WITHIN)
        del application.changes["checkout"]
        receiver.wait(lambda: all_reached(receiver), WITHIN)
        receiver.wait(lambda: "LLMRequestsFailing" in {name for name, *_ in reached(receiver, "resolved")}, WITHIN)
        firing = ask(prometheus, "query", query='ALERTS{alertstate="firing", severity!="info"}')["result"]
        return Lived(reached(receiver), reached(receiver, "resolved"), {named(sample["metric"]) for sample in firing})


@pytest.mark.parametrize(("alert", "severity", "about", "receivers"), [row[1:] for row in EXPECTED], ids=[f"{row[0]}: {row[1]}" for row in EXPECTED])
def test_an_incident_reaches_its_receivers(alert, severity, about, receivers, lived):
    assert lived.told.get((alert, severity, about)) == receivers


def test_nothing_else_fires_or_notifies_anyone(lived):
    expected = {tuple(row[1:4]) for row in EXPECTED}

    assert set(lived.told) - ALLOWED <= expected
    assert lived.firing - ALLOWED <= expected


def test_an_outage_is_resolved_once_the_provider_is_back(lived):
    assert ("LLMRequestsFailing", "page", "gpt-4o") in lived.resolved
