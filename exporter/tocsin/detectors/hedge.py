"""Hedge: how often an answer qualifies its statements.

A count, not a verdict: on 1,815 human-labelled answers hedging words separate hallucinated ones from good ones hardly
better than chance (AUC 0.56 to 0.58). A shift of their rate on a route is worth watching.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import hyperscan

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.folding import lowered
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.quality import ANSWERS, finding

HEDGE_CHARS: Final = 2_048
"""Characters of an answer in which hedges are counted, from its start."""
STRONG: Final = (
    r"i (?:think|believe|guess|suppose|assume)|as far as i (?:know|can tell)|to (?:my|the best of my) knowledge"
    r"|unsure"
    r"|not (?:entirely |quite |completely |totally |really |100% )?(?:sure|certain)|if i (?:recall|remember) correctly"
    r"|i (?:don't|do not) (?:know|recall|remember)|in my opinion"
    r"|it(?:'s| is) (?:possible|unclear|uncertain|hard to say)"
    r"|(?:might|may|could) (?:possibly|perhaps|well)|i (?:could|may|might) be (?:wrong|mistaken)"
)
WEAK: Final = (
    r"might|may|perhaps|possibly|probably|presumably|supposedly|allegedly|apparently|arguably|maybe|seems?|appears?"
    r"|could be|likely|unlikely|uncertain|more or less|sort of|kind of|roughly|somewhat"
)
MIN_COUNT, MIN_WEAK = 2, 3
"""Hedges from which an answer counts as hedged: with a strong one, and without."""
MIN_SHARE: Final = 1 / 20
"""Hedges per word from which weak ones are enough: about one per sentence."""
MIN_STRONG_SHARE: Final = 1 / 80
"""The same with a strong one."""

# No leading \b: Python's engine only skips ahead for a pattern that begins with letters.
_HEDGE = re.compile(rf"(?:(?P<strong>{STRONG})|{WEAK})\b")
_STRONG_BYTES = STRONG.replace("'", ".{1,3}")  # a typographic apostrophe is three bytes
_STRONG_GATE: Final = 0


class HedgeDetector:
    """Adds a finding ``hedge``, from the first to the last hedge, to an answer with several."""

    name = "hedge"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = (
        Gate(rf"\b(?:{_STRONG_BYTES})\b", ignore_case=True),
        Gate(rf"\b(?:{WEAK})\b.*\b(?:{WEAK})\b.*\b(?:{WEAK})\b", ignore_case=True),
    )
    """Strong hedges and weak ones. Bounded gaps between the weak ones would take ten times as long to compile."""

    def __init__(self) -> None:
        hedges = rf"\b(?:{_STRONG_BYTES}|{WEAK})\b".encode()
        self._hedges = Matcher([hedges], [hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_CASELESS], ours=True)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Count the hedges of one answer."""
        if not self._dense(subject.text, strong=_STRONG_GATE in fired):
            return
        text = subject.text[:HEDGE_CHARS].replace("\u2019", "'")
        lower = lowered(text)
        hedges = [
            hedge
            for hedge in _HEDGE.finditer(lower)
            if not lower[hedge.start() - 1 : hedge.start()].isalpha() and not _is_month(hedge)
        ]
        words = text.count(" ") + 1
        strong = any(hedge["strong"] for hedge in hedges)
        least = MIN_STRONG_SHARE if strong else MIN_SHARE
        if len(hedges) >= max(MIN_COUNT if strong else MIN_WEAK, least * words):
            score = min(1.0, 0.5 + len(hedges) / words)
            report.findings.append(finding("hedge", hedges[0].start(), hedges[-1].end(), score))

    def _dense(self, text: str, *, strong: bool) -> bool:
        """Return whether there may be enough hedges; counting them here is far cheaper than reading each."""
        words = text.count(" ", 0, HEDGE_CHARS) + 1
        least = max(MIN_COUNT, MIN_STRONG_SHARE * words) if strong else max(MIN_WEAK, MIN_SHARE * words)
        count = 0

        def counted(_start: int, _end: int) -> bool:
            nonlocal count
            count += 1
            return count >= least

        self._hedges.each(text[:HEDGE_CHARS].encode("utf-8", "surrogatepass"), counted)
        return count >= least


def _is_month(hedge: re.Match[str]) -> bool:
    """Return whether a "may" is in a date, as at the start of a log line: May 30 01:12:53."""
    text, (start, end) = hedge.string, hedge.span()
    return hedge[0] == "may" and (text[end + 1 : end + 2].isdigit() or text[max(0, start - 2) : start - 1].isdigit())
