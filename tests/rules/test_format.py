"""Format compliance over exactly 1,000 calls, and a format that breaks altogether."""

from promtool import Case, Text, failed, series

GROUPS = ("routes-seen", "routes", "format-failures", "format-window", "format")
LOW, BROKEN = "LLMFormatComplianceLow", "LLMFormatBroken"
CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
KNOWN = series("llm_route_info", "1x200", route="support", owner="team", tier="prod", traffic="live")


def window(compliant, calls="1000x120", instance="a"):
    return [
        series("llm_format_window_compliant", compliant, instance, route="support"),
        series("llm_format_window_calls", calls, instance, route="support"),
    ]


def failures(values="0+1x120"):
    return series("llm_format_failures_total", values, **CALL)


def checks(values):
    return series("llm_format_checks_total", values, **CALL)


CASES = [
    Case(
        "949 of 1,000 page after ten minutes", LOW, [KNOWN, *window("980x9 949x100"), failures()], {"15m": 0, "21m": 1},
        text=Text("30m", "page", "quality", "Answers of support are not in the requested format.",
                  "94.9% of the last 1,000 answers comply. Ongoing for 20m 0s. Affected: 30 requests in the last 1h.", {"route": "support"}),
    ),
    Case("a missed scrape does not put the page off", LOW, [KNOWN, *window("980x9 949x7 stale 949x90", "1000x17 stale 1000x90"), failures()], {"22m": 1}),
    Case("950 of 1,000 page nobody", LOW, [KNOWN, *window("980x9 950x100"), failures()], {"30m": 0, "60m": 0}),
    Case("a page stays at 955 and resolves above 960", LOW, [KNOWN, *window("949x20 955x20 961x40"), failures()],
         {"15m": 1, "35m": 1, "50m": 0}),
    Case("955 alone pages nobody", LOW, [KNOWN, *window("955x60"), failures()], {"40m": 0}),
    Case("a dip of five minutes pages nobody, though 955 follows", LOW, [KNOWN, *window("980x9 949x4 955x60"), failures()],
         {"12m": 0, "20m": 0, "40m": 0}),
    Case("999 calls judge nothing", LOW, [KNOWN, *window("800x60", "999x60"), failures()], {"30m": 0}),
    Case("999 calls are listed as warming up", "LLMFormatWarmingUp", [KNOWN, *window("800x60", "999x60"), failures()], {"30m": 1},
         text=Text("30m", "info", "quality", "support has too few format checks yet.", "999 of the 1,000 checks "
                                                                                         "needed.",
                   {"route": "support"})),
    Case("a window that fills is listed no more", "LLMFormatWarmingUp", [KNOWN, *window("400x30 990x30", "400x30 1000x30")],
         {"30m": 1, "35m": 0}),
    Case("a full window is not listed as warming up", "LLMFormatWarmingUp", [KNOWN, *window("990x60")], {"30m": 0}),
    Case("replicas are summed", LOW,
         [KNOWN, *window("470x60", "500x60"), *window("470x60", "500x60", "b"), failures()], {"20m": 1}),
    Case("without a failure in half an hour nobody is paged", LOW, [KNOWN, *window("949x100"), failures("0+1x9 9x100")],
         {"30m": 1, "50m": 0}),
    Case("no data is silent", LOW, [KNOWN], {"30m": 0}),
    Case(
        "a format that breaks pages at once and resolves when the last failure is half an hour old", BROKEN,
        [KNOWN, checks("0+5x140"), failures("0x30 4+4x49 200x80")], {"30m": 0, "45m": 0, "60m": 1, "110m": 1, "125m": 0},
        text=Text("75m", "page", "quality", "Most answers of support are not in the requested format.",
                  "80% of the answers of the last 10 or 30 minutes fail the format check. Ongoing for 26m 0s. "
                  "Affected: 180 requests in the last 1h.", {"route": "support"}),
    ),
    Case("three failures of three page nobody", BROKEN, [KNOWN, checks("0x9 3x60"), failures("0x9 3x60")], {"12m": 0}),
    Case("a third failing is not broken", BROKEN, [KNOWN, checks("0+6x60"), failures("0+2x60")], {"40m": 0}),
]


def test_behaves(case, report):
    assert not failed(case, CASES, report)
