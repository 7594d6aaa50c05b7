"""Events are read by several processes as by one, in the same order."""

from __future__ import annotations

import json

import pytest

from tocsin.backtest import reading
from tocsin.backtest.ordering import EventSorter
from tocsin.call import Call
from tocsin.config import Config
from tocsin.inputs.base import Origin
from tocsin.scoring.unscored import Sampling

HERE = Origin("replay", "native", "calls.jsonl")
OF_TWO = b'[{"v": 1, "id": "first", "model": "m", "time": 1764000000}, {"v": 1, "id": "second", "model": "m"}, 7]'


def line(number: int) -> bytes:
    answer = f"Write to jane.{number}.roe@acme-corp.io about it." if number % 3 else "It is 4."
    call = {"v": 1, "id": f"c-{number}", "time": 1764000000 + number, "model": "m", "output": answer}
    return json.dumps(call).encode()


def sorted_events(lines: list[bytes]) -> EventSorter:
    sorter = EventSorter()
    for number, data in enumerate(lines):
        sorter.add(float(number), data, HERE)
    return sorter


def read(lines: list[bytes]) -> list[reading.Known]:
    return list(reading.read_ahead(sorted_events(lines), Config(), Sampling()))


def test_several_processes_read_as_one_does(monkeypatch):
    lines = [*map(line, range(40)), b"{nope", b" ", OF_TWO]
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 2)
    alone = read(lines)
    monkeypatch.setattr(reading, "FEW", 0)
    monkeypatch.setattr(reading, "_BATCH", 300)

    assert read(lines) == alone


def test_events_are_judged_while_they_are_read():
    [(_, _, [(event, seen)])] = read([line(1)])

    assert isinstance(event, Call)
    assert seen is not None
    assert seen.answer is not None
    assert [judged.finding.type for judged in seen.answer.judged] == ["email"]


def test_skipped_records_have_reasons_and_arrays_are_split():
    found = [events for _, _, events in read([b"{nope", b"  ", OF_TWO])]

    assert [[event if isinstance(event, str) else event.id for event, _ in events] for events in found] == [
        ["not_json"], [], ["first", "missing_time", "not_object"],
    ]  # fmt: skip


def test_a_killed_reader_is_reported(monkeypatch):
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(reading, "FEW", 0)
    monkeypatch.setattr(reading, "_serve", exits)

    with pytest.raises(reading.ReadingError, match="enough memory"):
        read([line(1)])


def exits(end, *_settings):
    end.close()
