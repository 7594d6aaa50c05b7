"""Quality scores against a baseline that leaves incidents out: the measured failures of naive rules (M5, M6, M7)."""

from promtool import Case, compiled, failed, series
from quality_series import DAY, HOUR, LEARNT, accepted, info, scored, slide, wave, worse

GROUPS = ("routes-seen", "routes", "quality-scores", "quality-quiet", "quality-baselines", "quality", "quality-signals")
INTERVAL = "5m"
RULES = compiled(baseline__window=86400)
"""A day instead of a week: a seventh of the time, and whatever outlasts it must not wear out."""
PAGE, TICKET = "LLMQualityScoreDropped", "LLMQualityScoreSlipping"
MEAN = 'max(route_scorer:llm_quality_score:mean{route="support"})'
BASELINE = 'max(route_scorer:llm_quality_score:baseline7d{route="support"})'
DROPPED = LEARNT + [0.56] * 8 * HOUR
CASES = [
    Case("a step of -30 % pages within 35 minutes and stays until it is mended (M6)", PAGE,
         [info(), *scored(LEARNT + [0.56] * DAY)], {"4h": 0, "4h35m": 1, "10h": 1, "27h": 1}),
    Case("a step of -20 % pages within 35 minutes", PAGE, [info(), *scored(LEARNT + [0.64] * HOUR)], {"4h": 0, "4h35m": 1}),
    Case("a step that is hardly an incident is not learnt before it is judged", PAGE,
         [info(), *scored(LEARNT + [0.8 * 0.849] * 2 * HOUR)], {"4h30m": 0, "4h50m": 1}),
    Case("a step of -16 % pages", PAGE, [info(), *scored(LEARNT + [0.672] * 2 * HOUR)], {"5h": 1}),
    Case("a slide of -25 % over six hours pages within 4 h 30 and stays (M7)", PAGE,
         [info(), *scored([0.8] * DAY + slide(6, 0.25) + [0.6] * 6 * HOUR)], {"26h": 0, "28h30m": 1, "30h": 1, "36h": 1}),
    Case("a drop of -14 % pages nobody", PAGE, [info(), *scored(LEARNT + [0.688] * 4 * HOUR)],
         {"4h40m": 0, "5h30m": 0, "8h": 0}),
    Case("a drop of -14 % is one ticket", TICKET, [info(), *scored(LEARNT + [0.688] * 2 * HOUR)], {"4h": 0, "5h15m": 1}),
    Case("a daily wave of 5.5 % pages nobody", PAGE, [info(), *scored(wave(2))], {f"{h}h": 0 for h in range(6, 48, 6)}),
    Case("a daily wave of 12 % makes a ticket before a day is known, and none afterwards", TICKET,
         [info(), *scored(wave(3, 0.12))], {"18h": 1, "36h": 0, "42h": 0, "60h": 0, "66h": 0}),
    Case("a step of -16 % pages at the best hour of the day as well", PAGE,
         [info(), *scored(worse(wave(2), 0.16, 29, 32))], {"29h": 0, "30h": 1, "31h50m": 1, "33h": 0}),
    Case("a drop of -14 % pages nobody at the worst hour of the day", PAGE,
         [info(), *scored(worse(wave(2), 0.14, 41, 44))], {"42h": 0, "43h50m": 0}),
    Case("a slide that begins as the scores rise pages within 4 h 30", PAGE,
         [info(), *scored([mean * (1 - 0.25 * min(1, max(0, i - 26 * HOUR) / (6 * HOUR))) for i, mean in enumerate(wave(2, 0.03))])],
         {"29h": 0, "30h30m": 1, "36h": 1, "47h": 1}),
    Case("a time of day is believed to be better than the day by a twentieth at most: the next day may have another rhythm", PAGE,
         [info(), *scored(wave(1, 0.12) + [0.72] * DAY)], {"29h": 0, "30h": 0, "32h": 0},
         values={(f"round({BASELINE}, 0.02)", "30h"): 0.8}),
    Case("a drop at the same hours of two nights pages twice: it is no rhythm", PAGE,
         [info(), *scored(worse(worse([0.8] * 2 * DAY, 0.3, 4, 9), 0.3, 28, 33))], {"4h40m": 1, "10h": 0, "28h40m": 1, "32h": 1, "34h": 0}),
    Case("a weekend with a tenth of the traffic and slightly other answers pages nobody", PAGE,
         [info(), *scored(LEARNT + [0.76] * DAY + LEARNT, [100] * 4 * HOUR + [10] * DAY + [100] * 4 * HOUR)],
         {f"{h}h": 0 for h in range(4, 32, 4)}),
    Case("a drop that is mended resolves and has not moved the baseline", PAGE,
         [info(), *scored(LEARNT + [0.56] * 3 * HOUR + [0.8] * 2 * HOUR)], {"6h": 1, "8h": 0},
         values={(f"round({BASELINE}, 0.02)", "9h"): 0.8}),
    Case("a drop of staging is a ticket", PAGE, [info(tier="staging"), *scored(DROPPED)], {"5h": 1}, severity="ticket"),
    Case("a drop of staging pages nobody", PAGE, [info(tier="staging"), *scored(DROPPED)], {"5h": 0}, severity="page"),
    Case("evaluation traffic is in no baseline and no page", PAGE, [info(traffic="eval"), *scored(DROPPED)], {"5h": 0},
         values={(BASELINE, "4h"): None}),
    Case("no page before there is a baseline", PAGE, [info(), *scored([0.8] * HOUR + [0.5] * HOUR)], {"1h30m": 0, "2h": 0}),
    Case("a route without a baseline is listed as warming up", "LLMQualityWarmingUp",
         [info(), *scored(LEARNT)], {"1h": 1, "3h": 0}),
    Case("traffic that stops pages nobody (M5)", PAGE, [info(), *scored(LEARNT + [0.8] * 8 * HOUR, [100] * 4 * HOUR + [0] * 8 * HOUR)],
         {"5h": 0, "11h": 0}, values={(MEAN, "11h"): None}),
    Case("a route with 48 scored calls in half an hour is judged over an hour", PAGE,
         [info(), *scored([0.8] * 8 * HOUR + [0.56] * 8 * HOUR, 8)], {"8h50m": 0, "9h15m": 1, "15h": 1}),
    Case("a route with 24 scored calls in an hour is judged over six hours", PAGE,
         [info(), *scored([0.8] * 8 * HOUR + [0.4] * 8 * HOUR, 2)], {"9h": 0, "15h": 1}),
    Case("a route that is judged over six hours is listed", "LLMQualityQuietRoute", [info(), *scored(DROPPED, 5)], {"10h": 1}),
    Case("a busy route is not listed as quiet", "LLMQualityQuietRoute", [info(), *scored(DROPPED)], {"10h": 0}),
    Case("a route with a call an hour is not judged at all", PAGE,
         [info(), *scored(DROPPED, [1 if i % HOUR == 0 else 0 for i in range(12 * HOUR)])], {"5h": 0, "11h": 0}),
    Case("a drop that chance explains pages nobody", PAGE,
         [info(), *scored([0.6] * 4 * HOUR + [0.5] * HOUR, 10)], {"4h30m": 0, "4h50m": 0}),
    Case("counters that begin at 0 again page nobody", PAGE,
         [info(), series("llm_quality_score_sum", "0+80x60 0+80x60", route="support", scorer="composite"),
          series("llm_quality_score_count", "0+100x60 0+100x60", route="support", scorer="composite")],
         {"5h10m": 0, "5h30m": 0, "6h": 0}),
    Case("the old baseline judges for 24 hours after a new one was accepted, then the new one", PAGE,
         [info(), accepted("1x48 _x400", "1"), accepted("_x49 1x400", "2"), *scored(LEARNT + [0.6] * 26 * HOUR)],
         {"5h": 1, "15h": 1, "27h": 1, "29h": 0}, values={(f"round({BASELINE}, 0.001)", "29h50m"): 0.6}),
    Case("a new baseline that is higher judges as soon as it is learnt", PAGE,
         [info(), accepted("1x48 _x400", "1"), accepted("_x49 1x400", "2"),
          *scored([0.6] * 4 * HOUR + [0.9] * 4 * HOUR + [0.7] * 2 * HOUR)], {"5h": 0, "9h": 1}),
    Case("a route's own threshold decides", PAGE,
         [info(), series("tocsin_threshold", "0.4x700", route="support", name="quality.dropRatio"), *scored(DROPPED)],
         {"5h": 0, "8h": 0}),
    Case("two exporters that share a route are one score", PAGE,
         [info(), *scored(DROPPED, 60, instance="a"), *scored(DROPPED, 60, instance="b")], {"4h": 0, "4h35m": 1, "10h": 1},
         values={(f"round({MEAN}, 0.001)", "4h"): 0.8}),
    Case("two Prometheus replicas of one exporter do not change the score", PAGE,
         [info(), *scored(DROPPED, prometheus_replica="a"), *scored(DROPPED, prometheus_replica="b")], {"4h": 0, "4h35m": 1},
         values={(f"round({MEAN}, 0.001)", "4h"): 0.8}),
]

def test_behaves(case, report):
    assert not failed(case, CASES, report)
