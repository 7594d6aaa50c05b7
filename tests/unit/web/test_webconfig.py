"""The admin listener's web configuration: what is refused, who may come in, and what a change does."""

from __future__ import annotations

import ssl
import subprocess

import aiohttp
import bcrypt
import pytest
from aiohttp import web

from tocsin.config import ConfigError
from tocsin.web.plain_request import Endpoint, Reply
from tocsin.web.server import FAST_ENDPOINTS, start_listener
from tocsin.web.webconfig import load_web_config


def hashed(password):
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


def login(user, password):
    return {"Authorization": aiohttp.encode_basic_auth(user, password)}


def write(directory, text):
    path = directory / "web.yml"
    path.write_text(text)
    return path


class Site:
    """A page behind a web configuration."""

    def __init__(self, path):
        self.config = load_web_config(path)

    async def __aenter__(self):
        app = web.Application(middlewares=[self.config.middleware])
        app.router.add_get("/", self._page)
        app.router.add_post("/", self._page)
        app[FAST_ENDPOINTS] = {"/": Endpoint(lambda _, body: Reply(200, b"at once" + body), 1 << 20)}
        self.listener = await start_listener(app, "127.0.0.1:0", self.config.ssl_context, self.config.is_open)
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error):
        await self.session.close()
        await self.listener.close()

    async def _page(self, _):
        return web.Response(text="page")

    async def post(self, scheme="http", **how):
        async with self.session.post(f"{scheme}://127.0.0.1:{self.listener.port}/", **how) as answer:
            return answer.status, await answer.text()

    async def get(self, scheme="http", **how):
        async with self.session.get(f"{scheme}://127.0.0.1:{self.listener.port}/", **how) as answer:
            return answer.status


def self_signed(directory):
    """Make a certificate that can serve as its own CA."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {directory}/key.pem -out {directory}/cert.pem"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return directory / "cert.pem", directory / "key.pem"


@pytest.fixture(name="certificate", scope="session")
def _certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_tls_files_are_resolved_against_the_web_configuration(certificate):
    cert, key = certificate

    assert load_web_config(write(cert.parent, f"tls_server_config: {{cert_file: {cert.name}, key_file: {key.name}}}")).ssl_context


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basic_auth_userz: {}", "basic_auth_userz"),
        ("basic_auth_users: {alice: secret}", "bcrypt"),
        ("http_server_config: {http2: true}", "http_server_config"),
        ("tls_server_config: {cert_file: a}", "key_file"),
        ("tls_server_config: {cert_file: /none, key_file: /none}", "cert_file: /none: cannot be read"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "min_version"),
        (":\n  - x: [", "YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        load_web_config(write(tmp_path, text))


def test_a_client_certificate_cannot_be_required_without_a_ca(tmp_path, certificate):
    cert, key = certificate
    text = f"tls_server_config: {{cert_file: {cert}, key_file: {key}, client_auth_type: RequireAndVerifyClientCert}}"
    with pytest.raises(ConfigError, match="client_ca_file"):
        load_web_config(write(tmp_path, text))


async def test_only_known_users_are_admitted(tmp_path):
    path = write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'right')}'}}")
    async with Site(path) as site:
        assert await site.get() == 401
        assert await site.get(headers={"Authorization": "Basic !"}) == 401
        assert await site.get(headers={"Authorization": "Bearer right"}) == 401
        assert await site.get(headers=login("alice", "wrong")) == 401
        assert await site.get(headers=login("bob", "right")) == 401
        assert await site.get(headers=login("alice", "right")) == 200


async def test_a_password_is_hashed_once(tmp_path, monkeypatch):
    path = write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'right')}'}}")
    async with Site(path) as site:
        calls = []
        original = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", lambda *given: calls.append(given) or original(*given))
        for _ in range(3):
            assert await site.get(headers=login("alice", "right")) == 200
        assert len(calls) == 1


async def test_an_unknown_user_costs_as_much_work_as_a_known_one(tmp_path, monkeypatch):
    path = write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'right')}'}}")
    async with Site(path) as site:
        calls = []
        original = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", lambda *given: calls.append(given) or original(*given))
        assert await site.get(headers=login("bob", "right")) == 401
        assert len(calls) == 1


async def test_a_change_takes_effect_and_a_wrong_one_does_not(tmp_path):
    path = write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'old')}'}}")
    async with Site(path) as site:
        assert await site.get(headers=login("alice", "old")) == 200
        write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'new')}'}}\n")
        assert await site.get(headers=login("alice", "old")) == 401
        assert await site.get(headers=login("alice", "new")) == 200
        write(tmp_path, "basic_auth_users: [nonsense]")
        assert await site.get(headers=login("alice", "new")) == 200


async def test_tls_is_served(tmp_path, certificate):
    cert, key = certificate
    path = write(tmp_path, f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}")
    trusting = ssl.create_default_context(cafile=str(cert))
    async with Site(path) as site:
        assert await site.get("https", ssl=trusting) == 200


async def test_a_client_without_a_certificate_is_refused(tmp_path, certificate):
    cert, key = certificate
    path = write(
        tmp_path,
        f"tls_server_config: {{cert_file: {cert}, key_file: {key}, client_ca_file: {cert}, "
        "client_auth_type: RequireAndVerifyClientCert}",
    )
    anonymous = ssl.create_default_context(cafile=str(cert))
    known = ssl.create_default_context(cafile=str(cert))
    known.load_cert_chain(str(cert), str(key))
    async with Site(path) as site:
        with pytest.raises(aiohttp.ClientError):
            await site.get("https", ssl=anonymous)
        assert await site.get("https", ssl=known) == 200


async def test_immediate_responses_are_immediate_over_tls(tmp_path, certificate):
    cert, key = certificate
    path = write(tmp_path, f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}")
    async with Site(path) as site:
        assert await site.post("https", ssl=ssl.create_default_context(cafile=str(cert))) == (200, "at once")


async def test_a_large_body_arrives_complete_over_tls(tmp_path, certificate):
    cert, key = certificate
    path = write(tmp_path, f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}")
    body = "".join(map(str, range(100_000)))
    async with Site(path) as site:
        found = await site.post("https", data=body, ssl=ssl.create_default_context(cafile=str(cert)))
        assert found == (200, "at once" + body)


async def test_nothing_is_answered_at_once_from_when_there_are_users(tmp_path):
    path = write(tmp_path, "{}")
    async with Site(path) as site:
        assert await site.post() == (200, "at once")
        write(tmp_path, f"basic_auth_users: {{ann: {hashed(b'secret')}}}")
        assert (await site.post())[0] == 401
        assert await site.post(headers=login("ann", "secret")) == (200, "page")


async def test_guesses_do_not_make_a_known_user_be_hashed_again(tmp_path, monkeypatch):
    path = write(tmp_path, f"basic_auth_users: {{alice: '{hashed(b'right')}'}}")
    async with Site(path) as site:
        assert await site.get(headers=login("alice", "right")) == 200
        for guess in range(150):
            assert await site.get(headers=login("alice", f"guess {guess}")) == 401
        monkeypatch.setattr(bcrypt, "checkpw", lambda *given: pytest.fail("hashed again"))
        assert await site.get(headers=login("alice", "right")) == 200


async def test_an_unknown_user_is_compared_at_the_cost_of_a_known_one(tmp_path, monkeypatch):
    cost = hashed(b"right")
    async with Site(write(tmp_path, f"basic_auth_users: {{alice: '{cost}'}}")) as site:
        calls = []
        original = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", lambda *given: calls.append(given) or original(*given))
        assert await site.get(headers=login("bob", "right")) == 401
        assert calls[0][1] == cost.encode()


@pytest.mark.parametrize("further", ["min_version: TLS13", "client_ca_file: CERT, client_auth_type: RequireAndVerifyClientCert"])
async def test_tls_that_needs_a_restart_is_reported_and_not_shown_as_enforced(tmp_path, certificate, further, caplog):
    cert, key = certificate
    text = f"tls_server_config: {{cert_file: {cert}, key_file: {key}"
    async with Site(write(tmp_path, text + "}")) as site:
        trusted = ssl.create_default_context(cafile=str(cert))
        assert await site.get("https", ssl=trusted) == 200
        write(tmp_path, f"{text}, {further.replace('CERT', str(cert))}}}")
        assert await site.get("https", ssl=trusted) == 200
    assert "without a restart" in caplog.text


async def test_a_certificate_is_renewed_while_other_changes_wait_for_a_restart(tmp_path):
    cert, key = self_signed(tmp_path)
    text = f"tls_server_config: {{cert_file: {cert}, key_file: {key}"
    async with Site(write(tmp_path, text + "}")) as site:
        old = ssl.create_default_context(cafile=str(cert))
        write(tmp_path, text + ", min_version: TLS13}")
        assert await site.get("https", ssl=old) == 200
        self_signed(tmp_path)
        assert await site.get("https", ssl=old) == 200  # the last one that is accepted as before
        await site.session.close()
        site.session = aiohttp.ClientSession()
        assert await site.get("https", ssl=ssl.create_default_context(cafile=str(cert))) == 200
