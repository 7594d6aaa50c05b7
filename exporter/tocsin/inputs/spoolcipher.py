"""Encryption of the spool at rest: AES-256-GCM with a random nonce per frame (NIST SP 800-38D)."""

from __future__ import annotations

import hashlib
import os

from tocsin.config import ConfigError
from tocsin.formats.base import Bytes

_NONCE = 12


class Cipher:
    """Encrypts and decrypts frames with one key."""

    def __init__(self, key: bytes) -> None:
        """Take any secret of at least 16 bytes; it is hashed to the 32 bytes that AES-256 needs.

        Raises:
            ConfigError: too short, or the extra ``encryption`` is not installed.
        """
        if len(key) < 16:
            raise ConfigError("ingest.spool_key_file: give at least 16 bytes, for example 'openssl rand -base64 32'")
        try:
            from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an optional extra
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above
        except ImportError:
            raise ConfigError("ingest.spool_key_file needs the extra: pip install 'tocsin[encryption]'") from None
        self._aead = AESGCM(hashlib.blake2b(key, digest_size=32, person=b"tocsin-spool").digest())
        self._wrong = InvalidTag

    def seal(self, plain: Bytes) -> bytes:
        """Return nonce and ciphertext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes | None:
        """Return the plaintext; None if it was encrypted with another key or altered."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except self._wrong:
            return None
