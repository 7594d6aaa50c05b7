"""``python bench/detectors.py SETS [NAME ...]``: the quality of each detector on the labelled sets in a folder.

A measure is a function of the sets that yields lines of text; each family of detectors has a module of measures
(``detectors_quality``, ...), listed in ``FAMILIES``. Figures are of the part not trained on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import detectors_attacks
import detectors_quality
import detectors_safety
from labelled import PARTS, Sets, resident_mb

Measure = Callable[[Sets], Iterator[str]]

FAMILIES: tuple[dict[str, Measure], ...] = (
    detectors_attacks.MEASURES,
    detectors_quality.MEASURES,
    detectors_safety.MEASURES,
)


def main() -> None:
    """Run the chosen measures and print their lines."""
    measures = {name: measure for family in FAMILIES for name, measure in family.items()}
    parser = argparse.ArgumentParser(prog="python bench/detectors.py", description=__doc__)
    parser.add_argument("sets", type=Path, help="folder of NAME.jsonl.gz")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(measures)} (default: all)")
    parser.add_argument("--part", choices=PARTS, default="own", help="rows to measure on (default own: not trained on)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(measures):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    sets = Sets(arguments.sets, arguments.part)
    for name in arguments.names or measures:
        began = time.perf_counter()
        for line in measures[name](sets):
            print(f"{name:14s} {line}", flush=True)
        print(f"{name:14s} {time.perf_counter() - began:.1f} s, resident {resident_mb():.0f} MB", flush=True)


if __name__ == "__main__":
    main()
