"""``tocsin replay LOG...``: process logs once, print the final metrics, exit."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from tocsin import formats
from tocsin.accounting.ledger import Ledger
from tocsin.assembly import ledger_settings, make_scoring, publish_config, publish_detectors, with_estimates
from tocsin.config import Config, load
from tocsin.detectors.base import MOST_TIER
from tocsin.inputs.archive import read_archive
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.pacing import collect_seldom
from tocsin.series.exposition import page
from tocsin.series.store import Store

if TYPE_CHECKING:
    from tocsin.formats.base import Buffer

EXAMPLE = "example: tocsin replay --format litellm calls.jsonl.gz | grep llm_cost"
_EVERY_EVENTS = 4096
_TIERS = {"tier-0": 0, "tier-1": 1, "default": MOST_TIER}


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("replay", help="read logs, print the final metrics and exit", epilog=EXAMPLE)
    parser.add_argument("logs", nargs="+", metavar="LOG", help="file (also .gz .zst .bz2 .xz) or - for stdin")
    parser.add_argument("--format", choices=("auto", *formats.FORMATS), default="auto")
    parser.add_argument("--output", choices=("prometheus", "openmetrics", "json"), default="prometheus")
    parser.add_argument(
        "--detectors", choices=("none", *_TIERS), default="default",
        help="none: counting only; tier-0, tier-1: up to that cost tier (docs/sizing.md)",
    )  # fmt: skip
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    parser.set_defaults(execute=execute)


class _Progress:
    """Shows the progress on a terminal only."""

    def __init__(self) -> None:
        self._seen = 0
        self._on = sys.stderr.isatty()

    def step(self, read: int) -> None:
        """Report after every few thousand events."""
        if self._on and read - self._seen >= 50_000:
            self._seen = read
            print(f"\r{read:,} events", end="", file=sys.stderr, flush=True)


def execute(arguments: argparse.Namespace) -> int:
    """Replay; 0 if every input could be read to its end."""
    config = load(arguments.config_file)
    settings = ledger_settings(config)
    if arguments.detectors != "none":
        settings = with_estimates(settings)
    ledger = Ledger(Store(settings.extra_labels), settings)
    publish_config(ledger.store, config)
    scoring = None if arguments.detectors == "none" else make_scoring(config, ledger, _TIERS[arguments.detectors])
    if scoring is not None:
        publish_detectors(ledger.store, scoring.judge)
        scoring.event_time = True
    content = scoring is not None and not scoring.sampling.content_off
    intake = Intake(ledger, lambda name: formats.get(name, content=content), time.time, scoring)
    intake.meet("replay")
    collect_seldom(young=50_000)
    code, is_read = _read(arguments, config, intake)
    if not is_read:
        return code  # a page of zeros would look like a result
    intake.finish()
    summary = _summary(intake)
    if scoring is not None:
        scoring.finish(intake.now)
    intake.publish()
    ledger.changes()
    _write(ledger.store, arguments.output)
    print(json.dumps(summary), file=sys.stderr)
    return code


def _read(arguments: argparse.Namespace, config: Config, intake: Intake) -> tuple[int, bool]:
    """Count all logs; return the exit code, and whether any could be read."""
    progress = _Progress()
    seen = 0

    def sink(data: Buffer, origin: Origin) -> None:
        nonlocal seen
        intake.take(data, origin)
        seen += 1
        if not seen % _EVERY_EVENTS:
            intake.tick()
            progress.step(seen)

    code = unread = 0
    for log in arguments.logs:
        origin = Origin("replay", arguments.format, log)
        try:
            complete = read_archive(log, origin, sink, intake.oversize, config.limits.max_line_bytes)
        except OSError as error:
            print(f"tocsin: {log}: cannot be read: {error.strerror or error}", file=sys.stderr)
            code = 1
            unread += 1
            continue
        if not complete:
            print(f"tocsin: {log}: the archive is truncated or damaged; what was readable is counted", file=sys.stderr)
            code = 1
    return code, bool(seen) or unread < len(arguments.logs)


def _summary(intake: Intake) -> dict[str, Any]:
    tally = intake.tallies["replay"]
    return {
        "read": tally.read,
        "counted": tally.counted,
        "duplicate": tally.duplicate,
        "skipped": intake.skipped_by_reason(),
    }


def _write(store: Store, output: str) -> None:
    if output != "json":
        sys.stdout.buffer.write(page(store, openmetrics=output == "openmetrics"))
        sys.stdout.buffer.flush()
        return
    samples = []
    for family, rows in store.families():
        names = store.names(family)
        for row in rows:
            sample: dict[str, Any] = {"name": family.name, "labels": dict(zip(names, row.labels, strict=True))}
            if family.buckets:
                bounds = [*family.buckets, "+Inf"]
                sample |= {
                    "sum": row.values[0],
                    "count": sum(row.values[1:]),
                    "buckets": {str(b): n for b, n in zip(bounds, row.values[1:], strict=True)},
                }
            else:
                sample["value"] = row.values[0]
            samples.append(sample)
    json.dump({"metrics": samples}, sys.stdout)
    print()
