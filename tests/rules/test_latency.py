"""Latency against what is usual at the hour."""

from promtool import Case, Text, compiled, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "owners", "model-changes", "latency", "latency-duration", "latency-baselines", "outage-slow", "outage-tickets")
INTERVAL, STEP = "150s", "5m"  # the text asks for the last evaluation: it must be within five minutes
RULES = compiled(baseline__window=6 * 3600)
HOUR = 12  # steps
DAY = 24 * HOUR
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
MODEL = {"provider": "openai", "model": "gpt-4o"}
SLOW, LONG = "LLMLatencyHigh", "LLMDurationHigh"
PAGES = f'count(count_over_time(ALERTS{{alertname="{SLOW}", alertstate="firing"}}[4h]))'
"""Pages of the last hours: an alert whose labels change is another one."""


def info(steps, **labels):
    return series("llm_route_info", f"1x{steps}", **{"route": "support", "owner": "team", "tier": "prod", "traffic": "live", **labels})


def histogram(metric, phases, bounds, *, rate=100, instance="a", **labels):
    """Calls of each five minutes; a phase is (steps, index of the bucket that all of them fall into)."""
    total, cumulative = 0, [0] * len(bounds)
    rows, counts = [["0"] for _ in bounds], ["0"]
    for steps, bucket in phases:
        for _ in range(steps):
            total += rate
            for i in range(bucket, len(bounds)):
                cumulative[i] += rate
            counts.append(str(total))
            for i, row in enumerate(rows):
                row.append(str(cumulative[i]))
    labels = {**CALL, **labels}
    return [
        *(series(f"{metric}_bucket", " ".join(row), instance, le=bound, **labels) for bound, row in zip(bounds, rows, strict=True)),
        series(f"{metric}_count", " ".join(counts), instance, **labels),
        series("llm_requests_total", f"0+{rate}x{len(counts) - 1}", instance, **labels),
    ]


def first_token(*phases, **changes):
    """Buckets whose p95 is 0.95, 2.9, 5.85 and 9.8 seconds."""
    return [info(sum(steps for steps, _ in phases)),
            *histogram("llm_time_to_first_token_seconds", phases, ["1", "3", "6", "10", "+Inf"], **changes)]


def speed(*phases, **changes):
    """Buckets whose median is 10, 30 and 70 tokens a second."""
    return [info(sum(steps for steps, _ in phases)),
            *histogram("llm_output_tokens_per_second", phases, ["20", "40", "100", "+Inf"], **changes)]


def duration(*phases, **changes):
    return [info(sum(steps for steps, _ in phases)), *histogram("llm_request_duration_seconds", phases, ["1", "10", "+Inf"], **changes)]


def changes(values):
    return series("llm_model_changes_total", values, **CALL)


NIGHT = [(DAY - 4 * HOUR, 0), (4 * HOUR, 1)]
CASES = [
    Case("slow first tokens page after ten minutes and resolve", SLOW, first_token((4 * HOUR, 0), (2 * HOUR, 3), (2 * HOUR, 0)),
         {"4h": 0, "4h20m": 1, "6h": 1, "6h30m": 0}, severity="page",
         text=Text("4h30m", "page", "outage", "openai/gpt-4o is slow.",
                   "Answers are 10.3 times slower than usual at this hour. p95 time to first token: 9.8s. Ongoing "
                   "for 25m 0s.", MODEL)),
    Case("a slow burst of five minutes pages nobody", SLOW, first_token((4 * HOUR, 0), (1, 3), (HOUR, 0)),
         {"4h5m": 0, "4h10m": 0, "4h20m": 0}),
    Case("what is slow, well for a quarter of an hour and slow again is one page", SLOW, first_token((4 * HOUR, 0), (6, 3), (3, 0), (7, 3)),
         {"4h25m": 1, "4h30m": 1, **{f"4h{minute}m": 1 for minute in range(35, 60, 2)}, "5h10m": 1}),
    Case("three times as slow, and under five seconds, pages nobody", SLOW, first_token((4 * HOUR, 0), (HOUR, 1)), {"4h30m": 0, "5h": 0}),
    Case("over five seconds, and usual, pages nobody", SLOW, first_token((6 * HOUR, 3)), {"4h": 0, "6h": 0}),
    Case("40 slow calls in ten minutes page nobody", SLOW, first_token((4 * HOUR, 0), (HOUR, 3), rate=20), {"4h30m": 0, "5h": 0}),
    Case("slow answers of a staging route page nobody", SLOW,
         [info(60, tier="staging"), *first_token((4 * HOUR, 0), (HOUR, 3))[1:]], {"4h30m": 0}, severity="page"),
    Case("slow answers of a staging route are a ticket", SLOW,
         [info(60, tier="staging"), *first_token((4 * HOUR, 0), (HOUR, 3))[1:]], {"4h30m": 1}, severity="ticket"),
    Case("nothing is slow before there is a baseline", SLOW, first_token((HOUR, 0), (HOUR, 3)), {"1h30m": 0, "2h": 0}),
    Case("what is slow for hours does not become usual", SLOW, first_token((4 * HOUR, 0), (12 * HOUR, 3)), {"10h": 1, "16h": 1}),
    Case("six seconds at an hour that is slow every night page nobody", SLOW,
         first_token(*NIGHT, (DAY - 4 * HOUR, 0), (3 * HOUR, 2)), {"45h": 0, "46h": 0, "47h": 0}),
    Case("six seconds at an hour that is always fast page", SLOW, first_token(*NIGHT, (10 * HOUR, 0), (HOUR, 2)), {"34h": 0, "34h30m": 1}),
    Case("counters that begin at 0 again page nobody", SLOW,
         [info(96), *(row | {"values": f"{row['values']} {row['values']}"} for row in first_token((4 * HOUR, 0))[1:])],
         {"4h10m": 0, "4h30m": 0, "5h": 0}),
    Case("an answer that trickles pages, and resolves", SLOW, speed((4 * HOUR, 2), (HOUR, 0), (HOUR, 2)), {"4h": 0, "4h30m": 1, "6h": 0},
         text=Text("4h30m", "page", "outage", "openai/gpt-4o is slow.",
                   "Answers are 7.0 times slower than usual at this hour. Median speed: 10 tokens per second. "
                   "Ongoing for 25m 0s.", MODEL)),
    Case("a model that is slow in both ways is one page", SLOW,
         [*first_token((4 * HOUR, 0), (2 * HOUR, 3), (2 * HOUR, 0)), *speed((4 * HOUR, 2), (3 * HOUR, 0), (HOUR, 2))[1:-1]],
         {"4h20m": 1, "6h": 1, "6h30m": 1, "7h40m": 0}, severity="page",
         values={(PAGES, "4h20m"): 1.0, (PAGES, "6h"): 1.0, (PAGES, "6h30m"): 1.0}),
    Case("an answer that comes at half the speed pages nobody", SLOW, speed((4 * HOUR, 2), (HOUR, 1)), {"4h30m": 0, "5h": 0}),
    Case("long requests are a ticket, and resolve", LONG, duration((4 * HOUR, 0), (2 * HOUR, 1), (HOUR, 0)), {"4h": 0, "4h30m": 1, "7h": 0},
         text=Text("4h30m", "ticket", "outage", "Requests to openai/gpt-4o take long.",
                   "One request in twenty takes longer than 9.55s, far from what is usual at this hour.", {**MODEL, "signal": "duration"})),
    Case("long requests after a model change are no ticket", LONG,
         [*duration((4 * HOUR, 0), (2 * HOUR, 1)), changes("0x47 1x40")], {"4h30m": 0, "6h": 0}),
    Case("40 long requests are no ticket", LONG, duration((4 * HOUR, 0), (HOUR, 1), rate=20), {"4h30m": 0, "5h": 0}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
