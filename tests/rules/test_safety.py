"""Safety: answers that must not reach a user, and the guard."""

from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "safety")
ROUTE = {"provider": "openai", "model": "gpt-4o", "route": "support"}


def info(**labels):
    return series("llm_route_info", "1x400", **{"route": "support", "owner": "team", "tier": "prod", "traffic": "live", **labels})


def requests(values="0+10x400"):
    return series("llm_requests_total", values, **ROUTE)


def last(values, **labels):
    return series("llm_safety_last_violation_timestamp_seconds", values, **ROUTE, kind=labels.get("kind", "pii"))


def delivered(values, **labels):
    return series("llm_safety_violations_total", values, **ROUTE, **{"kind": "pii", "delivered": "true", "echoed": "false", "example": "false", **labels})


CASES = [
    Case(
        "a violation pages at once, stays for an hour and resolves", "LLMSafetyViolation",
        [info(), requests(), last("0x9 600x200"), delivered("0x9 2x200"), delivered("0+1x200", echoed="true")],
        {"9m": 0, "10m": 1, "69m": 1, "71m": 0},
        text=Text(
            "30m", "page", "safety", "An answer of support with a pii violation reached a user.",
            "The last one was 20m 0s ago. Block such answers first; no model, prompt or routing is changed "
            "automatically. Notify legal and communications within 30 minutes. Affected: 2 requests in the last 1h.",
            {"route": "support", "kind": "pii", "detection": "post_delivery"},
        ),
    ),
    Case("a violation right after a restart pages although its counter is what it was (M2)", "LLMSafetyViolation",
         [info(), requests(), last("0x9 _x2 720x60")], {"12m": 1}),
    Case("the first violation ever pages although its series is born with it (M1)", "LLMSafetyViolation",
         [info(), requests(), last("_x10 660x60")], {"11m": 1}),
    Case("a violation on a route of which nothing is known pages", "LLMSafetyViolation", [last("0x9 600x60")], {"10m": 1}),
    Case("a violation stays up, with its owner, while scrapes are missed", "LLMSafetyViolation",
         [series("llm_route_info", "1x14 stale _x2 1x60", route="support", owner="team", tier="prod", traffic="live"),
          requests("0+10x14 stale _x2 180+10x60"), last("0x9 600x4 stale _x2 600x60")],
         {"14m": 1, "15m": 1, "16m": 1, "17m": 1, "18m": 1}),
    Case("no violation, no page", "LLMSafetyViolation", [info(), requests(), last("0x60")], {"30m": 0}),
    Case("a violation in test traffic does not page", "LLMSafetyViolation",
         [info(traffic="eval"), requests(), last("600x60")], {"12m": 0}),
    Case("a violation pages though staging, scraped beside production, calls the route a test", "LLMSafetyViolation",
         [info(), requests(), last("600x60"), info(instance="staging", tier="staging", traffic="test"),
          info(instance="staging-2", tier="staging", traffic="test")], {"12m": 1}, severity="page"),
    Case("a violation of a staging route is a ticket", "LLMSafetyViolation",
         [info(tier="staging"), requests(), last("600x60")], {"12m": 1}, severity="ticket"),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
