
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.numerals import digits, worded
from tocsin.detectors.numeric import NumericDetector, strange_numbers

CONTEXT = (
    "Jacksonville had 1,345,596 people in 2010 and 868,031 in the city itself, up 7.5% from 1990. Two bridges of 800 m cross "
    "the river. The mayor, born on June 4, 1950, took office on 4 October 2014. Sales were 12.5 million dollars, costs 4.5 "
    "million. Version 1.2.3 runs on 10.0.0.7. One hundred and five engines were built in the nineties."
)


def strangers(text, context=CONTEXT):
    return [text[number.start : number.end] for number in strange_numbers(text, context)]


@pytest.mark.parametrize(
    "text",
    [
        "It has 1345596 people.",
        "It has 1.345.596 people.",
        "It has about 1.35 million people.",
        "Over 868 thousand live in the city itself.",
        "Sales were $12.5m, costs 4,500,000.",
        "Sales and costs differ by 8 million; the total was 17 million dollars.",
        "It rose by 7.5 percent since 1990.",
        "105 engines, 2 bridges and twelve towers.",
        "1. The first point\n2. The second\n3) The third",
        "In summary (3 points): the bridges are 800 m long.",
        "Step 4: cross the river. Option 9 is to swim.",
        "He was born in 1950, and was aged 64 when he took office.",
        "He took office on 2014-10-04, that is 04/10/2014.",
        "He was born on 04.06.1950 and was 64 when he took office.",
        "It runs 1.2.3 on 10.0.0.7.",
        "H2O, MP3 and B52 are names.",
        "Nothing to count.",
        "",
    ],
)
def test_numbers_that_follow_from_the_context_are_fine(text):
    assert strangers(text) == []


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("It starts at 15:30 and ends at 5 pm.", "It starts at 3:30 pm and ends at 17:00."),
        ("Open from 10:00 to 16:00.", "Open from 10 to 16."),
        ("TCP was defined in 09/1981.", "TCP was defined in September 1981."),
        ("It was founded in the 12th century.", "It was founded in 1158."),
        ("They broke up in '70.", "They broke up in 1970."),
        ("The fine is £0.20 a day.", "The fine is 20p a day."),
        ("Use 1.5 cups of flour and 0.75 of sugar.", "Use 1 1/2 cups of flour and 3/4 cup of sugar."),
        ("It is 8,849 m high.", "It is 8,848.86 m high."),
        ("Umsatz: 1,5 Mrd. Euro.", "Revenue was 1.5 billion euros."),
        ("It has 850 millions.", "It has 849.6 million."),
        ("Print it with {share:.2f} in the colour #8f94fb.", "Print the share."),
    ],
)
def test_other_ways_to_write_a_number_are_fine(text, context):
    assert strangers(text, context) == []


@pytest.mark.parametrize(
    ("text", "context", "strange"),
    [
        ("It starts at 16:30.", "It starts at 3:30 pm.", "16"),
        ("It was founded in the 13th century.", "It was founded in 1158.", "13"),
        ("The population is 1.3 million.", "It has 1,234,567 inhabitants.", "1.3"),
        ("Payment: 1.520,75 Euro.", "Income 48.500, payment 1.250,75 Euro.", "1.520,75"),
        ("The fine is 25p a day.", "The fine is 20p a day.", "25"),
        ("It is 8,488 m high.", "It is 8,848.86 m high.", "8,488"),
        ("The estimate is 722,164.", "The estimate is 722,664.", "722,164"),
    ],
)
def test_other_ways_to_write_another_number_are_not(text, context, strange):
    assert strangers(text, context) == [strange]


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("It has 1,345,597 people.", "1,345,597"),
        ("It has 134,559 people.", "134,559"),
        ("It had as many in 2011.", "2011"),
        ("Sales were 125 million dollars.", "125"),
        ("It rose by 75 %.", "75"),
        ("The bridges are 8000 m long.", "8000"),
        ("More than 900,000 live in the city.", "900,000"),
        ("He was aged 71 when he took office.", "71"),
        ("Two hundred and five engines were built.", "Two hundred and five"),
        ("It runs 1.2.4.", "1.2.4"),
        ("He was born on 05.06.1950.", "05.06.1950"),
    ],
)
def test_other_numbers_are_strange(text, strange):
    assert strangers(text) == [strange]


PLACES = (
    "The bridge was opened in 1932 and closed in 1971. The tower is 58 m high and weighs 900 tons; the dome weighs 58.4 tons. "
    "Line No. 4 of the tram was built in 1971, and line No. 9 in 1932 by 12 men."
)


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("The bridge was opened in 1971 and so on.", ["1971"]),
        ("The bridge was opened in 1932 and closed in 1971.", []),
        ("The tower is 900 m high.", ["900"]),
        ("The dome weighs 58 tons.", []),
        ("Opened in 1932, it was closed in 1971.", []),
        ("The line No. 9 of the tram is new.", []),
        ("In 1971 the line was built by 12 men.", []),
    ],
)
def test_a_number_is_strange_where_the_context_has_only_others_between_the_same_words(text, strange):
    assert strangers(text, PLACES) == strange


def test_numbers_of_the_question_are_known():
    report = Report()
    NumericDetector().scan(Subject("Yes, 77 of them.", context=["They came."], question="Did 77 come?"), (), report)

    assert report.outcomes == {"numeric": True}


def test_without_context_no_check_is_made():
    report = Report()
    NumericDetector().scan(Subject("It has 5 parts of 77."), (), report)

    assert report == Report()


def test_the_finding_spans_the_number():
    report = Report()
    NumericDetector().scan(Subject("It has 999 people.", context=[CONTEXT]), (), report)

    assert report.outcomes == {"numeric": False}
    assert [(f.kind, f.type, f.start, f.end) for f in report.findings] == [("quality", "numeric", 7, 10)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,160,000", 1160000),
        ("1.16 million", 1160000),
        ("3.000.000", 3000000),
        ("1,245.93, due", 1245.93),
        ("1,5", 1.5),
        ("$5bn", 5e9),
        ("21st", 21),
        ("0.25", 0.25),
    ],
)
def test_digits_are_read(text, value):
    assert value in {round(reading, 6) for reading in digits(text)[0].readings}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two hundred and five", 205),
        ("twenty-one", 21),
        ("three million", 3e6),
        ("nineteen", 19),
        ("a dozen", 12),
        ("one thousand two hundred", 1200),
    ],
)
def test_number_words_are_read(text, value):
    assert [number.readings for number in worded(text)] == [(value,)]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
def test_a_context_supports_its_own_numbers(values):
    text = " and ".join(f"{value:,} units" for value in values)

    assert strangers(text, text.replace(",", "")) == []


@given(st.text(alphabet="0123456789.,-/ kmM%abn\n", max_size=200), st.text(alphabet="0123456789., \n", max_size=100))
def test_anything_can_be_read(text, context):
    for number in strange_numbers(text, context):
        assert 0 <= number.start < number.end <= len(text)


MEASURES = "The trail is 5 miles long, at 72 \u00b0F; a pack of 10 pounds costs $19.99, a map $5.01."


@pytest.mark.parametrize(
    "text",
    [
        "The trail is 5 miles (8 km) long.", "It is 72 \u00b0F, about 22 \u00b0C.", "A pack weighs 4.5 kg.",
        "Pack and map come to $25.00.", "$19.99 + $5.01 = $25.00", "$5.01 * 72 = $360.72", "5 miles / 10 = 0.5 miles",
    ],
)  # fmt: skip
def test_other_units_and_calculations_that_come_out_right_are_fine(text):
    assert strangers(text, MEASURES) == []


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("The trail is 5 miles (9.5 km) long.", ["9.5"]), ("It is 72 \u00b0F, about 27 \u00b0C.", ["27"]), ("A pack weighs 6 kg.", ["6"]),
        ("The trail is 8 miles long.", ["8"]), ("Pack and map come to $27.00.", ["27.00"]), ("$19.99 + $5.01 = $26.00", ["26.00"]),
        ("10 / 0 = 7", ["0", "7"]), ("It is 22 km long.", ["22"]),
    ],
)  # fmt: skip
def test_other_units_and_calculations_that_do_not_come_out_are_strange(text, strange):
    assert strangers(text, MEASURES) == strange


@pytest.mark.parametrize("unit", ["1 ", "9", "1,", "one ", "1.2.", "total 5 ", "7 km ", "7 + 7 = "])
def test_cost_is_linear(unit):
    text = unit * (60_000 // len(unit))

    assert costs_at_most(2.0, lambda: strange_numbers(text, text[::-1]))


def test_hundredths_and_fractions_in_words_are_the_same_numbers():
    context = "One third of the staff works at home. The dividend is 0.45 euros per share."

    assert strangers("About 33% work at home; the dividend is 45 cents.", context) == []
    assert strangers("About 35% work at home; the dividend is 54 cents.", context) == ["35", "54"]


DATA = (
    '{"temp_f": 75.2, "wind": 13.4, "start": "2025-06-12T09:30:00", "end": "2025-06-12T10:15:00", '
    '"rent": 4200, "power": 310.5, "internet": 89.5, "fares": [129, 98], "price_cents": 3490}'
)


@pytest.mark.parametrize(
    "text",
    [
        "A wind of 13 km/h blows.",
        "It is 75 °F (24 °C).",
        "It lasts 45 minutes.",
        "The total is **4,600.00**: rent 4,200, power 310.50 and internet 89.50.",
        "The second fare is $31 cheaper.",
        '{"fare": 98, "confidence": 90}',
        '{"price": 34.90}',
    ],
    ids=["rounded", "a unit in a key", "a span of time", "a total of what is listed", "a difference", "its own confidence", "cents"],
)
def test_what_answers_make_of_data_follows_from_it(text):
    assert strangers(text, DATA) == []


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("A wind of 17 km/h blows.", ["17"]),
        ("It is 75 °F (28 °C).", ["28"]),
        ("It lasts 50 minutes.", ["50"]),
        ("The total is 4,700.00: rent 4,200, power 310.50 and internet 89.50.", ["4,700.00"]),
        ("The second fare is $37 cheaper.", ["37"]),
        ('{"price": 39.40}', ["39.40"]),
    ],
)
def test_what_does_not_follow_from_data_is_strange(text, strange):
    assert strangers(text, DATA) == strange


def test_decimals_of_prose_are_rounded_only_where_the_text_says_so():
    assert strangers("A wind of 13 km/h blows.", "The wind of 13.4 km/h was no hindrance to any of the boats that left that day.") == ["13"]


def test_cost_of_many_totals_is_bounded():
    assert costs_at_most(1.0, lambda: strange_numbers("total 7.5 " * 2_000, DATA))
