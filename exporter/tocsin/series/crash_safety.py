"""Counters that a crash could lower while commits fail, so that the page must not show their newest values.

Most counters are sums over events that inputs read again after a crash, in any order. Those listed here are not.
"""

from __future__ import annotations

from tocsin.catalogue import (
    DETECTOR_CAPPED,
    DETECTOR_ERRORS,
    EVENTS_COUNTED,
    EVENTS_DUPLICATE,
    EVENTS_READ,
    EVENTS_SKIPPED,
    FEEDBACK_UNMATCHED,
    GUARD_ELIGIBLE,
    GUARD_FALSE_POSITIVES,
    GUARD_REQUESTS,
    GUARD_SCANNED,
    GUARD_SHED,
    INGEST_REFUSED,
    LABELS_FOLDED,
    LABELS_HASHED,
    MODEL_CHANGES,
    OUTLIERS,
    PROMPT_CHANGES,
    REPORTED,
    SCORING_DROPPED,
    SESSION_LOOPS,
    UNSCORED,
    USER_FLAGS,
    VIOLATIONS,
    Family,
)  # fmt: skip

NOT_REPEATED = frozenset({
    INGEST_REFUSED, FEEDBACK_UNMATCHED, DETECTOR_ERRORS, DETECTOR_CAPPED, SCORING_DROPPED,
    GUARD_REQUESTS, GUARD_SHED, GUARD_SCANNED, GUARD_ELIGIBLE, GUARD_FALSE_POSITIVES, VIOLATIONS, UNSCORED,
    SESSION_LOOPS, PROMPT_CHANGES,
})  # fmt: skip
"""Counters of events that no input reads again after a crash, or that depend on such events (as coverage depends on the
guard's memory) or on when calls are settled, which happens by label set. Of VIOLATIONS and UNSCORED only some series:
see ``can_decrease``."""
ORDER_DEPENDENT = frozenset({
    EVENTS_READ, EVENTS_COUNTED, EVENTS_DUPLICATE, EVENTS_SKIPPED, LABELS_FOLDED, LABELS_HASHED,
    OUTLIERS, MODEL_CHANGES, USER_FLAGS, VIOLATIONS,
})  # fmt: skip
"""Counters of events that are read again, but whose values depend on the order of reading: with several logs, or a log
and webhooks, that order differs after a crash. It decides which of two copies of an event is the duplicate, what a
usual request is, and whether the call that a user flags is known."""


def can_decrease(family: Family, labels: tuple[str, ...], *, in_order: bool) -> bool:
    """Return whether a crash can lower an uncommitted counter.

    ``in_order``: there is one input, which is read again in the same order.
    """
    if family is VIOLATIONS:  # violations that the guard stopped, or that a person reported
        return labels[-3] == "false" or (labels[-4] == REPORTED and not in_order)
    if family is UNSCORED:  # after the crash there may be time to score the call
        return labels[-1] == "overload"
    return family in NOT_REPEATED or not in_order
