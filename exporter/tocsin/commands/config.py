"""``tocsin config check|show``: is the configuration right, and what is in force."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tocsin import catalogue as cat
from tocsin import diagnosis
from tocsin.accounting.group import HISTOGRAMS
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.quality import SCORERS_MAX
from tocsin.assembly import ledger_settings
from tocsin.call import FAILURE_REASONS, TOKEN_KINDS
from tocsin.catalogue import FAMILIES, Family
from tocsin.commands.run import add_flags
from tocsin.config import FOR_ALL_ROUTES, Config, load, read_secrets, show, storage_path
from tocsin.detectors import language
from tocsin.detectors.base import TIERS
from tocsin.detectors.verdicts import REDACTED_KINDS
from tocsin.diagnosis import Remark
from tocsin.exporter import ingest_address, patterns
from tocsin.finding import SAFETY_KINDS, TYPES
from tocsin.judge import check as check_judging
from tocsin.series.store import Store
from tocsin.web.auth import check_bind, verifiers
from tocsin.web.webconfig import load_web_config


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "config", help="check or show the configuration", epilog="example: tocsin config check --config.file tocsin.yml"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="say what is wrong with the configuration and what it names, or that nothing is",
        epilog="example: tocsin config check --config.file tocsin.yml --tail '/var/log/litellm/*.jsonl'",
    )  # fmt: skip
    add_flags(check)
    check.add_argument("--series", action="store_true", help="print the worst case of series by family")
    check.set_defaults(execute=_check)
    shown = actions.add_parser("show", help="print the effective configuration", epilog="example: tocsin config show")
    shown.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    shown.set_defaults(execute=_show)


def _check(arguments: argparse.Namespace) -> int:
    config = load(arguments.config_file)
    settings = ledger_settings(config)
    check_judging(config)
    verifiers(config.ingest.auth)
    for path in (arguments.web_config, config.ingest.web_config_file):
        if path:
            load_web_config(path)
    if config.ingest.spool_key_file:
        read_secrets("ingest.spool_key_file", config.ingest.spool_key_file)
    if arguments.series:
        _print_series(config, Ledger(Store(settings.extra_labels), settings))
    wrong = False
    for remark in _look(arguments, config):
        wrong |= remark.wrong
        print(remark)
    print("the configuration is right, but see above" if wrong else "the configuration is right")
    return 1 if wrong else 0


def _look(arguments: argparse.Namespace, config: Config) -> Iterator[Remark]:
    """Look at what the configuration and the flags of ``run`` name: files, folder, addresses."""
    read = patterns(arguments, config)
    for pattern in read:
        yield from diagnosis.files(pattern, config, time.time())
    yield from diagnosis.read_otherwise(read)
    if not arguments.guard_only:
        yield from diagnosis.storage(storage_path(arguments.storage_path, config))
    yield from diagnosis.listener("--web.listen-address", arguments.web_address)
    ingest = ingest_address(arguments, config)
    if ingest:
        check_bind(ingest, bool(config.ingest.auth))
    if ingest and diagnosis.same_listener(arguments.web_address, ingest):
        what = f"{ingest} is taken by --web.listen-address {arguments.web_address}: name another port"
        yield Remark("ingest.listen_address", what)
    elif ingest and diagnosis.running(arguments.web_address) is None:
        yield from diagnosis.listener("ingest.listen_address", ingest)
    yield from _without_effect(config)
    yield from _other_than_meant(config)
    yield from _names(config)
    yield from _entries(config)
    if not read and not ingest:
        yield Remark("inputs", "nothing is read: name files with inputs.files or --tail, or set ingest.listen_address")


def _without_effect(config: Config) -> Iterator[Remark]:
    """Say which detectors rest, which routes page nobody, and what a route asks for that nobody looks for."""
    chosen: list[tuple[str, int | None]] = [("detectors.max_tier", config.detectors.max_tier)]
    chosen += [(f"routes[{n}].max_detector_tier", r.max_detector_tier) for n, r in enumerate(config.routes)]
    for where, tier in chosen:
        if tier is not None and (resting := [name for name, its_own in TIERS.items() if its_own > tier]):
            yield Remark(where, f"{tier}: these detectors rest: {', '.join(resting)}", wrong=False)
    for n, route in enumerate(config.routes):
        if route.tier != "prod":
            what = f"{route.tier!r}: what pages elsewhere is a ticket here; only `prod` pages"
            yield Remark(f"routes[{n}].tier", what, wrong=False)
        if route.expect.language is not None and not language.known(language.base(route.expect.language)):
            what = f"{route.expect.language!r}: answers are not checked for it; is it a code of ISO 639-1, such as en?"
            yield Remark(f"routes[{n}].expect.language", what, wrong=False)
        for name in sorted(route.thresholds.keys() & set(FOR_ALL_ROUTES)):
            what = "has no effect for one route; set it for all (`tocsin bundle build --set`, the chart's `thresholds`)"
            yield Remark(f"routes[{n}].thresholds.{name}", what, wrong=False)


def _other_than_meant(config: Config) -> Iterator[Remark]:
    """Say what is allowed and hardly what somebody wants."""
    for n, route in enumerate(config.routes):
        for kind, action in route.guard.items():
            if action == "redact" and kind not in _VALUES:
                what = "redact takes out the whole sentence or answer, for there is no value in it; block or review?"
                yield Remark(f"routes[{n}].guard.{kind}", what, wrong=False)
        for low, high, why in _PAIRS:
            below, above = ({**_DEFAULTS, **route.thresholds}[name] for name in (low, high))
            if below >= above:
                what = f"{low} {below:g} is not below {high} {above:g}: {why}"
                yield Remark(f"routes[{n}].thresholds", what, wrong=False)
    if config.ingest.spool_max_bytes < config.ingest.max_body_bytes:
        what = "below ingest.max_body_bytes: a delivery that is larger than the spool is refused each time it comes"
        yield Remark("ingest.spool_max_bytes", what, wrong=False)
    for n, auth in enumerate(config.ingest.auth):
        if min(map(len, read_secrets(f"ingest.auth[{n}].secret_file", auth.secret_file))) < _SECRET:
            what = f"a secret of fewer than {_SECRET} characters can be guessed; `openssl rand -hex 32` makes one"
            yield Remark(f"ingest.auth[{n}].secret_file", what, wrong=False)
    if not config.detectors.sample:
        yield Remark("detectors.sample", "0: no answer's quality is judged, and no page about it comes", wrong=False)


def _names(config: Config) -> Iterator[Remark]:
    """Say which labels would tell who somebody is, and which domains are none."""
    for name in _PEOPLE.intersection(config.extra_labels):
        what = f"{name}: its values stand in /metrics as they are; consumers (`consumers.top`) are counted by a hash"
        yield Remark("extra_labels", what, wrong=False)
    for name in _TARGET.intersection(config.extra_labels):
        what = f"{name}: a ServiceMonitor writes this label itself, and yours becomes exported_{name}; rename it"
        yield Remark("extra_labels", what, wrong=False)
    for domain in config.detectors.own_domains:
        if not _DOMAIN.fullmatch(domain):
            what = f"{domain!r} is no domain, as example.com is: no address matches"
            yield Remark("detectors.own_domains", what, wrong=False)
    for number in config.detectors.own_numbers:
        if not any(char.isdecimal() for char in number):
            yield Remark("detectors.own_numbers", f"{number!r} has no digits: no number matches", wrong=False)


def _entries(config: Config) -> Iterator[Remark]:
    """Say which entries no call reaches, which patterns are regular expressions, and which prices are none."""
    routes = [(f"routes[{n}]", (r.match.route, r.match.model)) for n, r in enumerate(config.routes)]
    prices = [(f"prices[{n}]", (p.provider, p.model)) for n, p in enumerate(config.prices)]
    for entries in (routes, prices):
        for index, (where, globs) in enumerate(entries):
            first = next((name for name, earlier in entries[:index] if _covers(earlier, globs)), None)
            if first:
                what = f"has no effect: {first} matches first; put the narrower one before it"
                yield Remark(where, what, wrong=False)
            for position, pattern in enumerate(globs):
                if _REGEX.search(pattern) and not (position == 1 and _VENDOR.fullmatch(pattern)):
                    what = f"{pattern!r} is read as a glob, not as a regular expression: * stands for any characters"
                    yield Remark(where, what, wrong=False)
    for n, price in enumerate(config.prices):
        where, dearest = f"prices[{n}]", max(price.input, price.output, price.cache_read or 0, price.cache_write or 0)
        if not dearest:
            yield Remark(where, "no price over 0 stands here: these tokens count as free", wrong=False)
        elif dearest < _A_TOKEN:
            what = f"{dearest:g} is a price of one token; prices are in US dollars per million tokens"
            yield Remark(where, f"{what}: {dearest * 1e6:g}", wrong=False)
        elif price.input and not price.output and "embed" not in price.model:
            yield Remark(where, "no output price stands here: output tokens count as free", wrong=False)


def _covers(earlier: Sequence[str], later: Sequence[str]) -> bool:
    """Tell whether globs surely match all that later ones do: only ``*`` stands for whatever another glob holds."""
    return all(a == b or (not set("?[") & set(a) and fnmatchcase(b, a)) for a, b in zip(earlier, later, strict=True))


_VALUES = frozenset({*REDACTED_KINDS, *(name for kind in REDACTED_KINDS for name in TYPES[kind])})
"""Kinds and types whose findings are a value, which a placeholder can stand for."""
_PAIRS = (
    ("format.minimumRatio", "format.resolveRatio", "the page resolves where it pages, and comes again and again"),
    ("quality.ticketDropRatio", "quality.dropRatio", "the page comes before its ticket"),
)
"""Thresholds of which one must be below the other, as the chart asks for."""
_DEFAULTS = {
    "format.minimumRatio": 0.95, "format.resolveRatio": 0.96, "quality.dropRatio": 0.15, "quality.ticketDropRatio": 0.1,
}  # fmt: skip
"""Of the rules (``rules/config.libsonnet``), where a route says nothing."""
_SECRET = 16
"""Characters, as the chart asks for."""
_A_TOKEN = 0.001
"""US dollars under which no million tokens are sold, and over which no single one is."""
_DOMAIN = re.compile(r"[@.]*[^\s@:/*]+")
_PEOPLE = frozenset({"user", "user_id", "email", "customer", "customer_id", "consumer", "session", "session_id", "ip"})
"""Labels whose values are people, mostly."""
_TARGET = frozenset({"namespace", "pod", "service", "container", "endpoint"})
"""Labels that prometheus-operator gives each target."""
_REGEX = re.compile(r"^\^|\$$|(?<!\d)\.\*")
"""What stands in regular expressions, and hardly in a glob; ``gpt-4.*`` may be one."""
_VENDOR = re.compile(r"([a-z0-9]+\.)+\*")
"""Models of Amazon Bedrock are called by region and vendor: ``anthropic.*`` and ``us.anthropic.*`` are globs."""
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
