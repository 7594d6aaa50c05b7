"""Samples as promtool's notation, and back."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin import catalogue as cat
from tocsin.backtest.sampling import Sampler, notation, thinned
from tocsin.series.store import Store


def expand(text: str) -> list[str]:
    """Expand the notation as promtool does."""
    out: list[str] = []
    for token in text.split():
        value, _, times = token.partition("x")
        if value == "_":
            out += ["_"] * int(times or 1)
        elif times:
            start, _, _ = value.rpartition("+0")
            out += [start] * (int(times) + 1)
        else:
            out.append(value)
    return out


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=40))
def test_a_series_is_written_as_it_was_seen(values):
    store, sampler = Store(), Sampler({"llm_provider_up"})
    for value in values:
        rows = store.rows.get(cat.PROVIDER_UP, {})
        if value is None:
            for row in list(rows.values()):
                store.remove(row)
        else:
            store.row(cat.PROVIDER_UP, "openai").set(value)
        sampler.sample(store)

    found = [notation(runs, sampler.samples) for _, _, runs in sampler.series()]

    seen = False
    expected = []
    for i, value in enumerate(values):
        gone = value is None and seen and values[i - 1] is not None
        expected.append("stale" if gone else "_" if value is None else str(value))
        seen = seen or value is not None
    if not seen:
        assert found == []
    else:
        padded = (expand(found[0]) + ["_"] * len(values))[: len(values)]
        assert padded == expected


def test_only_wanted_parts_of_a_histogram_are_kept():
    store, sampler = Store(), Sampler({"llm_time_to_first_token_seconds_count"})
    store.row(cat.TTFT, "openai", "gpt-4o", "support").observe(0.4)
    store.row(cat.REQUESTS, "openai", "gpt-4o", "support").add(1)
    sampler.sample(store)

    names = [name for name, _, _ in sampler.series()]

    assert names == ["llm_time_to_first_token_seconds_count"]


def test_buckets_are_cumulative():
    store, sampler = Store(), Sampler({"llm_time_to_first_token_seconds_bucket"})
    for value in (0.04, 0.4, 100.0):
        store.row(cat.TTFT, "openai", "gpt-4o", "support").observe(value)
    sampler.sample(store)

    counts = {pairs.rpartition("le=")[2]: runs[0][2] for _, pairs, runs in sampler.series()}

    assert (counts['"0.05"'], counts['"0.5"'], counts['"60.0"'], counts['"+Inf"']) == (1, 2, 2, 3)


def test_timestamps_move_with_the_origin_and_zero_stays():
    assert notation([(0, 1, 0), (1, 2, 1000.0)], 3, shift=900) == "0 100+0x1"


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.integers(1, 5))
def test_thinning_keeps_every_nth_sample(values, stride):
    runs = thinned([(i, 1, value) for i, value in enumerate(values)], stride)

    assert expand(notation(runs, len(runs))) == [str(v) for v in values[::stride]]


def scraped(rounds, name):
    """Observe some values before each scrape; return the sampler, and the count at each scrape."""
    store, sampler = Store(), Sampler({name})
    row = store.row(cat.TTFT, "openai", "gpt-4o", "support")
    counts, seen = [], 0
    for observed in rounds:
        for value in observed:
            row.observe(value)
        seen += len(observed)
        counts.append(str(seen))
        sampler.sample(store)
    return sampler, counts


@given(st.lists(st.lists(st.sampled_from([0.01, 0.3, 9.0]), max_size=3), min_size=1, max_size=12))
def test_a_histogram_has_the_values_of_each_scrape(rounds):
    sampler, counts = scraped(rounds, "llm_time_to_first_token_seconds_count")

    [(_, _, runs)] = sampler.series()
    assert expand(notation(runs, len(rounds))) == counts


@given(st.lists(st.lists(st.sampled_from([0.01, 0.3, 9.0]), max_size=3), min_size=1, max_size=12))
def test_sparse_buckets_have_one_scrape_per_minute(rounds):
    sampler, counts = scraped(rounds, "llm_time_to_first_token_seconds_bucket")

    runs = next(runs for _, pairs, runs in sampler.series(frozenset(sampler.names)) if pairs.endswith('le="+Inf"'))
    values = expand(notation(runs, len(rounds), every=4))
    assert values[0::4] == counts[0::4]


def test_the_changes_of_a_series_are_reported():
    store, sampler = Store(), Sampler({"llm_requests_total", "llm_provider_up", "llm_refusals_total"})
    labels = ("openai", "gpt-4o", "support")
    store.row(cat.PROVIDER_UP, "openai").set(1)
    store.row(cat.REFUSALS, *labels)
    for _ in range(2):
        store.row(cat.REQUESTS, *labels).add(1)
        sampler.sample(store)

    did = {name: found[0][1].name for name, found in sampler.seen().items()}
    assert did == {"llm_requests_total": "MOVING", "llm_provider_up": "FLAT", "llm_refusals_total": "ZERO"}
    assert sampler.seen()["llm_provider_up"][0][0] == {"provider": "openai"}
