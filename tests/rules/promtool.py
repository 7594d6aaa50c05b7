"""Cases of rule tests, and how they become a file for ``promtool test rules``.

A ``Case`` is one behaviour: series that go in, and what fires when. Rendered text is compared in full. All cases of a
module are one run of promtool, because starting it costs more than most cases do.
"""

from __future__ import annotations

import json
import os
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
    """An alert as it is sent, in full."""

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
        matcher = f', severity="{self.severity}"' if self.severity else ""
        firing = f'count(ALERTS{{alertname="{self.alert}", alertstate="firing"{matcher}}})'
        expected = {(firing, at): float(count) if count else None for at, count in self.fires.items()} | dict(self.values)
        return {
            "name": self.name,
            "interval": interval,
            "input_series": list(self.series),
            "promql_expr_test": [
                {"expr": f"{expr} # {self.name}", "eval_time": at, "exp_samples": [] if value is None else [{"labels": "{}", "value": value}]}
                for (expr, at), value in expected.items()
            ],
            "alert_rule_test": [self._rendered()] if self.text else [],
        }

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


ALL = "*"
LINKED = ("provider", "model", "route")


def compiled(**overrides: Any) -> Callable[[], bundle.Bundle]:
    """The rules with other settings, compiled when they are first asked for: to collect tests takes none."""
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    return cache(lambda: bundle.compile(settings))


def rule_file(folder: Path, groups: Iterable[str], alerts: set[str], rules: bundle.Bundle) -> list[str]:
    """Write these groups, with these alerts alone (``ALL`` among them: with all); return the order of evaluation.

    A group comes with those that hold its tickets of other tiers and its pages of unknown routes.
    """
    names = {f"tocsin-{name}{suffix}" for name in groups for suffix in ("", "-unknown", "-elsewhere")}
    chosen = [
        group | {"rules": [rule for rule in group["rules"] if ALL in alerts or rule.get("alert", next(iter(alerts))) in alerts]}
        for group in rules.rule_groups()
        if group["name"] in names
    ]
    (folder / "rules.yaml").write_text(json.dumps({"groups": chosen}, ensure_ascii=False))  # JSON is YAML
    return [group["name"] for group in chosen]


def run(
    promtool: Path, folder: Path, cases: Sequence[Case], groups: Iterable[str], *,
    interval: str = "1m", step: str = "", rules: Callable[[], bundle.Bundle] | None = None,
) -> str:  # fmt: skip
    """Run all cases; return promtool's report, which names the cases that failed.

    Rules are evaluated every ``interval``; series have a value every ``step``, the same by default.
    """
    order = rule_file(folder, groups, {case.alert for case in cases}, (rules or compiled())())
    document = {
        "rule_files": ["rules.yaml"], "evaluation_interval": interval, "group_eval_order": order,
        "tests": [case.test(step or interval) for case in cases],
    }  # fmt: skip
    (folder / "tests.yaml").write_text(json.dumps(document, ensure_ascii=False))
    result = subprocess.run(
        [promtool, "test", "rules", "tests.yaml"], cwd=folder, env=os.environ | {"GOGC": "400"},
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    return "" if result.returncode == 0 else result.stdout + result.stderr


def failed(case: Case, cases: Sequence[Case], report: str) -> str:
    """Return the report where it names the case; promtool does not name the cases whose text differs: then for each."""
    named = [other.name for other in cases if f'# {other.name}"' in report]
    return report[:6000] if report and (case.name in named or not named) else ""
