"""Values in the first scrape of a label set count, unlike the past of an old exporter."""

from burst_series import CALL, burst, first, requests
from promtool import Case, Text, compiled, failed, series

GROUPS = (
    "routes-seen", "routes", "outage-requests", "owners", "traffic", "outage", "cost-spending", "cost-consumers", "cost",
    "cost-slow", "format-failures", "format-window", "format", "quality-signals", "surges", "safety-surges", "guard",
)  # fmt: skip
RULES = compiled(cost__ceilingPerHour=50)
TOOLS = ("promtool",)
FAILING = "LLMRequestsFailing"


def info(route="support"):
    return series("llm_route_info", "1x200", route=route, owner="team", tier="prod", traffic="live")


def apart(metric, value, instance="a", **labels):
    """A counter that belongs to no label set of calls."""
    return series(metric, f"_x90 {value}x100", instance, **labels)


def money(usd, instance="a", **labels):
    return burst("llm_cost_usd_total", usd, instance, source="reported", **labels)


SILENT = {"90m": 0, "92m": 0, "96m": 0, "120m": 0}
CASES = [
    Case(
        "60 failures of 100 requests at once page, and resolve", FAILING, [info(), first(), *requests(100, 60)],
        {"89m": 0, "91m": 1, "94m": 1, "130m": 0},
        text=Text("91m", "page", "outage", "Requests to openai/gpt-4o are failing.",
                  "60% of requests fail after retries and fallbacks. Most common: provider_5xx on support. Ongoing "
                  "for 1m 0s. Affected: 60 requests in the last 1h.", {"provider": "openai", "model": "gpt-4o"}),
    ),
    Case("one failure of one request pages nobody", FAILING, [info(), first(), *requests(1, 1)], SILENT),
    Case("an old exporter that is scraped for the first time pages nobody", FAILING, [info(), first(60), *requests(5000, 3000)], SILENT),
    Case("an exporter that told of no beginning before it was upgraded pages nobody", FAILING,
         [info(), first(0), *requests(5000, 3000)], SILENT),
    Case("an exporter that tells of no beginning pages nobody", FAILING, [info(), *requests(5000, 3000)], SILENT),
    Case("a new model on an old route pages", FAILING,
         [info(), first(60), *requests(5000, 10), first(model="gpt-5"), *requests(30, 30, model="gpt-5")], {"91m": 1, "130m": 0}),
    Case("a burst that retries make good pages nobody", FAILING,
         [info(), first(), *requests(160, 60)[:-1], burst("llm_requests_recovered_total", 60)], SILENT),
    Case("two young replicas are summed", FAILING,
         [info(), first(), *requests(15, 15), first(instance="b"), *requests(15, 15, "b")], {"91m": 1}),
    Case("a young replica does not bring back the past of an old one", FAILING,
         [info(), first(60), *requests(5000, 3000), first(instance="b"), *requests(30, 1, "b")], SILENT),
    Case("$50.01 in the first scrape are over a ceiling of $50", "LLMCostCeilingExceeded", [first(), money(50.01)], {"91m": 1, "148m": 1, "170m": 0}),
    Case("$49.99 in the first scrape are not", "LLMCostCeilingExceeded", [first(), money(49.99)], SILENT),
    Case("what an old exporter spent before its first scrape is no spending", "LLMCostCeilingExceeded", [first(60), money(5000)], SILENT),
    Case("a new model of an old exporter adds its first burst alone", "LLMCostCeilingExceeded",
         [series("llm_first_request_timestamp_seconds", "1x190", **CALL), series("llm_cost_usd_total", "5000x190", **CALL, source="reported"),
          first(model="b"), money(50.01, model="b")], {"89m": 0, "91m": 1}),
    Case("an exporter that lost its state does not spend its first money twice", "LLMCostCeilingExceeded",
         [first(), series("llm_cost_usd_total", "0x90 30x100", **CALL, source="reported")], SILENT),
    Case("tokens without a price in the first scrape are a ticket", "LLMTokensUnpriced",
         [first(), burst("llm_unpriced_tokens_total", 900), burst("llm_tokens_total", 900, kind="input")], {"100m": 1}),
    Case("the first outlier is a ticket", "LLMTokenOutliers", [info(), first(), burst("llm_token_outliers_total", 1)], {"92m": 1}),
    Case("a session that loops in the first scrape is a ticket", "LLMSessionLoops", [info(), first(), burst("llm_session_loops_total", 1)], {"94m": 1}),
    Case("one of six consumers with most tokens of the first scrape is a ticket", "LLMConsumerShareHigh",
         [first(), apart("llm_consumer_tokens_total", 6_000_000, consumer="h1", kind="input"),
          *(apart("llm_consumer_tokens_total", 1000, consumer=f"h{n}", kind="input") for n in range(2, 16))], {"102m": 1}),
    Case("most tokens ever of an old exporter are no ticket", "LLMConsumerShareHigh",
         [first(60), first(model="b"), apart("llm_consumer_tokens_total", 6_000_000, consumer="h1", kind="input"),
          *(apart("llm_consumer_tokens_total", 1000, consumer=f"h{n}", kind="input") for n in range(2, 16))], {"102m": 0}),
    Case("100 answers of which 60 fail their format page", "LLMFormatBroken",
         [info(), first(), burst("llm_format_checks_total", 100), burst("llm_format_failures_total", 60)], {"92m": 1}),
    Case("949 good ones of the first 1,000 answers page after ten minutes", "LLMFormatComplianceLow",
         [info(), first(), apart("llm_format_window_compliant", 949, route="support"), apart("llm_format_window_calls", 1000, route="support"),
          burst("llm_format_failures_total", 51)], {"92m": 0, "104m": 1}),
    Case("a first burst of truncated answers is a ticket", "LLMAnswersTruncated",
         [info(), first(), *requests(100, 0), burst("llm_truncations_total", 60)], {"92m": 0, "108m": 1}),
    Case("a first burst of injections is a ticket", "LLMInjectionSurge",
         [info(), first(), *requests(100, 0), burst("llm_injection_attempts_total", 60, role="user")], {"96m": 1}),
    Case("answers flagged in the first scrape are a ticket", "LLMUserFlags",
         [info(), first(), apart("llm_user_flags_total", 10, route="support", reason="wrong")], {"96m": 1}),
    Case("a guard that saw none of the first answers pages", "LLMGuardDown",
         [info(), first(), apart("llm_guard_eligible_total", 100, route="support"), apart("llm_guard_scanned_total", 0, route="support")],
         {"91m": 0, "98m": 1}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
