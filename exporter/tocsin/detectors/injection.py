"""Finds prompt injection: orders that a user or a document gives against those of the application.

Two judges whose evidence is added, in log-odds: rules (``injection_rules``) that the one gate database evaluates, and
for users' text a linear model over words. In documents and tool results hidden carriers count as well: HTML comments,
invisible styles, tag and zero-width characters, images whose address carries data. A bare request in a document
("translate this") is not seen, nor are paraphrases without any tell-tale word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import hyperscan

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.folding import fold, lowered
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.injection_rules import MILD, RULES, STRONG
from tocsin.detectors.ngram_model import load
from tocsin.finding import Finding

PRIOR: Final = -3.6
"""Log-odds of a text of which nothing is known; a STRONG rule lifts it over even, a MILD one alone does not."""
READ: Final = 65_536
"""Characters of a text that are read."""
_SEARCHED: Final = 5_120
"""Characters around the first places of a rule's anchors that are searched for a match, at most half of it for each."""
_WORK: Final = 250_000
"""Characters that are searched in one text, over all rules: 25 ms."""
_FIRST_USE: Final = 20_000
"""What it counts for to compile a rule, of that: about a millisecond."""
_UNHIDDEN: Final = 8_192
"""Characters of a text that are judged again once what hides in it has been taken out."""

_LONGEST_COMMENT: Final = 2_000
_INVISIBLE = (
    r"style ?= ?[\"'][^\"'>]{0,200}"
    r"(?:display: ?none|visibility: ?hidden|font-size: ?[01](?:px|pt|em)?\b|opacity: ?0\b"
    r"|(?<!-)color: ?(?:white|transparent|#f{3}))"
    r"[^>]{0,200}>.{0,400}"
)
_IMAGE = r"!\[[^\]\n]{0,200}\]\(https?://[^\s)]{1,300}[?&][^\s)=]{1,40}=[^\s)]{0,300}\)"
_CARRIED = re.compile(
    r"\{|%7b|<[a-z_ ]+>|\[[a-z_ ]+\]|conversation|history|secret|password|prompt|exfil|stolen|leak|summary",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"\b(?:you|your|assistant|ai|llm|model|ensure|ignore|instructions?|respon(?:d|se)|answer|reply|must|insert|append|embed|system)\b",
    re.IGNORECASE,
)
_MACHINES: Final = frozenset({"assistant", "ai", "llm", "model"})
_TEMPLATE = re.compile(
    r"\b(?:contribut\w+|pull request|prs?|proposals?|reporter|checklist|this template|bug report)\b", re.IGNORECASE
)
"""What comments of templates for issues and pull requests speak about."""
_TASK = re.compile(
    r"<!--\s*(?:(?:please |now )?(?:write|develop|draft|compose|create|generate|provide|describe|explain|translate"
    r"|summari[sz]e|tell|give|answer|reply|respond)\b"
    r"[^<>]{12,400}[.!]|(?:what|who|how|why|when|where|which)\b[^<>]{12,400}\?)\s*-->",
    re.IGNORECASE,
)
"""A comment that asks for a text or an answer: those of pages say what stands where."""
_NAMES_WORDS = re.compile(
    r"(?:such as|like|e\.g\.,?|(?:phrase|string|pattern|word|sentence|message|prompt|input|text)s?|says"
    r"|contain(?:s|ing)?|flags?|detects?|catch(?:es)?|blocks?|filters?|match(?:es)?|titled|may (?:write|say)"
    r"|übersetz\w{1,3}(?: ich| man)?|dit-on|tradui(?:s|t|re)|tradu(?:ce|cir|zir|zo|rre)|перевести|переводится"
    r"|vertaal (?:je|ik)|przetłumaczyć"
    r"|schreibt|écri(?:t|re|vent)|escrib(?:e|ir|en)|scriv(?:e|ere|ono)|escrev(?:e|er|em)|schrijft|pisze|пишет"
    r"|wie|comme|como|come|als|(?:takie )?jak|вроде|типа|как|مثل|藏着|写着) ?:? ?\Z"
)
"""What stands before quotes in which an order is shown."""
_NAMED = re.compile(
    r"[^\"\u201d\u2019\u00bb\u300d\n]{0,8}[\"\u201d\u2019\u00bb\u300d] ?"
    r"(?:gibi|diye|などの|のような|という|같은|라는|这样的|这种|之类)"
)
"""What stands behind them in languages that say so there."""
_QUOTES: Final = "\"'`\u201c\u201e\u2018\u00ab"
_TELLERS: Final = (
    "attacker", "adversar", "hacker", "pirate", "forbid", "prohibit", "possible for a", "angriff", "angreifer",
    "attaqu", "ataque", "atacante", "attacco", "attaccant", "aanval", "ataku", "атак", "злоумышленн", "sald\u0131r",
    "攻击", "攻撃", "공격", "هجوم", "المهاجم", "kolleg", "collègue", "compañero", "colleghi", "colegas", "collega's",
    "współpracown", "коллег", "arkadaşlar", "同事", "皆さん", "여러분", "زملاء",
)  # fmt: skip
"""Who an order is said to come from, or to go to, or what is said of it, within its sentence."""
_NEGATED = re.compile(
    r"(?:n['\u2019]t |\bn['\u2019]|\b(?:not|never|no|não|non|не|nie|(?:tries|trying|attempts) to) |不要)\Z"
)
"""What stands ahead of an order that is none: "n'oublie pas de suivre les consignes"."""
_UNLESS_DONE = re.compile(
    r"[^.!?\n]{0,24}\b(?:if|wenn|falls|sofern|si|se|als|jeśli|если)\b[^.!?\n]{0,24}"
    r"\b(?:already|bereits|schon|déjà|ya|già|já|al|reeds|już|masz|уже)\b"
)
_DONE_ALREADY = re.compile(r"(?:如果已|すでに|既に|이미|zaten|إذا كان)[^。!?\n]{0,40}\Z")
"""What stands behind instructions of a manual that a reader may pass over, or ahead of them."""
_ABOUT = re.compile(
    r"[^.!?\n]{0,40}\b(?:about|über|sur|sobre|sulla?|sul|over|о|об)\b"  # noqa: RUF001
    r"(?! (?:your|dein|tes|tus|tue|suas|je|jouw|swoi|сво|the (?:rules|instructions|system)))"
)
"""Of what one has learned it: who is to forget that is not a machine."""
_LEARNED = re.compile(r"learn|gelernt|appris|aprend|imparato|geleerd|nauczy|учили")
_MENTION_REACH: Final = 80
_NEGATION_REACH: Final = 12
_MOST_MENTIONS: Final = 4
"""Matches of a rule in a stretch that are looked at."""
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007f]{1,8}")
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\u00ad\U000e0000-\U000e007f]")
_HIDDEN_GATES = (
    Gate(r"<!--"),
    Gate(
        r"style ?= ?[\"'][^\"'>]{0,200}"
        r"(?:display: ?none|visibility: ?hidden|font-size: ?[01]|opacity: ?0|color: ?(?:white|transparent|#fff))",
        ignore_case=True,
    ),
    Gate(r"!\[[^\]\n]{0,200}\]\(https?://[^\s)]{1,300}[?&]"),
    Gate(r"\xf3\xa0[\x80\x81]"),
    Gate(
        r"(?:\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad|\xef\xbc[\xa1-\xbf]|\xef\xbd[\x80-\x9a]"
        r"|[a-z](?:\xd0[\x80-\xbf]|\xd1[\x80-\x9f]|\xce[\xb1-\xbf]|\xcf[\x80-\x89])[a-z])"
    ),
)
_ALWAYS = Gate(r"[^\x00-\x20]")
_Evidence = tuple[float, int, int]
_LEAST: Final = 0.01
"""Score from which there is a finding at all."""


class _Work:
    """What may be spent yet on a text."""

    def __init__(self) -> None:
        self.left = _WORK

    def allows(self, number: int, case: re.RegexFlag, length: int) -> bool:
        """Take off what it costs to search so many characters with a rule, and tell whether that was left."""
        if (number, case) not in _USED:
            self.left -= _FIRST_USE
        self.left -= length if case is re.NOFLAG else 2 * length
        return self.left >= 0


_USED: Final[set[tuple[int, re.RegexFlag]]] = set()
"""Rules that are compiled."""


def _around(lower: str, anchors: Sequence[str], reach: int) -> list[tuple[int, int]]:
    """Stretches of a text around the first places of some literals, in order, joined where they meet."""
    places: list[int] = []
    most = max(1, _SEARCHED // (2 * reach * max(2, len(anchors))))
    for anchor in anchors:
        at = lower.find(anchor)
        for _ in range(most):
            if at < 0:
                break
            places.append(at)
            at = lower.find(anchor, at + 1)
    stretches: list[tuple[int, int]] = []
    for at in sorted(places):
        start, end = max(0, at - reach), at + reach
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = stretches[-1][0], end
        else:
            stretches.append((start, end))
    return stretches


_ANCHORS: Final = tuple(rule.literals for rule in RULES)
_NEEDS: Final = tuple(rule.needs for rule in RULES)
_LITERALS: Final = tuple(
    dict.fromkeys(literal for rule in RULES for literal in (*rule.literals, *sorted(rule.needs)))
)
"""All anchors and needs, each with a gate of its own: a text is searched only for those that stand in it."""
_REACHES: Final = tuple(rule.reach for rule in RULES)


def _rules_of_literals() -> tuple[list[int], ...]:
    found: dict[str, list[int]] = {literal: [] for literal in _LITERALS}
    for number, literals in enumerate(_ANCHORS):
        for literal in dict.fromkeys(literals):
            found[literal].append(number)
    return tuple(found.values())


_RULES_OF: Final = _rules_of_literals()
"""Numbers of the rules that each is an anchor of."""
_BEYOND_ASCII: Final = frozenset(
    n for n, rule in enumerate(RULES) if not rule.of_parts and not rule.anchors.replace("\xa6", "").isascii()
)
"""Rules all of whose anchors are searched for: gates see case in ASCII alone."""


_MANY_CASES = re.compile("[\xb5\u0131\u017f\u0345\u0370-\u03ff\u1c80-\u1c88\u1f00-\u1fff]")
"""Letters of more than two forms: a search blind to case takes the long s for an s, and sigmas for one another."""


def _searchable(text: str, lower: str) -> tuple[str, re.RegexFlag]:
    """Return in what rules are searched, and how: in lower case that is several times as fast as blind to case."""
    if _MANY_CASES.search(lower):
        return text, re.IGNORECASE
    return lower, re.NOFLAG


@cache
def _compiled(index: int, case: re.RegexFlag) -> re.Pattern[str]:
    """Compile a rule when it is first asked for: all of them would take a quarter of a start."""
    _USED.add((index, case))
    return re.compile(RULES[index].pattern, case | re.DOTALL)


def _order(rule: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the first match that is an order, and not spoken about."""
    for _ in range(_MOST_MENTIONS):
        match = rule.search(text, start, end)
        if match is None:
            return None
        ahead = text[max(0, match.start() - _MENTION_REACH) : match.start()].lower()
        if not (_is_mentioned(ahead) or _NAMED.match(text, match.end()) or _is_of_people(match, ahead)):
            return match
        start = match.end()
    return None


def _is_of_people(match: re.Match[str], ahead: str) -> bool:
    """Tell whether an order spares who has done it already, or is to forget what one has learned of a thing."""
    behind = match.string[match.end() : match.end() + _MENTION_REACH].lower()
    if _UNLESS_DONE.match(behind) or _DONE_ALREADY.search(ahead):
        return True
    return bool(_ABOUT.match(behind)) and bool(_LEARNED.search(match[0].lower() + behind))


def _is_mentioned(ahead: str) -> bool:
    """Tell by what stands before an order, in lower case, whether it is spoken about, or negated."""
    if _NEGATED.search(ahead, max(0, len(ahead) - _NEGATION_REACH)):
        return True
    sentence = ahead[max(map(ahead.rfind, ".!?\n")) + 1 :]
    if any(teller in sentence for teller in _TELLERS):
        return True
    quote = max(map(ahead.rfind, _QUOTES))
    return quote > 0 and bool(_NAMES_WORDS.search(ahead, max(0, quote - 16), quote))


class Injection:
    """Judges what users, documents and tools say; what the model says is not injection."""

    name = "injection"
    tier = 1
    roles = frozenset({"user", "document", "tool"})
    gates = (
        *(Gate(re.escape(literal), ignore_case=True) for literal in _LITERALS),
        *_HIDDEN_GATES,
        _ALWAYS,
    )

    def __init__(self) -> None:
        self._model = load("injection")
        anchors = [re.escape(literal).encode() for literal in _LITERALS]
        self._anchors = Matcher(anchors, [hyperscan.HS_FLAG_SINGLEMATCH] * len(anchors), ours=True)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Add one finding, from the first to the last character of what spoke for it."""
        by_user = subject.role == "user"
        work = _Work()
        found = self._rules(subject, [index for index in fired if index < len(_LITERALS)], by_user, work)
        hidden = {index - len(_LITERALS) for index in fired if index >= len(_LITERALS)}
        if len(hidden) > 1:
            found += self._carriers(subject.text, hidden, by_user, work)
        total = PRIOR + sum([evidence for evidence, _, _ in found])
        if by_user:
            total += self._model.evidence(subject.words())
        score = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
        if score >= _LEAST:
            places = [(start, end) for evidence, start, end in found if evidence > 0] or [(0, len(subject.text))]
            start, end = min([start for start, _ in places]), max([end for _, end in places])
            report.findings.append(Finding("injection", "injection", start, end, round(score, 4)))

    def _rules(self, subject: Subject, fired: Sequence[int], by_user: bool, work: _Work) -> list[_Evidence]:
        """Try the rules around their anchors, of which those at the places ``fired`` of ``_LITERALS`` are there."""
        anchors: dict[int, list[str]] = {}
        standing = {_LITERALS[literal] for literal in fired}
        for literal in fired:
            for number in _RULES_OF[literal]:
                needs = _NEEDS[number]
                asked = not (by_user and RULES[number].documents_only)
                if asked and not (needs and needs.isdisjoint(standing)):
                    anchors.setdefault(number, []).append(_LITERALS[literal])
        found: list[_Evidence] = []
        if anchors:
            lower = subject.lower() if len(subject.text) <= READ else lowered(subject.text[:READ])
            text, case = _searchable(subject.text, lower)
            for number, literals in anchors.items():
                rule = RULES[number]
                everything = _ANCHORS[number] if number in _BEYOND_ASCII else literals
                for start, end in _around(lower, everything, _REACHES[number]):
                    if not work.allows(number, case, end - start):
                        return found
                    if match := _order(_compiled(number, case), text, start, end):
                        found.append((rule.evidence, *match.span()))
                        break
        return found

    def _carriers(self, text: str, hidden: set[int], by_user: bool, work: _Work) -> list[_Evidence]:
        found: list[_Evidence] = []
        read = text[:READ]
        for number, spans in ((0, _comments(read)), (1, (match.span() for match in _INVISIBLES.finditer(read)))):
            if number in hidden and not by_user:
                found += [
                    (STRONG, start, end)
                    for start, end in spans
                    if _speaks(read, start, end)
                ][:1]
        if 2 in hidden and not by_user:
            images = _IMAGES.finditer(read)
            found += [(MILD, *m.span()) for m in images if _CARRIED.search(m[0], m[0].index("]("))][:1]
        if hidden & {3, 4}:
            found += self._unhidden(text, by_user, work)
        return found

    def _unhidden(self, text: str, by_user: bool, work: _Work) -> list[_Evidence]:
        """Judge a text without its invisible characters and look-alikes, and what tag characters spell."""
        found: list[_Evidence] = []
        bare = _FLAG.sub("", text[:READ])
        for spelled in _TAGS.finditer(bare):
            found.append((STRONG, 0, len(text)))
            bare += "\n" + "".join(chr(ord(c) - 0xE0000) for c in spelled.group())
            break
        bare = _ZERO_WIDTH.sub("", bare)[:_UNHIDDEN]
        spoken: set[int] = set()
        for form in dict.fromkeys((bare, fold(bare))):
            read, case = _searchable(form, lowered(form))
            possible = self._possible(read) if case is re.NOFLAG else range(len(RULES))
            spoken.update(
                number
                for number in possible
                if work.allows(number, case, len(read)) and _compiled(number, case).search(read)
            )
        for number in sorted(spoken):
            rule = RULES[number]
            if not (by_user and rule.documents_only) and not (
                work.allows(number, re.IGNORECASE, min(READ, len(text)))
                and _compiled(number, re.IGNORECASE).search(text, 0, READ)
            ):
                found.append((rule.evidence, 0, len(text)))
        return found

    def _possible(self, lower: str) -> list[int]:
        """Return the rules of which an anchor stands in a text in lower case: the others have no match in it."""
        anchors = self._anchors.fired(lower.encode("utf-8", "surrogatepass"))
        return sorted({number for anchor in anchors for number in _RULES_OF[anchor]})


def _speaks(text: str, start: int, end: int) -> bool:
    """Tell whether what is hidden speaks to a machine; what asks contributors to fill in a template does not."""
    spoken = {word.lower() for word in _SPOKEN.findall(text, start, end)}
    asks = len(spoken) > 1 or _TASK.match(text, start, end) is not None
    return asks and (not spoken.isdisjoint(_MACHINES) or not _TEMPLATE.search(text, start, end))


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Where comments of HTML stand; one that is never closed costs no more than a look for its end."""
    at = text.find("<!--")
    while at >= 0:
        end = text.find("-->", at + 4, at + 4 + _LONGEST_COMMENT + 3)
        if end >= 0:
            yield at, end + 3
        at = text.find("<!--", end + 3 if end >= 0 else at + 4)


_INVISIBLES = re.compile(_INVISIBLE, re.DOTALL | re.IGNORECASE)
_IMAGES = re.compile(_IMAGE)
