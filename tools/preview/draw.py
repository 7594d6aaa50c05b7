"""Renders a dashboard with its data as one page of HTML and SVG without scripts, to be photographed by a browser."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from collect import Page, Panel, Series

WIDTH, ROW, GAP = 1400, 30, 8
"""Pixels: of the page, of one unit of grid height, between panels."""
COLOURS = ("#73bf69", "#5794f2", "#f2cc0c", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#ca95e5", "#96d98d", "#ffcb7d")
NAMED = {"green": "#37872d", "red": "#c4162a", "text": "#22252b"}
PLOT_LEFT, PLOT_BOTTOM = 52, 20
STYLE = """
* { box-sizing: border-box; margin: 0 } body { background: #111217; color: #ccccdc; font: 13px/1.35 "DejaVu Sans", sans-serif; width: 1400px; padding: 10px 8px }
h1 { font-size: 19px; font-weight: 500; color: #fff; display: inline } .what { color: #8e8f98; display: block; margin-top: 2px }
.note { float: right; color: #8e8f98; border: 1px solid #34363e; border-radius: 3px; padding: 2px 8px }
.grid { position: relative; margin-top: 12px } .row { position: absolute; left: 0; color: #fff; font-size: 14px; padding-top: 6px }
.panel { position: absolute; background: #181b1f; border: 1px solid #25272e; border-radius: 3px; overflow: hidden; padding: 6px 8px }
.title { font-size: 13px; color: #d8d9da; font-weight: 500; white-space: nowrap; overflow: hidden }
.legend { position: absolute; left: 8px; right: 8px; bottom: 4px; height: 18px; overflow: hidden; white-space: nowrap; font-size: 11px }
.legend i { display: inline-block; width: 11px; height: 3px; margin: 0 5px 3px 0 } .legend span { margin-right: 12px }
.empty { color: #6e6f78; text-align: center; padding-top: 24px } .stat { text-align: center; color: #fff; padding-top: 6px }
.stats { display: flex; gap: 6px; height: calc(100% - 22px) } .stats div { flex: 1; border-radius: 3px; text-align: center; color: #fff; padding-top: 8px }
table { border-collapse: collapse; width: 100%; font-size: 12px; margin-top: 6px } th { text-align: left; color: #8ab8ff; font-weight: 500 }
th, td { padding: 3px 6px; border-bottom: 1px solid #25272e; white-space: nowrap } .page { color: #ff7383 } .ticket { color: #ffb357 }
.md { font-size: 13px; padding: 6px 4px } .md p { margin-bottom: 8px } .fire { padding: 4px 2px; border-bottom: 1px solid #25272e } .fire b { color: #fff; font-weight: 500 }
"""


def page(data: Page) -> tuple[str, int]:
    """Return the HTML of a dashboard and its height in pixels."""
    rows = max(panel.spec["gridPos"]["y"] + panel.spec["gridPos"]["h"] for panel in data.panels)
    height = rows * (ROW + GAP) + 60
    body = "".join(_placed(panel, data) for panel in data.panels)
    head = (
        f'<span class="note">preview, drawn from the data of <b>make demo</b>, where an hour passes in a minute</span>'
        f'<h1>{html.escape(data.spec["title"])}</h1><span class="what">{html.escape(data.spec.get("description", ""))}</span>'
    )
    grid = f'<div class="grid" style="height:{height - 60}px">{body}</div>'
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{head}{grid}', height


def _placed(panel: Panel, data: Page) -> str:
    grid, unit = panel.spec["gridPos"], (WIDTH - 16) / 24
    x, y = grid["x"] * unit, grid["y"] * (ROW + GAP)
    w, h = int(grid["w"] * unit - GAP), grid["h"] * (ROW + GAP) - GAP
    if panel.spec["type"] == "row":
        return f'<div class="row" style="top:{y}px">{html.escape(panel.spec["title"])}</div>'
    draw = {"timeseries": _graph, "stat": _stat, "table": _table, "heatmap": _heatmap, "alertlist": _alerts, "text": _text}
    content = draw[panel.spec["type"]](panel, data, w - 16, h - 34)
    title = f'<div class="title">{html.escape(panel.spec["title"])}</div>'
    return f'<div class="panel" style="left:{x:.0f}px;top:{y}px;width:{w}px;height:{h}px">{title}{content}</div>'


def _empty(panel: Panel) -> str:
    return f'<div class="empty">{html.escape(panel.spec["fieldConfig"]["defaults"].get("noValue", "no data"))}</div>'


def _graph(panel: Panel, data: Page, w: int, h: int) -> str:
    lines = [series for target in panel.targets for series in target if any(_finite(v) for _, v in series.points)]
    if not lines:
        return _empty(panel)
    moving = [series for series in lines if any(value for _, value in series.points)]
    lines = sorted(moving or lines, key=lambda series: series.legend)[:18]
    styles = [_style(panel, series.legend) for series in lines]
    defaults = panel.spec["fieldConfig"]["defaults"]
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    shown = _stacked(lines) if stacked else [dict(series.points) for series in lines]
    limits = [step["value"] for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    limits = limits if defaults["custom"]["thresholdsStyle"]["mode"] == "dashed" else []
    highest = max(value for line in shown for value in line.values() if _finite(value))
    near = [limit for limit in limits if limit <= 4 * highest or defaults.get("max")]
    top = defaults.get("max") or _round(max([highest * 1.05, *(1.1 * limit for limit in near)])) or 1
    plot_w, plot_h = w - PLOT_LEFT - 18, h - PLOT_BOTTOM - 20

    def px(at: float) -> float:
        return PLOT_LEFT + plot_w * (at - data.start) / (data.end - data.start)

    def py(value: float) -> float:
        return 6 + plot_h * (1 - min(max(value, 0), top) / top)

    parts = [_axes(defaults["unit"], top, data, px, py, w)]
    for i in reversed(range(len(lines))):
        colour = styles[i] or COLOURS[i % len(COLOURS)]
        dash = ' stroke-dasharray="5 4" stroke-opacity="0.8"' if styles[i] else ""
        for piece in _pieces(shown[i]):
            path = " ".join(f"{px(at):.1f},{py(value):.1f}" for at, value in piece)
            if stacked:
                parts.append(f'<polygon points="{px(piece[0][0]):.1f},{py(0):.1f} {path} {px(piece[-1][0]):.1f},{py(0):.1f}" fill="{colour}" fill-opacity="{0.45}"/>')
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
    parts += [
        f'<line x1="{PLOT_LEFT}" x2="{w}" y1="{py(limit):.1f}" y2="{py(limit):.1f}" stroke="#f2495c" stroke-dasharray="6 5"/>'
        for limit in near
    ]
    legend = "".join(
        f'<span><i style="background:{styles[i] or COLOURS[i % len(COLOURS)]}"></i>{html.escape(series.legend)}</span>'
        for i, series in enumerate(lines)
    )
    return f'<svg width="{w}" height="{h}">{"".join(parts)}</svg><div class="legend">{legend}</div>'


def _style(panel: Panel, legend: str) -> str | None:
    """Return the colour of a line that the panel draws as dashed."""
    for override in panel.spec["fieldConfig"]["overrides"]:
        if re.match(override["matcher"]["options"].strip("/"), legend):
            return {"text": "#8e8f98", "red": "#f2495c"}[override["properties"][0]["value"]["fixedColor"]]
    return None


def _axes(unit: str, top: float, data: Page, px: Any, py: Any, w: int) -> str:
    parts = []
    for i in range(5):
        value = top * i / 4
        parts.append(f'<line x1="{PLOT_LEFT}" x2="{w}" y1="{py(value):.1f}" y2="{py(value):.1f}" stroke="#25272e"/>')
        parts.append(f'<text x="{PLOT_LEFT - 6}" y="{py(value) + 4:.1f}" fill="#8e8f98" font-size="11" text-anchor="end">{_number(value, unit)}</text>')
    for minute in range(int(data.end - data.start) // 60 + 1):
        at = data.start + 60 * minute
        anchor = "start" if minute == 0 else "middle"
        parts.append(f'<text x="{px(at):.1f}" y="{py(0) + 15:.1f}" fill="#8e8f98" font-size="11" text-anchor="{anchor}">{minute}:00</text>')
    return "".join(parts)


def _stacked(lines: Sequence[Series]) -> list[dict[float, float]]:
    below: dict[float, float] = {}
    shown = []
    for series in lines:
        line = {at: below.get(at, 0.0) + value for at, value in series.points if _finite(value)}
        below |= line
        shown.append(line)
    return shown


def _pieces(line: dict[float, float]) -> list[list[tuple[float, float]]]:
    """Return the line between its gaps."""
    pieces: list[list[tuple[float, float]]] = []
    before = -math.inf
    for at, value in line.items():
        if not _finite(value):
            continue
        if at - before > 4.5 or not pieces:
            pieces.append([])
        pieces[-1].append((at, value))
        before = at
    return pieces


def _stat(panel: Panel, data: Page, w: int, h: int) -> str:
    del data, w
    lines = [series for target in panel.targets for series in target]
    values = [(series.legend, last) for series in lines if (last := _last(series)) is not None]
    if not values:
        return _empty(panel)
    defaults = panel.spec["fieldConfig"]["defaults"]
    boxes = ""
    for legend, value in values:
        colour = next(
            (NAMED.get(s["color"], "#22252b") for s in reversed(defaults["thresholds"]["steps"]) if s["value"] is None or value >= s["value"]),
            "#22252b",
        )
        name = f"<br><small>{html.escape(legend)}</small>" if legend else ""
        boxes += f'<div style="background:{colour};font-size:{min(30, h // 3 + 8)}px">{_number(value, defaults["unit"])}{name}</div>'
    return f'<div class="stats">{boxes}</div>'


def _table(panel: Panel, data: Page, w: int, h: int) -> str:
    del data, w
    queries = [target.get("legendFormat", "") for target in panel.spec["targets"]]
    units = {o["matcher"]["options"]: o["properties"][0]["value"] for o in panel.spec["fieldConfig"]["overrides"]}
    default = panel.spec["fieldConfig"]["defaults"]["unit"]
    rows: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for query, target in zip(queries, panel.targets, strict=True):
        for series in target:
            rows.setdefault(tuple(sorted(series.labels.items())), {})[query] = series.points[-1][1]
    if not rows:
        return _empty(panel)
    columns = _columns(panel, list(dict.fromkeys(name for key in rows for name, _ in key)), queries)
    lines = list(rows.items())
    for order in panel.spec["options"].get("sortBy", []):
        lines.sort(key=lambda line: line[1].get(order["displayName"], -math.inf), reverse=order["desc"])
    body = ""
    for key, values in lines[: max(1, h // 25 - 1)]:
        cells = {name: html.escape(text)[:28] for name, text in key}
        cells |= {query: _number(value, units.get(query, default)) for query, value in values.items()}
        body += "<tr>" + "".join(f"<td>{cells.get(name, '-')}</td>" for name in columns) + "</tr>"
    return f"<table><tr>{''.join(f'<th>{html.escape(name)}</th>' for name in columns)}</tr>{body}</table>"


def _columns(panel: Panel, labels: list[str], queries: list[str]) -> list[str]:
    """Return the columns of a table as Grafana's ``organize`` shows them: renamed, ordered, some left out."""
    organize = next(t["options"] for t in panel.spec["transformations"] if t["id"] == "organize")
    fields = ["Value"] if len(queries) == 1 else [f"Value #{chr(65 + i)}" for i in range(len(queries))]
    last = len(labels) + len(fields)
    shown = [f for f in (*labels, *fields) if not organize["excludeByName"].get(f)]
    shown.sort(key=lambda f: organize["indexByName"].get(f, last))
    return [organize["renameByName"].get(f, f) for f in shown]


def _heatmap(panel: Panel, data: Page, w: int, h: int) -> str:
    lines = sorted(
        (series for series in panel.targets[0] if series.labels.get("le")), key=lambda s: float(s.labels["le"])
    )
    if not any(_finite(v) and v > 0 for series in lines for _, v in series.points):
        return _empty(panel)
    columns = 60
    cells = [[0.0] * columns for _ in lines]
    for i, series in enumerate(lines):
        under = dict(lines[i - 1].points) if i else {}
        for at, value in series.points:
            x = min(columns - 1, int(columns * (at - data.start) / (data.end - data.start)))
            cells[i][x] = max(cells[i][x], value - under.get(at, 0.0))
    used = [i for i, row in enumerate(cells) if max(row) > 0]
    low, high = used[0], used[-1]
    top = max(max(row) for row in cells)
    unit = panel.spec["options"]["yAxis"]["unit"]
    side, tall = (w - PLOT_LEFT) / columns, (h - PLOT_BOTTOM) / (high - low + 1)
    parts = []
    for i in range(low, high + 1):
        y = (high - i) * tall + 4
        bound = float(lines[i].labels["le"])
        label = "more" if math.isinf(bound) else _number(bound, unit)
        if tall > 11 or (i - low) % 2 == 0:
            parts.append(f'<text x="{PLOT_LEFT - 6}" y="{y + tall / 2 + 4:.1f}" fill="#8e8f98" font-size="11" text-anchor="end">{label}</text>')
        parts += [
            f'<rect x="{PLOT_LEFT + x * side:.1f}" y="{y:.1f}" width="{side - 1:.1f}" height="{max(1, tall - 1):.1f}" fill="#ff780a" fill-opacity="{0.12 + 0.88 * math.sqrt(value / top):.2f}"/>'
            for x, value in enumerate(cells[i]) if value > 0
        ]  # fmt: skip
    return f'<svg width="{w}" height="{h + 16}">{"".join(parts)}</svg>'


def _alerts(panel: Panel, data: Page, w: int, h: int) -> str:
    del w
    if not data.alerts:
        return _empty(panel)
    rank = {"page": 0, "ticket": 1}
    alerts = sorted(data.alerts, key=lambda labels: (rank.get(labels["severity"], 2), labels["alertname"]))
    keys = ("route", "provider", "model", "scorer", "kind")
    return "".join(
        f'<div class="fire"><span class="{a["severity"]}">{a["severity"]}</span> <b>{a["alertname"]}</b> '
        + html.escape(" ".join(f"{k}={a[k]}" for k in keys if k in a)) + "</div>"
        for a in alerts[: max(1, h // 27)]
    )  # fmt: skip


def _text(panel: Panel, data: Page, w: int, h: int) -> str:
    del data, w, h
    text = html.escape(panel.spec["options"]["content"].strip())
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return '<div class="md">' + "".join(f"<p>{part}</p>" for part in re.split(r"\n(?=\d\. )", text)) + "</div>"


def _last(series: Series) -> float | None:
    return next((value for _, value in reversed(series.points) if _finite(value)), None)


def _finite(value: float) -> bool:
    return not (math.isnan(value) or math.isinf(value))


def _round(value: float) -> float:
    """Return the next round number, for the end of an axis."""
    if value <= 0 or not _finite(value):
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * step >= value)


def _number(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "bool_yes_no":
        return "yes" if value else "no"
    if unit == "dateTimeAsIso":
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%H:%M:%S")
    if unit == "currencyUSD":
        return f"${value:,.0f}" if value >= 100 else f"${value:.3g}"
    if unit == "s" and 0 < value < 1:
        return f"{1000 * value:.3g} ms"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}{'B' if unit == 'bytes' else ''}"
    suffix = {"s": " s", "reqps": "/s", "eps": "/s", "ops": "/s", "bytes": " B"}.get(unit, "")
    return f"{value:.3g}{suffix}"
