"""A drill: one marked event, followed from the log through rule and Alertmanager to each receiver.

Sources: the exporter's ``/metrics`` (counted), Prometheus' ``/api/v1/alerts`` (fires), Alertmanager's
``/api/v2/alerts`` (routed), its configuration in ``/api/v2/status`` (whether a receiver has any integration), its own
counters of requests to integrations (taken by the other side), and the exporter's ``/api/v1/incidents`` if a receiver's
webhook is this exporter (delivered). Only a person can confirm that a phone rang. API:
https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

ALERT = "TocsinDrill"
POLL = 0.25
SKEW = 20.0
"""Maximum clock difference in seconds between the machines involved."""
_REQUESTS = re.compile(
    r'^alertmanager_notification_requests(_failed)?_total\{[^}]*integration="([^"]+)"[^}]*\} (\S+)', re.MULTILINE
)
_DRILL = re.compile(r'^tocsin_drill_timestamp_seconds\{category="([^"]+)"\} (\S+)', re.MULTILINE)


class DrillError(Exception):
    """The drill cannot begin; the message states the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs of the programs involved; Prometheus is optional."""

    exporter: str
    alertmanager: str
    prometheus: str = ""
    ingest: str = ""
    log: str = ""
    """A file that the exporter tails, instead of ``ingest``."""
    token: str = ""
    """Bearer token of the ingest listener."""


@dataclass(slots=True)
class Reach:
    """The state of one receiver."""

    receiver: str
    result: str = "not routed"
    """``delivered``, ``taken``, or why no delivery is known."""
    seconds: float | None = None
    integrations: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Return whether an external party accepted the page."""
        return self.result in ("delivered", "taken")


@dataclass(slots=True)
class Report:
    """The progress of a drill; times are seconds after the event was sent."""

    id: str
    category: str
    steps: dict[str, float] = field(default_factory=dict)
    receivers: list[Reach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Return whether every receiver was reached."""
        return bool(self.receivers) and all(reach.reached for reach in self.receivers)


class Drill:
    """One drill of a category."""

    def __init__(
        self,
        category: str,
        places: Places,
        expected: Sequence[str],
        *,
        timeout: float,
        tell: Callable[[str, float], None] = lambda _step, _seconds: None,
    ) -> None:
        self.report = Report(f"drill-{uuid.uuid4()}", category, receivers=[Reach(name) for name in expected])
        self._places = places
        self._timeout = timeout
        self._tell = tell
        self._sent = 0.0
        self._before: Counter[tuple[str, bool]] = Counter()

    def run(self) -> Report:
        """Send the event and poll until every receiver was reached or the timeout expires.

        Raises:
            DrillError: it cannot begin.
        """
        if self._alert() is not None:
            raise DrillError(
                f"a drill of {self.report.category} is still up in Alertmanager, which would tell nobody again; "
                "wait until it has resolved (five minutes after it was sent)"
            )
        self._integrations()
        self._before = self._requests()
        self._send()
        until = time.monotonic() + self._timeout
        while time.monotonic() < until and not self.report.passed:
            self._look()
            time.sleep(POLL)
        return self.report

    def _look(self) -> None:
        steps = self.report.steps
        alert = self._alert()  # queried first: an alert that got this far is then also found at the earlier steps
        if "counted" not in steps:
            found = dict(_DRILL.findall(_text(f"{self._places.exporter}/metrics")))
            if float(found.get(self.report.category, 0)) >= self._sent - SKEW:
                self._reach("counted")
        if self._places.prometheus and "fires" not in steps:
            alerts = _json(f"{self._places.prometheus}/api/v1/alerts").get("data", {}).get("alerts", [])
            if any(self._is_ours(a["labels"]) and a["state"] == "firing" for a in alerts):
                self._reach("fires")
        if alert is None:
            return
        if "at Alertmanager" not in steps:
            self._reach("at Alertmanager")
        if alert["status"]["state"] == "suppressed":
            by = alert["status"]
            note = f"it is suppressed: silenced by {by['silencedBy']}, inhibited by {by['inhibitedBy']}"
            if note not in self.report.notes:
                self.report.notes.append(note)
        self._look_at_receivers({receiver["name"] for receiver in alert["receivers"]})

    def _look_at_receivers(self, routed: set[str]) -> None:
        delivered = self._delivered()
        taken = self._taken(routed)
        for reach in self.report.receivers:
            if reach.reached:
                continue
            if reach.receiver in delivered:
                self._set(reach, "delivered")
            elif reach.receiver not in routed:
                reach.result = "not routed"
            elif not reach.integrations:
                reach.result = "routed, but the receiver has no integration: nobody is told"
            elif taken is True:
                self._set(reach, "taken")
            elif taken is None:
                reach.result = "failed: see the log of Alertmanager"
            else:
                reach.result = "routed, not sent yet"

    def _taken(self, routed: set[str]) -> bool | None:
        """Return whether as many requests were accepted as the receivers have integrations; None: one failed.

        Alertmanager counts by type of integration, not by receiver, so receivers that share a type are only known
        together, and its other notifications count, too.
        """
        wanted: Counter[str] = Counter()
        for reach in self.report.receivers:
            if reach.receiver in routed:
                wanted.update(reach.integrations)
        now = self._requests()
        if any(now[kind, True] > self._before[kind, True] for kind in wanted):
            return None
        return all(
            (now[kind, False] - now[kind, True]) - (self._before[kind, False] - self._before[kind, True]) >= count
            for kind, count in wanted.items()
        )

    def _requests(self) -> Counter[tuple[str, bool]]:
        """Return Alertmanager's requests to integrations, by type and whether they failed."""
        found: Counter[tuple[str, bool]] = Counter()
        for failed, kind, value in _REQUESTS.findall(_text(f"{self._places.alertmanager}/metrics")):
            found[kind, bool(failed)] += int(float(value))
        return found

    def _integrations(self) -> None:
        """Note each receiver's integrations; a name may be the end of the operator's ``NAMESPACE/NAME/oncall``.

        Raises:
            DrillError: a name is the end of several.
        """
        status = _json(f"{self._places.alertmanager}/api/v2/status", must=True)
        config = yaml.safe_load(status["config"]["original"])
        known = {receiver["name"]: receiver for receiver in config.get("receivers", [])}
        for reach in self.report.receivers:
            whole = reach.receiver in known
            names = [reach.receiver] if whole else [name for name in known if name.endswith(f"/{reach.receiver}")]
            if not names:
                reach.result = "no such receiver"
                continue
            if len(names) > 1:
                raise DrillError(f"receiver {reach.receiver}: give --expect the whole name, one of {', '.join(names)}")
            (reach.receiver,) = names
            reach.integrations = tuple(
                key.removesuffix("_configs")
                for key, entries in known[reach.receiver].items()
                if key.endswith("_configs")
                for _ in entries
            )

    def _alert(self) -> dict[str, Any] | None:
        query = urllib.parse.urlencode(
            [("filter", f'alertname="{ALERT}"'), ("filter", f'category="{self.report.category}"')]
        )
        found = _json(f"{self._places.alertmanager}/api/v2/alerts?{query}", must=not self._sent)
        return next(iter(found), None) if isinstance(found, list) else None

    def _delivered(self) -> set[str]:
        """Return the receivers whose webhook was delivered to this exporter."""
        incidents = _json(f"{self._places.exporter}/api/v1/incidents").get("incidents", [])
        return {
            receiver
            for alert in incidents
            if alert["alertname"] == ALERT and alert["category"] == self.report.category
            and alert["delivered_at"] >= self._sent - SKEW
            for receiver in alert["receivers"]
        }  # fmt: skip

    def _is_ours(self, labels: dict[str, str]) -> bool:
        return labels.get("alertname") == ALERT and labels.get("category") == self.report.category

    def _send(self) -> None:
        now = time.time()
        event = {
            "v": 1, "type": "drill", "id": self.report.id, "time": datetime.fromtimestamp(now, UTC).isoformat(),
            "category": self.report.category,
        }  # fmt: skip
        line = json.dumps(event).encode() + b"\n"
        self._sent = now
        if self._places.log:
            try:
                with Path(self._places.log).open("ab") as out:
                    out.write(line)
            except OSError as error:
                mend = "give a file that the exporter tails"
                raise DrillError(f"{self._places.log}: {error.strerror}; {mend}") from error
            return
        request = urllib.request.Request(f"{self._places.ingest}/v1/ingest/native", line, method="POST")  # noqa: S310 - the flag's
        if self._places.token:
            request.add_header("Authorization", f"Bearer {self._places.token}")
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - the operator's own URL
        except (OSError, ValueError) as error:
            mend = "is `ingest.listen_address` there, and the token right?"
            raise DrillError(f"{self._places.ingest}: {error}; {mend}") from error

    def _reach(self, step: str) -> None:
        seconds = round(time.time() - self._sent, 1)
        self.report.steps[step] = seconds
        self._tell(step, seconds)

    def _set(self, reach: Reach, result: str) -> None:
        reach.result, reach.seconds = result, round(time.time() - self._sent, 1)
        self._tell(f"{result} to {reach.receiver}", reach.seconds)


def _text(url: str) -> str:
    """Return the text at a URL, empty without a response."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the operator's own URL
            return str(answer.read().decode("utf-8", "replace"))
    except (OSError, ValueError):
        return ""


def _json(url: str, *, must: bool = False) -> Any:
    """Return the JSON at a URL, or an empty object.

    Raises:
        DrillError: ``must``, and there is none.
    """
    text = _text(url)
    try:
        return json.loads(text)
    except ValueError:
        if must:
            raise DrillError(f"{url}: no answer; is it the address of Alertmanager?") from None
        return {}
