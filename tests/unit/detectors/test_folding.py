"""Text in one spelling, whose places are those of the text."""

import sys

from tocsin.detectors import folding
from tocsin.detectors.folding import fold, lowered


def test_lower_case_moves_no_character():
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    assert len(lowered(everything)) == len(everything)


def test_folding_is_idempotent():
    _, table = folding._changing()

    assert [folded for folded in table.values() if folded.translate(table) != folded] == []


def test_pieces_of_few_and_of_many_distinct_characters_fold_alike():
    many = "".join(map(chr, range(0x4E00, 0x4E00 + folding.FEW_DISTINCT)))
    few = "\uff21\u200b\u0410…ﬁ"

    assert fold(few + many) == fold(few) + fold(many)
