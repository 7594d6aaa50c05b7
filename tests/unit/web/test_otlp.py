"""OTLP over HTTP: what is answered, and what is counted of it."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import time
from pathlib import Path

import pytest
import zstandard

from listening import Listening
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.config import Auth
from tocsin.inputs.spool import Spool
from tocsin.intake import Intake
from tocsin.series.store import Store
from tocsin.web.auth import verifiers
from tocsin.web.ingest import make_ingest_app

GOLDEN = Path(__file__).parents[2] / "golden" / "otlp"
PACKED = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
SPANS, SIX = (GOLDEN / "genai-traces-04.pb").read_bytes(), (GOLDEN / "genai-traces-04.json").read_bytes()


class Receiver(Listening):
    """An ingest listener on a free port, with its spool and what counts it."""

    def __init__(self, directory, auth=()):
        self.spool = Spool(directory, max_bytes=1 << 30)
        self.refused = []
        super().__init__(make_ingest_app(
            self.spool, formats=("auto", *formats.FORMATS), auth=auth, max_body_bytes=64 << 20, wake=lambda: None, refused=self.refused.append,
        ))  # fmt: skip
        self.intake = Intake(Ledger(Store(), Settings()), formats.get, time.time)
        self.intake.meet("webhook")

    async def __aexit__(self, *error):
        await super().__aexit__(*error)
        await self.spool.close()

    async def send(self, body, path="/v1/traces", method="POST", **headers):
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        async with self.session.request(method, path, data=data, headers=headers) as answer:
            return answer.status, answer.headers.get("Content-Type"), await answer.read()

    def count(self, at_once=1 << 20):
        while self.spool.read(self.intake.take, at_once):
            pass
        tally = self.intake.tallies["webhook"]
        assert tally.read == tally.counted + tally.duplicate + sum(self.intake.skipped.values())
        return tally.counted


async def pieces(body):
    for start in range(0, len(body), 700):
        yield body[start : start + 700]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (SPANS, PACKED), (SIX, JSON), (gzip.compress(SIX), JSON | {"Content-Encoding": "gzip"}), (zstandard.compress(SPANS), PACKED | {"Content-Encoding": "zstd"}),
        (gzip.compress(SPANS), PACKED | {"Content-Encoding": "gzip"}), (SPANS, {}), (SIX, {}), (SIX, {"Content-Type": "application/json; charset=utf-8"}),
    ],
)  # fmt: skip
async def test_spans_are_answered_in_their_encoding_and_counted(tmp_path, method, body, headers):
    async with Receiver(tmp_path) as receiver:
        status, kind, said = await receiver.send(body, method=method, **headers)
        assert status == 200
        assert (kind, said) == (("application/json", b"{}") if "json" in headers.get("Content-Type", "") else ("application/x-protobuf", b""))
        assert receiver.count() == 6


@pytest.mark.parametrize(("body", "headers"), [(SPANS, PACKED), (SIX, JSON)])
async def test_chunks_are_taken(tmp_path, body, headers):
    async with Receiver(tmp_path) as receiver:
        assert (await receiver.send(pieces(body), **headers))[0] == 200
        assert receiver.count() == 6


@pytest.mark.parametrize(("body", "headers"), [(b"", PACKED), (b"", {"X-Test-Connection": "true"}), (b"{}", JSON), (b"", JSON), (b'{"resourceSpans":[]}', JSON)])
async def test_an_empty_request_is_accepted(tmp_path, body, headers):
    async with Receiver(tmp_path) as receiver:
        assert (await receiver.send(body, **headers))[0] == 200
        assert receiver.count() == 0
        assert receiver.refused == []


@pytest.mark.parametrize(("body", "headers"), [(b"nonsense", PACKED), (b"\x0a\xff\xff", PACKED), (SPANS[:-7], PACKED), (SIX[:-7], JSON), (b"nonsense", JSON), (SPANS, JSON)])
async def test_invalid_requests_are_refused_permanently(tmp_path, body, headers):
    async with Receiver(tmp_path) as receiver:
        assert (await receiver.send(body, **headers))[0] == 400
        assert receiver.refused == ["broken"]
        assert receiver.count() == 0


async def test_json_is_one_object_and_no_lines(tmp_path):
    async with Receiver(tmp_path) as receiver:
        for body in (SIX + b"\n" + SIX, b"[" + SIX + b"]", b'{"resourceSpans":\n\n', b"null"):
            assert (await receiver.send(body, **JSON))[0] == 400


@pytest.mark.parametrize("headers", [PACKED, JSON])
async def test_a_large_request_is_refused_with_the_fix_while_others_are_answered(tmp_path, headers):
    async with Receiver(tmp_path) as receiver:
        large = b'{"resourceSpans":[' + b'{"resource":{}},' * (1 << 20)
        (status, _, said), small = await asyncio.gather(receiver.send(large, **headers), receiver.send(SIX, **JSON))
        assert (status, small[0]) == (413, 200)
        assert b"9 MiB" in said
        assert receiver.count() == 6


async def test_metrics_are_refused_for_good_and_no_trouble(tmp_path):
    async with Receiver(tmp_path) as receiver:
        status, _, said = await receiver.send(b"\x0a\x00", path="/v1/metrics", **PACKED)
        assert status == 404
        assert b"OTEL_METRICS_EXPORTER=none" in said
        assert receiver.refused == []


async def test_unauthenticated_requests_are_refused(tmp_path):
    (tmp_path / "secret").write_text("hush")
    async with Receiver(tmp_path / "spool", auth=verifiers([Auth(scheme="bearer", secret_file=str(tmp_path / "secret"))])) as receiver:
        assert (await receiver.send(SPANS, **PACKED))[0] == 401
        assert (await receiver.send(SPANS, Authorization="Bearer hush", **PACKED))[0] == 200
        assert receiver.count() == 6


async def test_a_slice_may_end_within_a_request(tmp_path):
    async with Receiver(tmp_path) as receiver:
        await receiver.send(SPANS, **PACKED)
        assert receiver.spool.read(receiver.intake.take, 1) > 0
        assert receiver.intake.tallies["webhook"].counted == 1
        assert receiver.count(at_once=1) == 6


async def test_a_repeated_request_counts_once(tmp_path):
    async with Receiver(tmp_path) as receiver:
        for body, headers in ((SPANS, PACKED), (SIX, JSON)):
            await receiver.send(body, **headers)
        assert receiver.count() == 6
        assert receiver.intake.tallies["webhook"].duplicate == 6


@pytest.mark.parametrize("word", ["otlp", "auto"])
async def test_a_line_of_the_collectors_file_is_accepted_on_the_ingest_path(tmp_path, word):
    async with Receiver(tmp_path) as receiver:
        other = (GOLDEN / "openllmetry-traces-03.json").read_bytes()
        assert (await receiver.send(SIX + other, path=f"/v1/ingest/{word}", **JSON))[0] == 202
        assert receiver.count() == 8  # of the other four, two tell of one call, and one of a call that all emitters made


async def test_spans_that_are_not_calls_are_counted_separately(tmp_path):
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "a" * 32, "name": "GET /", "attributes": []}] * 3}]}]}
    async with Receiver(tmp_path) as receiver:
        await receiver.send(json.dumps(request).encode(), **JSON)
        assert receiver.count() == 0
        assert receiver.intake.passed == {"webhook": 3}
        assert receiver.intake.skipped == {}
