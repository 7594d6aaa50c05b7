"""Events are put in the order in which they were known, within bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.backtest.ordering import EventSorter
from tocsin.inputs.base import Origin

HERE = Origin("replay", "native", "a.jsonl")
THERE = Origin("replay", "litellm", "b.jsonl")


@given(st.lists(st.tuples(st.floats(0, 1e9), st.binary(max_size=40))), st.integers(1, 2000))
def test_any_memory_gives_the_same_stable_order(events, memory):
    sorter = EventSorter(memory)
    for when, data in events:
        sorter.add(when, data, HERE)

    found = [(when, data) for when, data, _ in sorter]

    assert found == sorted(events, key=lambda event: event[0])


def test_an_event_keeps_its_origin_through_a_temporary_file():
    sorter = EventSorter(memory=1)
    sorter.add(2.0, b"late", HERE)
    sorter.add(1.0, b"early", THERE)

    assert list(sorter) == [(1.0, b"early", THERE), (2.0, b"late", HERE)]
