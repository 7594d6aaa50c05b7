"""Logs are taken apart into events before they are put in order."""

from __future__ import annotations

import json

from tocsin.backtest.feed import Collector
from tocsin.backtest.ordering import EventSorter
from tocsin.inputs.base import Origin


def test_the_elements_of_an_array_are_put_in_order_although_one_holds_what_only_python_writes():
    events = [
        {"v": 1, "id": f"c-{minute}", "time": f"2026-11-20T02:{minute}:00Z", "model": "m", "status": 200, "cost_usd": cost}
        for minute, cost in ((47, 0.1), (12, float("nan")))
    ]
    sorter = EventSorter()
    Collector(sorter, now=2e9).take(json.dumps(events).encode(), Origin("replay", "native"))
    assert [json.loads(data)["id"] for _, data, _ in sorter] == ["c-12", "c-47"]
