"""Policy terms: found as whole words however they are disguised, at the place where they stand."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors import folding
from tocsin.detectors import policy as module
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.folding import fold, places_of
from tocsin.detectors.masking import unmasked
from tocsin.detectors.patterns import MAX_MATCHES, PatternError, Patterns
from tocsin.detectors.policy import Policy
from tocsin.detectors.scanner import Scanner

TERMS = ["Project Bluebird", "acmecorp", "C++ exploit kit", "Straße", "ass", "off the record", "año", "机密", "секрет"]
POLICY = Policy(TERMS)


def spans(text, policy=POLICY, **subject):
    report = Report()
    policy.scan(Subject(text, **subject), (), report)
    return [text[f.start : f.end] for f in report.findings]


@pytest.mark.parametrize(
    "written",
    [
        "project bluebird", "PROJECT BLUEBIRD", "Project-Bluebird", "project\nbluebird", "project   bluebird", "project – bluebird",
        "ｐｒｏｊｅｃｔ ｂｌｕｅｂｉｒｄ", "pro\u200bject blue\u2060bird", "pro\u00adject bluebird", "рrоjесt bluebird", "project\u00a0bluebird",
        "**project** bluebird", "𝐩𝐫𝐨𝐣𝐞𝐜𝐭 bluebird", "p\u0301\u0302\u0303roject bluebird", "project_bluebird", "C++ EXPLOIT-KIT", "STRASSE", "strasse",
        "off-the record", "AcmeCorp", "an\u0303o", "AÑO", "Секрет", "CEKPET".translate(str.maketrans("CEKPT", "СЕКРТ")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", "Say ({}), please.", "é — “{}” — 漢字", "`{}`", "_{}_"])
def test_a_term_is_found_in_every_spelling_with_its_span(written, frame):
    text = frame.format(written)

    [span] = spans(text)

    assert written.strip("*") in span or span in written


@pytest.mark.parametrize(
    "written",
    [
        "a c m e c o r p", "A.C.M.E.C.O.R.P", "a-c-m-e-c-o-r-p", "4cm3c0rp", "@cmecorp", "acme&#99;orp", "&#x61;cmecorp", "ᴀᴄᴍᴇᴄᴏʀᴘ",
        "p r o j e c t  b l u e b i r d", "pr0ject b1uebird", "Pr0j3ct-Bluebird",
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ["{}", "Say ({}), please.", "é — “{}” — 漢字", "1 {} of b2"])
def test_a_term_masked_by_spaces_symbols_or_references_is_found(written, frame):
    assert spans(frame.format(written)) == [written]


@given(st.text("aceimnopr01345@$!| .-_&#x;é", max_size=80))
def test_places_of_an_unmasked_text_grow_and_end_with_it(sample):
    folded = fold(sample)

    for plain, places in unmasked(folded):
        found = [places[index] for index in range(len(plain) + 1)]
        assert found == sorted(found)
        assert found[-1] == len(folded)


@pytest.mark.parametrize(
    "text",
    [
        "the A55 to Bangor", "455 at 45.5", "a s s o r t e d", "a5b5c5 0xa55 a55f00", "455e7 of 1e5",
        "class assassin bass",
        "projectbluebirds",
        "acmecorps",
        "preStraßetion",
        "ano",
        "off record the",
        "project, then a bluebird",
        "𝐚𝐬𝐬𝐞𝐭",
    ],
)
def test_a_word_that_only_contains_the_term_is_not_found(text):
    assert spans(text) == []


def test_a_term_of_a_script_without_spaces_needs_no_boundary():
    assert spans("这是机密文件") == ["机密"]


def test_each_place_counts_once_though_terms_overlap():
    assert spans("bad word, bad", Policy(["bad", "bad word"])) == ["bad word", "bad"] or spans(
        "bad word, bad", Policy(["bad", "bad word"])
    ) == ["bad", "bad"]


def test_terms_of_a_call_are_added_to_the_configured_ones():
    assert spans("acmecorp met Zeta Corp", terms=["zeta corp"]) == ["acmecorp", "Zeta Corp"]


def test_lists_of_calls_are_compiled_once_and_forgotten_in_the_end():
    module._terms_of_call.cache_clear()
    for number in range(200):
        spans("text", terms=[f"term {number % 100}"])

    assert module._terms_of_call.cache_info().currsize <= 64


def test_without_terms_nothing_is_found():
    assert spans("anything", Policy()) == []


@pytest.mark.parametrize(
    "terms", [[""], ["   "], ["\u200b"], ["\x00"], ["a" * 10_000], ["(unclosed", "[a-", "\\"], ["\ud800"]]
)
def test_any_terms_can_be_configured(terms):
    spans("plain text", Policy(terms))


def test_pattern_characters_of_a_term_mean_themselves():
    assert spans("f(x) = a.b* [1]", Policy(["a.b*", "[1]"])) == ["a.b*", "[1]"]


text = st.text(st.characters(codec="utf-8"), max_size=60)


@given(text)
def test_every_folded_character_has_a_place_and_places_grow(sample):
    folded = fold(sample)

    places = [places_of(sample, [index])[index] for index in range(len(folded) + 1)]

    assert places == sorted(places)
    assert places[-1] == len(sample)
    assert all(letter == sample[place] for letter, place in zip(folded, places, strict=False) if sample[place] in "abc .")


@given(text, text, st.sampled_from(["project bluebird", "ａｃｍｅcorp", "stra\u200bße"]))
def test_offsets_refer_to_the_original_text(before, after, written):
    found = spans(f"{before} . {written} . {after}")

    assert written in found


@given(st.text(max_size=80))
def test_any_text_can_be_scanned(sample):
    spans(sample)


def test_a_text_full_of_terms_is_bounded():
    assert len(spans("ass " * 30_000)) == module.MAX_FINDINGS


def test_patterns_of_the_operator_are_found_at_their_longest():
    assert spans("é PRJ-2041b and prj-7", Policy(patterns=[r"PRJ-\d+[a-z]?"])) == ["PRJ-2041b"]


def test_terms_and_patterns_over_the_same_characters_count_once():
    assert spans("project bluebird 7", Policy(["bluebird"], [r"project \w+ \d"])) == ["project bluebird 7"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("foo(?=bar)", "zero-width assertions"),
        (r"(a)\1", "back-references"),
        ("(unclosed", "missing close parenthesis"),
        ("a*", "matches nothing at all"),
        ("[a-z]{1,2000}@", "too large"),
    ],
)
def test_patterns_that_cannot_be_used_are_named_with_the_reason(pattern, reason):
    with pytest.raises(PatternError) as raised:
        Policy(patterns=["fine", pattern])

    assert repr(pattern) in str(raised.value)
    assert reason in str(raised.value)
    assert "'fine'" not in str(raised.value)


def test_a_slow_pattern_is_named_with_its_speed():
    ticks = itertools.count()

    assert Patterns(["abc"], clock=lambda: next(ticks)).slow == {"abc": "0.1 MB/s"}


def test_matches_of_a_pattern_are_bounded():
    assert len(Patterns(["a"]).spans("a " * 5000)) == MAX_MATCHES


def test_threads_scan_at_the_same_time(found):
    scanner, text = Scanner([Policy(TERMS, ["PRJ-[0-9]+"])]), "acmecorp PRJ-7 " * 3000

    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: scanner.scan(Subject(text)), range(24)))

    assert {(len(report.findings), tuple(report.scanned)) for report in reports} == {(module.MAX_FINDINGS, ("policy",))}


def test_a_long_text_is_folded_piece_by_piece(monkeypatch):
    sizes = []
    genuine = folding.replaced
    monkeypatch.setattr(folding, "replaced", lambda piece, *rest: sizes.append(len(piece)) or genuine(piece, *rest))

    assert folding.fold("\uff21" * 50_000) == "a" * 50_000
    assert max(sizes) < 10_000


def test_a_text_full_of_terms_is_not_read_again_without_masks(monkeypatch):
    monkeypatch.setattr(module, "unmasked", lambda text: pytest.fail("read again"))
    subject = Subject("term7word " * 5_000)

    report = Report()
    Policy(["term7word"]).scan(subject, (), report)

    assert len(report.findings) == module.MAX_FINDINGS
    assert report.capped == ["policy"]
