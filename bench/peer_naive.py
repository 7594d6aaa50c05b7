"""A straightforward exporter: ``json.loads`` on each line, and prometheus_client."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tocsin.catalogue import DURATION_BUCKETS, TOKEN_BUCKETS, TTFT_BUCKETS

REGISTRY = CollectorRegistry()
LABELS = ["model", "route", "team"]
REQUESTS = Counter("llm_requests", "Requests.", [*LABELS, "status"], registry=REGISTRY)
SENT = Counter("llm_prompt_tokens", "Prompt tokens.", LABELS, registry=REGISTRY)
RECEIVED = Counter("llm_completion_tokens", "Completion tokens.", LABELS, registry=REGISTRY)
COST = Counter("llm_cost_usd", "Money spent.", LABELS, registry=REGISTRY)
ERRORS = Counter("llm_errors", "Failures.", [*LABELS, "error_class"], registry=REGISTRY)
DURATION = Histogram("llm_request_duration_seconds", "Duration.", LABELS, registry=REGISTRY, buckets=DURATION_BUCKETS)
TTFT = Histogram("llm_ttft_seconds", "Time to first token.", LABELS, registry=REGISTRY, buckets=TTFT_BUCKETS)
TOKENS = Histogram("llm_tokens_per_request", "Tokens.", LABELS, registry=REGISTRY, buckets=TOKEN_BUCKETS)


def main(path: str) -> None:
    """Count every line of the log and render once."""
    with Path(path).open("rb") as log:
        for line in log:
            event = json.loads(line)
            metadata = event["metadata"]
            labels = (
                event["model_group"], metadata["user_api_key_request_route"], metadata["user_api_key_team_alias"],
            )  # fmt: skip
            REQUESTS.labels(*labels, event["status"]).inc()
            SENT.labels(*labels).inc(event["prompt_tokens"])
            RECEIVED.labels(*labels).inc(event["completion_tokens"])
            COST.labels(*labels).inc(event["response_cost"])
            DURATION.labels(*labels).observe(event["endTime"] - event["startTime"])
            TTFT.labels(*labels).observe(event["completionStartTime"] - event["startTime"])
            TOKENS.labels(*labels).observe(event["total_tokens"])
            if event["status"] == "failure":
                ERRORS.labels(*labels, event["error_information"]["error_class"]).inc()
    sys.stdout.buffer.write(generate_latest(REGISTRY))


if __name__ == "__main__":
    main(sys.argv[1])
