"""The page that a backtest writes, and what would have halved the pages."""

from datetime import datetime

from tocsin.backtest.report import halving, render
from tocsin.backtest.timeline import Alert


def page_for(route: str, name: str = "LLMQualityScoreDropped") -> Alert:
    summary = {"summary": "<b>worse</b>"}
    return Alert(name, "quality", "page", {"route": route}, 1000.0, 1600.0, 5000.0, summary)


RESULT = {
    "from": "2026-11-16T00:00:00Z", "to": "2026-11-23T00:00:00Z", "calls": 1000, "pages_per_week": 2,
    "nearest": [{"alertname": "LLMCostAnomaly", "labels": {}, "value": 40.0, "threshold": 50.0, "at": "2026-11-17T00:00:00Z"}],
    "alerts": [],
}  # fmt: skip


def test_the_page_names_the_noisiest_route_and_escapes_alert_texts():
    alerts = [page_for("support"), page_for("support"), page_for("search")]

    page = render(RESULT, alerts, 604_800, "--set quality.dropRatio=0.3 would have paged 1 times instead of 3.")

    assert "LLMQualityScoreDropped of support, 2 of 3 pages" in page
    assert "quality.dropRatio=0.3" in page
    assert "<b>worse" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_an_alert_that_still_fires_is_drawn_up_to_the_end_of_the_log():
    begin = datetime.fromisoformat(RESULT["from"]).timestamp()
    alert = Alert("LLMTokensUnpriced", "cost", "ticket", {"model": "own"}, begin, begin + 3.5 * 86_400)

    page = render(RESULT, [alert], 604_800, None)

    assert 'x="630.0"' in page
    assert 'width="330.0"' in page


def test_a_setting_is_tried_until_the_pages_are_halved():
    tried = []

    def count(key, value):
        tried.append((key, value))
        return 1 if value > 0.3 else 3

    said = halving([page_for("support")] * 3, lambda key: 0.15, count)

    assert tried == [("quality.dropRatio", 0.225), ("quality.dropRatio", 0.3375)]
    assert said == "--set quality.dropRatio=0.3375 would have paged 1 times instead of 3."


def test_safety_has_no_setting_that_pages_less():
    said = halving([page_for("support", "LLMSafetyViolation")], lambda key: 0.0, lambda key, value: 0)

    assert said == "No setting makes LLMSafetyViolation of support page less: mend what it tells of."


def test_without_pages_nothing_is_advised():
    assert halving([], lambda key: 0.0, lambda key, value: 0) is None
