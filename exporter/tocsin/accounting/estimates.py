"""Token counts of calls that report none, estimated from their texts with tiktoken (optional extra ``tokens``).

Estimates only go to ``llm_estimated_tokens_total``: costs, consumers and outliers do not use them. Encodings are only
read from disk, from tiktoken's cache (``TIKTOKEN_CACHE_DIR``). tiktoken would download missing ones; that is prevented
here and reported instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tocsin.call import Call

log = logging.getLogger(__name__)

ENCODINGS: Final = ("o200k_base", "cl100k_base")
"""The first available one is used: GPT-4o's, else GPT-4's. One takes 60 MB; they differ by a few per cent."""
MAX_CHARS: Final = 4_000
"""Characters of one text that are encoded, mostly in less than a millisecond; the rest is extrapolated."""
MESSAGE_TOKENS: Final = 3
"""Tokens of a message besides its text, and of the beginning of the answer; by OpenAI's cookbook, "How to count tokens
with tiktoken"."""

Counter = Callable[[str], int]


_UNCOUNTABLE: Final = ("redacted", "truncated")


class Estimator:
    """Estimates the tokens of a call; ``counter`` counts those of a text."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def tokens(self, call: Call) -> tuple[int, int] | None:
        """Return input and output tokens, None if the call contains no texts."""
        content = call.content
        if content is None or content.state in _UNCOUNTABLE or not (content.input or content.output or content.tools):
            return None
        counter = self._counter
        sent = sum(_count(counter, message.text) + MESSAGE_TOKENS for message in content.input)
        received = _count(counter, content.output or "")
        received += sum(_count(counter, tool.name) + _count(counter, tool.arguments or "") for tool in content.tools)
        return sent + MESSAGE_TOKENS * bool(content.input), received


def _count(counter: Counter, text: str) -> int:
    if len(text) <= MAX_CHARS:
        return counter(text) if text else 0
    half = MAX_CHARS // 2
    return round((counter(text[:half]) + counter(text[-half:])) * len(text) / MAX_CHARS)


def find_estimator() -> tuple[Estimator | None, str]:
    """Return an estimator if tiktoken and an encoding are installed, and its description."""
    try:
        import tiktoken  # noqa: PLC0415 - optional extra
    except ImportError:
        return None, "off: tiktoken is not installed (extra `tokens`)"
    for name in ENCODINGS:
        try:
            with _no_downloads():
                encoding = tiktoken.get_encoding(name)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, there is no estimate
            log.debug("encoding %s: %s", name, error)
            continue
        return Estimator(_counter_of(encoding)), f"tiktoken, {name}"
    return None, "off: no encoding in TIKTOKEN_CACHE_DIR; nothing is downloaded"


def _counter_of(encoding: Any) -> Counter:
    def count(text: str) -> int:
        return len(encoding.encode_ordinary(text.encode("utf-8", "replace").decode()))

    return count


@contextmanager
def _no_downloads() -> Iterator[None]:
    """Make tiktoken fail instead of downloading a file."""
    from tiktoken import load  # noqa: PLC0415 - optional extra

    def refuse(blobpath: str) -> bytes:
        raise FileNotFoundError(f"not on this machine: {blobpath}")

    reader = load.read_file
    load.read_file = refuse
    try:
        yield
    finally:
        load.read_file = reader
