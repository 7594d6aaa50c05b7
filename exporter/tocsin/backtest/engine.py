"""The rules, evaluated by promtool over the samples: every change of every alert's state, and the nearest misses.

``promtool test rules`` is Prometheus' own rule engine with a clock of its own. We expect of each moment that no alert
changed, and read the answer from what it complains about. Time begins at 0 there, so timestamps are moved.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tocsin.backtest import nearest, promql
from tocsin.backtest.nearest import AT, BEST, VALUE
from tocsin.backtest.rules import STEP, RunPlan
from tocsin.backtest.sampling import SCRAPE, TARGET, Sampler, notation, thinned

SAMPLES_MAX = 6_000_000
"""Samples that promtool holds at most: about 50 bytes each."""
ANNOTATIONS_EVERY = 300
"""Seconds between two looks at what a firing alert says."""
_TIMESTAMP = "_timestamp_seconds"
_CHANGED = "(ALERTS unless ALERTS offset {step}s) or (0 * (ALERTS offset {step}s) unless ALERTS)"

Labels = dict[str, str]


class EngineError(Exception):
    """promtool could not evaluate the rules."""


@dataclass(frozen=True, slots=True)
class Change:
    """An alert's label set (with ``alertname`` and ``alertstate``) came or went."""

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
    """What one run says."""

    changes: list[Change]
    annotations: list[tuple[float, Labels, Labels]]
    """At, labels, annotations of a firing alert."""
    nearest: list[Near]


def start(promtool: str, plan: RunPlan, sampler: Sampler, origin: float, folder: Path) -> subprocess.Popen[bytes]:
    """Write the run's files into the folder and start promtool; its output goes to ``out`` there."""
    rules = {"groups": [{"name": name, "rules": found} for name, found in plan.groups.items()]}
    rules["groups"].append({"name": "tocsin:backtest", "rules": nearest.rules(plan)})
    if not rules["groups"][-1]["rules"]:
        rules["groups"].pop()
    path = folder / "rules.yml"
    path.write_text(json.dumps(rules), encoding="utf-8")
    if not _valid(promtool, path):  # what we made of somebody's expressions must not cost them their alerts
        rules["groups"] = [group for group in rules["groups"] if group["name"] != "tocsin:backtest"]
        path.write_text(json.dumps(rules), encoding="utf-8")
    with (folder / "test.yml").open("w", encoding="utf-8") as file:
        file.writelines(_test(plan, sampler, origin, [str(group["name"]) for group in rules["groups"]]))
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(  # noqa: S603 - a program that the user installed, on files that we wrote
            [promtool, "test", "rules", str(folder / "test.yml")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out,
            env={**os.environ, "GOMAXPROCS": "1", "GOGC": "200"},  # one run for each core: more threads only wait
        )  # fmt: skip


def _test(plan: RunPlan, sampler: Sampler, origin: float, order: list[str]) -> Iterator[str]:
    """Yield the text of the unit test file."""
    step, stride = plan.step, _stride(plan, sampler)
    samples = (sampler.samples - 1) // stride + 1
    yield f"rule_files: [rules.yml]\nevaluation_interval: {step}s\ngroup_eval_order: {json.dumps(order)}\n"
    yield f"tests:\n- interval: {stride * SCRAPE}s\n  input_series:\n"
    yield f"  - {{series: 'up{{{TARGET}}}', values: '1+0x{samples - 1}'}}\n"
    for name, pairs, runs in sampler.series():
        if name in plan.series:
            values = notation(thinned(runs, stride), samples, origin if name.endswith(_TIMESTAMP) else 0)
            series = json.dumps(f"{name}{{{pairs}}}", ensure_ascii=False)
            yield f"  - {{series: {series}, values: '{values}'}}\n"
    yield "  promql_expr_test:\n"
    changed = json.dumps(_CHANGED.format(step=step))
    last = (sampler.samples - 1) * SCRAPE // step * step
    for at in range(0, last + 1, step):
        yield f"  - {{expr: {changed}, eval_time: {at}s}}\n"
    for name in (BEST, VALUE, AT):
        yield f"  - {{expr: '{name}', eval_time: {last}s}}\n"
    yield "  alert_rule_test:\n"
    names = sorted({str(rule["alert"]) for rule in plan.alerts})
    for at in range(0, last + 1, ANNOTATIONS_EVERY):
        for alert in names:
            yield f"  - {{eval_time: {at}s, alertname: {alert}}}\n"


def _stride(plan: RunPlan, sampler: Sampler) -> int:
    """Return of how many samples one is loaded: every one, unless they are too many for memory or for a range."""
    stride = 1
    while stride * SCRAPE < STEP and sampler.size(plan.series) // stride > SAMPLES_MAX:
        stride *= 2
    return stride


# ---- what promtool says ------------------------------------------------------------------------------------
_HEAD = re.compile(r"^ {4}(?:expr: (?P<expr>\".*\")|alertname: (?P<alert>\S+)), time: (?P<time>\w+), *$")
_HEAD_ERROR = re.compile(r"^ {4}(?:rule|expr): .*, err: ")
_VECTOR = re.compile(r'\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\} (\S+?)(?:, |$)')
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)=("(?:[^"\\]|\\.)*")')


def read(output: Path, plan: RunPlan, status: int) -> Answer:
    """Return what promtool wrote; ``status`` is how it ended.

    Raises:
        EngineError: a rule could not be evaluated, or the output is not understood.
    """
    answer = Answer([], [], [])
    near: dict[str, dict[tuple[tuple[str, str], ...], float]] = {BEST: {}, VALUE: {}, AT: {}}
    expression, alert, at = "", False, 0.0
    labels: Labels | None = None
    got = False
    heads = 0
    with output.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            head = _HEAD.match(line)
            if head is not None:
                heads += 1
                expression = ast.literal_eval(head["expr"]) if head["expr"] else ""
                alert, at, got, labels = head["alert"] is not None, promql.duration(head["time"]), False, None
            elif _HEAD_ERROR.match(line) or "error" in line[:12].lower():
                raise EngineError(f"promtool: {line.strip()[:600]}")
            elif alert:
                text = line.strip()
                got = got or text.startswith("got:")
                if got and text.startswith("Labels:"):
                    labels = _labels(text)
                elif got and text.startswith("Annotations:") and labels is not None:
                    answer.annotations.append((at, labels, _labels(text)))
            elif line.startswith("        got: "):
                for pairs, number in _VECTOR.findall(line[len("        got: ") :].rstrip("\n")):
                    found = _labels(pairs)
                    found.pop("__name__", None)
                    if expression in near:
                        near[expression][tuple(sorted(found.items()))] = float(number)
                    else:
                        answer.changes.append(Change(at, found, float(number) != 0))
    if status not in (0, 1) or (status == 1 and not heads):  # 1 with answers is how it answers
        text = output.read_text(encoding="utf-8", errors="replace").strip()
        raise EngineError(f"promtool ended with {status} and no answer: {text[:600] or 'it said nothing'}")
    for key, closeness in near[BEST].items():
        value, moment = near[VALUE].get(key), near[AT].get(key)
        if value is not None and moment is not None and closeness > 0:
            value, threshold = nearest.value_and_threshold(plan, dict(key)["alertname"], value, closeness)
            answer.nearest.append(Near(dict(key), closeness, value, threshold, moment))
    return answer


def _labels(text: str) -> Labels:
    return {name: ast.literal_eval(quoted) for name, quoted in _PAIR.findall(text)}


def _valid(promtool: str, path: Path) -> bool:
    done = subprocess.run(  # noqa: S603 - a program that the user installed, on files that we wrote
        [promtool, "check", "rules", "--lint=none", str(path)], capture_output=True, check=False
    )
    return done.returncode == 0


def check(groups: object, promtool: str, folder: Path) -> None:
    """Let promtool check rules that somebody wrote.

    Raises:
        EngineError: they are wrong; the text says where.
    """
    path = folder / "check.yml"
    path.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - as above
        [promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EngineError(f"the rules are wrong: {done.stderr.strip()[:2000]}")
