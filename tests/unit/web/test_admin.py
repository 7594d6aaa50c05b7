"""The admin listener: what it answers, what it refuses off loopback, and what the status page says first."""

import asyncio
import json
import re
import time
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.assembly import make_scoring, publish_config
from tocsin.config import Config
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.pipeline import Pipeline
from tocsin.selfmetrics import publish_seen
from tocsin.series.store import Store
from tocsin.state import State
from tocsin.web import admin

PAGES = ("/", "/config", "/recent", "/api/v1/status", "/api/v1/offenders", "/api/v1/incidents")
EVENT = {
    "v": 1, "id": "1", "time": time.time(), "model": "m", "route": "chat", "consumer": "jane", "duration_s": 1.0,
    "usage": {"input": 10, "output": 5}, "cost_usd": 0.1, "input": "Hi", "output": "Write to mary.poole@gmail.com, she is in.",
}  # fmt: skip


@asynccontextmanager
async def served(*events, age: float = 0.0, **fields):
    ledger = Ledger(Store(), Settings())
    publish_config(ledger.store, Config())
    scoring = make_scoring(Config(), ledger) if events else None  # it compiles patterns: half a second
    intake = Intake(ledger, lambda word: formats.get(word, content=True), time.time, scoring)
    for event in events:
        intake.take(json.dumps(event).encode(), Origin("file", "native", ""))
    pipeline = Pipeline(intake, ledger, State(None), [])
    running = asyncio.ensure_future(pipeline.run())  # noqa: TID251 - ended below
    await pipeline.ready.wait()
    publish_seen(ledger)
    pages = admin.Admin(
        pipeline, heartbeats=lambda: {"ingest": time.monotonic() - age, "probes": time.monotonic()}, config=Config, **fields
    )  # fmt: skip
    async with TestClient(TestServer(admin.make_app(pages))) as client:
        yield client
    pipeline.stop()
    await running


async def first_line(client) -> str:
    return re.search(r"<header>.*?<p>(.*?)</p>", await (await client.get("/")).text())[1].replace(" &middot; ", " | ")


async def test_a_failed_call_does_not_count_as_an_unscored_answer():
    failed = EVENT | {"id": "2", "error": {"type": "provider_5xx"}, "output": None}
    async with served(EVENT, failed) as client:
        view = await (await client.get("/api/v1/status")).json()

    assert (view["share_scored"], view["categories"]["quality"]["unscored"]) == (1.0, {"failed": 1})


async def test_the_status_page_reloads_until_held():
    """Who moves by keys or listens loses the place at each load."""
    async with served() as client:
        anew, held = await client.get("/"), await client.get("/?hold")

        assert (anew.headers.get("Refresh"), held.headers.get("Refresh")) == ("5", None)
        assert 'href="/?hold"' in await anew.text()
        assert 'href="/">go on' in await held.text()


async def test_every_page_answers_on_loopback():
    async with served() as client:
        for path in (*PAGES, *admin.PUBLIC):
            assert (await client.get(path)).status == 200, path


async def test_off_loopback_without_authentication_only_metrics_and_health_answer():
    async with served(public_only=True) as client:
        assert [(await client.get(path)).status for path in PAGES] == [403] * len(PAGES)
        assert (await client.post("/-/reload")).status == 403
        assert [(await client.get(path)).status for path in admin.PUBLIC] == [200] * 3


async def test_a_task_without_a_sign_of_life_is_unhealthy():
    async with served(age=admin.STALE + 1) as client:
        answer = await client.get("/-/healthy")
        assert answer.status == 503
        assert set((await answer.json())["tasks"]) == {"ingest", "probes"}


async def test_reloading_must_be_enabled_and_reports_an_invalid_file():
    async def wrong():
        raise ValueError("tocsin.yml: inputz: unknown key")

    async def right():
        return None

    async with served() as client:
        assert (await client.post("/-/reload")).status == 403
    async with served(reload=wrong) as client:
        answer = await client.post("/-/reload")
        assert (answer.status, "inputz" in await answer.text()) == (500, True)
    async with served(reload=right) as client:
        assert (await client.post("/-/reload")).status == 200
        answer = await client.post("/-/reload", headers={"Origin": "http://elsewhere.example"})
        assert (answer.status, "Origin" in await answer.text()) == (403, True)


async def test_the_first_line_summarises_events_and_coverage():
    async with served() as client:
        assert (await first_line(client)).startswith("0 events read | nothing priced | nothing scored | nothing guarded | ")
    async with served(EVENT) as client:
        line = await first_line(client)
        assert line.startswith("1 event read | 100.0% priced | 100.0% scored | nothing guarded | ")
        assert re.search(r"[\d,]+ of 20,000 series used \| all inputs can be read$", line)


async def test_the_page_says_how_to_fix_unreadable_files():
    async with served(unusable=lambda: [("/var/log/a", "permission", "give <read> permission")]) as client:
        assert (await first_line(client)).endswith("1 input cannot be read")
        assert "/var/log/a cannot be read (permission): give &lt;read&gt; permission" in await (await client.get("/")).text()


async def test_a_category_without_a_signal_says_so_and_one_with_a_signal_has_numbers():
    async with served() as client:
        assert (await (await client.get("/")).text()).count("not instrumented") == 4
    async with served(EVENT) as client:
        view = (await (await client.get("/api/v1/status")).json())["categories"]
        assert {name for name, data in view.items() if data["instrumented"]} == {"outage", "quality", "cost", "safety"}
        assert view["safety"]["violations"] == {"pii": 1}
        assert view["safety"]["last_violation"] is not None


async def test_echoed_and_test_values_are_shown_separately_from_leaks():
    leaked = EVENT | {"id": "2", "output": "His mail is h.okafor@gmail.com."}
    echoed = EVENT | {"id": "3", "input": "I am mary.poole@gmail.com", "output": "You are mary.poole@gmail.com."}
    example = EVENT | {"id": "4", "output": "Pay with card 4111 1111 1111 1111."}
    async with served(leaked, echoed, example) as client:
        safety = (await (await client.get("/api/v1/status")).json())["categories"]["safety"]

    assert (safety["violations"], safety["stopped"], safety["echoed_or_example"]) == ({"pii": 1}, 0, 2)


async def test_the_status_lists_the_detectors_and_that_none_is_a_model():
    async with served(EVENT) as client:
        view = await (await client.get("/api/v1/status")).json()
        assert (view["scorers"], view["content_model"].partition(":")[0]) == (["composite"], "off")


async def test_offenders_are_hashes():
    async with served(EVENT) as client:
        (offender,) = (await (await client.get("/api/v1/offenders")).json())["offenders"]
        assert (offender["tokens"], re.fullmatch(r"[0-9a-f]{16}", offender["consumer"]) is not None) == (15, True)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_metrics_are_openmetrics_on_request(encoding):
    async with served(EVENT) as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text", "Accept-Encoding": encoding})
        assert (await answer.text()).endswith("# EOF\n")
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
