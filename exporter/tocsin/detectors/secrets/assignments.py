"""Secrets by the word before them: ``api_key = "..."``, ``Password: ...``, ``Authorization: Bearer ...``.

The word makes a value suspect; only a value that looks generated, or a password of some strength, is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import MAX_CANDIDATES, Candidate, capped
from tocsin.detectors.secrets.values import is_documentation, is_generated_key, is_stock_password, is_strong_password

_HUMAN = r"passwor[dt]|passwd|passphrase|passcode|pwd|kennwort|contraseña|senha|пароль|密码"
_KEY = (
    r"secret|token|credentials?|api[_\- ]?key|[a-z0-9][_\- ]key|accesskey|authkey|privatekey|secretkey|appkey|sharedkey"
    r"|accountkey|ssws|bearer|authorization"
)
_SEPARATOR = (
    r"[\"'`\])]{0,3}[ \t]{0,4}(?:=>|:=|==|[:=]|(?:is|to|was)[: ]| )[ \t>]{0,4}(?:(?:bearer|basic|token|ssws) )?"
)

GATES: Final = (
    Gate(
        r"(?:passwor[dt]|passwd|passphrase|passcode|pwd|kennwort|contrase|senha|пароль|密码)[a-z_\-]{0,12}"
        r"[\"'`\])*]{0,4}\s{0,3}(?:[:=]|is|to|was)[> \"'`*]{0,6}[^\s\"'`*,;<>(){}]{8}",
        ignore_case=True,
    ),
    Gate(
        r"(?:secret|token|credential|key|bearer|ssws|authorization|access)[a-z0-9_\-.]{0,20}"
        r"[\"'`\])*]{0,4}(?:=>|:=|[:= ]|\sis\s){1,4}"
        r"[> \"'`*]{0,6}(?:basic |bearer |token |ssws )?[A-Za-z0-9_+/.\-]{16}",
        ignore_case=True,
    ),
)

_PASSWORD_VALUE = re.compile(
    rf"(?:{_HUMAN})[a-z_\-]{{0,12}}[\"'`\])*]{{0,4}}\s{{0,3}}(?:=>|:=|==|[:=]|(?:is|to|was)(?=[ :]))"
    rf"[: \t>]{{0,4}}\**"
    rf"(?:([\"'`])([^\"'`\s]{{8,128}})\1|([^\s\"'`,;<>(){{}}]{{8,128}}))",
    re.IGNORECASE,
)
_KEY_VALUE = re.compile(
    rf"(?:{_KEY})[a-z0-9_\-.]{{0,20}}{_SEPARATOR}\**"
    rf"(?:([\"'`])([^\"'`\s]{{16,400}})\1|([A-Za-z0-9_+/=.:~-]{{16,400}})(?![^\s\"'`,;)\]}}&|<*#]))",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(?:public|pub|primary|foreign|partition|sort|cache|row|object|s3|idempotency|dedup\w*"
    r"|user|map|hash|next|page|continuation|csrf\w*|eos|bos|pad|sep|cls|mask|unk)[_\- ]?(?:key|token)s?\Z",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z0-9_\- ]*")
_SCHEME = re.compile(r"(?:bearer|basic|ssws) \Z", re.IGNORECASE)


def find(text: str, fired: frozenset[int]) -> Iterator[Candidate]:
    """Secrets by the gates (indices into GATES) that fired: 0 passwords, 1 keys and tokens."""
    if 0 in fired:
        yield from _find_passwords(text)
    if 1 in fired:
        yield from _find_keys(text)


def _find_passwords(text: str) -> Iterator[Candidate]:
    for match in capped(_PASSWORD_VALUE, text):
        group = 2 if match[2] else 3
        value = match[group]
        end = match.end(group)
        if group == 3:
            trimmed = value.rstrip(".:!?*)") if not is_strong_password(value) else value.rstrip(".")
            end -= len(value) - len(trimmed)
            value = trimmed
        if is_strong_password(value, least_kinds=2 if group == 2 else 3) or is_generated_key(value):
            yield Candidate(match.start(group), end, 0.9, example=is_stock_password(value))


def _find_keys(text: str) -> Iterator[Candidate]:
    at = 0
    for _ in range(MAX_CANDIDATES):
        match = _KEY_VALUE.search(text, at)
        if match is None:
            return
        group = 2 if match[2] else 3
        start = match.start(group)
        value = match[group].rstrip(".:")
        if _is_key_name(text, match.start(), start) and _is_key_value(text[match.start() : start], value):
            at = start + len(value)
            yield Candidate(start, at, 0.9, example=is_documentation(value))
        else:
            at = start  # what looked like a value may be the name of one: credential: aws_secret_access_key = ...


def _is_key_name(text: str, start: int, end: int) -> bool:
    """Whether the name before a value is one of a secret: ``public_key`` and ``next_token`` are not."""
    named = _NAME.match(text, start, end)
    return not _NOT_SECRET.search(text[max(0, start - 16) : named.end() if named else start].rstrip())


def _is_key_value(name: str, value: str) -> bool:
    """Whether a value is a key; without a sign of assignment only one that cannot be a name."""
    assigned = any(sign in name for sign in ":=") or _SCHEME.search(name)
    return is_generated_key(value) and bool(assigned or (len(value) >= 20 and sum(map(str.isdigit, value)) >= 3))
