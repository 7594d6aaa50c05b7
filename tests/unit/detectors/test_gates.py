"""Gates only save work: what a detector says of a text is what it would say if all of its gates had opened."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.detectors.base import ALWAYS, Detector, Report, Subject
from tocsin.detectors.pii import Pii, phone
from tocsin.detectors.registry import Knowledge, make
from tocsin.detectors.scanner import Scanner
from tocsin.evaluation.sets import Sets

pytestmark = pytest.mark.once
ALL = Scanner(make(Knowledge()))
DETECTORS = {d.name: d for d in ALL.detectors if d.gates and d.name != "harmful"}
"""Those whose gates spare work and say nothing themselves, as the gates of ``harmful`` do."""
PII = Scanner([Pii()])
ROWS = 40
SETS = (
    "benign_arena", "benign_halueval", "confidence", "injection_direct", "pii_answers", "prompt_leak", "refusal_xstest",
    "secrets", "tox_surge",
)  # fmt: skip
LABELS = (
    "", "Phone:", "TEL.", "call", "Call me at", "text", "my number is", "Festnetznummer", "ΤΗΛ", "Моб.", "điện thoại", "电话", "SSN",
    "IBAN", "Order", "on", "x=", "server at", "passport no", "card",
)  # fmt: skip
SIGNS = ("", "", " ", "-", ".", "/", ":", "::", ") ", " - ", "\u00a0", "\u2011", "(")
ENDS = ("", ".", ":30", " ext. 12", "x12", " (home)", "\n", "%", " 10", "/32")
GROUPS = st.integers(0, 99_999_999).map(str) | st.sampled_from(["2024", "01", "0", "0171", "555", "1", "fe80", "DE89", "a@b"])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Digits in groups, as numbers of all kinds, dates and identifiers have them, behind words that say which."""
    groups = draw(st.lists(GROUPS, min_size=1, max_size=8))
    run = "".join(part for group in groups for part in (group, draw(st.sampled_from(SIGNS))))
    return f"{draw(st.sampled_from(LABELS))}{draw(st.sampled_from(('', ' ', chr(10), ' +', ' (')))}{run}{draw(st.sampled_from(ENDS))}"


def unguarded(detector: Detector, text: str) -> Report:
    """What a detector says of a text with all of its gates open."""
    report = Report()
    detector.scan(Subject(text), [i for i, gate in enumerate(detector.gates) if gate != ALWAYS], report)
    return report


@settings(max_examples=400)
@given(numbers())
@example("Call me: 12-34-56-78 now")
@example("fe80::/10")
@example("Festnetznummer 0301234")
@example("text 2024-13-45")
@example("call 01-02/2024 or so")
@example("text 0 1234567")
@example("my number is (0\u20110171202437")
@example("64::555:1/83")
def test_no_gate_of_personal_data_misses_a_number(text):
    assert PII.scan(Subject(text)).findings == unguarded(PII.detectors[0], text).findings


@pytest.mark.parametrize("text", [
    "call 2024-10-14", "text 14.10.2024", "contact 10/14/2024 and 2024/10/14 12:30", "ring 12345678", "home 0.12345678",
])  # fmt: skip
def test_dates_and_identifiers_cost_no_search_for_numbers(text):
    gates = Scanner([Pii(["phone"])])._gated("assistant")

    assert not gates.fired(text.encode())


@pytest.mark.parametrize("name", DETECTORS)
def test_gates_miss_no_finding_in_real_texts(name):
    detector = DETECTORS[name]
    gated, sets = ALL._gated(min(detector.roles)), Sets()
    number = gated.detectors.index(detector)
    texts = [row["text"] for each in SETS for row in sets.rows(each)[:ROWS] if len(row["text"]) < 5_000]

    missed = []
    for text in texts:
        report, hits = Report(), gated.fired(text.encode("utf-8", "surrogatepass")).get(number, ())
        if hits or number in gated.ungated:
            detector.scan(Subject(text), hits, report)
        if report.findings != unguarded(detector, text).findings:
            missed.append(text)

    assert len(texts) > 200
    assert missed == []


def test_a_label_opens_the_gate_however_its_letters_are_written():
    words = (word for word in phone._WORD.split("|") if word.isalpha() and not word.isascii())

    shut = [word for word in words if not PII._gated("assistant").fired(f"{word.upper()} 123456".encode())]

    assert shut == []
