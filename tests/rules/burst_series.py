"""Input series of label sets that appear at 90 minutes, in the middle of a burst."""

from promtool import series

CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
NOW = 5400
"""When bursts come, in seconds: from then on their series are there."""


def first(when=NOW - 5, instance="a", **labels):
    """When the label set counted its first request; it is scraped from then on."""
    return series("llm_first_request_timestamp_seconds", f"_x90 {when}x100", instance, **{**CALL, **labels})


def burst(metric, value, instance="a", **labels):
    """A counter of a label set, as high as that in its first scrape and in all others."""
    return series(metric, f"_x90 {value}x100", instance, **{**CALL, **labels})


def requests(total, failures, instance="a", **labels):
    return [
        burst("llm_requests_total", total, instance, **labels), burst("llm_late_requests_total", 0, instance, **labels),
        burst("llm_request_failures_total", failures, instance, reason="provider_5xx", **labels),
        burst("llm_young_request_failures_total", failures, instance, reason="provider_5xx", **labels),
        burst("llm_requests_recovered_total", 0, instance, **labels),
    ]  # fmt: skip
