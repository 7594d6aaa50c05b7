"""Novelty: what share of an answer stands nowhere in what it was given. A second opinion on ``unsupported``.

The weights of that detector know answers of a sentence or two to passages of prose. Of JSON, tables, the few words that
a tool returns and of long answers they know nothing: a good answer shares no runs of words with these. There the share
of new words and names tells more. It sees invented names, rows and stories; a wrong number is for ``numeric``, and two
values that changed places are seen by neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

import msgspec

from tocsin.detectors.base import Subject
from tocsin.detectors.language import WINDOW_CHARS, blanked, is_in
from tocsin.detectors.linear import DATA

CONTEXT_CHARS: Final = 65_536
PASSAGES: Final = 64
"""First passages of a context of which each is asked whether it is data."""
ANSWER_CHARS: Final = 8_192
BRIEF_CHARS: Final = 64
"""A passage up to this length, as the result of a tool, has too few words to be shared by runs."""
DATA_SHARE: Final = 0.1
"""Share of function words under which a passage is data: prose nearly always has .13 and more."""
LONG_ANSWER: Final = 40
"""Words that claim something, from which an answer is longer than those that the weights were fitted on."""
SUPPORTED: Final = 0.6
"""Support of an answer that says nothing new."""

_KNOWN_SHARE: Final = 0.2
"""New share of the words up to which nothing is new, for an answer has words of its own."""
_NEW_SHARE: Final = 0.5
"""New share of the words from which support is nought."""
_FEWEST: Final = 7
"""Words that a shorter answer is taken to have: four new ones are needed to call it new."""
_OPENING_CHARS: Final = 200
_MESSAGES: Final = 16
"""Newest messages beside the context that may be a source."""

_STEM: Final = 4
_SHORT: Final = 3
"""Letters of a key that stands for a longer word: ``lat``, ``max``."""
_WORD = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]|[^\\W\\d_\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff]{2,}")
"""A word; of Chinese and Japanese, which put no space between words, a character, but none of those for endings."""
_INNER = re.compile(r"(?<=[a-z])[A-Z][a-z]{1,3}")
"""Stems of the words within a name of a program: ``customerName``."""
_APART: Final = bytes(c if chr(c).isalpha() else 0x20 for c in range(256))
"""ASCII, with spaces for all but letters."""
_NAME = re.compile(r"(?:(?<=\w )|(?<=[\w)][,;] ))[*_\"'`(]{0,3}([A-Z][^\W\d_]+)")
"""A capital within a sentence."""
_KEY = re.compile(r'"[^"\n]{1,64}"\s*:')
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SENTENCES = re.compile(r"[.!?:](?=\s)\s*|\n")
_OPENS_JSON: Final = ("{", "[")
_OPENS_DATA: Final = (*_OPENS_JSON, "<")
_ROW = re.compile(r"^(?:[^\n]*?\S(?: {2,}|\t)\S[^\n]*?\S(?: {2,}|\t)\S|[^\w\n]{0,9}\d[\d:.,TZ/+-]{4,}\s)", re.MULTILINE)
"""A line of a table in columns, or of a log."""
_CODE = re.compile(
    r"^[ \t\d|>]*+(?:(?:async |export |public |private |static )*"
    r"(?:def|class|function|func|fn|const|let|var|import|from|return|package|interface|struct|void|int)\b"
    r".*[:;{}(),=\w]|#include\b|@\w+|.*[;{}]$)",
    re.MULTILINE,
)
"""A line of a program."""
_CLAIMS_NOTHING = re.compile(
    r"[\s*_#>-]*(?:based on [^,\n]{1,60}, ?)?(?:(?:ok(?:ay)?|now|next|first|then|great|sure|perfect)\b\W*)*"
    r"(?:let(?:'s| me| us)|(?:i|we)(?:'ll| will| can| could|'m going to| am going to| need to| should)|would you|do you"
    r"|shall|could you|please|feel free|remember|make sure|note that|keep in mind|if you|is there|want me"
    r"|you (?:can|could|may|might)|anything|enjoy|just let)\b",
    re.IGNORECASE,
)
"""How a sentence begins that plans, offers, asks or takes its leave."""
_FAILED = re.compile(
    r"[\W_]*(?:(?:(?:tool|function|call|request|command|execution|http|status|error|code|executing|transaction|payment)"
    r"[\W_]+){0,4}"
    r"(?:error|exception|traceback|fail(?:ed|ure)|fatal|denied|forbidden|unauthorized|timed? ?out|rejected|blocked"
    r"|declined|[45]\d\d\b)|exit code [1-9]|(?:success|ok)\W{1,4}false"
    r"|(?:[a-z]+ )?(?:wrong|invalid|unknown|unsupported) )",
    re.IGNORECASE,
)
"""How the result of a tool begins that failed."""
_EMPTY = re.compile(
    r"\W*\Z|\W*(?:null|none|0 (?:rows|results)"
    r"|no (?:results?|match\w*|rows|data|records|entries|items|documents?|hits))\b"
    r"|[^\[]{0,80}\[\s*\][^\[]{0,80}\Z",
    re.IGNORECASE,
)
"""The result of a tool that found nothing."""
_ADMITS = re.compile(
    r"\b(?:not|no|none|found nothing|nothing (?:found|was|came)|cannot|unable|un\w*success\w*|un\w*available|fail\w*"
    r"|errors?|unfortunately|sorry|apolog\w+|denied"
    r"|reject\w*|block\w*|refus\w+|invalid|missing|retry\w*|problems?|issues?|trouble|forbidden|timed out|limit\w*|must"
    r"|needs?)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
"""What an answer has that tells of either."""
_SHOWN = re.compile(
    r"\b(?:image|picture|photo(?:graph)?|screenshot|diagram|audio|recording|video|pdf)s?\b", re.IGNORECASE
)
"""What a tool may return that is no text."""

_FUNCTION_WORDS: Final = (
    "a an the of in on at to for from by with as and or but is are was were be been being it its this that these those "
    "he she they them his her their i you we my your our me us who whom which what when where how why not no yes do "
    "does did have has had will would can could should may might must there here so if than then also very just about "
    "into over after before more most some any all one such only other up out s t"
)
FUNCTION: Final = frozenset(_FUNCTION_WORDS.split())
"""Words that say nothing by themselves."""
COMMON_STEMS: Final = DATA / "common_stems.txt"
"""Made by ``tools/train/common.py``: stems that ordinary answers have in three of a hundred."""
_TOLD_ANYWHERE: Final = (
    "already approximately currently roughly nearly unfortunately sorry cannot request couldn wasn isn doesn didn won "
    "hasn haven aren ve re ll together success complete done ready degrees celsius fahrenheit percent hours minutes "
    "seconds weeks utc id url monday tuesday wednesday thursday friday saturday sunday january february march april "
    "june july august september october november december three four five six seven eight nine ten eleven twelve "
    "million billion thousand hundred jan feb mar apr jun jul aug sep sept oct nov dec kb mb gb tb km kg cm mm "
    "mph kmh ms pm ok true false null none"
)
"""What beyond those any answer may say of itself, of numbers and of time."""
_COMMON: Final = frozenset(
    [*COMMON_STEMS.read_text(encoding="utf-8").split(), *(word[:_STEM] for word in _TOLD_ANYWHERE.split())]
)
"""Stems that are nothing new wherever they stand."""


class _Claims(msgspec.Struct, gc=False, frozen=True):
    """What an answer says, in words and, once more, in names: what it was given, and what is new and not common."""

    stems: frozenset[str]
    size: int
    new: int
    """Those that it was not given."""
    worst: float
    """The share that is new in the sentence where it is greatest."""

    @property
    def share(self) -> float:
        """The share that is new."""
        return self.new / max(_FEWEST, self.size)


def second_opinion(subject: Subject, support: float) -> float | None:
    """Return the support of an answer to which the weights give ``support``, never less; None: it is not to be told.

    Not to be told are plans and offers, an answer in another language than the data it rests on, and one that explains
    a program or what is no text.
    """
    text = subject.text[:ANSWER_CHARS]
    if not (said := _claiming(text)):
        return None
    passages = [passage for passage in subject.context if passage.strip()]
    if _brought_nothing(passages[-1]) and is_in(text[:WINDOW_CHARS], "en") is not False:
        return max(support, SUPPORTED) if _ADMITS.search(text) else support
    is_of_data = text.lstrip().startswith(_OPENS_JSON) or all(map(is_data, passages[:PASSAGES]))
    if not is_of_data and sum(map(len, said)) < LONG_ANSWER * _STEM:
        return support
    context = "\n".join(passages)[:CONTEXT_CHARS]
    source = stems_of(context)
    told = [message.text for message in subject.input[-_MESSAGES:] if message.role != "assistant"]
    claims = _claims(said, source.union(*map(stems_of, (*told, subject.question or "", subject.system_prompt or ""))))
    if not is_of_data:
        is_known = claims.size >= LONG_ANSWER and claims.share <= _KNOWN_SHARE and claims.worst <= _NEW_SHARE
        return max(support, SUPPORTED) if is_known else support
    said_little = source - _COMMON if len(context) <= BRIEF_CHARS else None
    is_passed_over = bool(claims.new and said_little and not said_little & claims.stems)
    if (claims.share > _KNOWN_SHARE or is_passed_over) and _is_beyond(text, context):
        return None
    if is_passed_over:
        return support
    return max(support, min(SUPPORTED, (_NEW_SHARE - claims.share) / (_NEW_SHARE - _KNOWN_SHARE)))


def is_data(passage: str) -> bool:
    """Tell whether a passage is no prose: brief, JSON, markup, rows, code, a failure, or with few function words."""
    if len(passage) <= BRIEF_CHARS or passage.lstrip().startswith(_OPENS_DATA) or _brought_nothing(passage):
        return True
    opening = passage[:ANSWER_CHARS]
    words = opening.lower().split()
    is_worded = sum(map(FUNCTION.__contains__, words)) >= DATA_SHARE * len(words)
    return not is_worded or _has_two(_ROW, opening) or _is_code(opening)


def _is_code(text: str) -> bool:
    return _CODE.match(text) is not None or _has_two(_CODE, text)


def _has_two(lines: re.Pattern[str], text: str) -> bool:
    return sum(1 for _ in islice(lines.finditer(text), 2)) == 2


def _brought_nothing(result: str) -> bool:
    """Tell whether the result of a tool says that it failed or found nothing."""
    opening = result[:_OPENING_CHARS]
    return _FAILED.match(opening) is not None or _EMPTY.match(opening) is not None


def _claiming(text: str) -> list[str]:
    """Return the sentences and lines of an answer that may claim something, without code and keys of JSON."""
    plain = _FENCED.sub(" ", text)
    if plain.lstrip().startswith(_OPENS_JSON):
        plain = _KEY.sub(" ", plain)
    return [part for part in _SENTENCES.split(plain) if part.strip() and not _CLAIMS_NOTHING.match(part)]


def _claims(said: Sequence[str], known: set[str]) -> _Claims:
    size = new = 0
    worst = 0.0
    stems: set[str] = set()
    for sentence in said:
        words = [*_WORD.findall(sentence), *_NAME.findall(sentence)]
        own = [lower[:_STEM] for lower in map(str.lower, words) if lower not in FUNCTION]
        given = sum(stem in known or stem[:_SHORT] in known for stem in own)
        strange = sum(stem not in known and stem[:_SHORT] not in known and stem not in _COMMON for stem in own)
        size, new = size + given + strange, new + strange
        worst = max(worst, strange / max(_FEWEST, given + strange))
        stems.update(own)
    return _Claims(frozenset(stems), size, new, worst)


def stems_of(text: str) -> set[str]:
    """Return the stems of the words of a text, and of those within its names of programs, but not of function words."""
    text = text[:CONTEXT_CHARS]
    words = text.lower().encode().translate(_APART).decode().split() if text.isascii() else _WORD.findall(text.lower())
    stems = {word[:_STEM] for word in set(words) if len(word) > 1 or not word.isascii()}
    return (stems | {inner.lower() for inner in set(_INNER.findall(text))}) - FUNCTION


def _is_beyond(text: str, context: str) -> bool:
    """Tell whether an answer is in another language than data is, or explains a program or something shown."""
    own, given = is_in(blanked(text[:WINDOW_CHARS]), "en"), is_in(context[:WINDOW_CHARS], "en")
    if own is not given and (own is False or (own and given is False)):
        return True
    if not context.lstrip().startswith(_OPENS_DATA) and _is_code(context[:ANSWER_CHARS]):
        return True
    return _SHOWN.search(text) is not None and _SHOWN.search(context) is None
