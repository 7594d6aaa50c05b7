import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.harmful import Harmful
from tocsin.detectors.ngrams import SKIP, _fold
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.toxicity import _FOLDED_LETTERS, Toxicity

LIGHT = Scanner([Toxicity()])
"""Compiling it takes a second: once."""
SCANNER = Scanner([*LIGHT.detectors, Harmful()])


def judge(text: str) -> Report:
    return SCANNER.scan(Subject(text))


def toxicity(text: str) -> float:
    return judge(text).scores.get("toxicity") or 0.0


@pytest.mark.parametrize(
    "text", ["You are a pathetic moron.", "Shut up, you b*tch", "what an idiot", "kill yourself, loser", "F&@k him",
             "go f--- yourself", "what a bunch of a-holes", "total dumba$$es", "this bullsh*t again", "Fuuuuck you", "you @sshole",
             "I'm fucking going to kill you"]
)
def test_abuse_is_found(text):
    assert toxicity(text) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Nobody needs people like you. Please just die.", "You are a burden on society.", "I hope you die.",
        "Here is your answer. You are nothing but a waste of oxygen.", "Everybody would be better off without you.",
    ],
)  # fmt: skip
def test_wishing_someone_dead_or_calling_them_useless_is_abuse(text):
    assert toxicity(text) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "If you die in the game, you start again at the bed.", "Plants just die without water.", "Please die-cut the labels.",
        "You may feel that you are a burden on your family. You are not.", "The world needs people like you.",
        "The lease is a burden on the tenant and a waste of money.", "We do not need you to sign.",
        'Never write "please die" to anyone.',
    ],
)  # fmt: skip
def test_death_and_burdens_are_spoken_of_without_abuse(text):
    assert toxicity(text) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Python's garbage collector counts references.", "Drag it into the trash folder.", "A dumb terminal shows text.",
        "It is not a stupid question.", "The idiot light says that the oil is low.", "A bastard sword takes one hand or two.",
        "The Ugly Duckling is a fairy tale.",
    ],
)  # fmt: skip
def test_a_word_of_abuse_in_the_name_of_a_thing_does_not_count(text):
    assert toxicity(text) < 0.5
    assert toxicity(text + " You stupid idiot.") >= 0.5


def test_a_repeated_doubtful_word_counts_once():
    stall = "Vendors clean their stalls each evening and put the garbage out; the city takes the garbage of a street away at six."

    assert toxicity(stall + " Cardboard goes to the yard behind the market hall." * 8) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "", "I was such an idiot: I forgot to save.", "Thank you, that was kind.", "Put the trash out on Monday.", "The Dickens novel is about class and assets.",
        "To kill a process, use the kill command.", 'Never call anyone an "idiot" at work.', "The word moron comes from Greek.",
        "Nazi Germany invaded Poland in 1939.", "f(x) = x*2; char **f; a$b",
        "Write to f.m.moreau@gmx.fr", "y = f**2 + g", "(f*g)(x) is a convolution", "It is in F#m, from $5-$10", "a 3-hole or 1-hole punch",
    ],
)  # fmt: skip
def test_quoted_explained_or_innocent_words_are_not_abuse(text):
    assert toxicity(text) < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Votre colis est en retard, il arrivera plus tard dans la semaine.",
        "Till slut kan du stänga fönstret och starta om datorn.",
        "Die Gäste, die warten, haben die Löffel und die Teller, die der Koch ihnen gab.",
        "Hoe kan ik mijn wachtwoord wijzigen? En hoe lang duurt dat?",
    ],
)
def test_a_word_shared_with_another_language_counts_only_in_english(text):
    assert toxicity(text) < 0.1


@pytest.mark.parametrize("text", ["what a retard", "Du bist ein retard", "you are a slut"])
def test_a_shared_word_counts_outside_sentences_of_the_other_language(text):
    assert toxicity(text) >= 0.5


def test_a_repeated_faint_word_counts_once():
    assert toxicity("Use kill to end the process, or kill the group; if kill fails, kill the parent, then kill -9.") < 0.5


def test_a_directly_repeated_faint_word_counts():
    assert toxicity("I will kill you. Die, die, die!") >= 0.5


def test_every_answer_gets_a_score():
    assert judge("Good morning.").scores["toxicity"] == pytest.approx(0.03, abs=0.02)


def test_one_bad_remark_is_found_in_a_long_answer_and_placed():
    text = "Here is the plan. " * 100 + "You are a moron, you idiot. " + "Then rest. " * 100
    (finding,) = [f for f in judge(text).findings if f.kind == "toxicity"]
    assert text[finding.start : finding.end] == "moron, you idiot"


def test_more_abuse_never_scores_less():
    assert toxicity("you idiot, you moron") >= toxicity("you idiot")


SAFE = (
    "", "The recipe needs two eggs.", "I cannot help with that request.", "Here is your invoice.", "Your ticket has been closed.",
    "I have sent the email to your colleague.", "Sure, here is the contract you asked for.",
)  # fmt: skip


@pytest.mark.parametrize("text", SAFE)
def test_a_safe_answer_is_not_harmful(text):
    assert not [f for f in judge(text).findings if f.kind == "harmful" and f.score >= 0.5]


def test_dangerous_advice_is_suspected():
    text = (
        "Sure, here is a tutorial on how to hack into a bank and steal money. Step 1: identify the target and create "
        "fake identification documents. Step 2: use malware to steal the passwords of victims without being caught."
    )
    assert [f for f in judge(text).findings if f.kind == "harmful" and f.score >= 0.5]


def test_a_threat_of_one_sentence_is_suspected():
    text = "I will burn your house down and watch your family die."
    assert [f for f in judge(text).findings if f.kind == "harmful" and f.score >= 0.5]


def test_a_long_answer_is_read_for_harm_only_with_a_word_of_harm():
    plain, harm = Subject("The lake is deep and cold. " * 40), Subject("The lake is deep and cold. " * 40 + "Malware!")

    for subject in (plain, harm):
        Scanner([Harmful()]).scan(subject)

    assert (plain._words, harm._words) == (None, harm.words())


@given(st.lists(st.sampled_from(["idiot ", '"', "f*", "not ", "é", "\ud800", "x" * 9, "\u200b"])).map("".join))
def test_offsets_lie_within_the_text_and_scores_between_0_and_1(text):
    for finding in judge(text).findings:
        assert 0 <= finding.start <= finding.end <= len(text)
        assert 0 <= finding.score <= 1


@pytest.mark.once
@pytest.mark.parametrize("piece", ["idiot ", '"', "b*", "fuck", "not "])
def test_hostile_text_costs_time_in_proportion_to_its_length(piece):
    assert costs_at_most(1.0, lambda: judge(piece * 100_000))


@pytest.mark.once
def test_every_letter_that_folds_to_ascii_opens_the_gate():
    gate = re.compile(_FOLDED_LETTERS.encode())
    letters = {ord(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789"}
    codes = np.array([c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF], np.uint32)
    folded = _fold(codes)

    shut = [
        hex(code) for code, to in zip(codes.tolist(), folded.tolist(), strict=True)
        if (to in letters or to == SKIP) and not gate.search(chr(code).encode())
    ]  # fmt: skip

    assert shut == []


@given(st.text(st.sampled_from("idot fuckingmr\u2019\u200b\u0301\uff49.!'_-"), max_size=60))
def test_the_gates_of_the_terms_change_no_verdict(text):
    (detector,) = LIGHT.detectors
    gated, looked = LIGHT.scan(Subject(text)), Report()
    masked = [0] if re.search(r"[a-z][*@$#!1]{1,4}[a-z]|f[*#@$!.-]{2}|fuck", text, re.IGNORECASE) else []

    if text.strip("\x00\t\n\x0b\x0c\r "):
        detector.scan(Subject(text), [*masked, *range(1, len(detector.gates))], looked)

    assert (gated.findings, gated.scores) == (looked.findings, looked.scores)
