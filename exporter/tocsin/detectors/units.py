"""Units that answers convert on their own account: "72 \u00b0F (about 22 \u00b0C)" where the context has the one alone.

Factors by the definitions of the international yard and pound (1959): https://www.nist.gov/pml/owm/si-units-length
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from tocsin.detectors.numerals import digits


class _Unit(NamedTuple):
    quantity: str
    factor: float
    """Worth in the base unit of its quantity."""
    zero: float = 0.0
    """Where its scale begins, in its own units."""


_UNITS: Final = {
    "c": _Unit("temperature", 1.0), "f": _Unit("temperature", 5 / 9, 32.0),
    "km": _Unit("length", 1000.0), "mi": _Unit("length", 1609.344), "m": _Unit("length", 1.0),
    "ft": _Unit("length", 0.3048), "in": _Unit("length", 0.0254), "cm": _Unit("length", 0.01),
    "kg": _Unit("mass", 1.0), "lb": _Unit("mass", 0.45359237), "g": _Unit("mass", 0.001),
    "oz": _Unit("mass", 0.028349523), "km/h": _Unit("speed", 1.0), "mph": _Unit("speed", 1.609344),
}  # fmt: skip
_NAMES: Final = {
    "c": r"\u00b0 ?c|(?:degrees )?celsius", "f": r"\u00b0 ?f|(?:degrees )?fahrenheit", "km/h": r"km/h|kph|kmh",
    "mph": r"mph", "km": r"km|kilomet(?:er|re)s?", "mi": r"mi|miles?", "ft": r"ft|feet|foot", "in": r"inch(?:es)?",
    "cm": r"cm|centimet(?:er|re)s?", "kg": r"kg|kilo(?:gram)?s?", "lb": r"lbs?|pounds?", "oz": r"oz|ounces?",
    "g": r"g|grams?", "m": r"m|met(?:er|re)s?",
}  # fmt: skip
_UNIT: Final = re.compile(
    r"[ \u00a0-]?(?:" + "|".join(f"(?P<u{place}>{name})" for place, name in enumerate(_NAMES.values())) + r")(?![\w/])",
    re.IGNORECASE,
)
_ORDER: Final = tuple(_NAMES)
_KEYED: Final = re.compile(
    r"_(?P<unit>c|f|km|mi|m|ft|in|cm|kg|lb|lbs|oz|g|kph|kmh|mph)\"?\s?[:=]\s?\"?(?P<value>-?\d{1,9}(?:\.\d{1,9})?)(?![\w.])",
    re.IGNORECASE,
)
"""A value whose key has the unit, as those of JSON have: ``"temp_f": 75.2``."""
_IN_KEYS: Final = {"kph": "km/h", "kmh": "km/h", "lbs": "lb"}
MAX_MEASURES: Final = 60
"""Values of a context with a unit that others are held against."""
CLOSE: Final = 0.02
"""Share by which a conversion may be rounded beyond its own last digit."""


def unit_behind(text: str, end: int) -> str:
    """Return the name of the unit that stands behind a number ending at ``end``; none: an empty one."""
    match = _UNIT.match(text, end)
    return _ORDER[int((match.lastgroup or "u0")[1:])] if match else ""


def measures(text: str) -> list[tuple[str, float]]:
    """Return the first values of a text that have a unit behind them or in their key, with its name."""
    keyed = ((match["unit"].lower(), float(match["value"])) for match in islice(_KEYED.finditer(text), MAX_MEASURES))
    found = ((unit_behind(text, number.end), number.readings) for number in digits(text))
    behind = [(unit, value) for unit, values in found if unit for value in values][:MAX_MEASURES]
    return [(_IN_KEYS.get(unit, unit), value) for unit, value in keyed] + behind


def is_converted(value: float, unit: str, last_digit: float, known: Sequence[tuple[str, float]]) -> bool:
    """Tell whether a value in a unit is a known one in another unit of the same quantity."""
    own = _UNITS[unit]
    for name, measured in known:
        other = _UNITS[name]
        if name != unit and other.quantity == own.quantity:
            converted = (measured - other.zero) * other.factor / own.factor + own.zero
            if abs(converted - value) <= max(last_digit / 2, CLOSE * abs(converted)):
                return True
    return False
