"""What the status page shows first, and what is red on it."""

import re

import pytest

from tocsin.web.status import CATEGORIES, INCIDENTS_SHOWN, UNUSABLE_SHOWN, render
from tocsin.web.trends import Trend

VIEW = {
    "events_read": 10, "events_skipped": 0, "share_priced": 1.0, "share_scored": 1.0, "share_guarded": None, "series": 5, "series_max": 20_000, "unusable_inputs": [],
    "mode": "exporter", "folded": {}, "trouble": None, "ready": True,
    "time": 1763606820.0, "lag_seconds": 0.0, "backlog_bytes": 0, "off_by_choice": {"quality": [], "cost": [], "safety": []},
    "categories": {name: {"instrumented": True, "failures": {"provider_5xx": 3}, "usd": 1234.5} for name in CATEGORIES},
}  # fmt: skip


def alert(name, category="safety", severity="page", status="firing"):
    return {
        "alertname": name, "category": category, "severity": severity, "status": status, "summary": "It happened.", "receivers": ["oncall"],
        "fired_at": "2026-11-20T02:47:00Z", "delivered_at": 1763606821.0, "resolved_at": None if status == "firing" else 1763606900.0,
    }  # fmt: skip


def moods(page):
    return dict(zip(CATEGORIES, re.findall(r'<section class="(\w+)">', page), strict=True))


def test_a_page_is_shown_in_a_category_that_has_had_no_signal_since_the_start():
    view = VIEW | {"categories": {name: {"instrumented": False} for name in CATEGORIES}}

    assert moods(render(view, [alert("LLMExporterAbsent", "outage")])) == {"outage": "bad", "quality": "none", "cost": "none", "safety": "none"}


def test_without_alerts_the_page_says_how_to_connect_alertmanager():
    assert "<code>/v1/alerts</code>" in render(VIEW)


def test_the_title_names_paging_alerts():
    assert "<title>safety, cost pages: Tocsin</title>" in render(VIEW, [alert("A"), alert("B", "cost")])


def test_a_category_is_red_while_it_pages():
    page = render(VIEW, [alert("A"), alert("B", "cost", status="resolved"), alert("C", "quality", severity="ticket")])

    assert moods(page) == {"outage": "on", "quality": "on", "cost": "on", "safety": "bad"}


def test_a_page_is_red_in_a_teams_own_words():
    """`severityNames` maps page, ticket and info to other words, such as critical and warning."""
    page = render(VIEW, [alert("A", severity="critical"), alert("B", "cost", severity="warning")])

    assert moods(page) == {"outage": "on", "quality": "on", "cost": "on", "safety": "bad"}


def test_an_incident_has_its_day():
    assert "<td>11-20 02:47:00</td>" in render(VIEW, [alert("A")])


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "soon"])
def test_a_time_that_no_calendar_has_spoils_no_page(moment):
    assert "<td>?</td>" in render(VIEW, [alert("A") | {"fired_at": moment}])


def test_current_pages_precede_resolved_ones_and_tickets():
    page = render(VIEW, [alert("Over", status="resolved"), alert("Ticket", severity="ticket"), alert("Page")])

    assert re.findall(r'<td><a href="/runbooks/(\w+)"', page) == ["Page", "Ticket", "Over"]


def test_only_current_pages_are_red():
    page = render(VIEW, [alert("Over", status="resolved"), alert("Ticket", severity="ticket"), alert("Page")])

    assert re.findall(r'<tr class=page>.*?/runbooks/(\w+)"', page) == ["Page"]


def test_incidents_beyond_the_limit_are_mentioned():
    assert "and 3 more:" in render(VIEW, [alert("A")] * (INCIDENTS_SHOWN + 3))
    assert "more:" not in render(VIEW, [alert("A")] * INCIDENTS_SHOWN)


def test_a_degraded_state_says_why_and_leads_to_its_runbook():
    page = render(VIEW | {"trouble": "no space <here>"})

    assert "totals are live but not safe: no space &lt;here&gt;; see " in page
    assert 'href="/runbooks/TocsinStateDegraded"' in page


def test_a_catch_up_shows_the_time_reached_and_the_backlog():
    page = render(VIEW | {"lag_seconds": 5400.0, "backlog_bytes": 2_000_000})

    assert "behind: read up to 11-20 01:17:00, 2,000,000 bytes unread; see " in page
    assert 'href="/runbooks/TocsinIngestLagging"' in page


def test_a_harmless_lag_is_not_shown():
    assert "behind:" not in render(VIEW | {"lag_seconds": 600.0, "backlog_bytes": 2_000_000})


def test_an_unreadable_input_is_shown_once_with_the_fix():
    page = render(VIEW | {"unusable_inputs": [{"path": "/var/log/a<b", "reason": "not_a_file", "mend": "name a file"}]})

    assert "1 input cannot be read" in page
    assert page.count("name a file") == 1
    assert "/var/log/a&lt;b cannot be read (not a file): name a file" in page


def test_many_inputs_that_cannot_be_read_leave_room_for_the_categories():
    unusable = [{"path": f"/var/log/{n}", "reason": "missing", "mend": "nothing matches yet"} for n in range(40)]

    page = render(VIEW | {"unusable_inputs": unusable})

    assert page.count("nothing matches yet") == UNUSABLE_SHOWN
    assert 'and 32 inputs more: <a href="/api/v1/status">' in page


def test_an_exporter_without_data_names_the_command_that_explains_it():
    assert "nothing has been read yet: <code>tocsin config check</code>" in render(VIEW | {"events_read": 0})
    assert "nothing has been read yet" not in render(VIEW)


def test_skipped_events_are_told_beside_those_that_were_read():
    page = render(VIEW | {"events_read": 2_000, "events_skipped": 1_500})

    assert "2,000 events read, 1,500 skipped" in page
    assert "no event was recognised as a call" not in page


def test_who_recognises_nothing_leads_to_what_was_skipped():
    page = render(VIEW | {"events_read": 2, "events_skipped": 2})

    assert "no event was recognised as a call: <a href='/recent'>" in page
    assert "runbooks/TocsinEventsUnparsed" in page


def test_a_category_without_a_signal_says_which_one_is_missing():
    page = render(VIEW | {"categories": {name: {"instrumented": False} for name in CATEGORIES}})

    assert re.findall("not instrumented: (.*?)<", page) == [
        "no call has been read", "no answer has been read with its text, nor with scores",
        "no call has been read that says its tokens", "no answer has been read with its text",
    ]  # fmt: skip


def test_guard_only_mode_shows_what_it_judged_and_no_missing_input():
    silent = {name: {"instrumented": False} for name in CATEGORIES}
    silent["safety"] |= {"guard": {"allow": 1200, "block": 3}, "stopped": 4}

    page = render(VIEW | {"mode": "guard", "events_read": 0, "categories": silent})

    assert "the guard alone: 1,203 texts judged" in page
    assert "<dt>stopped before delivery</dt><dd>4</dd>" in page
    assert "judged before delivery, by verdict" in page
    assert re.findall("<h2>(.*?)<", page) == ["safety"]
    for missed in ("nothing has been read yet", "inputs can be read", "not instrumented", "/v1/alerts"):
        assert missed not in page


def test_texts_that_the_guard_shed_are_shown():
    safety = VIEW["categories"]["safety"] | {"guard": {"block": 626}, "shed": 22_714}

    page = render(VIEW | {"categories": VIEW["categories"] | {"safety": safety}})

    assert "22,714 texts were answered without a look, for overload or size; see " in page
    assert 'href="/runbooks/LLMGuardCoverageLow"' in page


def test_folded_labels_are_shown_with_their_runbook():
    page = render(VIEW | {"folded": {"histogram": 4100, "model": 1800}})

    assert "counted as <code>other</code> (histogram 4,100, model 1,800)" in page
    assert 'href="/runbooks/TocsinLabelsFolded"' in page


def test_money_is_shown_in_cents():
    assert "<dd>1,234.50</dd>" in render(VIEW)


def test_a_category_names_its_paging_alert_with_the_runbook():
    page = render(VIEW, [alert("LLMSafetyViolation"), alert("LLMSafetyViolation"), alert("Over", status="resolved")])

    assert re.findall(r'<p class="pages">pages now:<br>(.*?)</p>', page) == ['<a href="/runbooks/LLMSafetyViolation">LLMSafetyViolation</a>']


def test_a_sparkline_is_labelled_with_metric_period_and_newest_value():
    page = render(VIEW, [], {"outage": Trend("share failing", 720.0, 0.0, 0.1, (0.0, None, 0.05, 0.2))})

    assert "share failing, last 12 min <b>20.0%</b>" in page
    assert 'd="M0.0 43.0M200.0 33.0L300.0 3.0"' in page


def test_a_line_of_nothing_is_left_out():
    assert "<path" not in render(VIEW, [], {"outage": Trend("share failing", 20.0, 0.0, 0.1, (None, None))})


def test_bars_are_labelled():
    assert "failures by reason" in render(VIEW)


def test_a_configured_gap_is_shown_as_such_not_as_missing():
    silent = {"outage": True, "quality": False, "cost": True, "safety": False}
    view = VIEW | {
        "categories": {name: {"instrumented": live} for name, live in silent.items()},
        "off_by_choice": {"quality": ["content"], "cost": ["price of hosted_vllm/*", "usage of <embeddings>"], "safety": ["content"]},
    }  # fmt: skip
    page = render(view)

    assert re.findall("off by choice(?:: .*?)?(?=<| &middot;)", page) == [
        "off by choice", "off by choice: content", "off by choice: price of hosted_vllm/*, usage of &lt;embeddings&gt;", "off by choice: content"
    ]  # fmt: skip
    assert "not instrumented" not in page


def leaking(seconds_ago):
    safety = {"instrumented": True, "last_violation": 1_763_606_821.0}
    return VIEW | {"time": 1_763_606_821.0 + seconds_ago, "categories": VIEW["categories"] | {"safety": safety}}


def test_a_leak_of_the_last_hour_is_red_though_no_alertmanager_posts_here():
    page = render(leaking(60))

    assert moods(page) == {"outage": "on", "quality": "on", "cost": "on", "safety": "bad"}
    assert 'pages now:<br><a href="/runbooks/LLMSafetyViolation">' in page


def test_a_leak_is_over_after_an_hour_and_as_soon_as_alertmanager_says_so():
    resolved = [alert("LLMSafetyViolation", status="resolved")]

    assert moods(render(leaking(3_601)))["safety"] == "on"
    assert moods(render(leaking(60), resolved))["safety"] == "on"
