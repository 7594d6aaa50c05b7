"""Verifiers: known vectors, rotation, and headers that are wrong in every way."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from tocsin.config import Auth, ConfigError
from tocsin.web.auth import HexDigest, Langfuse, Shared, StandardWebhooks, check_bind, verifiers

KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
SENT = 1614265330
BODY = b'{"test": 2432232314}'
GOOD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}  # the test vector of the Standard Webhooks reference libraries


def accepts(verifier, headers, body=BODY):
    check = verifier.begin(CIMultiDict(headers))
    if check is None:
        return False
    check.update(body[:5])
    check.update(body[5:])
    return check.valid()


def standard(now=SENT, *keys):
    return StandardWebhooks(keys or (KEY,), lambda: now)


def test_the_standard_webhooks_vector_is_accepted():
    assert accepts(standard(), GOOD)


@pytest.mark.parametrize("now", [SENT - 301, SENT + 301])
def test_an_old_or_early_delivery_is_refused(now):
    assert not accepts(standard(now), GOOD)


def test_any_secret_and_any_signature_may_match():
    assert accepts(standard(SENT, b"old" * 8, KEY), GOOD)
    assert accepts(standard(), GOOD | {"webhook-signature": "v1,AAAA v1a,x " + GOOD["webhook-signature"]})


@pytest.mark.parametrize("name", GOOD)
@given(value=st.text(max_size=40))
def test_a_wrong_standard_webhooks_header_is_refused(name, value):
    assert value == GOOD[name] or not accepts(standard(), GOOD | {name: value})


@pytest.mark.parametrize("time", ["nan", "inf", "-1", "1e9", " 1614265330", "١٦١٤٢٦٥٣٣٠", "9" * 400, ""])
def test_a_time_that_is_not_digits_is_refused(time):
    mac = hmac.new(KEY, f"m.{time}.".encode() + BODY, hashlib.sha256).digest()
    headers = {"webhook-id": "m", "webhook-timestamp": time, "webhook-signature": "v1," + base64.b64encode(mac).decode()}
    assert not accepts(standard(), headers)


def test_another_body_is_refused():
    assert not accepts(standard(), GOOD, BODY + b" ")


def test_the_github_vector_is_accepted():
    verifier = HexDigest([b"It's a Secret to Everybody"], "X-Hub-Signature-256", "sha256=")
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert accepts(verifier, {"X-Hub-Signature-256": signature}, b"Hello, World!")
    assert not accepts(verifier, {"X-Hub-Signature-256": signature[7:]}, b"Hello, World!")
    assert not accepts(verifier, {}, b"Hello, World!")


def test_helicone_and_langfuse_signatures_are_accepted():
    plain = hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    timed = hmac.new(b"secret", f"{SENT}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert accepts(HexDigest([b"secret"], "Helicone-Signature", ""), {"helicone-signature": plain})
    langfuse = Langfuse([b"secret"], lambda: SENT + 10)
    assert accepts(langfuse, {"x-langfuse-signature": f"t={SENT},v1={timed}"})
    assert not accepts(langfuse, {"x-langfuse-signature": f"t={SENT + 1},v1={timed}"})
    assert not accepts(langfuse, {"x-langfuse-signature": timed})


def test_bearer_also_takes_x_api_key():
    verifier = Shared([b"old", b"new"])
    assert accepts(verifier, {"Authorization": "Bearer new"})
    assert accepts(verifier, {"x-api-key": "old"})
    assert not accepts(verifier, {"Authorization": "Basic new"})
    assert not accepts(verifier, {"Authorization": "Bearer other"})
    assert not accepts(verifier, {"Authorization": "Bearer "})


def test_basic_compares_user_and_password():
    verifier = Shared([b"pass"], "user")
    assert accepts(verifier, {"Authorization": "Basic " + base64.b64encode(b"user:pass").decode()})
    assert not accepts(verifier, {"Authorization": "Basic " + base64.b64encode(b"other:pass").decode()})
    assert not accepts(verifier, {"x-api-key": "pass"})


def test_secrets_are_lines_of_a_file(tmp_path):
    path = tmp_path / "secrets"
    path.write_bytes(b"one\r\n\ntwo\n")
    (verifier,) = verifiers([Auth(scheme="bearer", secret_file=str(path))])
    assert accepts(verifier, {"Authorization": "Bearer one"})
    assert accepts(verifier, {"Authorization": "Bearer two"})


@pytest.mark.parametrize("content", [None, b"\n", b"whsec_!!", b"whsec_AAAA"])
def test_an_unusable_secret_stops_the_start(tmp_path, content):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="secret"):
        verifiers([Auth(scheme="standard_webhooks", secret_file=str(path))])


@pytest.mark.parametrize("address", ["0.0.0.0:9878", ":9878", "[::]:9878", "example.org:9878"])
def test_the_network_needs_authentication(address):
    check_bind(address, has_auth=True)
    with pytest.raises(ConfigError, match="auth"):
        check_bind(address, has_auth=False)


@pytest.mark.parametrize("address", ["127.0.0.1:9878", "localhost:0", "[::1]:1"])
def test_loopback_needs_none(address):
    check_bind(address, has_auth=False)


@pytest.mark.parametrize("address", ["", "9878", "host:", "host:x", "host:70000", "::1:80"])
def test_an_invalid_address_is_reported(address):
    with pytest.raises(ConfigError, match="listen address"):
        check_bind(address, has_auth=False)
