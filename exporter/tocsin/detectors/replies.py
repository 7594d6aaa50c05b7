"""Replies that a system prompt gives its model to say: who says them obeys, and gives nothing away.

Only what stands in quotes or a fence right behind an imperative of saying is such a reply, one sentence behind "say:",
or an object behind "JSON" and the like. Secrets, examples and whole prompts stand in quotes, fences and braces too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import Final

_ORDERED: Final = (
    r"(?:\A|[.!?:;,\n>*)-]\s{0,3}|\b(?:then|please|always|and|or|by|you (?:must|should|shall|can|will)|bitte|immer) "
    r"|\bfor (?:any|all|every|other)\w*(?: \w{1,20}){0,4} )"
)
"""What stands ahead of an imperative, and not of what others say or want to be said."""
_SAYING: Final = (
    r"(?:say(?:ing)?|reply|respond|answer|tell|greet|begin|start|end|write|output|print|return"
    r"|antworte|sage?|schreibe?|r[eé]ponde?[sz]|dis|dites|responde|diga|rispondi)\b"
    r"(?: (?:to \w{2,20}|with|exactly|only|just|simply|always|that|back|by|saying|politely|all|the|this|any|every|your"
    r"|an|users?|customers?|guests?|visitors?|callers?|people|them|him|her|following|text|message|sentence|words?|phrase"
    r"|immer|mit|nur|genau|par|avec|con|solo))*"
)
"""A verb of saying, and what may stand between it and the reply."""
_FLAT: Final = r"\{[^{}]{0,600}\}"
_DEEPER: Final = rf"\{{(?:[^{{}}]|{_FLAT})*+\}}"
_OBJECT: Final = rf"\{{(?:[^{{}}]|\{{(?:[^{{}}]|{_DEEPER})*+\}}){{12,2000}}+\}}"
"""An object in JSON with objects in it, as a schema has: four braces deep."""
_REPLY = re.compile(
    rf"{_ORDERED}(?P<verb>{_SAYING}):?\s{{1,4}}"
    r"(?:\"([^\"\n]{12,600})\"|“([^”\n]{12,600})”|„([^“”\n]{12,600})[“”]|«([^»\n]{12,600})»"
    r"|'((?:[^'\n]|(?<=\w)'(?=\w)){12,600}+)'|```([^`]{12,600})```)"
    rf"|\b(?P<form>json|format|form|schema|template|like|as)\b[^.{{}}\n]{{0,40}}\s{{1,4}}({_OBJECT})"
    r"|\b(?P<bare>(?:say|reply|respond|answer)(?: with| exactly| only)?):[ \n]"
    r"((?-i:[^\Wa-z_])(?:[^\n\"`{.!?:]){11,300}[.!?])",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\s*(?:[-*#]|\d+[.)])?\s*(?:if|when|whenever|wenn|falls|si|se|cuando|quando)\b[^,\n]*,", re.IGNORECASE
)
"""Ahead of what is to be said in such a case: "if you do not know," withholds nothing."""
_WITHHELD = re.compile(
    r"n['\u2019]t\b|\b(?:never|not|no|none|nobody|cannot|avoid|refuse|forbid\w*|prohibit\w*|without|instead|rather than"
    r"|unless|only (?:if|when|to|after)|secret|confidential"
    r"|nie|niemals|nicht|keine?[mnrs]?|ne|jamais|pas|nunca|jam[aá]s|non|mai)\b",
    re.IGNORECASE,
)
"""Makes of "say" that it is not to be said, or not to everybody."""
_SENTENCE_ENDS = re.compile(r"[.!?\n]")
_SENTENCE_MOST: Final = 200
"""Characters of a sentence that are read on either side of a reply."""
_READ: Final = 32_768
"""Characters of a prompt in which replies are looked for."""
_MOST: Final = 64
"""Replies of a prompt that are looked at."""


def given_replies(prompt: str) -> str:
    """Return all replies that a prompt gives to say to whoever asks, one behind the other."""
    return _given(prompt[:_READ])


@lru_cache(maxsize=64)
def _given(prompt: str) -> str:
    replies = islice(_REPLY.finditer(prompt), _MOST)
    return "\n".join(reply.group(reply.lastindex or 0) for reply in replies if not _is_withheld(reply))


def _is_withheld(reply: re.Match[str]) -> bool:
    """Return whether the sentence about a reply takes it back, or keeps it for some."""
    prompt, text = reply.string, reply.group(reply.lastindex or 0).rstrip()
    start, end = reply.start("verb" if reply["verb"] else "form" if reply["form"] else "bare"), reply.end()
    ahead = _SENTENCE_ENDS.split(prompt[max(0, start - _SENTENCE_MOST) : start])[-1]
    behind = _SENTENCE_ENDS.split(prompt[end : end + _SENTENCE_MOST])[0]
    if text.endswith((".", "!", "?")) and not behind.lstrip()[:1].islower():
        behind = ""  # a sentence of its own
    return any(map(_WITHHELD.search, (_CONDITION.sub("", ahead, count=1), reply["verb"] or "", behind)))
