"""An application that calls its models now, and servers that judge it by the shipped rules: for incidents lived through.

The rules run at the demo's time scale, at which an hour passes in a minute.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from traffic import Change, Stream, call

from tocsin.demo.stack import RECEIVERS

TURN = 0.2
"""Seconds between two looks at what is due."""
_numbers = itertools.count(1)


class Application:
    """Writes the calls of streams into a log while it runs; ``changes`` befall the routes that they name."""

    def __init__(self, log: Path, streams: Sequence[Stream]) -> None:
        self.changes: dict[str, Change] = {}
        self._log, self._streams = log, streams
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        r, last = random.Random(1), time.monotonic()
        due = [0.0] * len(self._streams)
        with self._log.open("a", encoding="utf-8") as out:
            while not self._stopped.wait(TURN):
                now = time.monotonic()
                last, passed = now, now - last
                for i, stream in enumerate(self._streams):
                    due[i] += stream.per_minute * passed / 60
                    while due[i] >= 1:
                        due[i] -= 1
                        event = call(stream, time.time() - 3, next(_numbers), r)
                        change = self.changes.get(stream.route)
                        changed = event if change is None else change(event, 0.0)
                        if changed is not None:
                            out.write(json.dumps(changed) + "\n")
                out.flush()


def hooks(url: str) -> dict[str, Any]:
    """Settings of the bundle: each receiver of the routing is a path of a URL, and gets resolutions."""
    return {
        "routing.receivers": {
            name: {"webhook_configs": [{"url": f"{url}/{name}", "send_resolved": True}]} for name in RECEIVERS
        }
    }


def ask(address: str, path: str, **query: str) -> Any:
    """Return the data that Prometheus answers with."""
    with urllib.request.urlopen(f"http://{address}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return json.load(answer)["data"]


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true of servers."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.2)
