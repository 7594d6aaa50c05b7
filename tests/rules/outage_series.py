"""Input series of routes whose requests fail, hang or stop."""

from promtool import series

CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
MODEL = {"provider": "openai", "model": "gpt-4o"}
FAILING, DEAD, STILL, REFUSED = "LLMRequestsFailing", "LLMNoSuccess", "LLMStillNoSuccess", "LLMRequestsRefused"


def info(steps=700, **labels):
    return series("llm_route_info", f"1x{steps}", **{"route": "support", "owner": "team", "tier": "prod", "traffic": "live", **labels})


def requests(values, **labels):
    return series("llm_requests_total", values, **{**CALL, **labels})


def failures(values, reason="provider_5xx", **labels):
    return series("llm_request_failures_total", values, **{**CALL, **labels}, reason=reason)


def recovered(values, **labels):
    return series("llm_requests_recovered_total", values, **{**CALL, **labels})


def recovered_other(values):
    return series("llm_requests_recovered_other_total", values, **CALL)


def late(values, **labels):
    return series("llm_late_requests_total", values, **CALL, **labels)


def late_failures(values, **labels):
    return series("llm_late_request_failures_total", values, **CALL, **labels, reason="provider_5xx")


def pod(life, total, failed, **labels):
    """An exporter with late failures of long ago; ``life`` are the values of constant series."""
    return [
        series("tocsin_build_info", life % 1, **labels), info(**labels), requests(total, **labels), failures(failed, **labels),
        late(life % 300, **labels), late_failures(life % 300, **labels),
    ]


STEADY = "0+40x600"
FALLING = " ".join(str(400 * minute - minute * minute) for minute in range(180))  # from 400 a minute to 40
