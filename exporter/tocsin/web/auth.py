"""Authentication of webhook senders: signatures over the raw bytes, or a shared secret.

All comparisons are constant-time and on bytes; malformed headers simply fail. Schemes: Standard Webhooks
(standardwebhooks.com, specification 1.0), GitHub's ``X-Hub-Signature-256``, Helicone's and Langfuse's webhooks, and the
Authorization headers of RFC 6750 and RFC 7617.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tocsin.config import Auth, ConfigError, read_secrets
from tocsin.formats.base import Bytes
from tocsin.web.server import is_loopback

TOLERANCE = 300.0
"""Maximum clock difference of a signed time in seconds, as in the Standard Webhooks reference libraries."""
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)


class Check(Protocol):
    """Authenticates one request; receives the body while it is streamed."""

    def update(self, data: Bytes) -> None:
        """Process the next raw bytes of the body."""

    def valid(self) -> bool:
        """Return whether the request is authentic; called after the last byte."""


class Verifier(Protocol):
    """One configured authentication method."""

    def begin(self, headers: Mapping[str, str]) -> Check | None:
        """Begin to check a request; return None if its headers cannot be valid."""


class _Static:
    """The check of a request whose headers already authenticate it."""

    def update(self, data: Bytes) -> None:
        """Do nothing: a shared secret does not cover the body."""

    def valid(self) -> bool:
        return True


class _Signed:
    """An HMAC-SHA256 over a prefix and the body with every secret; any one signature may match."""

    def __init__(self, secrets: Sequence[bytes], prefix: bytes, signatures: Sequence[bytes]) -> None:
        self._macs = [hmac.new(secret, prefix, hashlib.sha256) for secret in secrets]
        self._signatures = signatures

    def update(self, data: Bytes) -> None:
        for mac in self._macs:
            mac.update(data)

    def valid(self) -> bool:
        found = False
        for mac in self._macs:
            digest = mac.digest()
            for signature in self._signatures:
                found |= hmac.compare_digest(digest, signature)
        return found


class Shared:
    """``bearer`` (also as ``x-api-key``) and ``basic``."""

    def __init__(self, secrets: Sequence[bytes], username: str | None = None) -> None:
        user = None if username is None else username.encode()
        self._expected = [s if user is None else base64.b64encode(user + b":" + s) for s in secrets]
        self._word = "bearer" if user is None else "basic"
        self._key_header = user is None

    def begin(self, headers: Mapping[str, str]) -> Check | None:
        """Compare the header with every secret."""
        word, _, given = headers.get("Authorization", "").partition(" ")
        candidates = [given.strip()] if word.lower() == self._word else []
        if self._key_header and "x-api-key" in headers:
            candidates.append(headers["x-api-key"].strip())
        found = False
        for candidate in candidates:
            for expected in self._expected:
                found |= hmac.compare_digest(_raw(candidate), expected)
        return _Static() if found else None


class StandardWebhooks:
    """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature: v1,<base64> v1,<base64>``."""

    def __init__(self, secrets: Sequence[bytes], clock: Callable[[], float]) -> None:
        self._secrets = secrets
        self._clock = clock

    def begin(self, headers: Mapping[str, str]) -> Check | None:
        """Begin to sign ``id.timestamp.body``."""
        identity, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not identity or not _is_recent(sent, self._clock()):
            return None
        given = headers.get("webhook-signature", "").split(" ")[:16]
        signatures = [_base64(text[3:]) for text in given if text.startswith("v1,")]
        return _signed(self._secrets, _raw(f"{identity}.{sent}."), signatures)


class HexDigest:
    """A hexadecimal signature of the body in one header, after a fixed prefix: GitHub and Helicone."""

    def __init__(self, secrets: Sequence[bytes], header: str, prefix: str) -> None:
        self._secrets = secrets
        self._header = header
        self._prefix = prefix

    def begin(self, headers: Mapping[str, str]) -> Check | None:
        """Begin to sign the body."""
        given = headers.get(self._header, "")
        if not given.startswith(self._prefix):
            return None
        return _signed(self._secrets, b"", [_hex(given[len(self._prefix) :])])


class Langfuse:
    """``x-langfuse-signature: t=<seconds>,v1=<hex>`` over ``t.body``."""

    def __init__(self, secrets: Sequence[bytes], clock: Callable[[], float]) -> None:
        self._secrets = secrets
        self._clock = clock

    def begin(self, headers: Mapping[str, str]) -> Check | None:
        """Begin to sign ``t.body``."""
        fields = [item.strip().partition("=") for item in headers.get("x-langfuse-signature", "").split(",")[:16]]
        sent = next((value for name, _, value in fields if name == "t"), "")
        if not _is_recent(sent, self._clock()):
            return None
        return _signed(self._secrets, f"{sent}.".encode(), [_hex(value) for name, _, value in fields if name == "v1"])


def verifiers(configured: Sequence[Auth], clock: Callable[[], float] = time.time) -> list[Verifier]:
    """Return a verifier for each entry of ``ingest.auth``.

    Raises:
        ConfigError: a secret file cannot be read, or a secret does not have the form of its scheme.
    """
    return [
        _verifier(auth, read_secrets(f"ingest.auth[{index}].secret_file", auth.secret_file), clock)
        for index, auth in enumerate(configured)
    ]


def check_bind(address: str, has_auth: bool) -> None:
    """Refuse to accept webhooks from the network without authentication.

    Raises:
        ConfigError: ``address`` is invalid, or not loopback while no authentication is configured.
    """
    if not has_auth and not is_loopback(address):
        raise ConfigError(
            f"ingest.listen_address {address!r} can be reached from other hosts and ingest.auth is empty: "
            "anyone could write your metrics; configure ingest.auth or listen on 127.0.0.1"
        )


def _verifier(auth: Auth, secrets: list[bytes], clock: Callable[[], float]) -> Verifier:
    match auth.scheme:
        case "bearer":
            return Shared(secrets)
        case "basic":
            return Shared(secrets, auth.username or "")
        case "standard_webhooks":
            return StandardWebhooks([_standard_key(secret, auth.secret_file) for secret in secrets], clock)
        case "github":
            return HexDigest(secrets, "X-Hub-Signature-256", "sha256=")
        case "helicone":
            return HexDigest(secrets, "Helicone-Signature", "")
        case "langfuse":
            return Langfuse(secrets, clock)


def _standard_key(secret: bytes, path: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except binascii.Error:
        raise ConfigError(f"{path}: a Standard Webhooks secret is 'whsec_' and base64") from None
    if len(key) < 16:
        raise ConfigError(f"{path}: the secret is too short; use 24 to 64 random bytes in base64")
    return key


def _signed(secrets: Sequence[bytes], prefix: bytes, signatures: Sequence[bytes]) -> Check | None:
    usable = [signature for signature in signatures if len(signature) == hashlib.sha256().digest_size]
    return _Signed(secrets, prefix, usable) if usable else None


def _is_recent(sent: str, now: float) -> bool:
    return _TIME.fullmatch(sent) is not None and abs(now - int(sent)) <= TOLERANCE


def _raw(text: str) -> bytes:
    """Return a header's original bytes: aiohttp decodes with surrogateescape."""
    return text.encode("utf-8", "surrogateescape")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(_raw(text), validate=True)
    except binascii.Error:
        return b""


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 2 * hashlib.sha256().digest_size else b""
    except ValueError:
        return b""
