"""Signals of answers: those judged against their own baseline, and those with a bound of their own."""

from promtool import Case, Text, compiled, failed, series

GROUPS = ("routes-seen", "routes", "traffic", "signals", "signal-weeks", "quality", "quality-signals", "cost-outliers", "cost-slow")
INTERVAL = "5m"
RULES = compiled(baseline__window=6 * 3600)
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
KNOWN = series("llm_route_info", "1x200", route="support", owner="team", tier="prod", traffic="live")
LABELS = {"route": "support"}


def counter(metric, before, after, **labels):
    """Four hours of one rate a step, then two of another, then four of the first."""
    first, second = 48 * before, 24 * after
    values = f"0+{before}x48 {first + after}+{after}x23 {first + second + before}+{before}x48"
    return series(metric, values, **{**CALL, **labels})


def checked(metric="llm_answers_checked_total", rate=100, **labels):
    return counter(metric, rate, rate, **labels)


def judged(alert, rises, text, *, still=(), category="quality", labels=None, action=None, **fires):
    """Silent while healthy, fires in the fifth hour, resolves afterwards."""
    return [
        Case(f"{alert} fires, and resolves when it is over", alert, [KNOWN, *rises], {"4h": 0, "5h45m": 1, "8h": 0, **fires},
             text=Text("5h45m", "ticket", category, *text, {**LABELS, **(labels or {})}, action=action)),
        *(Case(f"{alert} is silent: {name}", alert, [KNOWN, *rows], {"4h": 0, "5h45m": 0}) for name, rows in still),
    ]


def outlier(after):
    return [counter("llm_token_outliers_total", 1, after), checked("llm_requests_total")]


def buckets(before, after):
    return [
        counter("llm_output_chars_bucket", 0, 100 if after else 0, le="64"),
        counter("llm_output_chars_bucket", 0, 100 if after else 0, le="128"),
        counter("llm_output_chars_bucket", 100, 100, le="512"), counter("llm_output_chars_bucket", 100, 100, le="+Inf"),
        counter("llm_output_chars_count", 100, 100),
    ]


def share(alert, event, whole, rate, text, few, **labels):
    return judged(
        alert, [counter(event, 0, rate), checked(whole)], text, labels=labels,
        still=[
            ("a few", [counter(event, 0, few), checked(whole)]),
            ("little traffic", [counter(event, 0, 1), counter(whole, 1, 1)]),
        ],
    )  # fmt: skip


CASES = [
    *judged(
        "LLMRefusalsHigh", [counter("llm_refusals_total", 4, 20), checked()],
        ("support refuses more often than before.", "20% of the answers of the last 30 minutes are refusals."),
        still=[
            ("twice as many of hardly any", [counter("llm_refusals_total", 1, 3), checked()]),
            ("less than twice as many", [counter("llm_refusals_total", 10, 15), checked()]),
            ("little traffic", [counter("llm_refusals_total", 0, 2), checked(rate=2)]),
        ],
    ),
    *judged(
        "LLMHallucinationSignals",
        [counter("llm_hallucination_signals_total", 4, 15, signal="hedge"), checked("llm_hallucination_checks_total", signal="hedge")],
        ("More answers of support show the hallucination signal hedge.",
         "15% of the answers checked in the last 30 minutes. A signal is not proof: review a sample."),
        labels={"signal": "hedge"},
        still=[
            ("a rise that chance explains", [counter("llm_hallucination_signals_total", 1, 2, signal="hedge"),
                                             checked("llm_hallucination_checks_total", 10, signal="hedge")]),
            ("less than two points", [counter("llm_hallucination_signals_total", 5, 6, signal="hedge"),
                                      checked("llm_hallucination_checks_total", signal="hedge")]),
        ],
    ),
    *judged(
        "LLMBadAnswers",
        [counter("llm_quality_score_bucket", 2, 12, scorer="composite", le="0.5"), checked("llm_quality_score_count", scorer="composite")],
        ("More answers of support are bad.",
         "12% of the answers of the last 30 minutes have a composite score of 0.5 or less; the mean may not show it."),
        labels={"scorer": "composite"},
        still=[("twice as many", [counter("llm_quality_score_bucket", 4, 8, scorer="composite", le="0.5"),
                                  checked("llm_quality_score_count", scorer="composite")])],
    ),
    Case("LLMBadAnswers fires for the one scorer that sees bad answers, however harsh another one is", "LLMBadAnswers",
         [KNOWN, checked("llm_quality_score_count", scorer="judge"), checked("llm_quality_score_count", scorer="harsh"),
          counter("llm_quality_score_bucket", 2, 12, scorer="judge", le="0.5"),
          counter("llm_quality_score_bucket", 30, 30, scorer="harsh", le="0.5")], {"4h": 0, "5h45m": 1, "8h": 0}),
    *judged(
        "LLMAnswersShorter", buckets(100, 1),
        ("Answers of support became shorter.", "Half of the answers of the last 30 minutes have fewer than 32 characters."),
        still=[("the same length", buckets(100, 0))],
    ),
    *judged(
        "LLMTokensPerRequestHigh",
        [counter("llm_request_tokens_sum", 40000, 160000), checked("llm_request_tokens_count")],
        ("Requests of support use more tokens than before.",
         "1600 tokens per request in the last 30 minutes, independent of the number of requests."),
        category="cost",
        still=[("four times as many requests",
                [counter("llm_request_tokens_sum", 40000, 160000), counter("llm_request_tokens_count", 100, 400)])],
    ),
    *judged(
        "LLMCostPerRequestHigh", [counter("llm_cost_usd_total", 1, 3, source="reported"), checked("llm_request_tokens_count")],
        ("Requests of support cost more than before.", "$0.0300 per request in the last 30 minutes."), category="cost",
        still=[("three times as many requests",
                [counter("llm_cost_usd_total", 1, 3, source="reported"), counter("llm_request_tokens_count", 100, 300)])],
    ),
    Case("outliers at their usual share page nobody (M10)", "LLMTokenOutliersExcess", [KNOWN, *outlier(1)], {"5h": 0, "6h": 0}),
    Case("outliers of a backlog, as usual among its requests, page nobody", "LLMTokenOutliersExcess",
         [KNOWN, series("llm_token_outliers_total", "0+1x48 248+1x48", **CALL), series("llm_requests_total", "0+100x48 24800+100x48", **CALL),
          series("llm_late_requests_total", "0x48 20000x48", **CALL)], {"4h15m": 0, "4h25m": 0, "4h40m": 0}),
    Case("outliers far beyond their usual share page", "LLMTokenOutliersExcess", [KNOWN, *outlier(20)], {"4h": 0, "5h30m": 1, "8h": 0},
         text=Text("5h30m", "page", "cost", "support has far more outsized requests than usual.",
                   "20% of the requests of the last 30 minutes used more than three times the p95 of tokens of "
                   "similar requests. Affected: 240 requests in the last 1h.", LABELS, action="throttle")),
    *share("LLMAnswersTruncated", "llm_truncations_total", "llm_requests_total", 20,
           ("Answers of support are cut off.", "20% of the answers of the last 30 minutes ended at a length limit."), 5,
           cause_hint="max_tokens"),
    *share("LLMConfidenceLow", "llm_low_confidence_total", "llm_confidence_count", 50,
           ("Answers of support have low confidence.",
            "50% of the answers with a confidence in the last 30 minutes were below 0.85: have a person review them."), 20),
    *share("LLMAnswersOffTopic", "llm_off_topic_total", "llm_semantic_similarity_count", 30,
           ("Answers of support are not about the question.", "30% of the answers of the last 30 minutes are off topic."), 10),
    *judged(
        "LLMAnswersOffTopic",
        [counter("llm_semantic_similarity_sum", 30.4, 3), checked("llm_semantic_similarity_count"), counter("llm_off_topic_total", 0, 0)],
        ("Answers of support are not about the question.",
         "0% of the answers of the last 30 minutes are off topic. Their similarity to the questions is 0.03, 0.30 is usual."),
        still=[
            ("a little less similar than ever", [counter("llm_semantic_similarity_sum", 30, 18), checked("llm_semantic_similarity_count")]),
            ("they never were similar", [counter("llm_semantic_similarity_sum", 8, 2), checked("llm_semantic_similarity_count")]),
            ("too few to compare", [counter("llm_semantic_similarity_sum", 1.5, 0), checked("llm_semantic_similarity_count", 5)]),
            ("as similar as ever after a restart", [
                series("llm_semantic_similarity_sum", "0+30x60 0+30x60", **CALL),
                series("llm_semantic_similarity_count", "0+100x60 0+100x60", **CALL)]),
        ],
    ),
    *share("LLMWrongLanguage", "llm_language_mismatches_total", "llm_language_checks_total", 10,
           ("support answers in the wrong language.",
            "10% of the answers of the last 30 minutes are not in the requested language."), 4),
    *share("LLMAnswersRepetitive", "llm_repetitions_total", "llm_answers_checked_total", 10,
           ("Answers of support repeat themselves.", "10% of the answers of the last 30 minutes repeat themselves."), 2),
    Case("inputs that changed are a ticket", "LLMInputDrift",
         [KNOWN, series("llm_input_drift_psi", "0.05x12 0.3x12 0.1x12", route="support", feature="length")], {"1h": 0, "1h45m": 1, "3h": 0},
         text=Text("1h45m", "ticket", "quality", "What users send to support has changed in length.",
                   "The population stability index of length is 0.30 relative to the past of the route.",
                   {**LABELS, "feature": "length", "cause_hint": "input"})),
    Case("the segment that inputs moved to is named", "LLMInputDrift",
         [KNOWN, series("llm_input_drift_psi", "0.05x12 0.3x24", route="support", feature="language"),
          series("llm_input_drift_gain", "0.2x36", route="support", feature="language", segment="cyrillic")], {"1h45m": 1},
         text=Text("1h45m", "ticket", "quality", "What users send to support has changed in language.",
                   "The population stability index of language is 0.30 relative to the past of the route. What grew "
                   "most: cyrillic.",
                   {**LABELS, "feature": "language", "cause_hint": "input"})),
    Case("inputs that changed for ten minutes are no ticket", "LLMInputDrift",
         [KNOWN, series("llm_input_drift_psi", "0.05x12 0.3x2 0.1x24", route="support", feature="length")], {"1h15m": 0, "1h45m": 0}),
    Case("inputs that changed before a route fell silent are a ticket for a day", "LLMInputDrift",
         [KNOWN, series("llm_requests_total", "0+10x30 300x330", provider="openai", model="gpt-4o", route="support"),
          series("llm_input_drift_psi", "0.05x12 0.3x340", route="support", feature="length")], {"1h45m": 1, "20h": 1, "28h": 0}),
    Case("a route's own bound of drift decides", "LLMInputDrift",
         [KNOWN, series("llm_input_drift_psi", "0.05x12 0.3x24", route="support", feature="length"),
          series("tocsin_threshold", "0.5x200", route="support", name="quality.inputPsi")], {"1h45m": 0, "2h30m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
