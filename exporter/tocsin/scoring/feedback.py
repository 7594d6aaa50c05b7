"""Joins feedback to its call: later judgements count under the label set of the call they are about.

Scores that arrive before their call wait for it (``accounting.pending_feedback``); feedback that can alert does not.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from tocsin import catalogue as cat
from tocsin.accounting.group import SEPARATOR, Group, Labels
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.pending_feedback import PendingFeedback
from tocsin.accounting.quality import Quality
from tocsin.accounting.recent_calls import RecentCalls
from tocsin.accounting.safety import Safety
from tocsin.call import OTHER, Call, Feedback
from tocsin.formats.feedback import FLAGS
from tocsin.labels import clean
from tocsin.scoring.guard_coverage import GuardCoverage


class FeedbackJoin:
    """Remembers calls, joins feedback to them, and counts it."""

    def __init__(self, ledger: Ledger, quality: Quality, safety: Safety, coverage: GuardCoverage) -> None:
        self._ledger = ledger
        self._quality = quality
        self._safety = safety
        self._coverage = coverage
        self.calls = RecentCalls()
        """Label sets of the newest calls, by each id that feedback may use."""
        self.pending = PendingFeedback()
        """Feedback waiting for its call."""
        self._routes: set[str] = set()
        """Routes with counted calls."""

    def meet(self, call: Call, group: Group) -> Collection[str]:
        """Remember a call counted under ``group``; return the ids that feedback may use for it."""
        names = {name: None for name in (call.call_id, call.trace_id, call.response_id) if name}
        for name in names:
            self.calls.put(name, group.joined)
        if group.labels[2] not in self._routes:
            self._meet_route(group.labels[2])
        return names

    def labels_of(self, name: str) -> Labels | None:
        """Return the label set of the call with an id; None if it is unknown."""
        known = self.calls.get(name)
        return None if known is None else tuple(known.split(SEPARATOR))

    def release(self, names: Collection[str], group: Group, now: float) -> None:
        """Count feedback that waited for a call with one of these ids."""
        if self.pending:
            for feedback in self.pending.release(names):
                self._count(feedback, group, now)

    def take(self, feedback: Feedback, now: float) -> None:
        """Count feedback if its call is known or it does not wait; else hold it."""
        if feedback.wrong_verdicts == (OTHER,):  # no kind is named: all kinds that the guard stopped in this call
            stopped = tuple(sorted(self._coverage.stopped(feedback.call_id)))
            feedback.wrong_verdicts = stopped or feedback.wrong_verdicts
        labels = self.labels_of(feedback.call_id)
        if labels is not None:
            self._count(feedback, self._ledger.group_of(labels), now)
        elif feedback.flag is not None or feedback.wrong_verdicts:
            self._count_unmatched(feedback, now)
        else:
            self.pending.hold(feedback, now)
            for surplus in self.pending.surplus():
                self._count_unmatched(surplus, now)

    def give_up(self, now: float) -> None:
        """Count what was given up before the last commit, and give up what has waited too long at ``now``."""
        self._count_given_up(now)
        self.pending.give_up(now)

    def finish(self, now: float) -> None:
        """Count all waiting feedback: its calls will not arrive any more."""
        self.pending.give_up(math.inf)
        self._count_given_up(now)

    def _meet_route(self, route: str) -> None:
        """Export the user flags of a route as 0, so that the first flag is an increase."""
        self._routes.add(route)
        for flag in FLAGS:
            self._ledger.add(cat.USER_FLAGS, route, flag, amount=0)

    def _count_given_up(self, now: float) -> None:
        for feedback in self.pending.given_up():
            self._count_unmatched(feedback, now)

    def _count_unmatched(self, feedback: Feedback, now: float) -> None:
        self._ledger.add(cat.FEEDBACK_UNMATCHED)
        self._count(feedback, self._ledger.group_of(None), now)

    def _count(self, feedback: Feedback, group: Group, now: float) -> None:
        for name in feedback.field_errors:
            self._ledger.add(cat.FIELD_ERRORS, clean(name))
        group.last_seen = now
        self._ledger.groups.dirty |= {group, group.histograms}
        for scorer, value in (feedback.scores or {}).items():
            self._quality.score(group, scorer, value)
        if feedback.flag is not None:
            self._ledger.add(cat.USER_FLAGS, group.labels[2], feedback.flag)
            if _reports(feedback):
                self._safety.violations(group, [(cat.REPORTED, False, False)], now, delivered=True)
        for kind in feedback.wrong_verdicts:
            self._ledger.add(cat.GUARD_FALSE_POSITIVES, group.labels[2], kind)


def _reports(feedback: Feedback) -> bool:
    """Return whether a reviewer flags the answer as unsafe, which is a violation."""
    return feedback.flag == "unsafe" and feedback.is_of_reviewer
