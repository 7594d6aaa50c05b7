"""``tocsin config check|show``: check the configuration, or print the effective one."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from tocsin import catalogue as cat
from tocsin.accounting.group import HISTOGRAMS
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.quality import SCORERS_MAX
from tocsin.assembly import ledger_settings, slow_model
from tocsin.call import FAILURE_REASONS, TOKEN_KINDS
from tocsin.catalogue import FAMILIES, Family
from tocsin.commands.run import add_flags
from tocsin.config import Config, load, read_secrets, show, storage_path
from tocsin.diagnosis import files, listeners
from tocsin.diagnosis.remark import Remark
from tocsin.diagnosis.settings import settings
from tocsin.exporter import ingest_address, patterns
from tocsin.finding import SAFETY_KINDS
from tocsin.inputs.finder import NOTHING_READ
from tocsin.inputs.spoolcipher import Cipher
from tocsin.judge import check as check_judging
from tocsin.series.store import Store, samples_of
from tocsin.web.auth import check_bind, verifiers
from tocsin.web.webconfig import load_web_config


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "config", help="check or show the configuration", epilog="example: tocsin config check --config.file tocsin.yml"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="report problems of the configuration, its files and addresses",
        epilog="example: tocsin config check --config.file tocsin.yml --tail '/var/log/litellm/*.jsonl'",
    )  # fmt: skip
    add_flags(check)
    check.add_argument("--series", action="store_true", help="print the worst-case number of series by family")
    check.set_defaults(execute=_check)
    shown = actions.add_parser("show", help="print the effective configuration", epilog="example: tocsin config show")
    shown.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    shown.set_defaults(execute=_show)


def _check(arguments: argparse.Namespace) -> int:
    config = load(arguments.config_file)
    counting = ledger_settings(config)
    check_judging(config)
    verifiers(config.ingest.auth)
    for path in (arguments.web_config, config.ingest.web_config_file):
        if path:
            load_web_config(path)
    if config.ingest.spool_key_file:
        Cipher(read_secrets("ingest.spool_key_file", config.ingest.spool_key_file)[0])
    slow_model(config)
    if arguments.series:
        _print_series(config, Ledger(Store(counting.extra_labels), counting))
    wrong = False
    for remark in _remarks(arguments, config):
        wrong |= remark.wrong
        print(remark)
    print("the configuration is right, but see above" if wrong else "the configuration is right")
    return 1 if wrong else 0


def _remarks(arguments: argparse.Namespace, config: Config) -> Iterator[Remark]:
    """Yield remarks on what the configuration and the flags of ``run`` name: files, folder, addresses."""
    read = patterns(arguments, config)
    for pattern in read:
        yield from files.files(pattern, config, time.time())
    yield from files.read_otherwise(read)
    if not arguments.guard_only:
        yield from files.storage(storage_path(arguments.storage_path, config))
    yield from listeners.listener("--web.listen-address", arguments.web_address)
    ingest = ingest_address(arguments, config)
    if ingest:
        check_bind(ingest, bool(config.ingest.auth))
    if ingest and listeners.same_listener(arguments.web_address, ingest):
        what = f"{ingest} is taken by --web.listen-address {arguments.web_address}: name another port"
        yield Remark("ingest.listen_address", what)
    elif ingest and listeners.running(arguments.web_address) is None:
        yield from listeners.listener("ingest.listen_address", ingest)
    yield from settings(config)
    if not read and not ingest:
        yield Remark("inputs", NOTHING_READ)


_OWN_VALUES: dict[str, int] = {
    "reason": len(FAILURE_REASONS), "source": 2, "requested": 1, "served": 1, "fingerprint": 1,
    "scorer": SCORERS_MAX + 1, "signal": 3, "role": 3, "delivered": 2, "echoed": 2, "example": 2,
}  # fmt: skip
"""Maximum number of values of the labels that a family has besides the shared ones."""


def _samples(family: Family) -> int:
    """Return the worst-case number of samples per set of the shared labels."""
    samples = samples_of(family)
    for label in family.labels[3:]:
        kinds = len(SAFETY_KINDS) if family.group == "safety" else len(TOKEN_KINDS)
        kinds = 2 if family is cat.ESTIMATED_TOKENS else kinds  # input and output
        samples *= kinds if label == "kind" else _OWN_VALUES[label]
    return samples


def _print_series(config: Config, ledger: Ledger) -> None:
    """Print the worst case by family, and how much fits the limit: histograms fold first, so fewer sets have them."""
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
