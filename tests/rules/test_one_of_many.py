"""What no sum over a model or a fleet shows: one of its routes fails, one of its scorers is silent."""

from outage_series import CALL, FALLING, failures, info, recovered, requests
from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "owners", "traffic", "outage-slow", "quality-scores", "quality-signals")
ROUTE, SCORER = "LLMRouteFailing", "LLMScorerSilent"
WELL = [info(), info(route="search"), requests("0+80x300")]
"""A route that a model answers, and another one that asks the same model."""
SEARCH = {"route": "search"}


def searched(values, failed, reason="timeout", **labels):
    return [*WELL, requests(values, **SEARCH, **labels), failures(failed, reason, **SEARCH, **labels)]


def scores(values, scorer="judge", **labels):
    return series("llm_quality_score_count", values, **CALL, scorer=scorer, **labels)


HOURS = "0+2x420 842"
CASES = [
    Case(
        "one of many routes whose requests all time out pages, and its mend ends it", ROUTE,
        searched("0+4x300", "0x90 4+4x60 244x150"), {"90m": 0, "105m": 1, "150m": 1, "175m": 0},
        text=Text("120m", "page", "outage", "Hardly any request of search succeeds.",
                  "100% of the requests of the last 10 minutes fail, while the model answers others. Most are timeout of gpt-4o. Going on "
                  "for 22m 0s. Affected: 120 requests in the last 1h.", SEARCH),
    ),
    Case("one whose key expired pages", ROUTE, searched("0+1x300", "0x90 1+1x60 61x150", "client_4xx"), {"90m": 0, "106m": 1, "175m": 0}),
    Case("one of many staging routes is a ticket", ROUTE,
         [info(tier="staging"), info(route="search", tier="staging"), requests("0+80x300"), requests("0+4x300", **SEARCH),
          failures("0x90 4+4x60", "timeout", **SEARCH)], {"115m": 1}, severity="ticket"),
    *(
        Case(f"pages nobody: {what}", ROUTE, rows, {f"{minute}m": 0 for minute in range(92, 160, 2)}, severity="page")
        for what, rows in {
            "a model that fails altogether": [info(), requests("0+4x300"), failures("0x90 4+4x30 124x150")],
            "one of three routes, which the model's own alert tells of": [
                info(), info(route="search"), requests("0+8x300"), requests("0+8x300", **SEARCH), failures("0x90 8+8x30 248x150", **SEARCH)],
            "half of a route's requests": searched("0+4x300", "0x90 2+2x60"),
            "a route that was never answered, and asks what it must not": searched("0+2x300", "0+2x300", "client_4xx"),
            "a third try that comes through": [*searched("0+12x300", "0x90 8+8x60"), recovered("0x90 4+4x60", **SEARCH)],
            "another model that answers instead": [
                *searched("0+4x300", "0x90 4+4x60"), requests("0x90 4+4x60", model="b", **SEARCH), recovered("0x90 4+4x60", model="b", **SEARCH)],
            "a batch at its limit": searched("0+40x300", "0x90 39+39x60", "rate_limited"),
            "a guardrail that takes all": searched("0+4x300", "0x90 4+4x60", "blocked_guardrail"),
            "three failures of a route that asks seldom": searched("0x90 1+1x2 3x100", "0x90 1+1x2 3x100"),
            "what may fail for good, by the route's own threshold": [
                *searched(FALLING, FALLING, "client_4xx"), series("tocsin_threshold", "1x300", **SEARCH, name="outage.refusedRatio")],
        }.items()
    ),
    Case(
        "a scorer that scores no more, beside requests, is a ticket", SCORER, [info(), requests("0+10x700"), scores(f"{HOURS}x120 844+2x160")],
        {"7h": 0, "8h30m": 1, "10h40m": 0},
        text=Text("8h30m", "ticket", "quality", "The scorer judge of support is silent.",
                  "For half an hour it has scored no answer, though there are requests: a drop of quality would not be seen.",
                  {"route": "support", "scorer": "judge"}),
    ),
    *(
        Case(f"is no ticket: {what}", SCORER, [info(), *rows], {f"{hour}h": 0 for hour in range(7, 11)})
        for what, rows in {
            "a judge that looks at answers once a day": [requests("0+10x700"), scores("0x300 0+100x30 3000x400")],
            "a night without requests": [requests("0+10x420 4200x280"), scores(f"{HOURS}x280")],
            "a scorer that never scored much": [requests("0+10x700"), scores(" ".join(str(n // 20) for n in range(420)) + " 20x280")],
        }.items()
    ),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
