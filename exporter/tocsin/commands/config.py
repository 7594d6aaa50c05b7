"""``tocsin config check|show``: is the configuration right, and what is in force."""

from __future__ import annotations

import argparse
import glob
from pathlib import Path
from typing import Any

from tocsin import catalogue as cat
from tocsin.accounting.groups import HISTOGRAMS
from tocsin.accounting.ledger import Ledger
from tocsin.assembly import ledger_settings
from tocsin.config import Config, load, read_secret, show
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


def _print_series(config: Config, ledger: Ledger) -> None:
    """Print the worst case by family: groups fill the budget, histograms fold first."""
    ledger.groups.admit(("p", "m", "r", *("x",) * len(config.extra_labels)), succeeded=True)
    rows = {f.name: sum(r.samples for r in rs) for f, rs in ledger.store.families() if f.name.startswith("llm_")}
    histograms = sum(rows[f.name] for f in HISTOGRAMS)
    fixed = rows.get(cat.CONSUMER_TOKENS.name, 0) + 5 * config.consumers.top
    counters = sum(rows.values()) - histograms - rows.get(cat.CONSUMER_TOKENS.name, 0)
    groups = max(0, config.series.max - fixed - 200) // counters
    full = max(0, config.series.max - fixed - 200) // (counters + histograms)
    print(f"{'family':44} {'per group':>9} {'worst case':>10}")
    for name, count in rows.items():
        is_histogram = any(f.name == name for f in HISTOGRAMS)
        worst = fixed if name == cat.CONSUMER_TOKENS.name else count * (full if is_histogram else groups)
        print(f"{name:44} {count:9} {worst:10}")
    print(f"{config.series.max} series hold {full} groups with histograms, or {groups} with counters alone")


def _show(arguments: argparse.Namespace) -> int:
    print(show(load(arguments.config_file)), end="")
    return 0
