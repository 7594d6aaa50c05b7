import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.ngrams import beginnings, folded, shingles, signatures, words


def same(left: str, right: str) -> bool:
    return words(left).hashes.tolist() == words(right).hashes.tolist()


def test_case_accents_width_and_invisible_characters_do_not_change_a_word():
    assert same("Ignore ALL", "ignóre all")
    assert same("ignore all", "ig\u200bnore \uff41\uff4c\uff4c")


def test_an_ideograph_is_a_word():
    assert len(words("你好 you")) == 3


def test_a_text_without_words_has_none():
    assert (len(words("")), len(words("!?")), len(words("a").pairs())) == (0, 0, 0)


@given(st.text())
def test_words_stand_where_they_are_said_to_stand(text):
    found = words(text)
    assert all(0 <= s < e <= len(text) for s, e in zip(found.starts, found.ends, strict=True))
    for hashed, start, end in zip(found.hashes, found.starts, found.ends, strict=True):
        assert hashed in words(text[start:end]).hashes


def test_shingles_pass_over_what_is_no_letter():
    assert shingles("b_e_g-i n", 5).hashes.tolist() == shingles("Begin", 5).hashes.tolist()


@given(st.text(st.characters(max_codepoint=0xFFFF)))
def test_a_character_is_folded_alike_whatever_stands_beside_it(text):
    assert folded(text).tolist() == folded(text + "\U00020000")[:-1].tolist()


@given(st.text(), st.integers(2, 6))
def test_a_run_has_the_same_signature_reversed_and_in_rot13(text, width):
    def signed(form: str) -> list[int]:
        return sorted(signatures(form, width).tolist())

    assert signed(text) == signed(text[::-1]) == signed(codecs.encode(text, "rot13"))


def test_other_runs_have_other_signatures():
    assert not set(signatures("abcdefgh", 5)) & set(signatures("abdcefhg", 5))


@pytest.mark.parametrize(
    ("first", "second"),
    [("Wheels turn", "wheel turned"), ("d\u00e9j\u00e0 vu", "Deja-vu"), ("f\u200bour (4)", "fourth: 4!")],
)
def test_words_that_begin_alike_have_the_same_beginning(first, second):
    assert beginnings(first, 4).tolist() == beginnings(second, 4).tolist()


def test_a_text_without_spaces_is_read_by_pairs_of_letters():
    assert set(beginnings("\u9996\u90fd\u5df4", 4)) & set(beginnings("in \u9996\u90fd!", 4))
    assert set(beginnings("\u0e01\u0e02\u0e04", 4)) & set(beginnings("\u0e02\u0e04\u0e07", 4))


@given(st.text())
def test_any_text_has_beginnings(text):
    assert len(beginnings(text, 4)) <= len(text)
