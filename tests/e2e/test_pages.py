"""The fast incidents, live: real Prometheus and Alertmanager with the shipped rules, and a receiver, within a minute.

Outage runs at a tenth of the rules' time, so that three minutes are eighteen seconds; safety runs at full time and with
the scrape interval of production, since its promise is in seconds.
"""

import contextlib
import json
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.demo.simulator import CARD
from tocsin.demo.stack import Addresses, start_stack


class Live:
    """A running exporter whose alerts come back to it."""

    def __init__(self, exporter, places: Addresses, log: Path) -> None:
        self._exporter, self._places, self._log = exporter, places, log
        self._count = 0

    def alerting(self, stack: ExitStack, scrape: str, **overrides) -> None:
        start_stack(stack, self._places, overrides, scrape=scrape)

    def write(self, output: str = "Your order was shipped.", *, broken: bool = False) -> float:
        self._count += 1
        now = time.time()
        event = {
            "v": 1, "id": f"live-{self._count}", "time": datetime.fromtimestamp(now, UTC).isoformat(), "provider": "openai", "model": "gpt-4o",
            "route": "support-bot", "status": 200, "duration_s": 0.01, "usage": {"input": 20, "output": 10},
            "cost_usd": 0.0002, "finish_reason": "stop", "input": "Where is my order?", "output": output,
        }  # fmt: skip
        if broken:
            del event["usage"], event["cost_usd"], event["output"], event["finish_reason"]
            event |= {"status": 503, "error": {"type": "provider_5xx", "message": "made up"}}
        with self._log.open("a", encoding="utf-8") as out:
            out.write(json.dumps(event) + "\n")
        return now

    def page(self, category: str, within: float, meanwhile=lambda: None) -> dict:
        until = time.monotonic() + within
        while time.monotonic() < until:
            url = f"http://127.0.0.1:{self._exporter.port}/api/v1/incidents"
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                for alert in json.load(answer)["incidents"]:
                    if alert["category"] == category and alert["severity"] == "page":
                        return alert
            meanwhile()
            time.sleep(0.2)
        pytest.fail(f"no page for {category} within {within} s")


@pytest.fixture
def live(running):
    return Live(*running)


def test_a_leaked_card_number_is_at_the_receiver_within_a_minute_of_its_log_line(live):
    with ExitStack() as stack:
        live.alerting(stack, "15s")
        live.write()
        leaked = live.write(f"The card on file is {CARD}.")

        alert = live.page("safety", within=60)

    assert alert["alertname"] == "LLMSafetyViolation"
    assert "oncall" in alert["receivers"]
    assert alert["delivered_at"] - leaked <= 60


def test_a_total_outage_is_at_the_receiver_within_three_minutes_of_the_rules_time(live):
    scale = 0.1
    with ExitStack() as stack:
        live.alerting(stack, "1s", timeScale=scale)
        until = time.monotonic() + 8
        while time.monotonic() < until:
            for _ in range(5):
                live.write()
            time.sleep(0.25)
        began = time.time()

        alert = live.page("outage", 40, meanwhile=lambda: [live.write(broken=True) for _ in range(5)])

    assert alert["alertname"] in ("LLMRequestsFailing", "LLMNoSuccess")
    assert alert["delivered_at"] - began <= 180 * scale + 5  # scraping once a second and delivering are not scaled
