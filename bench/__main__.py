"""``make bench``: the exporter compared with its limits and peers, in one run. Only ratios matter; nothing is asserted.

Needs two cores (subject and client). Other work on the machine changes all rows, ratios the least.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import footprint
import guard
import ingest
import scrape
import webhook
import workload
from measure import Figure

import rules

RESULTS = Path(__file__).parent / "results"
SECTIONS = ("ingest", "scrape", "webhook", "guard", "footprint", "rules")


def main() -> None:
    """Run the chosen sections, print one table, save the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)
    parser.add_argument("--events", type=int, default=60_000, help="lines of the slim log (default 60000)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="sections to run")
    arguments = parser.parse_args()
    began = time.time()
    data = RESULTS / "data"
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as scratch:
        sections: dict[str, Callable[[], list[Figure]]] = {
            "ingest": lambda: ingest.run(data, arguments.events),
            "scrape": scrape.run,
            "webhook": lambda: webhook.run(data, Path(scratch), arguments.events),
            "guard": lambda: guard.run(Path(scratch)),
            "footprint": lambda: footprint.run(Path(scratch)),
            "rules": lambda: rules.run(Path(scratch)),
        }
        figures = [figure for name in SECTIONS if name in arguments.only for figure in sections[name]()]
    machine = {
        "cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine(),
        "load": os.getloadavg()[0], "events": arguments.events, "seed": workload.SEED,
    }  # fmt: skip
    show(figures)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("%Y%m%d-%H%M%S.json", time.gmtime(began))
    path.write_text(json.dumps({"machine": machine, "figures": [asdict(figure) for figure in figures]}, indent=1) + "\n")
    print(f"\n{machine}\n{time.time() - began:.0f} s; figures kept in {path}")


def show(figures: list[Figure]) -> None:
    """Print the table with a heading for each section."""
    section = ""
    print(f"\n{'':44s}{'figure':>12s} {'':10s}{'goal':>10s}")
    for figure in figures:
        if figure.section != section:
            section = figure.section
            print(f"\n{section}")
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        print(f"  {figure.what:42s}{figure.value:12,.2f} {figure.unit:10s}{figure.goal:>10s}  {verdict}")


if __name__ == "__main__":
    main()
