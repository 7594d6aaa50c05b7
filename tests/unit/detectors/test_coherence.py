import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors import coherence as module
from tocsin.detectors.coherence import classes, coherence

PIECES = st.sampled_from([
    "a", "Z", "x", "9", "#", "##", "@", "%", "&", "*", "~", "^", "|", "\\", " ", "\n", "\t", ".", "\ufffd", "\u0120",
    "\u0416", "\u4e2d", "\u00e9", "bcdfgh", "SRTVWX",
])  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_the_shape_filter_misses_nothing_broken(sample):
    shape = f"\n{sample}\n".encode().translate(module._SHAPE)
    possible = module._may_be_broken(shape) or b"f" in shape

    assert possible or not module._BROKEN.search(sample)


@pytest.mark.parametrize("noise", ["q#w&e r@t %y ~u i^o", "bcdfghjk qwrtpsdf zxcvbnmk"])
def test_noise_is_not_coherent(noise):
    assert coherence(f"{noise} " * 10) < 0.1


def test_classes_separate_function_words_other_words_numbers_and_punctuation():
    the, of = classes("the of")

    assert classes("the Of cat 1,5. of\n") == [
        the, module._CAPITAL, module._LOWER, module._NUMBER, of, module._LINE,
    ]  # fmt: skip
