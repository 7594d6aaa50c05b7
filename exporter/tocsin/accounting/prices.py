"""What a call costs when its event does not say: the operator's table, then genai-prices.

Rates are US dollars per million tokens. genai-prices (optional extra) is asked once per provider, model
and day, because one look-up costs more than counting a whole event; what it does not know is unpriced.
A model that no table knows is never priced at 0.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from tocsin.call import TokenUsage

MILLION = 1_000_000
_CACHE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens."""

    input: float
    output: float
    cache_read: float
    cache_write: float

    def cost(self, tokens: TokenUsage) -> float:
        """Return the US dollars of inclusive counts (input, output, cache_read, cache_write, reasoning)."""
        sent, received, read, written, _ = tokens
        fresh = max(0, sent - read - written)
        return (
            fresh * self.input + received * self.output + read * self.cache_read + written * self.cache_write
        ) / MILLION


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of the operator's table; provider and model may be patterns."""

    provider: str
    model: str
    rates: Rates


class Prices:
    """Rates by provider and model, cached."""

    def __init__(self, rows: list[PriceRow], declared: Mapping[str, float] | None = None) -> None:
        self._rows = rows
        self._declared = dict(declared or {})
        self._cache: dict[tuple[str, str, int], Rates | None] = {}
        self._library = _genai_prices()

    def rates(self, provider: str, model: str, when: float) -> Rates | None:
        """Return the rates on the day of ``when`` (Unix seconds), None when nobody knows them."""
        key = (provider, model, int(when // 86400))
        if key not in self._cache:
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = self._find(provider, model, when)
        return self._cache[key]

    def declared_free(self, provider: str, model: str) -> bool:
        """True when the operator declared a price of 0 for the model (``declared.price``)."""
        names = (model, f"{provider}/{model}")
        return any(
            price == 0 and any(fnmatchcase(name, pattern) for name in names)
            for pattern, price in self._declared.items()
        )

    def _find(self, provider: str, model: str, when: float) -> Rates | None:
        for row in self._rows:
            if fnmatchcase(provider, row.provider) and fnmatchcase(model, row.model):
                return row.rates
        names = (model, f"{provider}/{model}")
        for pattern, price in self._declared.items():
            if any(fnmatchcase(name, pattern) for name in names):
                return Rates(price, price, price, price)
        return None if self._library is None else self._from_library(provider, model, when)

    def _from_library(self, provider: str, model: str, when: float) -> Rates | None:
        """Ask genai-prices for the price of a million tokens of each kind; any failure is "unknown"."""
        library = self._library

        def price(**usage: int) -> float:
            result = library.calc_price(
                library.Usage(**usage), model.rsplit("/", 1)[-1], provider_id=provider,
                genai_request_timestamp=datetime.fromtimestamp(when, UTC),
            )  # fmt: skip
            return float(result.total_price)

        with contextlib.suppress(Exception):
            sent = price(input_tokens=MILLION, output_tokens=0)
            return Rates(
                input=sent,
                output=price(input_tokens=0, output_tokens=MILLION),
                cache_read=price(input_tokens=MILLION, cache_read_tokens=MILLION, output_tokens=0),
                cache_write=price(input_tokens=MILLION, cache_write_tokens=MILLION, output_tokens=0),
            )
        return None


def _genai_prices() -> Any:
    try:
        import genai_prices  # noqa: PLC0415 - optional extra, 30 MB
    except ImportError:
        return None
    return genai_prices
