"""Text in one spelling, whose places are those of the text."""

import sys

from tocsin.detectors.folding import lowered


def test_lower_case_moves_no_character():
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    assert len(lowered(everything)) == len(everything)
