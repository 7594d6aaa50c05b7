"""The sum over consumers is the sum of all tokens, whichever are shown, and no series ever decreases."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounting.consumers import Consumers
from tocsin.call import TOKEN_KINDS, Call, TokenUsage
from tocsin.catalogue import CONSUMER_TOKENS
from tocsin.series.store import Store

KEY = b"k" * 32
CALLS = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 12).map(str)), st.integers(0, 1000)), max_size=200)


def add(consumers: Consumers, value: str | None, usage: TokenUsage) -> None:
    call = Call("id", "call", consumer=value)
    (
        call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens,
    ) = usage  # fmt: skip
    consumers.add_all([call], [usage[0] + usage[1]], usage)


def usage_of(tokens: int) -> TokenUsage:
    """Return counts of which each of the last three is 0 where others are not."""
    return tokens, 2 * tokens, tokens // 2, tokens // 3 % 2, tokens // 5 % 2


def shown(store: Store) -> dict[tuple[str, ...], float]:
    return {row.labels: row.values[0] for row in store.rows[CONSUMER_TOKENS].values()}


@given(CALLS, st.integers(0, 4), st.integers(1, 20))
def test_totals_are_conserved_and_never_fall(calls, top, every):
    store = Store()
    consumers = Consumers(store, top, KEY)
    before: dict[tuple[str, ...], float] = {}
    for number, (value, tokens) in enumerate(calls, 1):
        add(consumers, value, usage_of(tokens))
        if number % every:
            continue
        consumers.changes()
        now = shown(store)
        assert len({labels[0] for labels in now}) <= top + 2
        spent = [sum(counts) for counts in zip(*(usage_of(tokens) for _, tokens in calls[:number]), strict=True)]
        assert [sum(v for (_, k), v in now.items() if k == kind) for kind in TOKEN_KINDS] == spent
        assert now["other", "input"] >= before.get(("other", "input"), 0)
        before = now


@given(CALLS, st.integers(1, 4), st.integers(0, 4))
def test_a_restart_keeps_the_sum_also_with_another_top(calls, top, later_top):
    store, saved = Store(), {}
    consumers = Consumers(store, top, KEY)
    for value, tokens in calls:
        add(consumers, value, (tokens, 0, 0, 0, 0))
        saved.update(consumers.changes())
    again = Store()
    restored = Consumers(again, later_top, KEY)
    restored.restore([(name, value) for name, value in saved.items() if value is not None])
    restored.changes()
    assert sum(shown(again).values()) == sum(shown(store).values())
    if top == later_top:
        assert shown(again) == shown(store)


def test_a_consumer_is_shown_in_the_place_of_another_when_it_is_a_tenth_heavier():
    store = Store()
    consumers = Consumers(store, 1, KEY)
    add(consumers, "first", (100, 0, 0, 0, 0))
    shown_first = set(shown(store))
    add(consumers, "second", (110, 0, 0, 0, 0))
    assert set(shown(store)) == shown_first
    add(consumers, "second", (1, 0, 0, 0, 0))
    assert set(shown(store)) != shown_first
