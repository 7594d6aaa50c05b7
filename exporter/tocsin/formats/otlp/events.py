"""Log records of OTLP that tell of calls: events of OpenTelemetry's conventions for GenAI, and of coding agents.

``gen_ai.client.inference.operation.details`` tells of a call what its span does, with the words, and when it ended, not
how long it took; ``gen_ai.evaluation.result`` judges one (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/).
"""

from __future__ import annotations

import json
from typing import Final

from tocsin.call import NO_CALL, Event, Skip
from tocsin.formats.feedback import FeedbackFormat
from tocsin.formats.otlp import claude_code, codex, gemini_cli
from tocsin.formats.otlp.record import Record

_DETAILS: Final = "gen_ai.client.inference.operation.details"
_JUDGED: Final = "gen_ai.evaluation.result"
_feedback = FeedbackFormat()


def told(record: Record) -> Event | None:
    """Return the judgement that a log record tells; None where it tells of a call, as a span would.

    Raises:
        Skip: it tells of neither.
    """
    if isinstance(record.body, dict):  # where some SDKs put what others have as attributes
        record.attributes = {**record.body, **record.attributes}
    name = record.event
    if name == _DETAILS and not gemini_cli.is_silent(record):
        return None
    if any(agent.is_event(record) for agent in (claude_code, codex, gemini_cli)):
        return None
    if name != _JUDGED:
        raise Skip(NO_CALL)
    judged = {key: value for key, value in record.attributes.items() if key.startswith("gen_ai.")}
    judged["trace_id"] = record.trace_id
    judged["time"] = record.start / 1e9 if record.start else None
    return _feedback.parse(json.dumps(judged).encode())
