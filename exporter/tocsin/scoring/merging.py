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
"""Seconds after which a call whose content no record has supplied is counted as unscored. Content that arrives later
is checked for safety only, as long as the notes on the call are remembered: for at least the next 30,000 such calls.
SDKs send spans every five seconds, log records every second, and retry what failed
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/)."""
_WAITING_MAX: Final = 10_000


class RecordMerger:
    """Tracks what first records lack. Notes are durable; calls that may still be scored are held in memory only.

    A call that a crash removes from memory is not counted as unscored, and content that arrives later is scored.
    """

    def __init__(self, ledger: Ledger, scoring: Scoring | None) -> None:
        self._ledger = ledger
        self._scoring = scoring
        self._awaited: dict[str, tuple[Call, Labels, float]] = {}

    def first(self, call: Call, group: Group, now: float) -> bool:
        """Note what a counted call lacks; return whether its content is still awaited from another record."""
        call.labels = None  # they are counted already, and a resource may have many long ones
        if call.duration is None:
            self._ledger.mark(call.id, "untimed" if call.ttft is None else "begun")
        content = call.content
        if self._scoring is None or content is None or content.state == "present":
            return False
        if content.state != "absent" and not _is_hidden(content):
            return False
        self._ledger.mark(call.id, "unsaid")
        self._scoring.remember(call, group, now)  # for content that arrives after a restart or too late
        if content.state != "absent":  # counts as redacted or cut; content of another record is checked for safety
            self._ledger.mark(call.id, "unscored")
            return False
        self._awaited[call.id] = bare(call), group.labels, now
        if content.context:  # retrieved passages without other content: they do not wait
            self._scoring.count(call, group, now, late=True)
        call.content = call.expect = None  # the call is queued in its group, too
        if len(self._awaited) > _WAITING_MAX:
            self._give_up(next(iter(self._awaited)), self._scoring)
            if len(self._scoring.missing_content) > _WAITING_MAX:  # as while commits fail
                deque(self._count_given_up(self._scoring, now), maxlen=0)
        return True

    def again(self, call: Call, now: float, seen: Inspection | None) -> None:
        """Take what the first record of a call lacked from another one."""
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
            call.content = None  # as for every counted call
        ledger.groups.dirty |= {group, group.histograms}

    def _says(self, call: Call, *, late: bool) -> bool:
        """Return, once, whether a record has the content that the first lacked, or is the first to hide it."""
        ledger, content = self._ledger, call.content
        if self._scoring is None or content is None or content.state == "absent":
            return False
        if not ledger.is_marked(call.id, "unsaid"):
            return False
        if _is_hidden(content):  # another record may still have the content
            return not late and not ledger.is_marked(call.id, "said") and ledger.mark(call.id, "unscored")
        return ledger.mark(call.id, "said")

    def _group_of(self, call: Call, labels: Labels | None) -> Group:
        """Return the group of a call; its records may disagree on the provider."""
        if labels is None and self._scoring is not None:
            labels = self._scoring.labels_of(call)
        return self._ledger.group_for(call.route, call.model) if labels is None else self._ledger.group_of(labels)

    def settling(self, now: float, wait: float = WAIT) -> Iterator[None]:
        """Count given-up calls as unscored, and give up those that have waited for ``wait`` seconds.

        In small steps, all of which must run before the commit: all waiting calls may expire at once.
        """
        scoring = self._scoring
        if scoring is None or not scoring.saved:
            return  # a crash would take back what was counted because time passed
        # if the clock was set back, calls do not wait for it to catch up
        for name in [name for name, (*_, since) in self._awaited.items() if not -wait < now - since < wait]:
            self._give_up(name, scoring)
            yield
        yield from self._count_given_up(scoring, now)

    def finish(self, now: float) -> None:
        """Count all waiting and given-up calls as unscored: no other record will arrive."""
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
    """Return whether a record states that there is content but contains none."""
    return content.state not in ("present", "absent") and not says_something(content)
