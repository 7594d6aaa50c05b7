"""Finds the system prompt in an answer: how much of it stands there, in whatever dress.

Compared are runs of letters and digits, so case, punctuation, bullets and ``s_p_a_c_i_n_g`` change nothing; reversed
and ROT13 forms of the prompt are looked for too; escapes of JSON, URLs and HTML, look-alike letters, Base64 and
hexadecimal runs of the answer are decoded.
A prompt of at most three words is a token: it leaks when it stands there as such. Paraphrase and riddles are not seen.
A reply that the prompt gives ("say ...") is there to be said: an answer that repeats no more of the prompt obeys.

Most answers share no run with their prompt, and a prompt is often a new one: so every fifth block of 16 letters of the
prompt is looked for first, of which each run of 20 holds one, and only where one stands are all runs compared.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import string
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import islice
from typing import Final
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.folding import fold
from tocsin.detectors.ngrams import BLOCK, LIMIT, Blocks, Hashes, blocks, letters_of, shingles
from tocsin.detectors.replies import given_replies
from tocsin.finding import Finding

WIDTH: Final = 20
"""Letters in a row that are compared, about four words."""
HALF: Final = 0.2
"""The share of the prompt whose leak has a score of 0.5."""
_TOKEN_WORDS: Final = 3
_TOKEN_LETTERS: Final = 4
_TOKEN_MOST: Final = 200
"""Characters of a token: to compile a pattern of as many takes 5 ms, and of a prompt without spaces half a minute."""
_CANARIES_MOST: Final = 16
_TOKEN_SCORE: Final = 0.9
_PARTS_SCORE: Final = 0.6
_STEP: Final = WIDTH - BLOCK + 1
"""Letters from block to block of a prompt: each run of WIDTH holds a whole one."""
_SPARSE, _MOST_BITS = 4, 17
"""A table of blocks has 16 places or more for each of them, and at most 128 KiB."""
_MOST_DECODED: Final = 8
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}|(?:[0-9A-Fa-f]{2}[ :]?){16,}")
_BASE64: Final = bytes(ord("b") if (chr(c).isalnum() and c < 128) or c in b"+/_-" else 0 for c in range(256))
_HEX: Final = bytes(ord("h") if c in b"0123456789abcdefABCDEF" else 0 for c in range(256))
_RUN, _HEX_RUN = b"b" * 24, b"h" * 32
"""What stands in every text, its characters told apart only by those tables, that holds something encoded."""
_WORD = re.compile(r"\w+")
_FOUR_WORDS = re.compile(rf"\W*+(?:\w++\W++){{{_TOKEN_WORDS}}}\w")
_LETTERS: Final = string.ascii_lowercase + string.ascii_uppercase
_ROT13: Final = bytes.maketrans(_LETTERS.encode(), codecs.encode(_LETTERS, "rot13").encode())
_WRAPPED = re.compile(  # the end of a line first: `re` skips to it, then looks back
    r"(?:\n(?<=[A-Za-z0-9+/]{24}\n)|\r\n(?<=[A-Za-z0-9+/]{24}\r\n))(?=[A-Za-z0-9+/]{4,}={0,2}(?:\s|\Z))"
)
"""The ends of lines within an encoded text: MIME wraps it at 76 characters, PEM at 64."""
_LEAST_ESCAPES: Final = 4
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#x?[0-9a-f]{1,6});")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
"""Greek or Cyrillic letters within Latin words, as look-alikes."""
_NO_LOOK_ALIKES: Final = bytes(byte for byte in range(256) if not 0xCD <= byte <= 0xD4)
"""All bytes but those with which such letters begin in UTF-8."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
_PLANTED: Final = b"canary"
"""Stands in the letters of every text that ``_CANARY`` matches."""
_CANARY = re.compile(r"\bcanary(?: token)?\s*(?:is|[:=])\s*[\"'`]?([\w-]{8,200})", re.IGNORECASE)
_LEAST_OWN: Final = 0.05
"""Share of a prompt without its replies below which an answer says what it was given to say."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What is remembered of a system prompt."""

    blocks: Blocks
    """Of all forms, sorted; empty where there is nothing to compare but tokens."""
    seen: NDArray[np.bool_]
    """By the upper bits of a block, as many as are left by ``shift``: whether the prompt has it."""
    shift: np.uint64
    tokens: tuple[re.Pattern[str], ...]
    parts: tuple[re.Pattern[str], ...] = ()
    """Words of a prompt of two or three: apart they tell it as well."""

    def shared(self, text: str) -> set[int]:
        """Return the blocks that a text shares with the prompt, in any of its forms."""
        letters = letters_of(text)
        if len(letters) < BLOCK:
            return set()
        found = blocks(letters, 1)
        likely = found.take(self.seen.take(found >> self.shift).nonzero()[0])
        if not len(likely):
            return set()
        index = self.blocks.searchsorted(likely)
        return set(likely[self.blocks.take(index, mode="clip") == likely].tolist())


class PromptLeak:
    """Judges answers whose system prompt is known."""

    name = "prompt_leak"
    tier = 1
    roles = frozenset({"assistant"})
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Add at most one finding: from the first to the last character that the prompt also has."""
        if not subject.system_prompt:
            return
        prompt = _known(subject.system_prompt)
        best: tuple[float, int, int] = (0.0, 0, 0)
        if prompt.parts and all(part.search(subject.text) for part in prompt.parts):
            best = (_PARTS_SCORE, 0, len(subject.text))
        for token in prompt.tokens:
            if match := token.search(subject.text):
                best = max(best, (_TOKEN_SCORE, *match.span()))
        if len(prompt.blocks):
            for view, start, end in _views(subject):
                if shared := prompt.shared(view):
                    share, first, last = _overlap(view, subject.system_prompt, shared)
                    if share:
                        span = (first, last) if view is subject.text else (start, end)
                        best = max(best, (1 - 0.5 ** (share / HALF), *span))
        score, start, end = best
        if score > 0:
            report.findings.append(Finding("prompt_leak", "prompt_leak", start, end, round(score, 4)))


def _known(text: str) -> _Prompt:
    """Return a prompt, kept where it is not so long that a few would fill the memory."""
    return _prompt(text) if len(text) <= LIMIT else _prompt.__wrapped__(text)


@lru_cache(maxsize=64)
def _prompt(text: str) -> _Prompt:
    read = [text] if len(text) <= LIMIT else [text, text[-LIMIT:]]  # of the reversed form, the end is the beginning
    letters = list(map(letters_of, read))
    planted = _CANARY.finditer(text) if any(_PLANTED in part for part in letters) else ()
    tokens = [match.group(1) for match in islice(planted, _CANARIES_MOST)]
    bare = text.strip()
    if len(bare) <= _TOKEN_MOST and not _FOUR_WORDS.match(text):
        words = _WORD.findall(text)
        tokens += [form for form in (bare, bare[::-1], _rot13(bare)) if len(bare) >= _TOKEN_LETTERS]
        parts = tuple(map(_token, words)) if len(words) > 1 and max(map(len, words)) >= _TOKEN_LETTERS else ()
        return _Prompt(np.zeros(0, np.uint64), np.zeros(1, np.bool_), np.uint64(0), tuple(map(_token, tokens)), parts)
    found = blocks(b"".join(form for part in letters for form in (part, part[::-1], part.translate(_ROT13))), _STEP)
    found.sort()
    bits = min(len(found).bit_length() + _SPARSE, _MOST_BITS)
    seen = np.zeros(1 << bits, np.bool_)
    shift = np.uint64(64 - bits)
    seen[found >> shift] = True
    return _Prompt(found, seen, shift, tuple(map(_token, tokens)))


def _rot13(text: str) -> str:
    """What ``codecs.encode(text, "rot13")`` is, in a tenth of its time."""
    return text.encode("utf-8", "surrogatepass").translate(_ROT13).decode("utf-8", "surrogatepass")


def _distinct(hashes: Hashes) -> Hashes:
    """Sort, each once: several times as fast here as ``np.unique``."""
    found = np.sort(hashes)
    return found[np.concatenate(([True], found[1:] != found[:-1]))[: len(found)]]


def _token(token: str) -> re.Pattern[str]:
    """Match a token however its characters are set apart, but not inside a longer word."""
    spaced = r"[\W_]{0,2}".join(re.escape(c) for c in token if not c.isspace())
    return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.IGNORECASE)


def _overlap(text: str, prompt: str, shared: AbstractSet[int]) -> tuple[float, int, int]:
    """Return the share of the prompt that stands in a text, in the form of which most does, and from where to where.

    An answer that repeats what the prompt gives it to say, and hardly more, has no share.
    """
    found = shingles(text, WIDTH)
    share, first, last = 0.0, 0, 0
    for form, replies in zip(_forms(prompt), _forms(given_replies(prompt)), strict=True):
        if shared.isdisjoint(blocks(letters_of(form), 1).tolist()):
            continue
        known = _distinct(shingles(form, WIDTH).hashes)
        if not len(known):  # letters in plenty, and not so many tokens
            continue
        index = known.searchsorted(found.hashes)
        at = (known.take(index, mode="clip") == found.hashes).nonzero()[0]
        told = found.hashes.take(at)
        if (part := len(set(index.take(at).tolist())) / len(known)) > share and _tells_more(known, replies, told):
            share, first, last = part, int(found.positions[at[0]]), int(found.positions[at[-1] + WIDTH - 1]) + 1
    return share, first, last


def _forms(prompt: str) -> tuple[str, str, str]:
    return prompt, prompt[::-1], _rot13(prompt)


def _tells_more(known: Hashes, replies: str, told: Hashes) -> bool:
    """Return whether what an answer has of a prompt is not of the replies that it gives alone."""
    own = np.setdiff1d(known, shingles(replies, WIDTH).hashes)
    return len(np.intersect1d(own, told)) >= max(1, _LEAST_OWN * len(own))


def _views(subject: Subject) -> Iterator[tuple[str, int, int]]:
    """The text, and what can be decoded of it with where that stands."""
    text, raw = subject.text, subject.encoded()
    yield text, 0, len(text)
    if "\\" in text and (plain := _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else " ", text)) != text:
        yield plain, 0, len(text)
    if "%" in text and text.count("%20") >= _LEAST_ESCAPES:
        yield unquote(text), 0, len(text)
    if "&" in text and len(_ENTITY.findall(text)) >= _LEAST_ESCAPES:
        yield unescape(text), 0, len(text)
    if len(raw) != len(text) and _has_look_alikes(text, raw):
        yield fold(text), 0, len(text)
    alphabet = raw.translate(_BASE64)
    spaced = _HEX_RUN in raw.translate(_HEX, b" :")
    if not spaced and _RUN not in alphabet:
        return
    runs = ((*run.span(), run.group()) for run in _ENCODED.finditer(text)) if spaced else _base64_runs(raw, alphabet)
    for start, end, run in islice(runs, _MOST_DECODED):
        if decoded := _decoded(run):
            yield decoded, start, end
    if (whole := _WRAPPED.sub("", text)) != text:
        for encoded in islice(_ENCODED.finditer(whole), _MOST_DECODED):
            if decoded := _decoded(encoded.group()):
                yield decoded, 0, len(text)


def _has_look_alikes(text: str, raw: bytes) -> bool:
    """Return whether letters are mixed often enough; most texts beyond ASCII hold too few of those to begin with."""
    return len(raw.translate(None, _NO_LOOK_ALIKES)) >= _LEAST_ESCAPES <= len(_MIXED.findall(text))


def _base64_runs(raw: bytes, alphabet: bytes) -> Iterator[tuple[int, int, str]]:
    """What ``_ENCODED`` finds in a text without hexadecimal runs, several times as fast: start, end, run."""
    end = 0
    while (start := alphabet.find(_RUN, end)) >= 0:
        end = alphabet.find(b"\0", start) % (len(raw) + 1)
        padding = raw[end : end + 2]
        end += len(padding) - len(padding.lstrip(b"="))
        before = len(raw[:start].decode("utf-8", "surrogatepass"))
        yield before, before + end - start, raw[start:end].decode("ascii")


def _decoded(run: str) -> str:
    try:
        digits = run.replace(" ", "").replace(":", "")
        raw = bytes.fromhex(digits)
    except ValueError:
        plain = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(plain[: len(plain) // 4 * 4], validate=True)
        except binascii.Error:
            return ""
    return raw.decode("utf-8", "ignore")
