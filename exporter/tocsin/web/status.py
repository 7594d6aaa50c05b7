"""The status page: what Tocsin observes, and above all its blind spots."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tocsin import catalogue as cat
from tocsin.accounting.ledger import LATE
from tocsin.accounting.quality import COMPOSITE
from tocsin.catalogue import Family
from tocsin.config import Declared
from tocsin.pipeline import Pipeline
from tocsin.series.store import Store
from tocsin.web import runbooks
from tocsin.web.trends import Trend

INCIDENTS_SHOWN = 25
LEAK, LEAK_SECONDS = "LLMSafetyViolation", 3600.0
"""This alert pages for that long after the last violation. Even if Alertmanager does not post alerts here, the page
shows it, as it alone follows without evaluating rules."""
UNUSABLE_SHOWN = 8
_QUIET = {"ticket", "warning", "info"}
"""Severities that do not page, by the rules' own names and those that most teams use (``severityNames``). As in the
routing, any other severity pages."""
_NO_MODEL = "off: rules judge alone; detectors.detoxify names the folder of a model, nothing is downloaded"
_NO_TEXT = {"failed", "no_answer", "tool_call"}
CATEGORIES = {
    "outage": "Is the model answering?",
    "quality": "Are the answers any good?",
    "cost": "What does it cost?",
    "safety": "Did anything leak?",
}
_MISSING_SIGNAL = {
    "outage": "no call has been read",
    "quality": "no answer has been read with its text, nor with scores",
    "cost": "no call has been read that says its tokens",
    "safety": "no answer has been read with its text",
}
"""What is missing if a category has no signal."""


def overview(pipeline: Pipeline, unusable: list[tuple[str, str, str]], declared: Declared) -> dict[str, Any]:
    """Return all data of the status page; ``declared`` are the intentional gaps."""
    store = pipeline.ledger.store
    tokens = store.total(cat.TOKENS, kind="input") + store.total(cat.TOKENS, kind="output")
    unpriced = store.total(cat.UNPRICED)
    scored = store.total(cat.SCORED, scorer=COMPOSITE)
    intake = pipeline.intake
    return {
        "mode": next((row.labels[-1] for row in store.rows.get(cat.BUILD_INFO, {}).values()), "exporter"),
        "time": round(intake.now, 3),
        "ready": pipeline.ready.is_set(),
        "degraded": pipeline.trouble is not None, "trouble": pipeline.trouble,
        "events_read": int(store.total(cat.EVENTS_READ)) + sum(tally.read for tally in intake.tallies.values()),
        "events_skipped": int(store.total(cat.EVENTS_SKIPPED)),
        "share_priced": _ratio(tokens - unpriced, tokens),
        "token_estimates": pipeline.ledger.settings.estimates,
        "share_scored": _ratio(scored, scored + _unscored(store)),
        "share_guarded": _ratio(store.total(cat.GUARD_SCANNED), store.total(cat.GUARD_ELIGIBLE)),
        **_judges(store),
        "series": store.samples,
        "series_max": int(store.total(cat.SERIES_MAX)),
        "folded": _by_label(store, cat.LABELS_FOLDED, "label"),
        "unusable_inputs": [{"path": p, "reason": r, "mend": m} for p, r, m in unusable],
        "off_by_choice": _off_by_choice(declared),
        "backlog_bytes": sum(source.backlog() for source in pipeline.inputs),
        "lag_seconds": store.total(cat.INGEST_LAG),
        "categories": {
            "outage": _outage(store),
            "quality": _quality(store, scored),
            "cost": _cost(store, tokens, unpriced),
            "safety": _safety(store),
        },
    }  # fmt: skip


def _off_by_choice(declared: Declared) -> dict[str, list[str]]:
    """Return the declared gaps by category."""
    content = ["content"] if declared.content == "off" else []
    free = [f"price of {pattern}" for pattern, dollars in declared.price.items() if not dollars]
    return {"quality": content, "safety": content, "cost": free + [f"usage of {pattern}" for pattern in declared.usage]}


def _judges(store: Store) -> dict[str, Any]:
    """Return what judges content: scorers, detectors by implementation (known after the first text), and the model."""
    running = {row.labels[0]: row.labels[1] for row in store.rows.get(cat.DETECTOR_INFO, {}).values()}
    scorers = {COMPOSITE, *(row.labels[-1] for row in store.rows.get(cat.QUALITY_SCORE, {}).values())}
    return {
        "scorers": sorted(scorers),
        "detectors": running,
        "content_model": "detoxify" if "detoxify" in running else _NO_MODEL,
    }


def _unscored(store: Store) -> int:
    """Return how many answers got no score; where a call failed or called a tool there is no text to score."""
    return sum(n for reason, n in _by_label(store, cat.UNSCORED, "reason").items() if reason not in _NO_TEXT)


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _outage(store: Store) -> dict[str, Any]:
    requests = store.total(cat.REQUESTS)
    return {
        "instrumented": requests > 0, "requests": int(requests),
        "failures": _by_label(store, cat.FAILURES, "reason"), "recovered": int(store.total(cat.RECOVERED)),
    }  # fmt: skip


def _quality(store: Store, scored: float) -> dict[str, Any]:
    any_score, checks = store.total(cat.SCORED), store.total(cat.FORMAT_CHECKS)
    means = [row.values for row in store.rows.get(cat.QUALITY_SCORE, {}).values() if row.labels[-1] == COMPOSITE]
    total = sum(sum(values[1:]) for values in means)
    return {
        "instrumented": bool(any_score or checks), "scored": int(scored),
        "mean_score": _ratio(sum(values[0] for values in means), total),
        "format_checks": int(checks), "format_failures": int(store.total(cat.FORMAT_FAILURES)),
        "refusals": int(store.total(cat.REFUSALS)), "truncations": int(store.total(cat.TRUNCATIONS)),
        "unscored": _by_label(store, cat.UNSCORED, "reason"),
    }  # fmt: skip


def _cost(store: Store, tokens: float, unpriced: float) -> dict[str, Any]:
    return {
        "instrumented": tokens > 0, "tokens": int(tokens),
        "usd": round(store.total(cat.COST), 6), "unpriced_tokens": int(unpriced),
        "usage_missing": int(store.total(cat.USAGE_MISSING)), "outliers": int(store.total(cat.OUTLIERS)),
        "by_model": _by_model(store),
    }  # fmt: skip


def _safety(store: Store) -> dict[str, Any]:
    """Summarise safety; ``last_violation`` is the Unix time of the last one that pages."""
    checked = store.total(cat.ANSWERS_CHECKED)
    violations = partial(_by_label, store, cat.VIOLATIONS)
    found = violations("delivered", echoed="false", example="false")
    times = [row.values[0] for row in store.rows.get(cat.LAST_VIOLATION, {}).values()]
    return {
        "instrumented": checked > 0, "answers_checked": int(checked),
        "violations": violations("kind", delivered="true", echoed="false", example="false"),
        "stopped": found.get("false", 0),
        "echoed_or_example": sum(violations("delivered").values()) - sum(found.values()),
        "suspected": _by_label(store, cat.SUSPECTED, "kind"),
        "injection_attempts": int(store.total(cat.INJECTION_ATTEMPTS)),
        "user_flags": int(store.total(cat.USER_FLAGS)),
        "last_violation": max(times, default=0.0) or None,
        "guard": _by_label(store, cat.GUARD_REQUESTS, "verdict"), "shed": int(store.total(cat.GUARD_SHED)),
    }  # fmt: skip


def _by_label(store: Store, family: Family, label: str, **where: str) -> dict[str, int]:
    """Sum a counter by one of its labels, omitting zeros."""
    names = store.names(family)
    at, wanted = names.index(label), [(names.index(name), value) for name, value in where.items()]
    totals: dict[str, int] = {}
    for row in store.rows.get(family, {}).values():
        if row.values[0] and all(row.labels[i] == value for i, value in wanted):
            totals[row.labels[at]] = totals.get(row.labels[at], 0) + int(row.values[0])
    return dict(sorted(totals.items(), key=lambda item: item[1], reverse=True))


def _by_model(store: Store) -> dict[str, float]:
    totals: dict[str, float] = {}
    for row in store.rows.get(cat.COST, {}).values():
        totals[row.labels[1]] = totals.get(row.labels[1], 0.0) + row.values[0]
    heaviest = sorted(totals.items(), key=lambda item: item[1], reverse=True)[:8]
    return {model: round(usd, 6) for model, usd in heaviest if usd}


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1c2430}
header{background:#1c2430;color:#fff;padding:18px 28px}header h1{margin:0;font-size:22px}
header p{margin:6px 0 0;color:#c9d3e0}main{display:grid;gap:18px;padding:24px 28px;
grid-template-columns:repeat(auto-fit,minmax(240px,1fr))}
section{background:#fff;border-radius:8px;padding:16px 20px;border-top:4px solid #9aa7b8;min-width:0;
box-shadow:0 1px 3px #0002}section.on{border-top-color:#2b8a3e}section.bad{border-top-color:#c92a2a}
h2{margin:0;font-size:17px;text-transform:capitalize}h2 small{display:block;font-weight:400;color:#667;
text-transform:none}dl{display:grid;grid-template-columns:1fr auto;column-gap:8px;margin:12px 0 0}
dd,b{font-variant-numeric:tabular-nums}dd{margin:0;font-weight:600;text-align:right}.off{color:#667}
aside{margin:0 28px 24px;background:#fff;border-radius:8px;padding:16px 20px;box-shadow:0 1px 3px #0002}
table{width:100%;border-collapse:collapse;margin-top:10px}th{text-align:left;color:#667;font-weight:400}
td,th{padding:5px 8px 5px 0;vertical-align:top;border-top:1px solid #eef}tr.page a{color:#c92a2a}
td:nth-child(3){overflow-wrap:anywhere}header a{color:inherit}nav{float:right}
table a,.pages a{color:inherit;font-weight:600;overflow-wrap:anywhere}
.pages{color:#c92a2a;margin:8px 0 0;font-size:14px}
figure{margin:12px 0 0;font-size:13px}figcaption{display:flex;justify-content:space-between;gap:8px;color:#667}
figcaption b{color:#1c2430}figure svg{width:100%;height:auto;margin-top:2px}
.bar{display:grid;grid-template-columns:minmax(0,7.5em) 1fr auto;gap:8px;align-items:center;margin-top:3px}
.bar span{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden;
overflow-wrap:anywhere}.bar i{height:10px;background:#4c6ef5}
.warn{background:#fff3bf;color:#5c3c00;padding:8px 28px;margin:0;overflow-wrap:anywhere}
footer{padding:0 28px 24px;color:#667}
@media(max-width:640px){header,main,.warn,footer{padding-left:16px;padding-right:16px}aside{margin:0 16px 16px}
section.bad{order:-1}
thead{display:none}tr{display:block;border-top:1px solid #dde3ec;padding:8px 0}
td{display:inline-block;border:0;padding:0 8px 0 0}td:nth-child(3){display:block}
td:nth-child(4)::before{content:"fired "}td:nth-child(5)::before{content:"delivered "}}
@media(prefers-color-scheme:dark){:root{color-scheme:dark}body{background:#11151b;color:#dde3ec}
section,aside{background:#1b212b;box-shadow:none}figcaption b{color:#dde3ec}
.off,h2 small,th,figcaption,footer{color:#a3adbb}td,th,tr{border-color:#323b48}
.pages,tr.page a{color:#ff8787}a{color:#91a7ff}.warn{background:#4a3800;color:#ffe8a3}}
"""


def render(
    view: dict[str, Any],
    incidents: Sequence[dict[str, Any]] = (),
    trends: Mapping[str, Trend] | None = None,
    *,
    held: bool = False,
) -> str:
    """Return the status page as one self-contained HTML document without scripts; ``held``: without refresh."""
    chosen = view["off_by_choice"]
    warnings = "".join(f'<p class="warn">{warning}</p>' for warning in _warnings(view))
    paging: dict[str, list[str]] = {}
    for alert in incidents:
        if not _is_quiet(alert):
            paging.setdefault(alert["category"], []).append(alert["alertname"])
    leaked = view["categories"]["safety"].get("last_violation")
    if leaked and not incidents and view["time"] - leaked < LEAK_SECONDS:
        paging["safety"] = [LEAK]
    if view["mode"] == "guard":  # it reads no calls, and Alertmanager does not post to it
        judged = {key: view["categories"]["safety"].get(key, 0) for key in ("stopped", "guard")}
        body = f"<main>{_section('safety', {'instrumented': True} | judged, [], None, ())}</main>"
    else:
        of, lines = view["categories"], trends or {}
        sections = (_section(n, of[n], paging.get(n, []), lines.get(n), chosen.get(n, ())) for n in CATEGORIES)
        body = f"<main>{''.join(sections)}</main>{_incidents(incidents)}"
    # Keyboard and screen reader users would lose their place at each refresh.
    hold = 'refresh paused, <a href="/">go on</a>' if held else '<a href="/?hold">pause refresh</a>'
    title = html.escape(", ".join(paging)) + " pages: Tocsin" if paging else "Tocsin"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><header><nav>{hold}</nav><h1>Tocsin</h1>"
        f"<p>{' &middot; '.join(_headline(view))}</p></header>"
        f"{warnings}{body}<footer><a href='/metrics'>metrics</a> &middot; "
        "<a href='/config'>configuration</a> &middot; <a href='/api/v1/status'>status as JSON</a> &middot; "
        "<a href='/api/v1/offenders'>offenders</a> &middot; <a href='/recent'>skipped events</a></footer></body></html>"
    )


def _headline(view: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of the headline: how much of the traffic is observed."""
    if view["mode"] == "guard":
        yield f"the guard alone: {_counted(sum(view['categories']['safety'].get('guard', {}).values()), 'text')} judged"
    else:
        skipped = f", {view['events_skipped']:,} skipped" if view["events_skipped"] else ""
        yield f"{_counted(view['events_read'], 'event')} read{skipped}"
        yield _share("priced", view["share_priced"])
        yield "scoring off by choice" if view["off_by_choice"]["quality"] else _share("scored", view["share_scored"])
        yield _share("guarded", view["share_guarded"])
    yield f"{view['series']:,} of {view['series_max']:,} series used"
    if view["mode"] != "guard":
        unusable = len(view["unusable_inputs"])
        yield f"{_counted(unusable, 'input')} cannot be read" if unusable else "all inputs can be read"


def _warnings(view: dict[str, Any]) -> Iterator[str]:
    """Yield warnings about numbers that are incomplete."""
    if view["trouble"]:
        yield f"totals are live but not safe: {html.escape(view['trouble'])}; see {_runbook('TocsinStateDegraded')}"
    if not view["ready"]:
        yield f"catching up: {view['backlog_bytes']:,} bytes unread"
    elif view["lag_seconds"] > LATE:
        newest, left = _clock(view["time"] - view["lag_seconds"]), f"{view['backlog_bytes']:,} bytes unread"
        yield f"behind: read up to {newest}, {left}; see {_runbook('TocsinIngestLagging')}"
    elif view["mode"] != "guard" and not view["events_read"]:
        yield "nothing has been read yet: <code>tocsin config check</code> with the flags of <code>run</code> says why"
    elif view["mode"] != "guard" and view["events_skipped"] == view["events_read"]:
        why = "<a href='/recent'>skipped events and why</a>"
        yield f"no event was recognised as a call: {why}; see {_runbook('TocsinEventsUnparsed')}"
    if shed := view["categories"]["safety"].get("shed"):
        what = f"{_counted(shed, 'text')} {'was' if shed == 1 else 'were'} answered without a look"
        yield f"{what}, for overload or size; see {_runbook('LLMGuardCoverageLow')}"
    unusable = view["unusable_inputs"]
    for entry in unusable[:UNUSABLE_SHOWN]:
        reason = entry["reason"].replace("_", " ")
        yield html.escape(f"{entry['path']} cannot be read ({reason}): {entry['mend']}")
    if more := len(unusable) - min(len(unusable), UNUSABLE_SHOWN):
        yield f'and {_counted(more, "input")} more: <a href="/api/v1/status">all as JSON</a>'
    if view["folded"]:
        folded = ", ".join(f"{label} {events:,}" for label, events in view["folded"].items())
        runbook = _runbook("TocsinLabelsFolded")
        yield f"too many label values: events are counted as <code>other</code> ({folded}); see {runbook}"


def _incidents(alerts: Sequence[dict[str, Any]]) -> str:
    """Render the delivered alerts, from firing to resolution; those that page now come first."""
    title = "<h2>Incidents<small>as Alertmanager delivered them, times in UTC</small></h2>"
    if not alerts:
        return (
            f'<aside>{title}<p class="off">None received since the start. Have a receiver of Alertmanager send to '
            "<code>/v1/alerts</code> of the ingest listener.</p></aside>"
        )
    first = sorted(alerts, key=lambda a: (a["status"] != "firing", a["severity"] in _QUIET))
    more = len(first) - INCIDENTS_SHOWN
    rows = "".join(
        f'<tr{"" if _is_quiet(a) else " class=page"}><td>{html.escape(a["category"])}</td>'
        f"<td>{html.escape(a['severity'])}</td><td>{_runbook(a['alertname'])} {html.escape(a['summary'])}</td>"
        f"<td>{_clock(a['fired_at'])}</td><td>{_clock(a['delivered_at'])}<br><small>"
        f"{html.escape(', '.join(a['receivers']))}</small></td>"
        f"<td>{_clock(a['resolved_at']) if a['resolved_at'] else a['status']}</td></tr>"
        for a in first[:INCIDENTS_SHOWN]
    )
    names = ("category", "severity", "alert", "fired", "delivered", "resolved")
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    further = f'<p class="off">and {more:,} more: <a href="/api/v1/incidents">all as JSON</a></p>' if more > 0 else ""
    return f"<aside>{title}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{further}</aside>"


def _is_quiet(alert: Mapping[str, Any]) -> bool:
    """Return whether an alert is not paging anyone now."""
    return alert["status"] != "firing" or alert["severity"] in _QUIET


def _clock(moment: str | float) -> str:
    """Format day and time, as an alert may have fired yesterday; Alertmanager's nanoseconds are truncated."""
    try:
        when = datetime.fromisoformat(moment) if isinstance(moment, str) else datetime.fromtimestamp(moment, UTC)
        return when.astimezone(UTC).strftime("%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # including an hour before the year 1
        return "?"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _share(what: str, share: float | None) -> str:
    return f"nothing {what}" if share is None else f"{share:.1%} {what}"


_NAMES = {
    "usd": "US dollars", "failures": "failures by reason", "unscored": "not scored, by reason",
    "by_model": "US dollars by model", "violations": "violations delivered, by kind",
    "suspected": "suspected, by kind", "guard": "judged before delivery, by verdict",
    "stopped": "stopped before delivery", "echoed_or_example": "echoed or example values",
}  # fmt: skip
_SHOWN = {"outage": "{:.1%}", "quality": "{:.3f}", "cost": "{:,.2f}", "safety": "{:,.0f}"}
"""Format of the newest value of each category's trend."""


def _runbook(alert: str) -> str:
    name = html.escape(alert)
    return f'<a href="{runbooks.PREFIX}{name}">{name}</a>'


def _section(
    name: str, data: dict[str, Any], paging: Sequence[str], trend: Trend | None, chosen: Sequence[str]
) -> str:
    """Render one category: current pages, gaps, the last hour and totals since the start; red while it pages."""
    pages = "<br>".join(_runbook(alert) for alert in dict.fromkeys(paging))
    said = f"<h2>{name}<small>{CATEGORIES[name]}</small></h2>"
    said += f'<p class="pages">pages now:<br>{pages}</p>' if pages else ""
    said += f'<p class="off">off by choice: {html.escape(", ".join(chosen))}</p>' if chosen else ""
    state = "bad" if pages else "on" if data["instrumented"] else "none"
    if not data["instrumented"]:
        missing = "" if chosen else f'<p class="off">not instrumented: {_MISSING_SIGNAL[name]}</p>'
        judged = _bars(_NAMES["guard"], data.get("guard", {}), "{:,}")
        return f'<section class="{state}">{said}{missing}{judged}</section>'
    rows, plots = "", "" if trend is None else _line(trend, _SHOWN[name])
    for key, value in data.items():
        word = _NAMES.get(key, key.replace("_", " "))
        if isinstance(value, dict):
            plots += _bars(word, value, "{:,.2f}" if key == "by_model" else "{:,}")
        elif key not in ("instrumented", "last_violation", "shed"):
            shown = "-" if value is None else f"{value:,.2f}" if key == "usd" else f"{value:,}"
            rows += f"<dt>{word}</dt><dd>{shown}</dd>"
    return f'<section class="{state}">{said}<dl>{rows}</dl>{plots}</section>'


def _line(trend: Trend, shown: str) -> str:
    """Render the last hour as a sparkline, with gaps where there is no data."""
    known = [value for value in trend.values if value is not None]
    if not known:
        return ""
    low, high = min(trend.low, *known), max(trend.high, *known)
    scale = 40 / (high - low)
    step = 300 / max(1, len(trend.values) - 1)
    strokes, pen = "", "M"
    for i, value in enumerate(trend.values):
        if value is None:
            pen = "M"
        else:
            strokes += f"{pen}{i * step:.1f} {43 - (value - low) * scale:.1f}"
            pen = "L"
    path = f'<path d="{strokes}" fill="none" stroke="#4c6ef5" stroke-width="2" stroke-linecap="round"/>'
    base = '<path d="M0 45H300" stroke="#dde3ec"/>'
    return (
        f"<figure><figcaption>{trend.of}, last {max(1, round(trend.seconds / 60))} min "
        f"<b>{shown.format(known[-1])}</b></figcaption>"
        f'<svg viewBox="0 0 300 46" role="img" aria-label="{trend.of}">{base}{path}</svg></figure>'
    )


def _bars(caption: str, values: dict[str, float], shown: str) -> str:
    """Render a small bar chart, labelled with names and numbers, so that it needs no legend."""
    if not values:
        return ""
    top = max(values.values()) or 1
    bars = "".join(
        f'<div class="bar"><span title="{html.escape(name)}">{html.escape(name)}</span>'
        f'<i style="width:{100 * value / top:.1f}%"></i><b>{shown.format(value)}</b></div>'
        for name, value in values.items()
    )
    return f"<figure><figcaption>{html.escape(caption)}</figcaption>{bars}</figure>"
