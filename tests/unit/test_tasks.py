"""What is brought about once, by the first who needs it."""

import asyncio

import pytest

from tocsin.tasks import OnDemand, spawn


async def test_it_is_brought_about_once_and_only_when_somebody_waits():
    brought = []

    async def bring():
        await asyncio.sleep(0)
        brought.append(1)

    event = OnDemand(bring, name="test")
    before = event.is_set(), list(brought)
    await asyncio.gather(event.wait(), event.wait())
    await event.wait()
    assert (before, event.is_set(), brought) == ((False, []), True, [1])


async def test_one_cancelled_waiter_does_not_cancel_the_others():
    go = asyncio.Event()
    event = OnDemand(go.wait, name="test")
    hasty, patient = spawn(event.wait(), name="hasty"), spawn(event.wait(), name="patient")
    await asyncio.sleep(0)
    hasty.cancel()
    go.set()
    assert await patient


async def test_all_waiters_get_the_failure():
    async def bring():
        raise OSError("no")

    event = OnDemand(bring, name="test")
    results = await asyncio.gather(event.wait(), event.wait(), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    with pytest.raises(OSError, match="no"):
        await event.wait()
