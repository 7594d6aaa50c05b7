
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.call import Expectation
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.language import LanguageDetector, certain_language, known

TEXTS = {
    "en": "The committee met on Tuesday and agreed that the plan was too expensive for the city, so it will be changed. ",
    "de": "Der Ausschuss traf sich am Dienstag und war sich einig, dass der Plan für die Stadt zu teuer ist und sich ändern wird. ",
    "es": "El comité se reunió el martes y acordó que el plan era demasiado caro para la ciudad, por lo que se cambiará. ",
    "fr": "Le comité s'est réuni mardi et il a décidé que le plan est trop cher pour la ville, et qu'il sera donc changé. ",
    "tr": "Komite salı günü toplandı ve planın şehir için çok pahalı olduğu ve bu nedenle değiştirilmesi gerektiği kabul edildi. ",
    "vi": "Ủy ban đã họp vào thứ ba và đồng ý rằng kế hoạch này quá tốn kém cho thành phố, do đó nó sẽ được thay đổi. ",
    "ru": "Комитет собрался во вторник и решил, что этот план слишком дорог для города, поэтому он будет изменён. ",
    "uk": "Комітет зібрався у вівторок і вирішив, що цей план є надто дорогим для міста, тому його буде змінено. ",
    "el": "Η επιτροπή συνεδρίασε την Τρίτη και συμφώνησε ότι το σχέδιο είναι πολύ ακριβό για την πόλη. ",
    "ar": "اجتمعت اللجنة يوم الثلاثاء ووافقت على أن الخطة مكلفة للغاية بالنسبة للمدينة لذلك سيتم تغييرها. ",
    "hi": "समिति ने मंगलवार को बैठक की और सहमति व्यक्त की कि योजना शहर के लिए बहुत महंगी है। ",
    "th": "คณะกรรมการประชุมเมื่อวันอังคารและเห็นพ้องกันว่าแผนนี้แพงเกินไปสำหรับเมือง ",
    "zh": "委员会于星期二开会，一致认为该计划对城市来说过于昂贵，因此将进行修改。",
    "ja": "委員会は火曜日に開かれ、その計画は市にとって高すぎると合意したため、変更される予定です。",
    "ko": "위원회는 화요일에 모여 그 계획이 도시에 너무 비싸다는 데 동의했으므로 변경될 것입니다. ",
}


def judge(text, language=None, question=None, *, follow_question=True):
    report = Report()
    expect = Expectation(language=language, follow_question=follow_question) if language or not follow_question else None
    LanguageDetector().scan(Subject(text, question=question, expect=expect), (), report)
    return report


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_in_its_own_language(language):
    assert judge(TEXTS[language] * 4, language).outcomes == {"language": True}


@pytest.mark.parametrize(
    ("actual", "expected"), [(a, e) for a in TEXTS for e in ("en", "de", "ru", "zh", "ar") if a != e]
)
def test_a_text_in_another_language_is_found(actual, expected):
    report = judge(TEXTS[actual] * 4, expected)

    assert report.outcomes == {"language": False}
    assert [(f.kind, f.type) for f in report.findings] == [("quality", "language")]


@pytest.mark.parametrize("other", ["de", "es", "ru", "zh", "tr"])
def test_a_switch_midway_is_found_with_its_span(other):
    text = TEXTS["en"] * 6 + TEXTS[other] * 4

    finding = judge(text, "en").findings[0]

    assert len(TEXTS["en"]) * 4 < finding.start < finding.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        TEXTS["en"] * 3
        + 'For instance, the expression "Привет, как дела" is used informally, as is "你好". '
        + TEXTS["en"],
        TEXTS["en"]
        + "\n```python\nfür = dict(der=1, die=2)\n# и это комментарий на русском языке\n```\n"
        + TEXTS["en"],
        TEXTS["en"] + "See https://de.wikipedia.org/wiki/Der_und_die_und_das " * 8,
        "Ada Lovelace, Grace Hopper, Barbara Liskov, Margaret Hamilton, Radia Perlman, Frances Allen",
        "1. I. A.\n2. II. B.\n3. III. C. e o y a i\n" * 8,
        "42",
        "",
    ],
    ids=["phrase", "code", "links", "names", "numerals", "number", "empty"],
)
def test_foreign_fragments_in_an_english_answer_are_not_a_mismatch(text):
    assert judge(text, "en").findings == []


def test_mathematical_bold_letters_count_as_letters():
    bold = str.maketrans({letter: chr(0x1D41A + place) for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")})

    assert judge("the angles α and β are equal, so the triangle is isosceles".translate(bold), "en").outcomes == {}


def test_regions_of_a_language_are_its_own():
    assert judge(TEXTS["en"] * 2, "en-US").outcomes == {"language": True}


@pytest.mark.parametrize("expected", ["en", "de", "fr", "es", "tr", "zh", "ar"])
@pytest.mark.parametrize(
    "text",
    [
        "Bilety można kupić przy wejściu albo w internecie, a dzieci poniżej dwunastu lat wchodzą za darmo.",
        "A múzeum kilenckor nyit és hatkor zár. Jegyet a bejáratnál vagy az interneten lehet venni, és nem túl drága.",
        "Vstupenky lze koupit u vchodu nebo na internetu a děti do dvanácti let mají vstup zdarma, velké tašky ne.",
    ],
    ids=["pl", "hu", "cs"],
)
def test_letters_that_a_language_lacks_are_a_mismatch(text, expected):
    assert judge(text, expected).outcomes == {"language": False}


def test_a_language_that_is_not_known_is_not_checked():
    assert not known("tlh")
    assert judge(TEXTS["en"], "tlh").outcomes == {}


def test_without_an_expectation_the_question_decides():
    question = "Why did the committee decide that the plan was too expensive for the city?"

    assert judge(TEXTS["de"] * 3, question=question).outcomes == {"language": False}
    assert judge(TEXTS["de"] * 3, question=question, follow_question=False).outcomes == {}


@pytest.mark.parametrize(
    "question", ["Translate this to German for the people who are here with us: hello", "ok?", "def f(x): return x"]
)
def test_a_question_that_leaves_doubt_decides_nothing(question):
    assert judge(TEXTS["de"] * 3, question=question).outcomes == {}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is on the menu today?", TEXTS["de"]),
        ("Wie geht es dir heute?", "I am well, and I hope that you are too."),
        ("你们几点开门？请告诉我", "We are open from nine to six on all days of the week but Sunday."),
        ("这个博物馆的开放时间是什么时候？", "It is open from nine to six on all days."),
    ],
    ids=["en", "de", "zh", "zh, a short answer"],
)
def test_the_language_of_a_short_question_is_recognised(question, answer):
    assert judge(answer, question=question).outcomes == {"language": False}


@pytest.mark.parametrize(
    "question",
    [
        "Wie lautet dieser Satz auf Englisch: Ich habe den Bus verpasst und komme zu spät.",
        "これを英語にしてください：バスに乗り遅れました",
        "Переведи это письмо, пожалуйста: мы приедем в понедельник, если не будет дождя.",
        "¿Cómo se dice en inglés que he perdido el autobús de la mañana?",
    ],
    ids=["de", "ja", "ru", "es"],
)
def test_a_language_may_be_named_in_any_language(question):
    assert judge(TEXTS["en"], question=question).outcomes == {}


def test_words_in_capitals_are_not_evidence_of_another_language():
    assert judge("Tools: Prompt AI, Studio AI, Canvas AI, Voice AI and Search AI", "en").findings == []


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_a_long_question_is_recognised(language):
    assert certain_language(TEXTS[language] * 2) == language


@given(st.text(max_size=900), st.sampled_from(["en", "zh", "uk"]))
def test_offsets_lie_in_the_text(text, language):
    for finding in judge(text, language).findings:
        assert 0 <= finding.start < finding.end <= len(text)


@pytest.mark.parametrize("unit", ["$", "`", "<", "\\[", "a ", "я", "```"])
def test_cost_is_linear(unit):
    text = unit * (200_000 // len(unit))

    assert costs_at_most(1.0, lambda: judge(text, "en"))
