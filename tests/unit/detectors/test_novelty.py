"""Answers that rest on the results of tools, which have few words to be shared."""

import pytest

from cpu_time import costs_at_most
from tocsin.call import Message
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.novelty import is_data, second_opinion
from tocsin.detectors.unsupported import UnsupportedDetector

DETECTOR = UnsupportedDetector()
WEATHER = '{"location": {"name": "Tromsø", "tz": "Europe/Oslo"}, "current": {"tempC": -4.5, "condition": "Snow", "windKph": 22}}'
ORDERS = '[{"orderId": 7741, "customerName": "Petra Holm", "state": "shipped", "carrier": "Bring"}]'
ROUTES = '{"routes": [{"mode": "train", "departs": "14:12", "minutes": 26}, {"mode": "bus", "departs": "14:05"}]}'
PODS = "NAME        READY   STATUS    RESTARTS\nweb-0       1/1     Running   0\nqueue-0     0/1     Error     9"
FAILED = "Error executing tool: connection to the booking system timed out"
LOG = "2025-03-02 11:02:11 the pool is exhausted\n2025-03-02 11:02:12 the call to billing has timed out"
CODE = "def total(rows):\n    return sum(row.price for row in rows)"
PROSE = (
    "The harbour of Svolvær was built in 1920 and has room for forty boats. Its fish market opens on Saturdays, when the "
    "boats of the night come in. The lighthouse north of it has been dark since 1984."
)


def verdict(answer, *context, question="What does it say?", said=(), system=None):
    """True: supported; False: not; None: not judged."""
    report = Report()
    DETECTOR.scan(Subject(answer, context=context, question=question, input=said, system_prompt=system), (), report)
    return report.outcomes.get("unsupported")


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("It's currently snowing in Tromsø, with -4.5 °C and a wind of 22 km/h. ❄️ Is there anything else you need?", [WEATHER]),
        ("Order 7741 of Petra Holm has been shipped with Bring. I can let you know when it arrives!", [ORDERS]),
        ("One pod is failing: `queue-0` has the status Error after 9 restarts. `web-0` is running.", [PODS]),
        ('{"summary": "Petra Holm: shipped", "source": "Bring"}', [ORDERS]),
        ("Order 7741 was shipped to Petra Holm, and in Tromsø there is snow at -4.5 °C.", [ORDERS, WEATHER]),
        ("Today's date is March 3, 2025.", ["2025-03-03"]),
        ("Done, the lights are on.", ["OK"]),
        ("The fastest option is the 14:12 train, which takes 26 minutes. Alternatively, the bus leaves at 14:05.", [ROUTES]),
    ],
    ids=["JSON", "records", "a table", "as JSON", "two tools", "a date", "an acknowledgement", "ordinary words"],
)
def test_what_data_says_may_be_put_into_sentences(answer, context):
    assert verdict(answer, *context) is True


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("A storm has closed the bridge to the mainland, and ferries to Harstad are cancelled until Sunday.", WEATHER),
        ("Order 7741 of Magnus Eide was returned by Postnord after customs in Malmö had refused it.", ORDERS),
        ("The cluster lost quorum after etcd ran out of disk space on both masters.", PODS),
        ('{"manager": "Ines Duarte", "warehouse": "Rotterdam", "insurance": "expired", "pallets": "damaged"}', ORDERS),
        ("Your flight to Lagos was rebooked by Lufthansa, and lunch is included.", "OK"),
    ],
)
def test_what_data_does_not_say_is_unsupported(answer, context):
    assert verdict(answer, context) is False


def test_an_answer_in_the_language_of_data_that_is_not_english_is_judged():
    data = "Zimmer: frei, Preis: 90 Euro, Frühstück: nicht dabei"

    assert verdict("Das Zimmer ist frei und kostet 90 Euro. Das Frühstück ist nicht dabei.", data) is True
    assert verdict("Die Seilbahn auf den Gipfel wurde wegen Sturm gesperrt, und der Wirt ist nach Bozen gefahren.", data) is False


def test_words_of_japanese_data_are_found_in_sentences():
    data = '{"都市": "札幌", "気温": -3, "天気": "雪", "風速": 5}'

    assert verdict("札幌の天気は雪で、気温は-3度、風速は5です。", data) is True
    assert verdict("沖縄では台風のため、すべての航空便が欠航となり、観光客は待機しています。", data) is False


@pytest.mark.parametrize("failure", ["Transaction declined: the card has expired", "Exit code 1\nnpm ERR! missing script: build"])
def test_ways_to_fail(failure):
    assert verdict("Unfortunately that did not work; shall I go on without it?", failure) is True


def test_a_failure_supports_only_what_admits_it():
    assert verdict("Unfortunately I couldn't book the table, because the booking system timed out. Try later?", FAILED) is True
    assert verdict("Your table is booked, and a confirmation is on its way to your inbox.", FAILED) is False


def test_nothing_found_supports_only_what_says_so():
    assert verdict("There are no invoices for that customer this quarter.", "[]") is True
    assert verdict("I found nothing about Zyntrix in the archive.", "No documents matched your query.") is True
    assert verdict("The customer has paid both invoices, the later one by bank transfer.", '{"hits": []}') is False


def test_only_the_last_result_counts_as_a_failure():
    assert verdict("Order 7741 of Petra Holm has been shipped with Bring.", FAILED, ORDERS) is True


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("Now let me look up the carrier of that order:", ORDERS),
        ("Bestillingen ble sendt i går, og kunden får den på fredag eller lørdag, avhengig av været.", ORDERS),
        ("In Tromsø schneit es gerade kräftig, und der Wind weht mit 22 km/h aus Norden.", WEATHER),
        ("The hut was built by a carpenter, and its roof burned down.", "Die Hütte wurde von einem Zimmermann gebaut. Das Dach ist im Jahr darauf abgebrannt."),
        ("The picture shows a sliced kiwi with green flesh and black seeds on a white plate.", "See file 1c8566"),
        ("The helper adds up what every item in the basket costs, so an empty basket gives zero.", CODE),
    ],
    ids=["a plan", "another language", "one more", "English of German", "a picture", "a program"],
)
def test_what_cannot_be_told_is_not_judged(answer, context):
    assert verdict(answer, context) is None


def test_the_conversation_is_a_source_but_not_what_the_model_said_before():
    answer = "Petra Holm from the Narvik office, who leads procurement there, gets order 7741."
    told = "Petra leads procurement in the Narvik office."

    assert verdict(answer, ORDERS) is False
    assert verdict(answer, ORDERS, said=[Message("user", told)]) is True
    assert verdict(answer, ORDERS, system=told) is True
    assert verdict(answer, ORDERS, said=[Message("assistant", told)]) is False


def test_a_long_answer_without_a_new_sentence_is_supported():
    answer = "\n".join(f"- {line}" for line in PROSE.replace(", when", ". When").split(". "))
    answer = f"Summary of the harbour, the market and the lighthouse:\n{answer}\n{answer}\n{answer}"

    assert second_opinion(Subject(answer, context=[PROSE]), 0.0) == 0.6
    assert second_opinion(Subject(f"{answer}\nPirates from Tortuga burned down three warehouses.", context=[PROSE]), 0.0) == 0.0


def test_a_support_is_never_lowered():
    assert second_opinion(Subject("Pirates burned down warehouses in Tortuga.", context=[WEATHER]), 0.2) == 0.2


@pytest.mark.parametrize(("passage", "expected"), [(WEATHER, True), (PODS, True), ("sunny", True), (FAILED, True), (CODE, True), (LOG, True), (PROSE, False)])
def test_data_is_told_from_prose(passage, expected):
    assert is_data(passage) is expected


@pytest.mark.parametrize("unit", ["\n", "\n ", "\n\n-", " ", "1 ", "|>"])
def test_cost_of_telling_data_is_bounded(unit):
    assert costs_at_most(0.05, lambda: is_data("the of and\n" + unit * 8_192))


@pytest.mark.parametrize("unit", ["a  b ", "Aa, ", "* ", '"k": ', "[ ", "error ", "let ok ", "```", "\n"])
def test_cost_is_bounded(unit):
    crafted = unit * (1_000_000 // len(unit))

    assert costs_at_most(0.5, lambda: second_opinion(Subject(f"Pirates! {crafted}", context=[f"{{{crafted}"]), 0.0))
    assert costs_at_most(0.5, lambda: second_opinion(Subject(crafted, context=["a", crafted] * 300), 0.0))
