"""Replies that a system prompt tells its model to say: an answer that says them obeys, and leaks nothing.

A reply is only what follows an imperative of saying directly, in quotes or a fence, one sentence after "say:", or an
object after "JSON" and the like. Secrets, examples and whole prompts may be in quotes, fences and braces, too.
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
"""What precedes an imperative, unlike reported speech or wishes."""
_SAYING: Final = (
    r"(?:say(?:ing)?|reply|respond|answer|tell|greet|begin|start|end|write|output|print|return"
    r"|antworte|sage?|schreibe?|r[eé]ponde?[sz]|dis|dites|responde|diga|rispondi)\b"
    r"(?: (?:to \w{2,20}|with|exactly|only|just|simply|always|that|back|by|saying|politely|all|the|this|any|every|your"
    r"|an|users?|customers?|guests?|visitors?|callers?|people|them|him|her|following|text|message|sentence|words?|phrase"
    r"|immer|mit|nur|genau|par|avec|con|solo))*"
)
"""A verb of saying, and what may come between it and the reply."""
_FLAT: Final = r"\{[^{}]{0,600}\}"
_DEEPER: Final = rf"\{{(?:[^{{}}]|{_FLAT})*+\}}"
_OBJECT: Final = rf"\{{(?:[^{{}}]|\{{(?:[^{{}}]|{_DEEPER})*+\}}){{12,2000}}+\}}"
"""A JSON object with nested objects, such as a schema: four braces deep."""
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
"""A condition before a reply: "if you do not know," withholds nothing."""
_WITHHELD = re.compile(
    r"n['\u2019]t\b|\b(?:never|not|no|none|nobody|cannot|avoid|refuse|forbid\w*|prohibit\w*|without|instead|rather than"
    r"|unless|only (?:if|when|to|after)|secret|confidential"
    r"|nie|niemals|nicht|keine?[mnrs]?|ne|jamais|pas|nunca|jam[aá]s|non|mai)\b",
    re.IGNORECASE,
)
"""Words by which a reply must not be said, or not to everybody."""
_SENTENCE_ENDS = re.compile(r"[.!?\n]")
_SENTENCE_MOST: Final = 200
"""Characters of a sentence that are read on each side of a reply."""
_READ: Final = 32_768
"""Characters of a prompt that are searched for replies."""
_MOST: Final = 64
"""Maximum replies of a prompt."""


def given_replies(prompt: str) -> str:
    """Return all replies that a prompt provides for everybody, joined."""
    return _given(prompt[:_READ])


@lru_cache(maxsize=64)
def _given(prompt: str) -> str:
    replies = islice(_REPLY.finditer(prompt), _MOST)
    return "\n".join(reply.group(reply.lastindex or 0) for reply in replies if not _is_withheld(reply))


def _is_withheld(reply: re.Match[str]) -> bool:
    """Return whether the sentence around a reply forbids it, or restricts it to some callers."""
    prompt, text = reply.string, reply.group(reply.lastindex or 0).rstrip()
    start, end = reply.start("verb" if reply["verb"] else "form" if reply["form"] else "bare"), reply.end()
    head = _SENTENCE_ENDS.split(prompt[max(0, start - _SENTENCE_MOST) : start])[-1]
    tail = _SENTENCE_ENDS.split(prompt[end : end + _SENTENCE_MOST])[0]
    if text.endswith((".", "!", "?")) and not tail.lstrip()[:1].islower():
        tail = ""  # a sentence of its own
    return any(map(_WITHHELD.search, (_CONDITION.sub("", head, count=1), reply["verb"] or "", tail)))
