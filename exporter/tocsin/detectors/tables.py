"""Tables in Markdown: the meaning of a cell is in the header of its column, one or more lines above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.candidates import MAX_CANDIDATES, capped, note_cut

RULE: Final = r"\n[ \t]*\|?[ \t]*:?--"
"""For a gate: a line that begins like the rule under a header."""
RULE_BELOW: Final = rf"[^\n]*{RULE}"
"""The same after a word of the header, with the rest of its line."""

_RULE = re.compile(r"\n([ \t:|-]{3,400}+)(?=\n)")
_RULE_SIGNS: Final = frozenset(" \t:|-")
_REACH: Final = 4_000
"""Maximum characters between a cell and its header."""
_LONGEST_LINE: Final = 1_000


def header_of(text: str, at: int, unless: re.Pattern[str]) -> str:
    """Return the column header of the cell at ``at``, in lower case.

    Empty outside of tables, and in tables with a header that matches ``unless``.
    """
    row = text.rfind("\n", max(0, at - _LONGEST_LINE), at) + 1
    column = text.count("|", row, at)
    if not row or not column:
        return ""
    rule = text.rfind("--", max(0, row - _REACH), row)
    start, end = text.rfind("\n", max(0, rule - _LONGEST_LINE), max(0, rule)), text.find("\n", rule, row)
    if start < 0 or rule < 0 or not _RULE_SIGNS.issuperset(text[start + 1 : end]) or "\n\n" in text[end:row]:
        return ""
    headers = text[text.rfind("\n", max(0, start - _LONGEST_LINE), start) + 1 : start].lower()
    cells = headers.split("|")
    return cells[column].strip() if column < len(cells) and not unless.search(headers) else ""


def cells_under(text: str, name: re.Pattern[str], beside: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the spans of cells in columns whose header matches ``name``, in tables with a header matching ``beside``.

    Headers are matched in lower case. At most MAX_CANDIDATES rows and cells of a text are read.
    """
    left = MAX_CANDIDATES
    for rule in capped(_RULE, text):
        start = text.rfind("\n", max(0, rule.start() - _LONGEST_LINE), rule.start()) + 1
        header = text[start : rule.start()].lower().split("|")
        columns = {column for column, cell in enumerate(header) if name.search(cell)}
        if not columns or not any(map(beside.search, header)) or "--" not in rule[1]:
            continue
        at = rule.end() + 1
        while left > 0 and "|" in (line := text[at : at + _LONGEST_LINE].partition("\n")[0]):
            left -= 1
            for column, cell in enumerate(line.split("|")):
                if column in columns:
                    left -= 1
                    yield at, at + len(cell)
                at += len(cell) + 1
    if left <= 0:
        note_cut()
