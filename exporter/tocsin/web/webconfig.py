"""``--web.config.file``: TLS and basic authentication of the admin listener.

The file has the form of Prometheus' exporter-toolkit (docs/web-configuration.md there), because operators already have
such files. Unsupported settings are rejected, not ignored.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import bcrypt
import msgspec
from aiohttp import web

from tocsin.config import ConfigError, Strict
from tocsin.config.yamlfile import decode

log = logging.getLogger(__name__)
_CACHE = 100

ClientAuth = Literal[
    "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"
]


class Tls(Strict, frozen=True):
    """``tls_server_config``."""

    cert_file: str
    key_file: str
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: str | None = None
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    max_version: Literal["TLS12", "TLS13"] = "TLS13"


class Settings(Strict, frozen=True):
    """The settings of the file."""

    tls_server_config: Tls | None = None
    basic_auth_users: dict[str, str] = {}  # noqa: RUF012 - msgspec copies defaults


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}


class WebConfig:
    """TLS context and authentication, reloaded when a file changes."""

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            ConfigError: it is invalid.
        """
        self._path = path
        self._settings = _parse(path)
        self._seen = self._stamps()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        """Cache of verified credentials; failed guesses are not cached, as they would evict them."""
        self._known_by = os.urandom(32)
        self._one_at_a_time = asyncio.Lock()
        tls = self._settings.tls_server_config
        self.ssl_context = None if tls is None else _context(tls)

        @web.middleware  # it sets an attribute of the function, which a bound method does not allow
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        self.middleware = guard

    def is_open(self) -> bool:
        """Return whether the file, as it is now, requires no authentication."""
        self._refresh()
        return not self._settings.basic_auth_users

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.is_open() and not await self._is_known(request.headers.get("Authorization", "")):
            raise web.HTTPUnauthorized(text="unauthorized\n", headers={"WWW-Authenticate": "Basic"})
        return await handler(request)

    async def _is_known(self, header: str) -> bool:
        word, _, encoded = header.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
            name = user.decode()
        except (binascii.Error, ValueError):
            return False
        if word.lower() != "basic" or b"\0" in password:
            return False
        users = self._settings.basic_auth_users
        # For an unknown user, compare with another one's hash: response times must not reveal which users exist.
        hashed = users.get(name, next(iter(users.values()), "")).encode()
        key = hmac.digest(self._known_by, hashed + b"\0" + user + b"\0" + password, hashlib.sha256)
        if key in self._known:
            return True
        async with self._one_at_a_time:  # bcrypt is slow by design: guesses must not take all cores
            matches = await asyncio.to_thread(bcrypt.checkpw, password[:72], hashed)
        if not matches or name not in users:
            return False
        self._known[key] = None
        if len(self._known) > _CACHE:
            self._known.popitem(last=False)
        return True

    def _stamps(self) -> list[int]:
        tls = self._settings.tls_server_config
        paths = [self._path]
        if tls is not None:
            paths += [Path(tls.cert_file), Path(tls.key_file)]
        stamps = []
        for path in paths:
            try:
                stamps.append(path.stat().st_mtime_ns)
            except OSError:
                stamps.append(0)
        return stamps

    def _refresh(self) -> None:
        """Apply changed files; if they are invalid, log the error and keep the previous settings."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            settings = self._changed()
        except ConfigError as error:
            log.error("not reloaded, the previous web configuration stays in effect: %s", error)
            settings = self._settings  # its certificate may have been renewed
        try:
            if settings.tls_server_config is not None and self.ssl_context is not None:
                _context(settings.tls_server_config)  # everything is checked before any of it is applied
                self.ssl_context.load_cert_chain(
                    settings.tls_server_config.cert_file, settings.tls_server_config.key_file
                )
        except (ConfigError, OSError) as error:
            log.error("not reloaded, the previous web configuration stays in effect: %s", error)
            return
        self._settings = settings
        self._seen = self._stamps()
        self._known.clear()

    def _changed(self) -> Settings:
        settings = _parse(self._path)
        if (settings.tls_server_config is None) != (self.ssl_context is None):
            raise ConfigError(f"{self._path}: switching TLS on or off needs a restart")
        if _but_certificate(settings) != _but_certificate(self._settings):
            raise ConfigError(
                f"{self._path}: of tls_server_config, the certificate and its key alone change without a restart"
            )
        return settings


def load_web_config(path: str | Path) -> WebConfig:
    """Read and check a web configuration.

    Raises:
        ConfigError: naming the file, the key and the fix.
    """
    return WebConfig(Path(path))


def _parse(path: Path) -> Settings:
    try:
        settings = decode(path.read_bytes(), Settings, path.parent)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    for user, hashed in settings.basic_auth_users.items():
        try:
            bcrypt.checkpw(b"", hashed.encode())
        except ValueError:
            raise ConfigError(
                f"{path}: basic_auth_users.{user}: not a bcrypt hash; make one with 'htpasswd -nBC 10 \"\"'"
            ) from None
    return settings


def _but_certificate(settings: Settings) -> Tls | None:
    """Return the TLS settings except for the certificate, which alone can change while running."""
    tls = settings.tls_server_config
    return None if tls is None else msgspec.structs.replace(tls, cert_file="", key_file="")


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    for key in ("cert_file", "key_file", "client_ca_file"):
        file = getattr(tls, key)
        try:
            if file is not None:
                Path(file).open("rb").close()
        except OSError as error:
            raise ConfigError(f"tls_server_config.{key}: {file}: cannot be read: {error.strerror}") from None
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file)
        if tls.client_ca_file is not None:
            context.load_verify_locations(tls.client_ca_file)
    except OSError as error:
        raise ConfigError(f"tls_server_config: certificate, key or CA cannot be used: {error.strerror}") from None
    if tls.client_auth_type in ("RequestClientCert", "RequireAnyClientCert"):
        raise ConfigError(
            f"tls_server_config.client_auth_type: {tls.client_auth_type} checks nothing; use RequireAndVerifyClientCert"
        )
    if tls.client_auth_type != "NoClientCert":
        if tls.client_ca_file is None:
            raise ConfigError("tls_server_config.client_ca_file: needed to verify client certificates")
        required = tls.client_auth_type == "RequireAndVerifyClientCert"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context
