"""Evaluates rules over the samples with promtool: all state changes of alerts, and near misses.

``promtool test rules`` is Prometheus' own rule engine with a simulated clock. The generated tests expect at every step
that no alert changed; the results are read from its failure messages. Its time begins at 0, so timestamps are shifted.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from tocsin.backtest import nearest, promql
from tocsin.backtest.feed import Period
from tocsin.backtest.rules import COARSE, STEP, Rule, RunPlan
from tocsin.backtest.sampling import SCRAPE, SPARSE, TARGET, Run, Sampler, notation, thinned

SAMPLES_MAX = 12_000_000
"""Maximum number of samples of a run, about 50 bytes each if they change; a longer log is sampled less often."""
EVERY = 300
"""Seconds between two queries for the texts of firing alerts, and for near misses."""
_GO = {"GOMAXPROCS": "1", "GOGC": "300", "GOMEMLIMIT": "600MiB"}
"""One run per core: more threads would only wait. Garbage is collected rarely, until memory is short."""
_TIMESTAMP = "_timestamp_seconds"
_CHANGED = "({now} unless {now} offset {step}s) or (0 * ({now} offset {step}s) unless {now})"
_ASKED = re.compile(r'ALERTS(?:_FOR_STATE)?\{alertname="([^"]*)"')
_SAID = "said:"
"""Prefix of the name of an alert that evaluates the texts of another."""

LabelSet = tuple[tuple[str, str], ...]
Recorded = dict[tuple[str, LabelSet], list[tuple[float, float]]]
"""The values of each recorded series, by name and labels: seconds since the beginning, value."""
Labels = dict[str, str]


class EngineError(Exception):
    """promtool could not evaluate the rules."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alert's label set (with ``alertname`` and ``alertstate``) appeared or disappeared."""

    at: float
    """Seconds since the beginning."""
    labels: Labels
    present: bool


@dataclass(frozen=True, slots=True)
class Near:
    """How near an alert came to its threshold; closeness 1 is the threshold itself."""

    labels: Labels
    closeness: float
    value: float
    threshold: float
    at: float


@dataclass(slots=True)
class Answer:
    """The results of one run."""

    changes: list[Change]
    annotations: list[tuple[float, Labels, Labels]]
    """Time, labels and annotations of a firing alert."""
    nearest: list[Near]
    recorded: Recorded = field(default_factory=dict)
    """The results of ``RunPlan.asked``."""


class Samples:
    """The sampled series in promtool's notation, each written when a run first reads it."""

    def __init__(self, sampler: Sampler, period: Period, folder: Path, sparse: frozenset[str]) -> None:
        self.sampler = sampler
        self._period = period
        self._folder = folder
        self._sparse = sparse
        self._written: dict[int, frozenset[str]] = {}
        """Names by stride."""

    def last(self, plan: RunPlan) -> int:
        """Return the time of a run's last evaluation: once the last event is known."""
        every = max(plan.step, STEP)
        return ceil((self._period.last - self._period.origin) / every) * every

    def stride(self, plan: RunPlan) -> int:
        """Return the sampling stride of a run: 1, unless that is too many samples for memory or for a range."""
        stride = 1
        while stride * SCRAPE < STEP and self.sampler.size(plan.series) // stride > SAMPLES_MAX:
            stride *= 2
        return stride

    def files(self, plan: RunPlan) -> list[Path]:
        """Return the files with the series that a run reads."""
        stride = self.stride(plan)
        folder = self._folder / f"samples-{stride}"
        folder.mkdir(exist_ok=True)
        written = self._written.get(stride, frozenset())
        self._write(folder, stride, plan.series - written)
        self._written[stride] = written | plan.series
        return [folder / name for name in sorted(plan.series) if (folder / name).exists()]

    def _write(self, folder: Path, stride: int, names: frozenset[str]) -> None:
        samples = (self.sampler.samples - 1) // stride + 1
        for name, pairs, runs in self.sampler.series(self._sparse, names):
            every = max(1, SPARSE // stride) if len(runs) == 1 or name in self._sparse else 1
            shift = self._period.origin if name.endswith(_TIMESTAMP) else 0
            values = notation(thinned(runs, stride), samples, shift, every)
            series = json.dumps(f"{name}{{{pairs}}}", ensure_ascii=False)
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(f"  - {{series: {series}, values: '{values}'}}\n")


def start(promtool: str, plan: RunPlan, samples: Samples, recorded: Recorded, folder: Path) -> subprocess.Popen[bytes]:
    """Write the run's files into the folder and start promtool; its output goes to ``out`` there."""
    written = {"groups": _written(plan)}
    (folder / "rules.yml").write_text(json.dumps(written), encoding="utf-8")
    last = samples.last(plan)
    with (folder / "test.yml").open("w", encoding="utf-8") as file:
        interval = samples.stride(plan) * SCRAPE
        file.write(f"rule_files: [rules.yml]\nevaluation_interval: {plan.step}s\n")
        file.write(f"group_eval_order: {json.dumps(list(plan.groups))}\n")
        file.write(f"tests:\n- interval: {interval}s\n  input_series:\n")
        file.write(f"  - {{series: 'up{{{TARGET}}}', values: '1+0x{last // interval}'}}\n")
        for path in samples.files(plan):
            with path.open(encoding="utf-8") as series:
                shutil.copyfileobj(series, file)
        file.writelines(_given(plan, recorded, interval, last))
        file.writelines(_questions(plan, last))
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - a program that the user installed, on files that we wrote
            [promtool, "test", "rules", str(folder / "test.yml")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out,
            env={**os.environ, **_GO},
        )  # fmt: skip


def _alerts(plan: RunPlan) -> dict[str, Rule]:
    """Return alerts of a run by their names within it: the alert name and a number.

    Alerts that a rule or a text queries are excluded: they must keep their names.
    """
    rules = [rule for found in plan.groups.values() for rule in found]
    texts = " ".join(str(text) for rule in rules for text in (rule["expr"], *rule.get("annotations", {}).values()))
    asked = _ASKED.findall(texts)
    if len(asked) < texts.count("ALERTS"):
        return {}
    return {f"{r['alert']}:{number}": r for number, r in enumerate(plan.alerts) if r["alert"] not in asked}


def _written(plan: RunPlan) -> list[dict[str, Any]]:
    """Return the groups as the run evaluates them.

    Prometheus expands every template of an alert at each evaluation, for each label set, including constant labels;
    that is most of the cost of a firing alert. So constant labels are removed and restored by ``read``, and if texts
    are needed less often than alerts are evaluated, a separate alert has them.
    """
    names = {id(rule): name for name, rule in _alerts(plan).items()}
    return [
        {"name": group, "rules": [part for rule in rules for part in _parts(plan, rule, names.get(id(rule)))]}
        for group, rules in plan.groups.items()
    ]


def _parts(plan: RunPlan, rule: Rule, name: str | None) -> list[Rule]:
    if name is None:
        return [rule]
    labels = {label: value for label, value in rule.get("labels", {}).items() if label not in _fixed(rule)}
    alert = rule | {"alert": name, "labels": labels}
    if not _speaks_apart(plan, rule):
        return [alert]
    value = f"{_SAID}{name.rpartition(':')[2]}"
    texts = alert.pop("annotations")
    asked = f"{value} and on () (vector(time()) % {EVERY} == 0)"
    return [
        {"record": value, "expr": rule["expr"]},
        alert | {"expr": value},
        {"alert": _SAID + name, "expr": asked, "labels": labels, "annotations": texts},
    ]


def _fixed(rule: Rule) -> Labels:
    """Return the labels of an alert that are constant."""
    return {label: str(value) for label, value in rule.get("labels", {}).items() if value and "{{" not in str(value)}


def _speaks_apart(plan: RunPlan, rule: Rule) -> bool:
    return plan.step < EVERY and "annotations" in rule and "keep_firing_for" not in rule


def _given(plan: RunPlan, recorded: Recorded, interval: int, last: int) -> Iterator[str]:
    """Yield the series that an earlier run recorded, with their values at each of its evaluations."""
    every = COARSE // interval
    for (name, labels), values in recorded.items():
        if name not in plan.given:
            continue
        runs: list[Run] = [(int(at) // interval, every, value) for at, value in values]
        text = notation(runs, last // interval + every + 1, 0, every)
        pairs = ",".join(f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in labels)
        yield f"  - {{series: {json.dumps(f'{name}{{{pairs}}}', ensure_ascii=False)}, values: '{text}'}}\n"


def _questions(plan: RunPlan, last: int) -> Iterator[str]:
    """Yield the queries: expectations that are never met, so that promtool prints the actual results."""
    yield "  promql_expr_test:\n"
    if plan.asked:
        wanted = json.dumps(_asked(plan))
        for at in range(0, last + 1, COARSE):
            yield f"  - {{expr: {wanted}, eval_time: {at}s}}\n"
    if not plan.alerts:
        return
    changed = json.dumps(_CHANGED.format(now=f'ALERTS{{alertname!~"{_SAID}.+"}}', step=plan.step))
    for at in range(0, last + 1, plan.step):
        yield f"  - {{expr: {changed}, eval_time: {at}s}}\n"
    for i, found in enumerate(nearest.queries(plan)):
        for part, expression in (("c", found.closeness), ("v", found.value)):
            text = f"&{part}{i} {json.dumps(expression, ensure_ascii=False)}"
            for at in range(0, last + 1, EVERY):
                yield f"  - {{expr: {text}, eval_time: {at}s}}\n"
                text = f"*{part}{i} "
    yield "  alert_rule_test:\n"
    known = _alerts(plan)
    names = {str(rule["alert"]) for rule in plan.alerts if rule not in known.values()}
    names |= {_SAID * _speaks_apart(plan, rule) + name for name, rule in known.items()}
    for alert in sorted(names):
        for at in range(0, last + 1, EVERY):
            yield f"  - {{eval_time: {at}s, alertname: {json.dumps(alert)}}}\n"


def _asked(plan: RunPlan) -> str:
    return f'{{__name__=~"{"|".join(sorted(plan.asked))}"}}'


# ---- what promtool says ------------------------------------------------------------------------------------
_HEAD = re.compile(r"^ {4}(?:expr: (?P<expr>\".*\")|alertname: (?P<alert>\S+)), time: (?P<time>\w+), *$")
_HEAD_ERROR = re.compile(r"^ {4}(?:rule|expr): .*, err: ")
_GOT = "        got: "
_VECTOR = re.compile(r'\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\} (\S+?)(?:, |$)')
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)=("(?:[^"\\]|\\.)*")')


def read(output: Path, plan: RunPlan, status: int) -> Answer:
    """Parse promtool's output; ``status`` is its exit status.

    Raises:
        EngineError: a rule could not be evaluated, or the output is not understood.
    """
    answer = Answer([], [], [])
    near, asked, alerts = _Nearness(plan), _asked(plan), _alerts(plan)
    expression, alert, at, heads = "", False, 0.0, 0
    labels: Labels | None = None
    got = False
    with output.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            head = _HEAD.match(line)
            if head is not None:
                heads += 1
                expression = _unquoted(head["expr"]) if head["expr"] else ""
                alert, at, got, labels = head["alert"] is not None, promql.duration(head["time"]), False, None
            elif _HEAD_ERROR.match(line) or "error" in line[:12].lower():
                if not near.concerns(line):  # our queries on a user's rules must not fail the backtest
                    raise EngineError(f"promtool: {line.strip()[:600]}")
            elif alert:
                text = line.strip()
                got = got or text.startswith("got:")
                if got and text.startswith("Labels:"):
                    labels = _whole(alerts, dict(_labels(text)))
                elif got and text.startswith("Annotations:") and labels is not None:
                    answer.annotations.append((at, labels, dict(_labels(text))))
            elif line.startswith(_GOT):
                for pairs, text in _VECTOR.findall(line[len(_GOT) :].rstrip("\n")):
                    found, value = _labels(pairs), float(text)
                    if expression == asked:
                        _record(answer.recorded, found, at, value)
                    elif not near.take(expression, found, at, value):
                        kept = {name: label for name, label in found if name != "__name__"}
                        answer.changes.append(Change(at, _whole(alerts, kept), value != 0))
    _check_ended(status, heads, output)
    answer.nearest = near.found()
    return answer


def _check_ended(status: int, heads: int, output: Path) -> None:
    if status not in (0, 1) or (status == 1 and not heads):  # 1 with results is the normal case
        text = output.read_text(encoding="utf-8", errors="replace").strip()
        raise EngineError(f"promtool exited with status {status} and no result: {text[:600] or 'no output'}")


def _whole(alerts: Mapping[str, Rule], labels: Labels) -> Labels:
    """Return the labels of an alert with its original name and constant labels."""
    rule = alerts.get(labels["alertname"].removeprefix(_SAID))
    return labels if rule is None else {**labels, **_fixed(rule), "alertname": str(rule["alert"])}


def _record(recorded: Recorded, labels: LabelSet, at: float, value: float) -> None:
    recorded.setdefault((dict(labels)["__name__"], _unnamed(labels)), []).append((at, value))


class _Nearness:
    """The nearest moment of each alert and label set."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._best: dict[tuple[str, LabelSet], tuple[float, float]] = {}
        self._values: dict[tuple[str, LabelSet, float], float] = {}
        self._closeness: dict[str, str] = {}
        self._value: dict[str, str] = {}
        for found in nearest.queries(plan):
            self._closeness[found.closeness] = found.alertname
            self._value[found.value] = found.alertname

    def concerns(self, line: str) -> bool:
        """Return whether an error is about one of the queries."""
        head = re.match(r"^ {4}expr: (\".*\"), time: ", line)
        return head is not None and (_unquoted(head[1]) in self._closeness or _unquoted(head[1]) in self._value)

    def take(self, expression: str, labels: LabelSet, at: float, value: float) -> bool:
        """Take a result if it is one of these queries; return whether it was."""
        if expression in self._closeness:
            key = self._closeness[expression], _unnamed(labels)
            if key not in self._best or value > self._best[key][0]:
                self._best[key] = value, at
        elif expression in self._value:
            self._values[self._value[expression], _unnamed(labels), at] = value
        else:
            return False
        return True

    def found(self) -> list[Near]:
        """Return the near misses."""
        out = []
        for (alertname, labels), (closeness, at) in self._best.items():
            value = self._values.get((alertname, labels, at))
            if value is not None:
                value, threshold = nearest.value_and_threshold(self._plan, alertname, value, closeness)
                out.append(Near({**dict(labels), "alertname": alertname}, closeness, value, threshold, at))
        return out


def _unnamed(labels: LabelSet) -> LabelSet:
    return tuple(pair for pair in labels if pair[0] != "__name__")


@lru_cache(maxsize=10_000)
def _labels(text: str) -> LabelSet:
    return tuple((name, ast.literal_eval(quoted)) for name, quoted in _PAIR.findall(text))


@lru_cache(maxsize=1_000)
def _unquoted(text: str) -> str:
    return str(ast.literal_eval(text))


def check(groups: object, promtool: str, folder: Path) -> None:
    """Have promtool check the user's rules.

    Raises:
        EngineError: they are invalid; the message says where.
    """
    path = folder / "check.yml"
    path.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - as above
        [promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EngineError(f"promtool rejects the rules: {done.stderr.strip()[:2000]}")
