"""All rules at once, in worlds where hardly anything may fire: no data, a lost state, hardly any traffic."""

from promtool import ALL, Case, compiled, failed, series

from tocsin import bundle
from tocsin.catalogue import FAMILIES, PLANNED, Family

GROUPS = [name.removeprefix("tocsin-") for name in bundle.shipped().groups]
TOOLS = ("promtool",)  # each rule alone runs with the oldest one, too
INTERVAL = "150s"
RULES = compiled(baseline__window=6 * 3600)
STEPS = 96
"""Four hours."""
LABELS = {
    "provider": "openai", "model": "gpt-4o", "route": "support", "kind": "input", "reason": "timeout", "scorer": "composite",
    "source": "reported", "signal": "hedge", "role": "user", "consumer": "h1", "scope": "user", "input": "file", "name": "main",
    "version": "1", "checksum": "c", "requested": "gpt-4o", "served": "gpt-4o", "fingerprint": "f", "owner": "team", "tier": "prod",
    "traffic": "live", "field": "ttft", "label": "model", "detector": "topic", "backend": "b", "verdict": "block",
    "category": "quality", "python": "3.11", "task": "tail", "feature": "length", "segment": "long", "delivered": "true", "echoed": "false",
    "example": "false", "baseline": "1", "mode": "exporter",
}  # fmt: skip
GAUGES = {
    "llm_provider_up": 1, "llm_format_window_calls": 1000, "llm_format_window_compliant": 1000, "tocsin_series": 100,
    "tocsin_series_max": 20000, "tocsin_category_instrumented": 1, "tocsin_config_last_reload_successful": 1,
    "llm_model_info": 1, "llm_prompt_info": 1, "llm_baseline_info": 1, "llm_route_info": 1, "tocsin_build_info": 1, "up": 1,
}  # fmt: skip
CLOCKS = ("tocsin_task_heartbeat_timestamp_seconds", "tocsin_last_commit_timestamp_seconds")
TRAFFIC = {
    "llm_requests_total", "llm_tokens_total", "llm_cost_usd_total", "llm_consumer_tokens_total", "llm_scored_total",
    "llm_answers_checked_total", "llm_hallucination_checks_total", "llm_format_checks_total", "llm_language_checks_total",
    "llm_guard_eligible_total", "llm_guard_scanned_total", "llm_guard_requests_total", "tocsin_events_read_total",
    "tocsin_events_counted_total",
}  # fmt: skip
"""Counters that go up while all is well."""
HIGH_IS_GOOD = {"llm_quality_score", "llm_confidence", "llm_semantic_similarity", "llm_output_tokens_per_second"}


def world(good, bad, *, of_good, of_bad):
    """Series of every family: counters of traffic and histograms as ``good``, those of problems as ``bad``."""
    rows = [series("up", f"1x{STEPS}")]
    for family in FAMILIES.values():
        if family in PLANNED or family.name in ("tocsin_threshold", "process_start_time_seconds"):
            continue
        labels = {name: LABELS[name] for name in family.labels}
        if family.kind == "counter":
            rows.append(series(family.name, good if family.name in TRAFFIC else bad, **labels))
        elif family.kind == "histogram":
            rows += histogram(family, labels, good, of_good if family.name in HIGH_IS_GOOD else of_bad)
        else:
            step = "150" if family.name in CLOCKS else "0"
            rows.append(series(family.name, f"{GAUGES.get(family.name, 0)}+{step}x{STEPS}", **labels))
    return rows


def histogram(family: Family, labels: dict[str, str], values: str, share: float):
    """All observations in the bucket that lies at this share of the bounds."""
    at = int(share * (len(family.buckets) - 1))
    bounds = [f"{bound:g}" for bound in family.buckets] + ["+Inf"]
    rows = [series(f"{family.name}_bucket", values if i >= at else f"0x{STEPS}", le=le, **labels) for i, le in enumerate(bounds)]
    return [*rows, *(series(f"{family.name}_{part}", values, **labels) for part in ("sum", "count"))]


def firing(names: str) -> str:
    return f'count(ALERTS{{alertstate="firing", alertname!~"TocsinDeadMansSwitch|{names}"}})'


LOST = "900000+30x60 0+30x36"
"""Counters that begin at 0 again after two hours and a half."""
ONE_IS_ENOUGH = {
    "LLMTokenOutliers": "a ticket for each offender is what it is for",
    "LLMSessionLoops": "a session counts once it has repeated itself five times",
    "LLMLimitBreached": "the limit is the operator's own",
    "LLMTokensUnpriced": "money is unknown from the first token on",
    "TocsinLabelsFolded": "a bound was reached",
    "TocsinStreamsLost": "events are lost",
    "LLMModelChanged": "for information",
    "LLMPromptChanged": "for information",
}
FEW = "0x10 1x20 2x20 3x20"
CASES = [
    Case("without any data nothing fires but the absence itself", ALL, [],
         values={(firing("TocsinAbsent"), "20m"): None, (firing("LLM.*"), "20m"): 1.0}),
    Case("a fleet that is well, and an exporter that loses its state, make no alert", ALL, world(LOST, "500x60 0x36", of_good=0.8, of_bad=0.3),
         values={(firing("LLMQualityWarmingUp"), f"{minutes}m"): None for minutes in (30, 60, 145, 150, 153, 155, 160, 170, 200, 230)}
         | {("count(route_signal:llm_signal:baseline7d) > bool 3", "145m"): 1.0}),
    Case("two calls in an hour, bad in every way, make tickets for what one is enough for", ALL, world(FEW, FEW, of_good=0.1, of_bad=0.9),
         values={("count(count by (alertname) (ALERTS{alertstate='firing', alertname!='TocsinDeadMansSwitch'}))", "80m"): float(len(ONE_IS_ENOUGH))}
         | {(firing("|".join(["LLMNoTraffic", *ONE_IS_ENOUGH])), at): None for at in ("30m", "60m", "80m")}
         | {("count(ALERTS{severity='page', alertstate='firing'})", at): None for at in ("30m", "60m", "80m")}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
