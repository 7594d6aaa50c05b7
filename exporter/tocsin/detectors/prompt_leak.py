"""Finds the system prompt in an answer: how much of it, however it is disguised.

Runs of letters and digits are compared, so case, punctuation, bullets and ``s_p_a_c_i_n_g`` do not matter; the reversed
and ROT13 forms of the prompt are searched for, too; escapes of JSON, URLs and HTML, look-alike letters, Base64 and
hexadecimal runs of the answer are decoded.
A prompt of at most three words is a token, which leaks if it appears as such. Paraphrases and riddles are not found.
A reply that the prompt provides ("say ...") is meant to be said: an answer that repeats only that obeys.

Most answers share no run with their prompt, and prompts are often new: so every fifth block of 16 letters of the prompt
is searched for first, of which each run of 20 contains one, and all runs are compared only if one is found.
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
"""Letters in a compared run, about four words."""
HALF: Final = 0.2
"""The leaked share of the prompt that scores 0.5."""
_TOKEN_WORDS: Final = 3
_TOKEN_LETTERS: Final = 4
_TOKEN_MOST: Final = 200
"""Maximum characters of a token: its pattern takes 5 ms to compile, that of a prompt without spaces half a minute."""
_CANARIES_MOST: Final = 16
_TOKEN_SCORE: Final = 0.9
_PARTS_SCORE: Final = 0.6
_STEP: Final = WIDTH - BLOCK + 1
"""Letters between the starts of blocks of a prompt: each run of WIDTH contains a whole block."""
_SPARSE, _MOST_BITS = 4, 17
"""A table of blocks has at least 16 entries for each block, and at most 128 KiB."""
_MOST_DECODED: Final = 8
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}|(?:[0-9A-Fa-f]{2}[ :]?){16,}")
_BASE64: Final = bytes(ord("b") if (chr(c).isalnum() and c < 128) or c in b"+/_-" else 0 for c in range(256))
_HEX: Final = bytes(ord("h") if c in b"0123456789abcdefABCDEF" else 0 for c in range(256))
_RUN, _HEX_RUN = b"b" * 24, b"h" * 32
"""A text with something encoded, translated by these tables, contains one of these."""
_WORD = re.compile(r"\w+")
_FOUR_WORDS = re.compile(rf"\W*+(?:\w++\W++){{{_TOKEN_WORDS}}}\w")
_LETTERS: Final = string.ascii_lowercase + string.ascii_uppercase
_ROT13: Final = bytes.maketrans(_LETTERS.encode(), codecs.encode(_LETTERS, "rot13").encode())
_WRAPPED = re.compile(  # the line end first: `re` skips to it, then looks back
    r"(?:\n(?<=[A-Za-z0-9+/]{24}\n)|\r\n(?<=[A-Za-z0-9+/]{24}\r\n))(?=[A-Za-z0-9+/]{4,}={0,2}(?:\s|\Z))"
)
"""Line ends inside an encoded text: MIME wraps it at 76 characters, PEM at 64."""
_LEAST_ESCAPES: Final = 4
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#x?[0-9a-f]{1,6});")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
"""Greek or Cyrillic letters within Latin words, as look-alikes."""
_NO_LOOK_ALIKES: Final = bytes(byte for byte in range(256) if not 0xCD <= byte <= 0xD4)
"""All bytes except the first bytes of such letters in UTF-8."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
_CANARY_LETTERS: Final = b"canary"
"""The letters of every text that ``_CANARY`` matches contain this."""
_CANARY = re.compile(r"\bcanary(?: token)?\s*(?:is|[:=])\s*[\"'`]?([\w-]{8,200})", re.IGNORECASE)
_LEAST_OWN: Final = 0.05
"""Share of a prompt without its replies below which an answer only says the replies."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What is cached of a system prompt."""

    blocks: Blocks
    """Blocks of all forms, sorted; empty if there are only tokens to compare."""
    seen: NDArray[np.bool_]
    """Whether the prompt has a block, by the upper bits of the block that ``shift`` leaves."""
    shift: np.uint64
    tokens: tuple[re.Pattern[str], ...]
    parts: tuple[re.Pattern[str], ...] = ()
    """Words of a prompt of two or three, which leak it even if separate."""

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
    """Judges answers with a known system prompt."""

    name = "prompt_leak"
    tier = 1
    roles = frozenset({"assistant"})
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Add at most one finding: from the first to the last character shared with the prompt."""
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
    """Return a prompt, cached unless it is so long that a few would fill the memory."""
    return _prompt(text) if len(text) <= LIMIT else _prompt.__wrapped__(text)


@lru_cache(maxsize=64)
def _prompt(text: str) -> _Prompt:
    read = [text] if len(text) <= LIMIT else [text, text[-LIMIT:]]  # the reversed form begins with the end
    letters = list(map(letters_of, read))
    canaries = _CANARY.finditer(text) if any(_CANARY_LETTERS in part for part in letters) else ()
    tokens = [match.group(1) for match in islice(canaries, _CANARIES_MOST)]
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
    """Return ``codecs.encode(text, "rot13")``, in a tenth of the time."""
    return text.encode("utf-8", "surrogatepass").translate(_ROT13).decode("utf-8", "surrogatepass")


def _distinct(hashes: Hashes) -> Hashes:
    """Sort, without duplicates: several times as fast here as ``np.unique``."""
    found = np.sort(hashes)
    return found[np.concatenate(([True], found[1:] != found[:-1]))[: len(found)]]


def _token(token: str) -> re.Pattern[str]:
    """Return a pattern of a token with any separators between its characters, but not inside a longer word."""
    spaced = r"[\W_]{0,2}".join(re.escape(c) for c in token if not c.isspace())
    return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.IGNORECASE)


def _overlap(text: str, prompt: str, shared: AbstractSet[int]) -> tuple[float, int, int]:
    """Return the share of the prompt that is in a text, for the form with the largest, and its first and last position.

    An answer that repeats little more than the replies that the prompt provides has a share of 0.
    """
    found = shingles(text, WIDTH)
    share, first, last = 0.0, 0, 0
    for form, replies in zip(_forms(prompt), _forms(given_replies(prompt)), strict=True):
        if shared.isdisjoint(blocks(letters_of(form), 1).tolist()):
            continue
        known = _distinct(shingles(form, WIDTH).hashes)
        if not len(known):  # many letters, but too few in any run
            continue
        index = known.searchsorted(found.hashes)
        matches = (known.take(index, mode="clip") == found.hashes).nonzero()[0]
        common = found.hashes.take(matches)
        part = len(set(index.take(matches).tolist())) / len(known)
        if part > share and _is_more_than_replies(known, replies, common):
            end = int(found.positions[matches[-1] + WIDTH - 1]) + 1
            share, first, last = part, int(found.positions[matches[0]]), end
    return share, first, last


def _forms(prompt: str) -> tuple[str, str, str]:
    return prompt, prompt[::-1], _rot13(prompt)


def _is_more_than_replies(known: Hashes, replies: str, common: Hashes) -> bool:
    """Return whether the runs shared with a prompt are not only those of the replies that it provides."""
    own = np.setdiff1d(known, shingles(replies, WIDTH).hashes)
    return len(np.intersect1d(own, common)) >= max(1, _LEAST_OWN * len(own))


def _views(subject: Subject) -> Iterator[tuple[str, int, int]]:
    """Yield the text, and what can be decoded from it with its position."""
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
    """Return whether letters are mixed often enough; most non-ASCII texts have too few of them anyway."""
    return len(raw.translate(None, _NO_LOOK_ALIKES)) >= _LEAST_ESCAPES <= len(_MIXED.findall(text))


def _base64_runs(raw: bytes, alphabet: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the matches of ``_ENCODED`` in a text without hexadecimal runs, several times as fast: start, end, run."""
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
