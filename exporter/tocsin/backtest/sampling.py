"""Samples of the store in event time, as scrapes would return them, kept as runs of equal values."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import compress, count, repeat
from operator import ne
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.catalogue import Family
from tocsin.series.store import Row, Store, bounds, number

SCRAPE = 15
"""Seconds between two samples: the scrape interval that the rules are made for."""
SPARSE = 4
"""One of so many samples suffices if only the value counts: one per minute."""
TARGET = 'job="tocsin",instance="backtest"'
"""The target labels that a real scrape adds."""
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

Run = tuple[int, int, float]
"""Index of the first sample, number of samples, their value."""


class Movement(Enum):
    """How the values of a series moved over the whole time."""

    ZERO = 0
    FLAT = 1
    """One value other than 0 throughout."""
    MOVING = 2


Seen = tuple[dict[str, str], Movement]
"""A series' labels (without target labels) and its movement."""


class _History:
    """One row's values over time, stored as changes: a histogram's 30 buckets seldom change together.

    Changes are stored in arrays, 14 bytes each: two days of a small office are three million.
    """

    __slots__ = ("_at", "_changed", "_places", "_spans", "last", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.last: list[float] = [0] * len(row.values)
        """The last values seen."""
        self._spans: list[tuple[int, int | None]] = []
        """First and last sample of each span in which the series existed; None: it still does."""
        self._at, self._places, self._changed = array("I"), array("H"), array("d")
        """The sample of each change, the index of the value that changed, and the new value."""

    @property
    def living(self) -> bool:
        """Whether the series existed at the last sample."""
        return bool(self._spans) and self._spans[-1][1] is None

    def begin(self, row: Row, index: int) -> None:
        """Note that the row exists from sample ``index`` on; a series that went and came back is another row."""
        self.row = row
        if not self.living:
            self._spans.append((index, None))

    def end(self, index: int) -> None:
        """Note that the row is gone before sample ``index``."""
        self._spans[-1] = (self._spans[-1][0], index - 1)

    def change(self, index: int) -> None:
        """Record the changes of the row's values up to sample ``index``."""
        values, last = self.row.values, self.last
        places = list(compress(count(), map(ne, values, last)))
        self._at.extend(repeat(index, len(places)))
        self._places.extend(places)
        self._changed.extend([values[place] for place in places])
        last[:] = values

    @property
    def movement(self) -> Movement:
        """How the values moved: whether any of them ever changed."""
        if not self._at:
            return Movement.ZERO
        return Movement.FLAT if self._at[-1] == self._spans[0][0] else Movement.MOVING

    def table(self, samples: int, every: int = 1) -> _Table:
        """Return the values from change to change, within each span of the ``samples`` in which the series existed.

        A change takes effect at the next sample whose index is a multiple of ``every``.
        """
        at = np.frombuffer(self._at, np.uint32).astype(np.int64)
        places, changed = np.frombuffer(self._places, np.uint16), np.frombuffer(self._changed)
        parts = []
        values = np.zeros((1, len(self.last)))
        done = 0
        for begin, end in self._spans:
            last = samples - 1 if end is None else end
            own = slice(done, int(np.searchsorted(at, last, side="right")))
            done = own.stop
            index = np.where(at[own] == begin, begin, -(-at[own] // every) * every)
            firsts = np.unique(np.append(index, begin))
            newest = np.zeros((len(firsts), values.shape[1]), np.int32)  # change that set each value, 0: none
            order = np.arange(1, len(index) + 1, dtype=np.int32)
            np.maximum.at(newest, (np.searchsorted(firsts, index), places[own]), order)
            np.maximum.accumulate(newest, axis=0, out=newest)
            values = np.where(newest > 0, np.append(0.0, changed[own])[newest], values[-1])
            lasts = np.minimum(np.append(firsts[1:] - 1, last), last)
            shown = firsts <= last
            parts.append((firsts[shown], lasts[shown], values[shown]))
        return _Table(*map(np.concatenate, zip(*parts, strict=True)))


class _Table(NamedTuple):
    """A row's values from change to change."""

    firsts: npt.NDArray[np.int64]
    """Index of the first sample of each stretch."""
    lasts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    """The row's values in each stretch."""

    def runs(self, values: npt.NDArray[np.float64]) -> list[Run]:
        """Return the runs of ``values``, one value per stretch, joining neighbours of equal value."""
        differs = (values[1:] != values[:-1]) | (self.firsts[1:] != self.lasts[:-1] + 1)
        begins = np.flatnonzero(np.append(True, differs))
        firsts, lasts = self.firsts[begins], self.lasts[np.append(begins[1:] - 1, -1)]
        return list(zip(firsts.tolist(), (lasts - firsts + 1).tolist(), values[begins].tolist(), strict=True))


class _Watched:
    """The rows of a family, compared all at once: one by one, idle rows would cost more than everything else."""

    def __init__(self) -> None:
        self.histories: dict[tuple[str, ...], _History] = {}
        self._rows: list[Row] = []
        self._values: list[list[float]] = []
        """Each row's own list."""
        self._last: list[list[float]] = []

    def look(self, rows: Mapping[tuple[str, ...], Row], index: int) -> None:
        """Record the rows as sample ``index``."""
        if list(rows.values()) != self._rows:
            self._meet(rows, index)
        for changed in list(compress(self._rows, map(ne, self._values, self._last))):
            self.histories[changed.labels].change(index)

    def _meet(self, rows: Mapping[tuple[str, ...], Row], index: int) -> None:
        for labels, history in self.histories.items():
            if history.living and labels not in rows:
                history.end(index)
        for labels, row in rows.items():
            if labels not in self.histories:
                self.histories[labels] = _History(row)
            self.histories[labels].begin(row, index)
        self._rows = list(rows.values())
        self._values = [row.values for row in self._rows]
        self._last = [self.histories[row.labels].last for row in self._rows]


class Sampler:
    """Samples of a store, ``SCRAPE`` seconds apart, of the series in ``names`` only."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.samples = 0
        """Number of samples so far; sample ``i`` is at ``origin + i * SCRAPE``."""
        self._watched: dict[Family, _Watched | None] = {}
        """None: not recorded."""

    @property
    def seconds(self) -> float:
        """Seconds from the first sample to the last."""
        return max(0, self.samples - 1) * SCRAPE

    def sample(self, store: Store) -> None:
        """Take one sample of all recorded series."""
        index = self.samples
        self.samples += 1
        for family, rows in store.rows.items():
            if family not in self._watched:
                wanted = not self.names.isdisjoint(sample_names(family))
                self._watched[family] = _Watched() if wanted else None
            watched = self._watched[family]
            if watched is not None:
                watched.look(rows, index)

    def _histories(self) -> Iterator[_History]:
        for watched in self._watched.values():
            if watched is not None:
                yield from watched.histories.values()

    def size(self, names: frozenset[str]) -> int:
        """Return the approximate number of samples of the series of these names, if all are written."""
        rows = [h.row for h in self._histories() if not names.isdisjoint(sample_names(h.row.family))]
        return self.samples * sum(row.samples for row in rows)

    def seen(self) -> dict[str, list[Seen]]:
        """Return the series of each name and their movement; a histogram's as one, without ``le``."""
        found: dict[str, list[Seen]] = {}
        for history in self._histories():
            entry = (dict(_PAIR.findall(history.row.pairs)), history.movement)
            for name in sample_names(history.row.family):
                if name in self.names:
                    found.setdefault(name, []).append(entry)
        return found

    def series(
        self, sparse: frozenset[str] = frozenset(), names: frozenset[str] | None = None
    ) -> Iterator[tuple[str, str, list[Run]]]:
        """Yield each series: its name, its labels as text, its runs; buckets in ``sparse`` change once a minute.

        With ``names``, only those.
        """
        names = self.names if names is None else names & self.names
        for history in self._histories():
            row = history.row
            if names.isdisjoint(sample_names(row.family)):
                continue
            pairs = f"{row.pairs},{TARGET}" if row.pairs else TARGET
            if row.family.buckets:
                yield from _histogram(history, pairs, self.samples, names, sparse)
            else:
                table = history.table(self.samples)
                yield row.family.name, pairs, table.runs(table.values[:, 0])


def sample_names(family: Family) -> tuple[str, ...]:
    """Return the names of a family's series."""
    if family.buckets:
        return tuple(family.name + suffix for suffix in ("_bucket", "_sum", "_count"))
    return (family.name,)


def _histogram(
    history: _History, pairs: str, samples: int, names: frozenset[str], sparse: frozenset[str]
) -> Iterator[tuple[str, str, list[Run]]]:
    family = history.row.family
    table = history.table(samples)
    name = family.name + "_sum"
    if name in names:
        yield name, pairs, table.runs(table.values[:, 0])
    name = family.name + "_count"
    if name in names:
        yield name, pairs, table.runs(table.values[:, 1:].sum(axis=1))
    name = family.name + "_bucket"
    if name in names:
        table = history.table(samples, SPARSE) if name in sparse else table
        counts = table.values[:, 1:].cumsum(axis=1)
        for i, le in enumerate(bounds(family)):
            yield name, f'{pairs},le="{le}"', table.runs(counts[:, i])


def thinned(runs: Iterable[Run], stride: int) -> list[Run]:
    """Return the runs with one of ``stride`` samples kept."""
    if stride == 1:
        return list(runs)
    out = []
    for first, length, value in runs:
        begin, end = -(-first // stride), (first + length - 1) // stride
        if begin <= end:
            out.append((begin, end - begin + 1, value))
    return out


def notation(runs: Iterable[Run], samples: int, shift: float = 0, every: int = 1) -> str:
    """Return a series' values in promtool's notation, with a staleness marker where it ends.

    Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ ("expanding notation").

    Args:
        runs: the values.
        samples: number of samples of the whole test.
        shift: subtracted from values other than 0: moves timestamps with the origin of time.
        every: one of so many samples of a run is written.
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
