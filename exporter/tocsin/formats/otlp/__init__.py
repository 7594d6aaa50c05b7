"""OTLP: OpenTelemetry traces and logs, from the instrumentation of calls to models and from the Collector.

An event is one span or one log record. Those that record no call to a model (``Skip("no_call")``: HTTP, databases,
agents, workflows, tools, and whatever else an application traces) are not events, and are counted separately.

https://opentelemetry.io/docs/specs/otlp/, https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""
