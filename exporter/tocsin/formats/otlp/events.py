"""Log records of OTLP about calls: events of OpenTelemetry's conventions for GenAI, and of coding agents.

``gen_ai.client.inference.operation.details`` has the attributes of a call's span, its content and its end time, but no
duration; ``gen_ai.evaluation.result`` judges one (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/).
"""

from __future__ import annotations

import json
from typing import Final

from tocsin.call import NO_CALL, Event, Skip
from tocsin.formats.feedback import FeedbackFormat
from tocsin.formats.otlp import claude_code, codex, gemini_cli
from tocsin.formats.otlp.record import Record

_DETAILS: Final = "gen_ai.client.inference.operation.details"
_EVALUATION: Final = "gen_ai.evaluation.result"
_feedback = FeedbackFormat()


def judgement(record: Record) -> Event | None:
    """Return the judgement in a log record; None if it describes a call, as a span would.

    Raises:
        Skip: it is neither.
    """
    if isinstance(record.body, dict):  # some SDKs put the attributes into the body
        record.attributes = {**record.body, **record.attributes}
    name = record.event
    if name == _DETAILS and not gemini_cli.is_without_response(record):
        return None
    if any(agent.is_event(record) for agent in (claude_code, codex, gemini_cli)):
        return None
    if name != _EVALUATION:
        raise Skip(NO_CALL)
    feedback = {key: value for key, value in record.attributes.items() if key.startswith("gen_ai.")}
    feedback["trace_id"] = record.trace_id
    feedback["time"] = record.start / 1e9 if record.start else None
    return _feedback.parse(json.dumps(feedback).encode())
