"""Cost: money of the whole fleet, and who spends it."""

from promtool import Case, Text, compiled, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "cost-spending", "cost-consumers", "cost-baselines", "cost")
INTERVAL = "5m"
RULES = compiled(baseline__window=12 * 3600, cost__learning=3 * 3600, cost__ceilingPerHour=200)
"""Three hours are learnt instead of a day, so that the tests are short."""
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
KNOWN = series("llm_route_info", "1x400", route="support", owner="team", tier="prod", traffic="live")
ANOMALY, FAST, CEILING = "LLMCostAnomaly", "LLMCostRisingFast", "LLMCostCeilingExceeded"


def cost(values, **labels):
    return series("llm_cost_usd_total", values, **{**CALL, "source": "reported", **labels})


def late(values):
    return series("llm_late_cost_usd_total", values, **CALL)


def burst(dollars):
    """Six hours of a dollar a step, then so many dollars at once, then a dollar a step."""
    return cost(f"0+1x72 {73 + dollars}+1x60")


def nightly(minutes):
    """A dollar a step, and $100 at 02:05 and so many minutes earlier the next night."""
    steps = 288 - minutes // 5
    return cost(f"0+1x24 125+1x{steps - 1} {225 + steps}+1x60")


TOP = [series("llm_consumer_tokens_total", "0+100x200", consumer="h1", kind="input"),
       series("llm_consumer_tokens_total", "0+10x200", consumer="h2", kind="input")]
CASES = [
    Case(
        "$50.01 above what is expected pages, and resolves", ANOMALY, [*TOP, burst(50.02)], {"6h": 0, "6h5m": 1, "8h": 0},
        text=Text("6h5m", "page", "cost", "Spending is higher than expected.",
                  "$50.02 more than expected were spent in the last hour. Top consumer: h1.",
                  {"cause_hint": "load"}, action="throttle", owner="platform"),
    ),
    Case("$49.99 above what is expected page nobody", ANOMALY, [burst(49.99)], {"6h5m": 0, "6h30m": 0}),
    Case("a fleet that always spends $120 an hour is learnt", ANOMALY, [cost("0+10x150")], {"2h": 0, "6h": 0, "12h": 0}),
    Case("a rise of a fifth of $600 an hour pages nobody", ANOMALY, [cost("0+50x72 3610+60x60")], {"7h": 0, "9h": 0}),
    Case("a rise that stays pages until it is mended", ANOMALY, [cost("0+1x72 82+10x150")], {"7h15m": 1, "12h": 1, "18h": 1}),
    Case("money spent hours ago, counted now, pages nobody", ANOMALY, [burst(80), late("0x72 80x60")], {"6h5m": 0, "6h30m": 0}),
    Case("a last digit that gets lost with late money is no lost state", ANOMALY,
         [cost("500.2x72 580.3x60"), late("0x72 80.1x60")], {"6h5m": 0, "6h30m": 0}),
    Case("a lost state that begins at 0 pages nobody", ANOMALY, [cost("500+1x72 0+1x60")], {"6h5m": 0, "7h": 0}),
    Case("a label set that is folded into other pages nobody", ANOMALY,
         [cost("200+1x72 stale"), cost("100+0x72 374+1x60", model="other")], {"6h5m": 0, "6h30m": 0}),
    Case("an exporter that is scraped for the first time pages nobody", ANOMALY,
         [cost("0+1x150"), cost("_x72 5000+1x60", instance="b")], {"6h5m": 0, "7h": 0}),
    *(
        Case(f"${usd} above what is expected in the first scrape of a new exporter page {pages}", ANOMALY,
             [cost("0+1x150"), series("llm_first_request_timestamp_seconds", "60x150", **CALL), cost(f"_x72 {usd}x60", instance="b"),
              series("llm_first_request_timestamp_seconds", "_x72 21590x60", instance="b", **CALL)], {"6h": pages, "6h50m": pages, "8h": 0})
        for usd, pages in (("50.01", 1), ("49.99", 0))
    ),
    Case("loops are named as the cause", ANOMALY, [burst(60), series("llm_session_loops_total", "0x70 3x60", **CALL)], {"6h5m": 1},
         text=Text("6h5m", "page", "cost", "Spending is higher than expected.",
                   "$60.00 more than expected were spent in the last hour.", {"cause_hint": "agent_loop"},
                   action="throttle", owner="platform")),
    Case("a new baseline is judged by the old one while it learns", ANOMALY,
         [series("llm_cost_usd_healthy:increase1h", "12x60", baseline="0"),
          series("llm_cost_usd:expected", "12x60", baseline="0"), cost("0+10x150")], {"2h": 1}),
    Case("a ceiling pages from the first hour on", CEILING, [cost("0+20x60")], {"30m": 0, "1h": 1},
         text=Text("55m", "page", "cost", "Spending exceeds its ceiling.",
                   "$220.00 were spent in the last hour.", action="throttle", owner="platform")),
    Case("a ceiling resolves when less is spent", CEILING, [cost("0+20x24 480+1x40")], {"2h": 1, "4h": 0}),
    Case("less than the ceiling pages nobody", CEILING, [cost("0+15x60")], {"2h": 0}),
    Case("a batch of each night may come 25 minutes earlier", ANOMALY, [nightly(25)], {"25h40m": 0, "26h": 0, "26h35m": 0}),
    Case("a batch that comes an hour earlier pages", ANOMALY, [nightly(60)], {"25h5m": 1}),
    Case("no data is silent", ANOMALY, [KNOWN], {"2h": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
