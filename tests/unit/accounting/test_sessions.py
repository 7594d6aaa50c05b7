"""Loops and hourly limits, judged by the time of the events."""

from tocsin.accounting.sessions import SESSIONS, WINDOW, HourlyLimit, Loops


def repeats(loops: Loops, count: int, *, key: int = 7, gap: float = 1.0) -> list[bool]:
    return [loops.repeated("s", key, 1000.0 + gap * i) for i in range(count)]


def test_each_fifth_repetition_is_a_loop():
    assert [i for i, hit in enumerate(repeats(Loops(), 10), 1) if hit] == [5, 10]


def test_repetitions_further_apart_than_the_window_are_none():
    assert not any(repeats(Loops(), 20, gap=WINDOW / 4 + 1))


def test_different_prompts_are_no_loop():
    loops = Loops()
    assert not any(loops.repeated("s", key, 1000.0) for key in range(100))


def test_a_session_that_was_pushed_out_starts_anew():
    loops = Loops()
    repeats(loops, 4)
    for i in range(SESSIONS):
        loops.repeated(f"other-{i}", 1, 1000.0)
    assert not loops.repeated("s", 7, 1005.0)


def test_a_limit_is_breached_once_an_hour_by_the_call_that_passes_it():
    limit = HourlyLimit(100)
    assert [limit.breached("u", 50, 3600.0) for _ in range(4)] == [False, False, True, False]
    assert limit.breached("u", 101, 7200.0)


def test_consumers_are_limited_apart():
    limit = HourlyLimit(100)
    assert not limit.breached("u", 60, 0.0)
    assert not limit.breached("v", 60, 0.0)
