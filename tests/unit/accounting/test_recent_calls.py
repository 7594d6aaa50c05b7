"""Ids of calls and what is remembered of them: bounded, durable, few items."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounting.deduplication import ITEM_LEAST
from tocsin.accounting.recent_calls import RecentCalls


def test_memory_is_bounded_and_keeps_the_newest():
    memory = RecentCalls(generation=10)
    for i in range(1000):
        memory.put(f"id-{i}", f"label-{i % 3}")

    assert [memory.get(f"id-{i}") for i in (0, 995, 999)] == [None, "label-2", "label-0"]
    assert len(memory._young) + len(memory._old) <= 20


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=60), st.integers(1, 7))
def test_memory_is_the_same_after_a_restart(puts, every):
    memory, saved = RecentCalls(generation=8), {}
    for number, (key, text) in enumerate(puts, 1):
        memory.put(str(key), text)
        if number % every == 0:
            saved.update(memory.changes())
    saved.update(memory.changes())
    again = RecentCalls(generation=8)
    again.restore((name, value) for name, value in saved.items() if value is not None)

    assert {key: again.get(str(key)) for key, _ in puts[-8:]} == dict(puts[-8:])


def test_incrementally_written_memory_stays_few_items_across_restarts():
    memory, saved = RecentCalls(), {}
    for number in range(1200):
        memory.put(str(number), "abc"[number % 3])
        saved.update(memory.changes())
        if number % 100 == 0:
            memory = RecentCalls()
            memory.restore(saved.items())
    again = RecentCalls()
    again.restore(saved.items())

    assert len(saved) == 1 + 1200 // ITEM_LEAST
    assert [again.get(str(number)) for number in range(1200)] == ["abc"[number % 3] for number in range(1200)]
