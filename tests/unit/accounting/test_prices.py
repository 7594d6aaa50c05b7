"""The operator's table is right, a declared price is next, and what nobody knows has no price."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounting.prices import PriceRow, Prices, Rates

RATES = Rates(input=2.0, output=8.0, cache_read=0.5, cache_write=3.0)
COUNT = st.integers(0, 10**9)


def test_cached_tokens_have_prices_of_their_own_within_the_input():
    assert RATES.cost((1_000_000, 0, 250_000, 250_000, 0)) == pytest.approx(1.0 + 0.125 + 0.75)


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
    assert prices.declared_free("hosted_vllm", "llama")
    assert not prices.declared_free("openai", "llama")


def test_an_unknown_model_has_no_price():
    assert Prices([]).rates("nobody", "unheard-of-model", 0.0) is None
