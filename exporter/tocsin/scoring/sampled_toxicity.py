"""Sampled toxicity: a model too slow for every answer judges a share of them, off the hot path."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from tocsin import catalogue as cat
from tocsin.accounting.group import Group, Labels
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.safety import Safety
from tocsin.detectors.base import SUSPICION
from tocsin.finding import Finding
from tocsin.judge import RouteRules

_MOST = 10_000
"""Findings waiting to be counted, as they do while commits fail; further ones are dropped, and counted as such."""


class SlowScorer(Protocol):
    """A slow toxicity model, running in a worker."""

    dropped: int
    """Number of accepted answers that it had no time for."""

    def offer(self, text: str, done: Callable[[dict[str, float]], None]) -> bool:
        """Offer a text; ``done`` receives its scores by class, in another thread."""


class _Judgement(NamedTuple):
    """The model's result for one answer."""

    labels: Labels
    rules: RouteRules
    size: int
    """Characters of the answer."""
    score: float
    delivered: bool


class SampledToxicity:
    """Counts the model's findings in the first commit after it has judged, and again if that commit fails."""

    def __init__(self, model: SlowScorer, ledger: Ledger, safety: Safety) -> None:
        self._model = model
        self._ledger = ledger
        self._safety = safety
        self._judged: deque[_Judgement] = deque()
        self._counted: list[_Judgement] = []
        """Counted by the last ``publish``."""
        self._forgotten = 0
        """Findings dropped because of ``_MOST``."""
        self._dropped = 0

    def offer(self, text: str, group: Group, rules: RouteRules, *, delivered: bool) -> None:
        """Offer an answer to the model, unless the route disables it."""
        if "detoxify" in rules.off:
            return
        labels = group.labels

        def done(scores: dict[str, float]) -> None:
            score = scores.get("toxicity", 0.0)
            if score < SUSPICION:
                return
            if len(self._judged) < _MOST:
                self._judged.append(_Judgement(labels, rules, len(text), score, delivered))
            else:
                self._forgotten += 1

        self._model.offer(text, done)

    def publish(self, now: float) -> None:
        """Count findings since the last commit, and answers that the model had no time for."""
        dropped = self._model.dropped + self._forgotten
        self._ledger.add(cat.SCORING_DROPPED, "detoxify", amount=dropped - self._dropped)
        self._dropped = dropped
        self._counted = []
        while self._judged:
            judgement = self._judged.popleft()
            self._counted.append(judgement)
            self._count(judgement, 1, now)

    def take_back(self) -> None:
        """Undo the last ``publish``: its commit failed, and no input will deliver these findings again."""
        self._judged.extendleft(reversed(self._counted))
        for judgement in self._counted:
            self._count(judgement, -1, 0.0)
        self._counted = []

    def _count(self, judgement: _Judgement, amount: int, now: float) -> None:
        labels, rules, size, score, delivered = judgement
        action = rules.policy.action(Finding("toxicity", "toxic", 0, size, score), "")
        group = self._ledger.group_of(labels)
        self._ledger.groups.dirty |= {group, group.histograms}
        if action == "violation":
            self._safety.violations(group, [("toxicity", False, False)], now, delivered=delivered, amount=amount)
        elif action == "suspected":
            self._safety.suspected(group, ["toxicity"], amount=amount)
