"""``tocsin drain``: a preStop hook that keeps a pod running until everything it has accepted is counted and scraped.

Kubernetes removes a pod from its Services while the hook runs, and ends the process afterwards. After a scale-down a
replica may never return, so whatever its page does not show by then is missing from every sum.
"""

from __future__ import annotations

import argparse
import re
import ssl
import sys
import time
import urllib.request
from typing import Any

EXAMPLE = "example: tocsin drain --at-least 20 --at-most 45"
_BACKLOG = re.compile(rb'^tocsin_ingest_backlog_bytes\{input="spool"\} (\S+)$', re.MULTILINE)
POLL = 0.5
TIMEOUT = 5.0


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("drain", help="wait until the spool is counted: for preStop hooks", epilog=EXAMPLE)
    parser.add_argument("--url", default="http://127.0.0.1:9877/metrics", help="metrics of the exporter in this pod")
    parser.add_argument(
        "--at-least", type=float, default=5.0, metavar="SECONDS",
        help="wait for Services to drop the pod, and for a scrape of the last counts (default: 5)",
    )  # fmt: skip
    parser.add_argument("--at-most", type=float, default=45.0, metavar="SECONDS", help="timeout (default: 45)")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Wait; 1 if the spool was not empty by then, or the exporter did not respond."""
    began = time.monotonic()
    while True:
        backlog = _backlog(arguments.url)
        waited = time.monotonic() - began
        if waited >= arguments.at_most or (waited >= arguments.at_least and not backlog):
            break
        time.sleep(min(POLL, max(arguments.at_least, arguments.at_most) - waited))
    if backlog is None:
        print(f"tocsin: {arguments.url} does not answer with a page", file=sys.stderr)
    elif backlog:
        print(f"tocsin: {backlog:.0f} bytes of the spool are counted at the next start", file=sys.stderr)
    return 0 if backlog == 0 else 1


def _backlog(url: str) -> float | None:
    """Return the unread bytes of the spool, 0 if it has none (a guard); None if there is no page."""
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323, SLF001 - ourselves
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT, context=context) as answer:  # noqa: S310 - as given
            found = _BACKLOG.search(answer.read())
    except (OSError, ValueError):
        return None
    return float(found[1]) if found else 0.0
