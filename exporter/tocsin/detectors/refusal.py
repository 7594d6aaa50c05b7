"""Refusal: did the answer decline, name a limit of the model, or only begin with a disclaimer.

Three outcomes, of which an answer has at most one:

- ``refusal``: it declines on principle, with a stock phrase or without ("It is never okay to ...");
- ``capability_limit``: the model says that it cannot (no access, no live data, no pictures) and gives no answer;
- ``disclaimer``: it says something of both kinds and then complies ("As an AI ... However, here are ...").

A refusal stands in the opening of an answer, so only that is read, by a linear model trained on human labels
(XSTest, CC BY 4.0, https://github.com/paul-rottger/exaggerated-safety) where it holds one of many cheap cues.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import hyperscan
import numpy as np

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.linear import Hashes, LinearModel, hashed, ngrams
from tocsin.detectors.quality import ANSWERS, finding

OPENING_CHARS: Final = 320
THRESHOLD: Final = 0.5

_MODEL = LinearModel.load("refusal")
_WORD = re.compile(rb"[a-z]+(?:'[a-z]+)?|\d+")
_DECLINES: Final = (
    r"sorry|apologi|cannot|can.{1,3}t\b|unable|not able|appropriate|illegal|unlawful|ethical|harmful|comfortable"
    r"|\bnever (?:ok|accept)|won.{1,3}t\b|(?:must|should|will|did|does) not|refrain|condone"
    r"|(?:is|was|are|were|it.{1,3}s)(?:n.{1,3}t| not)|don.{1,3}t (?:think|believe|agree|support|feel|have|hold)"
    r"|no (?:reason|way|inherent|evidence)"
    r"|important to (?:note|re|app|pri|alw|tre|und|foc)|violen|discriminat|decline|against"
)
_SPEAKS_OF_ITSELF: Final = (
    r"as an (?:ai|artificial|language)|language model|i(?:.{1,3}m| am) (?:just |only )?an? ai"
    r"|(?:do not|don.{1,3}t) have|knowledge cut|real[- ]time|(?:legal|medical|financial|professional|investment) advice"
    r"|\bnot (?:an? )?(?:\w+ )?(?:doctor|lawyer|physician|professional|therapist|attorney|expert|advice)"
)
_ASKS: Final = (
    r"please (?:provide|share|specify|clarify)|without (?:more|additional|further)"
    r"|(?:can|could) you (?:please )?(?:provide|give|share|clarify|specify)"
)
_FIRST_PERSON_LIMIT = re.compile(
    r"\b(?:i|we)(?: am|'m)? (?:\w+ )?(?:cannot|can't|can not|unable to|not able to|not capable of|not equipped to|"
    r"don't|do not|won't be able to|am not|not)\b(?: \w+){0,2}? "
    r"(?:access|browse|browsing|open|view|see|watch|hear|listen|play|display|draw|create|generate|produce|execute|run|"
    r"physically|real[- ]time|live|current|know|assess|determine|remember|recall|predict|perform|perceive|capable|"
    r"accurately|directly|provide (?:real|up|live|current|visual|images|a (?:picture|visual))|"
    r"have (?:access|the (?:ability|capability|capacity|complete|exact|necessary|specific)|real[- ]time|enough|"
    r"any (?:information|context|data|knowledge|specific)|information|a (?:physical|body|specific|hometown)|"
    r"up-to-date|current|sufficient|specific|physical|visual|context|knowledge))"
    r"|\bmy (?:knowledge|training)(?: data)? (?:cut[- ]?off|only|ends|was last|is limited|goes)"
    r"|\b(?:sorry|as an ai|unfortunately|i (?:do not|don't|cannot|can't))\b.{0,200}"
    r"\b(?:can you (?:please )?|could you (?:please )?|please )(?:provide|give|share|clarify|specify)"
    r"|\bwithout (?:more|additional|further|any|the|having) (?:\w+ )?(?:context|information|details?|specifics?|access)"
)
_DISCLAIMER = re.compile(
    r"\bas an (?:ai|artificial|language)|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial|language model|large)"
    r"|\b(?:do not|don't) have (?:any )?"
    r"(?:personal|feelings|emotions|opinions|beliefs|preferences|experiences|consciousness)"
    r"|\bi(?:'m| am) not a (?:\w+ )?"
    r"(?:doctor|lawyer|physician|professional|therapist|attorney|expert|financial|medical|legal)"
    r"|\bnot (?:a )?(?:substitute for )?(?:\w+ )?(?:medical|legal|financial|investment|professional) advice"
)
_COMPLIES = re.compile(
    r"\b(?:however|but|nevertheless|that said|instead|still|with that said|nonetheless)\b.{0,60}?"
    r"\b(?:here(?:'s| is| are)|i can (?:provide|help|offer|give|guide|suggest|show|certainly|explain|try)|"
    r"some (?:\w+ ){0,3}(?:are|include)|based on|as of|according to|generally|typically|"
    r"one (?:\w+ )?(?:is|could|might))"
    r"|\bhere(?:'s| is| are) (?:a|an|some|the|two|three|four|five|\d)|\n\s*(?:1[.)]|[-*\u2022]) |```",
    re.DOTALL,
)


class RefusalDetector:
    """Says ``refusal``, ``capability_limit`` or ``disclaimer`` of an answer, with a finding over its opening."""

    name = "refusal"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()
    """None: a gate looks at the whole text, and one held to an opening takes Hyperscan ten times as long to compile."""

    def __init__(self) -> None:
        cues = [cue.encode() for cue in (_DECLINES, _SPEAKS_OF_ITSELF, _ASKS)]
        flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_CASELESS
        self._cues = Matcher(cues, [flags] * len(cues), ours=True)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - no gates
        """Judge the opening of one answer."""
        if not self._cues.fired(subject.text[:OPENING_CHARS].encode("utf-8", "surrogatepass")):
            return
        opening = normalized(subject.text)
        outcome, score = outcome_of(opening)
        if outcome:
            report.findings.append(finding(outcome, 0, min(len(subject.text), OPENING_CHARS), score))


def normalized(text: str) -> str:
    """The opening of a text in lower case, with plain apostrophes."""
    return text[:OPENING_CHARS].lower().replace("\u2019", "'")


def outcome_of(opening: str, model: LinearModel = _MODEL) -> tuple[str, float]:
    """The outcome of a normalised opening, or an empty one, and how sure it is."""
    score = model.score(features(opening))
    limit, disclaimer = _FIRST_PERSON_LIMIT.search(opening), _DISCLAIMER.search(opening)
    if (limit or disclaimer) and _COMPLIES.search(opening):
        return "disclaimer", 0.9
    if score >= THRESHOLD:
        return "refusal", score
    if limit:
        return "capability_limit", 0.8
    if disclaimer:
        return "disclaimer", 0.8
    return ("refusal", score) if score >= 0.1 else ("", 0.0)


def features(opening: str) -> Hashes:
    """What the model reads of a normalised opening: word 1-, 2- and 3-grams, those it begins with, and its form."""
    words = hashed(_WORD.findall(opening.encode("utf-8", "surrogatepass")))
    form = [crc32(b"<complies>" if _COMPLIES.search(opening) else b"<plain>"), min(len(opening) // 80, 4)]
    return np.concatenate([*ngrams(words, 3), *ngrams(words[:6], 3, salt=1), np.array(form, np.uint32)])
