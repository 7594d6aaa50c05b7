"""The native event and its published JSON Schema say the same."""

import json
from importlib import resources
from typing import Any

import msgspec
import pytest

from tocsin import formats
from tocsin.call import FAILURE_REASONS, Call, Feedback, Skip, ToolCall
from tocsin.formats.native import NativeEvent

SCHEMA = json.loads((resources.files("tocsin") / "formats" / "native.schema.json").read_text())
CALL: dict[str, Any] = {
    "v": 1, "id": "call-1", "call_id": "req-1", "time": "2026-11-20T02:47:00.123Z", "provider": "openai",
    "model": "gpt-4o", "served_model": "gpt-4o-2024-08-06", "fingerprint": "fp_1", "route": "support-bot",
    "consumer": "user-17", "session": "s-9", "status": 200, "error": None, "duration_s": 1.9, "ttft_s": 0.31,
    "stream": True, "cache_hit": False,
    "usage": {"input": 812, "output": 120, "cache_read": 512, "cache_write": 0, "reasoning": 0},
    "cost_usd": 0.0032, "finish_reason": "stop", "params": {"temperature": 0.2},
    "prompt": {"name": "support", "version": "12", "checksum": "sha256:00", "system": "Be kind."},
    "input": "Where is my order?", "output": "On its way.", "context": ["It left on Monday."], "tools": ["lookup"],
    "expect": {"format": "json_schema", "schema": {}, "pattern": "a+", "language": "en"},
    "scores": {"judge": 0.91}, "confidence": 0.93, "logprobs": [-0.1, -2], "labels": {"team": "search"}, "trace_id": "t",
}  # fmt: skip
FEEDBACK = {"v": 1, "type": "feedback", "id": "fb-1", "call_id": "call-1", "time": "2026-11-20T02:47:00Z",
            "scores": {"judge": 0.4}, "flag": "unsafe", "by": "reviewer", "comment": "told a secret", "verdict": "wrong",
            "kind": "pii"}  # fmt: skip
REQUIRED = {"id", "time", "model"}
CONTENT = {"input", "output", "context"}  # not decoded at all unless detectors want it
WRONG = {"string": 5, "integer": "many", "number": "many", "boolean": "maybe", "object": "text"}


def parse(record: dict[str, Any]) -> Call | Feedback:
    return formats.get("native", content=True).parse(json.dumps(record).encode())


def test_the_schema_matches_the_adapters_fields():
    assert set(SCHEMA["properties"]) == {field.encode_name for field in msgspec.structs.fields(NativeEvent)}
    assert set(SCHEMA["properties"]) == set(CALL) | set(FEEDBACK) | {"category"}


def test_the_schema_names_every_class_of_failure():
    (text,) = (o["properties"]["type"]["description"] for o in SCHEMA["properties"]["error"]["anyOf"] if "properties" in o)
    assert all(reason in text for reason in FAILURE_REASONS)


def test_a_complete_call_is_read_completely():
    call = parse(CALL)
    assert isinstance(call, Call)
    assert call.field_errors == ()
    assert (call.id, call.call_id, call.start, call.duration) == ("call-1", "req-1", 1795142820.123, 1.9)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (812, 120, 512)
    assert call.content is not None
    assert (call.content.context, call.content.tools) == (["It left on Monday."], [ToolCall("lookup")])
    assert (call.content.input[0].role, call.content.logprobs) == ("system", [-0.1, -2.0])


def test_a_success_after_a_failure_of_the_same_id_is_another_event_of_the_same_call():
    failed, again, succeeded = (parse({"id": "call-1", "time": 1.0, "model": "m", "status": status}) for status in (503, 429, 200))
    assert failed.id == again.id != succeeded.id
    assert failed.call_id == succeeded.call_id


@pytest.mark.parametrize("name", ["id", "model"])
def test_a_required_text_that_is_empty_is_missing(name):
    with pytest.raises(Skip, match=f"missing_{name}"):
        parse({**CALL, name: ""})


@pytest.mark.parametrize("name", ["id", "time", "model"])
def test_a_required_field_of_a_wrong_type_is_skipped_as_wrong_type(name):
    event = {"v": 1, "id": "1", "time": "2026-11-20T02:47:00Z", "model": "m", name: {}}
    with pytest.raises(Skip, match="wrong_type"):
        formats.get("native").parse(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("expect", "wanted", "errors"),
    [
        ({"format": "yaml"}, None, ("expect.format",)),
        ({"format": "text"}, "text", ()),
        ({"schema": {"type": "object"}}, "json_schema", ()),
        ({"pattern": "a+"}, "regex", ()),
        ({"language": "en"}, None, ()),
    ],
)
def test_an_unknown_expected_format_is_a_field_error(expect, wanted, errors):
    call = parse({**CALL, "expect": expect})
    assert isinstance(call, Call)
    assert call.expect is not None
    assert (call.expect.format, call.field_errors) == (wanted, errors)


@pytest.mark.parametrize("status", [99999, -1])
def test_a_status_that_http_does_not_have_is_named_and_no_outage(status):
    call = parse({**CALL, "status": status, "error": None})
    assert isinstance(call, Call)
    assert (call.status, call.failure, call.field_errors) == (None, None, ("status",))


def test_feedback_is_read_completely():
    feedback = parse(FEEDBACK)
    assert isinstance(feedback, Feedback)
    assert (feedback.call_id, feedback.flag, feedback.by, feedback.scores) == ("call-1", "unsafe", "reviewer", {"judge": 0.4})


def test_feedback_on_no_call_is_skipped():
    with pytest.raises(Skip, match="missing_call_id"):
        parse({key: value for key, value in FEEDBACK.items() if key != "call_id"})


@pytest.mark.parametrize("name", sorted(set(CALL) - REQUIRED))
def test_null_is_as_good_as_absent(name):
    assert parse({**CALL, name: None}).field_errors == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, spec["type"][0])
        for name, spec in SCHEMA["properties"].items()
        if name in CALL and "type" in spec and spec["type"][0] in WRONG and name not in REQUIRED | CONTENT
    ],
)
def test_a_value_that_the_schema_refuses_is_left_out_and_named(name, kind):
    assert parse({**CALL, name: WRONG[kind]}).field_errors == (name,)


def bounds(properties: dict[str, Any], *path: str) -> list[tuple[tuple[str, ...], float, float]]:
    """Return each bound in the schema with a value beyond it: (path, last good value, first bad value)."""
    found: list[tuple[tuple[str, ...], float, float]] = []
    for name, spec in properties.items():
        found += bounds(spec.get("properties", {}), *path, name)
        if "minimum" in spec:
            found.append(((*path, name), spec["minimum"], spec["minimum"] - 1))
        if "maximum" in spec:
            found.append(((*path, name), spec["maximum"], spec["maximum"] + 1))
        if "exclusiveMaximum" in spec:
            found.append(((*path, name), spec["exclusiveMaximum"] - 1, spec["exclusiveMaximum"]))
    return found


@pytest.mark.parametrize(("path", "good", "bad"), bounds(SCHEMA["properties"]), ids=str)
def test_the_bounds_of_the_schema_are_those_of_the_adapter(path, good, bad):
    bare = {"id": "1", "time": "2026-11-20T02:47:00Z", "model": "m"}

    def errors(value: float) -> tuple[str, ...]:
        whole = {"input": 999_999_999, "output": 999_999_999}
        event = parse({**bare, **({path[0]: {**whole, path[1]: value}} if path[1:] else {path[0]: value})})
        return event.field_errors

    assert (errors(good), errors(bad)) == ((), (".".join(path),))


def test_a_time_may_be_written_small():
    call = parse({**CALL, "time": "2026-11-20t02:47:00.123z"})
    assert isinstance(call, Call)
    assert call.start == 1795142820.123


def test_a_first_token_after_the_end_is_named_and_absent():
    call = parse({**CALL, "duration_s": 1.0, "ttft_s": 1.5})
    assert isinstance(call, Call)
    assert (call.ttft, call.field_errors) == (None, ("ttft_s",))


def test_an_answer_may_be_a_list_of_parts():
    call = parse({**CALL, "output": [{"type": "text", "text": "On its"}, {"type": "text", "text": "way."}]})
    assert isinstance(call, Call)
    assert call.content is not None
    assert call.content.output == "On its\nway."


@pytest.mark.parametrize("wrapped", [lambda tokens: tokens, lambda tokens: {"content": tokens}], ids=["tokens", "choice"])
def test_log_probabilities_are_read_in_openais_format(wrapped):
    call = parse({**CALL, "output": "Yes.", "logprobs": wrapped([{"token": "Yes", "logprob": -0.25}, {"token": ".", "logprob": -0.5}])})
    assert isinstance(call, Call)
    assert call.content is not None
    assert call.content.logprobs == [-0.25, -0.5]


@pytest.mark.parametrize("value", [5, True, {"a": 1}, [5], "text", None])
@pytest.mark.parametrize("name", ["input", "output", "context", "tools", "logprobs"])
def test_content_of_any_type_is_survived(name, value):
    assert isinstance(parse({**CALL, name: value}), Call)


@pytest.mark.parametrize("reason", FAILURE_REASONS)
def test_an_error_type_is_the_reason_of_the_failure(reason):
    call = parse({**CALL, "error": {"type": reason, "message": "x"}})
    assert isinstance(call, Call)
    assert call.failure == reason


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ({"type": "APIStatusError", "message": "x"}, 503, "provider_5xx"),
        ({"type": "APIConnectionError"}, None, "connection"),
        ({"message": "Rate limit exceeded"}, None, "rate_limited"),
        ({"type": "ContentPolicyViolationError"}, 400, "blocked_provider"),
        ("timeout", None, "timeout"),
        ("boom", None, "other"),
    ],
)
def test_an_error_of_another_name_is_classed_by_its_status_and_its_words(error, status, reason):
    call = parse({**CALL, "error": error, "status": status})
    assert isinstance(call, Call)
    assert call.failure == reason


@pytest.mark.parametrize("error", [{}, {"type": None, "message": None}, ""])
def test_an_error_that_says_nothing_is_none(error):
    call = parse({**CALL, "error": error})
    assert isinstance(call, Call)
    assert call.failure is None


@pytest.mark.parametrize(
    "time",
    [
        1795142820.123, 1795142820123, 1795142820123000, 1795142820123000000, "1795142820.123", "1795142820123",
        "1795142820123000", "1795142820123000000", "2026-11-20T02:47:00.123z", "2026-11-20T04:47:00.123+02:00",
        "2026-11-20 02:47:00.123", "2026-11-20 02:47:00.123 UTC", "20261120T024700.123", "2026/11/20 02:47:00.123",
    ],
)  # fmt: skip
def test_a_time_may_be_written_in_many_ways(time):
    call = parse({**CALL, "time": time})
    assert isinstance(call, Call)
    assert (call.start, call.field_errors) == (pytest.approx(1795142820.123), ())


@pytest.mark.parametrize(("tokens", "taken"), [(10**9 - 1, True), (10**9, False), (2**53 - 1, False), (2**62, False)])
def test_token_counts_that_would_overflow_the_state_are_field_errors(tokens, taken):
    event = formats.get("native").parse(json.dumps({**CALL, "usage": {"input": tokens, "output": 1}}).encode())
    assert isinstance(event, Call)
    assert (event.input_tokens, event.field_errors) == ((tokens, ()) if taken else (None, ("usage.input",)))


@pytest.mark.parametrize("part", ["cache_read", "cache_write", "reasoning"])
def test_a_token_count_that_exceeds_its_total_is_a_field_error(part):
    event = formats.get("native").parse(json.dumps({**CALL, "usage": {"input": 5, "output": 5, part: 6}}).encode())
    assert isinstance(event, Call)
    assert (getattr(event, f"{part}_tokens"), event.field_errors) == (None, (f"usage.{part}",))


@pytest.mark.parametrize(("told", "reason"), [("stop", "stop"), ("end_turn", "stop"), ("MAX_TOKENS", "length"), ("refusal", "refusal"), ("whim", "other"), ("", None)])
def test_a_vendors_word_for_the_end_is_understood(told, reason):
    event = formats.get("native").parse(json.dumps({**CALL, "finish_reason": told}).encode())
    assert isinstance(event, Call)
    assert (event.finish_reason, event.refusal) == (reason, reason == "refusal")


@pytest.mark.parametrize(("labels", "kept", "errors"), [({"team": 5, "app": "a"}, {"app": "a"}, ("labels",)), ({"team": None, "app": "a"}, {"app": "a"}, ())])
def test_a_label_that_is_not_text_is_a_field_error(labels, kept, errors):
    event = formats.get("native").parse(json.dumps({**CALL, "labels": labels}).encode())
    assert isinstance(event, Call)
    assert (event.labels, event.field_errors) == (kept, errors)


def test_scorers_beyond_the_limit_are_a_field_error():
    call = parse(CALL | {"scores": {f"scorer {number}": 0.5 for number in range(1_000)}})
    assert (len(call.scores), "scores" in call.field_errors) == (64, True)
