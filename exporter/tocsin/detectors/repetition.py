"""Repetition: whether the answer ends in a loop, as of a degenerate model.

Three signs. Endless white space, which models constrained to JSON may write. An exact period: the distance between the
end of the text and an earlier occurrence of it, and how far back the text equals itself shifted by that. And prose that
compresses far better than prose normally does. The last two are checked only for texts with repeated phrases, so that
ordinary answers cost a few substring counts.
Tables, arrays and SQL inserts repeat their frame, not their values: they have no exact period, and are not prose.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.quality import ANSWERS, JUDGED_CHARS, finding

MIN_REPEATS: Final = 4
MIN_LOOP_CHARS: Final = 200
"""A loop is at least this long, or a quarter of its text and LEAST_LOOP_CHARS."""
LEAST_LOOP_CHARS: Final = 48
MIN_BARE_LOOP_CHARS: Final = 360
"""For a loop whose unit has no letter, and more than one kind of character."""
MIN_LOOP_SHARE: Final = 0.25
LONG_UNIT: Final = 80
"""A unit of this many characters need not occur four times if the loop is nearly all of the text: the whole answer may
be repeated."""
LONG_REPEATS: Final = 2.5
LONG_SHARE: Final = 0.8
TAIL_CHARS: Final = 3_000
MIN_RATIO: Final = 6.0
"""Compression ratio of a tail from which prose is a loop; 767 real answers reach 3.4."""
MAX_MARKUP: Final = 0.04
"""Share of brackets, bars, quotes and the like up to which a text counts as prose."""
MAX_NUMBERS: Final = 8
"""Distinct numbers in a tail from which it is a list or a table that counts up, not a loop."""

_PROBE_CHARS: Final = 16
_LONG_PROBE: Final = 64
_MIN_COUNT: Final = 4
_CANDIDATES: Final = 12
_CLOSING: Final = (0, 3, 40, 120, 250)
"""Characters of closing words that may follow a loop."""
_LONGEST_MARKER: Final = 40
_ZLIB_SLACK: Final = 64
"""Bytes by which the half may exceed the whole: what it refers to is in the other half."""
_MARKUP: Final = b'{}[]|<>=;"\\/*#_^&$+'
_NUMBER = re.compile(r"\d+")
_LIST_MARKER = re.compile(r"^[ \t]*(?:(?:[^\W\d_]{1,20} )?\d{1,4}[.):]|[-*\u2022])[ \t]+", re.MULTILINE)
"""``12.``, ``-`` or ``Step 12:`` at the start of a line."""


class RepetitionDetector:
    """Adds a finding over the loop in which a text ends."""

    name = "repetition"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Look for a loop in one answer."""
        text = subject.text if len(subject.text) <= JUDGED_CHARS else subject.text[-JUDGED_CHARS:]
        blank = len(subject.text) - len(subject.text.rstrip())
        if MIN_LOOP_CHARS <= blank < len(subject.text):
            report.findings.append(finding("repetition", len(subject.text) - blank, len(subject.text), 0.9))
            return
        phrased = _suspicious(text)
        if not phrased and not _ends_as_before(text):
            return
        offset = len(subject.text) - len(text)
        if loop := find_loop(text):
            start, end, repeats = loop
            report.findings.append(finding("repetition", offset + start, offset + end, 1 - 1 / repeats))
        elif phrased and (ratio := tail_ratio(text)):
            start = max(0, len(text) - TAIL_CHARS)
            report.findings.append(finding("repetition", offset + start, offset + len(text), 1 - MIN_RATIO / 4 / ratio))


def find_loop(text: str) -> tuple[int, int, float] | None:
    """Return the loop in which a text ends: start, end, and number of repetitions; None if there is none.

    A few closing words may follow it, and list markers at line starts may count up.
    """
    size = len(text.rstrip())
    for back in _CLOSING:
        if back < size // 2 and (loop := _periodic_end(text, size - back, closed=back > 0)):
            return loop
    if _LIST_MARKER.search(text, size - size // MIN_REPEATS - _LONGEST_MARKER):  # one in the last period
        plain = _LIST_MARKER.sub("", text)
        if len(plain) < len(text) and (loop := _periodic_end(plain, len(plain.rstrip()))):
            return max(0, len(text) - round((loop[1] - loop[0]) * len(text) / len(plain))), len(text), loop[2]
    return None


def tail_ratio(text: str) -> float:
    """Return the compression ratio of a text's tail if it exceeds that of prose; 0 otherwise, and for markup."""
    tail = text[-TAIL_CHARS:]
    raw = tail.encode("utf-8", "surrogatepass")
    if len(tail) < 2 * MIN_LOOP_CHARS or len(raw) - len(raw.translate(None, _MARKUP)) > MAX_MARKUP * len(tail):
        return 0.0
    least = MIN_RATIO * _length_factor(len(raw))
    # Half of the tail compresses to no more than all of it: this is enough to rule out prose.
    if len(zlib.compress(raw[len(raw) // 2 :], 6)) > len(raw) / least + _ZLIB_SLACK:
        return 0.0
    ratio = len(raw) / len(zlib.compress(raw, 6))
    return ratio if ratio >= least and len(set(_NUMBER.findall(tail))) < MAX_NUMBERS else 0.0


def _length_factor(size: int) -> float:
    """Return a factor for short texts, which compress less: the unit and the header weigh more."""
    return min(1.0, 0.55 + 0.45 * size / TAIL_CHARS)


def _suspicious(text: str) -> bool:
    size = len(text.rstrip())
    if size < LEAST_LOOP_CHARS:
        return False
    for end in (size, size - 60, size - size // 4, size // 2):
        start = end - _PROBE_CHARS
        if start >= _PROBE_CHARS:
            probe = text[start:end]
            if text.count(probe) >= _MIN_COUNT or (probe[0] == probe[1] and probe == probe[0] * _PROBE_CHARS):
                return True
    return bool(_LIST_MARKER.match(text, text.rfind("\n", 0, size) + 1)) and _last_item_recurs(text, size)


def _ends_as_before(text: str) -> bool:
    """Return whether the end of a text is also in its first half: the whole text may be repeated."""
    size = len(text.rstrip())
    probe = text[size - _LONG_PROBE : size]
    return size > LONG_REPEATS * LONG_UNIT and text.find(probe, 0, size // 2 + _LONG_PROBE) >= 0


def _last_item_recurs(text: str, size: int) -> bool:
    line = _LIST_MARKER.sub("", text[text.rfind("\n", 0, size) + 1 : size])
    return len(line) >= 3 and text.count(line) >= _MIN_COUNT


def _periodic_end(text: str, end: int, *, closed: bool = False) -> tuple[int, int, float] | None:
    """Find the loop that ends at ``end``; ``closed``: closing words follow it."""
    probe = text[max(0, end - _PROBE_CHARS) : end]
    if len(probe) < _PROBE_CHARS or (closed and not any(map(str.isalpha, probe))):
        return None
    found = end - _PROBE_CHARS
    earliest = max(0, found - int(end / LONG_REPEATS))  # no period is longer
    for _ in range(_CANDIDATES):
        found = text.rfind(probe, earliest, found + _PROBE_CHARS - 1)
        if found < 0:
            return None
        period = end - _PROBE_CHARS - found
        loop = _equal_back(text, end, period) + period
        repeats = loop / period
        unit = text[end - period : end]
        is_frequent = repeats >= MIN_REPEATS or (
            repeats >= LONG_REPEATS and period >= LONG_UNIT and loop >= LONG_SHARE * len(text)
        )
        if is_frequent and _is_long(loop, end, unit) and unit.strip():
            return end - loop, end, repeats
    return None


def _equal_back(text: str, end: int, period: int) -> int:
    """Return how many characters before ``end`` equal those one period earlier."""
    low, high = 0, end - period
    while low < high:
        middle = (low + high + 1) // 2
        if text[end - middle : end] == text[end - middle - period : end - period]:
            low = middle
        else:
            high = middle - 1
    return low


def _is_long(loop: int, size: int, unit: str) -> bool:
    if not any(map(str.isalpha, unit)):  # rows of a matrix, of a board or of an empty table are all alike
        return loop >= (MIN_LOOP_CHARS if len(set(unit)) == 1 else MIN_BARE_LOOP_CHARS)
    return loop >= MIN_LOOP_CHARS or (loop >= LEAST_LOOP_CHARS and loop >= MIN_LOOP_SHARE * size)
