"""Guard coverage: which logged answers the guard scanned, and what it stopped."""

from __future__ import annotations

from tocsin import catalogue as cat
from tocsin.accounting.group import Group
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.recent_calls import RecentCalls
from tocsin.call import Call


class GuardCoverage:
    """Joins logged calls to the guard's checks, in either order."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.seen = RecentCalls(20_000)
        """Call ids that the guard has seen, with the kinds it stopped."""
        self.unseen = RecentCalls(2_000)
        """Answers of guarded routes that were logged before the guard saw them, with their route."""

    def stopped(self, call_id: str) -> frozenset[str]:
        """Return the kinds that our guard stopped in a call: it has counted them as not delivered."""
        known = self.seen.get(call_id)
        return frozenset(known.split(",")) if known else frozenset()

    def count(self, call: Call, group: Group) -> None:
        """Count an answer of a guarded route as eligible, and as scanned if the guard has seen it."""
        if call.failure not in (None, "blocked_guardrail"):
            return
        self._ledger.add(cat.GUARD_ELIGIBLE, group.labels[2])
        seen = self.seen.get(call.call_id) is not None
        self._ledger.add(cat.GUARD_SCANNED, group.labels[2], amount=int(seen))
        if not seen:
            self.unseen.put(call.call_id, group.labels[2])
