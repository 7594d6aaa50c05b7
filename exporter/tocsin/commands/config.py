"""``tocsin config check|show``: is the configuration right, and what is in force."""

from __future__ import annotations

import argparse
import glob
from pathlib import Path
from typing import Any

from tocsin import catalogue as cat
from tocsin.accounting.groups import HISTOGRAMS
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.quality import SCORERS_MAX
from tocsin.assembly import ledger_settings
from tocsin.call import FAILURE_REASONS, TOKEN_KINDS
from tocsin.catalogue import FAMILIES, Family
from tocsin.config import Config, load, read_secret, show
from tocsin.finding import SAFETY_KINDS
from tocsin.judge import check as check_judging
from tocsin.series.store import Store


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("config", help="check or show the configuration")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="say what is wrong, or that nothing is",
        epilog="example: tocsin config check --series --config.file tocsin.yml",
    )  # fmt: skip
    check.add_argument("--config.file", dest="config_file", metavar="FILE")
    check.add_argument("--series", action="store_true", help="print the worst case of series by family")
    check.set_defaults(execute=_check)
    shown = actions.add_parser("show", help="print the effective configuration", epilog="example: tocsin config show")
    shown.add_argument("--config.file", dest="config_file", metavar="FILE")
    shown.set_defaults(execute=_show)


def _check(arguments: argparse.Namespace) -> int:
    config = load(arguments.config_file)
    settings = ledger_settings(config)
    check_judging(config)
    for auth in config.ingest.auth:
        read_secret(auth.secret_file)
    ok = True
    for index, files in enumerate(config.inputs.files):
        for path in files.paths:
            problem = _problem(path)
            if problem:
                ok = False
                print(f"inputs.files[{index}].paths: {path}: {problem}")
    if arguments.series:
        _print_series(config, Ledger(Store(settings.extra_labels), settings))
    print("the configuration is right" if ok else "the configuration is right, but see above")
    return 0 if ok else 1


def _problem(path: str) -> str | None:
    found = glob.glob(path, recursive=True)  # noqa: PTH207 - the input globs the same way
    if not found:
        return "nothing there yet; it is read as soon as it appears"
    for name in found:
        try:
            with Path(name).open("rb"):
                pass
        except IsADirectoryError:
            continue
        except OSError as error:
            return f"cannot be read: {error.strerror}; give the exporter's user read permission"
    return None


_OWN_VALUES: dict[str, int] = {
    "reason": len(FAILURE_REASONS), "source": 2, "requested": 1, "served": 1, "fingerprint": 1,
    "scorer": SCORERS_MAX + 1, "signal": 3, "role": 3, "delivered": 2, "echoed": 2, "example": 2,
}  # fmt: skip
"""How many values the labels of a family have beside the shared ones, at most."""


def _samples(family: Family) -> int:
    """Return how many samples one label set of the shared labels can have, in the worst case."""
    samples = len(family.buckets) + 3 if family.buckets else 1
    for label in family.labels[3:]:
        kinds = len(SAFETY_KINDS) if family.group == "safety" else len(TOKEN_KINDS)
        kinds = 2 if family is cat.ESTIMATED_TOKENS else kinds  # input and output
        samples *= kinds if label == "kind" else _OWN_VALUES[label]
    return samples


def _print_series(config: Config, ledger: Ledger) -> None:
    """Print the worst case by family, and what the budget holds of it: histograms fold first, so fewer have them."""
    before = ledger.store.samples
    ledger.groups.admit(("p", "m", "r", *("x",) * len(config.extra_labels)), succeeded=True)
    first = ledger.store.samples - before
    histograms = sum(_samples(family) for family in HISTOGRAMS)
    full = max(0, config.series.max - before) // first
    folded = max(0, config.series.max - before) // (first - histograms)
    print(f"{'family':44} {'a label set':>11} {'worst case':>10}")
    for family in FAMILIES.values():
        if family.name.startswith("llm_") and not family.planned and family.per_call:
            each, sets = _samples(family), full if family.buckets else folded
            print(f"{family.name:44} {each:11} {min(config.series.max, each * sets):10}")
    consumers = len(TOKEN_KINDS) * (config.consumers.top + 2)
    print(f"{cat.CONSUMER_TOKENS.name:44} {'-':>11} {consumers:10}")
    total = sum(_samples(f) for f in FAMILIES.values() if f.name.startswith("llm_") and f.per_call and not f.planned)
    print(f"a label set (provider, model, route) begins with {first} series and can grow to {total}")
    print(f"series.max {config.series.max} is hard: {full} label sets at their beginning, {folded} without histograms")


def _show(arguments: argparse.Namespace) -> int:
    print(show(load(arguments.config_file)), end="")
    return 0
