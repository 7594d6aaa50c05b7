import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.ngrams import beginnings, beginnings_of_two, blocks, folded, letters_of, shingles, words


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
def test_words_have_their_offsets(text):
    found = words(text)
    assert all(0 <= s < e <= len(text) for s, e in zip(found.starts, found.ends, strict=True))
    for hashed, start, end in zip(found.hashes, found.starts, found.ends, strict=True):
        assert hashed in words(text[start:end]).hashes


def test_shingles_skip_everything_but_letters():
    assert shingles("b_e_g-i n", 5).hashes.tolist() == shingles("Begin", 5).hashes.tolist()


@given(st.text(st.characters(max_codepoint=0xFFFF)))
def test_folding_a_character_does_not_depend_on_its_neighbours(text):
    assert folded(text).tolist() == folded(text + "\U00020000")[:-1].tolist()


@given(st.text(min_size=20))
def test_every_fifth_block_of_a_text_is_among_all_of_them(text):
    letters = letters_of(text)
    assert set(blocks(letters, 5).tolist()) <= set(blocks(letters, 1).tolist())


def test_a_run_of_twenty_letters_contains_one_of_every_fifth_block_at_any_offset():
    prompt = letters_of("The launch is on the ninth of May, and nobody but the four of you knows it yet.")
    known = set(blocks(prompt, 5).tolist())
    runs = [prompt[at : at + 20] for at in range(len(prompt) - 19)]
    assert all(known & set(blocks(b"x" + run + b"x", 1).tolist()) for run in runs)


@given(st.text())
def test_letters_are_read_alike_in_every_unicode_plane(text):
    assert letters_of(text) == letters_of(text + "\U0001f514")


@given(st.text(), st.text())
def test_beginnings_of_two_equals_beginnings_of_each(first, second):
    hashes, count = beginnings_of_two(first, second, 4)
    alone = [beginnings(text, 4).tolist() for text in (first, second)]
    assert [sorted(hashes[:count].tolist()), sorted(hashes[count:].tolist())] == list(map(sorted, alone))


@given(st.text(), st.text())
def test_words_that_were_read_with_another_text_are_the_same(first, second):
    alone = words(first)
    beginnings_of_two(first, second, 4)
    found = words(first)
    assert [found.hashes.tolist(), found.starts.tolist(), found.ends.tolist()] == [
        alone.hashes.tolist(), alone.starts.tolist(), alone.ends.tolist(),
    ]  # fmt: skip


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
