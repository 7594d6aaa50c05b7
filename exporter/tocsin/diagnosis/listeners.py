"""Whether the configured addresses are free, and what uses them if not."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

from tocsin.diagnosis.remark import Remark
from tocsin.web.server import split_address

ANSWERS_WITHIN = 5.0
"""Seconds without a response after which an address is assumed not to speak HTTP."""


def listener(name: str, address: str) -> Iterator[Remark]:
    """Yield whether an address can be listened on, and otherwise what uses it."""
    host, port = split_address(address)
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        totals = running(address)
        if totals is None:
            what = f"{address} cannot be used: {error.strerror}; `ss -ltnp` shows what uses it"
            yield Remark(name, f"{what}; a Tocsin that asks for a password, or still catches up, is not recognised")
            return
        read, counted = totals
        yield Remark(name, f"a Tocsin runs at {address}: {read} events read, {counted} counted", wrong=False)
        if not read:
            yield Remark(name, f"the Tocsin at {address} has read nothing: are these its files, does anybody post?")


def same_listener(one: str, other: str) -> bool:
    """Return whether two addresses need the same port of one host; an empty host means all."""
    (host, port), (its_host, its_port) = split_address(one), split_address(other)
    everywhere = {"", "0.0.0.0", "::", None}  # noqa: S104 - compared with, not listened on
    return port == its_port != 0 and (host == its_host or host in everywhere or its_host in everywhere)


def running(address: str) -> tuple[int, int] | None:
    """Return how many events a Tocsin running at an address has read and counted; None if none responds."""
    host, port = split_address(address)
    place = f"{f'[{host}]' if ':' in (host or '') else host or '127.0.0.1'}:{port}"
    try:
        page = _page(f"http://{place}/metrics") or _page(f"https://{place}/metrics")
    except TimeoutError:
        return None
    if "tocsin_build_info" not in page:
        return None
    sums = {"tocsin_events_read_total": 0, "tocsin_events_counted_total": 0}
    for line in page.splitlines():
        name = line.partition("{")[0]
        if name in sums:
            sums[name] += int(line.rsplit(" ", 1)[1])
    return sums["tocsin_events_read_total"], sums["tocsin_events_counted_total"]


def _page(url: str) -> str:
    """Return the page at a URL, or an empty string if there is no HTTP response.

    Raises:
        TimeoutError: it accepts connections but does not respond.
    """
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - our own server, and only counts are read
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN, context=context) as answer:  # noqa: S310 - http or https
            body: bytes = answer.read(64 << 20)
    except TimeoutError:
        raise
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    return body.decode("utf-8", "replace")
