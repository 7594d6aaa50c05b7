"""Logs are taken apart into events before they are put in order."""

from __future__ import annotations

import json
import re

import pytest

from tocsin import external
from tocsin.backtest.feed import Collector, PeriodError
from tocsin.backtest.ordering import EventSorter
from tocsin.commands import main
from tocsin.inputs.base import Origin


def test_the_elements_of_an_array_are_put_in_order_although_one_holds_what_only_python_writes():
    events = [
        {"v": 1, "id": f"c-{minute}", "time": f"2026-11-20T02:{minute}:00Z", "model": "m", "status": 200, "cost_usd": cost}
        for minute, cost in ((47, 0.1), (12, float("nan")))
    ]
    sorter = EventSorter()
    Collector(sorter, now=2e9).take(json.dumps(events).encode(), Origin("replay", "native"))
    assert [json.loads(data)["id"] for _, data, _ in sorter] == ["c-12", "c-47"]


def test_a_flag_that_bears_the_time_at_which_its_call_began_comes_after_the_call():
    call = {"v": 1, "id": "c", "time": "2026-11-20T02:47:00Z", "duration_s": 9, "model": "m", "status": 200}
    flag = {"v": 1, "type": "feedback", "id": "f", "call_id": "c", "time": call["time"], "flag": "unsafe"}
    sorter = EventSorter()
    collector = Collector(sorter, now=2e9)
    for event in (call, flag):
        collector.take(json.dumps(event).encode(), Origin("replay", "native"))
    assert [json.loads(data)["id"] for _, data, _ in sorter] == ["c", "f"]


def test_an_event_of_another_year_is_refused_with_the_time_that_all_cover():
    collector = Collector(EventSorter(), now=2e9)
    for year in (2025, 2026):
        event = {"v": 1, "id": f"c-{year}", "time": f"{year}-11-20T02:47:00Z", "model": "m", "status": 200}
        collector.take(json.dumps(event).encode(), Origin("replay", "native"))

    with pytest.raises(PeriodError, match=r"365 days, from 2025-11-20 to 2026-11-20.*wrong time"):
        collector.check()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "none in what was given"),
        ("{nope\n" * 3, "skipped: 3 not_json.*--format auto"),
        ('{"v": 1, "id": "c", "model": "m"}\n', "skipped: 1 missing_time"),
    ],
)
def test_logs_without_an_event_are_told_by_what_became_of_them(text, said, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(external, "find", lambda _name: "promtool")
    log = tmp_path / "calls.jsonl"
    log.write_text(text, encoding="utf-8")

    assert main(["backtest", str(log)]) == 1

    assert re.search(said, capsys.readouterr().err)
