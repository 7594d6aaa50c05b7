"""Inspection: everything the judge is asked about the content of one call, before anything is counted.

An inspection changes no counts, so a long one can run in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.call import UNKNOWN, Call, Content
from tocsin.detectors.base import ARGUMENTS, Subject
from tocsin.formats.texts import question_of
from tocsin.judge import Judge, Opinion, RouteRules, merged
from tocsin.tool_arguments import readable

LARGE: Final = 16 << 10
"""Characters above which a call is inspected in a thread, so that it blocks nobody: a crafted text takes 3 ms per
thousand. An ordinary call of this size takes 2 ms, less than a thread blocks the event loop at a time."""
_INPUT_MESSAGES: Final = 16
"""Newest messages of the input that are searched for injections."""


class Inspection(msgspec.Struct, gc=False, frozen=True):
    """The result of inspecting one call."""

    answer: Opinion | None = None
    """None if there is no text."""
    arguments: Opinion | None = None
    """Opinion on the arguments of its tool calls; None if there are none."""
    attempts: Sequence[tuple[str, Opinion]] = ()
    """Findings in new parts of the input, or texts that could not be read in full, with the role of their author."""
    fits: Sequence[bool | None] = ()
    """Whether the arguments of each call to a strict tool conform to its schema; None: the schema is unusable."""


def inspect(judge: Judge, call: Call, content: Content, rules: RouteRules, *, scored: bool) -> Inspection:
    """Inspect a call.

    An answer that is not to be ``scored`` is still judged by the checks that must see every answer: safety and format.
    """
    answer = None
    if content.output:
        subject = _subject(call, content, rules)
        answer = judge.judge(subject, rules) if scored else judge.judge_unsampled(subject, rules)
    arguments = None
    if handed_over := [readable(tool.arguments) for tool in content.tools if tool.arguments]:
        subject = Subject("\n".join(handed_over), ARGUMENTS, call.route, input=content.input, context=content.context)
        arguments = judge.judge(subject, rules)
    attempts: Sequence[tuple[str, Opinion]] = ()
    # In this order: no conversation is read if the detector is disabled, and no detector is made if there is no text.
    if "injection" not in rules.off and (content.input or content.context) and judge.finds_attempts(rules):
        attempts = _attempts(judge, call, content, rules)
    fits: Sequence[bool | None] = ()
    if call.expect is not None and (schemas := call.expect.tools) and call.failure is None:
        fits = [
            judge.fits(tool.arguments, schemas[tool.name])
            for tool in content.tools if tool.arguments is not None and tool.name in schemas
        ]  # fmt: skip
    return Inspection(answer, arguments, attempts, fits)


def says_something(content: Content) -> bool:
    """Return whether there is any text for a detector."""
    return bool(content.output or content.input or content.context or content.tools)


def characters(content: Content) -> int:
    """Return how many characters an inspection reads at most."""
    return (
        len(content.output or "")
        + sum([len(message.text) for message in content.input])
        + sum(map(len, content.context))
        + sum([len(tool.arguments or "") for tool in content.tools])
    )


def _subject(call: Call, content: Content, rules: RouteRules) -> Subject:
    said = content.input
    question = system = None
    if rules.max_tier > 0:  # no detector of tier 0 reads them, and a conversation may be long
        question = question_of(said)
        system = "\n".join([message.text for message in said if message.role == "system"]) or None
    return Subject(
        content.output or "",
        "assistant",
        call.route if call.route != UNKNOWN else "",
        question,
        said,
        content.context,
        system,
        rules.expect if call.expect is None else merged(call.expect, rules.expect),
        (),
        content.logprobs,
        call.finish_reason,
    )


def _attempts(judge: Judge, call: Call, content: Content, rules: RouteRules) -> list[tuple[str, Opinion]]:
    """Search the new part of the input: what precedes the last answer was new in an earlier call."""
    fresh: list[tuple[str, str]] = [("document", text) for text in content.context[:_INPUT_MESSAGES]]
    for message in reversed(content.input[-_INPUT_MESSAGES:]):
        if message.role == "assistant":
            break
        if message.role in ("user", "tool", "document"):
            fresh.append((message.role, message.text))
    found: set[str] = set()
    opinions = []
    for role, text in fresh:
        if role in found or not text:
            continue
        opinion = judge.attempt(Subject(text, role, call.route), rules)
        if opinion.judged:
            found.add(role)
        if opinion.judged or opinion.report.failed or opinion.report.capped:
            opinions.append((role, opinion))
    return opinions
