"""Topic: is an answer about what was asked.

Similarity is a score to watch over a window: a route whose answers leave what it is asked about shows as a lower mean.
``off_topic`` is said only where an answer and its question are both long enough to share words and share next to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.embedding import Embedder, HashedEmbedder, cosine
from tocsin.detectors.quality import ANSWERS, finding

OFF_TOPIC_BELOW: Final = 0.022
"""Similarity of the hashed embedder under which an answer is off topic: the median of pairs that do not belong."""
MIN_ANSWER_WORDS: Final = 80
MIN_QUESTION_WORDS: Final = 8


class TopicDetector:
    """Sets ``report.scores["topic"]`` where the question is known, and says ``off_topic``.

    The threshold is measured for the hashed embedder: with another one, nothing is off topic until one is given.
    """

    name = "topic"
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self, embedder: Embedder | None = None, *, off_topic_below: float | None = None) -> None:
        self._embedder = embedder or HashedEmbedder()
        if off_topic_below is None:
            off_topic_below = OFF_TOPIC_BELOW if self._embedder.name == HashedEmbedder.name else 0.0
        self._off_topic_below = off_topic_below
        self.tier = self._embedder.tier
        self.backend = self._embedder.name

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - no gates
        """Compare one answer with its question."""
        if not subject.question:
            return
        question, answer = self._embedder.embed(subject.question), self._embedder.embed(subject.text)
        similarity = cosine(question, answer)
        if not similarity and not (question.any() and answer.any()):
            report.scores["topic"] = None
            return
        report.scores["topic"] = similarity
        below = self._off_topic_below
        if (
            similarity < below
            and _has_words(subject.question, MIN_QUESTION_WORDS)
            and _has_words(subject.text, MIN_ANSWER_WORDS)
        ):
            report.findings.append(finding("off_topic", 0, len(subject.text), 1.0 - similarity / (2 * below)))


def _has_words(text: str, least: int) -> bool:
    return len(text.split(maxsplit=least)) >= least
