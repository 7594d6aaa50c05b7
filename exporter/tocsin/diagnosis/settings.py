"""Settings that are valid but probably not intended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from tocsin import bundle
from tocsin.config import FOR_ALL_ROUTES, Config, read_secrets
from tocsin.detectors import language
from tocsin.detectors.base import TIERS
from tocsin.detectors.verdicts import REDACTED_KINDS
from tocsin.diagnosis.remark import Remark
from tocsin.finding import TYPES

_VALUES = frozenset({*REDACTED_KINDS, *(name for kind in REDACTED_KINDS for name in TYPES[kind])})
"""Kinds and types whose findings are values, which can be replaced by a placeholder."""
_PAIRS = (
    ("format.minimumRatio", "format.resolveRatio", "the page resolves where it pages, and comes again and again"),
    ("quality.ticketDropRatio", "quality.dropRatio", "the page comes before its ticket"),
)
"""Pairs of thresholds of which the first must be below the second, as the chart requires."""
_SECRET = 16
"""Minimum length of a secret in characters, as the chart requires."""
_A_TOKEN = 0.001
"""US dollars below which no million tokens are sold, and above which no single one is."""
_DOMAIN = re.compile(r"[@.]*[^\s@:/*]+")
_PEOPLE = frozenset({"user", "user_id", "email", "customer", "customer_id", "consumer", "session", "session_id", "ip"})
"""Labels whose values usually identify people."""
_TARGET = frozenset({"namespace", "pod", "service", "container", "endpoint"})
"""Labels that prometheus-operator adds to each target."""
_REGEX = re.compile(r"^\^|\$$|(?<!\d)\.\*")
"""Typical for regular expressions and rare in globs; ``gpt-4.*`` may be a glob."""
_VENDOR = re.compile(r"([a-z0-9]+\.)+\*")
"""Model names of Amazon Bedrock begin with region and vendor: ``anthropic.*`` and ``us.anthropic.*`` are globs."""


def settings(config: Config) -> Iterator[Remark]:
    """Yield settings that have no effect, or probably an unintended one."""
    for look in (_without_effect, _other_than_meant, _names, _entries):
        yield from look(config)


def _without_effect(config: Config) -> Iterator[Remark]:
    """Yield disabled detectors, routes that do not page, and settings of a route without effect."""
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
    """Yield valid settings that are rarely intended."""
    defaults = bundle.settings()
    for n, route in enumerate(config.routes):
        for kind, action in route.guard.items():
            if action == "redact" and kind not in _VALUES:
                what = "redact takes out the whole sentence or answer, for there is no value in it; block or review?"
                yield Remark(f"routes[{n}].guard.{kind}", what, wrong=False)
        for low, high, why in _PAIRS:
            below, above = ((defaults | route.thresholds)[name] for name in (low, high))
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
    """Yield labels that would identify people, and domains and numbers that match nothing."""
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
    """Yield entries that no call reaches, patterns that are regular expressions, and implausible prices."""
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
    """Return whether globs certainly match all that later ones do: only ``*`` covers any other glob."""
    return all(a == b or (not set("?[") & set(a) and fnmatchcase(b, a)) for a, b in zip(earlier, later, strict=True))
