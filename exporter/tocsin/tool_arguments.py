"""The arguments of tool calls, as text that detectors can read.

Arguments are JSON, whose escapes would hide values from a detector: an escaped line break before a number reads as n.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


def readable(arguments: str) -> str:
    """Return one line per value, after its name; text that is not JSON is returned unchanged."""
    try:
        value = msgspec.json.decode(arguments)
        return "\n".join(_lines(value))
    except (ValueError, RecursionError):  # includes msgspec's errors: a stream may end within a value
        return arguments


def _lines(value: Any) -> Iterator[str]:
    """Yield the lines in order; they are no longer than the JSON, whatever its depth."""
    left = [("", value)]
    while left:
        name, value = left.pop()
        if isinstance(value, dict | list):
            if name:
                yield name
            items = value.items() if isinstance(value, dict) else [("", each) for each in value]
            left += [(f"{key}: " if key else "", each) for key, each in reversed(items)]
        elif value is not None:
            yield f"{name}{value}"
