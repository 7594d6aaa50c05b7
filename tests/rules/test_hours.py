"""What takes hours or days to show: surges that are not learnt, a model that is dead for long. Evaluated every five minutes."""

from outage_series import CALL, DEAD, MODEL, STILL, failures, info, requests
from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "outage-requests", "owners", "outage", "outage-tickets", "traffic", "surges", "safety-surges", "quality-signals")
EMPTY = "LLMAnswersEmpty"
INTERVAL, STEP = "5m", "1m"


def empty(values, reason="empty"):
    return series("llm_unscored_total", values, **CALL, reason=reason)


CASES = [
    *[Case(f"a surge that goes on is not learnt: {alert}", alert,
           [requests("0+5x900"), series("llm_injection_attempts_total", "0x900", **CALL, role="user"),
            series(metric, "0x150 1+1x750", **CALL, **labels)], {"2h20m": 0, "4h": 1, "15h": 1})
      for alert, metric, labels in [("LLMInjectionSurge", "llm_injection_attempts_total", {"role": "tool"}),
                                    ("LLMBlockedSurge", "llm_request_failures_total", {"reason": "blocked_guardrail"}),
                                    ("LLMSafetySuspectedSurge", "llm_safety_suspected_total", {"kind": "pii"})]],
    Case("a guardrail that takes a tenth from the first request on is no surge", "LLMBlockedSurge",
         [requests("0+10x400"), failures("0+1x400", "blocked_guardrail")], {f"{minute}m": 0 for minute in range(20, 240, 10)}),
    Case("a guardrail that takes a third in a new route's first hour is one", "LLMBlockedSurge",
         [requests("0+3x400"), failures("0+1x400", "blocked_guardrail")], {"50m": 1}),
    Case("what surges after a quiet hour does, though it is less", "LLMBlockedSurge",
         [requests("0+10x400"), failures("0x75 1+1x325", "blocked_guardrail")], {"1h10m": 0, "1h50m": 1, "3h": 1}),
    Case("answers that the provider's filter ends under HTTP 200 are blocks", "LLMBlockedSurge",
         [requests("0+10x400"), series("llm_content_filtered_total", "0x75 1+1x325", **CALL)], {"1h10m": 0, "1h50m": 1, "3h": 1}),
    Case("two fifths of all answers without a word are a ticket, and their mend ends it", EMPTY,
         [info(), requests("0+10x700"), empty("0x150 4+4x60 244x400")], {"2h30m": 0, "3h": 1, "4h15m": 0}),
    *(
        Case(f"pages nobody: {what}", EMPTY, [info(), requests("0+10x400"), empty(*values)], {f"{minute}m": 0 for minute in range(60, 240, 10)})
        for what, values in {
            "a tenth of all answers without a word": ["0x150 1+1x200"],
            "a fifth of them as ever": ["0+2x400"],
            "answers that are calls of tools": ["0x150 4+4x200", "tool_call"],
        }.items()
    ),
    Case("a key that expired while nobody asked for two days is a ticket", STILL,
         [info(3100), requests("0+1x60 60x2880 61+1x160"), failures("3x2941 4+1x60 64x100", "client_4xx")],
         {"49h": 0, "49h20m": 1, "50h30m": 0}, severity="ticket",
         text=Text("49h20m", "ticket", "outage", "For more than a day no request to openai/gpt-4o has succeeded.",
                   "10 failures in the last 10 minutes. Most common: client_4xx on support. Either nobody asked for "
                   "a day, as at a weekend, or nobody mended it: the page is about the first day alone.", MODEL)),
    Case("a dead model is a page for a day, and a ticket from then on", DEAD,
         [info(1700), requests("0+1x1700"), failures("0x60 1+1x1640", "client_4xx")], {"2h": 1, "24h30m": 1, "26h": 0},
         values={(f'count(ALERTS{{alertname="{STILL}", alertstate="firing"}})', at): there for at, there in (("2h", None), ("26h", 1.0))}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)
