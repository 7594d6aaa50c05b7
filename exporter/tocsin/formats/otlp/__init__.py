"""OTLP: traces and logs of OpenTelemetry, as instrumentation of calls to models and the Collector send and write them.

An event is one span, or one log record. What tells of no call to a model (``Skip("no_call")``: HTTP, databases, agents,
workflows, tools, and whatever else an application traces) is none, and is counted apart.

https://opentelemetry.io/docs/specs/otlp/, https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""
