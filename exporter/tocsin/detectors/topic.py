"""Topic: is an answer about what was asked, and do the answers of a route stay near what they were about.

Similarity is a score to watch over a window. ``off_topic`` is said only where an answer and its question are both long
enough to share words and share next to none.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.embedding import Embedder, HashedEmbedder, Vector, cosine, unit
from tocsin.detectors.quality import ANSWERS, finding

OFF_TOPIC_BELOW: Final = 0.03
"""Similarity of the hashed embedder under which an answer is off topic: the median of pairs that do not belong."""
MIN_ANSWER_WORDS: Final = 80
MIN_QUESTION_WORDS: Final = 8
MIN_CENTROID: Final = 500
"""Answers that a baseline needs: with 50, windows of the same subject look foreign in 7 to 11 % of cases."""
_HEADER = struct.Struct("<If")


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
        if not question.any() or not answer.any():
            report.scores["topic"] = None
            return
        similarity = cosine(question, answer)
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


class Centroid:
    """The mean direction of a route's answers: what a window of them is compared with.

    The caller keeps it: ``pack`` and ``unpack``. It forgets with a half-life counted in answers, so that a route may
    move slowly, and says nothing before MIN_CENTROID answers.
    """

    def __init__(self, dimensions: int, half_life: float = 20_000.0) -> None:
        self._sum = np.zeros(dimensions, np.float64)
        self._keep = 0.5 ** (1.0 / half_life)
        self.count = 0

    def add(self, vector: Vector) -> None:
        """Take in the vector of one answer."""
        self._sum *= self._keep
        self._sum += vector
        self.count += 1

    def similarity(self, vector: Vector) -> float | None:
        """Similarity 0..1 of an answer, or of the mean of several, to the baseline; None while it is learnt."""
        if self.count < MIN_CENTROID:
            return None
        return cosine(unit(self._sum), unit(np.asarray(vector, np.float64)))

    def pack(self) -> bytes:
        """As bytes: count, and the direction in half precision."""
        length = float(np.linalg.norm(self._sum))
        return _HEADER.pack(self.count, length) + unit(self._sum).astype("<f2").tobytes()

    @classmethod
    def unpack(cls, data: bytes, half_life: float = 20_000.0) -> Centroid:
        """From the bytes of ``pack``.

        Raises:
            ValueError: they are not.
        """
        if len(data) < _HEADER.size or (len(data) - _HEADER.size) % 2:
            raise ValueError("not a centroid")
        count, length = _HEADER.unpack_from(data)
        direction = np.frombuffer(data, "<f2", offset=_HEADER.size).astype(np.float64)
        centroid = cls(len(direction), half_life)
        centroid._sum = direction * length
        centroid.count = count
        return centroid
