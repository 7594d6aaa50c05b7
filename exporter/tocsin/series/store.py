"""The values behind ``/metrics``: plain lists that the hot path adds to.

prometheus_client is not used for serving: at 100,000 series its ``generate_latest`` takes seconds. Texts take most of a
series' memory, so a counter keeps only its last line, whose beginning the next one reuses, and a histogram only its
labels.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any

from tocsin.catalogue import Family
from tocsin.labels import escape

_NOT_FINITE = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def number(value: float) -> str:
    """Render a sample value: integers without a point, floats in their shortest exact form."""
    if type(value) is int:
        return str(value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
        text = repr(value)
        return _NOT_FINITE.get(text, text)
    return str(value)


Lead = tuple[int, str]
"""Number of a row's leading labels that other rows created together with it share, and their common text."""
_ALONE: Lead = (0, "")


class Row:
    """The sample of one label set; for a histogram all its buckets, its sum and its count.

    ``values`` is ``[value]``, or ``[sum, bucket, ..., bucket of +Inf]`` with non-cumulative buckets.
    """

    __slots__ = ("_frame", "_lead", "_names", "exemplar", "family", "labels", "text", "values")

    def __init__(self, family: Family, names: tuple[str, ...], labels: tuple[str, ...], lead: Lead) -> None:
        self.family = family
        self.labels = labels
        self.values: list[Any] = [0] * (len(family.buckets) + 2 if family.buckets else 1)
        self.text: bytes | None = None
        """The rendered line of a row that is not a histogram; None if ``values`` changed."""
        self._frame: bytes | None = None
        """The part of the text that does not depend on the values: within the last line, or the labels of a
        histogram."""
        self.exemplar: tuple[str, float, float] | None = None
        self._names = names
        self._lead = lead

    @property
    def pairs(self) -> str:
        """The label set in the text format."""
        count, text = self._lead
        own = self.labels[count:]
        if count and own:
            return f"{text},{_own_pairs(self._names[count:], own)}"
        return text if count else pairs_of(self._names, own)

    @property
    def samples(self) -> int:
        """Number of lines of the row in the exposition."""
        return samples_of(self.family)

    def observe(self, value: float) -> None:
        """Add one observation to a histogram row."""
        self.values[0] += value
        self.values[1 + bisect_left(self.family.buckets, value)] += 1
        self.text = None

    def observe_all(self, observed: Sequence[float]) -> None:
        """Add observations to a histogram row."""
        values, bounds = self.values, self.family.buckets
        values[0] += sum(observed)
        for value in observed:
            values[1 + bisect_left(bounds, value)] += 1
        self.text = None

    def add(self, value: float) -> None:
        """Add to a counter row."""
        self.values[0] += value
        self.text = None

    def set(self, value: float) -> None:
        """Set a gauge row."""
        if self.values[0] != value:
            self.values[0] = value
            self.text = None

    def render(self) -> bytes:
        """Return the row's lines in the text format."""
        if self.family.buckets:
            return self._histogram()
        if self.text is None:
            value, frame = number(self.values[0]), self._frame
            if frame is None:
                pairs = self.pairs
                labels = f"{{{pairs}}}" if pairs else ""
                self.text = f"{self.family.name}{labels} {value}\n".encode()
            else:
                self.text = b"%b%b\n" % (frame[: frame.rindex(b" ") + 1], value.encode())
            self._frame = self.text
        return self.text

    def last_shown(self) -> bytes:
        """Return the last rendered line of a row that is not a histogram; a line with 0 if there is none."""
        return self._frame or Row(self.family, self._names, self.labels, self._lead).render()

    def _histogram(self) -> bytes:
        """Fill all numbers into the family's template at once: four times as fast in bytes as in str."""
        labels = self._frame
        if labels is None:
            labels = self._frame = self.pairs.encode()
        total, *buckets = self.values
        cumulative = list(accumulate(buckets))
        if cumulative[-1]:
            text = _template(self.family) % (*cumulative, number(total).encode(), cumulative[-1])
        else:  # most label sets have few failures and no streams
            text = _of_zeros(self.family)
        return text.replace(_LABELS, labels)


def pairs_of(names: Sequence[str], labels: Sequence[str]) -> str:
    """Return labels in the text format."""
    return ",".join([f'{name}="{escape(value)}"' for name, value in zip(names, labels, strict=True)])


_own_pairs = lru_cache(1000)(pairs_of)
"""Cached for the few labels of a row's own: reasons, kinds, roles."""
_LABELS = b"\x00"
"""Placeholder of a row's labels in a template; no label value contains it."""


@cache
def _template(family: Family) -> bytes:
    """Return the lines of a histogram row with ``%d`` for buckets and count, ``%b`` for the sum."""
    name, labels = family.name, _LABELS.decode()
    lines = [f'{name}_bucket{{{labels},le="{le}"}} %d\n' for le in bounds(family)]
    return "".join([*lines, f"{name}_sum{{{labels}}} %b\n{name}_count{{{labels}}} %d\n"]).encode()


@cache
def _of_zeros(family: Family) -> bytes:
    return _template(family) % (*[0] * (len(family.buckets) + 1), b"0", 0)


_BOUNDS: dict[str, tuple[str, ...]] = {}


def bounds(family: Family) -> tuple[str, ...]:
    """Return the values of ``le`` as shown in the exposition."""
    found = _BOUNDS.get(family.name)
    if found is None:
        found = _BOUNDS[family.name] = (*(str(float(b)) for b in family.buckets), "+Inf")
    return found


def samples_of(family: Family) -> int:
    """Return the number of exposition lines of a row of the family."""
    return len(family.buckets) + 3 if family.buckets else 1


def _bounded(family: Family) -> int:
    """Return the number of a row's lines that count towards ``series.max``: those of metrics about tocsin do not."""
    return samples_of(family) if family.name.startswith("llm_") else 0


class Store:
    """All rows by family. ``extra`` are the configured extra label names of per-call families."""

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        self.extra = extra
        self._rows: dict[Family, dict[tuple[str, ...], Row]] = {}
        self._names: dict[Family, tuple[str, ...]] = {}
        self._made: dict[Family, tuple[dict[tuple[str, ...], Row], tuple[str, ...], int]] = {}
        """What creating a row needs of its family: the other rows, the label names, the lines counted by
        ``samples``."""
        self.samples = 0
        """Exposition lines of the llm_* families, limited by ``series.max``."""
        self.settle: Callable[[], None] = lambda: None
        """Adds pending values to the rows; called before rows are read as a whole."""

    @property
    def rows(self) -> dict[Family, dict[tuple[str, ...], Row]]:
        """Rows by family and label values."""
        self.settle()
        return self._rows

    def names(self, family: Family) -> tuple[str, ...]:
        """Return the label names of a family's rows: per-call families have the extra ones after the shared ones."""
        names = self._names.get(family)
        if names is None:
            own = family.labels
            names = self._names[family] = (*own[:3], *self.extra, *own[3:]) if family.per_call else own
        return names

    def total(self, family: Family, **where: str) -> float:
        """Return the sum of a counter's or gauge's rows with these label values."""
        names = self.names(family)
        wanted = [(names.index(name), value) for name, value in where.items()]
        return sum(
            float(row.values[0])
            for row in self.rows.get(family, {}).values()
            if all(row.labels[i] == value for i, value in wanted)
        )

    def row(self, family: Family, *labels: str) -> Row:
        """Return the row of a label set (values in the order of ``names``), created as 0 if it is new."""
        return self.find(family, labels) or self.add(family, labels)

    def find(self, family: Family, labels: tuple[str, ...]) -> Row | None:
        """Return the row of a label set, None if there is none."""
        rows = self._rows.get(family)
        return None if rows is None else rows.get(labels)

    def add(self, family: Family, labels: tuple[str, ...], lead: Lead = _ALONE) -> Row:
        """Create the row of a new label set; ``lead`` describes leading labels shared with other rows."""
        made = self._made.get(family)
        if made is None:
            made = self._made[family] = self._rows.setdefault(family, {}), self.names(family), _bounded(family)
        rows, names, samples = made
        row = rows[labels] = Row(family, names, labels, lead)
        self.samples += samples
        return row

    def remove(self, row: Row) -> None:
        """Remove a row from the exposition."""
        if self._rows.get(row.family, {}).pop(row.labels, None) is not None:
            self.samples -= _bounded(row.family)

    def families(self) -> Iterator[tuple[Family, list[Row]]]:
        """Yield every family that has rows, in the order of first use."""
        for family, rows in list(self.rows.items()):
            if rows:
                yield family, list(rows.values())
