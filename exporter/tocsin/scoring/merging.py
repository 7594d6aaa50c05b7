"""Merges several records of one call: OTLP has spans of several layers, and log records beside them.

The first record counts. What it lacks - the duration, in a log record; the content, in a span of an SDK that omits it -
is taken from the next record that has it. Exporters send spans seconds after log records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf
from typing import Final

from tocsin.accounting.group import Group, Labels
from tocsin.accounting.ledger import Ledger
from tocsin.accounting.missing_content import bare
from tocsin.call import Call, Content
from tocsin.scoring.inspection import Inspection, says_something
from tocsin.scoring.scoring import Scoring

WAIT: Final = 90.0
"""Seconds after which a call is counted as unscored that no other record has told the words of. Those that come later
are looked at for safety alone, as long as what is noted of the call is remembered: for the next 30,000 such calls at
least. SDKs send spans each five seconds, log records each second, and again what failed
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/)."""
_WAITING_MAX: Final = 10_000


class RecordMerger:
    """What first records left out. Which ones did is durable; those that may yet be scored are held in memory alone.

    A call that a crash lets nobody wait for is not counted as unscored, and words that come later are scored.
    """

    def __init__(self, ledger: Ledger, scoring: Scoring | None) -> None:
        self._ledger = ledger
        self._scoring = scoring
        self._awaited: dict[str, tuple[Call, Labels, float]] = {}

    def first(self, call: Call, group: Group, now: float) -> bool:
        """Take note of a call that was counted; tell whether another record has yet to say what was said in it."""
        call.labels = None  # they are counted, and a resource may have many that are long
        if call.duration is None:
            self._ledger.mark(call.id, "untimed" if call.ttft is None else "begun")
        content = call.content
        if self._scoring is None or content is None or content.state == "present":
            return False
        if content.state != "absent" and not _is_hidden(content):
            return False
        self._ledger.mark(call.id, "unsaid")
        self._scoring.remember(call, group, now)  # whose words they are, if they come after a restart or too late
        if content.state != "absent":  # it counts as redacted or cut; the words of another are looked at for safety
            self._ledger.mark(call.id, "unscored")
            return False
        self._awaited[call.id] = bare(call), group.labels, now
        if content.context:  # passages that were retrieved, and no word beside: they do not wait
            self._scoring.count(call, group, now, late=True)
        call.content = call.expect = None  # the call waits in its group, too
        if len(self._awaited) > _WAITING_MAX:
            self._give_up(next(iter(self._awaited)), self._scoring)
            if len(self._scoring.missing_content) > _WAITING_MAX:  # as while commits fail
                deque(self._count_given_up(self._scoring, now), maxlen=0)
        return True

    def again(self, call: Call, now: float, seen: Inspection | None) -> None:
        """Take from another record of a call what the first one left out."""
        ledger = self._ledger
        begun = ledger.is_marked(call.id, "begun")
        timed = call.duration is not None and (begun or ledger.is_marked(call.id, "untimed"))
        timed = timed and ledger.mark(call.id, "timed")
        late = ledger.is_marked(call.id, "unscored")
        says = self._says(call, late=late)
        if not timed and not says:
            return
        held = self._awaited.pop(call.id, None) if says else None
        group = self._group_of(call, None if held is None else held[1])
        if timed:
            ledger.time(call, group, begun=begun)
        if says and self._scoring is not None:
            self._scoring.count(call, group, now, seen, late=late)
            call.content = None  # as of every call that is counted
        ledger.groups.dirty |= {group, group.histograms}

    def _says(self, call: Call, *, late: bool) -> bool:
        """Tell, once, whether a record has the words that the first left out, or is first to say they are hidden."""
        ledger, content = self._ledger, call.content
        if self._scoring is None or content is None or content.state == "absent":
            return False
        if not ledger.is_marked(call.id, "unsaid"):
            return False
        if _is_hidden(content):  # another may tell the words yet
            return not late and not ledger.is_marked(call.id, "said") and ledger.mark(call.id, "unscored")
        return ledger.mark(call.id, "said")

    def _group_of(self, call: Call, labels: Labels | None) -> Group:
        """Return what a call is counted under; its records need not agree on who the provider is."""
        if labels is None and self._scoring is not None:
            labels = self._scoring.labels_of(call)
        return self._ledger.group_for(call.route, call.model) if labels is None else self._ledger.group_of(labels)

    def settling(self, now: float, wait: float = WAIT) -> Iterator[None]:
        """Count as unscored the calls that were given up, and give up those that have waited for ``wait`` seconds.

        In small steps, which must all be done before the commit: as many may end their wait at once as ever wait.
        """
        scoring = self._scoring
        if scoring is None or not scoring.saved:
            return  # a crash would take back what is counted because time goes by
        # where the clock was put back, nobody waits for the time to come again
        for name in [name for name, (*_, since) in self._awaited.items() if not -wait < now - since < wait]:
            self._give_up(name, scoring)
            yield
        yield from self._count_given_up(scoring, now)

    def finish(self, now: float) -> None:
        """Count all calls that wait, and were given up, as unscored: no other record will come."""
        for _ in range(2):
            deque(self.settling(now, wait=-inf), maxlen=0)

    def _give_up(self, name: str, scoring: Scoring) -> None:
        call, labels, _ = self._awaited.pop(name)
        self._ledger.mark(call.id, "unscored")
        scoring.missing_content.give_up(call, labels)

    def _count_given_up(self, scoring: Scoring, now: float) -> Iterator[None]:
        for call, labels in scoring.missing_content.due():
            group = self._ledger.group_of(labels)
            scoring.count(call, group, now)
            self._ledger.groups.dirty |= {group, group.histograms}
            yield


def _is_hidden(content: Content) -> bool:
    """Tell whether a record says that there are words, and none of them."""
    return content.state not in ("present", "absent") and not says_something(content)
