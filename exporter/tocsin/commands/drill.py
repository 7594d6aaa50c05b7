"""``tocsin drill``: test whether a page of a category reaches all its receivers, without an incident."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from tocsin import bundle
from tocsin.call import DRILLED
from tocsin.commands import above_zero
from tocsin.config import read_secrets
from tocsin.drill import Drill, DrillError, Places, Report

EXAMPLE = "example: tocsin drill --category safety --alertmanager.url http://alertmanager:9093"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "drill", help="send a marked event and report which receivers its page reaches", epilog=EXAMPLE,
        description="Sends one marked event, which counts in no llm_* metric, and follows it through the rules and "
        "Alertmanager. Receivers get a page marked DRILL, for five minutes. Exit status 1: not all were reached.",
    )  # fmt: skip
    parser.add_argument("--category", choices=DRILLED, default="safety", help="default: safety")
    parser.add_argument("--web.url", dest="web", metavar="URL", default="http://127.0.0.1:9877", help="the exporter")
    parser.add_argument("--ingest.url", dest="ingest", metavar="URL", default="http://127.0.0.1:9878", help="webhook")
    parser.add_argument("--ingest.token-file", dest="token_file", metavar="FILE", help="bearer token of that listener")
    parser.add_argument("--log", metavar="FILE", help="append the event to this tailed log instead")
    parser.add_argument("--alertmanager.url", dest="alertmanager", metavar="URL", default="http://127.0.0.1:9093")
    parser.add_argument("--prometheus.url", dest="prometheus", metavar="URL", default="", help="also time the rule")
    parser.add_argument(
        "--expect", metavar="NAMES", help="receivers that must be reached; default: those of the category's page"
    )
    parser.add_argument("--timeout", type=above_zero(float), default=120.0, metavar="SECONDS", help="default: 120")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the drill."""
    expected = (
        [name.strip() for name in arguments.expect.split(",") if name.strip()] if arguments.expect
        else bundle.settings()[f"receivers.{arguments.category}.page"]
    )  # fmt: skip
    token = (
        read_secrets("--ingest.token-file", arguments.token_file)[0].decode("latin-1") if arguments.token_file else ""
    )
    places = Places(
        arguments.web.rstrip("/"), arguments.alertmanager.rstrip("/"), arguments.prometheus.rstrip("/"),
        arguments.ingest.rstrip("/"), arguments.log or "", token,
    )  # fmt: skip
    drill = Drill(
        arguments.category, places, expected, timeout=arguments.timeout,
        tell=lambda step, seconds: print(f"{seconds:6.1f} s  {step}", file=sys.stderr, flush=True),
    )  # fmt: skip
    try:
        report = drill.run()
    except DrillError as error:
        print(f"tocsin drill: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(report) | {"passed": report.passed}) if arguments.json else _table(report))
    return 0 if report.passed else 1


def _table(report: Report) -> str:
    rows = [("receiver", "seconds", "result")]
    rows += [
        (reach.receiver, "-" if reach.seconds is None else f"{reach.seconds:.1f}",
         reach.result + (f" by {', '.join(reach.integrations)}" if reach.result == "taken" else ""))
        for reach in report.receivers
    ]  # fmt: skip
    width = max(len(row[0]) for row in rows)
    lines = [f"drill of {report.category}, {report.id}"]
    lines += [f"{name:{width}}  {seconds:>7}  {result}" for name, seconds, result in rows]
    verdict = "every receiver was reached" if report.passed else "NOT every receiver was reached"
    return "\n".join([*lines, *report.notes, verdict])
