"""``POST /v1/check``, LiteLLM's guardrail and ``/v1/moderations``: the guard over HTTP, which hardly queues.

A look takes well under a millisecond and runs on the event loop; a large text is looked at in a thread, where few may
wait. What arrives in one turn of the loop and does not fit into ``BUDGET`` is answered at once by the route's overload
policy, so the wait of everyone is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from tocsin.check import RequestError
from tocsin.guard import LARGE, Guard, OverloadError
from tocsin.scoring import Scoring
from tocsin.tasks import spawn
from tocsin.web.auth import Verifier
from tocsin.web.batches import BodyError
from tocsin.web.bodies import answer, begun, prove, small_body
from tocsin.web.direct import Endpoint, Fields, Later, Reply, Respond, headers
from tocsin.web.server import AT_ONCE

BUDGET: Final = 0.025
"""Seconds of looking in one turn of the event loop."""
BODY_MAX: Final = 8 << 20
"""LiteLLM sends images along, which are not looked at."""

Contract = Callable[[bytes], Coroutine[Any, Any, dict[str, Any]]]


_OVERLOADED: Final = Reply(
    503,
    b'{"error":{"message":"overloaded; this route fails closed","type":"overloaded"},"shed":true}',
    (("Retry-After", "1"),),
)
_BROKEN: Final = Reply(500, b'{"error":{"message":"a defect of ours, which is logged","type":"internal_error"}}')


class Turn:
    """How much of this turn of the event loop has been spent on looking."""

    def __init__(self, budget: float = BUDGET, timer: Callable[[], float] = time.perf_counter) -> None:
        self._budget = budget
        self._timer = timer
        self._began: float | None = None

    def admit(self) -> bool:
        """Tell whether there is time for one more look in this turn."""
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
) -> None:
    """Add the guard's endpoints to the ingest listener; what comes before ``prepared`` waits for the detectors."""
    guard = Guard(scoring, Turn(budget).admit, standalone=standalone)
    at_once = app.setdefault(AT_ONCE, {})
    for path, contract in (
        ("/v1/check", guard.check),
        ("/beta/litellm_basic_guardrail_api", guard.litellm),
        ("/v1/moderations", guard.moderations),
    ):
        app.router.add_post(path, _handler(contract, tuple(auth), prepared))
        at_once[path] = Endpoint(_responder(contract, tuple(auth), prepared))


def _responder(contract: Contract, auth: Sequence[Verifier], prepared: asyncio.Event | None) -> Respond:
    """Answer what is small without a task; what is refused, for whatever reason, is left to ``_handler``."""

    def respond(fields: Fields, body: bytes) -> Reply | Later | None:
        try:
            if auth:
                prove(begun(auth, headers(fields)), body, BODY_MAX)
            if most_characters(body) > LARGE or not (prepared is None or prepared.is_set()):
                return Later(spawn(_answered(contract, body, prepared), name="look"), _reply)
            return Reply(200, msgspec.json.encode(_finished(contract(body))))
        except (web.HTTPException, RequestError):
            return None
        except OverloadError:
            return _OVERLOADED

    return respond


def most_characters(body: bytes) -> int:
    """Return how many characters the texts of a body have at most: each that is escaped by its number takes six bytes.

    A backslash may be escaped itself, so where there are two, none is counted.
    """
    if len(body) <= LARGE:
        return len(body)
    return len(body.decode("utf-8", "replace")) - 5 * (body.count(rb"\u") - body.count(rb"\\u"))


async def _answered(contract: Contract, body: bytes, prepared: asyncio.Event | None) -> Reply:
    """Return the answer to a request that may have to wait for something."""
    if prepared is not None and not prepared.is_set():
        await prepared.wait()
    try:
        return Reply(200, msgspec.json.encode(await contract(body)))
    except RequestError as error:
        return Reply(400, msgspec.json.encode({"error": {"message": str(error), "type": "invalid_request_error"}}))
    except OverloadError:
        return _OVERLOADED


def _reply(done: asyncio.Future[Reply]) -> Reply:
    return _BROKEN if done.exception() else done.result()


def _finished(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Return what a coroutine returns that has nothing to wait for: a text of a small body is looked at right away."""
    try:
        work.send(None)
    except StopIteration as end:
        out: dict[str, Any] = end.value
        return out
    work.close()
    raise RuntimeError("a small request waits for something")


def _handler(
    contract: Contract, auth: Sequence[Verifier], prepared: asyncio.Event | None
) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await small_body(request, auth, BODY_MAX)
            status, data, further = await _answered(contract, body, prepared)
        except web.HTTPException as refusal:
            return answer(refusal.status, refusal.text or "", close=True)
        except BodyError as error:
            return answer(400, f"{error}\n", close=not request.content.at_eof())
        return web.Response(status=status, body=data, content_type="application/json", headers=dict(further))

    return handle

