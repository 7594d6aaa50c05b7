"""What the configuration gives to detectors is compiled before anything starts, and what is wrong is named."""

import argparse
import sys

import numpy as np
import pytest

from tocsin import judge
from tocsin.call import Expectation, Message
from tocsin.commands import config as command
from tocsin.config import Config, ConfigError, load, parse
from tocsin.detectors import language
from tocsin.detectors.base import TIERS, Subject
from tocsin.detectors.built_once import BUILDERS
from tocsin.detectors.candidates import MAX_CANDIDATES
from tocsin.detectors.language import LanguageDetector
from tocsin.detectors.pii import Pii
from tocsin.detectors.policy import Policy
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.secrets import Secrets
from tocsin.detectors.topic import TopicDetector
from tocsin.judge import Judge, merged

QUESTION = "What is the best way to learn how to play the piano when you are an adult?"
GERMAN = "Das ist eine gute Frage, und die Antwort ist nicht so einfach, wie man es sich denkt. " * 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("routes: [{match: {}, expect: {schema: {type: 7}}}]", "routes[0].expect.schema: not a usable JSON Schema"),
        ("routes: [{match: {}}, {match: {}, expect: {schema_file: no.json}}]", "routes[1].expect.schema_file: no.json"),
        ("routes: [{match: {}, expect: {pattern: '(?=a)b'}}]", "routes[0].expect.pattern: not a usable"),
        ("routes: [{match: {}, expect: {pattern: '(a)\\1'}}]", "without look-around and back-references"),
        ("routes: [{match: {}, expect: {pattern: '^(OK'}}]", "routes[0].expect.pattern: not a usable pattern; close its brackets"),
        ("routes: [{match: {}, expect: {format: regex}}]", "routes[0].expect.pattern: format regex needs a pattern"),
        ("routes: [{match: {}, expect: {format: json_schema}}]", "needs a schema or a schema_file"),
        ("routes: [{match: {}, weights: {hedging: 1}}]", "routes[0].weights: no component"),
        ("routes: [{match: {}, weights: {hedge: 2}}]", "routes[0].weights: weight of hedge: 2.0 is not within 0..1"),
        ("detectors: {max_tier: 0}\nroutes: [{match: {}, detectors: {toxic: suspected}}]", "routes[0].detectors.toxic: the detector 'toxicity' is of tier 1"),
        ("routes: [{match: {}, max_detector_tier: 0, guard: {prompt_leak: block}}]", "set max_detector_tier: 1 for this route"),
        ("routes: [{match: {}, max_detector_tier: 0, expect: {language: en}}]", "routes[0].expect.language"),
        ("detectors: {max_tier: 1, embedder: onnx, embedder_folder: /x}", "detectors.embedder: disabled by max_tier: 1; a model is of tier 2"),
        ("detectors: {policy_patterns: ['a(?!b)']}", "detectors.policy_patterns: 'a(?!b)'"),
        ("detectors: {policy_file: no.txt}", "detectors.policy_file: no.txt cannot be read"),
        ("detectors: {embedder: onnx, embedder_folder: /nowhere}", "detectors.embedder: onnx"),
    ],
)
def test_a_pattern_that_cannot_be_compiled_is_named_with_the_fix(text, message, tmp_path):
    (tmp_path / "tocsin.yml").write_text(text)

    with pytest.raises(ConfigError) as error:
        command._check(argparse.Namespace(config_file=tmp_path / "tocsin.yml", series=False))

    assert message in str(error.value)


def test_start_and_check_refuse_the_same():
    with pytest.raises(ConfigError, match=r"routes\[0\]\.expect\.pattern"):
        Judge(parse(b"routes: [{match: {}, expect: {pattern: '(?=a)b'}}]"))


def test_onnx_without_a_folder_is_refused():
    with pytest.raises(ConfigError, match=r"detectors\.embedder_folder: onnx needs the folder"):
        parse(b"detectors: {embedder: onnx}")


def test_an_embedder_that_is_not_installed_is_named_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordllama", None)

    with pytest.raises(ConfigError, match=r"detectors\.embedder: wordllama is not installed: pip install"):
        judge.check(parse(b"detectors: {embedder: wordllama}"))


class Same:
    """An embedder to which all texts are nearly alike."""

    name, tier = "same", 0

    def embed(self, text):
        return np.array([1.0, 0.0] if "?" in text else [0.2, 0.98], np.float32)


@pytest.mark.parametrize(("below", "types"), [(None, set()), (0.5, {"off_topic"})])
def test_the_threshold_of_another_embedder_is_the_operators(below, types):
    detector = TopicDetector(Same(), off_topic_below=below)

    report = Scanner([detector]).scan(Subject("word " * 100, question=QUESTION))

    assert {finding.type for finding in report.findings} == types


def test_a_route_can_let_answers_be_in_any_language():
    rules = Judge(parse(b"routes: [{match: {route: world}, expect: {follow_question: false}}]"), []).rules
    scanner = Scanner([LanguageDetector()])

    outcomes = [
        scanner.scan(Subject(GERMAN, question=QUESTION, expect=merged(None, rules(route).expect))).outcomes
        for route in ("support", "world")
    ]

    assert outcomes == [{"language": False}, {}]


def test_any_language_is_accepted_if_the_call_expects_a_format():
    route = Expectation(follow_question=False)

    assert merged(Expectation("json"), route) == Expectation("json", follow_question=False)


def test_the_first_entry_that_matches_gives_the_weights():
    text = b"routes: [{match: {route: a*}, weights: {hedge: 0}}, {match: {route: a*}, weights: {hedge: 1}}]"

    assert judge._knowledge(parse(text)).weights == {"a*": {"hedge": 0.0}}


def test_the_example_of_every_key_can_be_compiled():
    judge.check(load("exporter/tocsin.example.yml"))
    judge.check(Config())


MANY = MAX_CANDIDATES + 1


@pytest.mark.once
@pytest.mark.parametrize(
    ("detector", "text"),
    [
        (Pii(), "a@b.co " * MANY),
        (Pii(), "192.168.1.7, " * MANY),
        (Secrets(), "postgres://root:hunter22@db.corp.net " * MANY),
        (Policy(["forbidden"]), "forbidden " * MANY),
        (Policy([], ["ab+c"]), "abc " * MANY),
    ],
)
def test_a_text_over_the_cap_of_a_detector_is_reported(detector, text):
    scanner = Scanner([detector])

    assert scanner.scan(Subject(text)).capped == [detector.name]
    assert scanner.scan(Subject(text[: len(text) // 2])).capped == []


def test_detectors_are_built_on_first_use(monkeypatch):
    made = []
    monkeypatch.setattr(judge, "_make", lambda config: made.append(config) or [])
    lazy = Judge(Config())
    before = len(made)
    lazy.warm()
    lazy.warm()
    assert (before, len(made)) == (0, 1)


def test_lookup_tables_are_built_before_the_first_answer():
    kept = [language._certain_language, *BUILDERS]
    for built in kept:
        built.cache_clear()
    Judge(Config()).warm()
    assert {built.__name__ for built in kept if not built.cache_info().currsize} == set()


def test_each_detector_is_of_the_tier_that_the_list_of_tiers_says():
    assert {d.name: d.tier for d in Judge(Config()).detectors} == {n: t for n, t in TIERS.items() if n not in ("drift", "detoxify")}


def scanned(bench: Judge, route: str) -> set[str]:
    return set(bench.judge(Subject("You are an idiot. " * 9, route=route, question="Who?"), bench.rules(route)).report.scanned)


def test_only_detectors_up_to_a_routes_tier_run():
    bench = Judge(parse(b"detectors: {max_tier: 0}\nroutes: [{match: {route: deep}, max_detector_tier: 1}]"))

    assert scanned(bench, "deep") - scanned(bench, "plain") == {"toxicity", "harmful", "prompt_leak", "language", "topic", "coherence", "numeric", "unsupported"}
    assert {"pii", "secret", "policy", "format", "refusal", "quality"} <= scanned(bench, "plain")
    assert (bench.finds_attempts(bench.rules("deep")), bench.finds_attempts(bench.rules("plain"))) == (True, False)


def test_an_external_tier_limit_overrides_the_configuration_and_in_use_reflects_it():
    bench = Judge(parse(b"routes: [{match: {}, detectors: {toxicity: suspected}}]"), max_tier=0)

    assert "toxicity" not in scanned(bench, "x")
    assert {d.tier for d in bench.in_use} == {0}


def test_the_check_lists_detectors_that_are_off(tmp_path, capsys):
    (tmp_path / "tocsin.yml").write_text("detectors: {max_tier: 1}")
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    free = ["--web.listen-address=127.0.0.1:0", "--ingest.listen-address=127.0.0.1:0"]
    arguments = parser.parse_args(["config", "check", "--config.file", str(tmp_path / "tocsin.yml"), *free])

    assert arguments.execute(arguments) == 0
    assert "detectors.max_tier: 1: these detectors rest: detoxify" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    ["Write to Ann at ann.lee@rivermail.org.", "I'm sorry, but I cannot help with that.", GERMAN, "You are the clerk of the city.", '{"a": 1}'],
)  # fmt: skip
def test_tier_0_detectors_do_not_depend_on_question_and_system_prompt(answer):
    said = [Message("system", "You are the clerk of the city."), Message("user", "Who is ann.lee@rivermail.org?")]
    judge = Judge(Config(), max_tier=0)
    rules = judge.rules("r")
    told = judge.judge(Subject(answer, input=said, question=said[1].text, system_prompt=said[0].text), rules)
    untold = judge.judge(Subject(answer, input=said), rules)
    assert told == untold
    assert all(judged.finding.echoed for judged in untold.judged if judged.finding.kind == "pii")


def test_names_as_long_as_a_body_are_judged_and_not_kept():
    judge = Judge(parse(b"routes: [{match: {route: 'a*'}, guard: {pii: redact}}]"), [])
    assert judge.rules("a" * 1_000_000).guarded
    assert not judge.rules("b" * 1_000_000).guarded
    assert judge._cache == {}
