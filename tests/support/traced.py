"""Spans of OTLP with given attributes, and what the formats read of them."""

import json

from tocsin import formats
from tocsin.intake import records


def attribute(key, value):
    """An attribute of OTLP's JSON."""
    kind = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}[type(value)]
    return {"key": key, "value": {kind: str(value) if type(value) is int else value}}


def span(resource=(), scope="", **attributes):
    """The event of one span with these attributes; what begins with an underscore is of the span itself."""
    own = {name[1:]: attributes.pop(name) for name in list(attributes) if name.startswith("_")}
    inner = {"traceId": "a" * 32, "spanId": "b" * 16, "attributes": [attribute(*item) for item in attributes.items()], **own}
    request = {"resourceSpans": [{
        "resource": {"attributes": [attribute(*item) for item in dict(resource).items()]},
        "scopeSpans": [{"scope": {"name": scope}, "spans": [inner]}],
    }]}  # fmt: skip
    (record,) = records(json.dumps(request).encode())
    return formats.get("auto", content=True).parse(record)


def chat(resource=(), scope="", **attributes):
    """The event of a span that is a call, with additional attributes."""
    return span(resource, scope, **{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **attributes})
