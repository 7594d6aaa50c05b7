"""Plans which rules are replayed, at which step, and which series they read.

promtool evaluates all rules of a run at one interval and ignores those of their groups
(https://github.com/prometheus/prometheus/blob/main/cmd/promtool/unittest.go, ``testGroup.test``). So the rules are
divided into runs: first those due every five minutes, baselines and tickets; then, with the recorded baselines, the
alerts of each shorter interval and the recording rules that they need. The runs of an interval are independent parts,
one per core. Rules that cannot have a result are omitted, and so are such parts of rules.

promtool's engine holds at most 10,000 samples, and a subquery loads those of all series at once: three days of twelve
models are too many. So series that alerts read every five minutes are recorded by the first runs, and read as plain
ranges.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import Any

from tocsin.backtest import promql
from tocsin.backtest.dormant import States
from tocsin.backtest.sampling import SCRAPE, Movement, Seen, sample_names
from tocsin.catalogue import FAMILIES

STEP = 60
"""Seconds between two evaluations, unless a group of rules sets its own interval."""
COARSE = 300
"""Seconds between two evaluations of rules due every four minutes or more: tickets, and baselines, whose ranges of a
week are expensive."""
STEPS = (SCRAPE, 30, STEP, 100)
"""The steps of rules due more often: the one nearest to an interval is used. All of them divide ``COARSE`` and most
alerts' ``for``, which would otherwise be rounded up."""
LONGEST = 9_500
"""Maximum samples per range: promtool's engine loads at most 10,000."""
_SAID = 3_600
"""Maximum seconds of a range that is read only for the text of an alert, such as the heaviest consumer."""

UNSEEN = (
    "up", "tocsin_notify_deadline_timestamp_seconds", "tocsin_task_heartbeat_timestamp_seconds",
    "tocsin_last_commit_timestamp_seconds", "tocsin_ingest_lag_seconds",
)  # fmt: skip
"""Series that a log cannot have: alerts about them in our own categories are left out."""

_SELECTOR = 8
"""Number of series that cost as much to read as one selector: 15 us per series of half an hour, 130 us per selector
(measured)."""
SPACED = ":spaced"
"""Suffix of a series that stands for a recorded one, ``COARSE`` seconds apart."""

Rule = dict[str, Any]
_QUANTILE = re.compile(
    r"histogram_quantile\([^()]*, (?:sum by \([^()]*\) \()+(?:increase|rate)\(([a-zA-Z_:][a-zA-Z0-9_:]*_bucket)\b"
)
_TAKEN_OFF = re.compile(r'label_replace\(-1 \* sum by .*?, "late", "true"')
_LATE = re.compile(r"llm_late_[a-z_]+_total\b")
_SERIES = frozenset(name for family in FAMILIES.values() for name in sample_names(family))


@dataclass(slots=True)
class _Entry:
    """A rule and its group."""

    rule: Rule
    group: str
    interval: float
    needs: set[int] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    selectors: int = 1
    """Number of selectors: an evaluation's cost depends on the length of the expression more than on what it reads."""
    cost: int = 1
    """Approximate cost of an evaluation: its selectors, and the exporter's series that they read."""

    @property
    def alert(self) -> str | None:
        name = self.rule.get("alert")
        return str(name) if name is not None else None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run of promtool: ordered rules by group, one step, the series they read."""

    step: int
    groups: dict[str, list[Rule]]
    series: frozenset[str]
    asked: frozenset[str] = frozenset()
    """Recorded series whose values are queried."""
    given: frozenset[str] = frozenset()
    """Recorded series whose values an earlier run provides."""

    @property
    def alerts(self) -> list[Rule]:
        """The alerting rules."""
        return [rule for rules in self.groups.values() for rule in rules if "alert" in rule]

    @property
    def work(self) -> float:
        """Approximate cost of the run: the rules evaluated per second of the log."""
        return sum(map(len, self.groups.values())) / self.step


@dataclass(frozen=True, slots=True)
class Plan:
    """All runs: those due every five minutes first, then all others with the series recorded by those."""

    early: list[RunPlan]
    late: list[RunPlan]

    @property
    def runs(self) -> list[RunPlan]:
        """All runs."""
        return [*self.early, *self.late]


def left_out(rule: Rule) -> bool:
    """Return whether a log cannot show an alert's condition: our own liveness, acknowledgements, escalation, drills."""
    words = promql.words(rule["expr"])
    if "ALERTS" in words:  # an alert about an unresolved alert: the same incident, not a finding of its own
        return True
    if "tocsin_drill_timestamp_seconds" in words:  # an exercise is not an incident
        return True
    if "absent" in words or ("vector" in words and not words & _SERIES):
        return True
    return any(name in words for name in UNSEEN) and rule.get("labels", {}).get("category") in ("exporter", "control")


def read_by(groups: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of the series that the rules read."""
    entries = _entries(groups)
    return frozenset().union(*(entries[i].series for i in _closure(entries, _wanted(entries))))


def quantiles_only(groups: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of buckets read only for quantiles: a sample per minute gives the same ones."""
    text = " ".join(str(rule["expr"]) for group in groups for rule in group["rules"])
    named = Counter(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*_bucket\b", text))
    in_quantiles = Counter(_QUANTILE.findall(text))
    return frozenset(name for name, count in in_quantiles.items() if count == named[name])


def _moving(groups: Sequence[Mapping[str, Any]], seen: Mapping[str, list[Seen]]) -> dict[str, list[Seen]]:
    """Return how series moved, without those that are only subtracted from the whole they belong to and never rose."""
    text = " ".join(" ".join(str(rule["expr"]).split()) for group in groups for rule in group["rules"])
    named = Counter(_LATE.findall(text))
    taken_off = Counter(name for part in _TAKEN_OFF.findall(text) for name in _LATE.findall(part))
    resting = {name for name in seen if all(movement is Movement.ZERO for _, movement in seen[name])}
    idle = {name for name in resting & taken_off.keys() if taken_off[name] == named[name]}
    return {name: found for name, found in seen.items() if name not in idle}


def plan(
    groups: Sequence[Mapping[str, Any]], seen: Mapping[str, list[Seen]], seconds: float = inf, *, parts: int
) -> Plan:
    """Return the runs for a log whose series moved like this within so many ``seconds``.

    The runs of one step are distributed over ``parts``.
    """
    entries = _spaced(_entries(groups))
    states = States(_moving(groups, seen), seconds)
    states.follow(entry.rule for entry in entries)
    dormant = {i for i, entry in enumerate(entries) if states.dormant(entry.rule["expr"])}
    entries = _with(entries, lambda entry: states.lean(entry.rule["expr"]))
    for entry in entries:
        entry.needs -= dormant
        entry.cost = _SELECTOR * entry.selectors + sum(_size(name, seen) for name in entry.series)
    slow = _slow(entries)
    handed = {str(entries[i].rule["record"]) for i in slow}
    by_step: dict[int, list[int]] = {}
    for i in _wanted(entries):
        if i not in dormant:
            by_step.setdefault(_step(entries, i), []).append(i)
    tickets = by_step.pop(COARSE, [])
    late = []
    for step, alerts in sorted(by_step.items()):
        late += [_run(entries, part, step, slow) for part in _parts(entries, alerts, parts, slow)]
    given = {name for run in late for name in run.given}
    asked = [i for i in slow if entries[i].rule["record"] in given and i not in dormant]
    spread = _parts(entries, [*asked, *tickets], 2 * parts)  # with fewer, a long log is sampled less often
    early = [_run(entries, part, COARSE, asked=handed & given) for part in spread]
    return Plan(early, late)


def _size(name: str, seen: Mapping[str, list[Seen]]) -> int:
    """Return the number of series of this name: ``seen`` has one entry for all buckets of a histogram."""
    family = FAMILIES.get(name.removesuffix("_bucket"))
    return len(seen.get(name, ())) * (len(family.buckets) + 1 if family is not None and family.buckets else 1)


def _wanted(entries: Sequence[_Entry]) -> list[int]:
    return [i for i, e in enumerate(entries) if e.alert is not None and not left_out(e.rule)]


def _spaced(entries: list[_Entry]) -> list[_Entry]:
    """Return the rules with plain ranges in place of subqueries whose series the first runs can record."""
    fast = _fast(entries)
    read = set().union(*(promql.in_subqueries(e.rule["expr"], COARSE) for e in entries if e.interval < COARSE))
    names = {}
    for name in sorted(read & fast):
        records = [i for i, entry in enumerate(entries) if entry.rule.get("record") == name]
        if _alone(entries, records, fast):
            names[name] = name + SPACED

    def plain(entry: _Entry) -> str:
        text = str(entry.rule["expr"])
        return text if entry.interval >= COARSE else promql.renamed_subqueries(text, COARSE, names)

    return _with(entries, plain, names)


def _with(
    entries: Sequence[_Entry], expression: Callable[[_Entry], str], copied: Mapping[str, str] = MappingProxyType({})
) -> list[_Entry]:
    """Return the rules with other expressions; series in ``copied`` are also recorded by a second name, right after."""
    groups: list[Mapping[str, Any]] = []
    waiting = Counter(str(entry.rule.get("record")) for entry in entries)
    for entry in entries:
        name = str(entry.rule.get("record"))
        rule = entry.rule | {"expr": expression(entry)}
        groups.append({"name": entry.group, "interval": f"{entry.interval:g}s", "rules": [rule]})
        waiting[name] -= 1
        if name in copied and not waiting[name]:
            copy = {"record": copied[name], "expr": name}
            groups.append({"name": entry.group, "interval": f"{COARSE}s", "rules": [copy]})
    return _entries(groups)


def _fast(entries: Sequence[_Entry]) -> set[str]:
    return {str(e.rule["record"]) for e in entries if e.alert is None and e.interval < COARSE}


def _alone(entries: Sequence[_Entry], wanted: Sequence[int], fast: AbstractSet[str]) -> bool:
    """Return whether rules need no range of a series recorded more often than every ``COARSE`` seconds."""
    return not any(promql.ranged(entries[i].rule["expr"]) & fast for i in _closure(entries, wanted))


def _slow(entries: Sequence[_Entry]) -> set[int]:
    """Return the recording rules of long intervals that can be evaluated separately, before all others.

    They see the others' results only every ``COARSE`` seconds, so nothing that they need may read ranges of series
    recorded more often. Rules that those of shorter intervals use only in their texts are included.
    """
    fast = _fast(entries)
    often = (e for e in entries if e.interval < COARSE and (e.alert is None or e.interval <= 2 * STEP))
    read = set().union(*(promql.words(e.rule["expr"]) for e in often))

    def waits(entry: _Entry) -> bool:
        told = entry.rule["record"] not in read and promql.longest_range(entry.rule["expr"]) > 0
        return entry.interval >= COARSE or told

    records = (i for i, entry in enumerate(entries) if entry.alert is None and waits(entry))
    found = {i for i in records if _alone(entries, [i], fast)}
    together = {str(entries[i].rule["record"]) for i in found}
    for i, entry in enumerate(entries):
        if entry.alert is None and i not in found:
            together.discard(str(entry.rule["record"]))
    return {i for i in found if entries[i].rule["record"] in together}


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
        texts = (*entry.rule.get("annotations", {}).values(), *entry.rule.get("labels", {}).values())
        said = " ".join(map(str, texts))  # templates may query
        entry.series = promql.names(entry.rule["expr"] + said) & _SERIES
        named = [token.text for token in promql.tokens_of(entry.rule["expr"])]
        entry.selectors = sum(name in records or name in _SERIES for name in named)
        for word in words & records.keys():
            entry.needs.update(records[word])
        for word in promql.names(said) & records.keys():  # a text does without results that need an expensive range
            entry.needs.update(i for i in records[word] if promql.longest_range(entries[i].rule["expr"]) <= _SAID)
        if "ALERTS" in words:
            for name in promql.strings(entry.rule["expr"]) & alerts.keys():
                entry.needs.update(alerts[name])
    return entries


def _closure(entries: Sequence[_Entry], start: Iterable[int], stop: AbstractSet[int] = frozenset()) -> set[int]:
    """Return the rules that these rules need, including themselves, but not those to stop at."""
    found: set[int] = set()
    waiting = list(start)
    while waiting:
        i = waiting.pop()
        if i not in found and i not in stop:
            found.add(i)
            waiting += entries[i].needs
    return found


def _step(entries: Sequence[_Entry], alert: int) -> int:
    interval = _interval(entries, alert)
    step = COARSE if interval > 2 * STEP else min(STEPS, key=lambda step: abs(step - interval))
    reads = max(promql.longest_range(entries[i].rule["expr"]) for i in _closure(entries, [alert]))
    return step if reads <= LONGEST * step else max(step, STEP)


def _interval(entries: Sequence[_Entry], alert: int) -> float:
    """Return the interval at which an alert's input can change.

    An alert that reads only recorded series sees the same values between two of their evaluations.
    """
    entry = entries[alert]
    read = promql.names(entry.rule["expr"]) & _SERIES
    recorded = [entries[i].interval for i in entry.needs if entries[i].alert is None]
    return entry.interval if read or not recorded else max(entry.interval, min(recorded))


def _parts(
    entries: Sequence[_Entry], wanted: Sequence[int], count: int, stop: AbstractSet[int] = frozenset()
) -> list[list[int]]:
    """Distribute rules over at most ``count`` parts of similar cost.

    Rules stay together if they share at least half of what one of them needs; otherwise the shared rules are evaluated
    twice. An alert never is.
    """

    def cost(rules: Iterable[int]) -> int:
        return sum(entries[i].cost for i in rules)

    islands: list[tuple[set[int], list[int]]] = []
    for one in wanted:
        needed, members = _closure(entries, [one], stop), [one]
        for other in list(islands):
            shared = needed & other[0]
            alerts = any(entries[i].alert is not None for i in shared)
            if not alerts and 2 * cost(shared) < min(cost(needed), cost(other[0])):
                continue
            islands.remove(other)
            needed, members = needed | other[0], other[1] + members
        islands.append((needed, members))
    parts: list[tuple[int, list[int]]] = [(0, []) for _ in range(count)]
    weighed = [(cost(needed), members) for needed, members in islands]
    for weight, members in sorted(weighed, key=lambda island: -island[0]):
        lightest = min(range(count), key=lambda i: parts[i][0])
        sum_, held = parts[lightest]
        parts[lightest] = (sum_ + weight, held + members)
    return [members for _, members in parts if members]


def _run(
    entries: Sequence[_Entry],
    wanted: Sequence[int],
    step: int,
    stop: AbstractSet[int] = frozenset(),
    asked: AbstractSet[str] = frozenset(),
) -> RunPlan:
    groups: dict[str, list[Rule]] = {}
    series: set[str] = set()
    given: set[str] = set()
    own: set[str] = set()
    for i in sorted(_closure(entries, wanted, stop)):
        entry = entries[i]
        rule = dict(entry.rule)
        rule["expr"] = promql.shorten_ranges(promql.plain_subqueries(rule["expr"], step), LONGEST * step)
        groups.setdefault(entry.group, []).append(rule)
        series |= entry.series
        given |= {str(entries[n].rule["record"]) for n in entry.needs & stop}
        own.add(str(rule.get("record")))
    return RunPlan(step, groups, frozenset(series), frozenset(asked & own), frozenset(given))
