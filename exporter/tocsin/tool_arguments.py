"""The arguments of tool calls, as text that the detectors can read.

Arguments are JSON, whose escapes would hide values from a detector: an escaped line break before a number reads as n.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


def readable(arguments: str) -> str:
    """Return a line for each value, behind its name; what is no JSON stands as it is."""
    try:
        value = msgspec.json.decode(arguments)
        return "\n".join(_lines(value))
    except (ValueError, RecursionError):  # msgspec's errors among them: a stream may end within a value
        return arguments


def _lines(value: Any) -> Iterator[str]:
    """Return the lines in their order; they are no longer than the JSON, however deep that is."""
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
