"""Language: whether all of the answer is in the expected language.

Judged in windows of 300 characters, since a switch midway is hidden in the whole; code, links and formulas are blanked
first. A window's script decides if it can (Greek, Thai, ...); among languages of one script, function words do. A
window without either, such as a list of names, decides nothing.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple

import hyperscan
import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.built_once import built_once
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.linear import DATA
from tocsin.detectors.quality import ANSWERS, finding

WINDOW_CHARS: Final = 300
LANGUAGE_CHARS: Final = 16_384
"""Characters of an answer that are judged."""
LONG_QUESTION, SHORT_QUESTION = 8, 5
"""Words of a question whose language is recognised by function words; a short one needs a larger share of them."""
MIN_LETTERS: Final = 12
"""A window with fewer letters of a script that several languages share decides nothing."""

_OWN_SHARE: Final = 0.12
"""Share of function words from which a window is in a language; English prose has 0.3 to 0.5."""
_SCRIPTS: Final = {
    "el": "\u0370-\u03ff\u1f00-\u1fff", "cyrillic": "\u0400-\u052f", "he": "\u0590-\u05ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff", "hi": "\u0900-\u097f", "bn": "\u0980-\u09ff",
    "pa": "\u0a00-\u0a7f", "gu": "\u0a80-\u0aff", "ta": "\u0b80-\u0bff", "te": "\u0c00-\u0c7f", "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f", "th": "\u0e00-\u0e7f", "ka": "\u10a0-\u10ff", "ko": "\u1100-\u11ff\uac00-\ud7af",
    "ja": "\u3040-\u30ff", "han": "\u3400-\u4dbf\u4e00-\u9fff", "hy": "\u0530-\u058f",
}  # fmt: skip
"""Ranges of the Unicode blocks of scripts; a script of one language has its name."""
_SCRIPT_OF: Final = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "be", "mk", "kk"), "cyrillic"),
    **dict.fromkeys(("ar", "fa", "ur"), "arabic"), **dict.fromkeys(("hi", "mr", "ne"), "hi"),
    "zh": "han", "ja": "ja",
}  # fmt: skip
_DISTINCT: Final = {  # letters of a language that the largest other language of its script lacks
    "uk": re.compile("[іїєґ]"), "ru": re.compile("[ыэъё]"), "fa": re.compile("[پچژگ]"), "ur": re.compile("[ٹڈڑںے]"),
}  # fmt: skip
_CHINESE_QUESTION = re.compile("[吗嗎么麼请請这這们們你您怎哪啊呢吧说說还]")
"""Chinese question words that Japanese does not use: a Japanese question may be too short for kana."""
_RIVALS: Final = {"ru": ("uk",), "uk": ("ru",), "ar": ("fa", "ur"), "fa": ("ur",), "ur": ()}
_NOT_LATIN = re.compile("[" + "".join(_SCRIPTS.values()) + "]")
_ACCENTED = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_MANY_KINDS = re.compile(f"{_NOT_LATIN.pattern}|{_ACCENTED.pattern}")
"""Letters beyond plain ones: with them windows overlap by half, so that no foreign passage is split between two."""
_ASCII: Final = bytes(range(128))
_OWN_LETTERS: Final = {
    "en": "", "id": "", "nl": "", "de": "äöüß", "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíñóúü", "it": "àèéìíîòóùú",
    "pt": "áâãàçéêíóôõúü", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "ro": "ăâîșşțţ", "hu": "áéíóöőúüű", "sv": "åäöé",
    "da": "æøåé", "no": "æøåéòóô", "fi": "äöå", "tr": "çğıöşüâîû",
}  # fmt: skip
"""Non-ASCII letters by language; in the first three they are rare and foreign."""
MIN_ACCENTED: Final = 0.025
"""Share of foreign letters from which a window with hardly any function words is not in a language."""
_LETTER = re.compile(r"[^\W\d_]")
_NO_LETTERS: Final = bytes(set(range(256)) - set(string.ascii_letters.encode()))
_MARKED: Final = (
    r"```.*?(?:```|\Z)|`[^`\n]+`|\$\$.{1,400}?\$\$|\$[^$\n]{1,200}\$|\\\[.{1,400}?\\\]|\\\(.{1,400}?\\\)|<[^<>]{1,200}>"
)
_NO_MARKED = re.compile(_MARKED, re.DOTALL)
_NO_PROSE = re.compile(rf"{_MARKED}|https?://\S+", re.DOTALL)
"""For texts with links only: otherwise each word with an h would be tried."""
_LANGUAGE_NAMES: Final = (
    "translat", "language", "english", "french", "german", "spanish", "italian", "portuguese", "dutch", "polish",
    "russian", "turkish", "arabic", "hindi", "chinese", "mandarin", "japanese", "korean", "greek", "thai",
    "vietnamese", "romanian", "swedish", "ukrainian", "czech", "slova", "slove", "hungarian", "danish", "norwegian",
    "finnish", "hebrew", "indonesian", "malay", "bengali", "urdu", "persian", "farsi", "catalan", "croatian",
    "serbian", "bulgarian", "lithuanian", "latvian", "estonian", "icelandic", "welsh", "irish", "swahili",
    "tagalog", "cantonese", "tamil", "telugu", "in latin", "sprache", "englisch", "deutsch", "französisch",
    "spanisch", "tradu", "langue", "anglais", "allemand", "français", "espagnol", "idioma", "inglés", "alemán",
    "francés", "español", "inglês", "alemão", "português", "lingua", "inglese", "tedesco", "francese", "italiano",
    "vertaal", "engels", "duits", "nederlands", "tłumacz", "angielsk", "niemieck", "ingilizce", "almanca",
)  # fmt: skip
_NAMED_ELSEWHERE: Final = (
    "bersetz", "еревед", "еревод", "ереклад", "нглийск", "нглійськ", "емецк", "язык", "翻译", "翻譯", "翻訳",
    "英語", "英语", "英文", "中文", "中国語", "日語", "日语", "日本語", "日文", "韓国語", "語で", "번역",
    "영어", "한국어", "일본어", "ترجم", "الإنجليزية", "अनुवाद", "अंग्रेज़ी",
)  # fmt: skip
"""Without first letters that may be non-ASCII capitals: Hyperscan ignores case only in ASCII."""
_NAMES_A_LANGUAGE: Final = rf"\b(?:{'|'.join(_LANGUAGE_NAMES)})|{'|'.join(_NAMED_ELSEWHERE)}"
PUNCTUATION: Final = ".,;:!?\"'()*"
"""Characters to strip from both ends of a word."""
_QUESTION_CHARS: Final = 8_192
"""Characters of a question that are searched for the name of a language."""


class LanguageDetector:
    """Sets ``report.outcomes["language"]``, and adds a finding for the span in another language.

    Expected is ``subject.expect.language``, or the question's language if that is certain and is to be followed.
    """

    name = "language"
    tier = 1
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self) -> None:
        flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_CASELESS
        self._language_names = Matcher([_NAMES_A_LANGUAGE.encode()], [flags], ours=True)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Check the language of one answer."""
        expected = self._expected(subject)
        if not known(expected):
            return
        text = blanked(subject.text[:LANGUAGE_CHARS])
        beyond = _beyond_ascii(text)
        plain = expected in _function_words() and not _NOT_LATIN.search(beyond)
        judge = _by_words if plain else is_in  # usually plain: no need to count the letters of each window
        verdicts = []
        for start in _starts(len(text), WINDOW_CHARS // 2 if _MANY_KINDS.search(beyond) else WINDOW_CHARS):
            window = text[start : start + WINDOW_CHARS]
            verdict = judge(window, expected)
            if verdict is not None:
                verdicts.append((verdict, start, start + len(window)))
        if not verdicts:
            return
        foreign = [(start, end) for good, start, end in verdicts if not good]
        report.outcomes["language"] = not foreign
        if foreign:
            report.findings.append(
                finding("language", foreign[0][0], foreign[-1][1], 0.6 + 0.4 * len(foreign) / len(verdicts))
            )

    def _expected(self, subject: Subject) -> str:
        if subject.expect is not None and subject.expect.language:
            return base(subject.expect.language)
        question = subject.question
        follows = subject.expect is None or subject.expect.follow_question
        if not question or not follows or not (language := certain_language(question)):
            return ""
        return "" if self._names_a_language(question[:_QUESTION_CHARS]) else language

    def _names_a_language(self, question: str) -> bool:
        """Return whether a question names a language, as requests for translation do."""
        return bool(self._language_names.fired(question.encode("utf-8", "surrogatepass")))


def _starts(size: int, step: int) -> list[int]:
    """Return the starts of windows in a text of ``size`` characters, ``step`` apart; the last ends with the text."""
    starts = list(range(0, max(1, size - WINDOW_CHARS // 3), step))
    if size > WINDOW_CHARS and starts[-1] + WINDOW_CHARS != size:
        starts.append(size - WINDOW_CHARS)
    return starts


def _beyond_ascii(text: str) -> str:
    """Return the non-ASCII characters of a text, which is much faster to search for other alphabets."""
    if text.isascii():
        return ""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def base(tag: str) -> str:
    """Return the language of a tag without its region: ``pt`` for ``pt-BR`` and ``pt_BR``."""
    return tag.lower().replace("_", "-").partition("-")[0]


def known(language: str) -> bool:
    """Return whether the built-in heuristic can judge a language."""
    return language in _function_words() or language in _SCRIPT_OF or language in _SCRIPTS


def blanked(text: str) -> str:
    """Return a text with code, links, formulas and tags replaced by as many spaces."""
    linked = ":" in text and "://" in text  # searching for one character first is many times as fast
    marked = "`" in text or "$" in text or "<" in text or ("\\" in text and ("\\[" in text or "\\(" in text))
    if not linked and not marked:
        return text
    return (_NO_PROSE if linked else _NO_MARKED).sub(lambda match: " " * (match.end() - match.start()), text)


class _Letters(NamedTuple):
    """The letters of a window."""

    total: int
    """Number of letters."""
    scripts: Counter[str]
    """Number of characters by script, other than Latin."""


_LATIN_ALONE: Final[Counter[str]] = Counter()


def _letters_of(window: str) -> _Letters:
    encoded = window.encode("utf-8", "surrogatepass")
    if len(encoded) == len(window):
        return _Letters(len(encoded.translate(None, _NO_LETTERS)), _LATIN_ALONE)
    codes = np.frombuffer(window.encode("utf-32-le", "surrogatepass"), np.uint32)
    *counts, beyond = np.bincount(_kinds().take(codes, mode="clip"), minlength=2 * len(_KINDS) + 1).tolist()
    letters = sum(counts[1::2])
    if beyond:
        letters += len(_LETTER.findall(codes[codes >= _PLANE].tobytes().decode("utf-32-le")))
    scripts = {
        name: other + own
        for name, other, own in zip(_KINDS, counts[::2], counts[1::2], strict=True)
        if name and (other or own)
    }
    return _Letters(letters, Counter(scripts) if scripts else _LATIN_ALONE)


_KINDS: Final = ("", *_SCRIPTS)
"""No script, or one."""
_PLANE: Final = 1 << 16
"""Characters of the basic plane. Beyond it are mostly emoji, but also letters, such as mathematical bold."""


@built_once
def _kinds() -> NDArray[np.uint8]:
    """Return, by character of the basic plane, twice the index of its script in ``_KINDS``, plus one for letters.

    The last entry stands for all characters beyond the plane.
    """
    kinds = np.zeros(_PLANE + 1, np.uint8)
    kinds[list(map(ord, _LETTER.findall("".join(map(chr, range(_PLANE))))))] = 1
    for place, ranges in enumerate(_SCRIPTS.values(), start=1):
        for first, last in zip(ranges[::3], ranges[2::3], strict=True):
            kinds[ord(first) : ord(last) + 1] += np.uint8(2 * place)
    kinds[_PLANE] = 2 * len(_KINDS)
    return kinds


def is_in(window: str, expected: str) -> bool | None:
    """Return whether a window is in a language; None if undecided."""
    return _is_in(window, _letters_of(window), expected)


def _is_in(window: str, letters: _Letters, expected: str) -> bool | None:
    wants_latin = expected in _function_words()
    scripts = letters.scripts
    script = max(_SCRIPTS, key=scripts.__getitem__) if scripts else ""
    if not script or letters.total < 2 or 2 * scripts[script] < letters.total:  # mostly Latin
        if wants_latin:
            return _by_words(window, expected)
        if script and 5 * scripts[_SCRIPT_OF.get(expected, expected)] >= letters.total:
            return True  # mixed with terms
        worded = _best(_words(window))[1]
        accented = len(_ACCENTED.findall(window)) > MIN_ACCENTED * len(window)
        if letters.total >= 4 * MIN_LETTERS and (worded >= _OWN_SHARE or accented):
            return False
        return False if letters.total >= 2 * MIN_LETTERS and worded >= 3 * _OWN_SHARE else None
    return False if wants_latin else _by_letters(window, letters, script, expected)


def _by_letters(window: str, letters: _Letters, script: str, expected: str) -> bool | None:
    """Decide for a window and an expected language of which neither has Latin script."""
    wanted = _SCRIPT_OF.get(expected, expected)
    if script in {"han", "ja"} and wanted in {"han", "ja"}:
        return (letters.scripts["ja"] > 0) == (expected == "ja") if letters.total >= MIN_LETTERS else None
    if script != wanted:
        return False
    rivals = _RIVALS.get(expected, ())
    if not rivals or letters.total < 4 * MIN_LETTERS:
        return True
    own = _DISTINCT.get(expected)
    theirs = max(len(_DISTINCT[rival].findall(window)) for rival in rivals)
    return theirs * 25 < letters.total or (own is not None and len(own.findall(window)) > theirs)


def certain_language(text: str) -> str:
    """Return the language of a text if its start is unambiguous, otherwise an empty string."""
    return _certain_language(text[: 2 * WINDOW_CHARS])


@lru_cache(maxsize=16)  # the detector and drift both need a question's language
def _certain_language(opening: str) -> str:
    window = blanked(opening)
    letters = _letters_of(window) if _NOT_LATIN.search(_beyond_ascii(window)) else None
    if letters is None or letters.total > 2 * letters.scripts.total():
        words = _words(window)
        language, share, second = _best(words)
        certain = 2 * _OWN_SHARE if len(words) >= LONG_QUESTION else 3 * _OWN_SHARE
        return language if len(words) >= SHORT_QUESTION and share >= certain and share >= 2 * second else ""
    if _CHINESE_QUESTION.search(window) and not letters.scripts["ja"]:
        return "zh"
    for language in ("ja", "zh", "ru", "uk", "ar", "fa", "el", "he", "hi", "th", "ko", "ta", "te", "bn"):
        own = _DISTINCT.get(language)
        if _is_in(window, letters, language) and (own is None or own.search(window)):
            return language
    return ""


def _by_words(window: str, expected: str) -> bool | None:
    words = window.lower().split()
    own = sum(map(_function_words()[expected].__contains__, words)) / max(1, len(words))
    if own >= 2 * _OWN_SHARE or (own >= 1.4 * _OWN_SHARE and window.isascii()):
        return True
    if len(words) < 5:
        return None
    language, share, _ = _best(_words(window))
    if language != expected and share >= _OWN_SHARE and share > 1.6 * own and share * len(words) >= 3:
        return False
    if own < _OWN_SHARE / 2:
        own_letters = _OWN_LETTERS.get(expected)
        if own_letters is None or window.isascii():
            return None
        strange = sum(letter not in own_letters for letter in _ACCENTED.findall(window.lower()))
        return False if strange >= MIN_ACCENTED * len(window) else None
    return True


def _words(window: str) -> list[str]:
    """Return the words of a window in lower case, except those in capitals: "AI" is not an Italian preposition."""
    words = window.split()
    plain = [word for word in words if not word.isupper() or len(word) == 1]
    return " ".join(plain if 2 * len(plain) > len(words) else words).lower().split()


def _best(words: Sequence[str]) -> tuple[str, float, float]:
    """Return the language with the most function words among ``words``, their share, and the share of the next one.

    Words of one letter are ignored: they number lists.
    """
    counts: dict[str, int] = {}
    bare = map(str.strip, words, repeat(PUNCTUATION))
    for languages in filter(None, map(_languages_of().get, bare)):
        for language in languages:
            counts[language] = counts.get(language, 0) + 1
    best, most, next_most = "", 0, 0
    for language, count in counts.items():
        if count > most:
            best, most, next_most = language, count, most
        elif count > next_most:
            next_most = count
    return best, most / max(1, len(words)), next_most / max(1, len(words))


@built_once
def _languages_of() -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for language, words in _function_words().items():
        for word in words:
            if len(word) > 1:
                index[word] = (*index.get(word, ()), language)
    return index


@built_once
def _function_words() -> dict[str, frozenset[str]]:
    lines = (DATA / "stopwords.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    return {language: frozenset(words.split()) for language, words in pairs}
