"""What the status page shows first, and what is red on it."""

import re

from tocsin.web.status import CATEGORIES, render

VIEW = {
    "events_read": 10, "share_priced": 1.0, "share_scored": 1.0, "share_guarded": None, "series": 5, "series_max": 20_000, "unusable_inputs": [],
    "degraded": False, "ready": True, "categories": {name: {"instrumented": True, "failures": {"provider_5xx": 3}, "usd": 1234.5} for name in CATEGORIES},
}  # fmt: skip


def alert(name, category="safety", severity="page", status="firing"):
    return {
        "alertname": name, "category": category, "severity": severity, "status": status, "summary": "It happened.", "receivers": ["oncall"],
        "fired_at": "2026-11-20T02:47:00Z", "delivered_at": 1763606821.0, "resolved_at": None if status == "firing" else 1763606900.0,
    }  # fmt: skip


def moods(page):
    return dict(zip(CATEGORIES, re.findall(r'<section class="(\w+)">', page), strict=True))


def test_a_category_is_red_while_it_pages():
    page = render(VIEW, [alert("A"), alert("B", "cost", status="resolved"), alert("C", "quality", severity="ticket")])

    assert moods(page) == {"outage": "on", "quality": "on", "cost": "on", "safety": "bad"}


def test_what_pages_now_stands_before_what_is_over_and_before_tickets():
    page = render(VIEW, [alert("Over", status="resolved"), alert("Ticket", severity="ticket"), alert("Page")])

    assert re.findall(r"<b>(\w+)</b>", page) == ["Page", "Ticket", "Over"]


def test_money_is_shown_in_cents():
    assert "<dd>1,234.50</dd>" in render(VIEW)
