"""What each scrape would have shown, kept as runs of equal values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from tocsin.catalogue import Family
from tocsin.series.store import Row, Store, bounds, number

SCRAPE = 15
"""Seconds between two samples: the scrape interval that the rules are made for."""
TARGET = 'job="tocsin",instance="backtest"'
"""The labels that a real scrape adds."""

Run = tuple[int, int, float]
"""Index of the first sample, how many samples, their value."""


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

    def stretches(self) -> Iterator[Stretch]:
        """Yield the values from change to change, within each span in which the series was there."""
        values: list[float] = [0] * len(self._values)
        at = 0
        for first, last in self._spans:
            begin = first
            while at < len(self._changes) and self._changes[at][0] <= last:
                index, changed = self._changes[at]
                at += 1
                if index > begin:
                    yield begin, index - 1, values
                    begin = index
                values = list(values)
                for i, value in changed:
                    values[i] = value
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
        """Return about how many samples the series of these names have."""
        rows = [h.row for h in self._histories.values() if not names.isdisjoint(sample_names(h.row.family))]
        return self.samples * sum(row.samples for row in rows)

    @property
    def present(self) -> frozenset[str]:
        """Names of the series seen."""
        families = {history.row.family for history in self._histories.values()}
        return frozenset(name for family in families for name in sample_names(family)) & self.names

    def series(self) -> Iterator[tuple[str, str, list[Run]]]:
        """Yield each series: its name, its labels as text, its runs."""
        for history in self._histories.values():
            row = history.row
            pairs = f"{row.pairs},{TARGET}" if row.pairs else TARGET
            if row.family.buckets:
                yield from _histogram(row.family, pairs, list(history.stretches()), self.names)
            else:
                yield row.family.name, pairs, _joined((a, b, values[0]) for a, b, values in history.stretches())


def sample_names(family: Family) -> tuple[str, ...]:
    """Return the names of a family's series."""
    if family.buckets:
        return tuple(family.name + suffix for suffix in ("_bucket", "_sum", "_count"))
    return (family.name,)


def _histogram(
    family: Family, pairs: str, stretches: list[Stretch], names: frozenset[str]
) -> Iterator[tuple[str, str, list[Run]]]:
    if family.name + "_sum" in names:
        yield family.name + "_sum", pairs, _joined((a, b, values[0]) for a, b, values in stretches)
    cumulative = [(a, b, list(accumulate(values[1:]))) for a, b, values in stretches]
    if family.name + "_count" in names:
        yield family.name + "_count", pairs, _joined((a, b, counts[-1]) for a, b, counts in cumulative)
    if family.name + "_bucket" in names:
        for i, le in enumerate(bounds(family)):
            runs = _joined((a, b, counts[i]) for a, b, counts in cumulative)
            yield family.name + "_bucket", f'{pairs},le="{le}"', runs


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


def notation(runs: Iterable[Run], samples: int, shift: float = 0) -> str:
    """Return a series' values in promtool's notation, with a staleness marker where it went away.

    Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ ("expanding notation").

    Args:
        runs: the values.
        samples: how many samples the whole test has.
        shift: subtracted from values that are not 0: moves timestamps with the origin of time.
    """
    out: list[str] = []
    at = 0
    for first, length, value in runs:
        if first > at:
            out += _gap(first - at, known=bool(out) and at > 0)
        text = number(value - shift if shift and value else value)
        out.append(text if length == 1 else f"{text}+0x{length - 1}")
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
