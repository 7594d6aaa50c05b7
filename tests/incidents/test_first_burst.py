"""The first calls that an exporter ever sees are an outage, and come at once: a real Prometheus pages by the shipped rules.

At a tenth of time: windows of five minutes are half a minute, longer than a busy machine takes to look.
"""

import json
import random
import time
from contextlib import ExitStack

import pytest
from live import ask, until
from traffic import Stream, call, failed

from tocsin.demo.stack import Addresses, start_stack

pytestmark = [pytest.mark.once, pytest.mark.timeout(300)]


def test_60_failures_of_the_first_100_calls_page(tool, launch, tmp_path):
    for name in ("prometheus", "alertmanager"):
        tool(name)
    r = random.Random(1)
    calls = [call(Stream("support-bot"), time.time() - 3, number, r) for number in range(100)]
    burst = [failed(event, "provider_5xx", 503) if number < 60 else event for number, event in enumerate(calls)]

    with launch(tmp_path) as exporter, ExitStack() as stack:
        places = Addresses(tmp_path, f"127.0.0.1:{exporter.port}", f"127.0.0.1:{exporter.ingest}")
        prometheus = start_stack(stack, places, {"timeScale": 0.1})["prometheus"]
        until(lambda: ask(prometheus, "query", query="up == 1")["result"])
        exporter.post("/v1/ingest/native", "\n".join(map(json.dumps, burst)).encode())
        pages = lambda: {a["labels"]["alertname"] for a in ask(prometheus, "alerts")["alerts"] if (a["state"], a["labels"]["severity"]) == ("firing", "page")}  # noqa: E731
        until(pages)

        assert pages() == {"LLMRequestsFailing"}
