"""Every alert has cases; the ones that still lack them are named here, so that the list can only shrink."""

import importlib
from pathlib import Path

from test_compiled import ALERTS

GAPS = {"LLMLatencyHigh", "LLMDurationHigh", "LLMTrafficGone", "LLMBaselineChanged"}
"""Compiled and accepted by promtool, but no case shows when they fire."""
MODULES = [path.stem for path in Path(__file__).parent.glob("test_*.py")]


def test_every_alert_but_the_known_gaps_has_cases():
    cases = [case for name in MODULES for case in getattr(importlib.import_module(name), "CASES", ())]
    assert {rule["alert"] for rule in ALERTS} - {case.alert for case in cases} == GAPS
