import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.call import Expectation
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.format import (
    MAX_SCHEMA_VISITS,
    MAX_STEPS,
    FormatDetector,
    UnusableError,
    compiled_pattern,
    compiled_schema,
)

ORDER = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "uniqueItems": True}},
    "additionalProperties": False,
}


def judge(text, **expect):
    report = Report()
    FormatDetector().scan(Subject(text, expect=Expectation(**expect)), (), report)
    return report


def strictly_json(text):
    def refuse(word):
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


def test_an_answer_without_an_expectation_is_not_checked():
    report = Report()

    FormatDetector().scan(Subject("{}"), (), report)

    assert report == Report()


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', "[Infinity]", '{"a": 1,}', "{'a': 1}", '{"a": 1} // c', "\ufeff{}", "", " ", "nul", '["a\tb"]', "[01]",
     '{"a": 1}{"a": 2}', "[1],", "{}/**/", "[" * 100_000],
)  # fmt: skip
def test_anything_but_strict_json_fails(text):
    report = judge(text, format="json")

    assert report.outcomes == {"format": False}
    assert report.marks == set()
    assert [(f.kind, f.type, f.start, f.end) for f in report.findings] == [("quality", "format", 0, len(text))]


@pytest.mark.parametrize("text", ["{}", ' [1e999, "\\ud800"]\n', '{"a": 1, "a": 2}', "null", "-0.0e+1", "9" * 400])
def test_everything_in_the_json_grammar_passes(text):
    assert judge(text, format="json").outcomes == {"format": True}


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"id": 1}\n```',
        'Here it is:\n```\n{"id": 1}\n```\nAnything else?',
        'Sure! {"id": 1}',
        '{"id": 1} Done.',
    ],
)
def test_wrapped_json_fails_with_the_mark_fenced(text):
    report = judge(text, format="json_schema", schema=ORDER)

    assert report.outcomes == {"format": False}
    assert report.marks == {"fenced"}
    assert report.findings[0].score < 1


def test_wrapped_json_that_breaks_the_schema_is_plainly_wrong():
    report = judge('```json\n{"id": "x"}\n```', format="json_schema", schema=ORDER)

    assert report.outcomes == {"format": False}
    assert report.marks == set()


@pytest.mark.parametrize(
    ("text", "passes"), [('{"id": 1}', True), ('{"id": "1"}', False), ('{"id": 1, "x": 0}', False), ("[]", False)]
)
def test_an_answer_is_validated_against_the_schema(text, passes):
    assert judge(text, format="json_schema", schema=ORDER).outcomes == {"format": passes}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"$ref": "http://127.0.0.1:1/x.json"},
        {"$ref": "file:///etc/hostname"},
        {"pattern": "(?=x)"},
        "text",
        7,
    ],
)
def test_an_unusable_schema_means_unchecked_not_failed(schema):
    report = judge("{}", format="json_schema", schema=schema)

    assert report.outcomes == {}
    assert report.marks == {"format_unchecked"}


def test_a_schema_of_an_older_draft_is_judged_by_its_own_rules():
    draft4 = {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}

    assert judge("3", format="json_schema", schema=draft4).outcomes == {"format": False}
    assert judge("2", format="json_schema", schema=draft4).outcomes == {"format": True}


def test_a_schema_whose_references_double_at_each_level_is_refused():
    levels = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)}

    with pytest.raises(UnusableError, match=str(MAX_SCHEMA_VISITS)):
        compiled_schema({"$defs": levels | {"d40": {}}, "$ref": "#/$defs/d0"})


def test_a_schema_may_refer_to_itself():
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}}

    assert judge('{"next": {"next": {}}}', format="json_schema", schema=tree).outcomes == {"format": True}


def test_a_schema_nested_beyond_all_use_is_refused():
    schema: dict = {}
    for _ in range(100):
        schema = {"not": schema}

    with pytest.raises(UnusableError):
        compiled_schema(schema)


@pytest.mark.parametrize(("values", "outcomes"), [(100, {"format": True}), (20_000, {})])
def test_many_alternatives_for_many_values_mean_unchecked(values, outcomes):
    alternatives = {"items": {"anyOf": [*({"const": f"{n}"} for n in range(1_000)), {"type": "integer"}]}}

    report = judge(json.dumps([1] * values), format="json_schema", schema=alternatives)

    assert (report.outcomes, report.marks) == (outcomes, set() if outcomes else {"format_unchecked"})


def test_a_large_text_is_checked_against_a_usual_schema():
    text = json.dumps({"id": 1, "tags": [f"tag, {n}" for n in range(20_000)]})
    assert len(text) > MAX_STEPS / 30
    assert judge(text, format="json_schema", schema=ORDER).outcomes == {"format": True}


@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_the_patterns_of_a_schema_share_one_limit(keyword):
    dear = [f"[^q]{{900}}{n}" for n in range(10)]

    def schema(patterns):
        held = [{keyword: {each: True} if keyword == "patternProperties" else each} for each in patterns]
        return {"allOf": held}

    compiled_schema(schema([*dear[:2], "^[A-Z]{3}$"]))
    compiled_schema(schema([f"^[A-Z]{{3}}-{n}$" for n in range(300)]))
    with pytest.raises(UnusableError):
        compiled_schema(schema(dear))


def test_equal_schemas_are_compiled_once():
    assert compiled_schema({"type": "null"}) is compiled_schema({"type": "null"})


@pytest.mark.parametrize(
    ("pattern", "text", "passes"),
    [
        (r"^\d{4}-\d\d$", "2026-11", True),
        (r"^\d{4}-\d\d$", "on 2026-11", False),
        (r"ORD-\d+", "see ORD-12", True),
        (r"^\p{L}+$", "äöü", True),
    ],
)
def test_a_pattern_is_searched_for(pattern, text, passes):
    assert judge(text, format="regex", pattern=pattern).outcomes == {"format": passes}


@pytest.mark.parametrize("pattern", [None, "", "(", "(?=a)b", r"(a)\1", "a" * 5_000, "(a{1,1000}){1,1000}"])
def test_an_unusable_pattern_means_unchecked(pattern):
    assert judge("aa", format="regex", pattern=pattern).marks == {"format_unchecked"}


def test_a_pattern_prone_to_backtracking_takes_linear_time():
    compiled_pattern("^(a+)+$")
    hostile = "a" * 60_000 + "b"

    assert judge(hostile, format="regex", pattern="^(a+)+$").outcomes == {"format": False}
    assert costs_at_most(0.5, lambda: judge(hostile, format="regex", pattern="^(a+)+$"))


@pytest.mark.parametrize(("text", "passes"), [("hello", True), (" \n", False), ("", False)])
def test_text_must_not_be_blank(text, passes):
    assert judge(text, format="text").outcomes == {"format": passes}


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.text(alphabet='{}[]",:\\u0019eE+-.NaInfity \n\x00é', max_size=12) | VALUES.map(json.dumps))
def test_the_verdict_is_that_of_the_json_module_without_its_extensions(text):
    assert judge(text, format="json").outcomes == {"format": strictly_json(text)}


def test_a_lone_surrogate_raises_nothing():
    assert judge("order 17 \ud83d", format="regex", pattern="order [0-9]+").outcomes["format"] is True
    with pytest.raises(UnusableError):
        compiled_pattern("\ud83d")
    with pytest.raises(UnusableError):
        compiled_schema({"description": "\ud83d"})
