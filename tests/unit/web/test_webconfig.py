"""The web configuration: who may see the admin pages, and over which TLS."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess

import aiohttp
import bcrypt
import pytest
from aiohttp import web

from tocsin.config import ConfigError
from tocsin.web.server import start_listener
from tocsin.web.webconfig import load_web_config


def write_users(path, **users):
    hashes = [f"  {user}: {bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()}" for user, word in users.items()]
    path.write_text("\n".join(["basic_auth_users:", *hashes]) + "\n")


def make_app(config):
    async def hello(request):
        return web.Response(text="hello")

    app = web.Application(middlewares=[config.middleware])
    app.router.add_get("/", hello)
    return app


async def status(listener, user=None, word=""):
    encoded = base64.b64encode(f"{user}:{word}".encode()).decode()
    headers = {} if user is None else {"Authorization": "Basic " + encoded}
    url = f"http://127.0.0.1:{listener.port}/"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as got:
        return got.status


async def test_only_known_users_with_their_password_are_let_in(tmp_path):
    path = tmp_path / "web.yml"
    write_users(path, ann="right")
    listener = await start_listener(make_app(load_web_config(path)), "127.0.0.1:0")
    try:
        assert await status(listener, "ann", "right") == 200
        assert await status(listener, "ann", "right") == 200
        assert await status(listener, "ann", "wrong") == 401
        assert await status(listener, "ann", "x" * 100) == 401
        assert await status(listener, "bob", "right") == 401
        assert await status(listener) == 401
    finally:
        await listener.close()


async def test_a_changed_file_is_taken_over_and_a_wrong_one_is_not(tmp_path):
    path = tmp_path / "web.yml"
    write_users(path, ann="old")
    listener = await start_listener(make_app(load_web_config(path)), "127.0.0.1:0")
    try:
        assert await status(listener, "ann", "old") == 200
        write_users(path, ann="new")
        os.utime(path, (1, 1))
        assert await status(listener, "ann", "old") == 401
        assert await status(listener, "ann", "new") == 200
        path.write_text("nonsense: 1\n")
        os.utime(path, (2, 2))
        assert await status(listener, "ann", "new") == 200
    finally:
        await listener.close()


def make_certificate(cert, key):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subprocess.run(
        [*command, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip


async def test_tls_is_served_with_version_1_2_at_least(tmp_path):
    path, cert, key = tmp_path / "web.yml", tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(cert, key)
    path.write_text(f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}\n")
    config = load_web_config(path)
    assert config.ssl_context is not None
    assert config.ssl_context.minimum_version == ssl.TLSVersion.TLSv1_2
    listener = await start_listener(make_app(config), "127.0.0.1:0", ssl_context=config.ssl_context)
    try:
        trust = ssl.create_default_context(cafile=str(cert))
        url = f"https://127.0.0.1:{listener.port}/"
        async with aiohttp.ClientSession() as session, session.get(url, ssl=trust) as got:
            assert got.status == 200
    finally:
        await listener.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basic_auth_user: {}", "basic_auth_user"),
        ("basic_auth_users: {ann: plain}", "bcrypt"),
        ("tls_server_config: {cert_file: none, key_file: none}", "cannot be used"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "min_version"),
        ("a: [", "YAML"),
        ("- 1", "object"),
    ],
)
def test_a_wrong_file_is_said(tmp_path, text, said):
    path = tmp_path / "web.yml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_web_config(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_web_config(tmp_path / "none.yml")
