"""Bodies appended to a spool, and what is read from it."""

from __future__ import annotations

import asyncio

from tocsin.inputs.spool import Spool
from tocsin.inputs.spoolframe import Batch


def read_all(spool, max_bytes=1 << 20):
    found = []
    while spool.read(lambda data, origin: found.append(bytes(data)), max_bytes):
        pass
    return found


async def append(spool, *records):
    for record in records:
        await spool.append(Batch(record), "native", 1000.0)


def reopened(spool, state):
    """What a crash leaves: the directory and the committed state."""
    again = Spool(spool.directory)
    again.restore(state.items())
    return again


async def until(true):
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0)
