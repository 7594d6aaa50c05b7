"""What each scrape would have shown, kept as runs of equal values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import accumulate

from tocsin.catalogue import Family
from tocsin.series.store import Row, Store, bounds, number

SCRAPE = 15
"""Seconds between two samples: the scrape interval that the rules are made for."""
SPARSE = 4
"""Of how many samples one is enough where only its value counts: a minute's."""
TARGET = 'job="tocsin",instance="backtest"'
"""The labels that a real scrape adds."""
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

Run = tuple[int, int, float]
"""Index of the first sample, how many samples, their value."""


class Movement(Enum):
    """What a series' values did over the whole time."""

    ZERO = 0
    FLAT = 1
    """One value, not 0, from beginning to end."""
    MOVING = 2


Seen = tuple[dict[str, str], Movement]
"""A series' labels (without those of the target) and what it did."""
Stretch = tuple[int, int, list[float]]
"""Index of the first sample, of the last one, the row's values between them."""


class _History:
    """One row's values over time, as changes: a histogram's 30 buckets seldom change together."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self._spans: list[list[int]] = []
        self._changes: list[tuple[int, list[tuple[int, float]]]] = []
        self._values: list[float] = [0] * len(row.values)

    def see(self, row: Row, index: int) -> None:
        """Take the row's values as sample ``index``; a series that went and came back is another row."""
        self.row = row
        if self._spans and self._spans[-1][1] == index - 1:
            self._spans[-1][1] = index
        else:
            self._spans.append([index, index])
        if row.values != self._values:
            changed = [(i, v) for i, (v, old) in enumerate(zip(row.values, self._values, strict=True)) if v != old]
            self._changes.append((index, changed))
            self._values = list(row.values)

    @property
    def movement(self) -> Movement:
        """What the values did: whether any of them ever changed."""
        if not self._changes:
            return Movement.ZERO
        born = self._spans[0][0]
        return Movement.FLAT if len(self._changes) == 1 and self._changes[0][0] == born else Movement.MOVING

    def stretches(self, every: int = 1) -> Iterator[Stretch]:
        """Yield the values from change to change, within each span in which the series was there.

        A change counts from the next sample whose index is a multiple of ``every``. The list is the same one each
        time: take what is needed of it before the next.
        """
        values: list[float] = [0] * len(self._values)
        at = 0
        for first, last in self._spans:
            begin = first
            while at < len(self._changes) and self._changes[at][0] <= last:
                index, changed = self._changes[at]
                at += 1
                index = index if index == first else -(-index // every) * every
                if index > begin:
                    yield begin, min(index - 1, last), values
                    begin = index
                for i, value in changed:
                    values[i] = value
            if begin <= last:
                yield begin, last, values


class Sampler:
    """Samples of a store, ``SCRAPE`` seconds apart; only of the series in ``names``."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.samples = 0
        """Samples taken so far; sample ``i`` stands at ``origin + i * SCRAPE``."""
        self._histories: dict[tuple[str, tuple[str, ...]], _History] = {}
        self._wanted: dict[Family, bool] = {}

    def sample(self, store: Store) -> None:
        """Take one sample of everything wanted."""
        index = self.samples
        self.samples += 1
        for family, rows in store.rows.items():
            wanted = self._wanted.get(family)
            if wanted is None:
                wanted = self._wanted[family] = not self.names.isdisjoint(sample_names(family))
            if not wanted:
                continue
            for labels, row in rows.items():
                history = self._histories.get((family.name, labels))
                if history is None:
                    history = self._histories[family.name, labels] = _History(row)
                history.see(row, index)

    def size(self, names: frozenset[str]) -> int:
        """Return about how many samples the series of these names have, all of them written."""
        rows = [h.row for h in self._histories.values() if not names.isdisjoint(sample_names(h.row.family))]
        return self.samples * sum(row.samples for row in rows)

    def seen(self) -> dict[str, list[Seen]]:
        """Return what the series of each name did; a histogram's as one, without ``le``."""
        found: dict[str, list[Seen]] = {}
        for history in self._histories.values():
            entry = (dict(_PAIR.findall(history.row.pairs)), history.movement)
            for name in sample_names(history.row.family):
                if name in self.names:
                    found.setdefault(name, []).append(entry)
        return found

    def series(self, sparse: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, list[Run]]]:
        """Yield each series: its name, its labels as text, its runs; buckets in ``sparse`` change once a minute."""
        for history in self._histories.values():
            row = history.row
            pairs = f"{row.pairs},{TARGET}" if row.pairs else TARGET
            if row.family.buckets:
                yield from _histogram(history, pairs, self.names, sparse)
            else:
                yield row.family.name, pairs, _joined((a, b, values[0]) for a, b, values in history.stretches())


def sample_names(family: Family) -> tuple[str, ...]:
    """Return the names of a family's series."""
    if family.buckets:
        return tuple(family.name + suffix for suffix in ("_bucket", "_sum", "_count"))
    return (family.name,)


def _histogram(
    history: _History, pairs: str, names: frozenset[str], sparse: frozenset[str]
) -> Iterator[tuple[str, str, list[Run]]]:
    family = history.row.family
    name = family.name + "_sum"
    if name in names:
        yield name, pairs, _joined((a, b, values[0]) for a, b, values in history.stretches())
    name = family.name + "_count"
    if name in names:
        yield name, pairs, _joined((a, b, sum(values[1:])) for a, b, values in history.stretches())
    name = family.name + "_bucket"
    if name in names:
        every = SPARSE if name in sparse else 1
        cumulative = [(a, b, list(accumulate(values[1:]))) for a, b, values in history.stretches(every)]
        for i, le in enumerate(bounds(family)):
            yield name, f'{pairs},le="{le}"', _joined((a, b, counts[i]) for a, b, counts in cumulative)


def _joined(stretches: Iterable[tuple[int, int, float]]) -> list[Run]:
    """Join neighbours of equal value; last indices become lengths."""
    runs: list[Run] = []
    for first, last, value in stretches:
        if runs and runs[-1][2] == value and runs[-1][0] + runs[-1][1] == first:
            runs[-1] = (runs[-1][0], last - runs[-1][0] + 1, value)
        else:
            runs.append((first, last - first + 1, value))
    return runs


def thinned(runs: Iterable[Run], stride: int) -> list[Run]:
    """Return the runs with one of ``stride`` samples kept."""
    out = []
    for first, length, value in runs:
        begin, end = -(-first // stride), (first + length - 1) // stride
        if begin <= end:
            out.append((begin, end - begin + 1, value))
    return out


def notation(runs: Iterable[Run], samples: int, shift: float = 0, every: int = 1) -> str:
    """Return a series' values in promtool's notation, with a staleness marker where it went away.

    Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ ("expanding notation").

    Args:
        runs: the values.
        samples: how many samples the whole test has.
        shift: subtracted from values that are not 0: moves timestamps with the origin of time.
        every: of how many samples of a run one is written.
    """
    out: list[str] = []
    at = 0
    for first, length, value in runs:
        if first > at:
            out += _gap(first - at, known=bool(out) and at > 0)
        text = number(value - shift if shift and value else value)
        if every == 1 or length == 1:
            out.append(text if length == 1 else f"{text}+0x{length - 1}")
        else:
            whole, rest = divmod(length, every)
            out += [text, f"_x{every - 1}"] * whole
            out += [text] * (rest > 0) + [f"_x{rest - 1}"] * (rest > 1)
        at = first + length
    if at < samples and out:
        out.append("stale")
    return " ".join(out)


def _gap(length: int, *, known: bool) -> list[str]:
    missing = length - 1 if known else length
    tokens = ["stale"] if known else []
    if missing == 1:
        tokens.append("_")
    elif missing:
        tokens.append(f"_x{missing}")
    return tokens
