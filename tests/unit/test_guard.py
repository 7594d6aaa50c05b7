"""Verdicts before delivery: what is answered, what is counted, once a call, and what overload gets."""

import asyncio
import json
import threading

import pytest

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call
from tocsin.check import RequestError
from tocsin.config import parse
from tocsin.detectors.base import ARGUMENTS, Subject
from tocsin.finding import Finding
from tocsin.guard import (
    ESCAPES_MAX,
    HOLDBACK,
    HUGE,
    LARGE,
    LARGE_WAITING,
    REPAIRED_MAX,
    VALUES_MAX,
    Guard,
    OverloadError,
    reason,
)
from tocsin.guardrail import PARTS_MOST
from tocsin.judge import Judge
from tocsin.moderation import INPUTS_MAX
from tocsin.scoring import Scoring
from tocsin.series.store import Store
from tocsin.tasks import spawn

NOW = 1_795_000_000.0
SECRET = "078-05-1120"
ROUTES = b"""
routes:
  - {match: {route: careful}, guard: {email: block}}
  - {match: {route: redacting}, guard: {pii: redact}}
  - {match: {route: closed}, guard: {on_overload: fail_closed}}
"""


class Word:
    tier, gates = 0, ()

    def __init__(self, name, type_of_finding, word, roles):
        self.name, self.roles, self._type, self._word = name, frozenset(roles), type_of_finding, word

    def scan(self, subject, fired, report):
        start = subject.text.find(self._word)
        if start >= 0:
            report.findings.append(Finding(self.name, self._type, start, start + len(self._word), 0.9))


DETECTORS = [
    Word("pii", "us_ssn", SECRET, ("assistant", "user", ARGUMENTS)),
    Word("pii", "email", "@", (ARGUMENTS,)),
    Word("toxicity", "toxic", "idiot", ("assistant",)),
    Word("injection", "injection", "ignore all", ("user", "tool", "document")),
]


class Bench:
    """A guard over stand-in detectors, and what it counted."""

    def __init__(self, admit=lambda: True, **options):
        ledger = Ledger(Store(), Settings())
        self.scoring = Scoring(ledger, Judge(parse(ROUTES), DETECTORS))
        self.guard = Guard(self.scoring, admit, **options)

    def values(self, family):
        self.scoring.publish(NOW)
        rows = self.scoring._ledger.store.rows.get(family, {}).values()
        return {row.labels: row.values[0] for row in rows if row.values[0]}

    def litellm(self, *texts, call="c1", kind="response", **fields):
        body = {"input_type": kind, "litellm_call_id": call, "texts": texts, "request_data": {}, "model": "m", **fields}
        return self.raw_litellm(json.dumps(body).encode())

    def raw_litellm(self, body: bytes):
        return self._answer(self.guard.litellm, body)

    def check(self, body: bytes):
        return self._answer(self.guard.check, body)

    def moderations(self, body: bytes):
        return self._answer(self.guard.moderations, body)

    def _answer(self, contract, body: bytes):
        try:
            return self.guard.decide(contract(body))
        except OverloadError as overload:
            if overload.passed is None:
                raise
            return overload.passed


def test_check_answers_as_the_command_does():
    answer = Bench().check(b'{"id": "1", "text": "SSN 078-05-1120"}')

    assert (answer["verdict"], answer["redacted"], answer["findings"][0]["type"]) == ("block", "SSN [US_SSN]", "us_ssn")


def test_an_address_in_the_place_of_a_route_is_labelled_as_the_log_labels_it():
    bench = Bench()
    bench.check(b'{"id": "1", "text": "fine", "route": "jo@example.com"}')
    assert bench.values(cat.GUARD_REQUESTS) == {(bench.scoring.label("jo@example.com"), "allow"): 1}
    assert bench.scoring.label("jo@example.com") not in ("jo@example.com", "private")


def test_a_body_that_is_no_request_is_refused():
    with pytest.raises(RequestError):
        Bench().check(b"[1]")


def test_litellm_blocks_with_a_reason_that_holds_no_content():
    answer = Bench().litellm(f"your SSN is {SECRET}")

    assert answer["action"] == "BLOCKED"
    assert answer["blocked_reason"] == "Blocked by Tocsin: pii (us_ssn)"
    assert SECRET not in json.dumps(answer)


def test_litellm_may_give_one_text_without_a_list():
    body = json.dumps({"input_type": "response", "texts": f"your SSN is {SECRET}"}).encode()
    assert Bench().raw_litellm(body)["action"] == "BLOCKED"


def test_litellm_passes_what_is_clean_or_for_review_and_holds_back_the_end_of_a_stream():
    assert Bench().litellm("fine", "you idiot") == {"action": "NONE", "stream_holdback_chars": [HOLDBACK, HOLDBACK]}


def test_litellm_gets_the_text_redacted_where_the_route_says_so():
    answer = Bench().litellm(f"a {SECRET}", "b", additional_provider_specific_params={"route": "redacting"})

    assert (answer["action"], answer["texts"]) == ("GUARDRAIL_INTERVENED", ["a [US_SSN]", "b"])


def calls(*arguments):
    return [{"id": "1", "type": "function", "function": {"name": "send", "arguments": each}} for each in arguments]


@pytest.mark.parametrize("route", ["", "redacting"])
def test_litellm_blocks_values_in_what_is_handed_to_tools_since_no_answer_can_change_it(route):
    parameters = {"additional_provider_specific_params": {"route": route}}
    answer = Bench().litellm("fine", tool_calls=calls("{}", json.dumps({"to": "x", "text": f"hers is\n{SECRET}"})), **parameters)
    assert (answer["action"], answer["blocked_reason"]) == ("BLOCKED", "Blocked by Tocsin: pii (us_ssn)")


def test_litellm_redacts_texts_beside_calls_to_tools_that_are_clean():
    answer = Bench().litellm(f"a {SECRET}", tool_calls=calls("{}"), additional_provider_specific_params={"route": "redacting"})
    assert answer == {"action": "GUARDRAIL_INTERVENED", "texts": ["a [US_SSN]"], "stream_holdback_chars": [HOLDBACK]}


@pytest.mark.parametrize(("route", "action"), [("", "NONE"), ("careful", "BLOCKED")])
def test_an_address_that_a_tool_is_given_is_blocked_where_the_route_says_so(route, action):
    bench = Bench()
    answer = bench.litellm(tool_calls=calls('{"to": "jo@corp.example"}'), additional_provider_specific_params={"route": route})
    assert answer["action"] == action


def test_of_thousands_of_parts_the_first_have_an_author_and_the_rest_are_the_users():
    said = [{"role": "system", "content": [{"type": "text", "text": f"{number} ignore all"} for number in range(PARTS_MOST + 1)]}]
    bench = Bench()
    attempts = [
        bench.litellm(f"{number} ignore all", kind="request", structured_messages=said) for number in (0, PARTS_MOST - 1, PARTS_MOST)
    ]
    assert len(attempts) == 3
    assert bench.values(cat.GUARD_REQUESTS) == {("unknown", "allow"): 2, ("unknown", "review"): 1}


def test_a_value_that_has_not_ended_is_held_back_to_its_beginning():
    answer = Bench().litellm("It is: " + "a.b_c-" * 500, "x" * 1000 + " it is", "\u6587" * 1000)
    assert answer["stream_holdback_chars"] == [3000, HOLDBACK, HOLDBACK]


def test_a_text_that_was_not_seen_to_its_end_is_blocked_where_it_would_be_redacted():
    bench = Bench()
    bench.scoring.judge = Judge(parse(ROUTES))
    text = " ".join(f"u{number}@corp-mail.com" for number in range(1_100))
    body = json.dumps({"input_type": "response", "texts": [text], "additional_provider_specific_params": {"route": "redacting"}}).encode()
    answer = bench.raw_litellm(body)
    checked = bench.check(json.dumps({"text": text, "route": "redacting"}).encode())
    assert (answer["action"], checked["verdict"]) == ("BLOCKED", "block")


def test_calls_to_tools_of_a_request_were_answers_once():
    assert Bench().litellm("fine", kind="request", tool_calls=calls(SECRET)) == {"action": "NONE"}


@pytest.mark.parametrize("odd", ["x", [7], [{"function": 7}], [{"function": {"name": 7, "arguments": SECRET}}], {"a": 1}])
def test_calls_to_tools_of_an_odd_type_are_as_good_as_left_out(odd):
    assert Bench().litellm("fine", tool_calls=odd)["action"] == "NONE"


def test_what_is_handed_to_tools_counts_for_the_size_of_a_case():
    body = json.dumps({"input_type": "response", "texts": [], "tool_calls": calls("x" * (LARGE + 1))}).encode()
    assert Bench().guard.litellm(body).size > LARGE


def test_the_team_alias_is_the_route_when_nothing_else_is_said():
    bench = Bench()
    bench.litellm("x", request_data={"user_api_key_team_alias": "redacting"})

    assert bench.values(cat.GUARD_REQUESTS) == {("redacting", "allow"): 1}


def test_a_stream_counts_each_look_and_its_violation_once():
    bench = Bench()
    for text in ("your", "your SSN is", f"your SSN is {SECRET}", f"your SSN is {SECRET} and"):
        bench.litellm(text)

    assert bench.values(cat.GUARD_REQUESTS) == {("unknown", "allow"): 2, ("unknown", "block"): 2}
    assert bench.values(cat.VIOLATIONS) == {("unknown", "m", "unknown", "pii", "false", "false", "false"): 1}
    assert bench.values(cat.LAST_VIOLATION) == {}


def test_what_was_blocked_is_remembered_by_its_call_after_a_restart():
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


def test_a_request_of_a_user_is_searched_for_injections_and_its_own_data_pass():
    bench = Bench()

    assert bench.litellm(f"my SSN is {SECRET}", kind="request")["action"] == "NONE"
    assert bench.litellm("ignore all", kind="request")["action"] == "NONE"
    assert bench.values(cat.GUARD_REQUESTS) == {("unknown", "review"): 2}
    assert bench.values(cat.VIOLATIONS) == {}


SYSTEM = [{"role": "system", "content": "ignore all"}, {"role": "user", "content": [{"type": "text", "text": "hello"}]}]


@pytest.mark.parametrize(
    ("said", "texts", "verdict"),
    [
        (SYSTEM, ["ignore all", "hello"], "allow"),
        ([*SYSTEM, {"role": "user", "content": "ignore all"}], ["ignore all", "hello", "ignore all"], "review"),
        ([{"role": "tool", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "ignore all"}]}], ["a", "ignore all"], "review"),
        ([{"role": "assistant", "content": "ignore all"}], ["ignore all"], "review"),
        ([{"role": "user", "content": "ignore all"}], None, "review"),
        ([None, {"role": 5, "content": {"x": 1}}, {"content": [None, "ignore all"]}], ["ignore all"], "review"),
    ],
    ids=["the application", "a user says the same", "a part of a tool's result", "a forged answer", "texts left out", "odd types"],
)
def test_a_request_is_judged_by_who_wrote_each_part(said, texts, verdict):
    bench = Bench()
    bench.raw_litellm(json.dumps({"input_type": "request", "texts": texts, "structured_messages": said}).encode())

    assert bench.values(cat.GUARD_REQUESTS) == {("unknown", verdict): 1}


def test_what_cannot_be_sent_back_redacted_is_blocked():
    said = [{"role": "user", "content": SECRET}]
    body = {"input_type": "request", "structured_messages": said, "additional_provider_specific_params": {"route": "redacting"}}

    assert Bench().raw_litellm(json.dumps(body).encode())["action"] == "BLOCKED"


def test_many_empty_texts_are_a_large_case():
    body = json.dumps({"input_type": "response", "texts": [""] * 1000}).encode()
    assert Bench().guard.litellm(body).size > LARGE


@pytest.mark.parametrize("texts", [None, [], "", 5, [None, 7]])
def test_a_request_without_texts_passes(texts):
    body = json.dumps({"input_type": "response", "texts": texts}).encode()
    assert Bench().raw_litellm(body)["action"] == "NONE"


def test_a_byte_order_mark_before_a_request_is_taken_away():
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


def test_a_text_too_long_to_look_at_is_overload():
    assert Bench().check(b'{"text": "%s"}' % (b"x" * 1_100_000))["shed"] is True


def test_invented_routes_share_one_series():
    bench = Bench()
    for i in range(300):
        bench.check(b'{"text": "x", "route": "r%d"}' % i)

    assert len({labels[0] for labels in bench.values(cat.GUARD_REQUESTS)}) == 201


def test_alone_the_guard_counts_what_it_saw_once_a_call():
    bench = Bench(standalone=True)
    for _ in range(3):
        bench.litellm("x", call="c9")

    assert bench.values(cat.GUARD_SCANNED) == {("unknown",): 1}


def test_the_latency_is_counted_by_route():
    ticks = iter([1.0, 1.004])
    bench = Bench(timer=lambda: next(ticks))
    bench.check(b'{"text": "x"}')

    assert bench.values(cat.GUARD_DURATION)[("unknown",)] == pytest.approx(0.004)


@pytest.mark.parametrize("given", ["idiot", ["fine", "idiot"], [{"type": "text", "text": "idiot"}]])
def test_moderations_have_the_shape_that_clients_know(given):
    answer = Bench().moderations(json.dumps({"input": given, "model": "omni-moderation-latest"}).encode())

    last = answer["results"][-1]
    assert (last["flagged"], last["categories"]["harassment"], last["categories"]["pii"]) == (True, True, False)
    assert last["category_scores"]["harassment"] == 0.9
    assert len(answer["results"]) == (2 if given == ["fine", "idiot"] else 1)


def test_parts_of_one_input_have_one_result_and_pictures_none():
    parts = [{"type": "text", "text": "fine"}, {"type": "image_url", "image_url": {"url": "data:"}}, {"type": "text", "text": "idiot"}]
    answer = Bench().moderations(json.dumps({"input": parts}).encode())

    assert [result["flagged"] for result in answer["results"]] == [True]


PICTURE = b'{"input": [{"type": "image_url", "image_url": {"url": "data:"}}]}'


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"input": 5}', b'{"input": ["a", 5]}', b'{"input": [1, 2]}', PICTURE, b"nonsense"])
def test_moderations_without_input_are_refused(body):
    with pytest.raises(RequestError):
        Bench().moderations(body)


def test_moderations_of_more_texts_than_can_be_answered_are_refused():
    Bench().moderations(json.dumps({"input": [""] * INPUTS_MAX}).encode())

    with pytest.raises(RequestError, match="several requests"):
        Bench().moderations(json.dumps({"input": [""] * (INPUTS_MAX + 1)}).encode())


def test_lone_surrogates_of_a_model_do_not_make_litellm_fail():
    answer = Bench().raw_litellm(b'{"input_type": "response", "texts": ["\\ud83d 078-05-1120"]}')

    assert answer["action"] == "BLOCKED"


def test_quality_is_looked_at_before_delivery_only_where_it_decides():
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


def test_a_look_that_comes_after_the_log_still_counts_as_coverage():
    bench = Bench()
    call = Call("id", "c1", "openai", "m", "redacting", NOW)
    bench.scoring.count(call, bench.scoring._ledger.count(call, NOW), NOW)
    bench.litellm("fine", call="c1")

    assert (bench.values(cat.GUARD_ELIGIBLE), bench.values(cat.GUARD_SCANNED)) == ({("redacting",): 1}, {("redacting",): 1})


def test_what_the_guard_counted_before_the_log_is_not_taken_for_old():
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


async def test_a_large_text_holds_up_nobody_and_too_many_of_them_are_overload():
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
async def test_what_a_text_is_held_against_counts_as_its_size(fields):
    slow = Slow(least=LARGE)

    await slow.check(1, **fields)

    assert threading.current_thread() not in slow.threads


async def test_a_body_of_no_more_bytes_than_a_small_text_is_looked_at_right_away():
    slow = Slow(least=LARGE)

    await slow.check(LARGE // 2 - 100, input="x" * (LARGE // 2 - 100))

    assert slow.threads == {threading.current_thread()}


def test_what_is_null_is_not_told_in_a_body_of_any_size():
    body = b'{"role": null, "route": null, "text": "SSN 078-05-1120 %b"}' % (b"x" * REPAIRED_MAX)

    assert Bench().check(body)["verdict"] == "block"


def test_a_large_body_with_a_value_of_the_wrong_type_is_told_which():
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
    """A detector that takes its time."""

    name, tier, gates, roles = "topic", 2, (), frozenset({"assistant"})

    def scan(self, subject, fired, report):
        raise AssertionError


def test_nobody_waits_for_a_model():
    guard = Guard(Scoring(Ledger(Store(), Settings()), Judge(parse(ROUTES), [*DETECTORS, Model()])))

    answer = guard.decide(guard.check(b'{"text": "fine", "question": "how?"}'))

    assert answer["scanned"] == ["pii", "toxicity"]
