"""Every alert has cases of each kind. Cases for all alerts at once are in test_worlds.py: no data, a lost state,
hardly any traffic."""

import importlib
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from promtool import ALL, Case
from shipped import ALERTS

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
NAMES = sorted({rule["alert"] for rule in ALERTS})
UNSILENCED = {"TocsinDeadMansSwitch"}
"""Fires always, and shall."""


def minutes(time: str) -> int:
    return sum(int(number) * {"d": 1440, "h": 60, "m": 1}[unit] for number, unit in re.findall(r"(\d+)([dhm])", time))


def course(case: Case) -> list[bool]:
    """Whether the alert fires, in the order of time."""
    return [bool(case.fires[at]) for at in sorted(case.fires, key=minutes)]


KINDS: dict[str, Callable[[Case], bool]] = {
    "fires": lambda case: any(course(case)),
    "stays silent": lambda case: bool(case.fires) and not any(course(case)),
    "resolves": lambda case: any(before and not after for before, after in pairwise(course(case))),
    "is told in words": lambda case: case.text is not None,
}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [case for name in MODULES for case in getattr(importlib.import_module(name), "CASES", ())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alert", NAMES)
def test_a_case_shows_that_an_alert(alert, kind, cases):
    if alert in UNSILENCED and kind in ("stays silent", "resolves"):
        return
    assert any(KINDS[kind](case) for case in cases if case.alert == alert)


def test_cases_are_of_alerts_that_exist(cases):
    optional = {"TocsinEventsIncomplete"}
    assert {case.alert for case in cases} - set(NAMES) == {ALL, *optional}
