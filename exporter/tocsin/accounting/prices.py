"""The cost of a call that does not report it: the operator's table, then genai-prices.

Rates are US dollars per million tokens. genai-prices (optional extra) is queried once per provider, model and day,
because one look-up costs more than counting a whole event; models that it does not know are unpriced. A model that no
table knows is never priced at 0.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from tocsin.call import UNKNOWN, TokenUsage

MILLION = 1_000_000
BATCH_SHARE = 0.5
"""Share of the usual rates that batches are billed at, by OpenAI, Azure, Anthropic, Google, Mistral and Groq alike."""
_CACHE_MAX = 10_000
_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    hour_write: float | None = None
    """Rate of cache writes kept for an hour, as Anthropic has them; None: the same as other cache writes."""

    def cost(self, tokens: TokenUsage, hour_write: int = 0) -> float:
        """Return the US dollars of inclusive counts (input, output, cache_read, cache_write, reasoning).

        ``hour_write`` is the number of cache writes that are kept for an hour.
        """
        sent, received, read, written, _ = tokens
        fresh = max(0, sent - read - written)
        spent = fresh * self.input + received * self.output + read * self.cache_read + written * self.cache_write
        if hour_write and self.hour_write is not None:
            spent += hour_write * (self.hour_write - self.cache_write)
        return spent / MILLION


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of the operator's table; provider and model may be patterns."""

    provider: str
    model: str
    rates: Rates


class Prices:
    """Rates by provider and model, cached."""

    def __init__(
        self,
        rows: list[PriceRow],
        declared: Mapping[str, float] | None = None,
        library: Callable[[], Any] = lambda: None,
    ) -> None:
        """Take the operator's prices, and a function that returns genai-prices or None, called on first use.

        ``rates`` raises its errors.
        """
        self._rows = rows
        self._declared = dict(declared or {})
        self._cache: dict[tuple[str, str, int], Rates | None] = {}
        self._library = library

    def rates(self, provider: str, model: str, when: float) -> Rates | None:
        """Return the rates on the day of ``when`` (Unix seconds), None if they are unknown."""
        key = (provider, model, int(when // 86400))
        if key not in self._cache:
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = self._find(provider, model, when)
        return self._cache[key]

    def _find(self, provider: str, model: str, when: float) -> Rates | None:
        known = _names_of(provider)
        for row in self._rows:
            if any(fnmatchcase(name, row.provider) for name in known) and fnmatchcase(model, row.model):
                return row.rates
        names = (model, *(f"{name}/{model}" for name in known))
        for pattern, price in self._declared.items():
            if any(fnmatchcase(name, pattern) for name in names):
                return Rates(price, price, price, price)
        library = self._library()
        return None if library is None else self._from_library(library, provider, model, when)

    @staticmethod
    def _from_library(library: Any, provider: str, model: str, when: float) -> Rates | None:
        """Query genai-prices by provider or host, for the model as named and without its vendor prefix."""
        for name in dict.fromkeys((model, model.rsplit("/", 1)[-1])):
            with contextlib.suppress(Exception):  # any failure is "unknown"
                return _library_rates(library, provider, name, when)
        return None


def _names_of(provider: str) -> tuple[str, ...]:
    """Return the names that an operator may use for a provider: a host, as in logged pairs, is also known by its name.

    That is the word before its top-level domain: ``openai`` of ``api.openai.com``, ``azure`` of
    ``mine.openai.azure.com``.
    """
    words = provider.split(".")
    return (provider, words[-2]) if len(words) > 1 else (provider,)


class PricesAwaitedError(Exception):
    """The rates are not loaded yet; they are once ``wait`` has returned."""

    def __init__(self, wait: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.wait = wait


@cache
def find_library() -> Any:
    """Return genai-prices if installed (extra ``prices``, 16 MB of memory), else None. It uses no network.

    The first call takes half a second.
    """
    try:
        import genai_prices  # noqa: PLC0415 - optional extra
    except ImportError:
        return None
    with contextlib.suppress(Exception):  # the first query builds its tables: 0.1 s that no event should wait for
        _library_rates(genai_prices, "openai", "gpt-4o", 0.0)
    return genai_prices


def _library_rates(library: Any, provider: str, model: str, when: float) -> Rates:
    """Return the rates of the lowest tier: some models cost more from 128,000 or 200,000 tokens of input on.

    Raises:
        LookupError: the library does not know the model.
    """
    known = {"provider_api_url": f"https://{provider}"} if "." in provider else {"provider_id": provider}
    where = {} if provider == UNKNOWN else known
    moment = datetime.fromtimestamp(when, UTC)

    def price(**usage: int) -> float:
        asked = library.Usage(**usage)
        answer = library.calc_price(asked, model, genai_request_timestamp=moment, **where)
        return float(answer.total_price * (MILLION // _ASKED))

    hour_write = None
    with contextlib.suppress(TypeError):  # earlier versions do not distinguish them
        hour_write = price(
            input_tokens=_ASKED, cache_write_tokens=_ASKED, cache_write_1h_tokens=_ASKED, output_tokens=0
        )
    return Rates(
        input=price(input_tokens=_ASKED, output_tokens=0),
        output=price(input_tokens=0, output_tokens=_ASKED),
        cache_read=price(input_tokens=_ASKED, cache_read_tokens=_ASKED, output_tokens=0),
        cache_write=price(input_tokens=_ASKED, cache_write_tokens=_ASKED, output_tokens=0),
        hour_write=hour_write,
    )
