"""Which prompt version each route serves, and how often it changed."""

from __future__ import annotations

from tocsin import catalogue as cat
from tocsin.accounting.durable import Durable
from tocsin.call import UNKNOWN, Prompt
from tocsin.labels import clean
from tocsin.series.store import Row, Store

PROMPTS_MAX = 500


class Prompts:
    """The version in which each prompt was last served, by route and name."""

    def __init__(self, durable: Durable, max_series: int) -> None:
        self._durable = durable
        self._max = min(PROMPTS_MAX, max_series // 20)
        self._served: dict[tuple[str, ...], Row] = {}

    def serve(self, route: str, prompt: Prompt) -> None:
        """Note that a route was served a prompt; a prompt above the limit counts as folded."""
        name = clean(prompt.name)
        labels = (route, name, clean(prompt.version or UNKNOWN), clean(prompt.checksum or UNKNOWN))
        served = self._served.get((route, name))
        if served is not None:
            if served.labels == labels:
                return
            self._durable.remove(served)
        elif len(self._served) >= self._max:
            self._durable.add(cat.LABELS_FOLDED, "prompt")
            return
        self._durable.add(cat.PROMPT_CHANGES, route, name, amount=int(served is not None))
        row = self._served[route, name] = self._durable.add(cat.PROMPT_INFO, *labels, amount=0)
        row.set(1)

    def restore(self, store: Store) -> None:
        """Restore the served versions from restored rows."""
        for row in store.rows.get(cat.PROMPT_INFO, {}).values():
            self._served[row.labels[:2]] = row
