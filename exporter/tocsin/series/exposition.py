"""Renders a store as a metrics page: text format 0.0.4 and OpenMetrics 1.0, plain or gzip.

https://prometheus.io/docs/instrumenting/exposition_formats/ , https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from isal import isal_zlib

from tocsin.catalogue import Family
from tocsin.labels import is_private
from tocsin.series.crash_safety import NOT_REPEATED, ORDER_DEPENDENT, can_decrease
from tocsin.series.store import Row, Store, number

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_TRACE = re.compile(r"[\w./:+=-]{1,120}", re.ASCII)
"""OpenMetrics limits an exemplar's labels to 128 characters including the name. Ids that do not match are not trace
ids."""
_AT_STAKE = NOT_REPEATED | ORDER_DEPENDENT
BLOCK_ROWS = 32
"""Rows rendered between two checks of the time: half a millisecond if all of them have changed."""


def _head(family: Family, *, openmetrics: bool) -> bytes:
    name = family.name
    if openmetrics and family.kind == "counter":
        name = name.removesuffix("_total")
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n".encode()


def _with_exemplar(row: Row) -> bytes:
    """Append the newest exemplar to its bucket (OpenMetrics only)."""
    text = row.render()
    if row.exemplar is None:
        return text
    trace, value, when = row.exemplar
    if not _TRACE.fullmatch(trace) or is_private(trace):
        return text
    lines = text.split(b"\n")
    index = next((i for i, bound in enumerate(row.family.buckets) if value <= bound), len(row.family.buckets))
    lines[index] += f' # {{trace_id="{trace}"}} {number(value)} {when:.3f}'.encode()
    return b"\n".join(lines)


def blocks(
    store: Store, *, openmetrics: bool = False, saved: bool = True, in_order: bool = False
) -> Iterator[bytes]:
    """Yield the page in blocks small enough for other tasks to run in between.

    ``saved`` is False while commits fail: series that a crash could lower then keep the value of the last page (for
    ``in_order`` see ``can_decrease``). All others are read again before the first page after a restart, and alerts need
    them meanwhile.
    """
    for family, rows in store.families():
        yield _head(family, openmetrics=openmetrics)
        for start in range(0, len(rows), BLOCK_ROWS):
            part = rows[start : start + BLOCK_ROWS]
            if openmetrics and family.kind == "histogram":
                yield b"".join(map(_with_exemplar, part))
            elif not saved and family in _AT_STAKE:
                stands = partial(can_decrease, family, in_order=in_order)
                yield b"".join([row.last_shown() if stands(row.labels) else row.render() for row in part])
            else:
                yield b"".join([row.text or row.render() for row in part])
    if openmetrics:
        yield b"# EOF\n"


def note_restored(store: Store) -> None:
    """Record the current values, those of the restored state, as the last ones shown."""
    for family in _AT_STAKE:
        for row in store.rows.get(family, {}).values():
            row.render()


def gzip_blocks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Compress a page block by block (isal level 1: several times faster than zlib's)."""
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def page(store: Store, *, openmetrics: bool = False) -> bytes:
    """Return the whole page; for ``replay`` and tests."""
    return b"".join(blocks(store, openmetrics=openmetrics))
