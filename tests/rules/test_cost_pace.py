"""The fast window of cost: a steep rise pages within ten minutes, one dear call does not."""

from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "cost-spending", "cost-consumers", "cost")
EXPECTED = series("llm_cost_usd:expected", "10x120", baseline="1")
FAST = "LLMCostRisingFast"
TOKENS = [series("llm_consumer_tokens_total", "0+1000x120", consumer="h1", kind="input"),
          series("llm_consumer_tokens_total", "0+10x120", consumer="h2", kind="input")]  # fmt: skip


def cost(values):
    return series("llm_cost_usd_total", values, provider="openai", model="gpt-4o", route="support", source="reported")


UNEVEN = " ".join(f"{sum(6.0 if i // 3 % 2 == 0 else 4.4 for i in range(n)):.1f}" for n in range(1, 60))
"""$312 an hour: three minutes of $6, three of $4.40."""
CASES = [
    Case("a pace of $600 an hour pages within ten minutes", FAST, [EXPECTED, cost("0x19 10+10x60")], {"20m": 0, "29m": 1, "30m": 1}),
    Case(
        "a pace names who spends, and resolves when the hour has forgotten it", FAST,
        [EXPECTED, *TOKENS, cost("0x19 10+10x20 210x90")], {"29m": 1, "41m": 1, "100m": 1, "106m": 0},
        text=Text("35m", "page", "cost", "Spending is rising steeply.",
                  "At the current rate, spending is $590 an hour higher than expected. Top consumer: h1. Ongoing for "
                  "13m 0s.", action="throttle", owner="platform"),
    ),
    Case("a pace that is over $300 an hour on average pages within ten minutes", FAST, [EXPECTED, cost("0x19 " + UNEVEN)], {"30m": 1}),
    Case("no data is silent", FAST, [EXPECTED], {"30m": 0}),
    Case("a lost state that begins at 0 is no pace", FAST, [EXPECTED, cost("5000+0.1x29 0+0.1x60")], {"32m": 0, "40m": 0}),
    Case("a pace of $240 an hour is left to the hour", FAST, [EXPECTED, cost("0x19 4+4x60")], {"30m": 0, "50m": 0}),
    Case("once the hour has paged, a pace under $300 an hour is no rise though chance brings it near", FAST,
         [EXPECTED, cost("0x19 3.5+3.5x39 144.9+4.9x11 202.3+3.5x40")], {"50m": 0, "66m": 0, "70m": 0, "75m": 0}),
    Case("once the hour has paged, a pace of more than $300 an hour pages", FAST,
         [EXPECTED, cost("0x19 3.5+3.5x39 146+6x40")], {"50m": 0, "70m": 1}),
    Case("a pace of $600 an hour pages within ten minutes though what is expected became known with it", FAST,
         [series("llm_cost_usd:expected", "_x19 10x100", baseline="1"), cost("0x19 10+10x60")], {"20m": 0, "30m": 1}),
    Case("a batch that spends what its hour is expected to cost pages nobody, however steep", FAST,
         [series("llm_cost_usd:expected", "160x120", baseline="1"), cost("0x19 10+10x14 150x60")], {"29m": 0, "34m": 0, "38m": 0}),
    Case("one call of $40 is no pace", FAST, [EXPECTED, cost("0x19 40x60")], {"22m": 0, "26m": 0, "30m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
