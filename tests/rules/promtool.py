"""Cases of rule tests, and how they become a file for ``promtool test rules``.

A ``Case`` is one behaviour: series that go in, and what fires when. Rendered text is compared in full. All cases of a
module are one run of promtool, because starting it costs more than most cases do, and those of an alert share a test
(``world``), which takes half as long as one each.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from tocsin import bundle

DASHBOARDS = {
    "outage": "outage", "quality": "quality", "cost": "cost", "safety": "safety", "change": "overview",
    "control": "incident", "exporter": "exporter",
}  # fmt: skip
ACTIONS = {"page": "page", "ticket": "ticket", "info": "none"}
VARIABLES = ("cluster", "provider", "model", "route", "scorer", "consumer", "kind")


def series(metric: str, values: str, /, instance: str = "a", **labels: str) -> dict[str, str]:
    """One input series of the exporter; ``values`` in promtool's notation, ``0+10x60`` for sixty steps of ten."""
    pairs = {"job": "tocsin", "instance": instance, **labels}
    return {"series": f"{metric}{{{', '.join(f'{k}={chr(34)}{v}{chr(34)}' for k, v in pairs.items())}}}", "values": values}


@dataclass(frozen=True)
class Text:
    """A complete alert, as sent."""

    at: str
    severity: str
    category: str
    summary: str
    description: str
    labels: dict[str, str] = field(default_factory=dict)
    """Labels beyond severity, category, action, owner and tier."""
    action: str | None = None
    owner: str = "team"
    tier: str = "prod"


@dataclass(frozen=True)
class Case:
    """One behaviour of one alert."""

    name: str
    alert: str
    """Its name; ``ALL`` where the case is about all of them."""
    series: Sequence[dict[str, str]]
    fires: dict[str, int] = field(default_factory=dict)
    """How many alerts of the name fire at a time; of page severity, unless ``severity`` says otherwise."""
    severity: str = ""
    text: Text | None = None
    values: dict[tuple[str, str], float | None] = field(default_factory=dict)
    """Values of expressions: (expression, time) to the value, None where there must be none."""

    def test(self, interval: str) -> dict[str, Any]:
        return {
            "name": self.name,
            "interval": interval,
            "input_series": list(self.series),
            "promql_expr_test": self.questions(),
            "alert_rule_test": [self._rendered()] if self.text else [],
        }

    def questions(self, matcher: str = "") -> list[dict[str, Any]]:
        """What is asked of the alert, then of the expressions; with a matcher, of the series alone that match."""
        severity = f', severity="{self.severity}"' if self.severity else ""
        firing = f'count(ALERTS{{alertname="{self.alert}", alertstate="firing"{severity}}})'
        expected = {(firing, at): float(count) if count else None for at, count in self.fires.items()} | dict(self.values)
        return [
            {"expr": f"{narrowed(expr, matcher)} # {self.name}", "eval_time": at, "exp_samples": [] if value is None else [{"labels": "{}", "value": value}]}
            for (expr, at), value in expected.items()
        ]

    def shares(self) -> bool:
        """Return whether the case can share a test with others: it has its own data, and queries only that."""
        return self.alert != ALL and not self.text and bool(self.series) and all("{" in expr for expr, _ in self.values)

    def _rendered(self) -> dict[str, Any]:
        text = self.text
        assert text is not None
        labels = {
            "severity": text.severity, "category": text.category, "action": text.action or ACTIONS[text.severity],
            "owner": text.owner, "tier": text.tier, **text.labels,
        }  # fmt: skip
        if text.category == "safety":
            labels["priority"] = "P0"
        shown = "&".join(
            f"var-{name}={quote_plus(text.labels[name])}"
            for name in VARIABLES
            if name in text.labels and not (text.category in {"control", "exporter"} and name not in LINKED)
        )
        if "incident" in text.labels:
            shown = f"from=now-6h&to=now&{shown}"
        return {
            "eval_time": text.at,
            "alertname": self.alert,
            "exp_alerts": [{
                "exp_labels": labels,
                "exp_annotations": {
                    "summary": text.summary,
                    "description": text.description,
                    "runbook_url": f"http://localhost:9877/runbooks/{self.alert}",
                    "dashboard_url": f"http://localhost:3000/d/tocsin-{DASHBOARDS[text.category]}" + (f"?{shown}" if shown else ""),
                },
            }],
        }  # fmt: skip


ALL = "every"
APART = "case"
"""The label that keeps cases apart which share a test: rules that are compiled with it (``aggregationLabels``) keep it."""
NAME = re.compile(r"[a-zA-Z_:][\w:]*")
LOOKED_AT = re.compile(r"""alertname=\\?["'](\w+)""")
ANY_ALERT = re.compile(r"""ALERTS\{(?![^}]*alertname=\\?["'])""")
LINKED = ("provider", "model", "route")


def compiled(**overrides: Any) -> Callable[..., bundle.Bundle]:
    """The rules with other settings, compiled on first use: collecting tests needs none.

    They are asked for with labels that they keep apart beside those of the settings.
    """
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    own = settings.pop("aggregationLabels", [])
    return cache(lambda *labels: bundle.compile(settings | {"aggregationLabels": [*own, *labels]}))


def needed(rules: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]], texts: Sequence[str]) -> list[dict[str, Any]]:
    """The wanted alerts, and what they and some expressions read: recorded series, and alerts where they look at those."""
    found, texts = list(wanted), [*texts, *map(json.dumps, wanted)]
    while texts:
        text = texts.pop()
        names, looked_at = set(NAME.findall(text)), set(LOOKED_AT.findall(text))
        more = [
            rule for rule in rules
            if rule not in found and (rule.get("record") in names or rule.get("alert") in looked_at or (ANY_ALERT.search(text) and "alert" in rule))
        ]  # fmt: skip
        found += more
        texts += map(json.dumps, more)
    return found


def rule_file(path: Path, groups: Sequence[dict[str, Any]], alert: str, cases: Sequence[Case]) -> list[str]:
    """Write what the cases of one alert need (``ALL``: everything); return the groups in the order of evaluation.

    Texts are rendered at each evaluation, and their queries cost more than the rules: only where a case compares them.
    """
    if not any(case.text for case in cases):
        groups = [group | {"rules": [{key: rule[key] for key in rule if key != "annotations"} for rule in group["rules"]]} for group in groups]
    rules = [rule for group in groups for rule in group["rules"]]
    if alert != ALL:
        expressions = [expression for case in cases for expression, _ in case.values]
        rules = needed(rules, [rule for rule in rules if rule.get("alert") == alert], expressions)
    kept = [group | {"rules": [rule for rule in group["rules"] if rule in rules]} for group in groups]
    chosen = [group for group in kept if group["rules"]]
    path.write_text(json.dumps({"groups": chosen}, ensure_ascii=False))  # JSON is YAML
    return [group["name"] for group in chosen]


def narrowed(text: str, matcher: str) -> str:
    """Return series or an expression with one more label in each pair of braces."""
    return text.replace("{", f"{{{matcher}, ") if matcher else text


def world(cases: Sequence[Case], interval: str) -> dict[str, Any]:
    """One test of cases of one alert: each has a value of ``APART`` on its series, and asks for that alone.

    An alert that loses the label would be nobody's: there must be none.
    """
    rows, asked = [], []
    for number, case in enumerate(cases):
        label = f'{APART}="{number}"'
        rows += [row | {"series": narrowed(row["series"], label)} for row in case.series]
        asked += case.questions(label)
    times = {question["eval_time"] for question in asked}
    nobodys = f'ALERTS{{alertname="{cases[0].alert}", {APART}=""}}'
    return {
        "name": cases[0].alert, "interval": interval, "input_series": rows,
        "promql_expr_test": [*asked, *({"expr": nobodys, "eval_time": at, "exp_samples": []} for at in sorted(times))],
    }  # fmt: skip


def run(
    promtool: Path, folder: Path, cases: Sequence[Case], groups: Iterable[str], *,
    interval: str = "1m", step: str = "", rules: Callable[..., bundle.Bundle] | None = None, together: bool = True,
) -> str:  # fmt: skip
    """Run all cases; return promtool's report, which names the cases that failed.

    Rules are evaluated every ``interval``; series have a value every ``step``, the same by default. A group comes with
    those that hold its tickets of other tiers and its pages of unknown routes. What no case of an alert reads is not
    evaluated for it: that took most of the time. ``together``: cases share a test where they can.
    """
    rules = rules or compiled()
    names = {f"tocsin-{name}{suffix}" for name in groups for suffix in ("", "-unknown", "-elsewhere")}
    parts: dict[tuple[str, bool, bool], list[Case]] = {}
    for case in cases:
        parts.setdefault((case.alert, bool(case.text), together and case.shares()), []).append(case)
    available = {
        shares: [group for group in rules(*[APART] * shares).rule_groups() if group["name"] in names]
        for shares in {shares for _, _, shares in parts}
    }
    for number, ((alert, _, shares), own) in enumerate(parts.items()):
        file = folder / f"{number}.rules.yaml"
        document = {
            "rule_files": [file.name], "evaluation_interval": interval,
            "group_eval_order": rule_file(file, available[shares], alert, own),
            "tests": [world(own, step or interval)] if shares else [case.test(step or interval) for case in own],
        }  # fmt: skip
        (folder / f"{number}.tests.yaml").write_text(json.dumps(document, ensure_ascii=False))
    result = subprocess.run(
        [promtool, "test", "rules", *sorted(path.name for path in folder.glob("*.tests.yaml"))],
        cwd=folder, env=os.environ | {"GOGC": "off", "GOMEMLIMIT": "400MiB"}, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    return "" if result.returncode == 0 else result.stdout + result.stderr


def failed(case: Case, cases: Sequence[Case], report: str) -> str:
    """Return the report where it names the case; promtool does not name the cases whose text differs: then for each."""
    named = [other.name for other in cases if f'# {other.name}"' in report]
    return report[:6000] if report and (case.name in named or not named) else ""
