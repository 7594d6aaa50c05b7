"""The operator's table comes first, a declared price next, and unknown models have no price."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.accounting.prices import PriceRow, Prices, PricesAwaitedError, Rates, find_library
from tocsin.call import Call
from tocsin.series.store import Store

RATES = Rates(input=2.0, output=8.0, cache_read=0.5, cache_write=3.0)
COUNT = st.integers(0, 10**9)


def test_cached_tokens_have_prices_of_their_own_within_the_input():
    assert RATES.cost((1_000_000, 0, 250_000, 250_000, 0)) == pytest.approx(1.0 + 0.125 + 0.75)


def test_fully_cached_input_costs_only_its_cached_tokens():
    assert RATES.cost((10, 0, 10, 0, 0)) == 10 * RATES.cache_read / 1e6


def test_reasoning_is_paid_as_the_output_it_is_part_of():
    assert RATES.cost((0, 1_000_000, 0, 0, 900_000)) == pytest.approx(8.0)


@given(st.tuples(COUNT, COUNT, COUNT, COUNT, COUNT))
def test_no_usage_costs_less_than_nothing(usage):
    assert RATES.cost(usage) >= 0


def test_the_first_row_that_matches_wins():
    cheap = Rates(0.0, 0.0, 0.0, 0.0)
    prices = Prices([PriceRow("openai", "gpt-*", RATES), PriceRow("*", "*", cheap)])
    assert prices.rates("openai", "gpt-4o", 0.0) is RATES
    assert prices.rates("azure", "gpt-4o", 0.0) is cheap


def test_a_declared_price_is_by_model_or_by_provider_and_model():
    prices = Prices([], {"hosted_vllm/*": 0.0})
    assert prices.rates("hosted_vllm", "llama", 0.0) == Rates(0.0, 0.0, 0.0, 0.0)
    assert prices.rates("openai", "llama", 0.0) is None


def test_an_unknown_model_has_no_price():
    assert Prices([]).rates("nobody", "unheard-of-model", 0.0) is None


NOW = 1_764_000_000.0
"""November 2025. The prices below are those of the vendors' own pages at that time."""


@pytest.mark.parametrize(
    ("host", "name"), [("api.openai.com", "openai"), ("mine.openai.azure.com", "azure"), ("api.mistral.ai", "mistral")]
)
def test_a_host_is_priced_by_the_name_its_provider_is_known_by(host, name):
    prices = Prices([PriceRow("other", "m", Rates(9.0, 9.0, 9.0, 9.0)), PriceRow(name, "m", RATES)], {f"{name}/free": 0.0})

    assert prices.rates(host, "m", 0.0) == RATES
    assert prices.rates(host, "free", 0.0) == Rates(0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def library():
    return find_library() or pytest.skip("genai-prices is not installed (extra `prices`)")


@pytest.mark.parametrize(
    ("provider", "model", "rates"),
    [
        ("openai", "gpt-4o", Rates(2.5, 10.0, 1.25, 2.5)),
        ("api.openai.com", "gpt-4o-mini", Rates(0.15, 0.6, 0.075, 0.15)),
        ("anthropic", "claude-sonnet-4-5", Rates(3.0, 15.0, 0.3, 3.75)),
        ("api.anthropic.com", "claude-sonnet-4-5", Rates(3.0, 15.0, 0.3, 3.75)),
        ("openrouter", "openai/gpt-4o", Rates(2.5, 10.0, 2.5, 2.5)),  # it lists no price of cached input
        ("unknown", "gpt-4o", Rates(2.5, 10.0, 1.25, 2.5)),
    ],
)
def test_genai_prices_fills_in_models_without_a_configured_price(library, provider, model, rates):
    found = Prices([], None, lambda: library).rates(provider, model, NOW)
    assert (found.input, found.output, found.cache_read) == pytest.approx((rates.input, rates.output, rates.cache_read))


def test_a_cache_write_that_is_kept_for_an_hour_costs_more(library):
    found = Prices([], None, lambda: library).rates("anthropic", "claude-sonnet-4-5", NOW)
    assert (found.cache_write, found.hour_write) == pytest.approx((3.75, 6.0))


def test_the_lowest_tier_of_a_price_applies(library):
    found = Prices([], None, lambda: library).rates("gemini", "gemini-2.5-pro", NOW)
    assert (found.input, found.output) == pytest.approx((1.25, 10.0))


def test_models_unknown_to_genai_prices_have_no_price(library):
    assert Prices([], None, lambda: library).rates("openai", "unheard-of-model", NOW) is None


def test_configured_prices_override_genai_prices(library):
    assert Prices([PriceRow("*", "gpt-4o", RATES)], None, lambda: library).rates("openai", "gpt-4o", NOW) is RATES


def test_genai_prices_is_queried_once_per_model_and_day(library, monkeypatch):
    prices = Prices([], None, lambda: library)
    first = prices.rates("openai", "gpt-4o", NOW)
    monkeypatch.setattr(library, "calc_price", lambda *a, **k: pytest.fail("asked again"))
    assert prices.rates("openai", "gpt-4o", NOW + 60) is first


def test_genai_prices_uses_no_network(library, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("the network was asked"))
    assert Prices([], None, find_library).rates("openai", "gpt-4o", NOW) is not None


async def test_a_cost_is_counted_when_the_prices_it_waits_for_are_there():
    loaded = asyncio.Event()

    def library():
        if not loaded.is_set():
            raise PricesAwaitedError(loaded.wait)

    ledger = Ledger(Store(), Settings(prices=Prices([], None, library)))
    ledger.count(Call(id="1", call_id="1", provider="p", model="m", route="r", start=NOW, input_tokens=1000, output_tokens=50), NOW)
    ledger.settle()
    unpriced = ledger.store.row(cat.UNPRICED, "p", "m", "r")
    early = unpriced.values[0], len(ledger.deferred)
    loaded.set()
    await ledger.deferred.popleft()()
    assert (early, unpriced.values[0], len(ledger.deferred)) == ((0, 1), 1050, 0)
