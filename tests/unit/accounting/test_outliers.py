"""The window is exact: it agrees with the definition computed from scratch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.accounting.outliers import MINIMUM, SIZE, TokenWindow


def filled(count: int, tokens: int = 100) -> TokenWindow:
    window = TokenWindow()
    for _ in range(count):
        window.judge(tokens, 3.0)
    return window


@given(st.lists(st.integers(1, 50), min_size=90, max_size=150), st.lists(st.integers(1, 200), max_size=40))
def test_every_verdict_is_the_one_of_the_definition(warm, later):
    window, kept = TokenWindow(), []
    for tokens in warm + later:
        ordered = sorted(kept[-SIZE:])
        expected = len(ordered) >= MINIMUM and tokens > 3 * ordered[-(-95 * len(ordered) // 100) - 1]
        assert window.judge(tokens, 3.0) == expected
        if not expected:
            kept.append(tokens)


@given(st.lists(st.lists(st.integers(1, 60) | st.integers(100, 300), max_size=90), max_size=30))
def test_a_batch_is_judged_as_its_requests_would_be_one_after_the_other(batches):
    together, apart = TokenWindow(), TokenWindow()
    for batch in [*batches, [7] * 950, *batches]:
        assert together.judge_all(batch, 3.0) == sum(apart.judge(tokens, 3.0) for tokens in batch)
        assert together.pack() == apart.pack()
    assert together.p95 == apart.p95


@pytest.mark.parametrize(("tokens", "outlier"), [(299, False), (300, False), (301, True)])
def test_exactly_three_times_the_p95_is_not_an_outlier(tokens, outlier):
    assert filled(SIZE).judge(tokens, 3.0) is outlier


def test_an_outlier_is_not_added():
    window = filled(MINIMUM)
    for _ in range(50):
        assert window.judge(10_000, 3.0)
    assert (len(window), window.p95) == (MINIMUM, 100)


def test_the_oldest_of_a_thousand_leaves():
    window = filled(SIZE)
    for _ in range(SIZE):
        window.judge(200, 3.0)
    assert (len(window), window.p95) == (SIZE, 200)


@given(st.lists(st.integers(1, 90), min_size=100, max_size=140), st.lists(st.integers(1, 400), max_size=30))
def test_a_packed_window_judges_as_before(warm, later):
    window = TokenWindow()
    for tokens in warm:
        window.judge(tokens, 3.0)
    again = TokenWindow(window.pack())
    assert [again.judge(t, 3.0) for t in later] == [window.judge(t, 3.0) for t in later]


def test_a_full_window_that_wrapped_around_is_packed_oldest_first():
    window = filled(SIZE)
    for _ in range(10):
        window.judge(250, 3.0)
    again = TokenWindow(window.pack())
    for _ in range(SIZE - 10):
        again.judge(150, 3.0)
    assert again.pack() == filled_with([250] * 10 + [150] * (SIZE - 10)).pack()


def filled_with(values: list[int]) -> TokenWindow:
    window = TokenWindow()
    for value in values:
        window.judge(value, 1e9)
    return window


def test_a_damaged_window_is_shorter_and_no_error():
    assert len(TokenWindow(filled(5).pack()[:-3])) == 4


@given(st.lists(st.integers(1, 5), max_size=60))
def test_the_p95_of_a_full_window_is_updated_by_arrivals_and_departures(later):
    kept = [100] * 60 + [1] * (SIZE - 60)
    window = TokenWindow(filled_with(kept).pack())
    for tokens in later:
        if not window.judge(tokens, 3.0):
            kept.append(tokens)
        assert window.p95 == sorted(kept[-SIZE:])[SIZE * 95 // 100 - 1]


def test_a_batch_is_judged_by_the_updated_p95():
    window = filled_with([100] * 60 + [1] * (SIZE - 60))
    assert window.p95 == 100
    window.judge_all([1] * 20, 3.0)
    assert window.judge_all([4], 3.0) == 1
