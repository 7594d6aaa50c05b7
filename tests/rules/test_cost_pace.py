"""The fast window of cost: a steep rise pages within ten minutes, one dear call does not."""

from promtool import Case, failed, series

GROUPS = ("routes", "cost-spending", "cost")
EXPECTED = series("llm_cost_usd:expected", "10x120", baseline="1")
FAST = "LLMCostRisingFast"


def cost(values):
    return series("llm_cost_usd_total", values, provider="openai", model="gpt-4o", route="support", source="reported")


CASES = [
    Case("a pace of $600 an hour pages within ten minutes", FAST, [EXPECTED, cost("0x19 10+10x60")], {"20m": 0, "29m": 1}),
    Case("a pace of $240 an hour is left to the hour", FAST, [EXPECTED, cost("0x19 4+4x60")], {"30m": 0, "50m": 0}),
    Case("one call of $40 is no pace", FAST, [EXPECTED, cost("0x19 40x60")], {"22m": 0, "26m": 0, "30m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
