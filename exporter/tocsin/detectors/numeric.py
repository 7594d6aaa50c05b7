"""Numeric: does each number of an answer stand in the context that the answer should rest on.

A ratio to watch, not a verdict on one answer: a number taken from the wrong place of the context is seen only where it
stands between the same words as another one there, and a correct one that follows from the context in a way not known
here does not pass. List markers, step numbers, other ways to
write a number, rounding with a scale word (of data without one), other units, calculations that are shown and come out
right, minutes between two times, and sums or differences where the text speaks of one are tolerated.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, combinations, islice
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.novelty import is_data
from tocsin.detectors.numerals import MAX_DIGITS, Number, digits, months, readings, worded
from tocsin.detectors.quality import ANSWERS, JUDGED_CHARS, finding
from tocsin.detectors.units import is_converted, measures, unit_behind

CONTEXT_CHARS: Final = 262_144
MIN_WORDED: Final = 13
"""Smaller number words ("one of the first two") claim nothing that can be held against a text."""
BARE_SCALES: Final = frozenset({1e2, 1e3, 1e6, 1e9, 1e12})
"""Worth of the scale words, which alone ("thousands of") are no number."""
MAX_MARKER: Final = 100
MIN_YEAR, MAX_YEAR, MAX_AGE = 1000, 2200, 130
MIN_ROUNDED: Final = 100
"""Smaller numbers are too easily near one that they are not."""
_CENT: Final = 0.01
_BESIDE: Final = 300
"""Characters on either side of a total in which what it is made of may stand."""
_PLACES: Final = 6
"""Decimals to which sums are compared: 25.00 less 19.99 is not quite 5.01 in binary."""
MAX_PAIRS_OF: Final = 60
"""Numbers of the context whose sums and differences are looked at."""
MAX_TIMES: Final = 40
"""Times of day of the context between which spans are looked at."""
MAX_ADDED: Final = 20
"""Numbers of an answer that may make up a total beside them."""

_LINE_MARKER = re.compile(r"(?:^|\n)[ \t>*#_-]*\(?$|[\[(]\^?$")
_CLOSES = re.compile(r"[.):\]]")
_NAMED_MARKER = re.compile(
    r"\b(?:step|part|point|option|question|answer|example|item|note|reason|tip|rule|fact|summary)[ \t]*[#.(]?[ \t]*$",
    re.IGNORECASE,
)
_CONFIDENT = re.compile(r"\bconfidence\W{0,6}$", re.IGNORECASE)
"""Before a number that an answer gives itself."""
_COUNTS_ITEMS = re.compile(
    r"\s(?:\w+\s)?(?:points?|steps?|reasons?|ways|things|examples?|items?|options|facts|questions|sentences?|bullets?)\b",
    re.IGNORECASE,
)
_SUMS = re.compile(
    r"\b(?:total|sum|combined|altogether|together|difference|remaining|remain|net|in all"
    r"|cheaper|dearer|pricier|costlier|saves?|saving|warmer|colder|cooler|faster|slower|ahead of|behind"
    r"|(?:comes?|adds? up|amounts?) to)\b",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"(\d[\d,.]*)\D{0,12}?([+\u2212\u2013*\u00d7x\u00b7/\u00f7-])\D{0,4}?(\d[\d,.]*)[^\d=]{0,16}=\s?[^\d\s]?$"
)
"""A calculation whose result comes next."""
_LASTING = re.compile(r"[\s-](?:min(?:ute)?s?|h(?:ou)?rs?|h)\b", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)")
_CHANGE = re.compile(
    r"\b(?:increas\w*|decreas\w*|growth|rise|drop|gain|loss|grew|rose|fell|up|down|more|fewer|less)\s(?:of|by)\s\S?$",
    re.IGNORECASE,
)
_AGED = re.compile(r"\b(?:aged?|age of)\s$", re.IGNORECASE)
_AT_THE_TIME = re.compile(r"\s(?:when|at (?:the|that) time)\b", re.IGNORECASE)
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.((?:1\d|20)\d\d)")
_PERCENT: Final = ("%", " %", " percent", " per cent")
_HUNDREDTHS: Final = (" cent", "¢", " pence", " ct ")
_FRACTIONS: Final = {
    "half": 50.0, "one third": 100 / 3, "a third": 100 / 3, "two thirds": 200 / 3, "quarter": 25.0,
    "three quarters": 75.0, "one fifth": 20.0, "a fifth": 20.0, "one tenth": 10.0, "a tenth": 10.0,
}  # fmt: skip
"""Fractions in words, in percent."""
_LASTS = re.compile(r"\b(?:after|for|over)\s$", re.IGNORECASE)
_YEARS = re.compile(r"[\s-]years?[\s-](?:old|later|earlier|after|before|of age)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:about|around|approximately|roughly|nearly|almost|over|than|some|~|\u2248|circa|c\.)\s*\S?$", re.IGNORECASE
)
_IN_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|(?<!\d)\d{1,2}/(?:1\d|20)\d\d(?!\d)")
_ON_THE_HOUR = re.compile(r" ?[ap]\.?m\b", re.IGNORECASE)
_MINUTES = re.compile(r":[0-5]\d(?!\d)")
_HOURS = re.compile(r"\b(?:[01]?\d|2[0-4]):$")
_CENTURY = re.compile(r"(?:st|nd|rd|th) century\b", re.IGNORECASE)
_CURRENCIES: Final = ("$", "€", "£")
_FRACTION = re.compile(r"(?<![\d/])(?:(\d{1,2}) )?(\d{1,2})/(\d{1,2})(?![\d/])")
_WORD = re.compile(r"[^\W\d_]+")
_NAMES: Final = frozenset({"no", "nr", "number"})
"""Behind these a number tells one of several things from the others, of which each has its own."""
_UNSPACED = re.compile(r"(?<!\d)\d{1,18}(?:,\d{1,18})+")
_GLUED = re.compile(r"[A-Za-z_]$")
_SUFFIX = re.compile(
    r"(?:st|nd|rd|th|s|km|kg|cm|mm|m|g|am|pm|h|x|k|ft|lbs?|oz|mph|[gmkt]b|m[gl]|[kmg]?hz|[km]w|kwh|p|min|%|\u00b0)?"
    r"(?![A-Za-z_])",
    re.IGNORECASE,
)


class NumericDetector:
    """Sets ``report.outcomes["numeric"]`` where there is context, and says ``numeric`` of each number not in it."""

    name = "numeric"
    tier = 1
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Hold the numbers of one answer against its context."""
        if not subject.context:
            return
        source = "\n".join((*subject.context, subject.question or ""))[:CONTEXT_CHARS]
        strangers = strange_numbers(subject.text[:JUDGED_CHARS], source)
        report.outcomes["numeric"] = not strangers
        report.findings += [finding("numeric", number.start, number.end, 0.8) for number in strangers[:20]]


def strange_numbers(text: str, source: str) -> list[Number]:
    """Numbers of a text that do not stand in its source, nor follow from it."""
    own = [number for number in (*digits(text), *worded(text)) if _says_something(text, number)]
    if not own:
        return []
    known = readings(source)
    unknown = [number for number in own if not known.intersection(number.readings)]
    strangers: list[Number] = []
    if unknown:
        known |= {reading for number in worded(source) for reading in number.readings}
        # Unspaced lists, as "1,2,3", read as one number:
        parts = (part for run in _UNSPACED.findall(source) for part in run.split(","))
        known |= {float(part) for part in parts if len(part) <= MAX_DIGITS}
        held = _Source(source, known)
        strangers = [number for number in unknown if not _explained(text, number, held)]
    return sorted({*strangers, *_displaced(text, own, source)}, key=lambda number: number.start)


class _Source:
    """What an answer should rest on; what is asked of it for each number of an answer is made once."""

    def __init__(self, text: str, known: set[float]) -> None:
        self.text = text
        self.known = known
        """What its numbers may be worth."""

    @cached_property
    def ordered(self) -> list[float]:
        """``known``, the least first."""
        return sorted(self.known)

    @cached_property
    def decimals(self) -> list[float]:
        """Those that are not whole, the least first: a text may round them without a word."""
        return [value for value in self.ordered if value % 1]

    @cached_property
    def is_data(self) -> bool:
        """Whether it is no prose, so that a text has to round its decimals, large or not."""
        return is_data(self.text)

    @cached_property
    def minutes(self) -> set[int]:
        """Minutes between two times of day that it names."""
        times = [60 * int(hour) + int(minute) for hour, minute in _CLOCK.findall(self.text)[:MAX_TIMES]]
        return {later - earlier for earlier, later in combinations(sorted(set(times)), 2)}

    @cached_property
    def years(self) -> list[float]:
        """Those that may be years."""
        return [year for year in self.known if MIN_YEAR <= year <= MAX_YEAR][:MAX_PAIRS_OF]

    @cached_property
    def fractions(self) -> set[float]:
        """What its fractions in digits are worth, ``1 1/2`` or ``3/4``."""
        found = _FRACTION.findall(self.text)
        return {float(whole or 0) + int(over) / int(under) for whole, over, under in found if int(under)}

    @cached_property
    def measures(self) -> list[tuple[str, float]]:
        """Its values that have a unit."""
        return measures(self.text)

    @cached_property
    def months(self) -> set[float]:
        """The months that it names."""
        return months(self.text)

    @cached_property
    def lower(self) -> str:
        """Its text in lower case."""
        return self.text.lower()


def _displaced(text: str, own: list[Number], source: str) -> list[Number]:
    """Numbers between words between which the source has only other ones, of which they are not rounded."""
    between: dict[tuple[str, ...], set[float]] = {}
    for number in digits(source):
        if key := _words_around(source, number):
            between.setdefault(key, set()).update(number.readings)
    if not between:
        return []
    ordered = {key: sorted(others) for key, others in between.items() if others}
    return [
        number
        for number in own
        if text[number.start - 1 : number.start] != ":"  # minutes stand between the words of their hour
        and (key := _words_around(text, number)) in ordered
        and not between[key].intersection(number.readings)
        and not any(_rounds(reading, ordered[key], number.unit) for reading in number.readings)
    ]


def _words_around(text: str, number: Number) -> tuple[str, ...]:
    """The two words before a number and the one behind it, in lower case; none where there are fewer."""
    before = _WORD.findall(text, max(0, number.start - 32), number.start)[-2:]
    after = _WORD.match(text, number.end) or _WORD.search(text, number.end, number.end + 24)
    if len(before) < 2 or after is None or before[-1].lower() in _NAMES:
        return ()
    return (*(word.lower() for word in before), after[0].lower())


def _says_something(text: str, number: Number) -> bool:
    """Tell numbers that claim something from list markers, tails of names and small number words."""
    if number.worded:
        is_bare_scale = number.readings[0] in BARE_SCALES and text[number.start : number.end].isalpha()
        return number.readings[0] >= MIN_WORDED and not is_bare_scale
    before, after = text[max(0, number.start - 24) : number.start], text[number.end : number.end + 24]
    if number.unit == 1 and max(number.readings, default=0.0) <= MAX_MARKER and (
        (_LINE_MARKER.search(before) and _CLOSES.match(after))
        or _NAMED_MARKER.search(before)
        or _COUNTS_ITEMS.match(after)
    ):  # fmt: skip
        return False
    if _CONFIDENT.search(before):
        return False
    return not _GLUED.search(before[-2:]) and _SUFFIX.match(after) is not None


def _explained(text: str, number: Number, source: _Source) -> bool:
    known = source.known
    if known.intersection(number.readings):
        return True
    raw = text[number.start : number.end]
    before, after = text[max(0, number.start - 40) : number.start], text[number.end : number.end + 40]
    if not number.readings:  # 1.2.3: a version, an address, a date
        date = _DAY.fullmatch(raw)
        return raw in source.text or (date is not None and _is_dated(date, source))
    if "," in raw and all(part.isdecimal() and float(part) in known for part in raw.split(",")):
        return True
    about = number.scaled or _ABOUT.search(before)
    if about and any(_rounds(reading, source.ordered, number.unit) for reading in number.readings):
        return True
    value = number.readings[0]
    large = [reading for reading in number.readings if reading >= MIN_ROUNDED and not reading % 1]
    if source.is_data:
        large = [reading for reading in number.readings if not reading % 1]
    if any(_rounds(reading, source.decimals, number.unit) for reading in large):
        return True
    if (lasting := _LASTING.match(after)) and value * (60 if "h" in lasting[0] else 1) in source.minutes:
        return True
    if _is_timed(value, before, after, known) or _is_abbreviated(number, before, after, source):
        return True
    if after.startswith(_PERCENT) and _near(value / 100, source.ordered):
        return True
    if after.startswith(_HUNDREDTHS) and _near(value / 100, source.ordered):
        return True
    if after.startswith(_PERCENT) and _is_fraction(value, source.lower):
        return True
    if re.match(r"'?s\b", after) and value < 100 and value + 1900 in known:  # the 90s
        return True
    if _IN_DATE.search(before[-8:] + raw + after[:8]) and (value in source.months or value + 2000 in known):
        return True
    is_sum = _SUMS.search(before + " " + after) or _CHANGE.search(before)
    if is_sum and (_is_derived(number, source) or _is_total(text, number)):
        return True
    if _is_calculated(number, before):
        return True
    if (unit := unit_behind(text, number.end)) and is_converted(value, unit, number.unit, source.measures):
        return True
    lasts = _AGED.search(before) or _YEARS.match(after) or (_LASTS.search(before) and after.startswith(" year"))
    lasts = lasts or _AT_THE_TIME.match(after)
    return bool(lasts) and _spans_years(value, source)


def _is_timed(value: float, before: str, after: str, known: set[float]) -> bool:
    """Tell whether a number is of a time that stands in the source by the other clock, or full hours."""
    if after.startswith(":00") or _ON_THE_HOUR.match(after) or _MINUTES.match(after):
        return value - 12 in known or value + 12 in known
    return value == 0 and _HOURS.search(before) is not None


def _is_abbreviated(number: Number, before: str, after: str, source: _Source) -> bool:
    """Tell a year by its last digits, a century by a year, a sum by its cents, a decimal by its fraction."""
    value = number.readings[0]
    if before.endswith(("'", "\u2019")) and value < 100 and {1900 + value, 2000 + value} & source.known:
        return True
    if _CENTURY.match(after):
        return any(100 * value - 99 <= year <= 100 * value for year in source.years)
    is_sum = before.endswith(_CURRENCIES) and value < 1
    if (is_sum or (source.is_data and number.unit == _CENT)) and _near(100 * value, source.ordered):
        return True
    return value % 1 != 0 and value in source.fractions


def _is_fraction(percent: float, lower: str) -> bool:
    """Tell whether a percentage stands in the source as a fraction in words, to the nearest whole."""
    words = [word for word, share in _FRACTIONS.items() if abs(percent - share) < 1]
    return bool(words) and any(word in lower for word in words)


def _is_dated(date: re.Match[str], source: _Source) -> bool:
    """Tell whether day, month and year of a date in figures stand in the source, the month perhaps as a word."""
    day, month, year = map(float, date.groups())
    known = source.known
    return day in known and year in known and (month in known or month in source.months)


def _near(value: float, ordered: list[float]) -> bool:
    place = bisect_left(ordered, value)
    return any(math.isclose(value, other, rel_tol=1e-9) for other in ordered[max(0, place - 1) : place + 1])


def _rounds(value: float, ordered: list[float], unit: float) -> bool:
    """Tell whether a value is another one, of more digits, rounded or cut to its own last digit."""
    if not unit:
        return False
    nearest = range(bisect_left(ordered, value - unit), bisect_right(ordered, value + unit))
    return any(-unit / 2 <= ordered[place] - value < unit and ordered[place] % unit for place in nearest)


def _spans_years(value: float, source: _Source) -> bool:
    """Tell whether so many years lie between two years of the source, birthdays aside."""
    known = source.known
    return value < MAX_AGE and any(later - value in known or later - value - 1 in known for later in source.years)


def _is_calculated(number: Number, before: str) -> bool:
    """Tell whether a number is what the calculation before it comes to, rounded to its own last digit."""
    shown = _SHOWN.search(before)
    if shown is None:
        return False
    left, sign, right = shown.groups()
    try:
        first, second = (float(side.rstrip(".,").replace(",", "")) for side in (left, right))
    except ValueError:  # 1.2.3
        return False
    if sign in "/\u00f7":
        result = first / second if second else math.inf
    else:
        result = first + second if sign == "+" else first - second if sign in "-\u2212\u2013" else first * second
    return any(abs(result - reading) <= number.unit / 2 + 10**-_PLACES for reading in number.readings)


def _is_total(text: str, number: Number) -> bool:
    """Tell whether a number is the sum of at least three numbers that stand right before or behind it in its answer."""
    before, behind = text[max(0, number.start - _BESIDE) : number.start], text[number.end : number.end + _BESIDE]
    beside = (digits(before)[: -MAX_ADDED - 1 : -1], digits(behind)[:MAX_ADDED])
    return any(
        round(total - reading, 2) == 0
        for side in beside
        for total in islice(accumulate(max(one.readings, default=0.0) for one in side), 2, None)
        for reading in number.readings
    )


def _is_derived(number: Number, source: _Source) -> bool:
    """Tell whether a number is the sum or the difference of two numbers of the source."""
    known, values = source.known, source.ordered[-MAX_PAIRS_OF:]
    return any(
        value not in (0.0, reading) and {round(reading - value, _PLACES), round(reading + value, _PLACES)} & known
        for reading in number.readings if reading for value in values
    )  # fmt: skip
