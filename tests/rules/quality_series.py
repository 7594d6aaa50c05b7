"""Input series of quality scores, one sample every five minutes."""

import math

from promtool import series

HOUR = 12  # steps
DAY = 24 * HOUR


def scored(means, calls=100, route="support", **labels):
    """Counters of answers scored so on average, so many of them in each five minutes."""
    counts = calls if isinstance(calls, list) else [calls] * len(means)
    total, count, sums, numbers = 0.0, 0, ["0"], ["0"]
    for mean, n in zip(means, counts, strict=True):
        total, count = total + mean * n, count + n
        sums.append(f"{total:.3f}")
        numbers.append(str(count))
    labels = {"provider": "openai", "model": "gpt-4o", "route": route, "scorer": "composite", **labels}
    return [
        series("llm_quality_score_sum", " ".join(sums), **labels),
        series("llm_quality_score_count", " ".join(numbers), **labels),
    ]


def info(traffic="live", tier="prod"):
    return series("llm_route_info", "1x2100", route="support", owner="team", tier=tier, traffic=traffic)


def accepted(values, baseline):
    return series("llm_baseline_info", values, route="support", baseline=baseline)


def slide(hours, depth):
    steps = hours * HOUR
    return [0.8 * (1 - depth * (i + 1) / steps) for i in range(steps)]


def wave(days, height=0.055):
    """Best after six hours of a day, worst after eighteen."""
    return [0.8 * (1 + height * math.sin(2 * math.pi * i / DAY)) for i in range(days * DAY)]


def worse(means, by, begin, end):
    """The means, so much lower between two hours."""
    return [mean * (1 - by) if begin * HOUR <= i < end * HOUR else mean for i, mean in enumerate(means)]


LEARNT = [0.8] * 4 * HOUR
