"""Who waits for whom on the event loop."""

from __future__ import annotations

import pytest

from tocsin import pacing
from tocsin.pacing import (
    BUSY_SECONDS,
    GIVE_WAY,
    OVERDUE,
    PATIENCE,
    PIECE_LEAST,
    PIECE_MOST,
    PIECES,
    REQUESTS_FIRST,
    SLICE_SECONDS,
    TURNS,
    URGENT_SECONDS,
    Pace,
)


class Time:
    """A clock that sleeping moves, and which every turn of the loop costs ``others`` seconds, the first few ``queue``."""

    def __init__(self):
        self.now = 100.0
        self.others = 0.0
        self.queue = []
        self.turns = 0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.turns += not seconds
        self.now += seconds or (self.queue.pop() if self.queue else self.others)


@pytest.fixture
def clock(monkeypatch):
    clock = Time()
    monkeypatch.setattr(pacing.asyncio, "sleep", clock.sleep)
    return clock


async def given(pace, clock, spent=SLICE_SECONDS, size=PIECE_MOST, **more):
    began = clock.now
    await pace.give_way(spent, size, **more)
    return clock.now - began


async def test_senders_get_several_times_the_time_of_counting(clock):
    pace = Pace(lambda: True, clock, clock)
    assert await given(pace, clock) == pytest.approx(GIVE_WAY * SLICE_SECONDS)


async def test_nobody_is_waited_for_when_nothing_arrives(clock):
    assert await given(Pace(lambda: False, clock, clock), clock) == 0


async def test_a_start_catches_up_before_senders_are_served(clock):
    assert await given(Pace(lambda: True, clock, clock), clock, senders_first=False) == 0


async def test_senders_get_less_time_the_longer_counting_lags(clock):
    pace, found = Pace(lambda: True, clock), []
    for behind in (0, PATIENCE, (PATIENCE + OVERDUE) / 2, OVERDUE):
        pace.drained()
        clock.now += behind
        found.append(await given(pace, clock))
    assert found == pytest.approx([GIVE_WAY * SLICE_SECONDS] * 2 + [GIVE_WAY * SLICE_SECONDS / 2, 0], abs=1e-6)


async def test_counting_that_is_overdue_takes_as_long_as_all_others(clock):
    pace = Pace(lambda: True, clock, clock)
    clock.others = 0.01
    clock.now += OVERDUE
    await given(pace, clock)
    assert pace.slice == pytest.approx(0.01)
    clock.others = 1.0
    await given(pace, clock)
    assert pace.slice == URGENT_SECONDS


async def test_piece_sizes_follow_the_duration_of_the_last_ones(clock):
    pace = Pace(lambda: False, clock, clock)
    await given(pace, clock, spent=2 * SLICE_SECONDS, size=100_000)
    assert pace.size == pytest.approx(100_000 / 2 / PIECES, abs=1)


@pytest.mark.parametrize(("spent", "size"), [(10.0, PIECE_LEAST), (0.0, PIECE_MOST)], ids=["slow", "fast"])
async def test_pieces_are_bounded(clock, spent, size):
    pace = Pace(lambda: False, clock, clock)
    await given(pace, clock, spent=spent)
    assert pace.size == size


async def test_slices_are_short_where_requests_are_about(clock):
    pace = Pace(lambda: False, clock, clock)
    await given(pace, clock)
    assert pace.slice == pace.seconds == SLICE_SECONDS
    clock.queue = [0.0004]
    await given(pace, clock)
    assert pace.slice == pace.seconds == BUSY_SECONDS
    clock.now += 2.0
    assert pace.seconds == SLICE_SECONDS


async def test_one_turn_is_enough_if_nothing_else_runs(clock):
    await Pace(lambda: False, clock, clock).turn()
    assert clock.turns == 1


async def test_a_request_that_needs_several_turns_gets_them(clock):
    pace = Pace(lambda: False, clock, clock)
    clock.queue = [0.0004]
    await pace.turn()
    clock.turns, clock.others = 0, 0.00005
    await pace.turn()
    assert clock.turns == TURNS


async def test_all_requests_that_wait_are_served_before_the_next_slice(clock):
    clock.queue = [0.0005] * 10
    await Pace(lambda: False, clock, clock).turn()
    assert not clock.queue


async def test_requests_that_never_end_are_served_for_so_long(clock):
    clock.others = 0.001
    assert await given(Pace(lambda: False, clock, clock), clock) == pytest.approx(REQUESTS_FIRST, abs=0.0011)


async def test_requests_get_no_more_than_a_slice_where_counting_is_overdue(clock):
    pace = Pace(lambda: False, clock, clock)
    clock.others = 0.9 * BUSY_SECONDS
    clock.now += OVERDUE
    assert await given(pace, clock) == pytest.approx(2 * clock.others)


async def test_long_work_yields_after_each_slice(clock):
    pace = Pace(lambda: False, clock, clock)
    clock.now += 0.9 * SLICE_SECONDS
    await pace.breathe()
    assert clock.turns == 0
    clock.now += 0.1 * SLICE_SECONDS
    await pace.breathe()
    await pace.breathe()
    assert clock.turns == 1


@pytest.mark.parametrize(("used", "share"), [(0.0, 1.0), (0.25, 1.0), (0.375, 0.5), (0.5, 0.01), (1.0, 0.01)])
def test_fewer_answers_are_scored_the_fuller_the_spool_is(used, share):
    assert pacing.affordable(used) == pytest.approx(share)
