"""A page that is not resolved reaches the engineering lead after half an hour."""

from outage_series import CALL, MODEL, STEADY, failures, info, requests
from promtool import ALL, Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "owners", "outage", "safety", "control")
ESCALATED = "LLMIncidentUnresolved"
LEAKED = series("llm_safety_last_violation_timestamp_seconds", "0x9 600x90", **CALL, kind="pii")
FAILED = [requests(STEADY), failures("0x60 40+40x60 2440x200")]


def escalated(incident: str) -> str:
    return f'count(ALERTS{{alertname="{ESCALATED}", alertstate="firing", incident="{incident}"}})'


CASES = [
    Case(
        "an outage of half an hour is escalated, by each alert of it, and no longer once it is over", ESCALATED, [info(), *FAILED],
        {"80m": 0, "91m": 0, "94m": 1, "110m": 2, "270m": 0},
        values={(escalated("LLMRequestsFailing"), "100m"): 1.0},
        text=Text("100m", "ticket", "control", "LLMRequestsFailing is unresolved on openai/gpt-4o.",
                  "It has paged for more than 30 minutes. The engineering lead decides who joins, and whether to roll back.",
                  {**MODEL, "incident": "LLMRequestsFailing"}, action="escalate"),
    ),
    Case("an outage of five minutes is not", ESCALATED, [info(), requests(STEADY), failures("0x240 40+40x5 240x100")],
         {"260m": 0, "276m": 0, "290m": 0}, values={("count(ALERTS{alertname='LLMRequestsFailing', alertstate='firing'})", "244m"): 1.0}),
    Case("a violation that is still up after half an hour is", ESCALATED, [info(), requests(STEADY), LEAKED],
         {"39m": 0, "41m": 1, "69m": 1, "72m": 0}, values={(escalated("LLMSafetyViolation"), "60m"): 1.0}),
    Case("a ticket of a staging route is not", ESCALATED, [info(tier="staging"), *FAILED], {"94m": 0, "110m": 0}),
    Case("an outage that nobody sees is not: no data", ESCALATED, [info()], {"94m": 0}),
    Case("the rules of the incidents themselves are here", ALL, [info(), *FAILED],
         values={("count(ALERTS{alertname='LLMRequestsFailing', alertstate='firing'})", "80m"): 1.0}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
