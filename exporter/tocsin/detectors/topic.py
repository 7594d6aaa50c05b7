"""Topic: whether an answer is about its question.

Similarity is a score to watch over a window: a route whose answers drift off topic has a lower mean. The finding
``off_topic`` is only for an answer and a question that are long enough to share words, but share almost none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.embedding import Embedder, HashedEmbedder, cosine
from tocsin.detectors.quality import ANSWERS, finding

OFF_TOPIC_BELOW: Final = 0.022
"""Similarity of the hashed embedder below which an answer is off topic: the median of unrelated pairs."""
MIN_ANSWER_WORDS: Final = 80
MIN_QUESTION_WORDS: Final = 8


class TopicDetector:
    """Sets ``report.scores["topic"]`` if the question is known, and adds findings ``off_topic``.

    The threshold was measured for the hashed embedder: with another one, nothing is off topic unless one is given.
    """

    name = "topic"
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self, embedder: Embedder | None = None, *, off_topic_below: float | None = None) -> None:
        embedder = embedder or HashedEmbedder()
        hashed = isinstance(embedder, HashedEmbedder)
        if isinstance(embedder, HashedEmbedder):
            self._similarity = embedder.similarity
        else:
            self._similarity = partial(_similarity, embedder)
        if off_topic_below is None:
            off_topic_below = OFF_TOPIC_BELOW if hashed else 0.0
        self._off_topic_below = off_topic_below
        self.tier = embedder.tier
        self.backend = embedder.name

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Compare one answer with its question."""
        if not subject.question:
            return
        similarity = report.scores["topic"] = self._similarity(subject.question, subject.text)
        if similarity is None:
            return
        below = self._off_topic_below
        if (
            similarity < below
            and _has_words(subject.question, MIN_QUESTION_WORDS)
            and _has_words(subject.text, MIN_ANSWER_WORDS)
        ):
            report.findings.append(finding("off_topic", 0, len(subject.text), 1.0 - similarity / (2 * below)))


def _similarity(embedder: Embedder, first: str, second: str) -> float | None:
    """Return the similarity of two texts; None if a text has no content."""
    vectors = embedder.embed(first), embedder.embed(second)
    return cosine(*vectors) if vectors[0].any() and vectors[1].any() else None


def _has_words(text: str, least: int) -> bool:
    return len(text.split(maxsplit=least)) >= least
