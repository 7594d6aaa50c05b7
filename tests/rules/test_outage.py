"""Outage: requests fail, hang or stop."""

from outage_series import (
    DEAD,
    FAILING,
    FALLING,
    MODEL,
    REFUSED,
    STEADY,
    STILL,
    failures,
    info,
    late,
    late_failures,
    pod,
    recovered,
    recovered_other,
    requests,
)  # fmt: skip
from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "owners", "outage", "outage-slow", "outage-tickets", "traffic")
SELDOM = [7 * (minute // 20) + min(7, minute % 20) for minute in range(200)]
"""Seven requests in the first minutes of every twenty."""

CASES = [
    Case(
        "a total outage pages within three minutes and resolves within half an hour of the mend", FAILING,
        [info(), requests(STEADY), failures("0x60 40+40x60 2440x200")], {"60m": 0, "63m": 1, "100m": 1, "120m": 1, "150m": 0},
        text=Text(
            "70m", "page", "outage", "Requests to openai/gpt-4o are failing.",
            "100% of requests fail after retries and fallbacks. Most common: provider_5xx on support. Ongoing for 8m "
            "0s. Affected: 400 requests in the last 1h.", MODEL,
        ),
    ),
    Case("a stray failure after a total outage does not page again for what is over", FAILING,
         [info(), requests("0+24x600"), failures("0x60 24+24x60 1464x15 1465x8 1466x200")],
         {"120m": 1, **{f"{minute}m": 0 for minute in range(146, 175, 3)}}),
    Case("an outage of four requests a minute is over forty minutes after the mend", FAILING,
         [info(), requests("0+4x600"), failures("0x60 4+4x60 244x200")],
         {"70m": 1, "120m": 1, **{f"{minute}m": 0 for minute in range(160, 175, 3)}}),
    Case("an outage of one request a minute does not come again while the half hour forgets it", FAILING,
         [info(), requests("0+1x600"), failures("0x60 1+1x60 61x200")], {"120m": 1, **{f"{minute}m": 0 for minute in range(160, 175, 3)}}),
    Case("failures of five requests a minute that come back every 25 minutes are one page", FAILING,
         [info(), requests("0+5x600"), failures("0x60 " + " ".join(f"{25 * (n // 25) + min(5 * (n % 25 + 1), 25)}" for n in range(180)))],
         {f"{minute}m": 1 for minute in range(70, 235, 5)}),
    Case("a tenth of six requests a minute failing, too few for five minutes, is one page within the hour", FAILING,
         [info(), requests("0+6x600"), failures("0x300 " + " ".join(f"{n * 3 // 5}" for n in range(1, 140)))],
         {"300m": 0, **{f"{minute}m": 1 for minute in range(355, 405, 5)}}),
    Case("an outage of two requests a minute pages without a gap while every tenth still fails", FAILING,
         [info(), requests("0+2x600"), failures("0x60 2+2x30 " + " ".join(f"{62 + n // 5}" for n in range(60)) + " 74x200")],
         {f"{minute}m": 1 for minute in range(70, 145, 5)}),
    Case("an exporter that restarts in the middle of an outage, and goes on counting, is one page", FAILING,
         [info(), requests("0+40x65 stale _x2 2720+40x60"), failures("0x60 40+40x5 stale _x2 360+40x60")],
         {f"{minute}m": 1 for minute in range(63, 80)}),
    Case("an exporter that loses its state in the middle of an outage is one page", FAILING,
         [info(), requests("0+40x65 stale _x2 0+40x60"), failures("0x60 40+40x5 stale _x2 0+40x60")],
         {f"{minute}m": 1 for minute in range(63, 80)}),
    *(
        Case(f"an outage pages though two exporters of {tier} call the route {traffic}", FAILING,
             [info(), info(instance="s1", tier=tier, traffic=traffic), info(instance="s2", tier=tier, traffic=traffic),
              requests(STEADY), failures("0x60 40+40x60")], {"63m": 1}, severity="page")
        for tier, traffic in (("staging", "live"), ("prod", "test"))
    ),
    Case("timeouts alone page", FAILING, [info(), requests(STEADY), failures("0x60 40+40x60", "timeout")], {"63m": 1}),
    Case("a tenth of requests failing pages by the burn of an hour", FAILING,
         [info(), requests(STEADY), failures("0x60 4+4x200")], {"61m": 0, "130m": 1}),
    Case("four of a hundred failing pages by the burn of six hours", FAILING,
         [info(), requests("0+100x600"), failures("0x60 4+4x500")], {"120m": 0, "420m": 1}),
    Case("four timeouts of a young log's first hundred requests page nobody", FAILING,
         [info(), requests("0+6x120"), failures("0x2 1x7 2x2 3x3 4x100", "timeout")], {"17m": 0, "20m": 0, "25m": 0, "30m": 0, "40m": 0}),
    Case("one of a thousand failing pages nobody", FAILING, [info(), requests("0+1000x300"), failures("0+1x300")], {"200m": 0}),
    Case("one failure of one request pages nobody (M3)", FAILING, [info(), requests("0x9 1x60"), failures("0x9 1x60")],
         {"12m": 0, "14m": 0}),
    Case("17 requests in five minutes page nobody", FAILING, [info(), requests("0x9 17x60"), failures("0x9 17x60")],
         {"10m": 0, "12m": 0, "13m": 0}),
    Case("21 requests that fail in five minutes page", FAILING, [info(), requests("0x9 21x60"), failures("0x9 21x60")], {"11m": 1}),
    Case("three failures page nobody", FAILING, [info(), requests("0x9 9+0x60"), failures("0x9 3x60")], {"12m": 0}),
    Case("no failure series at all pages nobody (M4)", FAILING, [info(), requests(STEADY)], {"60m": 0}),
    Case("429s are no outage", FAILING, [info(), requests(STEADY), failures("0x60 20+20x60", "rate_limited")], {"70m": 0}),
    Case("requests that a guardrail blocks are no outage", FAILING,
         [info(), requests(STEADY), failures("0x60 40+40x60", "blocked_guardrail")], {"70m": 0}),
    Case("failures that a retry makes good page nobody", FAILING,
         [info(), requests("0+80x600"), failures("0x60 40+40x60"), recovered("0x60 40+40x60")], {"65m": 0, "90m": 0}),
    Case("a provider behind a working fallback pages nobody", FAILING,
         [info(), requests(STEADY), failures("0x60 40+40x60"), requests("0x60 40+40x60", provider="azure", model="b"),
          recovered("0x60 40+40x60", provider="azure", model="b")], {"65m": 0, "90m": 0}),
    *(
        Case(f"a fallback that takes a quarter of a minute pages nobody as {alert}", alert,
             [info(), requests("0+240x600"), failures("0x60 240+240x70"), requests("0x60 180+240x70", provider="azure", model="b"),
              recovered("0x60 180+260x2 920+220x2 1600+240x64", provider="azure", model="b")],
             {"61m": 0, "65m": 0, "71m": 0, "75m": 0, "100m": 0, "120m": 0})
        for alert in (FAILING, DEAD)
    ),
    Case("a fallback that fails one call in ten pages as any tenth does", FAILING,
         [info(), requests("0+240x600"), failures("0x60 240+240x70"), requests("0x60 240+240x70", provider="azure", model="b"),
          recovered("0x60 216+216x70", provider="azure", model="b")], {"60m": 0, "75m": 0, "110m": 1}),
    Case("a fallback that fails fewer than one call in ten leaves no provider dead", DEAD,
         [info(), requests("0+240x600"), failures("0x60 240+240x70"), requests("0x60 240+240x70", provider="azure", model="b"),
          recovered("0x60 224+224x70", provider="azure", model="b")], {"75m": 0, "100m": 0}),
    Case("requests that come through after a 429 hide no others that fail for good", FAILING,
         [info(), requests("0+90x600"), failures("0x60 40+40x200", "rate_limited"), recovered("0x60 40+40x200"),
          recovered_other("0x60 40+40x200"), failures("0x60 10+10x200")], {"61m": 0, "130m": 1}),
    Case("429s that nothing makes good do not spoil failures that a retry does", FAILING,
         [info(), requests("0+90x600"), failures("0x60 40+40x200", "rate_limited"), recovered("0x60 10+10x200"),
          recovered_other("0x260"), failures("0x60 10+10x200")], {"70m": 0, "130m": 0}),
    Case("failures from a backlog of hours ago page nobody", FAILING,
         [info(), requests("0x60 400+400x5 2400x60"), late("0x60 400+400x5 2400x60"), failures("0x60 400+400x5 2400x60"),
          late_failures("0x60 400+400x5 2400x60")], {"62m": 0, "65m": 0, "70m": 0}),
    Case("a backlog with the first late failures of a model pages nobody", FAILING,
         [info(), requests("0+40x59 2760+40x60"), late("0x59 400x60"), failures("0x59 300x60"), late_failures("_x60 300x60")],
         {"60m": 0, "62m": 0, "65m": 0, "70m": 0}),
    *(
        Case(f"what increase() makes of a backlog beyond its failures pages nobody, {which}", FAILING,
             [info(), requests("2000+40x59 9360+40x60"), late("0x59 5000x60"), failures("1000x59 3000x60"), late_failures(values)],
             {"60m": 0, "62m": 0, "65m": 0, "70m": 0}, values={("count(call_class:llm_request_failures:increase5m)", "64m"): None})
        for which, values in (("of a model that had late ones", "10x59 2010x60"), ("of one that had none", "_x60 2000x60"))
    ),
    Case("an outage that goes on beside a backlog with the first late failures of a model pages", FAILING,
         [info(), requests("0+40x59 2760+40x60"), late("0x59 400x60"), failures("0x59 340+40x60"), late_failures("_x60 300x60")],
         {"63m": 1}),
    Case("late failures of a model that is scraped for the first time hide no failures of today", FAILING,
         [info(), requests("_x60 3000+40x60"), late("_x60 300x60"), failures("_x60 300+40x60"), late_failures("_x60 300x60")],
         {"63m": 1}),
    Case("late failures of long ago hide no outage from a pod that comes back under another address", FAILING,
         [*pod("%dx59 stale", "0+40x59 stale", "300x59 stale"),
          *pod("_x60 %dx60", "_x60 2440+40x60", "_x60 340+40x60", instance="b")], {"60m": 0, "64m": 1}),
    Case("a missed scrape while owners are asked for ends no outage's page and delays none", FAILING,
         [info(), requests("0+40x61 stale _ 2560+40x60"), failures("0x60 40 stale _ 160+40x60")],
         {f"{minute}m": 1 for minute in range(63, 70)}),
    Case("counters that begin at 0 again page nobody", FAILING,
         [info(), requests("0+40x60 0+40x60"), failures("500x60 0x60")], {"61m": 0, "65m": 0}),
    Case("a failing staging route is a ticket", FAILING,
         [info(tier="staging"), requests(STEADY), failures("0x60 40+40x60")], {"63m": 1}, severity="ticket"),
    Case("a failing staging route pages nobody", FAILING,
         [info(tier="staging"), requests(STEADY), failures("0x60 40+40x60")], {"63m": 0}, severity="page"),
    Case("a failing evaluation pages nobody", FAILING,
         [info(traffic="eval"), requests(STEADY), failures("0x60 40+40x60")], {"63m": 0}),
    Case(
        "a provider that several owners use is the platform's", FAILING,
        [info(), requests(STEADY), failures("0x60 40+40x60"),
         series("llm_route_info", "1x400", route="search", owner="other", tier="prod", traffic="live"),
         requests("0+1x400", route="search")], {"63m": 1},
        text=Text("63m", "page", "outage", "Requests to openai/gpt-4o are failing.",
                  "58.54% of requests fail after retries and fallbacks. Most common: provider_5xx on support. "
                  "Ongoing for 1m 0s. Affected: 120 requests in the last 1h.", MODEL, owner="platform"),
    ),
    Case(
        "a quiet route that is dead pages", DEAD,
        [info(), requests("0+1x200"), failures("0x60 1+1x60 61x80", "client_4xx")], {"60m": 0, "74m": 1, "100m": 1, "145m": 0},
        text=Text("80m", "page", "outage", "No request to openai/gpt-4o succeeds.",
                  "10 failures and no success in the last 10 minutes. Most common: client_4xx on support. Typical "
                  "causes: an expired key, a withdrawn model, an exhausted quota. Ongoing for 10m 0s.", MODEL),
    ),
    Case("a model of a request every two minutes that is dead is one page, whatever chance makes of its ten minutes", DEAD,
         [info(), requests(" ".join(map(str, SELDOM))), failures(" ".join(str(max(0, asked - 21)) for asked in SELDOM), "client_4xx")],
         {f"{minute}m": 1 for minute in range(80, 150, 2)}),
    Case(
        "the reason is one that the alert counts", FAILING,
        [info(), requests(STEADY), failures("0x60 18+18x60", "provider_5xx"), failures("0x60 20+20x60", "client_4xx")], {"65m": 1},
        text=Text("65m", "page", "outage", "Requests to openai/gpt-4o are failing.",
                  "45% of requests fail after retries and fallbacks. Most common: provider_5xx on support. Ongoing "
                  "for 1m 0s. Affected: 90 requests in the last 1h.", MODEL),
    ),
    Case("a model that never succeeded is no ticket", STILL, [info(), requests("0+1x60"), failures("0+1x60", "client_4xx")], {"40m": 0}),
    Case("three failures and no success page nobody", DEAD, [info(), requests("0+1x60 61x9 62+1x2 64x60"), failures("0x69 1+1x2 3x60")],
         {"75m": 0, "79m": 0}),
    Case("a model that never succeeded pages nobody", DEAD, [info(), requests("0+1x60"), failures("0+1x60", "client_4xx")], {"40m": 0}),
    Case("failures beside successes are not dead", DEAD, [info(), requests("0+2x120"), failures("0x60 1+1x60", "client_4xx")], {"90m": 0}),
    Case(
        "no probe answered pages", "LLMProviderUnreachable", [series("llm_provider_up", "1x9 0x30 1x30", provider="openai")],
        {"10m": 0, "13m": 1, "30m": 1, "50m": 0},
        text=Text("15m", "page", "outage", "openai does not answer probes.",
                  "No replica got an answer to its probes. Ongoing for 5m 0s.", {"provider": "openai"}, owner="platform"),
    ),
    Case("one replica whose probe fails pages nobody", "LLMProviderUnreachable",
         [series("llm_provider_up", "0x60", provider="openai"), series("llm_provider_up", "1x60", instance="b", provider="openai")],
         {"30m": 0}),
    Case(
        "429s beside successes are a ticket", "LLMRateLimited",
        [info(), requests(STEADY), failures("0x60 10+10x60 610x60", "rate_limited")], {"60m": 0, "75m": 1, "140m": 0},
        text=Text("75m", "ticket", "outage", "openai is rate limiting requests to gpt-4o.",
                  "25% of the requests of the last 10 minutes were answered with 429.", {**MODEL, "cause_hint": "rate_limit"}),
    ),
    Case("a few 429s are no ticket", "LLMRateLimited", [info(), requests(STEADY), failures("0x60 1+1x60", "rate_limited")], {"90m": 0}),
    Case(
        "a route whose requests are all refused, beside others that the model answers, is a ticket", REFUSED,
        [info(), info(route="search"), requests(STEADY), requests("0+2x600", route="search"),
         failures("0x60 2+2x120 242x200", "client_4xx", route="search")], {"75m": 0, "110m": 1, "180m": 1, "230m": 0},
        text=Text("110m", "ticket", "outage", "Almost all requests of search are rejected.",
                  "100% of the requests of the last 30 minutes were rejected: a wrong key, an unsupported parameter "
                  "or a model that does not exist.", {"route": "search"}),
    ),
    Case("no more than all requests are refused where traffic falls", REFUSED,
         [info(), info(route="search"), requests(STEADY), requests(FALLING, route="search"), failures(FALLING, "client_4xx", route="search")], {"123m": 1},
         text=Text("123m", "ticket", "outage", "Almost all requests of search are rejected.",
                   "100% of the requests of the last 30 minutes were rejected: a wrong key, an unsupported parameter "
                   "or a model that does not exist.", {"route": "search"})),
    Case("a route that may be refused for good by its own threshold is no ticket", REFUSED,
         [info(), info(route="search"), requests(STEADY), requests(FALLING, route="search"), failures(FALLING, "client_4xx", route="search"),
          series("tocsin_threshold", "1x700", route="search", name="outage.refusedRatio")],
         {f"{minute}m": 0 for minute in range(40, 170, 5)}),
    Case("a route that asks for a model that never answers is a ticket", REFUSED,
         [info(), requests("0+2x600"), failures("0+2x600", "client_4xx")], {"45m": 1}),
    *(
        Case(f"is no ticket of its own: {what}", REFUSED, [info(), *rows], {f"{minute}m": 0 for minute in range(80, 170, 5)})
        for what, rows in {
            "a model that is dead since an hour ago": [requests("0+2x600"), failures("0x60 2+2x200", "client_4xx")],
            "two thirds of a route's requests refused": [requests("0+3x600"), failures("0x60 2+2x200", "client_4xx")],
            "three refused requests an hour": [
                requests(STEADY, route="other"), requests(" ".join(f"{n // 20}" for n in range(300))),
                failures(" ".join(f"{n // 20}" for n in range(300)), "client_4xx")],
            "a model that refuses all, behind a working fallback": [
                requests("0+2x600"), failures("0+2x600", "client_4xx"), requests("0+2x600", model="b")],
            "an outage": [requests("0+2x600"), requests("0+2x600", route="other"), failures("0x60 2+2x200")],
        }.items()
    ),
    Case(
        "a provider failing behind a working fallback is a ticket", "LLMProviderFailingBehindFallback",
        [info(), requests(STEADY), failures("0x60 40+40x60 2440x100"), requests("0x60 40+40x60", provider="azure", model="b"),
         recovered("0x60 40+40x60 2440x100", provider="azure", model="b")], {"60m": 0, "100m": 1, "170m": 0},
        text=Text("100m", "ticket", "outage", "openai/gpt-4o fails behind a working fallback.",
                  "100% of the requests of the last 30 minutes failed and were made good by a retry or a fallback.",
                  {**MODEL, "cause_hint": "provider"}),
    ),
    *(
        Case(f"an expired key {where}", alert,
             [info(), requests(STEADY), failures("0x60 40+40x60 2440x100", "client_4xx"), requests("0x60 40+40x60", provider="azure", model="b"),
              recovered(mended, provider="azure", model="b"), recovered_other(mended)], {"60m": 0, "85m": fires, "170m": 0})
        for where, mended, alert, fires in (
            ("behind a working fallback is a ticket", "0x60 40+40x60 2440x100", "LLMProviderFailingBehindFallback", 1),
            ("behind a working fallback pages nobody", "0x60 40+40x60 2440x100", DEAD, 0),
            ("with no fallback is no such ticket", "0x220", "LLMProviderFailingBehindFallback", 0),
        )
    ),
    Case("failures that nothing makes good are no such ticket", "LLMProviderFailingBehindFallback",
         [info(), requests(STEADY), failures("0x60 40+40x60")], {"100m": 0}),
    Case(
        "no request for half an hour is said", "LLMNoTraffic", [info(), requests("0+40x20 800x60 840+40x60")], {"20m": 0, "60m": 1, "90m": 0},
        text=Text("60m", "info", "outage", "No requests are seen.",
                  "No request was counted for 30 minutes. Nothing can be said about outages, quality or cost.", owner="platform"),
    ),
    Case("requests of another route are traffic", "LLMNoTraffic", [info(), requests("0+40x20 800x60"), requests("0+1x80", route="search")],
         {"60m": 0}),
    Case("requests that stop are no outage", FAILING, [info(), requests("0+40x20 800x60"), failures("0x80")], {"60m": 0}),
    Case("a slow burn is a ticket", "LLMErrorBudgetBurning", [info(1100), requests("0+100x1100"), failures("0+2x200 400x900")], {"130m": 1, "600m": 1, "1000m": 0},
         text=Text("130m", "ticket", "outage", "Requests to openai/gpt-4o have a persistently raised error rate.",
                   "2% of the requests of the last 2h or 6h failed: at this rate the objective will be missed.", MODEL)),
    Case("six failures of a thousand in the first hours of a log are no ticket", "LLMErrorBudgetBurning",
         [info(), requests("0+10x120"), failures("0x10 6x110")], {"30m": 0, "60m": 0, "115m": 0}),
    Case("failures within the objective are no ticket", "LLMErrorBudgetBurning",
         [info(), requests("0+1000x200"), failures("0+2x200")], {"130m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
