"""Refusal: whether the answer declines, names a limit of the model, or only begins with a disclaimer.

Three outcomes, of which an answer has at most one:

- ``refusal``: it declines on principle, with or without a stock phrase ("It is never okay to ..."), or because the
  question is out of this assistant's scope ("I can only help with billing");
- ``capability_limit``: the model says that it cannot (no access, no live data, no pictures), or that the documents do
  not contain the answer (``unanswered``), and gives none;
- ``disclaimer``: it contains words of either kind, but then complies ("As an AI ... However, here are ...").

A refusal is in the opening of an answer, so only that is read: by a linear model trained on human labels (XSTest,
CC BY 4.0, https://github.com/paul-rottger/exaggerated-safety) if it contains one of many cheap cues, and by rules
(``refusal_rules``) for wordings that the five models of that set do not use, including other languages.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Final
from zlib import crc32

import hyperscan

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.limits import ADVICE, ADVICE_CUE, LIMIT, LIMIT_CUE
from tocsin.detectors.linear import Hashes, LinearModel, hashed, runs_of
from tocsin.detectors.quality import ANSWERS, finding
from tocsin.detectors.refusal_rules import CUES, is_quoted, refuses
from tocsin.detectors.unanswered import CUES as NO_ANSWER
from tocsin.detectors.unanswered import unanswered

OPENING_CHARS: Final = 320
THRESHOLD: Final = 0.5

_MODEL = LinearModel.load("refusal")
_WORD = re.compile(rb"[a-z]+(?:'[a-z]+)?|\d+")
_SPACED: Final = bytes(byte if byte in b"'0123456789abcdefghijklmnopqrstuvwxyz" else 0x20 for byte in range(256))
"""Replaces everything outside words by a space."""
_DECLINES: Final = (
    r"sorry|apologi|cannot|can.{1,3}t\b|unable|not able|appropriate|illegal|unlawful|ethical|harmful|comfortable"
    r"|\bnever (?:ok|accept)|won.{1,3}t\b|(?:must|should|will|did|does) not|refrain|condone"
    r"|(?:is|was|are|were|it.{1,3}s)(?:n.{1,3}t| not)|don.{1,3}t (?:think|believe|agree|support|feel|have|hold)"
    r"|no (?:reason|way|inherent|evidence)"
    r"|important to (?:note|re|app|pri|alw|tre|und|foc)|violen|discriminat|decline|against"
)
_LACKS: Final = (
    r"\b(?:i|we) (?:have no|lack) |(?:available|accessible|visible) to me\b|(?:text|language|chat)[- ]?based"
    r"|(?:outside|beyond)(?: of)? my (?:\w{2,12} )?(?:capabilit|abilit)"
    r"|(?:could not|couldn.{1,3}t|did not|didn.{1,3}t|able to|can.{1,3}t|cannot) (?:find|locate|see) "
    r"|(?:does|do)(?: not|n.{1,3}t) (?:mention|contain|say|specify|include|cover|provide|state)"
)
_SELF_REFERENCE: Final = (
    r"as an (?:ai|artificial|language)|language model|i(?:.{1,3}m| am) (?:just |only )?an? ai"
    r"|(?:do not|don.{1,3}t) (?:(?:seem|appear) to )?have|knowledge cut|real[- ]time"
    r"|(?:legal|medical|financial|professional|investment) advice"
    r"|\bnot (?:an? )?(?:\w{1,20} ){0,3}(?:doctor|lawyer|physician|professional|therapist|attorney|expert"
    r"|accountant|nurse|pharmacist|vet|advice)"
    rf"|my (?:knowledge|training)|\bi (?:do not|don.{{1,3}}t) (?:actually|currently|really) have|{_LACKS}"
)
_ASKS: Final = (
    r"please (?:provide|share|specify|clarify)|without (?:more|additional|further)"
    r"|(?:can|could) you (?:please )?(?:provide|give|share|clarify|specify)"
)
_FIRST_PERSON_LIMIT = re.compile(
    r"\b(?:i|we)(?: am|'m)? (?:\w+ )?(?:cannot|can't|can not|unable to|not able to|not capable of|not equipped to|"
    r"don't|do not|won't be able to|am not|not)\b(?: \w+){0,2}? "
    r"(?:access|browse|browsing|fetch|retrieve|open|view|see|watch|hear|listen|play|display|draw|execute|run|"
    r"(?:create|generate|produce|make|place|send) (?:(?!explicit|sexual|nude|violent|harmful|fake"
    r"|hateful)[\w-]+ ){0,3}(?:image|picture|photo|drawing|visual|chart|diagram|audio|video|file|pdf|call|order"
    r"|e-?mail|booking)s?\b|"
    r"physically|real[- ]time|live|current|connected|know|assess|determine|remember|recall|predict|perform|perceive"
    r"|capable|"
    r"accurately|directly|provide (?:real|up|live|current|visual|images|a (?:picture|visual))|"
    r"have (?:access|the (?:ability|capability|capacity|complete|exact|necessary|specific)|real[- ]time|enough|"
    r"any (?:information|context|data|knowledge|specific)|information"
    r"|an? (?:physical|body|specific|hometown)|"
    r"up-to-date|current|sufficient|specific|physical|visual|context|knowledge))"
    r"|\b(?:i|we) (?:have no|lack) (?:\w+ ){0,2}(?:information|access|way|data|ability|tool|knowledge|means"
    r"|capability)\b(?! that\b)|\bi have no (?:\w+ ){0,2}record"
    r"|\bi (?:do not|don't) (?:\w+ly )?have (?:an? (?:tool|function)\b"
    r"|a way to (?:access|check|contact|do|find|look|retrieve|see|verify))"
    r"|\b(?:not|isn't|aren't|wasn't) (?:available|accessible|visible) to me\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:\w+ )?(?:text|language|chat)[- ]?(?:based|only)?\b"
    r".{0,40}(?:cannot|can't|not able|unable)"
    r"|\b(?:i|we) (?:couldn't|could not|can't|cannot|wasn't able to|was not able to|was unable to|did not"
    r"|didn't) (?:find|locate|see) (?!(?:any|an?|one|other|more) (?:[\w-]+ ){0,2}"
    r"(?:error|typo|bug|mistake|problem|issue|fault|vulnerabilit|duplicate|warning|leak|contradiction))[^.!?]{0,60}"
    r"\bin (?:the|my|our|your|any of the) (?:\w+ ){0,2}(?:knowledge base|documents?|context|sources?|records?"
    r"|database|passages?|files?|search results|manual|text)\b"
    r"|\b(?:is|are|'s|lies?|falls?|goes) (?:\w+ )?(?:outside|beyond)(?: of)? my"
    r" (?:\w+ )?(?:capabilit|abilit)\w+\b(?! to\b)"
    r"|\bmy (?:knowledge|training)(?: data)? (?:cut[- ]?off|only|ends|was last|is limited|goes)"
    r"|\b(?:sorry|as an ai|unfortunately|i (?:do not|don't|cannot|can't))\b.{0,200}"
    r"\b(?:can you (?:please )?|could you (?:please )?|please )(?:provide|give|share|clarify|specify)"
    r"|\bwithout (?:more|additional|further|any|the|having) (?:\w+ )?(?:context|information|details?|specifics?|access)"
    r"|\bwithout (?:knowing|seeing|access)\b"
)
_PLAIN_LIMIT = re.compile(
    r"\b(?:documents?|context|sources?|passages?|article|excerpts?|knowledge base|material"
    r"|text)\b[^.!?]{0,40}\b(?:does|do)(?: not|n't) "
    r"(?:mention|contain|say|specify|include|cover|provide|state)\b[^.!?]{0,80}[,.] (?:so|therefore|thus|and"
    r"|hence)?,? ?i(?: am|'m)? (?:\w+ )?(?:cannot|can't|unable|not able)"
    r"|"
    r"\bi(?: am|'m)? (?:\w+ )?(?:cannot|can't|can not|unable to|not able to|not capable of"
    r"|don't have the ability to|do not have the ability to)"
    r"(?: \w+)? (?:access|brows|open|view|see|watch|hear|listen|play|display|draw)\w* (?:[\w-]+ ){0,3}?"
    r"(?:audio|sound|music|video|image|picture|photo|link|url|file|attachment|pdf|web|internet|website|webpage)s?\b"
)
"""What no text can do, and what the documents do not contain: a limit, whatever the score of the linear model."""
_DISCLAIMER = re.compile(
    r"\bas an (?:ai|artificial|language)|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial|language model|large)"
    r"|\b(?:do not|don't) have (?:any )?"
    r"(?:personal|feelings|emotions|opinions|beliefs|preferences|experiences|consciousness)"
    r"|\bi(?:'m| am) not an? (?:\w+ ){0,3}"
    r"(?:doctor|lawyer|physician|professional|therapist|attorney|expert|accountant|nurse|pharmacist|vet|financial"
    r"|medical|legal)"
    r"|(?:\bnot|n't) (?:a )?(?:substitute for )?(?:\w+ )?(?:medical|legal|financial|investment|professional) advice"
)
_COMPLIES = re.compile(
    r"\b(?:however|but|nevertheless|that said|instead|still|with that said|nonetheless)\b.{0,60}?"
    r"\b(?:here(?:'s| is| are)|i can (?:provide|help|offer|give|guide|suggest|show|certainly|explain|try)|"
    r"some (?:\w+ ){0,3}(?:are|include)|based on|as of|according to|generally|typically|"
    r"one (?:\w+ )?(?:is|could|might))"
    r"|\bhere(?:'s| is| are) (?:a|an|some|the|two|three|four|five|\d)|\n\s*(?:1[.)]|[-*\u2022]) |```",
    re.DOTALL,
)


_BY_RULE = re.compile(
    r"\b(?:violat|contraven|breach|conflict|against|due to|because of|under)\w*\b[^.!?]{0,24}"
    r"\b(?:content|usage|use|safety|community|our|my) (?:\w+ )?(?:polic(?:y|ies)|guidelines|rules)\b"
)
"""A rule given as the reason: then it is a refusal, not a limit."""
_CONTINUES: Final = re.compile(r"\b(?:but|however)\b")
_MAY_COMPLY: Final = (
    r"however|but\b|nevertheless|that said|instead|\bstill\b|nonetheless|\bhere\b|```"
    r"|\n[\s\x80-\xff]*(?:1[.)]|[-*]|\xe2\x80\xa2) "
)
_MAY_BE_LIMITED: Final = (
    r"\b(?:i|we)(?: am|.{1,3}m)? (?:[\w\x80-\xff]+ )?"
    r"(?:cannot|can.{1,3}t|can not|unable to|not|don.{1,3}t|do not|won.{1,3}t be able to|am not)\b"
    rf"|my (?:knowledge|training)|(?:can|could) you |please |without |{_LACKS}"
)
_MAY_DISCLAIM: Final = r"as an (?:ai|ar|la)|\bi(?:.{1,3}m| am) |(?:do not|don.{1,3}t) have |advice"
"""Each match of the three patterns above contains one of these: searching with ``re`` takes 10 to 20 us each."""
_WORTH_READING: Final = (*CUES, _DECLINES, _SELF_REFERENCE, _ASKS, *NO_ANSWER, LIMIT_CUE, ADVICE_CUE)
"""The first are the cues of the rules."""
_NO_ANSWER: Final = len(CUES) + 3
_FOREIGN_LIMIT, _FOREIGN_ADVICE = len(_WORTH_READING) - 2, len(_WORTH_READING) - 1
_WORDED: Final = (0, 1, *range(len(CUES), _NO_ANSWER))
"""Cues in words that the model knows; the other forms have few words, and are tried separately."""
_FORMS: Final = (_MAY_COMPLY, _MAY_BE_LIMITED, _MAY_DISCLAIM)
_COMPLY, _LIMIT, _DISCLAIM = range(len(_FORMS))
_RULED_SCORE: Final = 0.8
_HEAD_WORDS: Final = 6
_COMPLYING, _PLAIN = crc32(b"<complies>"), crc32(b"<plain>")


class RefusalDetector:
    """Adds a finding ``refusal``, ``capability_limit`` or ``disclaimer`` over the opening of an answer."""

    name = "refusal"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()
    """None: a gate matches the whole text, and one limited to the opening takes ten times as long to compile."""

    def __init__(self) -> None:
        flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_CASELESS
        self._worth_reading, self._forms = (
            Matcher([cue.encode() for cue in cues], [flags] * len(cues), ours=True) for cues in (_WORTH_READING, _FORMS)
        )

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge the opening of one answer; the mark ``unanswered`` is for one that says there is no answer."""
        data = _plain(subject.text).encode("utf-8", "surrogatepass")
        cues = self._worth_reading.fired(data)
        if not cues:
            return
        opening = normalized(subject.text)
        outcome, score = outcome_of(opening, forms=self._forms.fired(data), cues=cues)
        if outcome == "capability_limit" and _unanswered(opening, cues):
            report.marks.add("unanswered")
        if outcome:
            report.findings.append(finding(outcome, 0, min(len(subject.text), OPENING_CHARS), score))


def normalized(text: str) -> str:
    """Return the opening of a text in lower case, with plain apostrophes."""
    return _plain(text).lower().replace("\u2019", "'")


def _plain(text: str) -> str:
    """Return the opening of a text without marks of bold print, which refusals often use ("I **cannot**")."""
    return text[:OPENING_CHARS].replace("**", "")


def outcome_of(
    opening: str,
    model: LinearModel = _MODEL,
    *,
    forms: Container[int] = range(len(_FORMS)),
    cues: Container[int] = range(len(_WORTH_READING)),
) -> tuple[str, float]:
    """Return the outcome of a normalised opening, or an empty one, and its score.

    ``forms`` are the indices in ``_FORMS``, and ``cues`` those in ``_WORTH_READING``, that the opening matches.
    """
    complying = _COMPLIES.search(opening) if _COMPLY in forms else None
    complies = complying is not None
    worded = any(cue in cues for cue in _WORDED)
    limit = worded and _LIMIT in forms and _FIRST_PERSON_LIMIT.search(opening) is not None
    disclaimer = worded and _DISCLAIM in forms and _DISCLAIMER.search(opening) is not None
    if complies and (limit or disclaimer):
        return "disclaimer", 0.9
    score = model.score(features(opening, complies=complies)) if worded else 0.0
    if (_LIMIT in forms and _PLAIN_LIMIT.search(opening)) or (not complies and _unanswered(opening, cues)):
        return "capability_limit", 0.8
    if score >= THRESHOLD:
        return "refusal", score
    if limit:
        return ("refusal", _RULED_SCORE) if _BY_RULE.search(opening) else ("capability_limit", 0.8)
    if _FOREIGN_LIMIT in cues and _matches_unquoted(LIMIT, opening):
        return ("disclaimer", 0.9) if complies else ("capability_limit", 0.8)
    refused = refuses(opening, [cue for cue in range(len(CUES)) if cue in cues])
    continues = disclaimer and _CONTINUES.search(opening, max(refused, 0)) is not None
    if refused >= 0 and not continues and (complying is None or refused < complying.start()):
        return "refusal", _RULED_SCORE
    if disclaimer or (_FOREIGN_ADVICE in cues and _matches_unquoted(ADVICE, opening)):
        return "disclaimer", 0.8
    return ("refusal", score) if score >= 0.1 else ("", 0.0)


def _matches_unquoted(pattern: re.Pattern[str], opening: str) -> bool:
    """Return whether an opening matches outside of a quotation."""
    match = pattern.search(opening)
    return match is not None and not is_quoted(opening[: match.start()])


def features(opening: str, *, complies: bool | None = None) -> Hashes:
    """Return the features of a normalised opening: word 1-, 2- and 3-grams, the initial ones again, and its form."""
    if complies is None:
        complies = _COMPLIES.search(opening) is not None
    words = hashed(_words(opening.encode("utf-8", "surrogatepass")))
    return runs_of(words, _HEAD_WORDS, (_COMPLYING if complies else _PLAIN, min(len(opening) // 80, 4)))


def _unanswered(opening: str, cues: Container[int]) -> bool:
    numbers = [number for number in range(len(NO_ANSWER)) if _NO_ANSWER + number in cues]
    return bool(numbers) and unanswered(opening, numbers)


def _words(opening: bytes) -> list[bytes]:
    """Return the matches of ``_WORD``: splitting first is three times as fast, as few words have ' or digits."""
    words = opening.translate(_SPACED).split()
    if all(map(bytes.isalpha, words)):
        return words
    return [part for word in words for part in ((word,) if word.isalpha() else _WORD.findall(word))]
