"""LiteLLM's own PrometheusLogger on the same events, in process and warm; run with LiteLLM's Python.

Prints user CPU seconds per event, without decoding. Labels are those of a quiet installation (service accounts, one
gateway): with thousands of users LiteLLM's logger creates series for each and is slower still.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import workload

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched
WARM = 100
ENVELOPE: dict[str, Any] = json.loads(workload.ENVELOPE.read_text())[0]


def arguments(event: dict[str, Any]) -> tuple[dict[str, Any], None, datetime, datetime]:
    """Return the arguments that LiteLLM passes to its loggers, from the payload that it logs."""
    start, first, end = (
        datetime.fromtimestamp(event[key], UTC).replace(tzinfo=None)
        for key in ("startTime", "completionStartTime", "endTime")
    )
    event = ENVELOPE | event  # the slim profile omits keys that this version of LiteLLM always writes
    metadata = ENVELOPE["metadata"] | event["metadata"] | {
        "user_api_key_user_id": "service", "requester_ip_address": "10.0.0.1", "user_agent": "client",
        "user_api_key": event["metadata"]["user_api_key_hash"], "model_group": event["model_group"],
    }  # fmt: skip
    event["metadata"] = metadata
    details = {
        "metadata": metadata, "api_base": event["api_base"], "custom_llm_provider": event["custom_llm_provider"],
        "proxy_server_request": {"body": {}},
    }  # fmt: skip
    call = {
        "model": event["model"], "standard_logging_object": event, "litellm_params": details, "stream": event["stream"],
        "start_time": start, "end_time": end, "api_call_start_time": start, "completion_start_time": first,
        "messages": event["messages"], "user": "service", "response_cost": event["response_cost"], "optional_params": {},
    }  # fmt: skip
    return call, None, start, end


def successes(path: str, count: int) -> list[dict[str, Any]]:
    """Return the successes among the first ``count`` events of a log."""
    with Path(path).open("rb") as log:
        events = [json.loads(line) for line, _ in zip(log, range(count), strict=False)]
    return [event for event in events if event["status"] == "success"]


async def main(events: list[dict[str, Any]]) -> None:
    """Log the events and print the cost of one."""
    from litellm.integrations.prometheus import PrometheusLogger  # the environment must be set first

    calls = [arguments(event) for event in events]
    logger = PrometheusLogger()
    for call in calls[:WARM]:
        await logger.async_log_success_event(*call)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for call in calls[WARM:]:
        await logger.async_log_success_event(*call)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / len(calls[WARM:]))


if __name__ == "__main__":
    asyncio.run(main(successes(sys.argv[1], int(sys.argv[2]))))
