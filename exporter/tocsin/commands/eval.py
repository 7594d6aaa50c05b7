"""``tocsin eval``: precision, recall and false alarms of the detectors on labelled texts, with intervals."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tocsin.commands import above_zero
from tocsin.evaluation.measures import PROFILES, Bench, false_alarms, measure, trade_off
from tocsin.evaluation.report import HEAD, STAR, alarm_lines, line, trade_line
from tocsin.evaluation.sets import Sets

EXAMPLE = "example: tocsin eval --calls-per-day 200000"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("eval", help="measure the detectors on labelled texts", epilog=EXAMPLE)
    parser.add_argument(
        "--calls-per-day", type=above_zero(int), metavar="N", help="estimate the false pages per week at this volume"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of NAME.jsonl.gz (default: the shipped sets)")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print the table; 1 if a detector is below its floor."""
    if arguments.data is not None and not arguments.data.is_dir():
        print(f"tocsin: {arguments.data}: no such folder", file=sys.stderr)
        return 2
    bench = Bench(Sets(arguments.data))
    results = []
    print(HEAD)
    for result in measure(bench):
        results.append(result)
        print(line(result), flush=True)
    if not results:
        print("tocsin: the folder contains none of the sets", file=sys.stderr)
        return 2
    print(STAR)
    print()
    for profile in PROFILES:
        for text in alarm_lines(false_alarms(bench, profile), arguments.calls_per_day):
            print(text)
    print()
    for profile in PROFILES:
        print(trade_line(trade_off(bench, profile)))
    return 0 if all(result.ok for result in results) else 1
