"""``tocsin check``: one object in, one out, for any line."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from tocsin import judge
from tocsin.commands import check as check_command
from tocsin.commands import main
from tocsin.config import Config, ConfigError, parse
from tocsin.detectors.base import Gate
from tocsin.finding import Finding
from tocsin.guard import check
from tocsin.judge import Judge

ALL = frozenset({"assistant", "user", "document", "tool"})


class Word:
    """A stand-in: finds one word, as one type."""

    tier = 0

    def __init__(self, kind, type_of_finding, word, roles=ALL, name=None):
        self.name, self.roles, self.gates = name or kind, roles, (Gate(word),)
        self._kind, self._type, self._word = kind, type_of_finding, word

    def scan(self, subject, fired, report):
        start = subject.text.find(self._word)
        report.findings.append(Finding(self._kind, self._type, start, start + len(self._word), 0.9))


DETECTORS = [Word("pii", "us_ssn", "078-05-1120"), Word("injection", "injection", "ignore all", ALL - {"assistant"})]


@pytest.fixture
def stdin(monkeypatch):
    monkeypatch.setattr(judge, "_make", lambda config: DETECTORS)

    def run(data, *arguments):
        out = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data))))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
        code = main(["check", *arguments])
        return code, [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def test_a_violation_is_blocked_and_redacted(stdin):
    code, (answer,) = stdin(b'{"id": 7, "text": "SSN 078-05-1120."}\n')

    assert code == 0
    assert answer == {
        "id": 7,
        "verdict": "block",
        "redacted": "SSN [US_SSN].",
        "scanned": ["pii"],
        "findings": [
            {
                "kind": "pii",
                "type": "us_ssn",
                "start": 4,
                "end": 15,
                "score": 0.9,
                "action": "violation",
                "example": False,
                "echoed": False,
            }
        ],
        "scores": dict.fromkeys(["quality", "toxicity", "topic", "support", "confidence"]),
    }


def test_a_clean_text_is_allowed_and_has_no_redacted_form(stdin):
    _, (answer,) = stdin(b'{"id": "a", "text": "fine"}')

    assert (answer["verdict"], answer["findings"], "redacted" in answer) == ("allow", [], False)


def test_bad_lines_get_an_error_in_their_place_and_exit_status_1(stdin):
    lines = [
        b'{"id": "1", "text": "a"}',
        b"{broken",
        b'{"id": "3", "text": 5}',
        b"[]",
        b'{"id": "5"}',
        b'{"id": "6", "text": "b", "role": "me"}',
        b'{"id": "7", "text": "b", "expected_format": "yaml"}',
        b"",
        b'{"id": "8", "text": "c"}',
    ]
    code, answers = stdin(b"\n".join(lines))

    assert code == 1
    assert [a["id"] for a in answers] == ["1", None, "3", None, "5", "6", "7", "8"]
    assert ["error" in a for a in answers] == [False, True, True, True, True, True, True, False]


def test_null_fields_count_as_absent(stdin):
    told = {"id": None, "role": None, "route": None, "model": None, "context": None, "input": None, "policy": None}
    code, answers = stdin(json.dumps({"text": "078-05-1120", **told}).encode() + b'\n{"text": "078-05-1120"}')

    assert (code, answers[0]) == (0, answers[1])


def test_text_with_lone_surrogates_is_text(stdin):
    code, (answer,) = stdin(b'{"id": "s", "text": "\\ud800 078-05-1120"}')

    assert (code, answer["verdict"], answer["findings"][0]["start"]) == (0, "block", 2)


def test_plain_text_is_one_text(stdin):
    _, answers = stdin(b"line one\n078-05-1120\n", "--text")

    assert [a["verdict"] for a in answers] == ["block"]


def test_detectors_run_on_the_roles_they_are_for(stdin):
    _, answers = stdin(b'{"id": 1, "text": "ignore all"}\n{"id": 2, "text": "ignore all", "role": "tool"}')

    assert [a["verdict"] for a in answers] == ["allow", "review"]


def test_each_line_is_answered_before_the_next_is_read():
    batches = _batches([b'{"a"', b": 1}\n{}", b"\n", b"rest"])

    assert list(batches) == [[b'{"a": 1}'], [b"{}"], [b"rest"]]


def _batches(chunks):
    source = iter([*chunks, b""])
    return check_command._batches(SimpleNamespace(read1=lambda size: next(source)))


def test_the_route_decides_by_its_configuration():
    config = parse(
        b"routes: [{match: {route: 'hr-*'}, detectors: {pii: off}}, {match: {route: 'support'}, guard: {pii: redact}}]"
    )
    judged = judge.Judge(config, DETECTORS)

    verdicts = [
        check.check(judged, check.Request("SSN 078-05-1120", route=route))[1]["verdict"]
        for route in ("hr-1", "support", "x")
    ]

    assert verdicts == ["allow", "redact", "block"]


def test_the_requests_expectation_overrides_the_routes():
    route = judge.Judge(parse(b"routes: [{match: {}, expect: {language: en, format: json}}]"), []).rules("any").expect

    assert check.subject(check.Request("t"), route).expect.format == "json"
    assert check.subject(check.Request("t", pattern="a+"), route).expect.format == "regex"


def test_the_question_is_the_last_message_of_the_user():
    said = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": "last"},
    ]

    assert check.subject(check.Request("t", input=said)).question == "last"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "routes: [{match: {}, detectors: {pi: off}}]",
            "routes[0].detectors.pi: unknown kind of finding; did you mean 'pii'?",
        ),
        ("routes: [{match: {}, guard: {pii: fail_open}}]", "routes[0].guard.pii: 'fail_open' does not fit"),
        ("routes: [{match: {}, guard: {on_overload: block}}]", "routes[0].guard.on_overload: 'block' does not fit"),
        ("detectors: {sample: 2}", "detectors.sample: a share between 0 and 1"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_key(text, message):
    with pytest.raises(ConfigError) as error:
        parse(text.encode())
    assert message in str(error.value)


def test_the_default_configuration_needs_no_files():
    assert judge.policy_terms(Config()) == ()


def test_a_pattern_that_cannot_be_used_stops_the_start_with_its_reason():
    with pytest.raises(ConfigError, match=r"detectors\.policy_patterns: 'a\(\?=b\)': zero-width"):
        Judge(parse("detectors: {policy_patterns: ['a(?=b)']}"))


def test_policy_terms_are_read_from_the_file(tmp_path):
    (tmp_path / "terms").write_text("# mine\nproject falcon\n\n")

    assert judge.policy_terms(parse(f"detectors: {{policy: [x], policy_file: {tmp_path}/terms}}".encode())) == (
        "x",
        "project falcon",
    )


def test_of_a_conversation_the_newest_messages_are_read():
    said = [{"role": "user", "content": str(number)} for number in range(check.MESSAGES_MOST + 10)]
    read = check.subject(check.Request("x", input=said)).input
    assert [message.text for message in (read[0], read[-1])] == ["10", str(len(said) - 1)]
