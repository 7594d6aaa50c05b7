"""What on-call reads on a phone, rendered by Chromium: nothing overflows the screen."""

from browser import browsing
from tocsin.web import runbooks
from tocsin.web.status import CATEGORIES, render

TELEPHONE = 390
"""Pixels in CSS across a common one."""


def incident(route):
    return {
        "alertname": "LLMSafetyViolation", "category": "safety", "severity": "page", "status": "firing", "summary": f"The route {route} leaked.",
        "receivers": ["oncall"], "fired_at": "2026-11-20T02:47:00Z", "delivered_at": 1763606821.0, "resolved_at": None,
    }  # fmt: skip


async def test_pages_fit_a_phone_screen_with_long_names_and_tables(tool, tmp_path):
    view = {
        "events_read": 10, "events_skipped": 0, "share_priced": 1.0, "share_scored": 1.0, "share_guarded": None, "series": 5, "series_max": 20_000,
        "unusable_inputs": [{"path": "/var/log/" + "x" * 200, "reason": "permission denied", "mend": "let it be read"}],
        "mode": "exporter", "folded": {"model": 10**9}, "trouble": "state cannot be written: disk full", "ready": False, "backlog_bytes": 10**9, "off_by_choice": {"quality": [], "cost": [], "safety": []},
        "categories": {name: {"instrumented": True, "by_model": {"m" * 200: 1e9}} for name in CATEGORIES},
    }  # fmt: skip
    pages = {
        "status": render(view, [incident("l" * 200), incident("\u0645\u0633\u0627\u0639\u062f\u0629")]),
        "runbook": runbooks.render("LLMSafetyViolation"),
    }
    widths = {}

    async with browsing(tool("chromium"), tmp_path / "profile") as page:
        await page.command("Emulation.setDeviceMetricsOverride", width=TELEPHONE, height=800, deviceScaleFactor=1, mobile=True)
        for name, text in pages.items():
            (tmp_path / f"{name}.html").write_text(text)
            await page.open((tmp_path / f"{name}.html").as_uri())
            widths[name] = await page.evaluate("[innerWidth, document.documentElement.scrollWidth]")

    assert widths == {name: [TELEPHONE, TELEPHONE] for name in pages}
