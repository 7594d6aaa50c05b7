"""Whether a value is in the caller's own input: then the answer repeats it, and leaks nothing.

Only what the user wrote counts. A value from a document, a tool or the system prompt is a leak if the answer
shows it, even though it was part of the request. The arguments of a tool call may come from another tool, too.
"""

from __future__ import annotations

import itertools
import unicodedata

from tocsin.detectors.base import ARGUMENTS, Subject

_MAX_INPUT = 1_000_000
"""Characters of input that are searched, from its end: an answer repeats the last messages."""
_MAX_GAP = 3
"""Separators between two characters of one value, as in ``(201) 555-0100``."""
_MAX_TRIES = 32
_BY_USER = frozenset({"user"})
_BY_USER_OR_TOOL = frozenset({"user", "tool", "document"})


class Echo:
    """The caller's own input, normalised on first use."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._text: str | None = None
        self._compact = ""
        self._places: list[int] = []

    def holds(self, value: str, same: tuple[str, ...] = ()) -> bool:
        """Return whether the user wrote the value, in any case, or one of its other forms with any separators."""
        text = self._read()
        if not text:
            return False
        return self._holds_literally(_fold(value)) or any(self._holds_spaced(form) for form in same)

    def _read(self) -> str:
        if self._text is None:
            subject = self._subject
            roles = _BY_USER_OR_TOOL if subject.role == ARGUMENTS else _BY_USER
            parts = [message.text for message in subject.input if message.role in roles]
            if roles is _BY_USER_OR_TOOL:
                parts += subject.context
            if subject.question:
                parts.append(subject.question)
            # If the text is itself the user's, nothing in it is an echo.
            self._text = "" if subject.role == "user" else _fold("\n".join(parts)[-_MAX_INPUT:])
        return self._text

    def _holds_literally(self, value: str) -> bool:
        text = self._read()
        at = text.find(value)
        for _ in range(_MAX_TRIES):
            if at < 0:
                return False
            if _is_whole(text, at, at + len(value)):
                return True
            at = text.find(value, at + 1)
        return False

    def _holds_spaced(self, value: str) -> bool:
        if not self._places:
            text = self._read()
            self._places = [place for place, character in enumerate(text) if character.isalnum()]
            self._compact = "".join(text[place] for place in self._places)
        value = "".join(filter(str.isalnum, _fold(value)))
        at = self._compact.find(value) if value else -1
        for _ in range(_MAX_TRIES):
            if at < 0:
                return False
            places = self._places[at : at + len(value)]
            near = all(later - place <= _MAX_GAP + 1 for place, later in itertools.pairwise(places))
            if near and _is_whole(self._read(), places[0], places[-1] + 1):
                return True
            at = self._compact.find(value, at + 1)
        return False


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return whether a span is not part of a longer word or number."""
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _fold(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()
