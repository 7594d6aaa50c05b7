"""The rules as the demo runs them: an hour in a minute, evaluated every second."""

from promtool import Case, compiled, failed, series

from tocsin.demo.stack import OVERRIDES

GROUPS = (
    "routes-seen", "routes", "outage-requests", "owners", "quality-scores", "quality-quiet", "quality-baselines", "format-failures", "format-window",
    "cost-spending", "cost-baselines", "safety", "outage", "quality", "format", "cost",
)  # fmt: skip
INTERVAL = "1s"
TOOLS = ("promtool",)  # tests/incidents/test_ruler.py runs them in a real Prometheus 2.42
RULES = compiled(**{key.replace(".", "__"): value for key, value in OVERRIDES.items()})
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
INFO = series("llm_route_info", "1x300", route="support", owner="team", tier="prod", traffic="live")


def requests(values="0+20x400"):
    return series("llm_requests_total", values, **CALL)


def failures(values):
    return series("llm_request_failures_total", values, **CALL, reason="provider_5xx")


def scores(after):
    """A minute and a half of 0.9, then of another mean."""
    labels = {**CALL, "scorer": "judge"}
    return [series("llm_quality_score_sum", f"0+18x90 {1620 + 20 * after:g}+{20 * after:g}x120", **labels),
            series("llm_quality_score_count", "0+20x210", **labels)]  # fmt: skip


def cost(values):
    return series("llm_cost_usd_total", values, **CALL, source="reported")


CASES = [
    Case("a total outage pages in seconds and resolves", "LLMRequestsFailing",
         [INFO, requests(), failures("0x60 20+20x30 620x100")], {"60s": 0, "64s": 1, "90s": 1, "130s": 0}),
    Case("one failure of a hundred for two minutes pages nobody", "LLMRequestsFailing", [INFO, requests(), failures("0+0.05x120")],
         {"60s": 0, "120s": 0}),
    Case("answers that get worse page within 35 seconds and stay", "LLMQualityScoreDropped", [INFO, *scores(0.55)],
         {"90s": 0, "125s": 1, "200s": 1}),
    Case("answers that stay as they are page nobody", "LLMQualityScoreDropped", [INFO, *scores(0.9)], {"125s": 0, "200s": 0}),
    Case("a violation pages within a second and stays for a minute", "LLMSafetyViolation",
         [INFO, requests(), series("llm_safety_last_violation_timestamp_seconds", "0x49 50x100", **CALL, kind="pii")],
         {"49s": 0, "51s": 1, "105s": 1, "112s": 0}),
    Case("an agent that burns money pages within twelve seconds", "LLMCostRisingFast", [INFO, cost("0+0.01x210 12+10x60")],
         {"210s": 0, "222s": 1}),
    Case("money that is spent as ever pages nobody", "LLMCostRisingFast", [INFO, cost("0+0.01x200")], {"100s": 0, "200s": 0}),
    Case("a format that breaks pages within half a minute", "LLMFormatBroken",
         [INFO, series("llm_format_checks_total", "0+5x120", **CALL), series("llm_format_failures_total", "0x60 5+5x60", **CALL)],
         {"60s": 0, "85s": 1}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
