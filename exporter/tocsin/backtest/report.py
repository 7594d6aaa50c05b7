"""The report of a backtest as one self-contained HTML page, without scripts or external resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from tocsin.backtest.timeline import Alert, pages_per_week

CATEGORIES = ("outage", "quality", "cost", "safety", "change", "control", "exporter")
COLOURS = {"page": "#c92a2a", "ticket": "#e8890c", "info": "#748ffc"}
ROWS = 60
"""Maximum number of alerts drawn in the timeline; the table has the rest."""
_WIDTH, _LEFT = 960, 300
_ABOUT = ("route", "model", "kind", "scorer", "consumer", "uninstrumented")
"""Labels that identify the subject of an alert in the timeline."""

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1040px;padding:24px;color:#1c2430}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:28px 0 8px}p{margin:6px 0}.big{font-size:40px;font-weight:600}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:4px 10px 4px 0;border-top:1px solid #e3e6ee;
vertical-align:top}th{color:#667;font-weight:400}svg{width:100%;height:auto}text{font:12px system-ui,sans-serif}
"""


def render(result: dict[str, Any], alerts: Sequence[Alert], seconds: float, advice: str | None) -> str:
    """Return the page.

    Args:
        result: the JSON object of the backtest.
        alerts: its alerts.
        seconds: the duration that the logs cover.
        advice: the setting that would have halved the pages, as a sentence; None without pages.
    """
    fired = [alert for alert in alerts if alert.firing_at is not None]
    pages = [alert for alert in fired if alert.severity == "page"]
    parts = [
        "<h1>What would have paged</h1>",
        f"<p>{result['calls']:,} calls from {_moment(result['from'])} to {_moment(result['to'])} UTC</p>",
        f'<p><span class="big">{result["pages_per_week"]:g}</span> pages a week</p>',
        "<h2>Pages a week by category</h2>", _categories(pages, seconds), _noisiest(pages),
        f"<p>{escape(advice)}</p>" if advice else "",
        "<h2>When</h2>", _timeline(fired, result["from"], result["to"]),
        "<h2>Nearest to firing</h2>", _nearest(result["nearest"]),
        "<h2>Alerts</h2>", _table(result["alerts"]),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>tocsin backtest</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _categories(pages: Sequence[Alert], seconds: float) -> str:
    weekly = {name: pages_per_week([a for a in pages if a.category == name], seconds) for name in CATEGORIES}
    top = max(weekly.values()) or 1
    bars = "".join(
        f'<text x="0" y="{24 * i + 16}">{name}</text>'
        f'<rect x="110" y="{24 * i + 4}" width="{600 * value / top:.1f}" height="15" fill="{COLOURS["page"]}"/>'
        f'<text x="{118 + 600 * value / top:.1f}" y="{24 * i + 16}">{value:g}</text>'
        for i, (name, value) in enumerate(weekly.items())
    )
    return f'<svg viewBox="0 0 {_WIDTH} {24 * len(weekly)}" role="img" aria-label="pages a week">{bars}</svg>'


def noisiest(pages: Sequence[Alert]) -> tuple[str, str, int] | None:
    """Return the alert and the route (or provider) that paged most, and how often."""
    counted = Counter((a.alertname, a.labels.get("route") or a.labels.get("provider") or "all") for a in pages)
    return next(((name, where, count) for (name, where), count in counted.most_common(1)), None)


def _noisiest(pages: Sequence[Alert]) -> str:
    found = noisiest(pages)
    if found is None:
        return "<p>Nobody would have been paged.</p>"
    name, where, count = found
    return f"<p>Noisiest: {escape(name)} of {escape(where)}, {count} of {len(pages)} pages.</p>"


def _timeline(fired: Sequence[Alert], begin: str, end: str) -> str:
    if not fired:
        return "<p>No alert fired.</p>"
    first, last = (datetime.fromisoformat(moment).timestamp() for moment in (begin, end))

    def place(moment: float) -> float:
        return _LEFT + (_WIDTH - _LEFT) * (min(max(moment, first), last) - first) / max(60.0, last - first)

    rows = []
    for i, alert in enumerate(fired[:ROWS]):
        x = min(place(alert.firing_at or first), _WIDTH - 2)
        width = place(alert.resolved_at or last) - x
        where = " ".join(alert.labels[k] for k in _ABOUT if k in alert.labels)
        rows.append(
            f'<text x="0" y="{20 * i + 14}">{escape(f"{alert.alertname} {where}"[:48])}</text>'
            f'<rect x="{x:.1f}" y="{20 * i + 3}" width="{max(width, 2):.1f}" height="13" '
            f'fill="{COLOURS.get(alert.severity, "#999")}"><title>{escape(alert.annotations.get("summary", ""))}'
            "</title></rect>"
        )
    height = 20 * len(rows)
    label = f"alerts between {begin} and {end}"
    axis = (
        f'<text x="{_LEFT}" y="{height + 16}">{_moment(begin)}</text>'
        f'<text x="{_WIDTH}" y="{height + 16}" text-anchor="end">{_moment(end)}</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height + 20}" role="img" aria-label="{escape(label)}">{"".join(rows)}{axis}</svg>'
        "<p>Red pages, orange makes a ticket, blue informs.</p>"
    )


def _moment(text: str | None) -> str:
    """Format a time to the second for people."""
    return "-" if text is None else text[:19].replace("T", " ")


def _nearest(nearest: Sequence[dict[str, Any]]) -> str:
    rows = [
        (n["alertname"], _labels(n["labels"]), f"{n['value']:.4g}", f"{n['threshold']:.4g}", _moment(n["at"]))
        for n in nearest
    ]
    return _rows(("alert", "of", "value", "threshold", "at"), rows)


def _table(alerts: Sequence[dict[str, Any]]) -> str:
    rows = [
        (
            a["severity"], a["category"], a["alertname"], _labels(a["labels"]),
            _moment(a["firing_at"]), _moment(a["resolved_at"]),
        )  # fmt: skip
        for a in alerts
        if a["firing_at"]
    ]
    return _rows(("severity", "category", "alert", "of", "firing", "resolved"), rows)


def _labels(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items() if name not in ("action", "tier", "priority"))


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>None.</p>"
    titles = "".join(f"<th>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


SETTINGS: dict[str, tuple[str, float]] = {
    "LLMQualityScoreDropped": ("quality.dropRatio", 1.5), "LLMCostAnomaly": ("cost.usdPerHour", 2),
    "LLMCostRisingFast": ("cost.fastUsdPerHour", 2), "LLMRequestsFailing": ("outage.totalRatio", 1.5),
    "LLMFormatComplianceLow": ("format.minimumRatio", 0.98),
}  # fmt: skip
"""The setting that controls how often an alert pages, and the factor by which each try makes it less sensitive."""
TRIES = 3


def halving(pages: Sequence[Alert], current: Callable[[str], float], count: Callable[[str, float], int]) -> str | None:
    """Find by trial the setting that halves the pages; ``count`` returns the pages with a setting changed."""
    found = noisiest(pages)
    if found is None:
        return None
    name, where, _ = found
    if name not in SETTINGS:
        return f"No setting makes {name} of {where} page less: mend what it tells of."
    key, factor = SETTINGS[name]
    value = current(key)
    for _ in range(TRIES):
        value = round(value * factor, 4)
        left = count(key, value)
        if left <= len(pages) / 2:
            return f"--set {key}={value:g} would have paged {left} times instead of {len(pages)}."
    return f"No sensible value of {key} would have halved the pages: up to {value:g} was tried."
