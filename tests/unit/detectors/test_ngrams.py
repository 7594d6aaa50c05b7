import codecs

from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.ngrams import folded, shingles, signatures, words


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


@given(st.text(), st.integers(1, 6))
def test_a_run_has_the_same_signature_reversed_and_in_rot13(text, width):
    def signed(form: str) -> list[int]:
        return sorted(signatures(folded(form), width).tolist())

    assert signed(text) == signed(text[::-1]) == signed(codecs.encode(text, "rot13"))


def test_other_runs_have_other_signatures():
    assert not set(signatures(folded("abcdefgh"), 5)) & set(signatures(folded("abdcefhg"), 5))
