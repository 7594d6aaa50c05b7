"""Writes the samples as an OpenMetrics file for ``promtool tsdb create-blocks-from openmetrics FILE``."""

from __future__ import annotations

from pathlib import Path

from tocsin.backtest.rules import STEP
from tocsin.backtest.sampling import SCRAPE, Run, Sampler, thinned
from tocsin.catalogue import FAMILIES
from tocsin.series.store import number

_SUFFIXES = ("_bucket", "_sum", "_count")


def write_openmetrics(path: Path, sampler: Sampler, origin: float) -> None:
    """Write one sample per minute of every series, series by series, grouped by family."""
    families: dict[str, list[tuple[str, str, list[Run]]]] = {}
    for name, pairs, runs in sampler.series():
        families.setdefault(_family(name), []).append((name, pairs, runs))
    with path.open("w", encoding="utf-8") as out:
        for family, series in families.items():
            kind = FAMILIES[family].kind
            out.write(f"# TYPE {family.removesuffix('_total') if kind == 'counter' else family} {kind}\n")
            for name, pairs, runs in series:
                for first, length, value in thinned(runs, STEP // SCRAPE):
                    text = number(value)
                    for i in range(first, first + length):
                        out.write(f"{name}{{{pairs}}} {text} {number(origin + i * STEP)}\n")
        out.write("# EOF\n")


def _family(name: str) -> str:
    for suffix in _SUFFIXES:
        if name not in FAMILIES and name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
