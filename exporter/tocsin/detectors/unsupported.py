"""Unsupported: how far an answer rests on its context, by shared words, word pairs and names.

Fixed weights over overlap features, trained on human and constructed labels by ``tools/train/support.py`` (HaluEval QA,
MIT; BEGIN and FaithDial, CC BY 4.0 and MIT). It sees words and not meaning: a claim that turns a fact of the context
around passes, a good paraphrase may not. Watch the rate over a window. Of what the weights doubt, ``novelty`` is asked
where it knows more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Final

import numpy as np

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.linear import DATA
from tocsin.detectors.novelty import FUNCTION, second_opinion
from tocsin.detectors.quality import ANSWERS, finding

ANSWER_CHARS: Final = 8_192
CONTEXT_CHARS: Final = 65_536
QUESTION_CHARS: Final = 4_096
SHORT_WORDS: Final = 6
LONGEST_CONTAINED: Final = 200
"""Words of an answer that is looked for as a whole."""
THRESHOLD: Final = 0.25
"""Support under which an answer counts as unsupported: below even, so that a paraphrase passes."""

_STEM: Final = 5
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
"""Letters of Chinese and Japanese, which put no space between words: each is looked for as a word."""
_SPACES: Final = bytes(c for c in range(128) if chr(c).isspace() and chr(c) != "\n")
_STOPS: Final = bytes.maketrans(b"!?" + _SPACES, b".." + b" " * len(_SPACES))
_APART: Final = bytes(c if c >= 128 or chr(c).isalnum() or chr(c) == "\n" else 0x20 for c in range(256))
_ASCII: Final = bytes(range(128))
_MOST_SYMBOLS: Final = 64
"""Symbols beyond ASCII that are told apart from letters; a text with more of them is none of words."""
_YES_NO = re.compile(r"\s*(?:yes|no|yeah|yep|nope)\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Z](?<!\w.)(?<![.!?]\s.)(?<!^.)[\w'-]+")  # the capital first: `re` skips to it, then looks back
_OWN_WORDS: Final = "i me my you your we our lol haha wow yeah oh cool thanks thank hi hello"
_OPINION: Final = frozenset(_OWN_WORDS.split())
"""Words of what is said in one's own name; the tails of ``i'm`` and ``you've`` are words of their own."""


class UnsupportedDetector:
    """Sets ``report.scores["support"]`` and ``report.outcomes["unsupported"]`` where there is context.

    Not for an answer that says that there is no answer, by the mark of the refusal detector before it, nor where it is
    not to be told (``novelty``), which leaves the mark ``unsupported_unchecked``.
    """

    name = "unsupported"
    tier = 1
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self) -> None:
        with np.load(DATA / "support.npz", allow_pickle=False) as data:
            self._weights: list[float] = data["weights"].tolist()
            self._bias = float(data["bias"])

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Hold one answer against its context."""
        if not any(map(str.strip, subject.context)) or not subject.text.strip():
            return
        if "unanswered" in report.marks:  # that the context does not say it is no claim about what it says
            return
        values = features(subject.text, "\n".join(subject.context), subject.question or "")
        total = self._bias + sum(weight * value for weight, value in zip(self._weights, values, strict=True))
        support = 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))
        if support < THRESHOLD:
            opinion = second_opinion(subject, support)
            if opinion is None:
                report.marks.add("unsupported_unchecked")
                return
            support = opinion
        report.scores["support"] = support
        report.outcomes["unsupported"] = support >= THRESHOLD
        if support < THRESHOLD:
            report.findings.append(finding("unsupported", 0, len(subject.text), 1.0 - support / (2 * THRESHOLD)))


def features(text: str, context: str, question: str) -> list[float]:
    """Overlap features, each about 0..1: what share of the answer stands in the context, by several measures."""
    text = text[:ANSWER_CHARS]
    own, source, asked = read(text), read(context[:CONTEXT_CHARS]), read(question[:QUESTION_CHARS])
    content, known, wanted = own.content, source.stems, asked.stems
    names = [word[:_STEM] for word in _WORD.findall(" ".join(_NAME.findall(text)).lower())]
    coverage, size = _share(content, known), len(own.words)
    pairs, triples, fives = _shared_runs(own.words, source.words)
    new_names = sum(name not in known and name not in wanted for name in names)
    nowhere = own.stems - known - wanted
    novel = sum(map(nowhere.__contains__, content))
    asked_share = _share(content, wanted)
    in_best = max((len(own.stems & stems) for stems in source.sentences), default=0) / max(1, len(own.stems))
    in_worst = min((len(stems & known) / len(stems) for stems in own.sentences), default=1.0)
    contained = float(f" {' '.join(own.words)} " in f" {' '.join(source.words)} ") if size <= LONGEST_CONTAINED else 0.0
    opinion = min(1.0, sum(map(_OPINION.__contains__, own.words)) / 4)
    short = float(size <= SHORT_WORDS)
    length = min(1.0, math.log1p(size) / 5)
    return [
        coverage, coverage**4, pairs, pairs**3, triples, fives, in_best, in_worst, contained, contained * short, short,
        length, length**2, min(1.0, new_names / 3), _share(names, known), min(1.0, novel / 8),
        novel / max(1, len(content)), asked_share, asked_share * (1 - short), opinion,
        float("?" in text), short * coverage, pairs * length, opinion * (1 - coverage),
        float(_YES_NO.match(text) is not None), float(not content),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, taken apart once."""

    words: list[str]
    content: list[str]
    """Stems of the words that are not function words, in order."""
    stems: set[str]
    sentences: list[set[str]]
    """Stems by sentence, without empty ones."""


def read(text: str) -> Reading:
    """Take a text apart into words, stems and sentences."""
    words: list[str] = []
    content: list[str] = []
    sentences: list[set[str]] = []
    for sentence in _sentences(text.lower()):
        found = sentence.split()
        words += found
        if stems := [word[:_STEM] for word in found if word not in FUNCTION]:
            content += stems
            sentences.append(set(stems))
    return Reading(words, content, set(content), sentences)


def _sentences(text: str) -> list[str]:
    """Part a text at its lines, and at the stops before white space; all but letters and digits become spaces."""
    if not text.isascii():
        beyond = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
        if _UNSPACED.search(beyond):
            text = _UNSPACED.sub(r"\g<0> ", text).replace("\u3002", ". ")
        for symbol in sorted(symbol for symbol in set(beyond) if not symbol.isalnum())[:_MOST_SYMBOLS]:
            text = text.replace(symbol, " " if symbol.isspace() else "_")
    raw = text.encode("utf-8", "surrogatepass").translate(_STOPS).replace(b". ", b"\n").replace(b".\n", b"\n")
    return raw.translate(_APART).decode("utf-8", "surrogatepass").split("\n")


def _share(items: Sequence[str], known: set[str]) -> float:
    return sum(map(known.__contains__, items)) / len(items) if items else 1.0


def _shared_runs(words: Sequence[str], source: Sequence[str]) -> list[float]:
    """Shares of the runs of two, three and five words that stand in the source; of the words where there is no run.

    A run can only stand there where all shorter ones in it do: most are not even looked for.
    """
    shares: list[float] = []
    places: list[int] = []
    for size, shorter in ((2, 1), (3, 2), (5, 3)):
        runs = len(words) - size + 1
        if runs < 1:
            shares.append(_share(words, set(source)))
            continue
        if size == 2:
            known = set(pairwise(source))
            places = list(compress(range(runs), map(known.__contains__, pairwise(words))))
        elif places:
            held, steps = set(places), range(1, size - shorter + 1)
            places = [place for place in places if all(place + step in held for step in steps)]
            longer = set(zip(*(source[start:] for start in range(size)), strict=False)) if places else set()
            places = [place for place in places if tuple(words[place : place + size]) in longer]
        shares.append(len(places) / runs)
    return shares
