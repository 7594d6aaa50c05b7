"""What calls say becomes numbers: scored or not and why, violations once, delivered or stopped, the same after a restart."""

import asyncio
import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import catalogue as cat
from tocsin import secondlook
from tocsin.accounting.compliance import WINDOW, Compliance
from tocsin.accounting.early import WAIT
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.accounting.remembered import Remembered
from tocsin.accounting.seen import ITEM_LEAST
from tocsin.assembly import make_scoring
from tocsin.call import Call, Content, Expectation, Feedback, Message, ToolCall
from tocsin.config import Config, ConfigError, parse
from tocsin.detectors.base import Subject
from tocsin.detectors.format import FormatDetector
from tocsin.drifting import STABLE_BELOW
from tocsin.finding import Finding
from tocsin.formats import get
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.judge import Judge
from tocsin.looking import LARGE
from tocsin.scoring import Sampling, Scoring
from tocsin.secondlook import SecondLook
from tocsin.series.store import Store

NOW = 1_795_000_000.0
SSN = "078-05-1120"
ANSWERS = frozenset({"assistant"})


class Stub:
    """A detector that finds ``word`` and reports what it is told to."""

    tier, gates = 0, ()

    def __init__(self, name, kind="", type_of_finding="", word="", roles=ANSWERS, **flags):
        self.name, self.roles, self._flags = name, roles, flags
        self._kind, self._type, self._word = kind or name, type_of_finding or name, word

    def scan(self, subject, fired, report):
        start = subject.text.find(self._word)
        if start >= 0:
            report.findings.append(Finding(self._kind, self._type, start, start + len(self._word), 0.9, **self._flags))


class Where:
    """Notes in which thread answers are looked at."""

    name, tier, gates, roles = "hedge", 0, (), ANSWERS

    def __init__(self):
        self.threads = []

    def scan(self, subject, fired, report):
        self.threads.append(threading.current_thread())


class Composite:
    name, tier, gates, roles = "quality", 0, (), ANSWERS

    def scan(self, subject, fired, report):
        report.scores["quality"] = 0.25 if "bad" in subject.text else 1.0
        if subject.expect is not None and subject.expect.format:
            report.outcomes["format"] = subject.text.startswith("{")
        if "sure" in subject.text:
            report.scores["confidence"] = 0.6


DETECTORS = [
    Stub("pii", type_of_finding="us_ssn", word="078-05-1120"),
    Stub("secret", word="SECRET", example=True),
    Stub("toxicity", type_of_finding="toxic", word="idiot"),
    Stub("refusal", "quality", "refusal", "I cannot help"),
    Stub("injection", word="ignore all", roles=frozenset({"user", "tool", "document"})),
    Composite(),
]


def make(config: Config | None = None, detectors=DETECTORS, sampling=None, **settings) -> Scoring:
    config = config or Config()
    ledger = Ledger(Store(), Settings(**settings))
    return Scoring(ledger, Judge(config, detectors), sampling or Sampling())


def call(number=0, output: str | None = "fine", said=(), **fields) -> Call:
    content = Content(input=[Message(*pair) for pair in said], output=output, tools=fields.pop("tools", []))
    content.state = fields.pop("state", "present")
    fields = {"provider": "openai", "model": "gpt-4o", "route": "support", "start": NOW, "duration": 1.0, "content": content, **fields}
    return Call(f"id-{number}", f"call-{number}", **fields)


def take(scoring: Scoring, *calls: Call, now: float = NOW) -> Scoring:
    for each in calls:
        scoring.count(each, scoring._ledger.count(each, now), now)
    return scoring


def values(scoring: Scoring, family: cat.Family) -> dict[tuple[str, ...], float]:
    """Non-zero values by the family's own labels."""
    shared = 3 if family.per_call else 0
    rows = scoring._ledger.store.rows.get(family, {}).values()
    return {row.labels[shared:]: row.values[0] for row in rows if row.values[0]}


def restarted(scoring: Scoring) -> Scoring:
    scoring.publish(NOW)
    return restored(scoring)


def restored(scoring: Scoring) -> Scoring:
    """Return one that starts with all that changed in another since its last commit."""
    saved: dict[str, list[tuple[str, bytes]]] = {}
    for part, key, value in [*scoring._ledger.changes(), *scoring.changes()]:
        if value is not None:
            saved.setdefault(part, []).append((key, value))
    again = make()
    again._ledger.restore(saved)
    again.restore(saved)
    return again


def test_a_violation_counts_once_an_answer_and_moves_the_gauge():
    scoring = take(make(), call(1, "078-05-1120 and 078-05-1120"), now=NOW + 5)

    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}
    assert values(scoring, cat.LAST_VIOLATION) == {("pii",): NOW + 5}


HANDED_OVER = [Stub("pii", type_of_finding="us_ssn", word="078-05-1120", roles=frozenset({"assistant", "arguments"}))]


@pytest.mark.parametrize("output", [None, "fine", "078-05-1120"])
def test_a_value_that_is_handed_to_a_tool_is_a_violation_once_an_answer(output):
    scoring = take(make(detectors=HANDED_OVER), call(1, output, tools=[ToolCall("send", '{"body": "hers:\\n078-05-1120"}')]))
    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}


@pytest.mark.parametrize(("role", "echoed"), [("user", "true"), ("tool", "true"), ("system", "false"), ("assistant", "false")])
def test_what_a_tool_is_given_may_come_from_the_user_or_from_another_tool(role, echoed):
    handed = [ToolCall("pay", '{"card": "4921 8170 3264 5595"}')]
    scoring = take(make(detectors=None), call(1, None, said=[(role, "It is 4921-8170-3264-5595."), ("user", "go")], tools=handed))
    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", echoed, "false"): 1}


def test_an_address_that_a_tool_is_given_is_suspected_and_a_key_is_a_violation():
    handed = [ToolCall("send", '{"to": "maria.lopez@gmail.com", "key": "AKIAQ3EGRIWTXPL7LZ5M"}')]
    scoring = take(make(detectors=None), call(1, None, tools=handed))
    assert values(scoring, cat.SUSPECTED) == {("pii",): 1}
    assert values(scoring, cat.VIOLATIONS) == {("secret", "true", "false", "false"): 1}


async def finish(scoring: Scoring) -> None:
    rest = scoring._ledger.rest
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


def test_a_call_that_says_nothing_waits_for_no_detectors():
    scoring = take(deferring(), call(1, output=None), call(2, output="fine"))
    assert len(scoring._ledger.rest) == 1


def test_a_call_that_says_nothing_makes_no_detectors():
    assert take(deferring(detectors=None), call(1, output=None)).judge._made is None


@pytest.mark.parametrize(
    "content",
    [Content(output="x" * LARGE + SSN), Content(output=SSN, context=["x" * LARGE]), Content([Message("user", "x" * LARGE)], SSN)],
    ids=["answer", "context", "input"],
)
async def test_a_large_call_is_looked_at_in_a_thread_and_what_comes_after_it_waits(content):
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


def test_an_example_counts_apart_and_moves_no_gauge():
    scoring = take(make(), call(1, "SECRET"))

    assert values(scoring, cat.VIOLATIONS) == {("secret", "true", "false", "true"): 1}
    assert values(scoring, cat.LAST_VIOLATION) == {}


def test_what_is_only_suspected_is_no_violation():
    scoring = take(make(), call(1, "you idiot"))

    assert values(scoring, cat.SUSPECTED) == {("toxicity",): 1}
    assert values(scoring, cat.VIOLATIONS) == {}


def test_the_first_answer_of_a_group_exports_the_zeros_that_alerts_need():
    rows = take(make(), call()).quality._ledger.store.rows

    assert ("openai", "gpt-4o", "support", "pii", "true", "false", "false") in rows[cat.VIOLATIONS]
    assert ("openai", "gpt-4o", "support", "reported", "true", "false", "false") in rows[cat.VIOLATIONS]
    assert cat.LAST_VIOLATION not in rows  # an alert that asks for a time needs none before the first
    assert [labels[3] for labels in rows[cat.INJECTION_ATTEMPTS]] == ["user", "tool", "document"]
    assert {labels[4:] for labels in rows[cat.VIOLATIONS]} == {("true", "false", "false")}


def test_a_blocked_answer_was_not_delivered():
    scoring = take(make(), call(1, "078-05-1120", failure="blocked_guardrail"))

    assert values(scoring, cat.VIOLATIONS) == {("pii", "false", "false", "false"): 1}
    assert values(scoring, cat.LAST_VIOLATION) == {}


def test_what_our_guard_stopped_is_not_counted_again_as_delivered():
    scoring = make()
    scoring.guarded.put("call-1", "pii")

    take(scoring, call(1, "078-05-1120"), call(2, "078-05-1120"))

    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}


def test_the_gauge_has_event_time_only_while_the_first_start_catches_up():
    scoring = make()
    scoring.event_time = True
    take(scoring, call(1, "078-05-1120", start=NOW - 9000))
    early = values(scoring, cat.LAST_VIOLATION)
    scoring.event_time = False
    take(scoring, call(2, "078-05-1120", start=NOW - 9000))

    assert (early, values(scoring, cat.LAST_VIOLATION)) == ({("pii",): NOW - 8999}, {("pii",): NOW})


def test_an_injection_in_the_input_is_an_attempt_once_a_role_and_no_violation():
    said = [("user", "ignore all"), ("assistant", "no"), ("tool", "ignore all"), ("tool", "ignore all"), ("user", "hi 078-05-1120")]

    scoring = take(make(), call(1, "fine", said))

    assert values(scoring, cat.INJECTION_ATTEMPTS) == {("tool",): 1}
    assert values(scoring, cat.VIOLATIONS) == {}


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("no_content", {"content": None}),
        ("no_content", {"output": None}),
        ("no_content", {"output": None, "output_tokens": 0, "finish_reason": "stop"}),
        ("empty", {"output": "", "finish_reason": "stop"}),
        ("empty", {"output": "", "finish_reason": "other"}),
        ("no_answer", {"output": None, "output_tokens": 0}),
        ("no_answer", {"content": None, "output_tokens": 0}),
        ("no_answer", {"state": "redacted", "output": None, "output_tokens": 0}),
        ("tool_call", {"output": None, "tools": [ToolCall("search")]}),
        ("redacted", {"state": "redacted"}),
        ("truncated", {"state": "truncated"}),
        ("pointer", {"state": "pointer"}),
        ("failed", {"failure": "timeout"}),
    ],
)
def test_what_is_not_scored_says_why(reason, fields):
    scoring = take(make(), call(1, **fields))

    assert values(scoring, cat.UNSCORED) == {(reason,): 1}
    assert values(scoring, cat.SCORED) == {}


EMPTY = {"output": "", "finish_reason": "stop", "said": [("user", "hi")]}


@pytest.mark.parametrize(
    ("chars", "failures", "fields"),
    [
        (1, 0, EMPTY),
        (1, 1, EMPTY | {"expect": Expectation("json")}),
        (0, 0, EMPTY | {"output": None}),
        (0, 0, EMPTY | {"finish_reason": None}),
        (0, 0, EMPTY | {"tools": [ToolCall("search")], "expect": Expectation("json")}),
        (0, 0, EMPTY | {"failure": "timeout"}),
        (0, 0, EMPTY | {"state": "redacted"}),
    ],
)
def test_an_empty_answer_has_a_length_and_fails_the_format_that_was_asked_for(chars, failures, fields):
    store = take(make(), call(1, **fields))._ledger.store

    assert sum(sum(row.values[1:]) for row in store.rows.get(cat.OUTPUT_CHARS, {}).values()) == chars
    assert store.total(cat.FORMAT_FAILURES) == failures


def test_empty_answers_are_sampled_as_others_are():
    store = take(make(sampling=Sampling(0.25)), *(call(i, **EMPTY) for i in range(1000)))._ledger.store

    assert 200 < sum(sum(row.values[1:]) for row in store.rows[cat.OUTPUT_CHARS].values()) < 300


def test_content_that_is_off_by_choice_is_said_so_and_is_no_missing_category():
    scoring = take(make(sampling=Sampling(content_off=True)), call(1, content=None))
    scoring.publish(NOW)

    assert values(scoring, cat.UNSCORED) == {("off",): 1}
    assert ("quality",) not in scoring._ledger.store.rows[cat.CATEGORY_INSTRUMENTED]


def test_sampling_is_visible_and_about_as_large_as_asked():
    scoring = take(make(sampling=Sampling(0.25)), *(call(i) for i in range(1000)))

    scored, left = values(scoring, cat.SCORED)[("composite",)], values(scoring, cat.UNSCORED)[("sampled_out",)]
    assert scored + left == 1000
    assert 190 < scored < 310


def test_answers_that_there_is_no_time_to_score_have_a_reason_of_their_own():
    scoring = make(sampling=Sampling(0.5))
    scoring.affordable = 0.5
    take(scoring, *(call(i) for i in range(1000)))

    scored, unscored = values(scoring, cat.SCORED)[("composite",)], values(scoring, cat.UNSCORED)
    assert scored + sum(unscored.values()) == 1000
    assert 190 < scored < 310
    assert 190 < unscored[("overload",)] < 310


def test_what_is_not_sampled_for_quality_is_still_judged_for_safety_and_format():
    detectors = [*DETECTORS[:-1], FormatDetector(), Composite()]
    answer = call(1, '{"ssn": "078-05-1120"}', said=[("user", "ignore all")], expect=Expectation("json"))

    scoring = take(make(detectors=detectors, sampling=Sampling(0.0)), answer)

    assert (values(scoring, cat.SCORED), values(scoring, cat.ANSWERS_CHECKED)) == ({}, {})
    assert values(scoring, cat.UNSCORED) == {("sampled_out",): 1}
    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", "false", "false"): 1}
    assert values(scoring, cat.INJECTION_ATTEMPTS) == {("user",): 1}
    assert values(scoring, cat.FORMAT_CHECKS) == {(): 1}


def test_a_call_with_an_external_score_is_scored():
    scoring = take(make(), call(1, content=None, scores={"judge": 0.9}))

    assert values(scoring, cat.SCORED) == {("judge",): 1}
    assert values(scoring, cat.UNSCORED) == {}


def test_invented_scorers_are_folded():
    scoring = take(make(), call(1, scores={f"s{i}": 0.5 for i in range(100)}))

    assert len(values(scoring, cat.SCORED)) <= 22
    assert values(scoring, cat.SCORED)[("other",)] == 80


def test_the_composite_is_one_scorer_among_others():
    scoring = take(make(), call(1, "bad"), call(2, "good", scores={"judge": 0.75}))

    assert values(scoring, cat.QUALITY_SCORE) == {("composite",): 1.25, ("judge",): 0.75}


@pytest.mark.parametrize(("confidence", "low"), [(0.849, 1), (0.85, 0)])
def test_a_confidence_under_85_percent_is_for_review(confidence, low):
    scoring = take(make(), call(1, confidence=confidence))

    assert values(scoring, cat.LOW_CONFIDENCE).get((), 0) == low
    assert values(scoring, cat.CONFIDENCE_UNKNOWN) == {}


def test_a_stated_confidence_counts_and_an_absent_one_is_counted_as_absent():
    scoring = take(make(), call(1, "I am sure"), call(2, "hm"))

    assert (values(scoring, cat.LOW_CONFIDENCE), values(scoring, cat.CONFIDENCE_UNKNOWN)) == ({(): 1}, {(): 1})


@pytest.mark.parametrize("output", ["fine", None])
def test_a_confidence_that_is_reported_counts_with_and_without_a_text(output):
    scoring = take(make(), call(1, output=output, confidence=0.5))
    assert values(scoring, cat.LOW_CONFIDENCE) == {(): 1}


def test_flags_of_a_route_are_exported_before_the_first():
    scoring = take(make(), call(1))
    rows = scoring._ledger.store.rows[cat.USER_FLAGS]
    assert {row.labels: row.values[0] for row in rows.values()} == dict.fromkeys(
        [("support", flag) for flag in ("unsafe", "wrong", "offensive", "other")], 0
    )


@pytest.mark.parametrize("output", ["No.", "I cannot help", None])
def test_a_refusal_that_the_provider_marks_counts_once_whatever_its_words(output):
    scoring = take(make(), call(1, output=output, refusal=True))
    assert values(scoring, cat.REFUSALS) == {(): 1}


def test_a_refusal_is_counted_by_what_stands_there():
    assert values(take(make(), call(1, "I cannot help with that")), cat.REFUSALS) == {(): 1}


def test_a_truncation_without_content_is_counted_by_its_reason():
    assert values(take(make(), call(1, content=None, finish_reason="length")), cat.TRUNCATIONS) == {(): 1}


def test_the_format_window_is_exact_over_the_last_1000_checks():
    scoring = make()
    wants = Expectation("json")
    take(scoring, *(call(i, "no", expect=wants) for i in range(51)), *(call(i, "{}", expect=wants) for i in range(51, 1000)))
    scoring.publish(NOW)

    assert values(scoring, cat.FORMAT_WINDOW_COMPLIANT) == {("support",): 949}
    assert values(restarted(scoring), cat.FORMAT_WINDOW_CALLS) == {("support",): 1000}


def test_arguments_of_a_strict_tool_are_held_against_its_schema():
    scoring = make(detectors=None)
    wants = Expectation(tools={"book": {"type": "object", "required": ["day"]}})
    for number, arguments in enumerate(['{"day": 1}', '{"night": 1}', "{"]):
        take(scoring, call(number, None, tools=[ToolCall("book", arguments), ToolCall("other", "{")], expect=wants))

    assert (values(scoring, cat.FORMAT_CHECKS), values(scoring, cat.FORMAT_FAILURES)) == ({(): 3}, {(): 2})


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 60))
def test_a_window_restored_at_any_moment_goes_on_as_if_nothing_had_been(outcomes, cut):
    prefix = [True, False] * (WINDOW // 2 - 10)
    outcomes = prefix + outcomes
    whole, first, second = (Compliance(Store()) for _ in range(3))
    for outcome in outcomes:
        whole.add("r", outcome)
    for outcome in outcomes[: len(prefix) + cut]:
        first.add("r", outcome)
    second.restore([(key, value) for key, value in first.changes() if value])
    for outcome in outcomes[len(prefix) + cut :]:
        second.add("r", outcome)
    second.publish()

    assert second._windows["r"].compliant == sum(outcomes[-WINDOW:]) == whole._windows["r"].compliant


def test_all_counts_and_gauges_survive_a_restart():
    scoring = take(make(), call(1, "078-05-1120 bad"), call(2, "I am sure", scores={"judge": 0.5}), call(3, state="redacted"))
    before = {family: values(scoring, family) for family in cat.FAMILIES.values()}
    again = restarted(scoring)

    for family in (cat.VIOLATIONS, cat.LAST_VIOLATION, cat.SCORED, cat.QUALITY_SCORE, cat.UNSCORED, cat.OUTPUT_CHARS, cat.LOW_CONFIDENCE):
        assert values(again, family) == before[family]


def test_folding_keeps_all_violations_and_the_newest_time():
    scoring = make(max_series=1000)
    for i in range(60):
        take(scoring, call(i, "078-05-1120", model=f"m{i}", route=f"r{i}"), now=NOW + i)
        list(scoring._ledger.changes())

    rows = scoring._ledger.store.rows
    assert sum(row.values[0] for row in rows[cat.VIOLATIONS].values()) == 60
    assert max(row.values[0] for row in rows[cat.LAST_VIOLATION].values()) == NOW + 59
    assert scoring._ledger.store.samples <= 1000


def test_200_models_with_content_have_series_of_their_own():
    scoring = take(make(), *(call(i, model=f"m{i}") for i in range(200)))
    list(scoring._ledger.changes())

    assert len({labels[1] for labels in scoring._ledger.store.rows[cat.ANSWERS_CHECKED]}) == 200
    assert scoring._ledger.store.samples <= 20_000


# ---- feedback --------------------------------------------------------------------------------------------
def test_feedback_counts_under_the_call_that_it_is_about_after_a_restart_too():
    scoring = restarted(take(make(), call(1, model="m1"), call(2, model="m2")))

    scoring.feedback(Feedback("f1", "call-2", scores={"judge": 0.4}, flag="wrong"), NOW)

    rows = scoring._ledger.store.rows
    assert rows[cat.QUALITY_SCORE]["openai", "m2", "support", "judge"].values[0] == 0.4
    assert values(scoring, cat.USER_FLAGS) == {("support", "wrong"): 1}
    assert values(scoring, cat.VIOLATIONS) == {}


def test_only_a_reviewer_makes_unsafe_a_violation():
    scoring = take(make(), call(1))
    scoring.feedback(Feedback("f1", "call-1", flag="unsafe"), NOW)
    by_user = values(scoring, cat.VIOLATIONS)
    scoring.feedback(Feedback("f2", "call-1", flag="unsafe", by="Reviewer"), NOW + 1)

    assert (by_user, values(scoring, cat.VIOLATIONS)) == ({}, {("reported", "true", "false", "false"): 1})
    assert values(scoring, cat.LAST_VIOLATION) == {("reported",): NOW + 1}


@pytest.mark.parametrize("word", ["litellm", "openai"])
def test_feedback_may_name_a_call_by_its_own_id_its_trace_or_its_providers_answer(word):
    payload = {"id": "resp-1", "litellm_call_id": "call-1", "trace_id": "trace-1", "status": "success", "startTime": NOW, "endTime": NOW + 1,
               "model": "m", "metadata": {"user_api_key_team_alias": "shop"}, "response": {"choices": []}}  # fmt: skip
    pair = {"id": "call-1", "route": "shop", "request": {"model": "m"}, "response": {"id": "resp-1", "choices": []}}
    parsed = get(word, content=True).parse(msgspec.json.encode(payload if word == "litellm" else pair))
    assert isinstance(parsed, Call)
    scoring = take(make(), parsed)
    names = ("call-1", "resp-1", "trace-1")[: 3 if word == "litellm" else 2]
    for name in names:
        scoring.feedback(Feedback(name, name, flag="wrong"), NOW)

    assert values(scoring, cat.USER_FLAGS) == {("shop", "wrong"): len(names)}


def test_scores_that_come_first_wait_for_their_call_over_a_restart():
    early = make()
    early.feedback(Feedback("f1", "call-1", scores={"judge": 0.4}), NOW)
    early.publish(NOW)
    scoring = restarted(early)
    scoring.publish(NOW + 1_000)
    take(scoring, call(1))
    scoring.publish(NOW + 2_000)

    assert scoring._ledger.store.rows[cat.QUALITY_SCORE]["openai", "gpt-4o", "support", "judge"].values[0] == 0.4
    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {}


@pytest.mark.parametrize("is_start", [False, True])
def test_what_was_counted_while_the_clock_was_ahead_is_of_now_once_it_is_put_back_also_before_a_start(is_start):
    ahead = NOW + 86_400
    scoring = take(make(), call(1, SSN, start=ahead), now=ahead)
    scoring._ledger.add(cat.LAST_DRILL, "safety", amount=ahead)
    if not is_start:
        scoring.publish(ahead)

    scoring = restarted(scoring)

    times = [values(scoring, family) for family in (cat.LAST_VIOLATION, cat.FIRST_REQUEST, cat.LAST_DRILL)]
    assert times == [{("pii",): NOW}, {(): NOW}, {("safety",): NOW}]


def test_feedback_is_not_given_up_while_commits_fail_since_it_waits_anew_after_a_crash():
    scoring = make()
    scoring.feedback(Feedback("f1", "call-1", scores={"judge": 0.4}), NOW)
    scoring.saved = False
    scoring.publish(NOW + WAIT)
    meanwhile = values(scoring, cat.FEEDBACK_UNMATCHED)
    scoring.saved = True
    scoring.publish(NOW + WAIT)
    scoring.publish(NOW + WAIT + 1)
    assert (meanwhile, values(scoring, cat.FEEDBACK_UNMATCHED)) == ({}, {(): 1})


@pytest.mark.parametrize("commits", [1, 2])
def test_what_is_given_up_counts_no_less_after_a_crash_where_no_commit_succeeds_any_more(commits):
    before = make()
    before.feedback(Feedback("f1", "lost", scores={"judge": 0.4}), NOW)
    for at in range(commits - 1):
        before.publish(NOW + WAIT + at)
    after_a_crash = restored(before)

    for scoring in (before, after_a_crash):
        scoring.publish(NOW + WAIT + commits)

    assert values(after_a_crash, cat.QUALITY_SCORE) == values(before, cat.QUALITY_SCORE)


def test_scores_whose_call_never_comes_are_counted_as_unknown_once_they_have_waited():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", scores={"judge": 0.4}), NOW)
    scoring.publish(NOW + WAIT - 1)
    before = values(scoring, cat.FEEDBACK_UNMATCHED)
    scoring.publish(NOW + WAIT)
    scoring.publish(NOW + 2 * WAIT)

    assert (before, values(scoring, cat.FEEDBACK_UNMATCHED)) == ({}, {(): 1})
    assert scoring._ledger.store.rows[cat.QUALITY_SCORE]["unknown", "unknown", "unknown", "judge"].values[0] == 0.4


def test_a_flag_does_not_wait_for_its_call():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", flag="wrong"), NOW)

    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {(): 1}
    assert values(scoring, cat.USER_FLAGS) == {("unknown", "wrong"): 1}


def test_a_reviewers_unsafe_does_not_wait_and_is_counted_as_unknown_and_said():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", flag="unsafe", by="reviewer"), NOW)

    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {(): 1}
    assert scoring._ledger.store.rows[cat.VIOLATIONS]["unknown", "unknown", "unknown", "reported", "true", "false", "false"].values == [1]


def test_a_wrong_verdict_is_a_false_positive_of_the_guard():
    scoring = take(make(), call(1))
    scoring.feedback(Feedback("f1", "call-1", by="reviewer", wrong_verdicts=("pii",)), NOW)

    assert values(scoring, cat.GUARD_FALSE_POSITIVES) == {("support", "pii"): 1}


def test_repeated_feedback_counts_once():
    scoring = make()
    intake = Intake(scoring._ledger, lambda word: get(word, content=True), lambda: NOW, scoring)
    event = {"v": 1, "type": "feedback", "id": "fb", "call_id": "c", "time": "2026-11-20T02:47:00Z", "flag": "other"}
    for _ in range(3):
        intake.take(msgspec.json.encode(event), Origin("replay", "native"))
    scoring.finish(NOW)

    assert values(scoring, cat.USER_FLAGS) == {("unknown", "other"): 1}


def test_coverage_counts_answers_of_guarded_routes_and_which_of_them_the_guard_saw():
    scoring = make(parse(b"routes: [{match: {route: support}, guard: {pii: block}}]"))
    scoring.guarded.put("call-1", "")

    take(scoring, call(1), call(2), call(3, route="other"), call(4, failure="timeout"))

    assert (values(scoring, cat.GUARD_ELIGIBLE), values(scoring, cat.GUARD_SCANNED)) == ({("support",): 2}, {("support",): 1})


# ---- memory ----------------------------------------------------------------------------------------------
def test_memory_is_bounded_and_keeps_the_newest():
    memory = Remembered(generation=10)
    for i in range(1000):
        memory.put(f"id-{i}", f"label-{i % 3}")

    assert [memory.get(f"id-{i}") for i in (0, 995, 999)] == [None, "label-2", "label-0"]
    assert len(memory._young) + len(memory._old) <= 20


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=60), st.integers(1, 7))
def test_memory_is_the_same_after_a_restart(puts, every):
    memory, saved = Remembered(generation=8), {}
    for number, (key, text) in enumerate(puts, 1):
        memory.put(str(key), text)
        if number % every == 0:
            saved.update(memory.changes())
    saved.update(memory.changes())
    again = Remembered(generation=8)
    again.restore((name, value) for name, value in saved.items() if value is not None)

    assert {key: again.get(str(key)) for key, _ in puts[-8:]} == dict(puts[-8:])


def test_memory_written_a_little_at_a_time_is_few_items_after_restarts_too():
    memory, saved = Remembered(), {}
    for number in range(1200):
        memory.put(str(number), "abc"[number % 3])
        saved.update(memory.changes())
        if number % 100 == 0:
            memory = Remembered()
            memory.restore(saved.items())
    again = Remembered()
    again.restore(saved.items())

    assert len(saved) == 1 + 1200 // ITEM_LEAST
    assert [again.get(str(number)) for number in range(1200)] == ["abc"[number % 3] for number in range(1200)]


def test_a_new_kind_of_question_shows_as_drift_after_a_restart_too():
    short, other = [("user", "What is my balance?")], [("user", "def f(x):\n    return {x: 1};\n" * 40)]
    scoring = take(make(), *(call(i, said=short) for i in range(1700)))
    scoring.publish(NOW)
    calm = values(scoring, cat.INPUT_PSI)
    again = take(restarted(scoring), *(call(i, said=other) for i in range(2000, 3500)))
    again.publish(NOW)

    assert max(calm.values()) < STABLE_BELOW
    assert values(again, cat.INPUT_PSI)["support", "length"] > 0.25


def test_weights_of_the_quality_score_can_be_set_by_route():
    config = parse(b"routes: [{match: {route: sloppy}, weights: {refusal: 0}}]")
    judge = Judge(config)
    refusal = "I'm sorry, but I cannot help with that request."

    scores = [judge.judge(Subject(refusal, route=route), judge.rules(route)).report.scores["quality"] for route in ("sloppy", "strict")]

    assert scores[0] > scores[1] + 0.2


def test_a_weight_of_an_unknown_component_is_refused():
    with pytest.raises(ConfigError, match=r"routes\[0\].weights: no component"):
        Judge(parse(b"routes: [{match: {}, weights: {formatt: 1}}]"))


class Model:
    """A slow model that judges when it is told to."""

    def __init__(self):
        self.dropped, self.waiting = 0, []

    def offer(self, text, done):
        self.waiting.append((text, done))
        return True


def test_a_slow_model_counts_with_the_commit_after_it_has_judged_and_what_it_drops_is_said():
    scoring = make(parse(b"routes: [{match: {route: kids}, detectors: {toxicity: violation}}]"))
    model = Model()
    scoring.second = SecondLook(model, scoring._ledger, scoring.safety)
    take(scoring, call(1, "odd words"), call(2, "odd words", route="kids"), call(3, "you idiot"))
    model.dropped = 2
    for _, done in model.waiting:
        done({"toxicity": 0.97})
    before = values(scoring, cat.VIOLATIONS)
    scoring.publish(NOW)

    assert [text for text, _ in model.waiting] == ["odd words", "odd words"]  # the light judge has found the third
    assert (before, values(scoring, cat.VIOLATIONS)) == ({}, {("toxicity", "true", "false", "false"): 1})
    assert sum(row.values[0] for row in scoring._ledger.store.rows[cat.SUSPECTED].values()) == 2
    assert values(scoring, cat.SCORING_DROPPED) == {("detoxify",): 2}


def test_what_a_slow_model_finds_while_commits_fail_is_counted_once_one_succeeds_or_said_to_be_dropped(monkeypatch):
    monkeypatch.setattr(secondlook, "_MOST", 2)
    scoring, model = make(parse(b"routes: [{match: {}, detectors: {toxicity: violation}}]")), Model()
    scoring.second = SecondLook(model, scoring._ledger, scoring.safety)
    take(scoring, *(call(number, "odd words") for number in range(7)))
    scoring.saved = False
    for (_, done), score in zip(model.waiting, (0.97, 0.97, 0.97, 0.1, 0.1, 0.1, 0.1), strict=True):
        done({"toxicity": score})
    scoring.publish(NOW)
    scoring.saved = True
    scoring.publish(NOW)

    assert values(scoring, cat.VIOLATIONS)["toxicity", "true", "false", "false"] == 2
    assert values(scoring, cat.SCORING_DROPPED) == {("detoxify",): 1}


def test_a_model_that_cannot_be_loaded_is_said_at_the_start(tmp_path):
    config = parse(f"detectors: {{detoxify: {tmp_path}}}".encode())

    with pytest.raises(ConfigError, match=r"detectors\.detoxify: "):
        make_scoring(config, Ledger(Store(), Settings()))


class Partial:
    """A detector that sets a mark, or sees a part of the text."""

    tier, gates, roles = 0, (), ANSWERS

    def __init__(self, name, mark="", fail=False):
        self.name, self._mark, self._fail = name, mark, fail

    def scan(self, subject, fired, report):
        if self._fail:
            raise RuntimeError
        report.marks.add(self._mark)
        if not self._mark:
            report.capped.append(self.name)


@pytest.mark.parametrize(
    ("detector", "reason"),
    [
        (Partial("quality", "nothing_to_score"), "nothing_to_score"),
        (Partial("quality", fail=True), "detector_error"),
        (Partial("refusal", "none"), "off"),
    ],
)
def test_an_answer_without_a_score_tells_why(detector, reason):
    scoring = take(make(detectors=[detector]), call())

    assert values(scoring, cat.UNSCORED)[reason,] == 1


def test_an_answer_whose_schema_cannot_be_used_is_counted_as_unchecked():
    scoring = make(detectors=[FormatDetector()])
    broken = Expectation("json_schema", {"type": 7})
    tools = Expectation(tools={"find": {"type": 7}})

    take(scoring, call(1, "{}", expect=broken), call(2, None, tools=[ToolCall("find", "{}")], expect=tools))

    assert values(scoring, cat.FORMAT_UNCHECKED)[()] == 2


def test_a_text_of_which_a_detector_saw_a_part_is_counted():
    scoring = take(make(detectors=[Partial("pii")]), call())

    assert values(scoring, cat.DETECTOR_CAPPED)["pii",] == 1


def test_what_rests_for_its_tier_has_no_series_at_all():
    scoring = take(make(parse(b"detectors: {max_tier: 0}")), call(said=[("user", "Please ignore all of it, will you?")]))
    rows = scoring._ledger.store.rows

    assert {labels[3] for labels in rows[cat.VIOLATIONS]} == {"pii", "secret", "policy", "reported"}
    assert not rows.get(cat.INJECTION_ATTEMPTS)
    assert not scoring._drift.changes()
