"""Secrets known by their structure: JSON web tokens, private keys, credentials in a URL or a connection string."""

from __future__ import annotations

import base64
import binascii
import json
import re
import string
from collections.abc import Iterator
from typing import Any, Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import MAX_CANDIDATES, Candidate, capped, listed, note_cut
from tocsin.detectors.secrets.values import (
    entropy,
    is_documentation,
    is_empty_phrase,
    is_generated_key,
    is_stock_password,
    is_strong_password,
)

_BASE64URL: Final = string.ascii_letters + string.digits + "_-"
_JWT_CLAIMS = re.compile(r"\.eyJ")
"""Tokens are searched for by their claims: their header may begin at many positions, each of which would be tried."""
_JWT_HEADER: Final = range(10, 2001)
_JWT_REST = re.compile(r"\.eyJ([A-Za-z0-9_-]{4,6000})\.([A-Za-z0-9_-]{16,1500})(?![A-Za-z0-9_-])")
_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{3,40}-----")
_PEM_TAIL_END = re.compile(r"-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----")
_BASE64_LINE = re.compile(r"[ \t>]{0,8}[A-Za-z0-9+/]{4,76}={0,2}\s?")
_LONGEST_LINE: Final = 100
_LONGEST_PEM = 16_000
_LEAST_PEM = 60
_PEM_READ = 1000
_CREDENTIALS = re.compile(
    r"([^\s:/?#@\"'<>\\]{0,64}):([^\s/@\"'<>\\]{2,128})@(\[?[A-Za-z0-9][A-Za-z0-9.:_-]{0,250}\]?)"
)
_LONGEST_SCHEME = 21
_PLACEHOLDER = re.compile(
    r"(?:db_?|my_?)?(?:password|passwd|passwort|pass|pwd|pw|secret|token)|[\[{(%$].*", re.IGNORECASE
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}\Z")
_LOCAL_HOSTS: Final = listed("""
    localhost 127.0.0.1 0.0.0.0 db host hostname server postgres mysql redis mongo mongodb rabbitmq
""")
_STOCK_USERS: Final = listed("user username root guest admin postgres myuser dbuser db_user")
_CONNECTION = re.compile(r"(?:password|pwd)\s*=\s*([^;\"'\s]{3,128})\s*;", re.IGNORECASE)
_CONNECTION_PART = re.compile(
    r"(?:data source|server|initial catalog|database|user ?id|uid|host|dsn|provider|port)\s*=", re.IGNORECASE
)
_CONNECTION_WINDOW = 200
_COMMAND_WORD = re.compile(
    r"curl\b|--(?:[a-z]{1,12}-)?pass(?:word|phrase)[ =]|sshpass\s|redis-cli\b|requirepass\s|masterauth\s|BindPassword\s"
    r"|ConvertTo-SecureString\s|sqlplus\s"
    r"|\b(?:mysql(?:dump|admin)?|psexec|mongo(?:sh|dump)?|sqlcmd|winexe|(?:docker|podman|registry) login)\b"
    r"|(?i:\bidentified\s(?:with\s\S{1,40}\s)?by|\bwith\s(?:encrypted\s)?password)\s|\blogin\s"
)
"""Possible starts of a command: checking what follows is expensive, so their number is capped."""
_COMMAND = re.compile(
    r"(?:curl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'$<{]{1,64}:"
    r"|--(?:[a-z]{1,12}-)?pass(?:word|phrase)[ =][\"']?"
    r"|(?:requirepass|masterauth|BindPassword)\s{1,3}[\"']?|ConvertTo-SecureString\s{1,3}(?:-String )?[\"']"
    r"|sqlplus\s{1,3}(?:-\S{1,8} )?\w{1,32}/(?=[^\s@]{8,64}@)"
    r"|sshpass\s{1,3}-p\s?[\"']?|redis-cli\b[^\n]{0,120}?\s-a\s[\"']?"
    r"|\b(?:mysql(?:dump|admin)?|psexec|mongo(?:sh|dump)?|sqlcmd|winexe|(?:docker|podman|registry) login)\b"
    r"[^\n]{0,120}?\s-[pP] ?[\"']?"
    r"|(?i:\bidentified\s(?:with\s\S{1,40}\s)?by|\bwith\s(?:encrypted\s)?password)\s{1,3}[\"']"
    r"|\blogin\s{1,3}[^\s]{1,64}\s{1,8}password\s{1,3})([^\s\"'<>{}$|][^\s\"'<>{}|]{7,127})"
)
"""A password among the arguments of a command, or in a ``.netrc``."""
_TOOL_WORD = re.compile(
    r"ldap[a-z]{3,8}\s|net use |(?:smb|rpc)client\s|pass:(?=\S{8})|htpasswd\s|echo\s(?=[^\n|]{8,80}\| sudo )"
    r"|:(?:543[0-9]|6432):"
)
_TOOL = re.compile(
    r"(?:ldap[a-z]{3,8}\s[^\n]{0,200}?(?<=\s)-w ?[\"']?"
    r"|net use [^\n]{0,120}?(?:/user:\S{1,64}\s|\\\\\S{1,80}\s(?=\S{8,64}\s/user:))[\"']?"
    r"|(?:smb|rpc)client\s[^\n]{0,120}?(?<=\s)-U ?[\"']?[^\s%\"']{1,64}%|pass:"
    r"|htpasswd\s[^\n]{0,40}?-[a-zA-Z]{0,4}b[a-zA-Z]{0,4}\s{1,3}\S{1,80}\s{1,3}\S{1,64}\s{1,3}[\"']?"
    r"|echo\s{1,3}(?:-n )?[\"']?(?=\S{8,64}\s{1,3}\| sudo [^\n]{0,20}-\w{0,4}S)"
    r"|:(?:543[0-9]|6432):[\w*.-]{1,64}:[\w*.-]{1,64}:)"  # host:port:database:user:password
    r"([^\s\"'<>{}$|][^\s\"'<>{}|]{7,127})"
)
"""The same for tools for directories, shares, keys and root access, and in a ``.pgpass``; few texts mention them."""
_CALL = re.compile(
    r"(?:Credentials?|DirectoryEntry|BasicAuth|\bauth ?= ?|\blogin)\([^()]{0,120}?"
    r"[\"'][^\"'\n]{1,64}[\"'],\s{0,12}[\"'](?P<password>[^\s\"']{8,200})[\"'](?!,\s{0,12}[\"'])"
    r"|\.(?:sign|verify)\([^()\"'\n]{1,60}, ?[\"'](?P<key>[^\s\"']{8,200})[\"']"
    r"|Client\([\"'](?=[A-Za-z]{0,16}[0-9])[A-Za-z0-9]{16,64}[\"'],\s{0,12}[\"'](?P<pair>[A-Za-z0-9+/=_-]{16,200})[\"']"
)
"""A password or a key among the arguments of a call. Clients also take names, hosts and models: there a key follows an
account that is as random."""
_DOCKER = re.compile(r"\"auth\"\s?:\s?\"([A-Za-z0-9+/]{12,400}={0,2})\"")
"""User and password of a registry as stored by ``docker login``."""

GATES: Final = (
    Gate(r"eyJ[A-Za-z0-9_\-]{10,400}\.eyJ"),
    Gate(r"PRIVATE KEY(?: BLOCK)?-----"),
    Gate(r"://[^\s/@:\"'<>]{0,64}:[^\s/@\"'<>]{2,128}@"),
    Gate(r"(?:password|pwd)\s?=\s?[^;\s]{3,64}\s?;", ignore_case=True),
    Gate(
        r"curl\s|--[a-z\-]*pass(?:word|phrase)[ =]|sshpass\s|redis-cli\s|requirepass\s|masterauth\s|BindPassword\s"
        r"|ConvertTo-SecureString\s|sqlplus\s"
        r"|(?:mysql(?:dump|admin)?|psexec|mongo(?:sh|dump)?|sqlcmd|winexe|login)\s[^\n]{0,120}\s-[pP]"
        r"|login\s[^\s]{1,64}\s{1,8}password\s|[Ii][Dd][Ee][Nn][Tt][Ii][Ff][Ii][Ee][Dd]\s(?:[^\n]{1,40}\s)?[Bb][Yy]\s{1,3}[\"']"
        r"|[Ww][Ii][Tt][Hh]\s(?:[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ee][Dd]\s)?[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]\s{1,3}[\"']"
    ),
    Gate(
        r"(?:Credentials?|DirectoryEntry|BasicAuth|auth ?= ?|login|Client|\.sign|\.verify)\("
        r"[^()]{1,120},\s{0,12}[\"'][^\s\"']{8}"
    ),
    Gate(r"\"auth\"\s?:\s?\"[A-Za-z0-9+/]{12}"),
    Gate(
        r"ldap(?:search|modify|add|delete|whoami|passwd|compare)\s|net use |(?:smb|rpc)client\s| pass:\S"
        r"|htpasswd\s|\| sudo -|:(?:543[0-9]|6432):[^\s:]"
    ),
)


def find(text: str, fired: frozenset[int]) -> Iterator[Candidate]:
    """Yield secrets by the gates (indices into GATES) that fired."""
    finders = (
        _find_jwt, _find_private_keys, _find_url_credentials, _find_connection_strings, _find_in_commands,
        _find_in_calls, _find_docker_logins, _find_in_tools,
    )  # fmt: skip
    for gate in sorted(fired):
        yield from finders[gate](text)


def _find_jwt(text: str) -> Iterator[Candidate]:
    for claims_start in capped(_JWT_CLAIMS, text):
        at = claims_start.start()
        prefix = text[max(0, at - _JWT_HEADER.stop - 2) : at]
        encoded = prefix[len(prefix.rstrip(_BASE64URL)) :]
        encoded = encoded[encoded.find("eyJ") :] if "eyJ" in encoded else ""
        match = _JWT_REST.match(text, at)
        if match is None or len(encoded) - 3 not in _JWT_HEADER:
            continue
        header, payload = _json(encoded), _json(f"eyJ{match[1]}")
        if not isinstance(header, dict) or ("alg" not in header and "enc" not in header):
            continue
        claims = payload if isinstance(payload, dict) else {}
        # The token that jwt.io shows, and variations of it.
        example = str(claims.get("sub")) == "1234567890" or claims.get("name") == "John Doe"
        yield Candidate(at - len(encoded), match.end(), 0.97, example=example or is_documentation(match[2]))


def _json(part: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _find_private_keys(text: str) -> Iterator[Candidate]:
    for match in capped(_PEM_TAIL_END, text):
        start = _tail_start(text, match.start())
        if start >= 0:
            yield Candidate(start, match.end(), 0.99)
    for match in capped(_PEM, text):
        end = text.find("-----", match.end(), match.end() + _LONGEST_PEM)
        end = min(len(text), match.end() + _LONGEST_PEM) if end < 0 else end
        inside = text[match.end() : end]
        key = re.sub(r"\\[nr]|\s", "", inside[:_PEM_READ])
        if len(key) < _LEAST_PEM or "..." in inside or entropy(key) < 4:
            continue
        closing = _PEM_END.match(text, end)
        yield Candidate(match.start(), closing.end() if closing else end, 0.99, example="example" in key.lower())


def _tail_start(text: str, end: int) -> int:
    """Return the start of the Base64 before ``end``, for a key whose beginning is missing; -1 if there is none."""
    start = end
    while start:
        line = text.rfind("\n", max(0, start - _LONGEST_LINE), start - 1) + 1
        if not _BASE64_LINE.fullmatch(text, line, start):
            break
        start = line
    key = "".join(text[start:end][:_PEM_READ].split())
    begun = "-----BEGIN" in text[max(0, start - _LONGEST_LINE) : start]
    return -1 if begun or len(key) < _LEAST_PEM or entropy(key) < 4 else start


def _find_url_credentials(text: str) -> Iterator[Candidate]:
    at = text.find("://")
    for _ in range(MAX_CANDIDATES):
        if at < 0:
            return
        scheme = _SCHEME.search(text[max(0, at - _LONGEST_SCHEME) : at])
        match = _CREDENTIALS.match(text, at + 3)
        if scheme and match and not is_empty_phrase(match[2]) and not _PLACEHOLDER.fullmatch(match[2]):
            stock, local = _is_stock(*match.groups()), match[3].lower().partition(":")[0] in _LOCAL_HOSTS
            if not (stock and local):  # every database on a laptop has these
                yield Candidate(at - len(scheme[0]), match.end(), 0.95, example=stock or local)
        at = text.find("://", at + 3)
    if at >= 0:
        note_cut()


def _is_stock(user: str, password: str, host: str) -> bool:
    """Return whether credentials are those of documentation: ``admin:admin``, ``user:hunter2``, a host of RFC 2606."""
    plain = user.lower() in _STOCK_USERS and password.isalpha()
    return plain or password == user or len(password) < 6 or "example" in host.lower() or is_stock_password(password)


def _find_connection_strings(text: str) -> Iterator[Candidate]:
    for match in capped(_CONNECTION, text):
        around = text[max(0, match.start() - _CONNECTION_WINDOW) : match.end() + _CONNECTION_WINDOW]
        if len(set(map(str.lower, _CONNECTION_PART.findall(around)))) < 2 or match[1][0] in "{$<%[*":
            continue
        value = match[1]
        stock = is_stock_password(value) or is_empty_phrase(value) or (value.isalpha() and value.islower())
        yield Candidate(*match.span(1), 0.9, example=stock)


def _find_in_commands(text: str) -> Iterator[Candidate]:
    yield from _find_arguments(text, _COMMAND_WORD, _COMMAND)


def _find_in_tools(text: str) -> Iterator[Candidate]:
    yield from _find_arguments(text, _TOOL_WORD, _TOOL)


def _find_arguments(text: str, words: re.Pattern[str], commands: re.Pattern[str]) -> Iterator[Candidate]:
    for word in capped(words, text):
        match = commands.match(text, word.start())
        if match is None:
            continue
        start, end = match.span(1)
        if word[0].startswith("sqlplus"):  # user/password@database
            end = text.index("@", start)
        value = text[start:end]
        if is_strong_password(value) or is_generated_key(value):
            yield Candidate(start, end, 0.9, example=is_stock_password(value))


def _find_in_calls(text: str) -> Iterator[Candidate]:
    for match in capped(_CALL, text):
        group = str(match.lastgroup)
        value = match[group]
        if is_generated_key(value) or (group == "password" and is_strong_password(value)):
            yield Candidate(*match.span(group), 0.9, example=is_stock_password(value))


def _find_docker_logins(text: str) -> Iterator[Candidate]:
    for match in capped(_DOCKER, text):
        try:
            user, _, password = base64.b64decode(match[1]).decode().partition(":")
        except ValueError:
            continue
        if user and len(password) >= 6 and password.isprintable() and not is_empty_phrase(password):
            yield Candidate(*match.span(1), 0.95, example=is_stock_password(password))
