"""Writes the README's table of incidents from `results.json`, so that no figure there is typed by hand."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
BEGIN, END = "<!-- incidents: begin -->\n", "<!-- incidents: end -->"


def table(results: dict) -> str:
    """Return the table: one row an incident, in the order of their names."""
    lines = ["| incident | pages | first page after | target | tickets |", "|---|---|---|---|---|"]
    for name, found in sorted(results.items()):
        minutes, target = found["minutes_to_page"], found["target_minutes"]
        lines.append(
            f"| {name} | {', '.join(found['pages']) or 'none'} | {_minutes(minutes)} | {_minutes(target)} "
            f"| {', '.join(found['tickets']) or 'none'} |"
        )
    return "\n".join(lines) + "\n"


def with_table(text: str, results: dict) -> str:
    """Return the README's text with the table of now."""
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    return head + BEGIN + table(results) + END + tail


def _minutes(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:.0f} min" if minutes >= 1 else f"{60 * minutes:.0f} s"


if __name__ == "__main__":
    measured = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    README.write_text(with_table(README.read_text(encoding="utf-8"), measured), encoding="utf-8")
    sys.stdout.write(table(measured))
