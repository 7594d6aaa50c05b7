"""IP addresses. Private, reserved and documentation ones are examples; version numbers are not addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, after, before, capped, words
from tocsin.detectors.reserved import is_example_ip

GATES: Final = (
    Gate(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"),
    Gate(
        r"[0-9A-Fa-f]{3,4}:(?:[0-9A-Fa-f]{1,4}:){0,6}(?::|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:)"
        r"|64:(?:[0-9A-Fa-f]{1,4}:){0,6}:|(?:^|[^0-9A-Za-z])::(?:[0-9fF]|[^0-9A-Za-z]|$)"
    ),
)

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rf"[0-9](?<!{LETTER}.)(?<![_#$].)(?<![0-9][.,].)(?<!::.)(?:(?<=2)(?:5[0-5]|[0-4][0-9])|(?<=1)[0-9]{{2}}|(?<!0)[0-9])?"
    rf"(?:\.{_OCTET}){{3}}(?!{LETTER}|_)(?!\.[0-9])"
)
_V6 = re.compile(r"(?<![0-9A-Za-z_.:])[0-9A-Fa-f:]{3,39}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![0-9A-Za-z_]|\.[0-9])")
_TWO_COLONS = re.compile(":[0-9A-Fa-f]*:")
_VERSION = re.compile(
    r"(?:(?<![a-z])(?:v|ver|vers|versions?|releases?|rev|revision|driver|firmware|build|kernel|update|upgraded?|patch"
    r"|assembly\w*|sections?|chapters?|clauses?|figures?|tables?|oid|paragraph|appendix|step|rule|article|lib[a-z0-9_+-]+"
    r"|dll|sdk|nuget|package|requires?|requirement)"
    r"(?: (?:number|no\.?|string|tag|code))?[ :=\"'(`*v.]{0,4}(?:is|to|of|from)?[ \"'(`*v]{0,3}"
    r"|(?:versions?|releases?|upgrad\w{1,4}|updat\w{1,4}|downgrad\w{1,4})\s[a-z ]{0,8}"
    r"v?[0-9]+(?:\.[0-9]+){1,3},? (?:to|and|or|through) v?"
    r"|[=<>~^!]=?[ \"']{0,2}|§ ?|[a-z]/|[a-z]-)\Z"
)
_ADDRESSED = re.compile(
    r"(?:(?<![a-z])(?:ip|ipv4|addr|address|host|hostname|src|dst|source|destination|client|remote|server|peer|gateway|dns)"
    r"(?:_?(?:ip|addr|address|host))? ?=[ \"']{0,2}|[-=]> ?)\Z"
)
"""An assignment or an arrow before an address, which versions do not have."""
_FOLLOWS = re.compile(
    r"\s*(?:of the (?:driver|library|package|software)|version|release"
    r"|(?:or|and) (?:later|newer|higher|above|up|earlier|older|below)|-(?:alpha|beta|rc))"
)
_ADDRESS = words(r"""
    ips? ipv4 ipv6 address(?:es)? hosts? servers? from clients? log(?:ged|in|ins)? connect\w* blocked? ban\w*
    requests? src dst source destination ping gateway dns proxy port firewall attack\w* visitors? remote peers? node
    subnet network router addr at
""")
_GROUPS: Final = 8


def find(text: str) -> Iterator[Candidate]:
    """Yield IPv4 and IPv6 addresses."""
    yield from _find_v4(text)
    yield from _find_v6(text)


def _find_v4(text: str) -> Iterator[Candidate]:
    for match in capped(_V4, text):
        ahead, behind = before(text, match.start(), 48), after(text, match.end(), 24)
        url = ahead.endswith(("://", "@", "["))
        addressed = bool(_ADDRESSED.search(ahead)) or (ahead.endswith("<") and behind.startswith(">"))
        if not (url or addressed) and (_VERSION.search(ahead) or _FOLLOWS.match(behind)):
            continue
        address = ipaddress.IPv4Address(match[0])
        network = behind[:1] == "/" and behind[1:2].isdigit()
        small = all(octet < 32 for octet in address.packed)
        context = url or addressed or bool(_ADDRESS.search(ahead)) or behind.startswith(":")
        example = network or is_example_ip(address)
        score = 0.95 if context or network else 0.3 if small and not example else 0.7
        yield Candidate(*match.span(), score, example=example)


def _find_v6(text: str) -> Iterator[Candidate]:
    if not _TWO_COLONS.search(text):  # much faster than searching for an address
        return
    for match in capped(_V6, text):
        value = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
        if value.count(":") < 2 or not _is_v6_shaped(value, before(text, match.start(), 48)):
            continue
        try:
            address = ipaddress.IPv6Address(value)
        except ValueError:
            continue
        end = match.start() + len(value)
        network = text[end : end + 1] == "/" and text[end + 1 : end + 2].isdigit()
        yield Candidate(match.start(), end, 0.95, example=network or is_example_ip(address))


def _is_v6_shaped(value: str, ahead: str) -> bool:
    """Return whether this is an address, not a scope (``a::b``), a slice (``[1::2]``), a time or a fingerprint."""
    groups = value.split(":")
    if "::" not in value:
        return len(groups) >= _GROUPS - 1 and any(len(group) > 2 for group in groups)
    first = groups[0].lower()
    if len(first) == 4 and (first[0] in "23" or first.startswith(("fc", "fd", "fe8", "ff0"))):
        return True
    if first in {"64", "100", "ff02", "ff05"} and len(groups) > 3:
        return True
    return (
        value in {"::1", "::"}
        and bool(_ADDRESS.search(ahead) or ahead.endswith(("bind to ", "listen ", "//[", "to [")))
    ) or value.startswith("::ffff:")
