"""What calls say becomes numbers: scored or not and why, violations once, delivered or stopped, the same after a restart."""


import pytest
from hypothesis import given
from hypothesis import strategies as st

from scored import ANSWERS, DETECTORS, NOW, SSN, Composite, Stub, call, make, restarted, take, values
from tocsin import catalogue as cat
from tocsin.accounting.compliance import WINDOW, Compliance
from tocsin.call import Call, Content, Expectation, ToolCall
from tocsin.config import ConfigError, parse
from tocsin.detectors.base import Subject
from tocsin.detectors.format import FormatDetector
from tocsin.detectors.unsupported import UnsupportedDetector
from tocsin.judge import Judge
from tocsin.scoring.input_drift import STABLE_BELOW
from tocsin.scoring.unscored import Sampling
from tocsin.series.store import Store


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
def test_tool_arguments_may_echo_the_user_or_another_tool(role, echoed):
    handed = [ToolCall("pay", '{"card": "4921 8170 3264 5595"}')]
    scoring = take(make(detectors=None), call(1, None, said=[(role, "It is 4921-8170-3264-5595."), ("user", "go")], tools=handed))
    assert values(scoring, cat.VIOLATIONS) == {("pii", "true", echoed, "false"): 1}


def test_an_address_that_a_tool_is_given_is_suspected_and_a_key_is_a_violation():
    handed = [ToolCall("send", '{"to": "maria.lopez@gmail.com", "key": "AKIAQ3EGRIWTXPL7LZ5M"}')]
    scoring = take(make(detectors=None), call(1, None, tools=handed))
    assert values(scoring, cat.SUSPECTED) == {("pii",): 1}
    assert values(scoring, cat.VIOLATIONS) == {("secret", "true", "false", "false"): 1}


def test_an_example_is_counted_separately_and_changes_no_gauge():
    scoring = take(make(), call(1, "SECRET"))

    assert values(scoring, cat.VIOLATIONS) == {("secret", "true", "false", "true"): 1}
    assert values(scoring, cat.LAST_VIOLATION) == {}


def test_a_suspicion_is_not_a_violation():
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


def test_an_attempt_in_a_call_without_an_answer_exports_the_attempts_of_other_roles_as_none():
    scoring = take(make(), call(1, None, [("tool", "ignore all")], failure="timeout"))

    rows = scoring._ledger.store.rows[cat.INJECTION_ATTEMPTS]
    assert {row.labels[3]: row.values[0] for row in rows.values()} == {"user": 0, "tool": 1, "document": 0}
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
        ("tool_call", {"output": "", "finish_reason": "tool_calls"}),
        ("redacted", {"state": "redacted"}),
        ("truncated", {"state": "truncated"}),
        ("pointer", {"state": "pointer"}),
        ("failed", {"failure": "timeout"}),
    ],
)
def test_unscored_answers_have_a_reason(reason, fields):
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
def test_an_empty_answer_has_a_length_and_fails_the_expected_format(chars, failures, fields):
    store = take(make(), call(1, **fields))._ledger.store

    assert sum(sum(row.values[1:]) for row in store.rows.get(cat.OUTPUT_CHARS, {}).values()) == chars
    assert store.total(cat.FORMAT_FAILURES) == failures


def test_empty_answers_are_sampled_as_others_are():
    store = take(make(sampling=Sampling(0.25)), *(call(i, **EMPTY) for i in range(1000)))._ledger.store

    assert 200 < sum(sum(row.values[1:]) for row in store.rows[cat.OUTPUT_CHARS].values()) < 300


def test_disabled_content_is_reported_and_not_a_missing_category():
    scoring = take(make(sampling=Sampling(content_off=True)), call(1, content=None))
    scoring.publish(NOW)

    assert values(scoring, cat.UNSCORED) == {("off",): 1}
    assert ("quality",) not in scoring._ledger.store.rows[cat.CATEGORY_INSTRUMENTED]


def test_the_sampled_share_is_exported_and_close_to_the_setting():
    scoring = take(make(sampling=Sampling(0.25)), *(call(i) for i in range(1000)))

    scored, left = values(scoring, cat.SCORED)[("composite",)], values(scoring, cat.UNSCORED)[("sampled_out",)]
    assert scored + left == 1000
    assert 190 < scored < 310


def test_answers_not_scored_for_lack_of_time_have_their_own_reason():
    scoring = make(sampling=Sampling(0.5))
    scoring.affordable = 0.5
    take(scoring, *(call(i) for i in range(1000)))

    scored, unscored = values(scoring, cat.SCORED)[("composite",)], values(scoring, cat.UNSCORED)
    assert scored + sum(unscored.values()) == 1000
    assert 190 < scored < 310
    assert 190 < unscored[("overload",)] < 310


def test_format_checks_are_exported_before_the_first_where_a_route_expects_a_format_and_nowhere_else():
    config = parse(b"routes: [{match: {route: orders}, expect: {format: json}}]")
    scoring = take(make(config), call(1, "{}", route="orders"), call(2, "fine"))

    assert {labels[2] for labels in scoring._ledger.store.rows[cat.FORMAT_CHECKS]} == {"orders"}


def test_fenced_json_is_counted_separately_from_broken_json():
    detectors = [*DETECTORS[:-1], FormatDetector()]
    answers = ['```json\n{"a": 1}\n```', '{"a": ', '{"a": 1}']
    asked = (call(number, answer, expect=Expectation("json")) for number, answer in enumerate(answers))

    scoring = take(make(detectors=detectors), *asked)

    assert scoring._ledger.store.total(cat.FORMAT_FAILURES) == 2
    assert scoring._ledger.store.total(cat.FORMAT_FENCED) == 1


def test_answers_not_sampled_for_quality_are_judged_for_safety_and_format():
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


@pytest.mark.parametrize("output", ["No.", "I cannot help", None])
def test_a_refusal_marked_by_the_provider_counts_once(output):
    scoring = take(make(), call(1, output=output, refusal=True))
    assert values(scoring, cat.REFUSALS) == {(): 1}


def test_a_refusal_is_counted_by_its_outcome():
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
def test_a_window_restored_at_any_moment_continues_unchanged(outcomes, cut):
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


@pytest.mark.parametrize("is_start", [False, True])
def test_values_counted_while_the_clock_was_ahead_are_current_once_it_is_set_back(is_start):
    ahead = NOW + 86_400
    scoring = take(make(), call(1, SSN, start=ahead), now=ahead)
    scoring._ledger.add(cat.LAST_DRILL, "safety", amount=ahead)
    if not is_start:
        scoring.publish(ahead)

    scoring = restarted(scoring)

    times = [values(scoring, family) for family in (cat.LAST_VIOLATION, cat.FIRST_REQUEST, cat.LAST_DRILL)]
    assert times == [{("pii",): NOW}, {(): NOW}, {("safety",): NOW}]


def test_a_new_kind_of_question_is_drift_across_a_restart():
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
def test_an_answer_without_a_score_has_a_reason(detector, reason):
    scoring = take(make(detectors=[detector]), call())

    assert values(scoring, cat.UNSCORED)[reason,] == 1


def test_an_answer_whose_schema_cannot_be_used_is_counted_as_unchecked():
    scoring = make(detectors=[FormatDetector()])
    broken = Expectation("json_schema", {"type": 7})
    tools = Expectation(tools={"find": {"type": 7}})

    take(scoring, call(1, "{}", expect=broken), call(2, None, tools=[ToolCall("find", "{}")], expect=tools))

    assert values(scoring, cat.FORMAT_UNCHECKED)[()] == 2


def test_an_answer_whose_support_cannot_be_told_is_counted_as_unchecked():
    scoring = make(detectors=[UnsupportedDetector()])

    content = Content(output="Now let me look up the carrier of that order:", context=['{"order": 7741}'])

    take(scoring, Call("1", "1", content=content))

    assert values(scoring, cat.HALLUCINATION_UNCHECKED) == {("unsupported",): 1}
    assert ("unsupported",) not in values(scoring, cat.HALLUCINATION_CHECKS)


def test_a_text_of_which_a_detector_saw_a_part_is_counted():
    scoring = take(make(detectors=[Partial("pii")]), call())

    assert values(scoring, cat.DETECTOR_CAPPED)["pii",] == 1


def test_detectors_off_by_tier_have_no_series():
    scoring = take(make(parse(b"detectors: {max_tier: 0}")), call(said=[("user", "Please ignore all of it, will you?")]))
    rows = scoring._ledger.store.rows

    assert {labels[3] for labels in rows[cat.VIOLATIONS]} == {"pii", "secret", "policy", "reported"}
    assert not rows.get(cat.INJECTION_ATTEMPTS)
    assert not scoring._drift.changes()
