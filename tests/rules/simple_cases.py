"""The three cases that most alerts on a single signal need: fires, resolves, stays silent."""

from promtool import Case, Text, series

CALL = {"provider": "openai", "model": "gpt-4o", "route": "support"}
KNOWN = series("llm_route_info", "1x200", route="support", owner="team", tier="prod", traffic="live")
REQUESTS = series("llm_requests_total", "0+10x200", **CALL)


def simple(alert, fires, at, over, text, *, silent, labels=None, severity="ticket", category="exporter", owner="platform", action=None):
    """An alert that fires, resolves, and is silent in each of the other cases."""
    rows = fires if isinstance(fires, list) else [fires]
    return [
        Case(f"{alert} fires and resolves", alert, [KNOWN, *rows], {at: 1, over: 0},
             text=Text(at, severity, category, *text, labels or {}, owner=owner, action=action)),
        *(Case(f"{alert} is silent: {name}", alert, [KNOWN, *(other if isinstance(other, list) else [other])], {at: 0})
          for name, other in silent.items()),
    ]
