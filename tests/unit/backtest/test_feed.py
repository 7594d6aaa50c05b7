"""Logs are split into events before they are sorted."""

from __future__ import annotations

import json
import re

import pytest

from tocsin import catalogue as cat
from tocsin import external, formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.backtest import reading
from tocsin.backtest.feed import Collector, PeriodError, drive
from tocsin.backtest.ordering import EventSorter
from tocsin.backtest.sampling import Sampler
from tocsin.commands import main
from tocsin.config import Config
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.judge import Judge
from tocsin.scoring.scoring import Scoring
from tocsin.scoring.unscored import Sampling
from tocsin.series.store import Store

ORIGIN = Origin("replay", "auto", "calls.jsonl")
BEGAN = 1_795_297_366


def test_the_elements_of_an_array_are_sorted_despite_python_only_json():
    events = [
        {"v": 1, "id": f"c-{minute}", "time": f"2026-11-20T02:{minute}:00Z", "model": "m", "status": 200, "cost_usd": cost}
        for minute, cost in ((47, 0.1), (12, float("nan")))
    ]
    sorter = EventSorter()
    Collector(sorter, now=2e9).take(json.dumps(events).encode(), Origin("replay", "native"))
    assert [json.loads(data)["id"] for _, data, _ in sorter] == ["c-12", "c-47"]


def test_a_flag_with_the_start_time_of_its_call_is_sorted_after_the_call():
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
        ("", "the logs contain none"),
        ("{nope\n" * 3, "skipped: 3 not_json.*--format auto"),
        ('{"v": 1, "id": "c", "model": "m"}\n', "skipped: 1 missing_time"),
    ],
)
def test_logs_without_an_event_are_reported_with_their_skip_reasons(text, said, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(external, "find", lambda _name: "promtool")
    log = tmp_path / "calls.jsonl"
    log.write_text(text, encoding="utf-8")

    assert main(["backtest", str(log)]) == 1

    assert re.search(said, capsys.readouterr().err)


class Recursive:
    def parse(self, data):
        return self.parse(data)


def test_a_record_too_deep_for_an_adapter_is_left_to_the_count(monkeypatch):
    monkeypatch.setattr(formats, "get", lambda _: Recursive())
    sorter = EventSorter()
    collector = Collector(sorter, now=2e9)

    collector.take(b'{"id": "1"}', Origin("replay", "native"))

    assert list(sorter) == []


def told(seconds: float, **words: str) -> bytes:
    """Return a span of one call that ended at a time, with or without content."""
    known = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.id": "answer-0001", "gen_ai.response.finish_reasons": "stop"} | words
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in known.items()]
    at = str(int((BEGAN + seconds) * 10**9))
    spans = [{"traceId": "a" * 32, "startTimeUnixNano": at, "endTimeUnixNano": at, "attributes": attributes}]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


@pytest.mark.parametrize(("gap", "scored", "unscored"), [(60, 1, 0), (600, 0, 1), (None, 0, 1)])
def test_words_that_another_record_tells_are_waited_for_in_the_time_of_the_log(gap, scored, unscored):
    sorter = EventSorter()
    collector = Collector(sorter, now=2e9)
    collector.take(told(0), ORIGIN)
    if gap is not None:
        said = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "My card is 4532 0157 8364 1928."}]}])
        collector.take(told(gap, **{"gen_ai.output.messages": said}), ORIGIN)
    ledger = Ledger(Store(), Settings())
    intake = Intake(ledger, lambda word: formats.get(word, content=True), lambda: 0.0, Scoring(ledger, Judge(Config())))

    drive(reading.read_ahead(sorter, Config(), Sampling()), 2, intake, ledger, Sampler(()), before_page=lambda: None, progress=lambda _: None)

    assert (ledger.store.total(cat.SCORED), ledger.store.total(cat.UNSCORED)) == (scored, unscored)
    assert ledger.store.total(cat.VIOLATIONS) == (gap is not None)
