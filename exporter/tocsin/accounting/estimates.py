"""Token counts of calls that report none, estimated from their texts with tiktoken (optional extra ``tokens``).

Estimates go to ``llm_estimated_tokens_total`` alone: no bill, no consumer and no outlier test rests on them.
Encodings are read from disk only, from where tiktoken keeps them (``TIKTOKEN_CACHE_DIR``). tiktoken itself would
download what is missing there; that is prevented here, and what is missing is said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tocsin.call import Call

log = logging.getLogger(__name__)

ENCODINGS: Final = ("o200k_base", "cl100k_base")
"""The first one that is here is used: GPT-4o's, else GPT-4's. One takes 60 MB; they differ by a few per cent."""
MAX_CHARS: Final = 4_000
"""Characters of one text that are encoded, mostly in less than a millisecond; the rest is taken to be alike."""
MESSAGE_TOKENS: Final = 3
"""What a message costs beside its text, and the beginning of the answer once more; by OpenAI's cookbook, "How to count
tokens with tiktoken"."""

Counter = Callable[[str], int]


_UNCOUNTABLE: Final = ("redacted", "truncated")


class Estimator:
    """Estimates the tokens of a call; ``counter`` counts those of a text."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def tokens(self, call: Call) -> tuple[int, int] | None:
        """Return input and output tokens, None when the call tells no texts."""
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
    """Return an estimator where tiktoken and an encoding are on this machine, and in words what there is."""
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
    """Make tiktoken fail where it would fetch a file."""
    from tiktoken import load  # noqa: PLC0415 - optional extra

    def refuse(blobpath: str) -> bytes:
        raise FileNotFoundError(f"not on this machine: {blobpath}")

    reader = load.read_file
    load.read_file = refuse
    try:
        yield
    finally:
        load.read_file = reader
