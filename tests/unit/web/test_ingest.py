"""Deliveries over HTTP: what is answered, and what the spool hands out afterwards."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import io
import json
import zlib

import aiohttp
import pytest
import zstandard

from listening import Listening
from tocsin.config import Auth
from tocsin.inputs.spool import Spool
from tocsin.web import server
from tocsin.web.auth import verifiers
from tocsin.web.bodies import inflater
from tocsin.web.ingest import make_ingest_app


class Receiver(Listening):
    """An ingest listener on a free port, with its spool."""

    def __init__(self, directory, auth=(), **limits):
        self.spool = Spool(directory, max_bytes=limits.pop("max_bytes", 1 << 30))
        self.woken = 0
        self.refused = []
        super().__init__(make_ingest_app(
            self.spool, formats=("native",), auth=auth, max_body_bytes=limits.pop("max_body_bytes", 4 << 20),
            wake=self._wake, refused=self.refused.append,
        ))  # fmt: skip

    def _wake(self):
        self.woken += 1

    async def __aexit__(self, *error):
        await super().__aexit__(*error)
        await self.spool.close()

    async def post(self, body, path="/v1/ingest/native", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(path, data=io.BytesIO(body) if isinstance(body, bytes) else body, headers=headers) as answer:
            return answer.status

    def records(self):
        """Everything spooled, with arrays split."""
        found = []

        def sink(data, origin):
            value = json.loads(bytes(data))
            found.extend(value if isinstance(value, list) else [value])

        while self.spool.read(sink, 1 << 20):
            pass
        return found


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b'{"id": 1}', [{"id": 1}]),
        (b'[{"id": 1}, null]', [{"id": 1}, None]),
        (b'{"id": 1}\n\n{"id": 2}\n', [{"id": 1}, {"id": 2}]),
        (b"null", [None]),
        (b'\xef\xbb\xbf{\n "id": 1\n}', [{"id": 1}]),
    ],
    ids=["object", "array", "ndjson", "null", "pretty with BOM"],
)
async def test_a_body_is_accepted_and_spooled(tmp_path, body, records):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(body) == 202
        assert receiver.records() == records
        assert receiver.woken == 1


@pytest.mark.parametrize("size", [1, 3 << 20], ids=["whole", "streamed"])
async def test_an_element_nested_too_deep_does_not_refuse_its_neighbours(tmp_path, size):
    deep = b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"
    parts = [b'{"id": 1}', deep, b'{"id": 2, "text": "%s"}' % (b"x" * size), b'{"id": 3}']
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(b"[" + b",".join(parts) + b"]") == 202
        found = []
        while receiver.spool.read(lambda data, origin: found.append(bytes(data)), 1 << 20):
            pass
        assert found == parts


@pytest.mark.parametrize(
    "body", [b"", b" ", b"1", b'"x"', b"[1, 2]", b"[]", b"{", b'{"a": 1}x', b"<xml/>", b"\xff\xfe", b'[{"a":1},\n{"a":1}\n', b"[" * 100_000]
)  # fmt: skip
async def test_a_body_without_records_is_refused(tmp_path, body):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(body) == 400
        assert receiver.records() == []


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.ZstdCompressor().compress)]
)
async def test_a_compressed_body_is_inflated(tmp_path, encoding, pack):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(pack(b'{"id": 1}'), Content_Encoding=encoding) == 202
        assert await receiver.post(pack(b'{"id": 1}')[:-3], Content_Encoding=encoding) == 400
        assert receiver.records() == [{"id": 1}]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(level=19).compress])
async def test_a_bomb_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("tocsin.web.ingest.INFLATED_MAX", 1 << 20)
    async with Receiver(tmp_path) as receiver:
        encoding = "gzip" if pack is gzip.compress else "zstd"
        assert await receiver.post(pack(b" " * (8 << 20)), Content_Encoding=encoding) in (400, 413)
        assert receiver.records() == []


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.ZstdCompressor().compress)])
def test_a_bomb_is_inflated_in_small_pieces(encoding, pack):
    sizes = [len(piece) for piece in inflater(encoding).feed(pack(b" " * (8 << 20)))]
    assert (sum(sizes), max(sizes)) == (8 << 20, 256 << 10)


async def test_an_unknown_encoding_format_or_method_is_refused(tmp_path):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(b"{}", Content_Encoding="br") == 415
        assert await receiver.post(b"{}", path="/v1/ingest/other") == 404
        async with receiver.session.get("/v1/ingest/native") as answer:
            assert answer.status == 405
            assert "Server" not in answer.headers
        assert receiver.refused == ["unknown_encoding", "unknown_format"]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf\n"], ids=["bare", "BOM"])
@pytest.mark.parametrize("shape", ["array", "ndjson"])
async def test_a_large_body_is_spooled_exactly(tmp_path, shape, before):
    events = [{"id": n, "messages": [{"role": "user"}, {"role": "},{"}], "text": "x" * (n % 3000)} for n in range(800)]
    body = json.dumps(events) if shape == "array" else "\n".join(map(json.dumps, events))
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(before + body.encode()) == 202
        assert receiver.records() == events
        assert not list(tmp_path.glob("*.part"))


async def test_a_large_broken_body_leaves_nothing(tmp_path):
    body = json.dumps([{"id": n, "text": "x" * 1000} for n in range(800)]).encode()[:-1]
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(body) == 400
        assert list(tmp_path.iterdir()) == []
        assert receiver.refused == ["broken"]


async def test_a_body_over_the_bound_is_refused(tmp_path):
    async def endless():
        for _ in range(100):
            yield b" " * 65536

    async with Receiver(tmp_path, max_body_bytes=1 << 20) as receiver:
        assert await receiver.post(b" " * (1 << 20) + b"{}") == 413
        try:
            assert await receiver.post(endless()) == 413
        except aiohttp.ClientError:
            pass  # the answer can be lost when the connection is closed on a sender that goes on sending


async def test_a_full_spool_asks_the_sender_to_retry(tmp_path):
    async with Receiver(tmp_path, max_bytes=100) as receiver:
        async with receiver.session.post("/v1/ingest/native", data=b'{"id": "%s"}' % (b"x" * 100)) as answer:
            assert answer.status == 503
            assert "Retry-After" in answer.headers
        assert receiver.spool.spool_bytes == 0
        assert receiver.refused == ["no_room"]


async def test_a_body_that_cannot_be_made_durable_is_refused_and_counted(tmp_path):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(b'{"id": 1}') == 202
        next(tmp_path.iterdir()).unlink()
        async with receiver.session.post("/v1/ingest/native", data=b'{"id": 2}') as answer:
            assert answer.status == 503
        assert receiver.refused == ["no_room"]


async def test_a_bad_signature_leaves_nothing(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("It is no secret\n")
    auth = verifiers([Auth(scheme="github", secret_file=str(secret))])
    small, large = b'{"id": 1}', b'[{"id": "%s"}]' % (b"x" * 600_000)
    async with Receiver(tmp_path / "spool", auth=auth) as receiver:
        for body in (small, large):
            wrong = "sha256=" + hmac.new(b"other", body, hashlib.sha256).hexdigest()
            right = "sha256=" + hmac.new(b"It is no secret", body, hashlib.sha256).hexdigest()
            assert await receiver.post(body, X_Hub_Signature_256=wrong) == 401
            assert await receiver.post(body) == 401
            assert receiver.refused[-2:] == ["unauthorized"] * 2
            assert receiver.records() == []
            assert await receiver.post(body, X_Hub_Signature_256=right) == 202
            assert len(receiver.records()) == 1


async def test_too_large_is_refused_before_100_continue(tmp_path):
    async with Receiver(tmp_path) as receiver:
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.listener.port)
        writer.write(b"POST /v1/ingest/native HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 209715200\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        assert receiver.refused == ["too_large"]
        writer.close()


async def test_another_expectation_is_refused_and_counted(tmp_path):
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(b'{"id": 1}', Expect="the unexpected") == 417
        assert (receiver.refused, receiver.records()) == (["broken"], [])


async def test_100_continue_is_sent_only_if_the_body_will_be_accepted(tmp_path):
    async with Receiver(tmp_path) as receiver:
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.listener.port)
        writer.write(b"POST /v1/ingest/native HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        await reader.readline()
        writer.write(b'{"id":1}')
        assert (await reader.readline()).startswith(b"HTTP/1.1 202")
        writer.close()



async def test_a_connection_beyond_the_bound_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    async with Receiver(tmp_path) as receiver:
        assert await receiver.post(b'{"id": 1}') == 202
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.listener.port)
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
        assert receiver.refused == ["connections"]
        writer.close()


@pytest.mark.parametrize(("secret", "status", "refused"), [(None, 403, ["unauthorized"]), ("k3y", 202, [])])
async def test_a_page_in_a_browser_writes_no_metrics_unless_it_proves_itself(tmp_path, secret, status, refused):
    """Any page that is open on this host can post to loopback; a browser says so with ``Origin``."""
    (tmp_path / "secret").write_text("k3y")
    auth = verifiers([Auth(scheme="bearer", secret_file=str(tmp_path / "secret"))]) if secret else ()
    async with Receiver(tmp_path / "spool", auth) as receiver:
        sent = await receiver.post(b'{"id": 1}', Origin="http://elsewhere.example", Authorization=f"Bearer {secret}")
        assert (sent, receiver.refused, len(receiver.records())) == (status, refused, not refused)
