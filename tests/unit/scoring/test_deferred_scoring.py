"""Deferred scoring: calls wait until the detectors are created, and large ones are inspected in a thread."""

import asyncio
import threading

import pytest

from scored import ANSWERS, DETECTORS, NOW, SSN, call, make, take, values
from tocsin import catalogue as cat
from tocsin.call import Content, Feedback, Message
from tocsin.scoring.inspection import LARGE
from tocsin.scoring.scoring import Scoring


class Where:
    """Notes in which thread answers are looked at."""

    name, tier, gates, roles = "hedge", 0, (), ANSWERS

    def __init__(self):
        self.threads = []

    def scan(self, subject, fired, report):
        self.threads.append(threading.current_thread())


async def finish(scoring: Scoring) -> None:
    rest = scoring._ledger.deferred
    while rest:
        await rest[0]()
        rest.popleft()


def deferring(**options) -> Scoring:
    scoring = make(**options)
    scoring.detectors = asyncio.Event()
    return scoring


async def test_feedback_waits_for_the_call_that_waits_for_its_detectors():
    scoring = take(deferring(), call(1))
    scoring.feedback(Feedback("f", call_id="call-1", flag="wrong"), NOW)
    early = values(scoring, cat.USER_FLAGS)
    scoring.detectors.set()
    await finish(scoring)
    assert (early, values(scoring, cat.FEEDBACK_UNMATCHED)) == ({}, {})
    assert values(scoring, cat.USER_FLAGS)["support", "wrong"] == 1


def test_a_call_without_content_does_not_wait_for_detectors():
    scoring = take(deferring(), call(1, output=None), call(2, output="fine"))
    assert len(scoring._ledger.deferred) == 1


def test_a_call_without_content_builds_no_detectors():
    assert take(deferring(detectors=None), call(1, output=None)).judge._made is None


@pytest.mark.parametrize(
    "content",
    [Content(output="x" * LARGE + SSN), Content(output=SSN, context=["x" * LARGE]), Content([Message("user", "x" * LARGE)], SSN)],
    ids=["answer", "context", "input"],
)
async def test_a_large_call_is_judged_in_a_thread_and_later_calls_wait(content):
    where = Where()
    scoring = deferring(detectors=[where, *DETECTORS])
    scoring.detectors.set()
    take(scoring, call(1, content=content), call(2, SSN), now=NOW)
    early = values(scoring, cat.VIOLATIONS)
    await finish(scoring)

    assert (early, values(scoring, cat.VIOLATIONS)) == ({}, {("pii", "true", "false", "false"): 2})
    assert [thread is threading.current_thread() for thread in where.threads] == [False, True]


async def test_a_call_of_ordinary_size_is_judged_at_once():
    scoring = deferring()
    scoring.detectors.set()
    take(scoring, call(1, "x" * (LARGE - 100) + SSN))

    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}
