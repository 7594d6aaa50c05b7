"""Safety accounting: adds violations, suspicions and attempts to the rows of their label set.

A violation counts once per answer and kind, however often it occurs. The gauge of the last violation, which pages, is
only set by one that reached a user, is not an example and did not come from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin import catalogue as cat
from tocsin.accounting.group import Group
from tocsin.accounting.ledger import Ledger

ATTEMPT_ROLES = ("user", "tool", "document")
Found = tuple[str, bool, bool]
"""Kind, echoed, example."""
_WORD = ("false", "true")


class Safety:
    """Counts the safety of answers."""

    def __init__(self, ledger: Ledger, kinds: Iterable[str]) -> None:
        self._ledger = ledger
        self._kinds = tuple(kinds)
        """Kinds that can be found: those of the detectors in use, and ``reported``."""

    def meet(self, group: Group, off: frozenset[str]) -> None:
        """Export the zeros that alerts need: the first violation of a kind must be visible to ``increase()``."""
        for kind in self._kinds:
            if kind not in off:
                group.later(cat.VIOLATIONS, kind, "true", "false", "false")
                group.later(cat.SUSPECTED, kind)
        for role in ATTEMPT_ROLES if "injection" not in off else ():
            group.later(cat.INJECTION_ATTEMPTS, role)

    def violations(
        self, group: Group, found: Iterable[Found], when: float, *, delivered: bool, amount: int = 1
    ) -> None:
        """Count the violations of one answer; ``when`` is the Unix time for the gauge."""
        pages = self._ledger.groups.routes.of_route(group.labels[2]).traffic == "live"
        for kind, echoed, example in set(found):
            group.later(cat.VIOLATIONS, kind, _WORD[delivered], _WORD[echoed], _WORD[example])[0] += amount
            if pages and delivered and not echoed and not example:
                last = group.later(cat.LAST_VIOLATION, kind)
                last[0] = max(last[0], round(when, 3))

    def suspected(self, group: Group, kinds: Iterable[str], *, amount: int = 1) -> None:
        """Count findings that a person should review."""
        for kind in set(kinds):
            group.later(cat.SUSPECTED, kind)[0] += amount

    def attempt(self, group: Group, role: str) -> None:
        """Count an injection in a text from outside."""
        group.later(cat.INJECTION_ATTEMPTS, role)[0] += 1

    def live(self) -> bool:
        """Return whether any answer was checked."""
        return any(row.values[0] for row in self._ledger.store.rows.get(cat.ANSWERS_CHECKED, {}).values())
