"""Which alerts of a log are reported."""

import pytest

from tocsin.backtest.timeline import Alert, since


def alert(pending: float, firing: float | None) -> Alert:
    return Alert("A", "cost", "ticket", {}, pending_at=pending, firing_at=firing)


@pytest.mark.parametrize(
    ("pending", "firing", "told"), [(40, None, False), (40, 3700, True), (100, None, True), (160, None, True)]
)
def test_alerts_pending_before_the_first_event_are_reported_only_if_they_fired(pending, firing, told):
    found = alert(pending, firing)

    assert since(100, [found]) == ([found] if told else [])
