"""The composite quality score: 1 for an answer with nothing wrong, less for each problem.

Each component that applies to an answer has a value 0..1 and a weight: the share of the score that its complete failure
removes. The score is the product of ``1 - weight * (1 - value)`` over them, so it does not depend on which checks a
route has enabled, and a worse component never makes a better score. It measures form and fitness, not truth.

``python -m tocsin.detectors.score`` prints the table of components, which is in ``exporter/QUALITY.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from tocsin.detectors.base import NAMES_MAX, Gate, Report, Subject
from tocsin.detectors.quality import ANSWERS

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Component:
    """One aspect by which an answer is judged."""

    name: str
    weight: float
    """Share 0..1 of the score that a value of 0 takes away."""
    value: Callable[[Subject, Report], float | None]
    """0..1, or None if it does not apply."""
    meaning: str
    found: bool = False
    """True if the value is 1 unless there is a finding."""


def _worst(report: Report, *types: str) -> float:
    worst = 0.0
    for finding in report.findings:
        if finding.score > worst and finding.type in types:
            worst = finding.score
    return worst


def _unless_found(detector: str, *types: str) -> Callable[[Subject, Report], float | None]:
    def value(_: Subject, report: Report) -> float | None:
        if detector not in report.scanned:
            return None
        return 1.0 - _worst(report, *types)

    return value


def _truncation(subject: Subject, report: Report) -> float | None:
    """A truncation reported by the provider has its own alert, so it does not lower the score, too."""
    if "truncated" not in report.scanned:
        return None
    return 1.0 if subject.finish_reason == "length" else 1.0 - _worst(report, "truncated")


def _passed(outcome: str, failed: float = 0.0) -> Callable[[Subject, Report], float | None]:
    def value(_: Subject, report: Report) -> float | None:
        passed = report.outcomes.get(outcome)
        return None if passed is None else 1.0 if passed else failed

    return value


def _format(_: Subject, report: Report) -> float | None:
    passed = report.outcomes.get("format")
    return None if passed is None else 1.0 if passed else FENCED if "fenced" in report.marks else 0.0


def _language(_: Subject, report: Report) -> float | None:
    return None if "language" not in report.outcomes else 1.0 - _worst(report, "language")


def _support(_: Subject, report: Report) -> float | None:
    support = report.scores.get("support")
    return None if support is None else min(1.0, support / ENOUGH_SUPPORT)


def _coherence(_: Subject, report: Report) -> float | None:
    return None if _worst(report, "repetition") else report.scores.get("coherence")


def _emptiness(subject: Subject, _: Report) -> float:
    return 0.0 if not subject.text or subject.text.isspace() else 1.0


FENCED: Final = 0.5
ENOUGH_SUPPORT: Final = 0.5
_WEIGHED: Final = frozenset({"coherence", "support"})
"""Scores that components read."""
COMPONENTS: Final = (
    Component("emptiness", 1.0, _emptiness, "0 for an answer of nothing but white space"),
    Component("coherence", 0.9, _coherence, "reads like text, not like noise or shuffled words"),
    # Format has its own alerts, exact over 1,000 calls: alone it must not make an answer bad (0.5 or less), otherwise
    # one cause would raise two alerts.
    Component("format", 0.45, _format, "is in the format asked for; 0.5 in a fence"),
    Component("repetition", 0.9, _unless_found("repetition", "repetition"), "1 minus the score of a loop", True),
    Component("language", 0.8, _language, "1 minus the score of a mismatch"),
    Component("refusal", 0.7, _unless_found("refusal", "refusal"), "1 minus the score of a refusal", True),
    Component(
        "capability_limit", 0.4, _unless_found("refusal", "capability_limit"), "1 minus the score of a limit", True
    ),
    Component("unsupported", 0.5, _support, "support by the context over 0.5, at most 1"),
    Component("numeric", 0.4, _passed("numeric"), "every number follows from the context"),
    Component("off_topic", 0.5, _unless_found("topic", "off_topic"), "1 minus the score of an answer off topic", True),
    Component("truncation", 0.4, _truncation, "1 minus the score of a cut that only the text shows", True),
    Component("hedge", 0.1, _unless_found("hedge", "hedge"), "1 minus the score of hedging", True),
)
DEFAULT_WEIGHTS: Final[dict[str, float]] = {component.name: component.weight for component in COMPONENTS}
_ROUTES_MAX: Final = 10_000


class QualityScore:
    """Sets ``report.scores["quality"]`` from the results of the other detectors; it runs last.

    None, with the mark ``nothing_to_score``, if no component with a weight applies. ``routes`` maps patterns of route
    names to weights that replace the default ones; the first match is used.

    Raises:
        ValueError: a weight is for an unknown component, or outside 0..1.
    """

    name = "quality"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self, weights: Weights | None = None, routes: Mapping[str, Weights] | None = None) -> None:
        default = {**DEFAULT_WEIGHTS, **_checked(weights or {})}
        self._default = _Plan(default)
        self._routes = {pattern: _Plan({**default, **_checked(own)}) for pattern, own in (routes or {}).items()}
        self._cache: dict[str, _Plan] = {}

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Score one answer."""
        plan = self._plan(subject.route) if self._routes else self._default
        asked = report.outcomes or not _WEIGHED.isdisjoint(report.scores)  # rare with detectors of tier 0
        score = _product(plan.others if asked else plan.always, subject, report)
        if report.findings or score is None:  # otherwise they are all 1: findings are rare
            found = _product(plan.findings, subject, report)
            score = found if score is None else score if found is None else score * found
        if score is None:
            report.marks.add("nothing_to_score")
        report.scores["quality"] = score

    def _plan(self, route: str) -> _Plan:
        found = self._cache.get(route)
        if found is None:
            matching = (own for pattern, own in self._routes.items() if fnmatchcase(route, pattern))
            found = next(matching, self._default)
            if len(self._cache) >= _ROUTES_MAX:  # clients can send any route
                self._cache.clear()
            if len(route) <= NAMES_MAX:
                self._cache[route] = found
        return found


_Weighted = tuple[tuple[float, Callable[[Subject, Report], float | None]], ...]


class _Plan:
    """Components with a weight; those that are 1 unless there is a finding are separate."""

    def __init__(self, weights: Weights) -> None:
        weighted = [(c, (weights[c.name], c.value)) for c in COMPONENTS if weights[c.name]]
        self.findings: _Weighted = tuple(pair for component, pair in weighted if component.found)
        self.others: _Weighted = tuple(pair for component, pair in weighted if not component.found)
        self.always: _Weighted = tuple(pair for component, pair in weighted if component.value is _emptiness)
        """Those of ``others`` that need neither an outcome nor a score."""


def _product(components: _Weighted, subject: Subject, report: Report) -> float | None:
    """Multiply the shares of the score that each applicable component leaves; None if none applies."""
    product: float | None = None
    for weight, value_of in components:
        value = value_of(subject, report)
        if value is not None:
            left = 1.0 - weight * (1.0 - value)
            product = left if product is None else product * left
    return product


def _checked(weights: Weights) -> Weights:
    for name, weight in weights.items():
        if name not in DEFAULT_WEIGHTS:
            raise ValueError(f"no component of the quality score: {name!r}; there are {', '.join(DEFAULT_WEIGHTS)}")
        if not 0.0 <= weight <= 1.0:
            raise ValueError(f"weight of {name}: {weight} is not within 0..1")
    return weights


def document() -> str:
    """Return the description of the score as Markdown."""
    rows = "\n".join(f"| `{c.name}` | {c.weight:g} | {c.meaning} |" for c in COMPONENTS)
    return f"""# The composite quality score

Written by `make docs` from `tocsin/detectors/score.py`; a test fails while it is stale.

`llm_quality_score{{scorer="composite"}}` is the product of `1 - weight * (1 - value)` over the components that
apply to an answer: 1 if nothing is wrong. A weight is the share of the score that a complete failure of the component
removes. A component that was not checked (no context, no expected format, detector disabled) does not apply.
The score measures form and fitness, not truth.

| component | weight | value, 0 to 1 |
|---|---|---|
{rows}
"""


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - its purpose
