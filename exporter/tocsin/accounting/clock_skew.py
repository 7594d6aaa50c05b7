"""Repairs timestamps from the future, which remain after a clock that ran ahead was set back."""

from __future__ import annotations

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger

_TIMES = (cat.FIRST_REQUEST, cat.LAST_VIOLATION, cat.LAST_DRILL)


def bound_times(ledger: Ledger, now: float) -> None:
    """Limit timestamps to ``now``: until a future one has passed, rules would take it for very recent."""
    ledger.newest = min(ledger.newest, now)
    for family in _TIMES:
        for row in ledger.store.rows.get(family, {}).values():
            if row.values[0] > now:
                row.set(round(now, 3))
                if family.per_call:
                    ledger.groups.dirty.add(ledger.group_of(row.labels[: 3 + len(ledger.store.extra)]))
                else:
                    ledger.add(family, *row.labels, amount=0)
