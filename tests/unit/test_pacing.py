"""Who waits for whom on the event loop."""

from __future__ import annotations

import pytest

from tocsin import pacing
from tocsin.pacing import BUSY_SECONDS, GIVE_WAY, OVERDUE, PATIENCE, SLICE_BYTES, SLICE_LEAST, SLICE_SECONDS, Pace


class Time:
    """A clock that sleeping moves, and which every turn of the loop costs ``others`` seconds."""

    def __init__(self):
        self.now = 100.0
        self.others = 0.0
        self.turns = 0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.turns += not seconds
        self.now += seconds or self.others


@pytest.fixture
def clock(monkeypatch):
    clock = Time()
    monkeypatch.setattr(pacing.asyncio, "sleep", clock.sleep)
    return clock


async def given(pace, clock, spent=SLICE_SECONDS, **more):
    began = clock.now
    await pace.give_way(spent, **more)
    return clock.now - began


async def test_senders_are_given_several_times_what_counting_took(clock):
    pace = Pace(lambda: True, clock, clock)
    assert await given(pace, clock) == pytest.approx(GIVE_WAY * SLICE_SECONDS)


async def test_nobody_is_waited_for_when_nothing_arrives(clock):
    assert await given(Pace(lambda: False, clock, clock), clock) == 0


async def test_a_start_catches_up_before_senders_are_served(clock):
    assert await given(Pace(lambda: True, clock, clock), clock, senders_first=False) == 0


async def test_senders_are_given_less_the_longer_counting_is_behind_and_at_last_nothing(clock):
    pace, found = Pace(lambda: True, clock), []
    for behind in (0, PATIENCE, (PATIENCE + OVERDUE) / 2, OVERDUE):
        pace.drained()
        clock.now += behind
        found.append(await given(pace, clock))
    assert found == pytest.approx([GIVE_WAY * SLICE_SECONDS] * 2 + [GIVE_WAY * SLICE_SECONDS / 2, 0], abs=1e-6)


async def test_counting_that_is_overdue_takes_as_long_as_all_others(clock):
    pace = Pace(lambda: True, clock, clock)
    pace.size, clock.others = 4 << 10, 0.01
    clock.now += OVERDUE
    await pace.give_way(0.001)
    assert pace.size == pytest.approx(10 * (4 << 10), rel=0.01)


async def test_slices_take_what_they_shall_and_less_where_requests_are_about(clock):
    pace = Pace(lambda: False, clock, clock)
    await pace.give_way(0.02)
    assert pace.size == pytest.approx(SLICE_BYTES * SLICE_SECONDS / 0.02, abs=1)
    clock.others = 0.0004
    await pace.turn()
    assert pace.seconds == BUSY_SECONDS
    await pace.give_way(10.0)
    assert pace.size == SLICE_LEAST


@pytest.mark.parametrize(("others", "turns"), [(0.0001, pacing.TURNS), (BUSY_SECONDS * 2, 1)], ids=["light", "heavy"])
async def test_requests_get_several_turns_but_heavy_ones_no_more_than_a_slice(clock, others, turns):
    pace = Pace(lambda: False, clock, clock)
    clock.others = 0.0004
    await pace.turn()
    clock.others, clock.turns = others, 0
    await pace.turn()
    assert clock.turns == turns
