"""Probes: scheduled requests to a provider's own URL, to see whether it responds at all.

Any HTTP response below 500 is "up", even for a refused key: the question is whether the provider is there, not whether
we may use it. Only the request line and headers are sent; bodies are not read and redirects are not followed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from tocsin import catalogue as cat
from tocsin.config import Probe
from tocsin.labels import clean
from tocsin.series.store import Store

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds for one probe, including name resolution and connection."""
LOOK_EVERY = 1.0
"""Seconds between checks for due probes."""



@dataclass(slots=True)
class _Target:
    provider: str
    url: str
    interval: float
    due: float = 0.0
    up: bool | None = None
    """None until it was probed."""


class Prober:
    """Runs all configured probes when they are due; ``llm_provider_up`` is 1 while all of a provider's respond."""

    def __init__(self, store: Store, probes: Sequence[Probe] = ()) -> None:
        self._store = store
        self._targets: list[_Target] = []
        self.heartbeat = time.monotonic()
        self.configure(probes)

    def configure(self, probes: Sequence[Probe]) -> None:
        """Apply new probes, keeping the results of those that stay."""
        known = {(target.provider, target.url): target for target in self._targets}
        self._targets = []
        for probe in probes:
            target = known.get((clean(probe.provider), probe.url)) or _Target(clean(probe.provider), probe.url, 0.0)
            target.interval = probe.interval_s
            self._targets.append(target)
        living = {target.provider for target in self._targets}
        for row in list(self._store.rows.get(cat.PROVIDER_UP, {}).values()):
            if row.labels[0] not in living:
                self._store.remove(row)

    async def run(self) -> None:
        """Probe until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True, cookie_jar=aiohttp.DummyCookieJar()) as http:
            while True:
                self.heartbeat = time.monotonic()
                await self.ask_due(http, self.heartbeat)
                await asyncio.sleep(LOOK_EVERY)

    async def ask_due(self, http: aiohttp.ClientSession, now: float) -> None:
        """Run the probes due at ``now`` (monotonic) concurrently, and export the results."""
        due = [target for target in self._targets if target.due <= now]
        for target in due:
            target.due = now + target.interval
        answers = await asyncio.gather(*(_answers(http, target.url) for target in due))
        for target, up in zip(due, answers, strict=True):
            if target.up is not up:
                log.info("probe of %s: %s", target.provider, "up" if up else "down")
            target.up = up
        for provider in {target.provider for target in due}:
            ups = [target.up for target in self._targets if target.provider == provider and target.up is not None]
            if ups:
                self._store.row(cat.PROVIDER_UP, provider).set(int(all(ups)))


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url, allow_redirects=False) as answer:
            return answer.status < 500
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
