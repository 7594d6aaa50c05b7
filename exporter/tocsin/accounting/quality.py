"""Quality accounting: adds results of detectors and scorers to the rows of a call's label set."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping

from tocsin import catalogue as cat
from tocsin.accounting.compliance import Compliance
from tocsin.accounting.group import Block, Group
from tocsin.accounting.ledger import Ledger
from tocsin.call import OTHER
from tocsin.labels import clean

COMPOSITE = "composite"
REVIEW_BELOW = 0.85
"""A confidence below this needs review by a person."""
SCORERS_MAX = 20
SIGNALS = ("hedge", "numeric", "unsupported")
COUNTED = {
    "refusal": cat.REFUSALS,
    "capability_limit": cat.CAPABILITY_LIMITS,
    "disclaimer": cat.DISCLAIMERS,
    "truncated": cat.TRUNCATIONS,
    "repetition": cat.REPETITIONS,
    "off_topic": cat.OFF_TOPIC,
}
"""Types of findings with their own counter."""
_ZEROS = (
    cat.ANSWERS_CHECKED, cat.LOW_CONFIDENCE, cat.CONFIDENCE_UNKNOWN, *COUNTED.values(), cat.LANGUAGE_CHECKS,
    cat.LANGUAGE_MISMATCHES,
)  # fmt: skip
_CHARS_BOUNDS, _SCORE_BOUNDS = cat.OUTPUT_CHARS.buckets, cat.QUALITY_SCORE.buckets


class Answers:
    """The rows of a group that nearly every answer adds to, cached to avoid look-ups."""

    __slots__ = ("block", "chars", "checked", "hedge_checks", "scored", "scores", "unknown")

    def __init__(self, group: Group) -> None:
        self.checked = group.later(cat.ANSWERS_CHECKED)
        self.unknown = group.later(cat.CONFIDENCE_UNKNOWN)
        self.hedge_checks = group.later(cat.HALLUCINATION_CHECKS, "hedge")
        self.scored = group.later(cat.SCORED, COMPOSITE)
        self.block: Block | None = None
        """The block of the histograms: those of a group may be folded to its route's."""
        self.chars: list[float | int] = []
        self.scores: list[float | int] = []
        """Empty until an answer is scored."""

    def hold(self, block: Block) -> None:
        """Cache the rows of these histograms."""
        self.block = block
        self.chars = block.later(cat.OUTPUT_CHARS)
        self.scores = []


class Quality:
    """Counts the quality of answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._scorers: set[str] = {COMPOSITE}
        self.windows = Compliance(ledger.store)

    def meet(self, group: Group) -> Answers:
        """Export the zeros that rules need before the first event, and cache the rows of answers."""
        for family in _ZEROS:
            group.later(family)
        for signal in SIGNALS:
            group.later(cat.HALLUCINATION_CHECKS, signal)
            group.later(cat.HALLUCINATION_SIGNALS, signal)
        group.later(cat.HALLUCINATION_UNCHECKED, "unsupported")
        group.answers = Answers(group)
        return group.answers

    def composite(self, group: Group, value: float) -> None:
        """Count the composite score 0..1 of an answer that is counted by ``answer``."""
        answers = group.answers or self.meet(group)
        if answers.block is not group.histograms:
            answers.hold(group.histograms)
        if not answers.scores:
            answers.scores = group.histograms.later(cat.QUALITY_SCORE, COMPOSITE)
        values = answers.scores
        values[0] += value
        values[1 + bisect_left(_SCORE_BOUNDS, value)] += 1
        answers.scored[0] += 1

    def score(self, group: Group, scorer: str, value: float) -> None:
        """Count one score 0..1; scorers beyond the first twenty are ``other``."""
        if scorer not in self._scorers:
            scorer = self._admit(clean(scorer))
        _observe(group.histograms, cat.QUALITY_SCORE, value, scorer)
        group.later(cat.SCORED, scorer)[0] += 1

    def unscored(self, group: Group, reason: str) -> None:
        """Count an answer without a composite score."""
        group.later(cat.UNSCORED, reason)[0] += 1

    def cut_off(self, group: Group) -> None:
        """Count an answer whose finish reason is a length limit."""
        group.later(cat.TRUNCATIONS)[0] += 1

    def refused(self, group: Group) -> None:
        """Count an answer that its provider marked as a refusal."""
        group.later(cat.REFUSALS)[0] += 1

    def confidence(self, group: Group, value: float | None) -> None:
        """Count a stated or reported confidence; None: the answer has none."""
        if value is None:
            answers = group.answers
            (group.later(cat.CONFIDENCE_UNKNOWN) if answers is None else answers.unknown)[0] += 1
            return
        _observe(group.histograms, cat.CONFIDENCE, value)
        if value < REVIEW_BELOW:
            group.later(cat.LOW_CONFIDENCE)[0] += 1

    def answer(
        self,
        group: Group,
        chars: int,
        types: Collection[str],
        outcomes: Mapping[str, bool],
        marks: Collection[str],
        topic: float | None,
    ) -> None:
        """Count a checked answer: its types of findings, the checks made, its similarity to the question."""
        answers = group.answers or self.meet(group)
        if answers.block is not group.histograms:
            answers.hold(group.histograms)
        answers.checked[0] += 1
        answers.hedge_checks[0] += 1
        values = answers.chars
        values[0] += chars
        values[1 + bisect_left(_CHARS_BOUNDS, chars)] += 1
        if topic is not None:
            _observe(group.histograms, cat.SIMILARITY, topic)
        if types:
            self._found(group, types)
        if outcomes:
            self._checked(group, outcomes)
        if "unsupported_unchecked" in marks:
            group.later(cat.HALLUCINATION_UNCHECKED, "unsupported")[0] += 1
        if outcomes or marks:
            self.checked_format(group, outcomes, marks)

    def empty(self, group: Group) -> None:
        """Count an empty answer: a length of 0, without further checks."""
        _observe(group.histograms, cat.OUTPUT_CHARS, 0)

    def _found(self, group: Group, types: Collection[str]) -> None:
        for name in types:
            family = COUNTED.get(name)
            if family is not None:
                group.later(family)[0] += 1
        for signal in SIGNALS:
            if signal in types:
                group.later(cat.HALLUCINATION_SIGNALS, signal)[0] += 1

    def _checked(self, group: Group, outcomes: Mapping[str, bool]) -> None:
        for signal in SIGNALS:
            if signal in outcomes and signal != "hedge":
                group.later(cat.HALLUCINATION_CHECKS, signal)[0] += 1
        passed = outcomes.get("language")
        if passed is not None:
            group.later(cat.LANGUAGE_CHECKS)[0] += 1
            group.later(cat.LANGUAGE_MISMATCHES)[0] += not passed

    def checked_format(self, group: Group, outcomes: Mapping[str, bool], marks: Collection[str]) -> None:
        """Count the outcome of the format check of an answer, if there was one."""
        if "format_unchecked" in marks:
            self.format_unchecked(group)
        passed = outcomes.get("format")
        if passed is not None:
            self.format(group, passed, fenced="fenced" in marks)

    def format(self, group: Group, passed: bool, *, fenced: bool) -> None:
        """Count one answer checked against the requested format; ``fenced``: a lenient parser would accept it."""
        group.later(cat.FORMAT_CHECKS)[0] += 1
        group.later(cat.FORMAT_FAILURES)[0] += not passed
        group.later(cat.FORMAT_FENCED)[0] += fenced
        self.windows.add(group.labels[2], passed)

    def format_unchecked(self, group: Group) -> None:
        """Count an answer that an invalid schema or pattern of its call left unchecked."""
        group.later(cat.FORMAT_UNCHECKED)[0] += 1

    def expect_format(self, group: Group) -> None:
        """Export the zeros of format checks: the first failure of a route must be visible to ``increase()``."""
        for family in (cat.FORMAT_CHECKS, cat.FORMAT_FAILURES, cat.FORMAT_FENCED, cat.FORMAT_UNCHECKED):
            group.later(family)
        self.windows.meet(group.labels[2])

    def _admit(self, scorer: str) -> str:
        if scorer in self._scorers:
            return scorer
        if len(self._scorers) > SCORERS_MAX:
            self._ledger.add(cat.LABELS_FOLDED, "scorer")
            return OTHER
        self._scorers.add(scorer)
        return scorer

    def restored(self) -> None:
        """Load the scorers that already have series."""
        rows = self._ledger.store.rows.get(cat.SCORED, {})
        self._scorers |= {labels[-1] for labels in rows}

    def live(self) -> bool:
        """Return whether any answer got a score."""
        return any(row.values[0] for row in self._ledger.store.rows.get(cat.SCORED, {}).values())


def _observe(block: Block, family: cat.Family, value: float, *own: str) -> None:
    values = block.later(family, *own)
    values[0] += value
    values[1 + bisect_left(family.buckets, value)] += 1


def observe_toxicity(group: Group, value: float) -> None:
    """Count the toxicity 0..1 of an answer."""
    _observe(group.histograms, cat.TOXICITY, value)
