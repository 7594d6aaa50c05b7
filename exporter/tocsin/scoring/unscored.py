"""Reasons why an answer gets no composite score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.accounting.deduplication import identity
from tocsin.call import OTHER, Call, Content

TOO_LATE: Final = "late"
"""The content of a call arrived after the call was counted as unscored."""
LEFT_OUT: Final = ("sampled_out", "overload", TOO_LATE)
CUT: Final = frozenset({"redacted", "truncated", "pointer"})
"""States of incomplete content: each is the reason why such an answer is not scored."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is deliberately not inspected."""

    share: float = 1.0
    """Share 0..1 of answers whose quality is scored; safety and format check all."""
    content_off: bool = False
    """Logging of content is declared off."""


def unscored_reason(call: Call, content: Content | None, sampling: Sampling, affordable: float) -> str | None:
    """Return why a call cannot be scored, None if it can. ``affordable``: share 0..1 of answers there is time for."""
    if sampling.content_off:
        return "off"
    if call.failure is not None:
        return "failed"
    if _answers_nothing(call):
        return "no_answer"
    if content is None:
        return "no_content"
    if content.state in CUT:
        return content.state
    if not content.output:
        calls = content.tools or call.finish_reason == "tool_calls"  # which some logs leave out
        return "tool_call" if calls else "empty" if is_empty(call, content) else "no_content"
    return left_out(call, sampling, affordable)


def left_out(call: Call, sampling: Sampling, affordable: float) -> str | None:
    """Return why an answer is not among those sampled for quality; None if it is."""
    if sampling.share * affordable < 1.0:
        drawn = identity(call.call_id) % 10_000 / 10_000
        if drawn >= sampling.share * affordable:
            return "sampled_out" if drawn >= sampling.share else "overload"
    return None


def _answers_nothing(call: Call) -> bool:
    """Return whether nothing was generated, as for embeddings and images; an empty answer has a finish reason."""
    said = call.content is not None and (call.content.output or call.content.tools)
    return call.output_tokens == 0 and call.finish_reason is None and not said


def is_empty(call: Call, content: Content) -> bool:
    """Return whether a model answered nothing, not even a tool call, but ended normally."""
    ended = call.failure is None and call.finish_reason in ("stop", "length", OTHER)
    return ended and content.state == "present" and content.output == "" and not content.tools
