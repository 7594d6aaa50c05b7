"""Which rules are replayed, at which step, and which series they read.

promtool evaluates all rules of a run at one interval. So the rules are put into runs: alerts of one interval, with all
recording rules that these need, and the slow ones in parts that know nothing of each other, one for each core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.backtest import promql
from tocsin.backtest.sampling import SCRAPE, sample_names
from tocsin.catalogue import FAMILIES

STEP = 60
"""Seconds between two evaluations, unless a group of rules asks for more."""
LONGEST = 9_500
"""Samples that a range may hold: promtool's engine loads at most 10,000."""

UNSEEN = (
    "up", "tocsin_notify_deadline_timestamp_seconds", "tocsin_task_heartbeat_timestamp_seconds",
    "tocsin_last_commit_timestamp_seconds", "tocsin_ingest_lag_seconds",
)  # fmt: skip
"""Series that a log cannot have: alerts whose first condition is about them are left out (contracts.md, section 4)."""

Rule = dict[str, Any]
_SERIES = frozenset(name for family in FAMILIES.values() for name in sample_names(family))


@dataclass(slots=True)
class _Entry:
    """A rule and where it stands."""

    rule: Rule
    group: str
    interval: float
    needs: set[int] = field(default_factory=set)
    series: set[str] = field(default_factory=set)

    @property
    def alert(self) -> str | None:
        name = self.rule.get("alert")
        return str(name) if name is not None else None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run of promtool: rules by group in their order, one step, the series they read."""

    step: int
    groups: dict[str, list[Rule]]
    series: frozenset[str]

    @property
    def alerts(self) -> list[Rule]:
        """The alerting rules."""
        return [rule for rules in self.groups.values() for rule in rules if "alert" in rule]


def left_out(rule: Rule) -> bool:
    """Tell whether a log cannot show what an alert is about: our own liveness, acknowledgements, escalation, drills."""
    words = promql.words(rule["expr"])
    if "ALERTS" in words:  # an alert about another that nobody ended: of the same incident, and no finding of its own
        return True
    if "tocsin_drill_timestamp_seconds" in words:  # an exercise is no incident
        return True
    if "absent" in words or ("vector" in words and not words & _SERIES):
        return True
    return any(name in words for name in UNSEEN) and rule.get("labels", {}).get("category") in ("exporter", "control")


def plan(groups: Iterable[Mapping[str, Any]], *, parts: int) -> list[RunPlan]:
    """Return the runs; the slow rules are spread over ``parts`` of them."""
    entries = _entries(groups)
    wanted = [i for i, e in enumerate(entries) if e.alert is not None and not left_out(e.rule)]
    by_step: dict[int, list[int]] = {}
    for i in wanted:
        by_step.setdefault(_step(entries, i), []).append(i)
    runs = []
    for step, alerts in sorted(by_step.items()):
        runs += [_run(entries, part, step) for part in _parts(entries, alerts, parts if step == STEP else 1)]
    return runs


def pruned(run: RunPlan, present: frozenset[str]) -> RunPlan:
    """Return the run without rules that read nothing that is there: their result is empty at every step."""
    alive: set[str] = set(present)
    kept: set[int] = set()
    rules = [rule for group in run.groups.values() for rule in group]
    before = -1
    while before < len(kept):
        before = len(kept)
        for i, rule in enumerate(rules):
            found = promql.names(rule["expr"])
            if i not in kept and (found & alive or "absent" in found or "vector" in found):
                kept.add(i)
                alive.add(str(rule.get("record", "ALERTS")))
    identities = {id(rules[i]) for i in kept}
    groups = {name: [rule for rule in group if id(rule) in identities] for name, group in run.groups.items()}
    return RunPlan(run.step, {name: group for name, group in groups.items() if group}, run.series)


def _entries(groups: Iterable[Mapping[str, Any]]) -> list[_Entry]:
    entries: list[_Entry] = []
    for group in groups:
        interval = promql.duration(str(group.get("interval", "1m")))
        entries += [_Entry(dict(rule), str(group["name"]), interval) for rule in group["rules"]]
    records: dict[str, list[int]] = {}
    alerts: dict[str, list[int]] = {}
    for i, entry in enumerate(entries):
        if entry.alert is None:
            records.setdefault(str(entry.rule["record"]), []).append(i)
        else:
            alerts.setdefault(entry.alert, []).append(i)
    for entry in entries:
        words = promql.words(entry.rule["expr"])
        said = " ".join(map(str, entry.rule.get("annotations", {}).values()))  # templates may query
        entry.series = promql.names(entry.rule["expr"] + said) & _SERIES
        for word in words & records.keys():
            entry.needs.update(records[word])
        if "ALERTS" in words:
            for name in promql.strings(entry.rule["expr"]) & alerts.keys():
                entry.needs.update(alerts[name])
    return entries


def _closure(entries: Sequence[_Entry], start: Iterable[int]) -> set[int]:
    """Return the rules that these rules need, themselves included."""
    found: set[int] = set()
    waiting = list(start)
    while waiting:
        i = waiting.pop()
        if i not in found:
            found.add(i)
            waiting += entries[i].needs
    return found


def _step(entries: Sequence[_Entry], alert: int) -> int:
    step = int(min(max(entries[alert].interval, SCRAPE), STEP))
    reads = max(promql.longest_range(entries[i].rule["expr"]) for i in _closure(entries, [alert]))
    return step if reads <= LONGEST * step else STEP


def _parts(entries: Sequence[_Entry], alerts: Sequence[int], count: int) -> list[list[int]]:
    """Spread alerts over at most ``count`` parts, so that the rules needed twice are few and the parts alike."""
    islands: list[tuple[set[int], list[int]]] = []
    for alert in alerts:
        needed, members = _closure(entries, [alert]), [alert]
        for other in [island for island in islands if island[0] & needed]:
            islands.remove(other)
            needed, members = needed | other[0], other[1] + members
        islands.append((needed, members))
    parts: list[tuple[int, list[int]]] = [(0, []) for _ in range(count)]
    for needed, members in sorted(islands, key=lambda island: -len(island[0])):
        lightest = min(range(count), key=lambda i: parts[i][0])
        weight, held = parts[lightest]
        parts[lightest] = (weight + len(needed), held + members)
    return [members for _, members in parts if members]


def _run(entries: Sequence[_Entry], alerts: Sequence[int], step: int) -> RunPlan:
    groups: dict[str, list[Rule]] = {}
    series: set[str] = set()
    for i in sorted(_closure(entries, alerts)):
        entry = entries[i]
        rule = dict(entry.rule)
        rule["expr"] = promql.shorten_ranges(rule["expr"], LONGEST * step)
        groups.setdefault(entry.group, []).append(rule)
        series |= entry.series
    return RunPlan(step, groups, frozenset(series))
