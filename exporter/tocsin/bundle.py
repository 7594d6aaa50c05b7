"""The rules bundle: jsonnet in ``rules/`` compiled to the YAML that Prometheus loads.

``rules/`` is package data. Compiled files are checked in under ``rules/out``; a test compares them with the output of
the sources. The same sources compile with other settings (``tocsin bundle build --set``), and with placeholders for a
chart, which cannot run jsonnet.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import rjsonnet
import yaml

from tocsin.config import ConfigError

RULES = Path(__file__).parent / "rules"
"""The jsonnet sources, and their output under ``out``."""

DASHBOARDS = Path(__file__).parent / "dashboards"
"""The same for dashboards."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SHARES = re.compile(r"(?<!rise)(Ratio|Share|Coverage|availability)$")
"""Matches keys of shares, which are at most 1; an increase may be above 1."""
_DURATION = re.compile(r"[0-9.]+(ms|s|m|h|d|w)")

_PLACEHOLDERS = (
    "outage.availability", "outage.minimumCalls", "quality.dropRatio", "quality.ticketDropRatio",
    "quality.minimumCalls", "format.minimumRatio", "format.resolveRatio", "cost.usdPerHour", "cost.fastUsdPerHour",
    "cost.ceilingPerHour", "cost.baseline",
)  # fmt: skip
"""Thresholds that a chart sets. ``tokens.outlierFactor`` is the exporter's own and occurs in no expression."""


class BundleError(ConfigError):
    """The bundle cannot be compiled; the message states the reason and the fix."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Compiled rules."""

    alerts: str
    """Alerting rules, YAML."""
    recording: str
    """Recording rules, YAML."""
    table: list[dict[str, Any]] = field(default_factory=list)
    """One row per alert: name, category, severity, metric, threshold, window, requirement."""
    alertmanager: str = ""
    """Routing as an Alertmanager configuration, YAML."""
    alertmanagerconfig: str = ""
    """Routing as a resource of the Prometheus operator, YAML."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of all groups in evaluation order, as needed for promtool's ``group_eval_order``."""
        return tuple(group["name"] for group in self.rule_groups())

    def rule_groups(self) -> list[dict[str, Any]]:
        """Return all groups of rules in evaluation order: recording rules, then alerting rules."""
        return [group for text in (self.recording, self.alerts) for group in parse(text)["groups"]]


def compile(overrides: Mapping[str, Any] | None = None) -> Bundle:  # noqa: A001 - what it does
    """Compile the rules with changed settings.

    ``overrides`` maps dotted keys of ``config.libsonnet`` and ``taxonomy.libsonnet`` to values, such as
    ``{"quality.dropRatio": 0.2, "timeScale": 1 / 60}``.

    Raises:
        BundleError: a key does not exist, or its value is of the wrong type, negative, or a share above 1.
    """
    overrides = dict(overrides or {})
    known = settings()
    for key, value in overrides.items():
        _check(key, value, known)
    return _compile(overrides)


def shipped() -> Bundle:
    """Return the shipped rules without compiling."""
    out = RULES / "out"
    return Bundle((out / "alerts.yaml").read_text("utf-8"), (out / "recording.yaml").read_text("utf-8"))


def placeholders() -> Bundle:
    """Compile with placeholders such as ``@@quality.dropRatio@@`` for default thresholds, which a chart fills in."""
    return _compile({key: f"@@{key}@@" for key in _PLACEHOLDERS})


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Fill in placeholders like a chart: ``null`` becomes ``Inf``."""
    for key in _PLACEHOLDERS:
        value = values[key]
        shown = value if isinstance(value, str) else "Inf" if value is None else f"{value:.10g}"
        text = text.replace(f"@@{key}@@", shown)
    return text


def dashboards(overrides: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Compile the dashboards: JSON by file name. ``overrides`` as for ``compile``."""
    pages = "import '../dashboards/dashboards.libsonnet'"
    code = f"(({pages}) {{ _config+:: {_code(overrides or {})} }}).grafanaDashboards"
    return {name: json.dumps(page, indent=1) + "\n" for name, page in sorted(_evaluate(code).items())}


def templates() -> str:
    """Return Alertmanager's message templates, which are not compiled."""
    return (RULES / "routing" / "tocsin.tmpl").read_text("utf-8")


def settings() -> dict[str, Any]:
    """Return every setting and its default, by dotted key."""
    return dict(_leaves(_evaluate("(import 'config.libsonnet')._config")))


def parse_setting(text: str) -> tuple[str, Any]:
    """Parse ``key=value`` of a command line; the value is JSON, or else a plain string.

    For a setting with a string value, a number is a string: ``cost.baseline=2026.10``.

    Raises:
        BundleError: there is no ``=``.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise BundleError(f"{text!r}: give a setting as key=value, such as quality.dropRatio=0.2")
    try:
        parsed = json.loads(value)
    except ValueError:
        return key, value
    return key, value if isinstance(parsed, (int, float)) and isinstance(settings().get(key), str) else parsed


def parse(text: str) -> Any:
    """Parse YAML with libyaml if PyYAML has it: ten times faster, and these files are long."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def write(folder: Path, compiled: Mapping[str, str]) -> None:
    """Write compiled files by name.

    Raises:
        BundleError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in compiled.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise BundleError(f"{folder}: {error.strerror}; give a folder that can be written") from error


def files(bundle: Bundle) -> dict[str, str]:
    """Return the compiled files by name."""
    return {
        "alerts.yaml": bundle.alerts,
        "recording.yaml": bundle.recording,
        "alertmanager.yaml": bundle.alertmanager,
        "alertmanagerconfig.yaml": bundle.alertmanagerconfig,
    }


def stale(folder: Path, compiled: Mapping[str, str]) -> str:
    """Return a unified diff between the files in a folder and compiled ones; empty if there is none."""
    found: list[str] = []
    for name, text in compiled.items():
        path = folder / name
        if not path.exists():
            found.append(f"{path}: is not there")
            continue
        old = path.read_text("utf-8", errors="replace")
        found += difflib.unified_diff(old.splitlines(), text.splitlines(), str(path), "compiled", lineterm="")
    return "\n".join(found)


def markdown(overrides: Mapping[str, Any] | None = None) -> str:
    """Return ALERTS.md: one row per alert, generated so that it cannot be wrong. ``overrides`` as for ``compile``."""
    known = settings()

    def valued(match: re.Match[str]) -> str:
        key = match[0]
        return f"`{key}` ({json.dumps(known[key])})" if key in known else key

    lines = [
        "# Alerts", "",
        "Generated by `make docs`; do not edit. Thresholds are keys of `taxonomy.libsonnet` with their defaults.",
        "A page is for routes of tier `prod`; the same alert is a ticket for every other tier. Requirements are rows",
        "of the project's list.", "",
        "| category | alert | metric | threshold | window | severity | receivers | requirement |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in compile(overrides).table:
        metric = ", ".join(f"`{name}`" for name in row["metric"].split(", ")).replace("|", "\\|")
        threshold = re.sub(r"[a-z]+\.[a-zA-Z]+", valued, row["threshold"])
        receivers = ", ".join(row["receivers"]) or "-"
        cells = (
            row["category"], row["alert"], metric, threshold, row["window"] or "-", row["severity"], receivers,
            row["requirement"],
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _compile(overrides: Mapping[str, Any]) -> Bundle:
    compiled = _evaluate(
        f"local mixin = (import 'mixin.libsonnet') {{ _config+:: {_code(overrides)} }};"
        "{ alerts: mixin.prometheusAlerts, recording: mixin.prometheusRules, table: mixin.alertTable,"
        " alertmanager: mixin.alertmanager, alertmanagerconfig: mixin.alertmanagerConfig }"
    )
    return Bundle(
        alerts=_yaml(compiled["alerts"]),
        recording=_yaml(compiled["recording"]),
        table=compiled["table"],
        alertmanager=_dump(compiled["alertmanager"]),
        alertmanagerconfig=_dump(compiled["alertmanagerconfig"]),
    )


def _evaluate(code: str) -> Any:
    # rjsonnet compiles the rules in 0.05 s; the package jsonnet takes 28 s for the same result.
    try:
        return json.loads(rjsonnet.evaluate_snippet("bundle.jsonnet", code, jpathdir=[str(RULES)]))
    except RuntimeError as error:
        raise BundleError(f"the rules do not compile: {str(error).strip()}") from error


def _code(overrides: Mapping[str, Any]) -> str:
    """Return jsonnet that sets nested keys without affecting their siblings."""
    tree: dict[str, Any] = {}
    for key, value in overrides.items():
        *parents, last = key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = json.dumps(value)
    return _object(tree)


def _object(tree: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(
        f"{json.dumps(key)}+: {_object(value)}" if isinstance(value, dict) else f"{json.dumps(key)}: {value}"
        for key, value in tree.items()
    ) + " }"  # fmt: skip


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        yield f"{prefix}{key}", value
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")


def _check(key: str, value: Any, known: Mapping[str, Any]) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, 1)
        raise BundleError(f"{key}: no such setting" + (f"; did you mean {near[0]}?" if near else ""))
    default = known[key]
    numbers = (int, float)
    if isinstance(default, bool) or isinstance(value, bool):
        right = isinstance(default, bool) and isinstance(value, bool)
    elif default is None or isinstance(default, numbers):
        right = isinstance(value, numbers) or (default is None and value is None)
    else:
        right = isinstance(value, type(default))
    if not right:
        kind = "a number" if default is None else type(default).__name__
        mend = "; durations are numbers of seconds" if isinstance(value, str) and _DURATION.fullmatch(value) else ""
        raise BundleError(f"{key}: {value!r} is not {kind}, as the default {default!r} is{mend}")
    if isinstance(value, numbers) and not 0 <= value < inf:
        raise BundleError(f"{key}: {value!r} is not 0 or more")
    if isinstance(value, numbers) and value > 1 and _SHARES.search(key):
        raise BundleError(f"{key}: {value!r} is over 1; it is a share: write {value:g} % as {value / 100:g}")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # one of two
    """A dumper that keeps the line breaks of expressions."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
    return node


_Dumper.add_representer(str, _text)


_ORDER = ("name", "interval", "record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations", "rules")


def _ordered(part: dict[str, Any]) -> dict[str, Any]:
    """Return a group or rule with its keys in the customary order."""
    return {key: part[key] for key in _ORDER if key in part}


def _yaml(document: Any) -> str:
    groups = [_ordered(group | {"rules": [_ordered(rule) for rule in group["rules"]]}) for group in document["groups"]]
    return _dump({"groups": groups})


def _dump(document: Any) -> str:
    head = "# Compiled from rules/*.libsonnet by `make bundle`; do not edit.\n"
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
