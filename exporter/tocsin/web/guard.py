"""``POST /v1/check``, LiteLLM's guardrail and ``/v1/moderations``: the guard's HTTP endpoints, with bounded queueing.

An inspection takes well under a millisecond and runs on the event loop; large texts are inspected in threads with short
queues. Requests of one turn of the event loop that do not fit into ``BUDGET`` are answered immediately by their route's
overload policy, so that waiting times are bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from tocsin.formats.base import Bytes
from tocsin.guard.check import RequestError
from tocsin.guard.guard import LARGE, Case, Guard, OverloadError
from tocsin.scoring.scoring import Scoring
from tocsin.tasks import spawn
from tocsin.web.auth import Verifier
from tocsin.web.batches import BodyError
from tocsin.web.bodies import REFUSED, admits, answer, header_checks, small_body, verify_body
from tocsin.web.plain_request import Endpoint, Fields, Later, Reply, headers
from tocsin.web.server import FAST_ENDPOINTS

BUDGET: Final = 0.025
"""Seconds of inspection per turn of the event loop."""
BODY_MAX: Final = 8 << 20
"""LiteLLM includes images, which are not inspected."""

Contract = Callable[[bytes], Case]


_OVERLOADED: Final = Reply(
    503,
    b'{"error":{"message":"overloaded; this route fails closed","type":"overloaded"},"shed":true}',
    (("Retry-After", "1"),),
)
_BROKEN: Final = Reply(500, b'{"error":{"message":"internal error, see the log","type":"internal_error"}}')


class Turn:
    """How much of the current turn of the event loop was spent on inspections."""

    def __init__(self, budget: float = BUDGET, timer: Callable[[], float] = time.perf_counter) -> None:
        self._budget = budget
        self._timer = timer
        self._began: float | None = None

    def admit(self) -> bool:
        """Return whether there is time for another inspection in this turn."""
        if self._began is None:
            self._began = self._timer()
            asyncio.get_running_loop().call_soon(self._over)
            return True
        return self._timer() - self._began < self._budget

    def _over(self) -> None:
        self._began = None


def add_routes(
    app: web.Application,
    scoring: Scoring,
    *,
    auth: Sequence[Verifier],
    standalone: bool = False,
    budget: float = BUDGET,
    prepared: asyncio.Event | None = None,
    refused: Callable[[str], None] = lambda _: None,
) -> None:
    """Add the guard's endpoints to the ingest listener; requests before ``prepared`` wait for the detectors.

    ``refused`` is called with a reason if an invalid request is not inspected.
    """
    guard = Guard(scoring, Turn(budget).admit, standalone=standalone)
    if prepared is None:
        prepared = asyncio.Event()
        prepared.set()
    fast = app.setdefault(FAST_ENDPOINTS, {})
    for path, contract in (
        ("/v1/check", guard.check),
        ("/beta/litellm_basic_guardrail_api", guard.litellm),
        ("/v1/moderations", guard.moderations),
    ):
        route = _Route(guard, contract, tuple(auth), prepared, refused)
        app.router.add_post(path, route.handle)
        fast[path] = Endpoint(route.respond, admits=admits(auth))


class _Route:
    """One endpoint of the guard."""

    def __init__(
        self,
        guard: Guard,
        contract: Contract,
        auth: Sequence[Verifier],
        prepared: asyncio.Event,
        refused: Callable[[str], None],
    ) -> None:
        self._guard = guard
        self._contract = contract
        self._auth = auth
        self._prepared = prepared
        self._refused = refused

    def respond(self, fields: Fields, data: Bytes) -> Reply | Later | None:
        """Answer small requests without a task; refused requests are left to ``handle``."""
        body = bytes(data)
        try:
            if self._auth:
                verify_body(header_checks(self._auth, headers(fields)), body, BODY_MAX)
            if not self._prepared.is_set():
                return Later(spawn(self._answered(body), name="look"), _reply)
            found = self._decided(self._contract(body))
            return found if isinstance(found, Reply) else Later(spawn(found, name="look"), _reply)
        except (web.HTTPException, RequestError):
            return None
        except OverloadError as overload:
            return _shed(overload)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request."""
        try:
            status, data, further = await self._answered(await small_body(request, self._auth, BODY_MAX))
        except web.HTTPException as refusal:
            self._refused(REFUSED[refusal.status])
            return answer(refusal.status, refusal.text or "", close=True)
        except BodyError as error:
            self._refused(REFUSED[400])
            return answer(400, f"{error}\n", close=not request.content.at_eof())
        return web.Response(status=status, body=data, content_type="application/json", headers=dict(further))

    async def _answered(self, body: bytes) -> Reply:
        await self._prepared.wait()
        try:
            found = self._decided(self._contract(body))
            return found if isinstance(found, Reply) else await found
        except RequestError as error:
            self._refused(REFUSED[400])
            return Reply(400, msgspec.json.encode({"error": {"message": str(error), "type": "invalid_request_error"}}))
        except OverloadError as overload:
            return _shed(overload)

    def _decided(self, case: Case) -> Reply | Coroutine[Any, Any, Reply]:
        """Decide a small case; queue a large one and return an awaitable for its reply."""
        if case.size <= LARGE:
            return _verdict(self._guard.decide(case))
        later = self._guard.decide_in_turn(case)

        async def decided() -> Reply:
            return _verdict(await later)

        return decided()


def _verdict(given: dict[str, Any]) -> Reply:
    return Reply(200, msgspec.json.encode(given))


def _shed(overload: OverloadError) -> Reply:
    return _OVERLOADED if overload.passed is None else _verdict(overload.passed)


def _reply(done: asyncio.Future[Reply]) -> Reply:
    return _BROKEN if done.exception() else done.result()
