"""E-mail addresses.

An "@" is in much else that models write: credentials in a URL, SSH targets and Git remotes, package versions,
decorators, matrix products, Mastodon handles, message ids. Each is recognised by the text around the "@".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import MAX_CANDIDATES, Candidate, capped, listed, note_cut
from tocsin.detectors.reserved import is_example_email

GATES: Final = (
    Gate(r"[A-Za-z0-9_+\-\x80-\xff]@[A-Za-z0-9\x80-\xff]"),
    Gate(
        r"[A-Za-z0-9](?:(?:%40|&#64;| ?[\[({] ?at ?[\])}] ?)[A-Za-z0-9]"
        r"|@[A-Za-z0-9\-]{1,62} ?[\[({]| at [A-Za-z0-9\-]{1,62} dot [A-Za-z])",
        ignore_case=True,
    ),
)

_LETTERS = r"A-Za-zÀ-ɏΆ-ӿ"
"""Latin, Greek and Cyrillic: other scripts put no space between an address and the words around it."""
_LAST_LETTER = "ӿ"
_SIGNS = "_.+%&'/=-"
_MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1
_MAX_DOMAIN = 253
_LOCAL = re.compile(rf"[{_LETTERS}0-9_](?:[{_LETTERS}0-9_.+%&'/=-]{{0,62}}[{_LETTERS}0-9_+-])?\Z")
_DOMAIN = re.compile(
    rf"(?:[{_LETTERS}0-9](?:[{_LETTERS}0-9-]{{0,61}}[{_LETTERS}0-9])?\.)+(xn--[A-Za-z0-9-]{{2,59}}|[{_LETTERS}]{{2,24}})"
    rf"(?![{_LETTERS}0-9_-])"
)
_SPELT_OUT = (
    r" (?:at|AT) (?!(?:an?|the|this|that|each|every|any|some|my|your|our|its|his|her|their) )"
    r"(?=[A-Za-z0-9-]{1,62}(?: (?:dot|DOT) [A-Za-z0-9-]{1,62}){0,3} (?:dot|DOT)"
    r" (?:com|org|net|edu|gov|io|info|co|ai|dev|eu|uk|de|fr|es|nl|ch|ca|au|pl|cz|se|dk|fi|ie|ru|ua|jp|cn|br|nz|za)\b)"
)
_DISGUISED_AT = re.compile(rf"%40|&#64;|[\[({{] ?(?:at|AT) ?[\])}}] ?|@(?=[A-Za-z0-9-]{{1,62}} ?[\[({{])|{_SPELT_OUT}")
_DISGUISED_DOT = r"(?: ?[\[({] ?(?:dot|DOT|\.) ?[\])}] ?| (?:dot|DOT) )"
_DISGUISED_DOMAIN = re.compile(
    rf"[A-Za-z0-9][A-Za-z0-9-]{{0,61}}(?:(?:\.|{_DISGUISED_DOT})[A-Za-z0-9][A-Za-z0-9-]{{0,61}}){{1,5}}(?![\w-])"
)
"""An address obfuscated for programs, ``ana [at] example dot org``, or escaped as in URLs and HTML."""
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]*\Z", re.IGNORECASE)
_REMOTE = re.compile(r"\b(?:ssh|scp|sftp|rsync|mosh|git|hg|svn|ssh-copy-id|ssh-keyscan|autossh)\b[^\n|;&]{0,80}\Z")
_REMOTE_USERS = frozenset({"git", "hg", "svn", "root", "ubuntu", "ec2-user", "centos", "debian"})
_MESSAGE_ID = re.compile(r"(?:message-id|in-reply-to|references):\s*[^\n]{0,200}<[^\s<>]{0,64}\Z", re.IGNORECASE)
_FILES = listed("""
    png jpg jpeg gif svg webp ico bmp pdf js mjs ts tsx jsx css scss json html htm xml yml yaml toml txt csv md exe
    dll so jar war whl gz tgz tar lock conf cfg ini log db sqlite service socket timer target mount local internal
    lan localdomain cluster svc ipynb cpp hpp java py rb php
""")
"""Extensions of file, unit and host names that may follow an "@". None is a top-level domain with mail addresses."""
_COMMON_TLDS = listed("""
    com org net edu gov mil int info biz name pro aero coop museum jobs mobi travel tel cat asia post app dev cloud
    online site xyz shop store tech club space website live life news blog agency email world today digital
    solutions services group company global network systems media design studio academy university health care bank
    law legal consulting expert team works zone art bio eco finance fund games guru host law link london berlin
    paris tokyo nyc lol one page pub run software support top tools video vip wiki work icu
""")
_ROLES = re.compile(
    r"(?:info|support|contacts?|sales|admin|administrator|help|helpdesk|hello|hi|office|team|mail|email|webmaster"
    r"|postmaster|hostmaster|abuse|security|privacy|legal|press|media|marketing|billing|accounts?|accounting|finance"
    r"|hr|jobs|careers|recruiting|recruitment|feedback|enquir(?:y|ies)|inquir(?:y|ies)|service|services|orders?|shop"
    r"|store|noreply|no-reply|donotreply|do-not-reply|notifications?|newsletter|news|subscribe|unsubscribe|root|dev"
    r"|developers?|ops|it|tech|editor|editors|editorial|reservations?|bookings?|customer|customers|care|client|clients"
    r"|general|questions|reception|registrar|admissions?|library|compliance|dpo|gdpr|returns|refunds|warranty"
    r"|partners?|assist(?:ance)?"
    r"|kundenservice|kundenbetreuung|kontakt|bewerbung|vertrieb|contacto|contato|contatti|ventas|atencion|accueil)"
)
"""Role names of RFC 2142, and those that companies use."""
_ROLE_ADDRESS = re.compile(
    rf"(?:{_ROLES.pattern})(?:[._-]?(?:{_ROLES.pattern}|team|desk|us|dept|department|[a-z]{{2}}))?[0-9]?"
)

_LIST = re.compile(
    r"[^@]+@(?:(?:lists?|listserv|mailman)\.[^@]+|(?:[^@]+\.)?(?:googlegroups\.com|groups\.io))"
    r"|(?:bug-[a-z0-9-]+|[a-z0-9-]+-(?:users|devel|announce|discuss|maintainers|list))@[^@]+"
)
"""An address of a mailing list, by its host or its name."""


def find(text: str) -> Iterator[Candidate]:
    """Yield e-mail addresses; a role address (support@, info@) is impersonal."""
    at, seen = text.find("@"), 0
    while at >= 0:
        if seen == MAX_CANDIDATES:
            note_cut()
            break
        seen += 1
        candidate = _confirm(text, at)
        if candidate is not None:
            yield candidate
        at = text.find("@", at + 1)
    yield from _find_disguised(text)


def _find_disguised(text: str) -> Iterator[Candidate]:
    for sign in capped(_DISGUISED_AT, text):
        at = sign.start() - (sign[0][0] in "[({" and text[max(0, sign.start() - 1) : sign.start()] == " ")
        local = _longest_local(text[max(0, at - _MAX_LOCAL) : at])
        domain = _DISGUISED_DOMAIN.match(text, sign.end(), sign.end() + _MAX_DOMAIN)
        if not local or domain is None:
            continue
        start, end = at - len(local), domain.end()
        name, host = local.lower(), re.sub(_DISGUISED_DOT, ".", domain[0]).lower()
        tld = host.rpartition(".")[2]
        known = tld in _COMMON_TLDS or (len(tld) == 2 and tld.isalpha())
        if known and tld not in _FILES and not _is_something_else(text, start, end, local):
            yield Candidate(
                start, end, 0.9, example=is_example_email(name, host),
                impersonal=_is_impersonal(name, host), same=(f"{name}@{host}",),
            )  # fmt: skip


def _confirm(text: str, at: int) -> Candidate | None:
    window = max(0, at - _MAX_LOCAL)
    local = _longest_local(text[window:at])
    domain = _DOMAIN.match(text, at + 1, at + 1 + _MAX_DOMAIN)
    if not local or domain is None or ".." in local:
        return None
    start, end = at - len(local), domain.end()
    tld = domain[1].lower()
    if tld in _FILES or _is_something_else(text, start, end, local):
        return None
    host = domain[0].lower()
    name = local.lower()
    known = len(tld) == 2 or tld in _COMMON_TLDS or tld.startswith("xn--")
    if not known and (text[end : end + 1] in {"(", "["} or len(local) == 1):
        return None  # a matrix product: Q@K.transpose(...)
    return Candidate(
        start,
        end,
        0.99 if known else 0.8,
        example=is_example_email(name, host),
        impersonal=_is_impersonal(name, host),
    )


def _is_impersonal(name: str, host: str) -> bool:
    """Return whether an address belongs to a role, a mailing list or a program (Google's service accounts)."""
    if _ROLE_ADDRESS.fullmatch(name) or host.endswith(".gserviceaccount.com"):
        return True
    return _LIST.fullmatch(f"{name}@{host}") is not None


def _longest_local(window: str) -> str:
    """Return the local part at the end of the window, without leading punctuation."""
    start = len(window)
    while start and ((last := window[start - 1]) in _SIGNS or (last.isalnum() and last <= _LAST_LETTER)):
        start -= 1
    local = window[start:]
    # In a path, a query or an assignment the address begins after the last separator: mailto?to=a@b.org
    for sign in "/=&":
        local = local.rpartition(sign)[2] if sign in local else local
    local = local.lstrip(".-+%'")
    return local if _LOCAL.match(local) else ""


def _is_something_else(text: str, start: int, end: int, local: str) -> bool:
    ahead = text[max(0, start - 300) : start]
    following = text[end : end + 2]
    if ahead.endswith("@") or ("://" in ahead[-200:] and _AUTHORITY.search(ahead[-200:])) or _MESSAGE_ID.search(ahead):
        return True
    if following[:1] == ":" and (local.lower() in _REMOTE_USERS or following[1:] in {"/", "~"}):
        return True
    return bool(_REMOTE.search(ahead[-100:]))
