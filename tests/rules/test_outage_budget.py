"""The slow burn of an objective: windows of days."""

from promtool import Case, Text, failed
from test_outage import MODEL, failures, info, requests

GROUPS = ("routes", "outage-requests", "outage-slow")
INTERVAL, STEP = "5m", "1m"
CASES = [
    Case(
        "a slow burn is a ticket", "LLMErrorBudgetBurning", [info(), requests("0+100x600"), failures("0+2x600")], {"400m": 1},
        text=Text("400m", "ticket", "outage", "Requests to openai/gpt-4o fail a little, for long.",
                  "2% of requests fail: at this pace the objective is missed.", MODEL),
    ),
    Case("failures within the objective are no ticket", "LLMErrorBudgetBurning",
         [info(), requests("0+1000x600"), failures("0+2x600")], {"400m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
