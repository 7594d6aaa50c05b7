"""The guard over HTTP: who may ask, what is answered, and that it sheds instead of queueing."""

import asyncio
import gzip
import hashlib
import hmac
import io
import json

import pytest
from aiohttp import web

from listening import Listening
from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.config import Auth, parse
from tocsin.guard.guard import LARGE, LARGE_WAITING
from tocsin.judge import Judge
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store
from tocsin.web.auth import verifiers
from tocsin.web.guard import BODY_MAX, Turn, add_routes


class Server(Listening):
    def __init__(self, auth=(), config=b"", detectors=(), **options):
        self.scoring = Scoring(Ledger(Store(), Settings()), Judge(parse(config), detectors))
        super().__init__(web.Application())
        add_routes(self._app, self.scoring, auth=auth, **options)

    async def post(self, body, path="/v1/check", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(path, data=body, headers=headers) as answer:
            return answer.status, await answer.text()


class Slow:
    """A detector that blocks the event loop for as long as 2 ms."""

    name, tier, gates, roles = "slow", 0, (), frozenset({"assistant"})

    def scan(self, subject, fired, report):
        end = asyncio.get_running_loop().time() + 0.002
        while asyncio.get_running_loop().time() < end:
            pass


@pytest.fixture
def key(tmp_path):
    (tmp_path / "key").write_text("k3y\n")
    return verifiers([Auth(scheme="bearer", secret_file=str(tmp_path / "key"))])


@pytest.mark.parametrize("path", ["/v1/check", "/beta/litellm_basic_guardrail_api", "/v1/moderations"])
async def test_requests_without_the_key_are_refused(key, path):
    async with Server(auth=key) as server:
        body = b'{"text": "x", "input": "x", "texts": ["x"]}'
        assert (await server.post(body, path))[0] == 401
        assert (await server.post(body, path, x_api_key="k3y"))[0] == 200
        assert (await server.post(body, path, Authorization="Bearer k3y"))[0] == 200


@pytest.mark.parametrize(("secret", "status"), [(b"k3y", 200), (b"other", 401)])
async def test_a_signature_covers_the_body_as_sent_even_if_compressed(tmp_path, secret, status):
    (tmp_path / "key").write_bytes(b"k3y")
    sent = gzip.compress(b'{"text": "x"}')
    signature = "sha256=" + hmac.new(secret, sent, hashlib.sha256).hexdigest()
    async with Server(auth=verifiers([Auth(scheme="github", secret_file=str(tmp_path / "key"))])) as server:
        answer = await server.post(sent, X_Hub_Signature_256=signature, Content_Encoding="gzip")

    assert answer[0] == status


async def test_an_invalid_body_gets_400_without_its_content():
    async with Server() as server:
        status, text = await server.post(b'{"text": 5, "id": "hush"}')

    assert (status, "hush" in text) == (400, False)


async def test_a_refusal_has_its_reason(key):
    refused: list[str] = []
    async with Server(auth=key, refused=refused.append) as server:
        await server.post(b'{"text": "x"}', x_api_key="other")
        await server.post(b"{", x_api_key="k3y")
        await server.post(b"no gzip", x_api_key="k3y", Content_Encoding="gzip")
        await server.post(b"{}", x_api_key="k3y", Content_Encoding="br")
        await server.post(b'{"text": "x"}', x_api_key="k3y")

    assert refused == ["unauthorized", "broken", "broken", "unknown_encoding"]


async def test_a_body_beyond_the_bound_is_refused():
    async with Server() as server:
        assert (await server.post(io.BytesIO(b"x" * (BODY_MAX + 1))))[0] == 413


async def test_overload_is_shed_and_the_wait_stays_bounded():
    async with Server(detectors=[Slow()], budget=0.01) as server:
        answers = await asyncio.gather(*(server.post(b'{"text": "x"}') for _ in range(100)))
        shed = sum(json.loads(text).get("shed", False) for _, text in answers)
        server.scoring.publish(0.0)

    assert {status for status, _ in answers} == {200}
    assert shed == server.scoring._ledger.store.rows[cat.GUARD_SHED]["unknown",].values[0] > 0
    assert shed < 100


async def test_overload_of_a_fail_closed_route_gets_503_with_retry_after():
    config = b"routes: [{match: {}, guard: {on_overload: fail_closed}}]"
    async with Server(config=config, budget=-1.0) as server:
        answers = await asyncio.gather(*(server.post(b'{"text": "x"}') for _ in range(20)))

    assert 503 in {status for status, _ in answers}


async def test_a_turn_of_the_loop_has_a_budget_and_the_next_one_a_new_one():
    now = 0.0
    turn = Turn(0.025, timer=lambda: now)

    first = [turn.admit()]
    now = 0.02
    first.append(turn.admit())
    now = 0.03
    first.append(turn.admit())
    await asyncio.sleep(0)

    assert (first, turn.admit()) == ([True, True, False], True)


@pytest.mark.parametrize(("size", "status"), [(LARGE, 200), (LARGE_WAITING, 200)], ids=["fast path", "aiohttp"])
async def test_large_texts_are_answered(size, status):
    async with Server() as server:
        found, text = await server.post(json.dumps({"id": 7, "text": "x" * size}).encode())

    assert (found, json.loads(text)["id"]) == (status, 7)


async def test_a_larger_invalid_body_gets_400():
    async with Server() as server:
        assert (await server.post(b'{"text": 5, "id": "%b"}' % (b"x" * LARGE)))[0] == 400


async def test_a_larger_body_gets_503_where_its_route_fails_closed():
    async with Server(config=b"routes: [{match: {}, guard: {on_overload: fail_closed}}]", budget=-1.0) as server:
        body = json.dumps({"text": "x" * LARGE}).encode()
        answers = await asyncio.gather(*(server.post(body) for _ in range(20)))

    assert {status for status, _ in answers} == {200, 503}


async def test_a_defect_of_ours_with_a_larger_body_is_a_500_that_quotes_nothing(monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("tocsin.guard.guard.Guard._count", broken)
    async with Server() as server:
        status, text = await server.post(json.dumps({"text": "x" * LARGE}).encode())

    assert (status, "xxx" in text, "ZeroDivisionError" in caplog.text) == (500, False, True)


async def test_requests_before_the_detectors_are_ready_wait():
    prepared = asyncio.Event()
    async with Server(prepared=prepared) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await server.post(b'{"text": "x"}')
        prepared.set()
        status, _ = await server.post(b'{"text": "x"}')

    assert status == 200
