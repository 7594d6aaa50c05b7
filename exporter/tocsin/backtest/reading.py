"""Parses and inspects events ahead of their counting, in one process per core: inspection is most of a call's cost.

Batches are distributed and collected in order, so that counting does not depend on the process.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.backtest.ordering import EventSorter
from tocsin.call import Call, Event
from tocsin.config import Config
from tocsin.inputs.base import Origin
from tocsin.intake import Intake, records
from tocsin.judge import Judge
from tocsin.pacing import collect_seldom
from tocsin.scoring.inspection import Inspection
from tocsin.scoring.scoring import Scoring
from tocsin.scoring.unscored import Sampling
from tocsin.series.store import Store

FEW = 2_000
"""Number of events read faster than other processes can create their detectors."""
READERS_MAX = 8
"""Maximum number of processes; each takes about 150 MB."""
_BATCH = 256 << 10
"""Bytes per batch, exceeded only by a larger event."""

Found = tuple[Event | str, Inspection | None]
"""An event, or the reason why it is skipped, and its inspection."""
Held = tuple[float, Origin, bytes]
Known = tuple[float, Origin, list[Found]]
"""Unix time at which a record became known, its origin, and the events in it."""


class ReadingError(Exception):
    """A worker process ended unexpectedly."""


class Reader:
    """Parses and inspects events without counting them."""

    def __init__(self, config: Config, sampling: Sampling) -> None:
        ledger = Ledger(Store(), Settings())
        self._scoring = Scoring(ledger, Judge(config), sampling)
        content = not sampling.content_off
        self._intake = Intake(ledger, lambda word: formats.get(word, content=content), lambda: 0.0)

    def read(self, data: bytes, origin: Origin) -> list[Found]:
        """Return the events in ``data``."""
        found: list[Found] = []
        for record in records(data):
            event = self._intake.parsed(record, origin)
            found.append((event, self._scoring.inspect(event) if type(event) is Call else None))
        return found


def read_ahead(sorter: EventSorter, config: Config, sampling: Sampling) -> Iterator[Known]:
    """Yield all events in order.

    Raises:
        ReadingError: a worker process ended, for example for lack of memory.
    """
    readers = min(os.cpu_count() or 1, READERS_MAX)
    if len(sorter) > FEW and readers > 1:
        yield from _by_processes(sorter, (config, sampling), readers)
        return
    reader = Reader(config, sampling)
    for when, data, origin in sorter:
        yield when, origin, reader.read(data, origin)


def _by_processes(sorter: EventSorter, settings: tuple[Config, Sampling], count: int) -> Iterator[Known]:
    """Give each process one batch at a time: with a second one, it could deadlock on sending the first result."""
    context = get_context("spawn")
    ends, processes = [], []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, *settings), daemon=True)
            process.start()
            theirs.close()
            ends.append(ours)
            processes.append(process)
        yield from _in_turn(_batches(sorter), ends)
    except (EOFError, ConnectionError) as error:
        raise ReadingError("a worker process ended unexpectedly; is there enough memory?") from error
    finally:
        for process in processes:
            process.kill()
            process.join()


def _in_turn(batches: Iterator[list[Held]], readers: list[Connection]) -> Iterator[Known]:
    waiting: deque[tuple[Connection, list[Held]]] = deque()
    turns = cycle(readers)
    for batch in batches:
        reader = next(turns)
        done = waiting.popleft() if len(waiting) == len(readers) else None
        answer = reader.recv() if done else []
        reader.send([(data, origin) for _, origin, data in batch])
        waiting.append((reader, batch))
        if done:
            yield from _joined(done[1], answer)
    for reader, batch in waiting:
        yield from _joined(batch, reader.recv())


def _joined(batch: list[Held], answer: list[list[Found]]) -> Iterator[Known]:
    for (when, origin, _), found in zip(batch, answer, strict=True):
        yield when, origin, found


def _batches(sorter: EventSorter) -> Iterator[list[Held]]:
    batch: list[Held] = []
    size = 0
    for when, data, origin in sorter:
        batch.append((when, origin, data))
        size += len(data)
        if size > _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _serve(end: Connection, config: Config, sampling: Sampling) -> None:
    """Serve until the other end is closed; the parent process handles Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reader = Reader(config, sampling)
    collect_seldom(young=50_000)
    try:
        while True:
            end.send([reader.read(data, origin) for data, origin in end.recv()])
    except (EOFError, ConnectionError):
        return
