"""Events counted against the gateway's own counter: a rule that is there only where the counter is named."""

from promtool import Case, Text, compiled, failed, series
from shipped import ALERTS

GROUPS = ("exporter-blindness",)
RULES = compiled(exporter__gatewayCounter="gateway_requests_total")
INCOMPLETE = "TocsinEventsIncomplete"
TOGETHER = False  # the gateway's counter is one of all fleets


def counted(values, instance="a"):
    return series("llm_requests_total", values, instance, provider="openai", model="gpt-4o", route="support")


def sent(values):
    return {"series": 'gateway_requests_total{job="litellm"}', "values": values}


CASES = [
    Case("a twentieth that never arrived is a ticket, and resolves", INCOMPLETE, [counted("0+19x120 2300+20x120"), sent("0+20x300")],
         {"10m": 0, "80m": 1, "200m": 0},
         text=Text("90m", "ticket", "exporter", "Tocsin does not receive all requests of the gateway.",
                   "95% of the requests that the gateway counted in the last hour arrived here.", owner="platform")),
    Case("nothing that arrives is a ticket", INCOMPLETE, [sent("0+20x120")], {"80m": 1}),
    Case("one of a hundred missing is none", INCOMPLETE, [counted("0+99x120"), sent("0+100x120")], {"80m": 0, "110m": 0}),
    Case("replicas are summed", INCOMPLETE, [counted("0+50x120"), counted("0+50x120", "b"), sent("0+100x120")], {"80m": 0}),
    Case("a gateway with 60 requests an hour is not judged", INCOMPLETE, [counted("0x120"), sent("0+1x120")], {"80m": 0}),
    Case("a gateway that is not scraped is not judged", INCOMPLETE, [counted("0+20x120")], {"80m": 0}),
    Case("a gateway that restarts is none", INCOMPLETE, [counted("0+20x200"), sent("0+20x60 0+20x100")], {"70m": 0, "90m": 0, "130m": 0}),
]  # fmt: skip


def test_behaves(case, report):
    assert not failed(case, CASES, report)


def test_the_rule_is_not_there_by_default():
    assert INCOMPLETE not in {rule["alert"] for rule in ALERTS}
