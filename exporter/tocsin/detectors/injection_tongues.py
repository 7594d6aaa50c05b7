"""What is said to a machine and to nobody else, in other languages than English: of its limits, its makers, its secret.

A rule is made of what such a sentence consists of (to drop, "your", limits), not of whole phrases: people drop things,
and speak of limits and of machines, and hardly ever of all of these at once. ``RULES_OF_PARTS`` says which parts make a
rule, and ``data/injection/LANGUAGE.txt`` what each part is in a language. A language has the rules all of whose parts
it has: where verbs stand last, it has the parts that end in ``_last``.

In those files a line holds alternatives, set apart by `` | ``, in lower case: ``(a|b)`` is either, ``(a )?`` may be
missing, ``*`` is up to twelve more letters, ``...8`` up to 8 characters of the same sentence (``...`` is 24), and
``{ai}`` another part. What is searched for ahead of all this, so that texts without it cost nothing, is found in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "data" / "injection"

_PART: Final = re.compile(r"\{([a-z_]+)\}")
_WORD: Final = r"(?<![^\W_])"
_END: Final = r"(?:(?!\w)|(?<!\w))"
_BOUNDS: Final = {"zh": ("", ""), "ja": ("", ""), "ko": ("", ""), "ar": (r"(?<!\w)(?:[وفبل]|ال)?", _END)}
"""What stands before and behind a part: languages differ in what they write together."""
_LEAST: Final = 3
"""Letters of what is searched for, or two of a script that needs no more."""


class Parts(NamedTuple):
    """A rule: parts in braces, gaps as in the files, and what must stand in a text before it is tried."""

    name: str
    pattern: str
    anchor: str
    """The part around which it is searched."""
    needs: str = ""
    """One more part without which it is not."""
    documents_only: bool = False
    alone: bool = True
    """False for what takes another sign beside it."""
    unmarked: bool = False
    """True for languages that do not mark where a clause ends: those without ``[and]``."""


class Made(NamedTuple):
    """A rule in one language."""

    rule: Parts
    anchors: frozenset[str]
    """Literals in lower case, one of which stands in every match."""
    needs: frozenset[str]
    """Others, one of which does so too; none if that is not asked."""
    pattern: str


_OWN = "{yours}<16>{orders}"
_OVER = r"(?=\s{0,2}(?:[^\w\s(]|\Z|{and}|{aside}))"
"""What may stand behind "your rules" for them to be the model's: "your rules of the game" are not."""
_STOP = r"(?: \w{2,3})?(?=\s{0,2}[.?!。？！]|\s{0,2}\Z)"
_START = r"(?:\A|[,.!?\n、，。！？「『\"])\s{0,2}"
_ORDER = r"(?:\A|[.!?:;,\n(\[\"'«»“”„*-]\s{0,2}|{and}\s)"

RULES_OF_PARTS: Final = (
    Parts("drop", "{drop}...24" + _OWN + _OVER, "orders", "yours"),
    Parts("drop_its", "{drop}...24{own}", "own"),
    Parts("drop_unmarked", "{drop}...8" + _OWN, "orders", "yours", unmarked=True),
    Parts("drop_last", _OWN + "...12{drop_last}", "orders", "drop_last"),
    Parts("drop_its_last", "{own}...12{drop_last}", "own", "drop_last"),
    Parts("drop_told", "{drop}...24(?:{orders}|{bounds})...4{told}", "told"),
    Parts("drop_told_orders", "{drop}...24{told_orders}", "told_orders", "drop"),
    Parts("drop_told_orders_last", "{told_orders}...16{drop_last}", "told_orders", "drop_last"),
    Parts("void", _OWN + "...8{void}", "orders", "yours"),
    Parts("void_its", "{own}...8{void}", "own"),
    Parts("void_told", "(?:{orders}|{bounds})...4{told}...8{void}", "told"),
    Parts("void_told_orders", "{told_orders}...12{void}", "told_orders", "void"),
    Parts("tell", "{tell}...40{yours}<16>{hidden}", "hidden", "yours"),
    Parts("tell_last", "{yours}<8>{hidden}...16{tell_last}", "hidden", "yours"),
    Parts("tell_its", "{tell}...40{hidden_its}", "hidden_its"),
    Parts("tell_its_last", "{hidden_its}...24{tell_last}", "hidden_its"),
    Parts("tell_start", "{tell}...24{start}...16{yours}<8>{plain}", "start", "yours"),
    Parts("tell_start_its", "{tell}...24{start}...16{plain_its}", "start"),
    Parts("tell_start_last", "{yours}<8>(?:{plain}|{hidden})...4{start_last}", "start_last", "yours"),
    Parts("tell_told_orders", "{tell}...24{told_orders}", "told_orders"),
    Parts("tell_told_orders_last", "{told_orders}...16{tell_last}", "told_orders"),
    Parts("tell_plain", "{tell}...24{yours}<4>{plain}" + _STOP, "plain", "yours"),
    Parts("tell_plain_last", _START + "{yours}<4>{plain}...6{tell_last}", "plain", "yours"),
    Parts("tell_plain_its", "{tell}...16{plain_its}" + _STOP, "plain_its"),
    Parts("tell_plain_its_last", _START + "{plain_its}...6{tell_last}", "plain_its"),
    Parts("tell_system", "{tell}...16{system}", "system"),
    Parts("tell_system_last", "{system}...12{tell_last}", "system"),
    Parts("tell_beginning", "{tell}...60{beginning}", "beginning"),
    Parts("tell_beginning_last", "{beginning}...40{tell_last}", "beginning"),
    Parts("makers", r"{makers}[^\n]{0,60}{command}", "makers"),
    Parts("persona", "{be}...40(?:{machine}...40{unbound}|{unbound}...12{machine})", "unbound"),
    Parts("persona_unbound", "{be}...20{unbound_machine}", "unbound_machine"),
    Parts("persona_last", "{unbound_machine}...12{pretend}", "unbound_machine"),
    Parts("persona_you_last", "{unbound}...30{machine_you_are}", "unbound", "machine_you_are"),
    Parts("persona_answers_all", "{be}...40{answers_all}...30{unbound}", "unbound", "answers_all"),
    Parts("answers_all_unbound", "{answers_all_unbound}", "answers_all_unbound"),
    Parts("no_orders", "{no_orders}", "no_orders"),
    Parts("lawless", "{be}...30{lawless}", "lawless"),
    Parts("lawless_last", "{you}...12{lawless}", "lawless"),
    Parts("lawless_of_you", "{lawless_of_you}", "lawless_of_you"),
    Parts("mode", r"{mode}[^\n]{0,60}{unfiltered}", "mode"),
    Parts("kept", "{tell}...60{entrusted}...8{kept}", "kept", "entrusted"),
    Parts("kept_thing", "{kept_thing}", "kept_thing"),
    Parts("learned", "{learned}(?!...4{about})", "learned"),
    Parts("learned_first", _START + "{learned_first}", "learned_first"),
    Parts("operator", "{tell}...24{orders}...24{operator}", "operator", "orders"),
    Parts("operator_last", r"{operator}...12{orders}[^\n]{0,24}{tell_last}", "operator", "orders"),
    Parts("never_told", "{never_told}...24(?:{orders}|{bounds})", "never_told"),
    Parts("never_told_rules", "{never_told_rules}", "never_told_rules"),
    Parts("mine_only", r"{orders}[^\n]{0,60}{mine_only}", "mine_only", "orders"),
    Parts("to_machine", r"{to_machine}(?=\s{0,1}[:,.\]]|\s{0,1}{who})", "to_machine", documents_only=True),
    Parts("to_machine_unmarked", "{to_machine}", "to_machine", documents_only=True, unmarked=True),
    Parts("addressed", r"{addressed}(?:\s{0,1}[:,]|(?<=[:：,，、،]))", "addressed", documents_only=True),
    Parts("if_machine", "{if_machine}", "if_machine", documents_only=True),
    Parts("machine_must", r"{machine_must}...60{of_user}[^\n]{0,40}(?:@|https?://)", "machine_must", "of_user", True),
    Parts("against_user", _ORDER + "{against_user}", "against_user", documents_only=True),
    Parts("against_user_unmarked", "{against_user}", "against_user", documents_only=True, unmarked=True),
    Parts("no_mention", "{no_mention}", "no_mention", documents_only=True),
    Parts("user_wants_only", r"{user_wants}[^\n]{0,120}{answer_only}", "user_wants", documents_only=True),
    Parts("user_wants", "{user_wants}", "user_wants", documents_only=True, alone=False),
)
"""All rules, of parts."""


def languages() -> list[str]:
    """Return the languages that there is a file of."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def parts_of(language: str) -> dict[str, list[str]]:
    """Return the alternatives of each part of a language, as its file has them."""
    parts: dict[str, list[str]] = {}
    for line in (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            alternatives = parts.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            alternatives += line.split(" | ")
    return parts


def rules_of(language: str) -> Iterator[Made]:
    """Make the rules of a language."""
    parts = parts_of(language)
    before, behind = _BOUNDS.get(language, (_WORD, _END))
    plain = {name: f"(?:{_pattern('|'.join(lines))})" for name, lines in parts.items()}
    patterns = {name: before + _filled(text, plain) + behind for name, text in plain.items()}
    anchors = cache(lambda name: _anchors(parts[name]) if name else frozenset())
    for rule in RULES_OF_PARTS:
        named = {*_PART.findall(rule.pattern), rule.anchor, *filter(None, [rule.needs])}
        if named <= parts.keys() and not (rule.unmarked and "and" in parts):
            yield Made(rule, anchors(rule.anchor), anchors(rule.needs), _filled(_gaps(rule.pattern), patterns))


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return _PART.sub(lambda match: parts[match[1]], pattern)


def _gaps(pattern: str) -> str:
    sentence = re.sub(r" ?\.\.\.(\d*) ?", lambda gap: rf"[^.!?\n。！？]{{0,{gap[1] or 24}}}", pattern)
    return re.sub(r"<(\d+)>", r"[^.!?\\n,;:。！？，、；：]{0,\1}", sentence)


def _pattern(line: str) -> str:
    """Return the regular expression of a line."""
    line = re.sub(r"(?<!\\)\((?!\?)", "(?:", line).replace("*", r"\w{0,12}").replace("'", "['\u2019]")
    return _gaps(line)


def _anchors(alternatives: list[str]) -> frozenset[str]:
    found = {anchor for alternative in alternatives for anchor in _literals(alternative)}
    return frozenset(a for a in found if not any(other in a and other != a for other in found))


def _literals(alternative: str) -> set[str]:
    """Return literals one of which stands in each match of an alternative, as long ones as can be."""
    groups: list[set[str]] = []
    depth, start, flat = 0, 0, ""
    text = re.sub(r"\[[^\]]*\](?:\{[\d,]*\})?\??|\\.|\{[a-z_]+\}", "\0", alternative)
    for place, letter in enumerate(text):
        if letter == "(":
            depth += 1
            start = place + 1 if depth == 1 else start
        elif letter == ")":
            depth -= 1
            if not depth:
                optional = text[place + 1 : place + 2] == "?"
                if not optional:
                    groups.append(set().union(*map(_literals, _split(text[start:place]))))
                flat += "\0"
        elif not depth:
            flat += letter
    flat = re.sub(r".\?|\*|\.\.\.\d*|[.'$^]", "\0", flat)
    runs = [{_findable(run)} for run in flat.split("\0")]
    return max([*runs, *groups], key=lambda found: (min([6, *map(_weight, found)]) if found else 0, -len(found)))


def _split(group: str) -> list[str]:
    """Return the alternatives of a group, outside of groups within it."""
    depth, pieces = 0, [""]
    for letter in group:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            pieces.append("")
        else:
            pieces[-1] += letter
    return pieces


def _findable(run: str) -> str:
    """Return what a gate sees of a run: it is blind to case in ASCII alone, so the first letter may be a capital."""
    if run and not run[0].isascii() and run[0] != run[0].upper():
        return run[1:]
    return run + " " if len(run) < _LEAST and run.isascii() and run.strip() else run


def _weight(literal: str) -> int:
    return len(literal.strip()) * (1 if literal.isascii() else 2)
