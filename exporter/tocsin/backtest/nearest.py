"""Near misses: queries, evaluated beside the rules every few minutes, that measure how close alerts came to firing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tocsin.backtest import promql
from tocsin.backtest.promql import Comparison
from tocsin.backtest.rules import Rule, RunPlan

SWAPPED = "> bool"
"""The operator of a recorded incident: its left side is the threshold."""
_ORDERED = ("<", "<=", ">", ">=")
_INCIDENT = re.compile(r"\b[a-zA-Z_:]+:incident\b")


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries for the distance of one alert from its threshold."""

    alertname: str
    closeness: str
    """1 at the threshold, less before it is reached."""
    value: str


def queries(plan: RunPlan) -> list[Queries]:
    """Return a pair of queries for each alert that has a comparison."""
    out: list[Queries] = []
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
        out.append(Queries(name, f"({ratio} {found.rest}) > 0 < Inf", f"{value} {found.rest}"))
    return out


def value_and_threshold(plan: RunPlan, alertname: str, kept: float, closeness: float) -> tuple[float, float]:
    """Return an alert's value and threshold from the results of its queries."""
    found = next(filter(None, (_comparison(plan, rule) for rule in plan.alerts if rule["alert"] == alertname)))
    if found.operator == SWAPPED:
        return kept / closeness, kept
    return kept, kept / closeness if found.operator.startswith(">") else kept * closeness


def _comparison(plan: RunPlan, rule: Rule) -> Comparison | None:
    """Return the first comparison of an alert, or of the recorded incident that it reads."""
    return next(_usable(promql.comparisons(rule["expr"])), None) or _recorded(plan, rule["expr"])


def _usable(found: list[Comparison]) -> Iterator[Comparison]:
    """Yield comparisons with a meaningful distance: for ``time() - x`` it would be that of the clock."""
    for comparison in found:
        if comparison.operator in _ORDERED and "time" not in promql.words(comparison.value):
            yield comparison


def _recorded(plan: RunPlan, expression: str) -> Comparison | None:
    """Return the comparison of a 0/1 series ``...:incident``, recorded as ``(threshold > bool value) * ...``."""
    for name in _INCIDENT.findall(expression):
        for rule in (r for group in plan.groups.values() for r in group if r.get("record") == name):
            for found in _usable(promql.comparisons(rule["expr"])):
                if "bool" not in found.matching or found.operator != ">":
                    continue
                return replace(found, operator=SWAPPED, matching=found.matching.replace("bool", "").strip(), rest="")
    return None
