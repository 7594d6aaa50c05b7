"""Probes: a provider is up while all its addresses answer, and nothing it does can hold the exporter."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tocsin import catalogue as cat
from tocsin import probes
from tocsin.config import ConfigError, Probe, parse
from tocsin.probes import Prober
from tocsin.series.store import Store


@asynccontextmanager
async def provider():
    """A stub whose paths answer with the status that they name; /silent never does, /patient after another was asked."""
    another = asyncio.Event()

    async def answer(request):
        if request.path == "/silent":
            await asyncio.Event().wait()
        if request.path == "/patient":
            await another.wait()
            return web.Response()
        another.set()
        return web.Response(status=int(request.path[1:]), headers={"Location": "/503"})

    app = web.Application()
    app.router.add_get("/{path}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def ask(prober: Prober, now: float, timeout: float = 60.0) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout)) as http:
        await prober.ask_due(http, now)


def up(store: Store) -> dict[str, float]:
    return {row.labels[0]: row.values[0] for row in store.rows.get(cat.PROVIDER_UP, {}).values()}


@pytest.mark.parametrize(("status", "value"), [(200, 1), (302, 1), (401, 1), (404, 1), (500, 0), (503, 0)])
async def test_any_answer_below_500_is_up(status, value):
    store = Store()
    async with provider() as base:
        await ask(Prober(store, [Probe(provider="p", url=f"{base}/{status}")]), 0.0)
    assert up(store) == {"p": value}


async def test_a_provider_that_refuses_connections_or_does_not_resolve_is_down():
    store = Store()
    await ask(Prober(store, [Probe(provider="p", url="http://127.0.0.1:1/"), Probe(provider="q", url="http://[/")]), 0.0)
    assert up(store) == {"p": 0, "q": 0}


async def test_a_silent_provider_is_down_when_its_time_is_over():
    store = Store()
    async with provider() as base:
        await ask(Prober(store, [Probe(provider="p", url=f"{base}/silent")]), 0.0, 0.05)
    assert up(store) == {"p": 0}


async def test_a_slow_provider_delays_no_other():
    store = Store()
    async with provider() as base:
        await ask(Prober(store, [Probe(provider="p", url=f"{base}/patient"), Probe(provider="q", url=f"{base}/200")]), 0.0)
    assert up(store) == {"p": 1, "q": 1}


async def test_a_provider_is_down_while_one_of_its_addresses_is():
    store = Store()
    async with provider() as base:
        await ask(Prober(store, [Probe(provider="p", url=f"{base}/200"), Probe(provider="p", url=f"{base}/503")]), 0.0)
    assert up(store) == {"p": 0}


async def test_a_probe_waits_for_its_interval(monkeypatch):
    asked = []

    async def answers(http, url):
        asked.append(url)
        return True

    monkeypatch.setattr(probes, "_answers", answers)
    prober = Prober(Store(), [Probe(provider="p", url="http://x/", interval_s=30)])
    for now in (0.0, 29.0, 30.0, 59.0, 60.0):
        await ask(prober, now)
    assert len(asked) == 3


async def test_a_provider_that_was_never_probed_is_not_exported():
    store = Store()
    Prober(store, [Probe(provider="p", url="http://x/")])
    assert up(store) == {}


async def test_a_provider_that_is_not_probed_any_more_is_not_exported():
    store = Store()
    async with provider() as base:
        prober = Prober(store, [Probe(provider="p", url=f"{base}/200"), Probe(provider="q", url=f"{base}/200")])
        await ask(prober, 0.0)
    prober.configure([Probe(provider="q", url=f"{base}/200")])
    assert up(store) == {"q": 1}


async def test_the_task_shows_that_it_lives(monkeypatch):
    monkeypatch.setattr(probes, "LOOK_EVERY", 0.001)
    prober = Prober(Store())
    begun = prober.heartbeat
    task = asyncio.ensure_future(prober.run())  # noqa: TID251 - ended below
    while prober.heartbeat <= begun:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("probe", "message"),
    [('{provider: p, url: "ftp://x"}', "begins with https://"), ('{provider: p, url: "http://x", interval_s: 0}', "between 1 and 3600")],
)
def test_a_wrong_probe_is_refused_with_its_key(probe, message):
    with pytest.raises(ConfigError, match=rf"probes\[0\].*{message}"):
        parse(f"probes: [{probe}]".encode())
