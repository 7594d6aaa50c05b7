"""Texts of alerts on quality scores, and how these alerts end."""

from promtool import Case, Text, compiled, failed, series
from quality_series import HOUR, LEARNT, info, scored

TOOLS = ("promtool",)
"""The oldest counts the sample at the far end of a window, too, and has other numbers in the same words."""
GROUPS = ("routes-seen", "routes", "quality-scores", "quality-quiet", "quality-baselines", "quality", "quality-signals", "traffic", "surges")
INTERVAL, STEP = "150s", "5m"  # the text asks for the last evaluation: it must be within five minutes
RULES = compiled(baseline__window=6 * 3600)
LABELS = {"route": "support", "scorer": "composite"}
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
REQUESTS = series("llm_requests_total", "0+100x200", **CALL)
CHANGE = [
    series("llm_model_changes_total", "0x47 1x150", **CALL),
    series("llm_model_info", "1x200", **CALL, requested="gpt-4o", served="gpt-4o-2024-11-20", fingerprint="fp_2"),
]
NEWS = [
    series("llm_prompt_changes_total", "0x47 1x150", route="support", name="main"),
    series("llm_prompt_info", "1x200", route="support", name="main", version="8", checksum="c"),
    series("llm_first_request_timestamp_seconds", "-30000x200", **CALL),
    series("llm_first_request_timestamp_seconds", "_x48 14400x150", **CALL | {"model": "gpt-5"}),
]
"""A prompt that changed and a model that is asked since four hours, beside one that was before all time here."""
WRONG = [
    series("llm_format_checks_total", "0+100x200", **CALL), series("llm_format_failures_total", "0x48 25+25x150", **CALL),
    series("llm_answers_checked_total", "0+100x200", **CALL), series("llm_refusals_total", "0x48 10+10x150", **CALL),
    series("llm_truncations_total", "0x48 1+1x150", **CALL),
]
ALSO = [series("route_scorer:llm_quality_score:incident", "0x47 1x150", route=route, scorer="composite", baseline="default") for route in "bc"]
"""Other routes whose recorded score is an incident."""
CASES = [
    Case(
        "a drop of several routes at once says so", "LLMQualityScoreDropped", [info(), REQUESTS, *ALSO, *scored(LEARNT + [0.56] * 2 * HOUR)],
        text=Text(
            "5h", "page", "quality", "Answers of support got worse.",
            "The composite score is 0.56, against a baseline of 0.80. 3 routes got worse by this score: look first at the "
            "scorer, and at what they share. Ongoing for 45m 0s. Affected: 1200 requests in the last 1h.", LABELS,
        ),
    ),
    Case(
        "a drop says how far, which model changed, since when and how many requests", "LLMQualityScoreDropped",
        [info(), REQUESTS, *CHANGE, *scored(LEARNT + [0.56] * 2 * HOUR)], {"4h": 0, "5h": 1},
        text=Text(
            "5h", "page", "quality", "Answers of support got worse.",
            "The composite score is 0.56, against a baseline of 0.80. gpt-4o is served by gpt-4o-2024-11-20 (fp_2), "
            "changed in the last 6h. Ongoing for 45m 0s. Affected: 1200 requests in the last 1h.", LABELS,
        ),
    ),
    Case(
        "answers without a word say how many, and since when", "LLMAnswersEmpty",
        [info(), REQUESTS, *CHANGE, series("llm_unscored_total", "0x47 40+40x60", **CALL, reason="empty")], {"4h": 0, "4h45m": 1},
        text=Text(
            "4h45m", "ticket", "quality", "Answers of support are empty.",
            "240 answers of the last 30 minutes have HTTP 200 but no text. gpt-4o is served by gpt-4o-2024-11-20 "
            "(fp_2), changed in the last 6h. Ongoing for 35m 0s.", {"route": "support"},
        ),
    ),
    Case(
        "answers in no format, that refuse, of a prompt and a model that are new, say so", "LLMQualityScoreDropped",
        [info(), REQUESTS, *NEWS, *WRONG, *scored(LEARNT + [0.56] * 2 * HOUR)], {"5h": 1},
        text=Text(
            "5h", "page", "quality", "Answers of support got worse.",
            "The composite score is 0.56, against a baseline of 0.80. 25% are not in the requested format. 10% "
            "refuse. Its prompt main changed to version 8 in the last 6h. It first used gpt-5 1h 0m 0s ago. Ongoing "
            "for 45m 0s. Affected: 1200 requests in the last 1h.", LABELS,
        ),
    ),
    Case(
        "a small drop is a ticket that ends when it is mended", "LLMQualityScoreSlipping",
        [info(), *scored(LEARNT + [0.69] * 2 * HOUR + [0.8] * 2 * HOUR)], {"4h": 0, "5h30m": 1, "8h": 0},
        text=Text("5h30m", "ticket", "quality", "Answers of support are getting worse.",
                  "The composite score is 0.69, against a baseline of 0.78.", LABELS),
    ),
    Case("a drop of a twentieth is no ticket", "LLMQualityScoreSlipping", [info(), *scored(LEARNT + [0.76] * 2 * HOUR)],
         {"5h": 0, "6h": 0}),
    Case(
        "a quiet route is listed until it is busy", "LLMQualityQuietRoute",
        [info(), *scored([0.8] * 10 * HOUR, [5] * 8 * HOUR + [100] * 2 * HOUR)], {"8h": 1, "9h30m": 0},
        text=Text("8h", "info", "quality", "support is evaluated over hours.",
                  "Too few answers are scored in 30 minutes, so the last one, two or six hours are evaluated (60 "
                  "answers): a drop alerts later.", LABELS),
    ),
    Case(
        "a route that learns is listed until it has learnt", "LLMQualityWarmingUp", [info(), *scored(LEARNT)], {"1h": 1, "3h": 0},
        text=Text("1h", "info", "quality", "support has no quality baseline yet.",
                  "The composite score is 0.80. Drops alert once two hours have been learned.", LABELS),
    ),
    Case("a route without scores does not learn", "LLMQualityWarmingUp", [info(), REQUESTS], {"1h": 0, "3h": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
