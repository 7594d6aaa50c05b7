"""The figures as text for ``tocsin eval``, and as the tables of the README."""

from __future__ import annotations

from typing import Final

from tocsin.evaluation.counts import wilson
from tocsin.evaluation.measures import PROFILES, Alarms, Bench, Result, Tradeoff, false_alarms, measure, trade_off
from tocsin.evaluation.sets import Sets

HEAD: Final = (
    f"{'detector':20} {'texts':>6}  {'precision (95 %)':22} {'recall (95 %)':22} {'floors':11}  best peer P / R"
)
STAR: Final = "* the shipped weights were fitted on these rows too: the figure is of texts that the detector knows."
BEGIN, END = "<!-- figures of `tocsin eval`, written by `make docs` -->", "<!-- end of figures -->"


def line(result: Result) -> str:
    """Return one line of the table."""
    counts, floor = result.counts, result.measure
    shown = _interval(counts.precision, counts.precision_interval), _interval(counts.recall, counts.recall_interval)
    floors = f"{floor.precision:.2f} / {floor.recall:.2f}" if floor.precision or floor.recall else "-"
    mark = "" if result.ok else "  BELOW ITS FLOOR"
    return f"{floor.title:20} {counts.total:6}  {shown[0]:22} {shown[1]:22} {floors:11}  {floor.peer or '-'}{mark}"


def alarm_lines(alarms: Alarms, calls_per_day: int | None) -> list[str]:
    """Return lines on false alarms: per 1,000 real answers, and as pages a week."""
    lines = [f"{alarms.profile}: false violations per 1,000 of {alarms.answers} real answers (95 %: at most)"]
    kinds = {**dict(sorted(alarms.by_kind.items())), "any kind": alarms.flagged}
    for kind, hits in kinds.items():
        rate, bound = hits / max(1, alarms.answers), wilson(hits, alarms.answers)[1]
        text = f"  {kind:12} {1000 * rate:6.2f} ({1000 * bound:.2f})"
        if calls_per_day is not None:
            week = 7 * calls_per_day
            text += f"   at {calls_per_day:,} calls a day: {week * rate:,.0f} a week, at most {week * bound:,.0f}"
        lines.append(text)
    return lines


def trade_line(out: Tradeoff) -> str:
    """Return the shares of bad and good answers that a profile stops."""
    return (
        f"{out.profile}: the guard stops {_share(out.bad_stopped, out.bad)} of {out.bad} bad answers"
        f" and {_share(out.good_stopped, out.good)} of {out.good} good ones"
    )


def markdown(bench: Bench) -> str:
    """Return the figures as shown in the README."""
    lines = [BEGIN, "| detector | texts | precision (95 %) | recall (95 %) | best peer P / R |"]
    lines.append("|---|---|---|---|---|")
    for result in measure(bench):
        counts, what = result.counts, result.measure
        precision = _interval(counts.precision, counts.precision_interval)
        recall = _interval(counts.recall, counts.recall_interval)
        lines.append(f"| {what.title} | {counts.total} | {precision} | {recall} | {what.peer or '-'} |")
    lines += ["", f"\\{STAR}", ""]
    for profile in PROFILES:
        alarms = false_alarms(bench, profile)
        bound = 1000 * wilson(alarms.flagged, alarms.answers)[1]
        lines.append(
            f"- {profile}: {1000 * alarms.flagged / max(1, alarms.answers):.1f} false violations per 1,000 of"
            f" {alarms.answers} real answers, at most {bound:.1f}."
        )
    lines += [f"- {trade_line(trade_off(bench, profile))}." for profile in PROFILES]
    return "\n".join([*lines, END])


def put_into(document: str) -> str:
    """Return a document, which must contain the block of figures, with that block regenerated."""
    before, _, rest = document.partition(BEGIN)
    return before + markdown(Bench(Sets())) + rest.partition(END)[2]


def _interval(share: float | None, bounds: tuple[float, float]) -> str:
    return f"{'-' if share is None else f'{share:.3f}'} ({bounds[0]:.3f}-{bounds[1]:.3f})"


def _share(hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    return f"{100 * hits / max(1, total):.1f} % ({100 * low:.1f}-{100 * high:.1f})"


if __name__ == "__main__":
    import sys
    from pathlib import Path

    readme = Path(sys.argv[1])
    readme.write_text(put_into(readme.read_text(encoding="utf-8")), encoding="utf-8")
