"""The dedupe memory is bounded, keeps the newest ids, and survives a restart."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounting.deduplication import ITEM_LEAST, SeenIds, identity


def saved_after(seen: SeenIds, saved: dict[str, bytes]) -> dict[str, bytes]:
    for name, value in seen.changes():
        if value is None:
            del saved[name]
        else:
            saved[name] = value
    return saved


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200))
def test_no_identity_is_new_twice_while_it_is_remembered(keys):
    seen, known = SeenIds(), set()
    for key in keys:
        assert seen.add(key) == (key not in known)
        known.add(key)


@given(st.lists(st.integers(0, 60), max_size=300), st.lists(st.integers(1, 9), min_size=1))
def test_the_newest_generation_is_always_known_even_after_restarts(keys, steps):
    seen, saved, newest = SeenIds(10), {}, []
    for number, key in enumerate(keys):
        if seen.add(key):
            newest.append(key)
        if number % steps[number % len(steps)] == 0:
            saved = saved_after(seen, saved)
        if number % 37 == 36:
            saved = saved_after(seen, saved)
            seen = SeenIds(10)
            seen.restore(saved.items())
        assert all(known in seen for known in newest[-10:])
        assert len(seen) <= 20


def test_items_of_the_state_stay_few_and_short_across_commits_and_restarts():
    seen, saved = SeenIds(), {}
    for key in range(2000):
        seen.add(key)
        saved = saved_after(seen, saved)
        if key % 100 == 0:
            seen = SeenIds()
            seen.restore(saved.items())
    assert [len(value) for value in saved.values()][:-1] == [8 * ITEM_LEAST] * (2000 // ITEM_LEAST)
    assert all(key in seen for key in range(2000))


def test_a_lone_surrogate_has_an_identity():
    assert identity("\ud800") != identity("")
