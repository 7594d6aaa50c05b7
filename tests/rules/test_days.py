"""What is compared with days ago: traffic, and the accepted baseline."""

from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "traffic", "outage-slow", "outage-tickets", "change")
TOOLS = ("promtool",)  # the other rules of these groups run with the oldest one, too
INTERVAL, STEP = "30m", "5m"  # a week of rules every five minutes takes long
HOUR = 12  # steps
WEEK = 7 * 24 * HOUR
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
GONE = "LLMTrafficGone"


def info(steps, **labels):
    return series("llm_route_info", f"1x{steps}", **{"route": "support", "owner": "team", "tier": "prod", "traffic": "live", **labels})


def traffic(*phases, **labels):
    """Calls of five minutes over time; a phase is (steps, calls)."""
    total, values = 0, ["0"]
    for steps, rate in phases:
        for _ in range(steps):
            total += rate
            values.append(str(total))
    return [info(len(values), **labels), series("llm_requests_total", " ".join(values), **CALL), alive(len(values))]


def alive(steps, started=0):
    return series("process_start_time_seconds", f"{started}x{steps}")


def lag(values):
    return series("tocsin_ingest_lag_seconds", values)


def accepted(values, baseline):
    return series("llm_baseline_info", values, route="support", baseline=baseline)


STOPPED = [(WEEK + HOUR, 100), (3 * HOUR, 0)]
CASES = [
    Case("traffic that stops is a ticket, and resolves when it is back", GONE, traffic(*STOPPED, (HOUR, 100)),
         {"169h": 0, "170h": 1, "172h": 1, "173h": 0}, severity="ticket",
         text=Text("170h", "ticket", "outage", "Traffic of support has almost stopped.",
                   "0 requests in the last 15 minutes; at the same time yesterday and a week ago there were more "
                   "than twenty times as many.",
                   {"route": "support"})),
    Case("a route that asks for it is paged", GONE,
         [*traffic(*STOPPED), series("tocsin_threshold", "1x2100", route="support", name="outage.trafficGonePage")],
         {"170h": 1}, severity="page",
         text=Text("170h", "page", "outage", "Traffic of support has almost stopped.",
                   "0 requests in the last 15 minutes; at the same time yesterday and a week ago there were more "
                   "than twenty times as many.",
                   {"route": "support"})),
    Case("a route of staging that asks for it is not paged", GONE,
         [*traffic(*STOPPED, tier="staging"), series("tocsin_threshold", "1x2100", route="support", name="outage.trafficGonePage")],
         {"170h": 0, "171h": 0}, severity="page"),
    Case("a tenth of the traffic is not gone", GONE, traffic((WEEK + HOUR, 100), (2 * HOUR, 10)), {"170h": 0, "171h": 0}),
    Case("a route with 90 calls in 15 minutes is not missed", GONE, traffic((WEEK + HOUR, 30), (2 * HOUR, 0)), {"170h": 0, "171h": 0}),
    Case("a route that is silent at this hour of the week is not missed", GONE,
         traffic((2 * HOUR, 0), (WEEK - 2 * HOUR, 100), (2 * HOUR, 0)), {"169h": 0, "169h30m": 0}),
    Case("traffic that we ourselves do not read is not gone", GONE,
         [*traffic(*STOPPED), lag(f"0x{WEEK + HOUR} 600x40")], {"170h": 0, "171h": 0}),
    Case("traffic that an input hides is not gone", GONE,
         [*traffic(*STOPPED), series("tocsin_input_unusable", "1x2100", reason="permission")], {"170h": 0, "171h": 0}),
    Case("a restart of the exporter is not the end of traffic", GONE,
         [*traffic(*STOPPED)[:-1], alive(2100, 3600 * 169 + 300)], {"169h30m": 0}),
    Case("a baseline that was accepted is said for a day", "LLMBaselineChanged",
         [info(800), accepted("1x300 _x500", "1"), accepted("_x301 1x500", "2")], {"25h": 0, "26h": 1, "47h": 1, "50h": 0},
         text=Text("26h", "info", "change", "support is learning the new baseline 2.", "The old one stays in effect for "
                                                                                  "24 hours.",
                   {"route": "support", "baseline": "2"})),
    Case("the first baseline of a route is no change", "LLMBaselineChanged", [info(800), accepted("_x300 1x500", "1")],
         {"25h": 0, "26h": 0, "50h": 0}),
    Case("a baseline is not changed by a restart of the exporter", "LLMBaselineChanged", [info(800), accepted("1x300 _x10 1x500", "1")],
         {"25h": 0, "26h": 0, "50h": 0}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
