# ruff: noqa: RUF001 - full-width colons and dashes are signs of assignment too
"""Secrets by the word before them: ``api_key = "..."``, ``Password: ...``, ``Authorization: Bearer ...``.

The word makes a value suspicious; only a value that looks generated, or a strong enough password, is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import Candidate, capped, limited
from tocsin.detectors.folding import lowered
from tocsin.detectors.secrets.values import (
    DOUBTFUL,
    is_documentation,
    is_generated_key,
    is_simple_password,
    is_stock_password,
    is_strong_password,
    is_template,
    is_uuid,
)
from tocsin.detectors.tables import RULE_BELOW, cells_under

_HUMAN = (
    r"passwor[dt]|passwd|passphrase|passcode|pwd|kennwort|mot de passe|contraseña|senha|wachtwoord|lösenord|hasło"
    r"|пароль|密码|密碼|パスワード|비밀번호"
)
_MACHINE = r"secret|token|credential|key|ssws|bearer|authorization|_pat\b|密钥|密鑰|jeton|clé api|api-schlüssel"
_CLOSING = r"[\"'`\])*\\]{0,4}"
_SCHEME = r"(?:bearer |basic |token |ssws |base64:)?"
_SAYS = "is|to|was|ist|lautet|est|es|é|è"
_FOR = r"(?: (?:you asked for|(?:for|of|für|von|pour|para|per|de|del|do|da|di) [a-z0-9_.@\- \x80-\xff]{1,30}))?"
"""Whose it is."""
_TYPE = (
    r"(?:(?:\s?:)?\s?(?:&(?:'static )?)?(?:optional\[)?(?:secret)?str(?:ing)?[\]?!]?(?:\s\|\s[a-z]{4,9})?\s?"
    r"|\s\{ ?get;[^{}]{0,24}\}\s)?"
)
"""Between a name and its sign of assignment: ``api_key: str = ...``, ``string ApiKey { get; set; } = ...``."""
_ATTRIBUTES = r"(?:[a-z_]{2,16}\s{0,8}=\s?[^\n]{1,120}\n\s{0,12}){0,3}"
_FIELD = rf"{_ATTRIBUTES}(?:default|value)\s{{0,8}}[=:]\s{{0,3}}"
_APART = rf"(?:[\"']\s?,\s?[\"']{{1,2}}|[\"']?\s?\{{?\s{{0,12}}{_FIELD}[\"']?|</key>\s{{0,12}}<string>)"
"""Between a name and its value: the comma of two arguments, or the field that holds the value."""
_BELOW = r"\*{0,2}\n{1,2}(?:`{3}[a-z]{0,12}\n)?"
"""Between a name with its colon and a value on a line of its own, or in a fence."""
_NODE = r" (?:[&!][\w!]{1,24} [\"']?(?=\S{8})|[|>][+-]?\n {1,12}(?=\S{8}))"
"""Between a key of YAML and its value: an anchor, a tag, the sign of a block (YAML 1.2.2, 6.9 and 8.1)."""

GATES: Final = (
    Gate(
        rf"(?:{_HUMAN}|pass|psw|Пароль)[a-z_\-]{{0,12}}(?: ?\([^()\n]{{1,30}}\))?{_FOR}{_CLOSING}\s{{0,3}}{_TYPE}"
        rf"(?:[:=>|]|!=|：|→|(?:{_SAYS})[ :]|是|为|為|(?:-|–|—)\s|\s[\"'`*])(?:：|[:=> \"'`*\\]){{0,6}}(?:[nrbu][\"'])?"
        # A password has a digit or a sign, and a key is long: "password to update" is neither.
        r"(?:[A-Za-z_.\-*\x80-\xff]*[^A-Za-z_.\-\s\"'`*,;<>(){}\x80-\xff]|[^\s\"'`*,;<>(){}]{16}|[\"'][a-z\-]{6,40}[\"'])",
        ignore_case=True,
    ),
    Gate(
        rf"(?:{_MACHINE}|access)[a-z0-9_\-.]{{0,20}}"
        rf"(?:{_FOR}{_CLOSING}(?:[:=]| (?:{_SAYS}) )"
        rf"|{_CLOSING}\s{{0,4}}{_TYPE}(?:[!:=> |]|：|→|-\s|–\s|—\s|\s(?:{_SAYS})[\s:]){{1,4}})"
        rf"(?:{_BELOW})?[> \"'`*\\]{{0,6}}{_SCHEME}(?:[A-Za-z0-9_+/.\-]{{16}}|[\"'][^\s]{{16}})",
        ignore_case=True,
    ),
    Gate(
        rf"(?:passwor[dt]|passwd|pwd|secret|token|credential|key|salt|_pat\b)[a-z0-9_\-.]{{0,20}}{_APART}[^\s\"']{{8}}",
        ignore_case=True,
    ),
    Gate(
        rf"(?:{_HUMAN}|secret|token|api[ _\-]?key|access[ _\-]?key|credential)[^\n|]{{0,24}}\|?{RULE_BELOW}",
        ignore_case=True,
    ),
)

# All are matched on lower-cased text: without IGNORECASE `re` skips to the first letters of the words.
_PASSWORD_VALUE = re.compile(
    rf"(?:{_HUMAN}|(?P<short>(?:pass(?<![a-z]pass)(?<!by-pass)|psw(?<![a-z]psw))(?![a-z])))[a-z_\-]{{0,12}}"
    rf"(?: ?\([^()\n]{{1,30}}\))?{_FOR}{_CLOSING}\s{{0,3}}{_TYPE}"
    rf"(?:=>|:=|[=!]==?|[:=：|→]|(?:{_SAYS})(?=[ :])|(?:是|为|為)：?|(?<=\s)[-–—](?=\s)"
    rf"|(?P<beside> )(?=\*{{0,2}}[\"'`])"
    rf"|>(?=[^\s<>]{{8,128}}</))(?:{_NODE}|[: \t>*\\]{{0,6}})(?:[nrbu](?=[\"']))?"
    r"(?:(?P<quote>[\"'`])(?P<quoted>(?:(?!\\?(?P=quote))[^\s]){6,128}+)\\?(?P=quote)"
    r"|(?P<bare>[^\s\"'`,;<>(){}]{8,128}+)(?![^\s\"'`,;<>(){}]))"
)
_PASSWORDS_BEGIN: Final = (
    "pass", "psw", "pwd", "kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "lösenord", "hasło",
    "пароль", "密码", "密碼", "パスワード", "비밀번호",
)  # fmt: skip
"""Matches of ``_PASSWORD_VALUE`` begin with one of these, which are ten times as fast to find."""
_KEYS_BEGIN: Final = (
    "secret", "token", "credential", "key", "ssws", "bearer", "authorization", "_pat", "密钥", "密鑰", "jeton",
    "clé api", "api-schlüssel",
)  # fmt: skip
"""The same for ``_KEY``."""
_MOST_PLACES: Final = 50_000
"""Maximum starts per text that are tried: 1.5 MB of JSON may have as many. Each takes two microseconds."""
_KEY_SIGN = (
    rf"[a-z0-9_\-.]{{0,20}})(?:{_FOR}(?={_CLOSING}(?:[:=]|(?P<said> (?:{_SAYS}) ))))?"
    rf"{_CLOSING}[ \t]{{0,4}}{_TYPE}"
    rf"(?P<sign>=>|:=|[=!]==?|[:=：|→]|[-–—](?=\s)|(?:{_SAYS})[: ]|>(?=[^\s<>]{{16,400}}</)| )"
    rf"(?:(?<=:)(?:{_BELOW}|{_NODE})|[ \t>*\\]{{0,6}})(?P<scheme>{_SCHEME})\**"
)
"""From the rest of a key's name to the start of its value."""
_KEY_VALUE = re.compile(
    rf"(?P<name>(?:{_MACHINE}){_KEY_SIGN}"
    r"(?:(?P<quote>[\"'`])(?P<quoted>(?:(?!\\?(?P=quote))[^\s]){16,1000}+)\\?(?P=quote)"
    r"|(?P<bare>[a-z0-9_+/=.:~-]{16,1000}+)(?![^\s\"'`,;)\]}&|<*#\\]))"
)
_KEY = re.compile(rf"(?:{_MACHINE})(?=(?P<name>{_KEY_SIGN}(?:[\"'`]\S{{16}}|[a-z0-9_+/=.:~-]{{16}}))")
"""Possible keys: reading the whole value is expensive, so their number is capped."""
_APART_VALUE = re.compile(
    rf"(?P<name>(?:passwor[dt]|passwd|pwd|secret|token|credential|key|salt|_pat\b)[a-z0-9_\-.]{{0,20}}){_APART}"
    r"(?P<value>(?<=\")[^\"\n]{8,200}(?=\")|(?<=')[^'\n]{8,200}(?=')|(?<=>)[^<\n]{8,200}(?=<)"
    r"|(?<=\s)[^\s\"'`,;<>(){}]{16,200}(?=\s))"
)
_HEADER_END = r"(?: value)?[ \t*_`]*(?:[(/,][^|]*)?\Z"
_COLUMNS: Final = (
    (
        re.compile(rf"(?:{_HUMAN})[^\W_]{{0,3}}{_HEADER_END}"),
        re.compile("user|login|account|host|server|service|system|device|e-?mail|site|role"),
    ),
    (re.compile(rf"(?:secret|token|(?:api|access|secret)[ _\-]?key|credential)s?{_HEADER_END}"), re.compile("")),
)
"""Columns of passwords, and of keys, not of their lengths, names and addresses. A password must have its user beside
it: tables of good and bad ones are lessons."""
_ABOUT_ONE = re.compile(r"[a-z](?:_?(?:strength|policy|field|type|hint|format|label|reset|rules?|status|input))\b")
"""A name that contains the word, of something about a password."""
_QUOTES = re.compile("[\"'`]")
_BESIDE = re.compile(r"(?:\b(?:and|und|et|y|e)|[,/])\s(?:the |das |dem |le |la |a )?\Z")
_BESIDE_REACH: Final = 12
"""What precedes a password given with its user, without a separator: "user `ops` and password `...`"."""
_NEXT_FIELD = re.compile(r"&(?:amp;)?[A-Za-z_]{2,24}=")
"""The end of a value in a query string."""
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")
"""An OpenPGP fingerprint, by which prose names a key (RFC 9580, 5.5.4)."""
_PARTS = re.compile(r"[_\-.:/]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_OF_SOMETHING = re.compile(r"[a-z0-9][_\- ]\Z|(?:api|access|auth|private|secret|app|shared|account)\Z|login\(\Z")
_KEY_OF_RECORD = re.compile(
    r"(?:parent|child|record|message|row|item|event|entity|node|order|customer|tenant|group|job|task|document|entry|list"
    r"|trace|request|correlation|external|natural|business|unique|lookup|index|routing|instance|resource|asset|file|image"
    r"|product|project|issue|element|composite|storage|data)[_\- ]?\Z"
)
"""Before ``key`` if a UUID identifies a thing: providers issue such keys, too."""
_IN_A_TAG = re.compile(r"<[A-Za-z][\w.]{0,40}(?: [^<>\n]{0,120})? \Z")
"""Before an attribute, such as the ``key`` of a React list item."""
_LONGEST_TAG: Final = 160
_NOT_SECRET = re.compile(
    r"(?:(?:public|publishable|primary|foreign|partition|cache|object|idempotency|dedup|client"
    r"|(?<![a-z])(?:pub|sort|row|s3|user|map|hash|lock))[_\-. ]?key"
    r"|(?:public|continuation|starting|pagination|idempotency|request|client|csrf|xsrf|etag|next|page"
    r"|(?<![a-z])(?:eos|bos|pad|sep|cls|mask|unk|lock))[_\-. ]?token)s?\Z"
    r"|(?:key|token|secret|credential)s?[_\-. ]?(?:(?:store|ring|pair|vault|group|set)[_\-. ]?)?"
    r"(?:id|arn|name|alias|version|type|format|length|size|spec|usage|state|status|fingerprint|thumbprint|ref"
    r"|hash|digest|checksum|sha_?[0-9]{1,3}|md5)s?\Z"
)
"""Names with such a word that are not of a secret: a public key, a page token, the id of a key."""


def find(text: str, fired: frozenset[int]) -> Iterator[Candidate]:
    """Yield secrets by the gates (indices into GATES) that fired: 0 passwords, 1 keys, 2 and 3 separate values."""
    lower = lowered(text)
    if 0 in fired:
        yield from _find_passwords(text, lower)
    if 1 in fired:
        yield from _find_keys(text, lower)
    if 2 in fired:
        for match in capped(_APART_VALUE, lower):
            start, end = match.span("value")
            value = text[start:end]
            if _NOT_SECRET.search("".join(_name(text, match))):
                continue
            if is_generated_key(value) or (" " not in value and is_strong_password(value)):
                yield Candidate(start, end, 0.9, example=is_stock_password(value))
    if 3 in fired:
        yield from _find_in_tables(text)


def _find_in_tables(text: str) -> Iterator[Candidate]:
    for name, beside in _COLUMNS:
        for start, end in cells_under(text, name, beside):
            value = text[start:end].strip(" \t`*")
            if " " in value:
                continue
            if is_strong_password(value) or is_generated_key(value) if beside.pattern else _is_random(value):
                at = text.index(value, start)
                yield Candidate(at, at + len(value), 0.9, example=is_stock_password(value))


def _matches(pattern: re.Pattern[str], lower: str, beginnings: Sequence[str]) -> Iterator[re.Match[str]]:
    """Yield the matches of a pattern, each of which begins with one of these."""
    end = 0
    for place in limited(merge(*(_places(lower, beginning) for beginning in beginnings)), _MOST_PLACES):
        if place >= end and (match := pattern.match(lower, place)):
            end = match.end()
            yield match


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _find_passwords(text: str, lower: str) -> Iterator[Candidate]:
    for match in limited(_matches(_PASSWORD_VALUE, lower, _PASSWORDS_BEGIN)):
        if match["short"] and text.startswith("PASS:", match.start()) and not text.startswith("_", match.start() - 1):
            continue  # the result of a test: PASS: TestParse_V2
        ahead = max(0, match.start() - _BESIDE_REACH), match.start()
        if match["beside"] and (match["short"] or not _BESIDE.search(lower, *ahead)):
            continue
        group = "quoted" if match["quoted"] else "bare"
        start, end = match.span(group)
        if group == "bare":
            end -= len(match[group]) - len(
                match[group].rstrip(".:" if is_strong_password(text[start:end]) else ".:!?*")
            )
        if next_one := _NEXT_FIELD.search(text, start, end):  # ?password=...&user=app
            end = next_one.start()
        value = text[start:end]
        if text.startswith(":?", start - 1):  # ${PASSWORD:?message}
            continue
        if group == "bare" and ":" in value and text.startswith(":", match.start() - 1):
            continue  # the form of a record: name:password:GID:members
        if value.endswith(":") and value[:-1].isalpha():  # the label of a form: passwordLabel: "Password:"
            continue
        least_kinds = 3 if group == "bare" else 4 if _QUOTES.search(value) else 2
        if is_strong_password(value, least_kinds=least_kinds) or is_generated_key(value):
            yield Candidate(start, end, 0.9, example=is_stock_password(value))
        elif match["short"] or _ABOUT_ONE.search(match[0]):
            continue
        elif is_simple_password(value, quoted=group == "quoted"):
            yield Candidate(start, end, DOUBTFUL)


def _find_keys(text: str, lower: str) -> Iterator[Candidate]:
    at = 0
    for place in limited(_matches(_KEY, lower, _KEYS_BEGIN)):
        match = _KEY_VALUE.match(lower, place.start()) if place.start() >= at else None
        if match is None:
            continue
        start, end = match.span("quoted" if match["quoted"] else "bare")
        end -= len(match[0]) - len(match[0].rstrip(".:")) if match["bare"] else 0
        cut = lower.startswith(("..", "…"), end)
        if not cut and _is_named(text, match, text[start:end]) and _is_key(match, text[start:end]):
            value = text[start:end]
            stock = is_stock_password(value) if match["scheme"] == "basic " else is_documentation(value)
            yield Candidate(start, end, 0.9, example=stock)
            at = end
        else:
            at = start  # what looked like a value may be the name of one: credential: aws_secret_access_key = ...


def _is_named(text: str, match: re.Match[str], value: str) -> bool:
    """Return whether the name before a value is that of a secret, unlike ``publicKey`` and ``next_token``."""
    start = match.start("name")
    if text[start - 1 : start] == ":":  # a part of a longer name: arn:aws:secretsmanager:...:secret:prod/db
        return False
    ahead, name = _name(text, match)
    if name.startswith("key"):
        if not _KEY_OF_SOMETHING.search(ahead) or (is_uuid(value) and _KEY_OF_RECORD.search(ahead)):
            return False
        if ahead.endswith(" ") and _IN_A_TAG.search(text, max(0, start - _LONGEST_TAG), start):
            return False
    return not _NOT_SECRET.search(ahead + name)


def _name(text: str, match: re.Match[str]) -> tuple[str, str]:
    """Return the name before a value, and the text before it, in lower case with the words of CamelCase separated."""
    start, end = match.span("name")
    ahead = _HUMP.sub("_", text[max(0, start - 16) : start + 1])[:-1].lower()
    return ahead, _HUMP.sub("_", text[start:end]).lower()


def _is_key(match: re.Match[str], value: str) -> bool:
    """Return whether a value is a key; without a sign of assignment only one that cannot be a name."""
    assigned = match["sign"].strip(" -–—") or match["scheme"]
    if match["quoted"] and not is_template(value) and "://" not in value:
        least_kinds = 3 if len(value) >= 32 and "/" not in value else 4
        if is_strong_password(value.replace("/", ""), least_kinds=least_kinds):
            return True  # the key of a framework: signs of all kinds, which no name has
    if not assigned and (_FINGERPRINT.fullmatch(value) or len(value) < 20 or sum(map(str.isdigit, value)) < 3):
        return False
    return _is_random(value) if match["said"] and not is_uuid(value) else is_generated_key(value)


def _is_random(value: str) -> bool:
    """Return whether a value has a long random part; a name, such as ``billing-db-prod1-2024x``, has none."""
    return is_generated_key(value) and any(map(is_generated_key, _PARTS.split(value)))
