"""Whether a value looks like a generated secret, a documentation value, or no secret at all."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from typing import Final

MIN_KEY: Final = 16
"""Minimum characters of a generated key: shorter ones look like names."""
DOUBTFUL: Final = 0.6
"""The score of a plain word that a text calls a password."""

_PLACEHOLDER: Final = (
    r"your|(?-i:xxx+|XXX+)|\.\.\.|…|placeholder|insert|replace|change_?me|redacted|\*\*\*|_here|todo|undefined|secret_?key"
    r"|some[_-]|my[_-]?(?:secret|token|key|pass)|here\Z"
)
"""Placeholders for a value that the reader should fill in."""
_STAND_IN = re.compile(_PLACEHOLDER, re.IGNORECASE)
_NO_VALUE = re.compile(
    rf"{_PLACEHOLDER}|\A<|>\Z|<[a-z_ .-]+>|\$\{{|\{{\{{|%\("
    r"|\$\(|\benv\b|environ|getenv|process\."
    r"|config\[|settings\.|n/a|null|none|true|false"
    r"|[a-z]\(|\(\)|\[['\"]|://|\A(?:\.{0,2}/|arn:|\$[a-z_]|@Microsoft\.KeyVault|%\w+%\Z)",
    re.IGNORECASE,
)
_DOCUMENTATION = re.compile(
    r"example|sample|dummy|fake|demo|test|foobar|foo_?bar|secret|password|passwd|passw|pass(?:phrase|word)?|pwd|admin|welcome|letmein"
    r"|qwerty|hunter2|changeit|default|strong|secure|user|login|monkey|iloveyou|hello|world|(?<![a-z])anon(?:ymous|cvs|svn)|trustno1|correcthorse|abc123|token|apikey|1f2d1e2e67df"
)
_LEET = str.maketrans("@$013457", "asoleast")
_WORDY = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]+|[0-9]{1,8}(?:T[0-9]{4,6}Z?)?|v[0-9]+")
_WORD = re.compile(r"[a-z]{5}")
"""One in thirty random mixed-case values contains this, and nearly every CamelCase name."""
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PLACE = re.compile(r"\{[^{}]{0,40}\}|%[sd]|\$[a-z{(]", re.IGNORECASE)
_SIMPLE = re.compile(r"(?=.{8,32}\Z)[a-z]{3,24}[0-9]{2,6}[a-z]{0,12}")
_SIMPLE_QUOTED = re.compile(r"(?=.{6,32}\Z)[a-z]+(?:-[a-z]+)?[0-9]{0,6}|(?=.{6,32}\Z)[a-z]+[#!$][a-z]+")
_TYPE_OR_STATE = re.compile(
    r"(?:string|text|required|optional|varchar|char|hidden|invalid|incorrect|correct|wrong|missing|forgot|reset|confirm|enter"
    r"|update|create|change|current|new|old|hash|plain|encrypt|encod|valid|empty|blank|expired?|locked|disabled|enabled|weak"
    r"|basic|digest|bearer|utf|base[0-9]|ascii|alpha|numeric|minimum|maximum|length|number"
    r"|min|max|case-|something|integer|medium|complex|strength|high|low\Z"
    r"|input|field|label|form|type|column|prompt|variable|keyring|vault|provided|supplied|stored|anything|whatever"
    r"|kennwort|mot|contrase|senha|wachtwoord|parola|geheim|clave)"
)
"""Beginnings of values that are a type, a state or a label in code."""
_ALGORITHM = re.compile(r"bcrypt|argon|scrypt|pbkdf|sha-?[0-9]|md[0-9]|hmac|aes-?[0-9]|rsa-?[0-9]", re.IGNORECASE)
_METHOD = re.compile(rf"(?:{_ALGORITHM.pattern})[a-z0-9_-]{{0,12}}", re.IGNORECASE)
_RULES = re.compile(r"[a-z_]{2,20}(?::[\w,]{1,40})?(?:\|[a-z_]{2,20}(?::[\w,]{1,40})?)+")
"""What a field must be, in the language of a validator: ``required|string|min:8``."""
_OF_CODE = re.compile(
    r"[A-Za-z_][\w.]*\[.*"  # Optional[bytes]
    r"|[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+|[A-Za-z]{1,12}:[A-Za-z]+|urn:.*"  # Win32::GetCwd, wsp:Policy
    r"|[A-Za-z]+(?:\|[A-Za-z]+)+"
    r"|(?:[a-z][a-z0-9_]{1,20}\.)+(?:[A-Z][A-Z0-9]*[a-z]+)+(?:\.(?:[A-Z][A-Z0-9]*[a-z]+)+)*"  # base64.StdEncoding
    r"|(?:[A-Za-z]+(?:[0-9]{1,2}[a-z]{0,4})?_)+[A-Za-z]+(?:[0-9]{1,2}[a-z]{0,4})?"  # utf8_to_utf16
    r"|[a-z][a-z0-9.-]*(?::[0-9]{2,5}|/v[0-9][a-z0-9]{0,8})"  # localhost:22, apps.k8s.io/v1beta1
    r"|(?=[A-Z0-9_]*[A-Z]{3})[A-Z][A-Z0-9_]*=.*"  # MODEL_NAME=gpt-4o: another setting, judged by its own name
    r"|[A-Z][A-Z0-9_]*=(?:[A-Za-z./:_-]*|[0-9.]*)|[a-z]+(?:_[a-z]+)*=(?:[0-9]+|[a-z]+)"  # UI_V2=on, min_length=12
    r"|\^.*\$|[&!][a-z]\w*"  # a pattern; an anchor or a tag of YAML
    r"|v?[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(?:[-+.].*)?|[0-9]{4}-[0-9]{2}-[0-9]{2}T.*",  # a version, a time
    re.DOTALL,
)
"""Names, types, hosts, versions and times, which code has after a word for a secret."""
_SIGN = re.compile(r"[^\w.-]")
_CONSTANT = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_ALPHABET = re.compile(r"[A-Za-z0-9_+/=.:~!@#$%^&*-]+")
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "9876543210",
    "qwertyuiop",
    "0a1b2c3d4e5f",
    "a1b2c3d4e5f6g7h8i9",
)
_RUN_LENGTH: Final = 6
_IN_RUNS: Final = frozenset(run[at : at + _RUN_LENGTH] for run in _RUNS for at in range(len(run) - _RUN_LENGTH + 1))
_READ: Final = 200
"""Characters of a value that are checked for being made up; Base64 can be cut there."""


def entropy(value: str) -> float:
    """Return the Shannon entropy in bits per character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values()) if total else 0.0


def is_empty_phrase(value: str) -> bool:
    """Return whether a value is a placeholder or an expression: ``your_key``, ``${TOKEN}``, ``os.environ[..]``."""
    return bool(_NO_VALUE.search(value)) or len(set(value)) < 4


def is_stand_in(body: str) -> bool:
    """Return whether the body of a token is a placeholder: ``xxxx``, ``your_key``. Random ones may look like code."""
    return bool(_STAND_IN.search(body)) or len(set(body)) < 4


def is_documentation(value: str) -> bool:
    """Return whether a well-formed value was made up: EXAMPLE, keyboard runs, one half twice, a sentence in Base64."""
    value = value[:_READ]
    lower, plain = value.lower(), _plain(value).lower()
    if "example" in lower or (" " in plain.strip() and plain[0] != "{") or _is_run(lower) or (plain and _is_run(plain)):
        return True
    head = lower[: len(lower) // 2]
    return len(value) >= MIN_KEY and bool(head) and lower.startswith(head * 2)


def _is_run(lower: str) -> bool:
    """Return whether at least half of the characters are in runs of the alphabet, the digits or the keyboard."""
    total = at = 0
    last = -2
    starts = range(len(lower) - _RUN_LENGTH + 1)
    for start in [start for start in starts if lower[start : start + _RUN_LENGTH] in _IN_RUNS]:
        if start == last + 1 or start >= at:
            total += 1 if start == last + 1 else _RUN_LENGTH
            at, last = start + _RUN_LENGTH, start
    return 2 * total >= len(lower)


def is_uuid(value: str) -> bool:
    """Return whether a value is a UUID: a few providers issue such keys, but most UUIDs are identifiers."""
    return _UUID.fullmatch(value) is not None


def is_generated_key(value: str) -> bool:
    """Return whether a value is as long and random as keys and tokens."""
    if len(value) < MIN_KEY or not _ALPHABET.fullmatch(value) or is_empty_phrase(value) or _OF_CODE.fullmatch(value):
        return False
    if is_uuid(value):
        return True
    body = value.rstrip("=")
    digits = sum(map(str.isdigit, body))
    lower, upper = sum(map(str.islower, body)), sum(map(str.isupper, body))
    if not lower + upper or entropy(body) < (2.6 if _HEX.fullmatch(body) else 3.0):
        return False
    if digits < 2 and not (len(body) >= 20 and min(lower, upper) >= 4 and not _WORD.search(body)):
        return False
    segments = [segment for segment in re.split(r"[_\-./:]", body) if segment]
    return not all(_WORDY.fullmatch(segment) for segment in segments) or max(map(len, segments)) >= 32


def is_strong_password(value: str, *, least_kinds: int = 3) -> bool:
    """Return whether a value is a carefully chosen password, not a word of prose or code.

    It has a digit or a symbol, and at least ``least_kinds`` of lower case, upper case, digits and symbols.
    """
    if not 8 <= len(value) <= 128 or is_empty_phrase(value):
        return False
    if _RULES.fullmatch(value) or _OF_CODE.fullmatch(value) or _METHOD.fullmatch(value):
        return False
    kinds = (
        any(map(str.islower, value)), any(map(str.isupper, value)), any(map(str.isdigit, value)),
        _SIGN.search(value) is not None,
    )  # fmt: skip
    named = _CONSTANT.fullmatch(value) or _ALGORITHM.match(value)
    if least_kinds < 3 and (value[0] in "$#%@:,&?" or "/" in value or named):
        return False  # a selector, a route, a name, an algorithm, a piece of code
    return sum(kinds) >= least_kinds and (kinds[2] or kinds[3])


def is_stock_password(value: str) -> bool:
    """Return whether a password is one that examples use, also in leet and Base64: ``P@ssw0rd123``."""
    lower = value.lower()
    return (
        bool(_DOCUMENTATION.search(lower) or _DOCUMENTATION.search(lower.translate(_LEET)))
        or is_documentation(value)
        or bool(_DOCUMENTATION.search(_plain(value).lower()))
    )


def _plain(value: str) -> str:
    """Return a value decoded from Base64, in which Kubernetes writes secrets; empty if it is not Base64."""
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii")
    except ValueError:
        return ""
    return plain if plain.isprintable() else ""


def is_template(value: str) -> bool:
    """Return whether a value has fields that a program fills in: ``user:{id}``, ``%s``."""
    return bool(_PLACE.search(value))


def is_simple_password(value: str, *, quoted: bool) -> bool:
    """Return whether a value may be a password to remember, such as ``bluetruck32``; in quotes also a mere word.

    Words that code has in this position (``"password": "required"``) and those of examples are not.
    """
    if not (_SIMPLE_QUOTED if quoted else _SIMPLE).fullmatch(value):
        return False
    if _TYPE_OR_STATE.match(value) or _ALGORITHM.match(value):
        return False
    return not (is_empty_phrase(value) or is_stock_password(value))
