"""A format that breaks lowers the composite score as well: one cause is one page, and no other cause is hidden by it."""

from promtool import Case, failed, series

from tocsin import bundle
from tocsin.detectors.score import DEFAULT_WEIGHTS

GROUPS = (
    "routes-seen", "routes", "quality-scores", "quality-quiet", "quality-baselines", "format-failures", "format-window", "quality",
    "format",
)  # fmt: skip
TOOLS = ("promtool",)
INTERVAL, STEP = "5m", "1m"
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
KNOWN = series("llm_route_info", "1x400", route="support", owner="team", tier="prod", traffic="live")
SCORE, BROKEN = "LLMQualityScoreDropped", "LLMFormatBroken"


def scored(after, scorer="composite", rate=10):
    """Two and a half hours of 0.95, an hour and a half of another mean, then 0.95 again."""
    good, bad = 0.95 * rate, after * rate
    total = 150 * good + 90 * bad
    return [
        series("llm_quality_score_sum", f"0+{good:g}x150 {150 * good + bad:g}+{bad:g}x89 {total + good:g}+{good:g}x150", **CALL, scorer=scorer),
        series("llm_quality_score_count", f"0+{rate}x391", **CALL, scorer=scorer),
    ]


def broken(share, rate=10, calls="1000x391"):
    """So large a share of answers fails in the same hour and a half."""
    bad = share * rate
    return [
        KNOWN, series("llm_format_checks_total", f"0+{rate}x391", **CALL),
        series("llm_format_failures_total", f"0x150 {bad:g}+{bad:g}x89 {90 * bad:g}x151", **CALL),
        series("llm_format_window_calls", calls, route="support"),
        series("llm_format_window_compliant", f"990x150 {round(1000 - 1000 * share)}x90 990x150", route="support"),
    ]  # fmt: skip


CASES = [
    Case("a format that breaks altogether is its own page", BROKEN, [*broken(1), *scored(0.52)], {"3h": 1, "3h50m": 1}),
    Case("the composite score that sinks by it pages nobody", SCORE, [*broken(1), *scored(0.52)],
         {"3h": 0, "3h15m": 0, "3h50m": 0, "4h15m": 0, "5h": 0}),
    Case("nor does it on a route that is judged over hours", SCORE, [*broken(1, 1), *scored(0.52, rate=1)],
         {"3h30m": 0, "4h": 0, "5h": 0, "6h": 0}),
    Case("nor does it where two of five answers fail", SCORE, [*broken(0.4), *scored(0.78)], {"3h15m": 0, "3h50m": 0}),
    Case("what another cause takes away beside it pages", SCORE, [*broken(1), *scored(0.42)], {"3h30m": 1, "3h50m": 1}),
    Case("a few answers without their format hide no drop", SCORE, [*broken(0.06), *scored(0.7)], {"3h30m": 1}),
    Case("a score of another scorer pages beside it", SCORE, [*broken(1), *scored(0.52), *scored(0.6, "judge")], {"3h30m": 1}),
    Case("where the format is not judged yet its failures show in the score", SCORE, [*broken(0.45, calls="999x391"), *scored(0.75)],
         {"3h30m": 1}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)


def test_the_rules_use_the_weight_of_format_in_the_score():
    assert f"(1 - {DEFAULT_WEIGHTS['format']:g} * (" in bundle.compile().alerts
