"""Turns state changes into alerts, near misses and page counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tocsin.backtest.engine import Answer, Change, Labels, Near

WEEK = 7 * 86_400.0
NEAREST = 10
_OWN = ("alertname", "alertstate", "category", "severity")


@dataclass(slots=True)
class Alert:
    """One alert from its first pending to its resolution; times are Unix seconds, None: not reached."""

    alertname: str
    category: str
    severity: str
    labels: Labels
    pending_at: float | None = None
    firing_at: float | None = None
    resolved_at: float | None = None
    annotations: Labels = field(default_factory=dict)


def alerts(answer: Answer, origin: float) -> list[Alert]:
    """Return the alerts in the order in which they began."""
    living: dict[tuple[tuple[str, str], ...], Alert] = {}
    done: list[Alert] = []
    by_time: dict[float, list[Change]] = {}
    for change in answer.changes:
        by_time.setdefault(change.at, []).append(change)
    for at in sorted(by_time):
        moment = origin + at
        changes = by_time[at]
        ended = {_key(c.labels) for c in changes if not c.present} - {_key(c.labels) for c in changes if c.present}
        for change in changes:
            if not change.present:
                continue
            key = _key(change.labels)
            alert = living.get(key)
            if alert is None:
                alert = living[key] = _born(change.labels)
            if change.labels["alertstate"] == "pending":
                if alert.firing_at is not None:  # resolved and pending again at the same time
                    alert.resolved_at = moment
                    done.append(alert)
                    alert = living[key] = _born(change.labels)
                alert.pending_at = moment
            else:
                alert.firing_at = moment
                alert.pending_at = moment if alert.pending_at is None else alert.pending_at
        for key in ended:
            if key in living:
                living[key].resolved_at = moment
                done.append(living.pop(key))
    found = [*done, *living.values()]
    _annotate(found, answer, origin)
    return in_order(found)


def since(first: float, found: Iterable[Alert]) -> list[Alert]:
    """Return the alerts without those that were pending before the first event (Unix seconds) and never fired.

    Evaluation begins before there is any data, so alerts about missing signals are pending then.
    """
    return [a for a in found if a.firing_at is not None or a.pending_at is None or a.pending_at >= first]


def in_order(found: Iterable[Alert]) -> list[Alert]:
    """Return the alerts in the order in which they began, then by name."""
    return sorted(found, key=lambda a: (a.pending_at or 0.0, a.alertname, sorted(a.labels.items())))


def _born(labels: Labels) -> Alert:
    return Alert(
        labels["alertname"], labels.get("category", ""), labels.get("severity", ""),
        {name: value for name, value in labels.items() if name not in _OWN},
    )  # fmt: skip


def _key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in labels.items() if name != "alertstate"))


def _annotate(found: list[Alert], answer: Answer, origin: float) -> None:
    """Give each alert the first annotations it had while it fired."""
    said: dict[tuple[tuple[str, str], ...], list[tuple[float, Labels]]] = {}
    for at, labels, text in answer.annotations:
        said.setdefault(_key(labels), []).append((origin + at, text))
    for alert in found:
        if alert.firing_at is None:
            continue
        own = {"alertname": alert.alertname, "category": alert.category, "severity": alert.severity}
        key = _key({**alert.labels, **{name: value for name, value in own.items() if value}})
        end = alert.resolved_at if alert.resolved_at is not None else float("inf")
        alert.annotations = next((text for at, text in said.get(key, []) if alert.firing_at <= at <= end), {})


def nearest(misses: list[Near], found: list[Alert]) -> list[Near]:
    """Return the near misses, nearest first: one per alert that never fired."""
    fired = {alert.alertname for alert in found if alert.firing_at is not None}
    out: dict[str, Near] = {}
    for near in sorted(misses, key=lambda near: (-near.closeness, near.labels["alertname"])):
        name = near.labels["alertname"]
        if name not in fired:
            out.setdefault(name, near)
    return list(out.values())[:NEAREST]


def pages_per_week(found: list[Alert], seconds: float) -> float:
    """Return the number of pages as a weekly rate."""
    pages = sum(alert.severity == "page" and alert.firing_at is not None for alert in found)
    return round(pages * WEEK / seconds, 2) if seconds > 0 else 0.0


def as_json(alert: Alert, stamp: Any) -> dict[str, Any]:
    """Return an alert as printed by ``backtest --json``; ``stamp`` renders a time."""
    return {
        "alertname": alert.alertname, "category": alert.category, "severity": alert.severity,
        "labels": alert.labels, "pending_at": stamp(alert.pending_at), "firing_at": stamp(alert.firing_at),
        "resolved_at": stamp(alert.resolved_at), "annotations": alert.annotations,
    }  # fmt: skip
