"""How near alerts came to firing: recording rules, evaluated beside the shipped ones, that remember the moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tocsin.backtest import promql
from tocsin.backtest.promql import Comparison
from tocsin.backtest.rules import Rule, RunPlan

CLOSENESS, BEST, VALUE, AT = (f"tocsin:backtest_{name}" for name in ("closeness", "nearest", "value", "at"))
"""Closeness is 1 at the threshold and less where it was not reached."""
SWAPPED = "> bool"
"""The operator of a recorded incident: its left side is the threshold."""
_ORDERED = ("<", "<=", ">", ">=")
_INCIDENT = re.compile(r"\b[a-zA-Z_:]+:incident\b")


def rules(plan: RunPlan) -> list[Rule]:
    """Return the recording rules; for each alert and label set they keep the nearest moment so far."""
    out: list[Rule] = []
    known: set[tuple[str, str]] = set()
    for rule in plan.alerts:
        found = _comparison(plan, rule)
        name = str(rule["alert"])
        if found is None or (name, found.value) in known:  # the same for another tier of routes
            continue
        known.add((name, found.value))
        ratio = f"(({found.value}) / {found.matching} ({found.threshold}))"
        if found.operator.startswith("<"):
            ratio = f"(1 / {ratio})"
        value = f"(({found.value}) + {found.matching} 0 * ({found.threshold}))"
        labels = {"alertname": name}
        out.append({"record": CLOSENESS, "expr": f"{ratio} {found.rest}", "labels": labels})
        out.append({"record": f"{VALUE}_now", "expr": f"{value} {found.rest}", "labels": labels})
    if out:
        out.append({"record": BEST, "expr": f"({CLOSENESS} > {BEST}) or {BEST} or ({CLOSENESS} < Inf)"})
        out.append({"record": AT, "expr": f"(0 * ({CLOSENESS} == {BEST}) + time()) or {AT}"})
        out.append({"record": VALUE, "expr": f"({VALUE}_now and ({CLOSENESS} == {BEST})) or {VALUE}"})
    return out


def value_and_threshold(plan: RunPlan, alertname: str, kept: float, closeness: float) -> tuple[float, float]:
    """Return an alert's value and its threshold from what VALUE and BEST hold."""
    found = next(filter(None, (_comparison(plan, rule) for rule in plan.alerts if rule["alert"] == alertname)))
    if found.operator == SWAPPED:
        return kept / closeness, kept
    return kept, kept / closeness if found.operator.startswith(">") else kept * closeness


def _comparison(plan: RunPlan, rule: Rule) -> Comparison | None:
    """Return the first comparison of an alert, or of the recorded incident that it looks at."""
    return next(_usable(promql.comparisons(rule["expr"])), None) or _recorded(plan, rule["expr"])


def _usable(found: list[Comparison]) -> Iterator[Comparison]:
    """Yield those that have a distance: a time since is as near as the clock, not as the fault."""
    for comparison in found:
        if comparison.operator in _ORDERED and "time" not in promql.words(comparison.value):
            yield comparison


def _recorded(plan: RunPlan, expression: str) -> Comparison | None:
    """A 0/1 series ``...:incident`` compares the threshold with the value: ``(threshold > bool value) * ...``."""
    for name in _INCIDENT.findall(expression):
        for rule in (r for group in plan.groups.values() for r in group if r.get("record") == name):
            for found in _usable(promql.comparisons(rule["expr"])):
                if "bool" not in found.matching or found.operator != ">":
                    continue
                return replace(found, operator=SWAPPED, matching=found.matching.replace("bool", "").strip(), rest="")
    return None
