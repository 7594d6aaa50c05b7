"""Verdicts before delivery: what is answered, what is counted, once a call, and what overload gets."""

import asyncio
import json
import threading

import pytest

from guarded import DETECTORS, NOW, ROUTES, SECRET, Bench
from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call
from tocsin.config import parse
from tocsin.detectors.base import Subject
from tocsin.guard.check import RequestError
from tocsin.guard.guard import (
    ESCAPES_MAX,
    HUGE,
    LARGE,
    LARGE_WAITING,
    REPAIRED_MAX,
    VALUES_MAX,
    Guard,
    OverloadError,
    reason,
)
from tocsin.judge import Judge
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store
from tocsin.tasks import spawn


def test_check_answers_as_the_command_does():
    answer = Bench().check(b'{"id": "1", "text": "SSN 078-05-1120"}')

    assert (answer["verdict"], answer["redacted"], answer["findings"][0]["type"]) == ("block", "SSN [US_SSN]", "us_ssn")


def test_an_address_in_the_place_of_a_route_is_labelled_as_the_log_labels_it():
    bench = Bench()
    bench.check(b'{"id": "1", "text": "fine", "route": "jo@example.com"}')
    assert bench.values(cat.GUARD_REQUESTS) == {(bench.scoring.label("jo@example.com"), "allow"): 1}
    assert bench.scoring.label("jo@example.com") not in ("jo@example.com", "private")


def test_an_invalid_request_body_is_refused():
    with pytest.raises(RequestError):
        Bench().check(b"[1]")


def test_a_stream_counts_each_look_and_its_violation_once():
    bench = Bench()
    for text in ("your", "your SSN is", f"your SSN is {SECRET}", f"your SSN is {SECRET} and"):
        bench.litellm(text)

    assert bench.values(cat.GUARD_REQUESTS) == {("unknown", "allow"): 2, ("unknown", "block"): 2}
    assert bench.values(cat.VIOLATIONS) == {("unknown", "m", "unknown", "pii", "false", "false", "false"): 1}
    assert bench.values(cat.LAST_VIOLATION) == {}


def test_blocked_calls_are_remembered_across_a_restart():
    bench, again = Bench(), Bench()
    bench.litellm(SECRET)
    saved = {}
    for part, key, value in bench.scoring.changes():
        saved.setdefault(part, []).append((key, value))
    again.scoring.restore(saved)
    again.litellm(f"{SECRET} and more")

    assert again.values(cat.VIOLATIONS) == {}


def test_a_violation_is_counted_under_the_group_that_the_log_has_made():
    bench = Bench()
    bench.scoring._ledger._group(("openai", "m", "support"), succeeded=True)
    bench.check(b'{"id": "1", "text": "078-05-1120", "route": "support", "model": "m"}')

    assert list(bench.values(cat.VIOLATIONS)) == [("openai", "m", "support", "pii", "false", "false", "false")]


def test_a_byte_order_mark_before_a_request_is_ignored():
    assert Bench().check(b'\xef\xbb\xbf{"text": "x"}')["verdict"] == "allow"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7"])
def test_json_in_another_encoding_is_refused_without_its_content(encoding):
    with pytest.raises(RequestError) as refused:
        Bench().check('{"text": "hush", "id": "\u00e9"}'.encode(encoding)[: None if encoding != "utf-7" else -1])
    assert "hush" not in str(refused.value)


def test_overload_passes_unseen_where_the_route_fails_open():
    bench = Bench(admit=lambda: False)
    answer = bench.check(b'{"id": "1", "text": "078-05-1120"}')

    assert (answer["verdict"], answer["shed"], answer["scanned"]) == ("allow", True, [])
    assert bench.litellm(SECRET) == {"action": "NONE"}
    assert bench.values(cat.GUARD_SHED) == {("unknown",): 2}
    assert bench.values(cat.GUARD_REQUESTS) == {}


def test_overload_refuses_where_the_route_fails_closed():
    bench = Bench(admit=lambda: False)
    with pytest.raises(OverloadError):
        bench.check(b'{"id": "1", "text": "x", "route": "closed"}')
    assert bench.values(cat.GUARD_SHED) == {("closed",): 1}


def test_a_text_too_long_to_check_is_overload():
    assert Bench().check(b'{"text": "%s"}' % (b"x" * 1_100_000))["shed"] is True


def test_invented_routes_share_one_series():
    bench = Bench()
    for i in range(300):
        bench.check(b'{"text": "x", "route": "r%d"}' % i)

    assert len({labels[0] for labels in bench.values(cat.GUARD_REQUESTS)}) == 201


def test_guard_only_mode_counts_once_per_call():
    bench = Bench(standalone=True)
    for _ in range(3):
        bench.litellm("x", call="c9")

    assert bench.values(cat.GUARD_SCANNED) == {("unknown",): 1}


def test_the_latency_is_counted_by_route():
    ticks = iter([1.0, 1.004])
    bench = Bench(timer=lambda: next(ticks))
    bench.check(b'{"text": "x"}')

    assert bench.values(cat.GUARD_DURATION)[("unknown",)] == pytest.approx(0.004)


def test_the_latency_of_each_of_many_requests_between_two_commits_is_counted():
    bench = Bench()
    for _ in range(100):
        bench.check(b'{"text": "x"}')
    bench.scoring.publish(NOW)

    assert sum(bench.scoring._ledger.store.rows[cat.GUARD_DURATION]["unknown",].values[1:]) == 100


def test_quality_is_checked_before_delivery_only_if_it_decides():
    bench = Bench()
    bench.scoring.judge = Judge(parse(b"routes: [{match: {route: strict}, guard: {refusal: block}}]"))
    refusal = "I'm sorry, but I cannot help with that request."

    assert bench.litellm(refusal)["action"] == "NONE"
    assert bench.litellm(refusal, additional_provider_specific_params={"route": "strict"})["action"] == "BLOCKED"
    assert "refusal" not in bench.guard._judge.judge_for_delivery(Subject(refusal), bench.guard._judge.rules("x")).report.scanned


@pytest.mark.parametrize(("route", "failure"), [("unguarded", None), ("redacting", "timeout")])
def test_no_more_is_seen_than_should_be_where_the_log_is_faster(route, failure):
    bench = Bench()
    call = Call("id", "c1", "openai", "m", route, NOW)
    call.failure = failure
    bench.scoring.count(call, bench.scoring._ledger.count(call, NOW), NOW)
    bench.litellm("fine", call="c1")

    assert (bench.values(cat.GUARD_ELIGIBLE), bench.values(cat.GUARD_SCANNED)) == ({}, {})


def test_the_reason_names_each_kind_once():
    assert reason([]) == "Blocked by Tocsin: "


def test_a_check_after_the_log_record_counts_as_coverage():
    bench = Bench()
    call = Call("id", "c1", "openai", "m", "redacting", NOW)
    bench.scoring.count(call, bench.scoring._ledger.count(call, NOW), NOW)
    bench.litellm("fine", call="c1")

    assert (bench.values(cat.GUARD_ELIGIBLE), bench.values(cat.GUARD_SCANNED)) == ({("redacting",): 1}, {("redacting",): 1})


def test_label_sets_first_counted_by_the_guard_are_not_old():
    bench = Bench()
    bench.litellm(SECRET, call="c1")
    bench.values(cat.VIOLATIONS)
    bench.scoring._ledger.count(Call("id", "c2", "openai", "x", "y", NOW), NOW)
    list(bench.scoring._ledger.changes())

    assert list(bench.values(cat.VIOLATIONS)) == [("unknown", "m", "unknown", "pii", "false", "false", "false")]


class Slow:
    """Looks at a text until it is let go, if it is of at least so many characters."""

    name, tier, gates, roles = "pii", 0, (), frozenset({"assistant"})

    def __init__(self, least=0):
        self.go_on = threading.Event()
        self.threads = set()
        self.guard = Guard(Scoring(Ledger(Store(), Settings()), Judge(parse(ROUTES), [self])))
        self._least = least

    def scan(self, subject, fired, report):
        self.threads.add(threading.current_thread())
        assert len(subject.text) < self._least or self.go_on.wait(60)

    async def check(self, size, **fields):
        try:
            case = self.guard.check(json.dumps({"text": "x" * size, **fields}).encode())
        except OverloadError as overload:
            return overload.passed
        return self.guard.decide(case) if case.size <= LARGE else await self.guard.decide_in_turn(case)


async def test_a_large_text_blocks_nobody_and_too_many_are_overload():
    slow = Slow()

    looks = [spawn(slow.check(LARGE_WAITING // 4), name="look") for _ in range(4)]
    await asyncio.sleep(0)
    further = await slow.check(LARGE + 1)
    slow.go_on.set()
    answers = await asyncio.gather(*looks)

    assert further["shed"] is True
    assert ["shed" in answer for answer in answers] == [False] * 4
    assert threading.current_thread() not in slow.threads


async def test_no_large_text_waits_for_a_huge_one():
    slow = Slow(least=HUGE)

    huge = spawn(slow.check(HUGE + 1), name="look")
    await asyncio.sleep(0)
    large = await slow.check(LARGE + 1)
    slow.go_on.set()

    assert (large["verdict"], (await huge)["verdict"]) == ("allow", "allow")


@pytest.mark.parametrize(
    "fields",
    [{"context": ["x" * LARGE]}, {"system_prompt": "x" * LARGE}, {"question": "x" * LARGE}, {"input": "x" * LARGE}],
    ids=lambda fields: next(iter(fields)),
)
async def test_context_and_schema_count_towards_the_size_of_a_text(fields):
    slow = Slow(least=LARGE)

    await slow.check(1, **fields)

    assert threading.current_thread() not in slow.threads


async def test_a_small_body_is_checked_at_once():
    slow = Slow(least=LARGE)

    await slow.check(LARGE // 2 - 100, input="x" * (LARGE // 2 - 100))

    assert slow.threads == {threading.current_thread()}


def test_null_fields_count_as_absent_in_bodies_of_any_size():
    body = b'{"role": null, "route": null, "text": "SSN 078-05-1120 %b"}' % (b"x" * REPAIRED_MAX)

    assert Bench().check(body)["verdict"] == "block"


def test_a_value_of_the_wrong_type_in_a_large_body_is_named():
    with pytest.raises(RequestError, match="role"):
        Bench().check(b'{"role": 5, "text": "%b"}' % (b"x" * REPAIRED_MAX))


@pytest.mark.parametrize(("size", "is_read"), [(REPAIRED_MAX - 100, True), (REPAIRED_MAX, False)])
def test_only_bodies_of_some_size_are_repaired(size, is_read):
    body = b'{"text": "%b \\ud800"}' % (b"x" * size)

    if is_read:
        assert Bench().check(body)["verdict"] == "allow"
    else:
        with pytest.raises(RequestError, match="strict JSON"):
            Bench().check(body)


@pytest.mark.parametrize(
    "more",
    [b'"input": [%b 1]' % (b"1," * VALUES_MAX), b'"more": "%b"' % (b"\\u0031" * (ESCAPES_MAX + 1))],
    ids=["values", "escapes"],
)
def test_a_body_that_cannot_be_decoded_in_a_moment_is_refused(more):
    body = b'{"text": "x", "texts": ["x"], "input": "x", %b}' % more

    for contract in (Bench().check, Bench().raw_litellm, Bench().moderations):
        with pytest.raises(RequestError, match="more than"):
            contract(body)


class Model:
    """A detector that takes its time, and says whether it was asked: what it raised would be counted and no more."""

    name, tier, gates, roles = "topic", 2, (), frozenset({"assistant"})

    def scan(self, subject, fired, report):
        report.scores[self.name] = 1.0


def test_nobody_waits_for_a_model():
    guard = Guard(Scoring(Ledger(Store(), Settings()), Judge(parse(ROUTES), [*DETECTORS, Model()])))

    answer = guard.decide(guard.check(b'{"text": "fine", "question": "how?"}'))

    assert (answer["scanned"], answer["scores"]["topic"]) == (["pii", "toxicity"], None)
