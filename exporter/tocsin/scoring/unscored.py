"""Why an answer gets no composite score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.accounting.deduplication import identity
from tocsin.call import OTHER, Call, Content

TOO_LATE: Final = "late"
"""The words of a call that was counted as unscored came after that."""
LEFT_OUT: Final = ("sampled_out", "overload", TOO_LATE)
CUT: Final = frozenset({"redacted", "truncated", "pointer"})
"""States of content that is not whole: an answer is not scored for the reason that they name."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is not looked at, by choice."""

    share: float = 1.0
    """Share 0..1 of answers whose quality is scored; safety and format see all."""
    content_off: bool = False
    """Content is declared not to be logged."""


def unscored_reason(call: Call, content: Content | None, sampling: Sampling, affordable: float) -> str | None:
    """Say why a call cannot be scored; None when it can. ``affordable``: share 0..1 of answers there is time for."""
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
        return "tool_call" if content.tools else "empty" if is_empty(call, content) else "no_content"
    return left_out(call, sampling, affordable)


def left_out(call: Call, sampling: Sampling, affordable: float) -> str | None:
    """Say why an answer is not among those whose quality is judged; None when it is."""
    if sampling.share * affordable < 1.0:
        drawn = identity(call.call_id) % 10_000 / 10_000
        if drawn >= sampling.share * affordable:
            return "sampled_out" if drawn >= sampling.share else "overload"
    return None


def _answers_nothing(call: Call) -> bool:
    """Tell whether nothing was generated and nothing ended: embeddings, pictures. An empty answer ends."""
    said = call.content is not None and (call.content.output or call.content.tools)
    return call.output_tokens == 0 and call.finish_reason is None and not said


def is_empty(call: Call, content: Content) -> bool:
    """Tell whether a model answered nothing, not even a call of a tool, and ended as if it had."""
    ended = call.failure is None and call.finish_reason in ("stop", "length", OTHER)
    return ended and content.state == "present" and content.output == "" and not content.tools
