"""Every metric family that Tocsin exports: name, type, labels, help.

``python -m tocsin.catalogue`` prints ``METRICS.md``. Naming follows
https://prometheus.io/docs/practices/naming/: base units, ``_total`` on counters, and a failed counter
beside a total one instead of a status label. ``planned`` families are named but not exported yet.
"""

from __future__ import annotations

from dataclasses import dataclass

CALL = ("provider", "model", "route")
"""Shared labels; up to three configured ``extra_labels`` follow them."""

DURATION_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
TTFT_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)
SPEED_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 400.0)
TOKEN_BUCKETS = tuple(float(b) for b in (
    16, 24, 36, 54, 80, 120, 180, 270, 400, 600, 900, 1350, 2000, 3000, 4500, 6750, 10000, 15000, 22500,
    33750, 50000, 75000, 112500, 168750, 250000, 375000, 562500, 843750, 1250000,
))  # fmt: skip
"""At most x1.5 apart: the 3 x p95 rule needs a quantile that is not off by a factor of four."""
SCORE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
"""0.5 is the bound of a bad answer, 0.85 the one below which a stated confidence goes to review."""
CHARS_BUCKETS = tuple(float(b) for b in (
    4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768, 65536,
))  # fmt: skip
GUARD_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)  # a family is itself; hashing its fields costs on every event
class Family:
    """One metric family as it stands in the exposition."""

    name: str
    kind: str
    """``counter``, ``gauge`` or ``histogram``."""
    group: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    planned: bool = False

    @property
    def per_call(self) -> bool:
        """True when the family carries the shared labels, and so the configured extra ones."""
        return self.labels[:3] == CALL


def _counter(name: str, group: str, text: str, labels: tuple[str, ...] = (), *, planned: bool = False) -> Family:
    return Family(name, "counter", group, text, labels, planned=planned)


def _gauge(name: str, group: str, text: str, labels: tuple[str, ...] = (), *, planned: bool = False) -> Family:
    return Family(name, "gauge", group, text, labels, planned=planned)


def _histogram(
    name: str, group: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...] = CALL
) -> Family:
    return Family(name, "histogram", group, text, labels, buckets)


# ---- outage
REQUESTS = _counter("llm_requests_total", "outage", "Requests to a model, successes and failures.", CALL)
FIRST_REQUEST = _gauge(
    "llm_first_request_timestamp_seconds", "outage",
    "When the first request of a label set was counted; 0 if its counters may include older requests.", CALL,
)  # fmt: skip
FAILURES = _counter("llm_request_failures_total", "outage", "Failed requests by reason.", (*CALL, "reason"))
YOUNG_FAILURES = _counter(
    "llm_young_request_failures_total", "outage",
    "Failed requests within two hours of the label set's first request; absent if there were none.",
    (*CALL, "reason"),
)  # fmt: skip
RECOVERED = _counter(
    "llm_requests_recovered_total", "outage", "Successes whose request had failed before (retry, fallback).", CALL
)
RECOVERED_OTHER = _counter(
    "llm_requests_recovered_other_total", "outage",
    "Recovered requests whose failures were no outage (5xx, timeout, connection), for example a 429.", CALL,
)  # fmt: skip
CONTENT_FILTERED = _counter(
    "llm_content_filtered_total", "outage", "Successful requests that the provider's content filter ended.", CALL
)
LATE_REQUESTS = _counter(
    "llm_late_requests_total", "outage", "Requests that were already older than 10 minutes when they were counted.",
    CALL,
)  # fmt: skip
LATE_FAILURES = _counter(
    "llm_late_request_failures_total", "outage",
    "Failed requests that were already older than 10 minutes when they were counted.", (*CALL, "reason"),
)  # fmt: skip
DURATION = _histogram("llm_request_duration_seconds", "outage", "Duration of successful requests.", DURATION_BUCKETS)
FAILURE_DURATION = _histogram(
    "llm_request_failure_duration_seconds", "outage", "Duration of failed requests.", DURATION_BUCKETS
)
TTFT = _histogram("llm_time_to_first_token_seconds", "outage", "Time to first token of streams.", TTFT_BUCKETS)
SPEED = _histogram(
    "llm_output_tokens_per_second", "outage", "Output tokens per second after the first token.", SPEED_BUCKETS
)
PROVIDER_UP = _gauge(
    "llm_provider_up", "outage", "1 if the last probe of each of the provider's addresses was answered.", ("provider",)
)

# ---- cost
TOKENS = _counter(
    "llm_tokens_total", "cost",
    "Tokens by kind; input includes cache_read and cache_write, output includes reasoning.", (*CALL, "kind"),
)  # fmt: skip
REQUEST_TOKENS = _histogram("llm_request_tokens", "cost", "Input and output tokens of one request.", TOKEN_BUCKETS)
COST = _counter("llm_cost_usd_total", "cost", "Cost in US dollars, reported or estimated.", (*CALL, "source"))
LATE_COST = _counter(
    "llm_late_cost_usd_total", "cost",
    "Cost of requests that were already older than 10 minutes when they were counted.", CALL
)
UNPRICED = _counter("llm_unpriced_tokens_total", "cost", "Tokens of requests whose price is unknown.", CALL)
USAGE_MISSING = _counter(
    "llm_usage_missing_total", "cost",
    "Successful requests that reported no token usage, or none for the output (a stream was cut off).", CALL
)
ESTIMATED_TOKENS = _counter(
    "llm_estimated_tokens_total", "cost", "Estimated tokens of requests without usage; included in no other family.",
    (*CALL, "kind"),
)  # fmt: skip
OUTLIERS = _counter(
    "llm_token_outliers_total", "cost",
    "Requests with more than 3 x the p95 of tokens of the last 1,000 with the same labels.", CALL
)
TOKENS_P95 = _gauge(
    "llm_request_tokens_p95", "cost", "Exact p95 of tokens of the last 1,000 requests; needs at least 100.", CALL
)
CONSUMER_TOKENS = _counter(
    "llm_consumer_tokens_total", "cost", "Tokens by consumer (keyed hash, top K, the rest in other).",
    ("consumer", "kind"),
)  # fmt: skip
SESSION_LOOPS = _counter(
    "llm_session_loops_total", "cost", "Sessions that repeated a near-identical prompt five times.", CALL
)
LIMIT_BREACHES = _counter(
    "llm_limit_breaches_total", "cost", "Times a consumer or session exceeded its tokens per hour.", ("scope",)
)

# ---- change
MODEL_INFO = _gauge(
    "llm_model_info", "change", "1 for the model that is being served.",
    (*CALL, "requested", "served", "fingerprint"),
)  # fmt: skip
MODEL_CHANGES = _counter(
    "llm_model_changes_total", "change", "Times the served model or fingerprint changed to one not seen recently.", CALL
)
PROMPT_INFO = _gauge(
    "llm_prompt_info", "change", "1 for the prompt version in use.", ("route", "name", "version", "checksum")
)
PROMPT_CHANGES = _counter(
    "llm_prompt_changes_total", "change", "Times a prompt's version or checksum changed.", ("route", "name")
)
BASELINE_INFO = _gauge(
    "llm_baseline_info", "change", "1 for the accepted baseline of each route with traffic; default if none is set.",
    ("route", "baseline"),
)  # fmt: skip
ROUTE_INFO = _gauge(
    "llm_route_info", "change",
    "1 for the owner, tier and traffic class of each route with traffic; one series per route.",
    ("route", "owner", "tier", "traffic"),
)  # fmt: skip

# ---- quality
QUALITY_SCORE = _histogram(
    "llm_quality_score", "quality", "Quality score 0-1 by scorer; composite is Tocsin's own.", SCORE_BUCKETS,
    (*CALL, "scorer"),
)  # fmt: skip
SCORED = _counter("llm_scored_total", "quality", "Answers with a score, by scorer.", (*CALL, "scorer"))
UNSCORED = _counter("llm_unscored_total", "quality", "Answers without a composite score, by reason.", (*CALL, "reason"))
ANSWERS_CHECKED = _counter(
    "llm_answers_checked_total", "quality",
    "Answers that the detectors read: the denominator of quality signals.", CALL,
)  # fmt: skip
HALLUCINATION_CHECKS = _counter(
    "llm_hallucination_checks_total", "quality",
    "Answers checked for a hallucination signal; numeric and unsupported need context.",
    (*CALL, "signal"),
)  # fmt: skip
HALLUCINATION_SIGNALS = _counter(
    "llm_hallucination_signals_total", "quality", "Answers with a hallucination signal: hedge, numeric or unsupported.",
    (*CALL, "signal"),
)  # fmt: skip
HALLUCINATION_UNCHECKED = _counter(
    "llm_hallucination_unchecked_total", "quality",
    "Answers with context that could not be checked for a signal: plans, explanations of code, other languages.",
    (*CALL, "signal"),
)  # fmt: skip
FORMAT_CHECKS = _counter(
    "llm_format_checks_total", "quality", "Answers checked against the requested format.", CALL,
)
FORMAT_FAILURES = _counter(
    "llm_format_failures_total", "quality", "Answers that were not in the requested format.", CALL,
)
FORMAT_FENCED = _counter(
    "llm_format_fenced_total", "quality", "Valid JSON in a code fence or in prose; also a format failure.", CALL,
)  # fmt: skip
FORMAT_UNCHECKED = _counter(
    "llm_format_unchecked_total", "quality",
    "Answers that could not be checked because the call's schema or pattern is unusable.", CALL,
)  # fmt: skip
FORMAT_WINDOW_COMPLIANT = _gauge(
    "llm_format_window_compliant", "quality",
    "Compliant answers among exactly the last 1,000 format checks.", ("route",),
)  # fmt: skip
FORMAT_WINDOW_CALLS = _gauge(
    "llm_format_window_calls", "quality",
    "Format checks in the window of llm_format_window_compliant; 1,000 once it is full.", ("route",),
)  # fmt: skip
OUTPUT_CHARS = _histogram("llm_output_chars", "quality", "Length of answers in characters.", CHARS_BUCKETS)
SIMILARITY = _histogram(
    "llm_semantic_similarity", "quality", "Similarity 0-1 of an answer to its question.", SCORE_BUCKETS
)
OFF_TOPIC = _counter("llm_off_topic_total", "quality", "Answers that are not about the question.", CALL)
CONFIDENCE = _histogram(
    "llm_confidence", "quality",
    "Confidence 0-1: reported, from log probabilities, or stated in the answer.", SCORE_BUCKETS
)
LOW_CONFIDENCE = _counter(
    "llm_low_confidence_total", "quality", "Answers with a confidence below 0.85, for human review.", CALL,
)  # fmt: skip
CONFIDENCE_UNKNOWN = _counter(
    "llm_confidence_unknown_total", "quality", "Checked answers without a confidence.", CALL,
)
REFUSALS = _counter("llm_refusals_total", "quality", "Answers that refuse.", CALL)
CAPABILITY_LIMITS = _counter("llm_capability_limits_total", "quality", "Answers that state a limit of the model.", CALL)
DISCLAIMERS = _counter("llm_disclaimers_total", "quality", "Answers with a disclaimer.", CALL)
TRUNCATIONS = _counter("llm_truncations_total", "quality", "Answers cut off at a length limit.", CALL)
REPETITIONS = _counter("llm_repetitions_total", "quality", "Answers that repeat themselves.", CALL)
LANGUAGE_CHECKS = _counter("llm_language_checks_total", "quality", "Answers whose language was checked.", CALL)
LANGUAGE_MISMATCHES = _counter(
    "llm_language_mismatches_total", "quality", "Answers in a language other than the requested one.", CALL,
)
INPUT_PSI = _gauge(
    "llm_input_drift_psi", "quality",
    "Population stability index of inputs relative to the route's own past, by feature.",
    ("route", "feature"),
)  # fmt: skip
INPUT_GAIN = _gauge(
    "llm_input_drift_gain", "quality", "Share of inputs gained by the segment of a drifting feature that grew most.",
    ("route", "feature", "segment"),
)  # fmt: skip

# ---- safety
VIOLATIONS = _counter(
    "llm_safety_violations_total", "safety",
    "Violations in answers; delivered: reached the user, echoed: came from the caller, example: reserved value.",
    (*CALL, "kind", "delivered", "echoed", "example"),
)  # fmt: skip
LAST_VIOLATION = _gauge(
    "llm_safety_last_violation_timestamp_seconds", "safety",
    "Time of the last violation that pages; absent when there was none.", (*CALL, "kind"),
)  # fmt: skip
SUSPECTED = _counter(
    "llm_safety_suspected_total", "safety", "Suspected violations, for human review.", (*CALL, "kind"),
)  # fmt: skip
TOXICITY = _histogram("llm_toxicity_score", "safety", "Toxicity 0-1 of answers.", SCORE_BUCKETS)
INJECTION_ATTEMPTS = _counter(
    "llm_injection_attempts_total", "safety", "Injection attempts in inputs, by the role of the message.",
    (*CALL, "role"),
)  # fmt: skip
USER_FLAGS = _counter("llm_user_flags_total", "safety", "Answers flagged by people.", ("route", "reason"))
GUARD_REQUESTS = _counter(
    "llm_guard_requests_total", "safety", "Checks before delivery, by verdict.", ("route", "verdict"),
)
GUARD_DURATION = _histogram("llm_guard_duration_seconds", "safety", "Time to a verdict.", GUARD_BUCKETS, ("route",))
GUARD_ELIGIBLE = _counter(
    "llm_guard_eligible_total", "safety", "Logged answers of guarded routes: what the guard should have scanned.",
    ("route",),
)  # fmt: skip
GUARD_SCANNED = _counter(
    "llm_guard_scanned_total", "safety", "Logged answers of guarded routes that the guard scanned.", ("route",),
)  # fmt: skip
GUARD_SHED = _counter(
    "llm_guard_shed_total", "safety", "Checks answered without scanning because of overload.", ("route",),
)
GUARD_FALSE_POSITIVES = _counter(
    "llm_guard_false_positives_total", "safety",
    "Verdicts that a reviewer marked as false positives.", ("route", "kind"),
)  # fmt: skip

# ---- our own health
EVENTS_READ = _counter("tocsin_events_read_total", "self", "Events read.", ("input",))
EVENTS_COUNTED = _counter("tocsin_events_counted_total", "self", "Events counted.", ("input",))
EVENTS_DUPLICATE = _counter("tocsin_events_duplicate_total", "self", "Events seen before.", ("input",))
EVENTS_SKIPPED = _counter(
    "tocsin_events_skipped_total", "self", "Events that could not be counted.", ("input", "reason")
)
RECORDS_PASSED = _counter(
    "tocsin_records_passed_total", "self",
    "OTLP spans and log records, and LiteLLM's calls to tools (MCP), that are no call to a model, and so no events.",
    ("input",),
)  # fmt: skip
FIELD_ERRORS = _counter(
    "tocsin_field_errors_total", "self",
    "Optional fields that were ignored because their value is unusable.", ("field",)
)
LABELS_FOLDED = _counter(
    "tocsin_labels_folded_total", "self", "Events whose labels were folded into other.", ("label",)
)
INGEST_REFUSED = _counter(
    "tocsin_ingest_refused_total", "self",
    "Refused webhook deliveries and guard checks: lost unless the sender retries.",
    ("reason",),
)  # fmt: skip
LABELS_HASHED = _counter(
    "tocsin_labels_hashed_total", "self", "Label values that were hashed because they are an e-mail address or a key.",
)  # fmt: skip
STREAMS_LOST = _counter(
    "tocsin_streams_lost_total", "self", "Log files that were destroyed before they were read to the end.", ("reason",),
)  # fmt: skip
INPUT_UNUSABLE = _gauge("tocsin_input_unusable", "self", "Configured inputs that cannot be read.", ("reason",))
INGEST_LAG = _gauge("tocsin_ingest_lag_seconds", "self", "Age of the newest counted event; 0 when nothing is unread.")
BACKLOG = _gauge("tocsin_ingest_backlog_bytes", "self", "Unread bytes.", ("input",))
SPOOL_BYTES = _gauge("tocsin_spool_bytes", "self", "Bytes in the webhook spool.")
SPOOL_AGE = _gauge("tocsin_spool_oldest_age_seconds", "self", "Age of the oldest spool segment.")
SPOOL_PASSED_OVER = _counter(
    "tocsin_spool_passed_over_total", "self",
    "Parts of the spool that were skipped: damaged, torn (a tail that was never acknowledged), wrong_key.",
    ("reason",),
)  # fmt: skip
COMMIT_SECONDS = _counter("tocsin_commit_seconds_total", "self", "Time spent committing state.")
COMMITS = _counter("tocsin_commits_total", "self", "Attempted commits of state.")
COMMIT_FAILURES = _counter("tocsin_commit_failures_total", "self", "Failed commits of state.")
LAST_COMMIT = _gauge("tocsin_last_commit_timestamp_seconds", "self", "Time of the last commit of state.")
STATE_DEGRADED = _gauge(
    "tocsin_state_degraded", "self", "1 while state cannot be written, or if it was set aside as corrupt."
)
DRILLS = _counter("tocsin_drills_total", "self", "Drills; they count in no llm_* family.", ("category",))
LAST_DRILL = _gauge(
    "tocsin_drill_timestamp_seconds", "self", "Time of the last drill; its alert fires for five minutes.", ("category",)
)
CATEGORY_INSTRUMENTED = _gauge(
    "tocsin_category_instrumented", "self", "1 if the category has received a signal from live traffic.", ("category",)
)
SERIES = _gauge("tocsin_series", "self", "Series of the llm_* families.")
SERIES_MAX = _gauge("tocsin_series_max", "self", "Limit on the series of the llm_* families.")
THRESHOLD = _gauge(
    "tocsin_threshold", "self",
    "Thresholds configured for a route with traffic; the rules' defaults apply otherwise.", ("route", "name")
)
BUILD_INFO = _gauge(
    "tocsin_build_info", "self", "Version of Tocsin, and whether it counts (exporter) or only guards (guard).",
    ("version", "python", "mode"),
)  # fmt: skip
RELOAD_OK = _gauge(
    "tocsin_config_last_reload_successful", "self", "1 when the last load of the configuration succeeded."
)
RELOAD_TIME = _gauge("tocsin_config_last_reload_success_timestamp_seconds", "self", "Time of the last successful load.")
HEARTBEAT = _gauge("tocsin_task_heartbeat_timestamp_seconds", "self", "Last heartbeat of a root task.", ("task",))
START_TIME = _gauge("process_start_time_seconds", "self", "Start time of the process.")
RESIDENT = _gauge("process_resident_memory_bytes", "self", "Resident memory.")
CPU = _counter("process_cpu_seconds_total", "self", "User and system CPU time.")
OPEN_FDS = _gauge("process_open_fds", "self", "Open file descriptors.")
SCORING_DROPPED = _counter(
    "tocsin_scoring_dropped_total", "self", "Answers that a sampled detector dropped for lack of time.", ("detector",),
)  # fmt: skip
DETECTOR_INFO = _gauge(
    "tocsin_detector_info", "self", "1 for each detector in use, with its backend and cost tier.",
    ("detector", "backend", "tier"),
)  # fmt: skip
FEEDBACK_UNMATCHED = _counter(
    "tocsin_feedback_unmatched_total", "self",
    "Feedback whose call is not remembered; scores wait five minutes for it. Counted with unknown labels.",
)  # fmt: skip
DETECTOR_ERRORS = _counter(
    "tocsin_detector_errors_total", "self", "Texts on which a detector failed: a bug in Tocsin.", ("detector",)
)
DETECTOR_CAPPED = _counter(
    "tocsin_detector_capped_total", "self",
    "Texts that a detector read only in part because it reached its cap of candidates.",
    ("detector",),
)  # fmt: skip

REPORTED = "reported"
"""The ``kind`` of a violation that a person reported."""

PLANNED = (
    _gauge("tocsin_flag_state", "control", "State of a flag.", ("flag",), planned=True),
    _gauge("tocsin_breaker_state", "control", "State of a breaker.", ("route",), planned=True),
    _counter("tocsin_remediations_total", "control", "Remediations.", ("action", "outcome"), planned=True),
    _gauge("tocsin_approvals_pending", "control", "Approvals waiting.", planned=True),
    _gauge(
        "tocsin_notify_deadline_timestamp_seconds", "control",
        "Deadline for notifying the audience; 0 if there is none.", ("audience",),
        planned=True,
    ),  # fmt: skip
)

FAMILIES: dict[str, Family] = {
    family.name: family for family in (*(v for v in list(globals().values()) if isinstance(v, Family)), *PLANNED)
}
"""Every family by name."""

GROUPS = ("outage", "cost", "quality", "safety", "change", "control", "self")


_INTRODUCTION = """\
Generated from the catalogue by `make docs`; do not edit.

- `llm_*` families describe calls to models; `tocsin_*` families describe the exporter itself.
- Counters start at 0 when their labels are first seen, unless their help says otherwise, so that `increase()` sees the
  first event.
- Families with the labels `provider`, `model` and `route` also carry the configured `extra_labels`.
- `planned` families are reserved names that are not exported yet."""


def markdown() -> str:
    """Return METRICS.md: one table per group, generated so that it cannot be out of date."""
    lines = ["# Metrics", "", _INTRODUCTION, ""]
    for group in GROUPS:
        lines += [f"## {group}", "", "| name | type | labels | help |", "|---|---|---|---|"]
        for family in FAMILIES.values():
            if family.group == group:
                kind = f"{family.kind} (planned)" if family.planned else family.kind
                labels = ", ".join(family.labels) or "-"
                lines.append(f"| `{family.name}` | {kind} | {labels} | {family.help} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
