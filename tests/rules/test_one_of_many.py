"""What no sum over a model or a fleet shows: one of its routes fails, one of its scorers is silent."""

from outage_series import CALL, FAILING, failures, info, recovered, requests
from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "outage-routes", "owners", "traffic", "outage", "outage-slow", "quality-scores", "quality-signals")
ROUTE, SCORER = "LLMRouteFailing", "LLMScorerSilent"
WELL = [info(), info(route="search"), requests("0+80x300")]
"""A route that a model answers, and another one that asks the same model."""
SEARCH = {"route": "search"}
FEWER = [3 * n if n < 16 else 45 + 3 * (n - 15) // 2 for n in range(1, 46)]
"""Three requests a minute, and then half as many."""


BATCHES = " ".join(str(40 * ((minute + 5) // 15)) for minute in range(300))
FAILED = " ".join(str(40 * (max(0, minute - 85) // 15)) for minute in range(300))
"""Forty requests every fifteen minutes, and from minute 100 on all of them fail."""
def hours(failing):
    """Forty requests every two hours, of which those numbered fail, and nobody else's."""
    asked = [40 * ((minute + 5) // 120) for minute in range(900)]
    lost = [40 * sum(n in failing for n in range(1, count // 40 + 1)) for count in asked]
    of_search = [requests(" ".join(map(str, asked)), **SEARCH), failures(" ".join(map(str, lost)), "timeout", **SEARCH)]
    return [info(900), info(900, route="search"), requests("0+80x900"), requests("0+400x900", route="more"), info(900, route="more"), *of_search]


DAY = "0+20x120 2560+160x120"
"""Requests of the other routes: eight times as many from minute 120 on."""


def searched(values, failed, reason="timeout", **labels):
    return [*WELL, requests(values, **SEARCH, **labels), failures(failed, reason, **SEARCH, **labels)]


def scores(values, scorer="judge", **labels):
    return series("llm_quality_score_count", values, **CALL, scorer=scorer, **labels)


CASES = [
    Case(
        "one of many routes whose requests all time out pages, and its mend ends it", ROUTE,
        searched("0+4x300", "0x90 4+4x60 244x150"), {"90m": 0, "105m": 1, "150m": 1, "175m": 0},
        text=Text("120m", "page", "outage", "Almost no request of search succeeds.",
                  "100% of its latest requests failed, while the model answers other routes. Most "
                  "common: timeout from gpt-4o. Ongoing for 19m 0s. Affected: 120 requests in the last 1h.", SEARCH),
    ),
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
            "a seventh of the model's requests, which its own alert tells of": searched("0+13x300", "0x90 13+13x60 793x150"),
            "thirty timeouts of one client at one moment": searched("0+1x100 131x8 139x190", "0x101 130x250"),
            "three failures of a route that asks seldom": searched("0x90 1+1x2 3x100", "0x90 1+1x2 3x100"),
            "one client's burst of requests that are refused": searched("0+1x100 101x8 107x190", "0x109 6x190", "client_4xx"),
            "a key that expired, which is a ticket": searched("0+1x300", "0x90 1+1x60 61x150", "client_4xx"),
        }.items()
    ),
    Case("a route that is a seventh of its model's requests pages once, for the model, within twelve minutes", FAILING,
         searched("0+13x300", "0x90 13+13x60 793x150"), {"91m": 0, **{f"{minute}m": 1 for minute in range(101, 150, 4)}, "180m": 0}, severity="page"),
    Case("a route that asks in batches pages once the second of them fails", ROUTE,
         [*WELL, requests("0+200x300", route="more"), info(route="more"), requests(BATCHES, **SEARCH), failures(FAILED, "timeout", **SEARCH)],
         {**{f"{minute}m": 0 for minute in range(90, 116, 2)}, "120m": 1, "135m": 1, "150m": 1}, severity="page"),
    Case("a route that asks every two hours pages from the second time that all fails to the next that is answered", ROUTE, hours({3, 4, 5}),
         {"365m": 0, "470m": 0, **{f"{minute}m": 1 for minute in range(480, 716, 5)}, "740m": 0, "860m": 0}, severity="page"),
    Case("a route that asks every two hours, once in vain, pages nobody", ROUTE, hours({3}), {f"{minute}m": 0 for minute in range(350, 600, 5)}),
    Case("the page of a dead route that asked all along ends when nobody asks any more", ROUTE,
         searched("0+4x120 480x180", "0x90 4+4x29 120x180"), {"105m": 1, "120m": 1, **{f"{minute}m": 0 for minute in range(150, 290, 5)}},
         severity="page"),
    Case("a route whose first two batches ever fail pages at the second", ROUTE,
         searched("_x95 10+10x3 40x116 50+10x3 80x80", "_x95 10+10x3 40x116 50+10x3 80x80"), {"150m": 0, "205m": 0, "250m": 1, "280m": 1},
         severity="page"),
    Case("a route that asks every half an hour pages for its model, of which that is much, and then for itself until it is answered", ROUTE,
         [*WELL, requests(" ".join(str(40 * ((minute + 5) // 30)) for minute in range(300)), **SEARCH),
          failures(" ".join(str(40 * (max(0, minute - 85) // 30)) for minute in range(300)), "timeout", **SEARCH)],
         {"130m": 0, **{f"{minute}m": 1 for minute in range(170, 290, 4)}}, severity="page"),
    Case("a route that is dead on two models pages for the one of which it asks much", FAILING,
         [*WELL, requests("0+75x300", route="more"), info(route="more"), info(route="third"), requests("0+60x300", model="b", route="third"),
          requests("0+4x300", **SEARCH), failures("0x90 4+4x150", "timeout", **SEARCH),
          requests("0+4x300", model="b", **SEARCH), failures("0x90 4+4x150", "timeout", model="b", **SEARCH)],
         {f"{minute}m": 1 for minute in range(104, 200, 4)}, severity="page"),
    Case("a dead route pages while its model answers others with 429", ROUTE,
         [*searched("0+4x300", "0x90 4+4x60"), failures("0x90 40+40x60", "rate_limited")], {f"{minute}m": 1 for minute in range(104, 148, 4)},
         severity="page"),
    Case("a route that pages for its model pages for itself when it becomes a small part of it by day", ROUTE,
         [info(), info(route="search"), requests(DAY), requests("0+3x240", **SEARCH), failures("0x90 3+3x150", "timeout", **SEARCH)],
         {"115m": 0, **{f"{minute}m": 1 for minute in range(140, 220, 4)}}, severity="page"),
    Case("a route that asks another model a little pages for itself, whatever fails there", ROUTE,
         [*WELL, requests("0+200x300", route="more"), info(route="more"), info(route="third"),
          requests("0+4x300", **SEARCH), failures("0x90 4+4x60", "timeout", **SEARCH), requests("0+1x300", model="b", **SEARCH),
          failures("0x90 " + " ".join(str(minute // 2) for minute in range(1, 61)), "timeout", model="b", **SEARCH),
          requests("0+50x300", model="b", route="third"), failures("0x90 3+3x60", model="b", route="third")],
         {f"{minute}m": 1 for minute in range(104, 148, 4)}, severity="page"),
    Case("a route with hardly enough requests pages until it is mended, whatever chance leaves of them", ROUTE,
         searched("0+3x90 " + " ".join(str(270 + n) for n in FEWER), "0x90 " + " ".join(map(str, FEWER))), {f"{minute}m": 1 for minute in range(106, 134, 2)},
         severity="page"),
    Case("a route that is nearly dead pages until it is mended, whatever chance lets through", ROUTE,
         searched("0+4x300", "0x90 " + " ".join(str(4 * sum(n < 15 or n % 5 < 3 for n in range(minute))) for minute in range(1, 61)) + " 168x150"),
         {f"{minute}m": 1 for minute in range(104, 150, 2)}, severity="page"),
    Case(
        "a scorer that scores no more, beside requests, is a ticket", SCORER, [info(2300), requests("0+10x2200"), scores("0+2x1860 3720x120 3722+2x160")],
        {"31h": 0, "32h30m": 1, "34h40m": 0},
        text=Text("32h30m", "ticket", "quality", "The scorer judge of support has stopped.",
                  "It has scored no answer for half an hour although there are requests: a drop in quality would go "
                  "unnoticed.",
                  {"route": "support", "scorer": "judge"}),
    ),
    *(
        Case(f"is no ticket: {what}", SCORER, [info(2300), *rows], {f"{hour}h": 0 for hour in range(31, 36)})
        for what, rows in {
            "a judge that runs once a day": [requests("0+10x2200"), scores("0x300 0+100x30 3000x1400 3000+100x30 6000x400")],
            "hours without requests": [requests("0+10x1860 18600x300"), scores("0+2x1860 3720x300")],
            "a scorer that never scored much": [requests("0+10x2200"), scores(" ".join(str(n // 20) for n in range(1860)) + " 93x300")],
            "one that samples, at an hour with few requests": [
                requests("0+10x2200"), scores(" ".join(str(min(400, n)) for n in range(1200)) + " 400+5x640 3600x300")],
        }.items()
    ),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
