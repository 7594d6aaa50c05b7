"""The series of one provider, model and route: counters, histograms, and related state."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from tocsin import catalogue as cat
from tocsin.accounting.outliers import TokenWindow
from tocsin.accounting.routes import OUTLIER_FACTOR
from tocsin.call import FAILURE_REASONS, OTHER, TOKEN_KINDS, UNKNOWN, Call
from tocsin.catalogue import CALL, FAMILIES, Family
from tocsin.labels import clean
from tocsin.series.store import Row, Store, pairs_of

if TYPE_CHECKING:
    from tocsin.accounting.quality import Answers

Labels = tuple[str, ...]
SEPARATOR = "\x1f"
HISTOGRAMS = (cat.DURATION, cat.FAILURE_DURATION, cat.TTFT, cat.SPEED, cat.REQUEST_TOKENS)
REMEMBERED_SERVERS = 8
_NOT_TOLD = (UNKNOWN, "")
SHORTEST_STREAM = 0.01
"""Seconds from the first token to the last below which a speed is meaningless."""
YOUNG = 7200.0
"""Seconds from its first request within which rules query a label set's counts since then."""
Item = tuple[str, bytes | None]
"""Key within the state, and value; None deletes."""
SavedRow = tuple[str, tuple[str, ...], list[float | int]]
"""Name of the family, the row's own labels, its values."""
_encode = msgspec.msgpack.Encoder().encode
"""Its initial buffer is larger than that of ``msgspec.msgpack.encode``, which would grow nine times per group."""


class Block:
    """Rows that share their leading labels and are committed together."""

    prefix = ""

    def __init__(self, store: Store, labels: Labels) -> None:
        self.store = store
        self.labels = labels
        self.joined = SEPARATOR.join(labels)
        """The labels in the form of state keys."""
        self.rows: list[Row] = []
        self._saved: list[SavedRow] = []
        """What ``pack`` writes of each row; built once, as the values are the row's own list."""
        self._lead = len(labels), pairs_of((*CALL, *store.extra), labels)

    def row(self, family: Family, *own: str) -> Row:
        """Create the row of this block's labels and the family's own ones."""
        row = self.store.add(family, self.labels + own, self._lead)
        self.rows.append(row)
        self._saved.append((family.name, _shared(own), row.values))
        return row

    def later(self, family: Family, *own: str) -> list[float | int]:
        """Return the values of a row that is created on first use: not every group needs it."""
        return (self.store.find(family, self.labels + own) or self.row(family, *own)).values

    @property
    def key(self) -> str:
        """Key within the state."""
        return self.prefix + self.joined

    def pack(self) -> bytes:
        """Return all values for the state, and drop the rows' cached text, as they changed."""
        for row in self.rows:
            row.text = None
        return _encode(self._saved)

    def items(self) -> list[Item]:
        """Return the state items of the block."""
        return [(self.key, self.pack())]

    def absorb(self, saved: Iterable[SavedRow]) -> None:
        """Add saved values to this block's: restores an empty block, merges into a used one."""
        for name, own, values in saved:
            family = FAMILIES.get(name)
            if family is None or len(own) != len(family.labels) - 3:
                continue
            row = self.store.find(family, self.labels + own) or self.row(family, *own)
            if any(values) and len(row.values) == len(values):
                merge = max if family.kind == "gauge" else operator.add  # gauges of blocks are times
                row.values[:] = map(merge, row.values, values)
                row.text = None

    def drop(self) -> list[SavedRow]:
        """Remove the rows from the exposition and return their values."""
        saved, self._saved = self._saved, []
        for row in self.rows:
            self.store.remove(row)
        self.rows = []
        return saved


@lru_cache(1000)
def _shared(own: Labels) -> Labels:
    """Return the same tuple for equal labels: most groups have the same rows."""
    return own


class Histograms(Block):
    """The histograms of a group, or of a whole route once they are folded."""

    prefix = "h" + SEPARATOR

    def __init__(self, store: Store, labels: Labels) -> None:
        super().__init__(store, labels)
        self.duration = self.row(cat.DURATION)
        self.failure_duration = self.row(cat.FAILURE_DURATION)
        self.ttft = self.row(cat.TTFT)
        self.speed = self.row(cat.SPEED)
        self.tokens = self.row(cat.REQUEST_TOKENS)

    def observe(self, calls: list[Call], *, begun: bool = False) -> None:
        """Add the durations of calls; their tokens are observed by the caller.

        ``begun``: their times to first token are already added.
        """
        spent = [c.duration for c in calls if c.duration is not None and c.failure is None]
        if spent:
            self.duration.observe_all(spent)
        if len(spent) < len(calls):
            failed = [c.duration for c in calls if c.duration is not None and c.failure is not None]
            self.failure_duration.observe_all(failed)
        streams = [c for c in calls if c.ttft is not None]
        if streams:
            self._observe_streams(streams, begun=begun)

    def _observe_streams(self, calls: list[Call], *, begun: bool) -> None:
        if not begun:
            self.ttft.observe_all([c.ttft or 0.0 for c in calls])
        self.speed.observe_all([
            c.output_tokens / spent
            for c in calls
            if c.output_tokens and (spent := (c.duration or 0.0) - (c.ttft or 0.0)) > SHORTEST_STREAM
        ])  # fmt: skip


class Group(Block):
    """The counters of one label set, all exported as 0 from its first call on."""

    prefix = "g" + SEPARATOR

    def __init__(self, store: Store, labels: Labels, histograms: Histograms) -> None:
        super().__init__(store, labels)
        self.histograms = histograms
        self.requests = self.row(cat.REQUESTS).values
        self.first = self.row(cat.FIRST_REQUEST).values
        self.failures = {reason: self.row(cat.FAILURES, reason).values for reason in FAILURE_REASONS}
        self.recovered = self.row(cat.RECOVERED).values
        self.recovered_other = self.row(cat.RECOVERED_OTHER).values
        self.filtered = self.row(cat.CONTENT_FILTERED).values
        self.late = self.row(cat.LATE_REQUESTS).values
        self.late_cost = self.row(cat.LATE_COST).values
        self.kinds = [self.row(cat.TOKENS, kind).values for kind in TOKEN_KINDS]
        self.reported = self.row(cat.COST, "reported").values
        self.unpriced = self.row(cat.UNPRICED).values
        self.usage_missing = self.row(cat.USAGE_MISSING).values
        self.outliers = self.row(cat.OUTLIERS).values
        self.window = TokenWindow()
        self.outlier_factor = OUTLIER_FACTOR
        self.p95: Row | None = None
        self.last_seen = 0.0
        self.began = 0.0
        """Time at which the first request was counted, late or not; 0 if the first ones had other labels."""
        self.answers: Answers | None = None
        """Rows of quality; from the first answer on, they and the zeros of quality and safety are exported."""
        self.waiting: list[Call] = []
        """Calls that are counted but not yet in the rows."""
        self.served: dict[tuple[str, str], None] = {}
        """Recently served models and fingerprints, the current one last."""
        self.info: Row | None = None

    @property
    def extra_key(self) -> str:
        """Key within the state of what is stored besides the series."""
        return "x" + SEPARATOR + self.joined

    def reason(self, failure: str | None) -> str:
        """Return the reason that a failure is counted under."""
        return failure if failure in self.failures else OTHER

    def fail(self, failure: str | None, known: float) -> None:
        """Count a failed request; within the first two hours once more, for rules that look for initial bursts.

        ``known`` is when the call ended, not when it was counted: a call counted again after a crash must be counted
        the same.

        Most failure counters, by each reason, are 0: reading them all a second time, just for bursts that were already
        in the first scrape, would cost a Prometheus nearly as much as all its other queries about outages.
        """
        reason = self.reason(failure)
        self.failures[reason][0] += 1
        if known - self.began < YOUNG:
            self.later(cat.YOUNG_FAILURES, reason)[0] += 1

    def outdate(self) -> None:
        """Count all requests as late: moved to other labels, they would look like a current incident there."""
        self.late[0] = self.requests[0]
        for reason, values in self.failures.items():
            if values[0]:
                self.later(cat.LATE_FAILURES, reason)[0] = values[0]

    def serve(self, calls: list[Call]) -> None:
        """Note which models answered; a model and fingerprint not among the last eight count as a change."""
        served, known = self.served, len(self.served)
        changed = 0
        lately = dict.fromkeys([(c.served_model or UNKNOWN, c.fingerprint or "") for c in reversed(calls)])
        for model, fingerprint in reversed(lately):
            pair = clean(model), fingerprint and clean(fingerprint)  # the state must not contain secrets
            if pair in served:
                del served[pair]
            elif pair == _NOT_TOLD:
                continue
            else:
                changed += 1
            served[pair] = None
            if len(served) > REMEMBERED_SERVERS:
                del served[next(iter(served))]
        if changed:
            self.later(cat.MODEL_CHANGES)[0] += changed if known else changed - 1

    def items(self) -> list[Item]:
        """Return the state items of the group, including its window and served models."""
        extra = _Extra(self.last_seen, self.window.pack(), [list(pair) for pair in self.served], self.began)
        return [*super().items(), (self.extra_key, _encode(extra))]

    def restore(self, packed: bytes | None) -> None:
        """Restore what the state contained under ``extra_key``."""
        extra = msgspec.msgpack.decode(packed, type=_Extra) if packed else _Extra()
        self.last_seen = extra.last_seen
        self.began = self.first[0] if extra.began is None else extra.began
        self.window = TokenWindow(extra.window)
        self.served = dict.fromkeys((served, fingerprint) for served, fingerprint in extra.served)
        self.publish()

    def publish(self) -> None:
        """Update the gauges: the p95 (from the 100th request on) and the serving model."""
        self.publish_p95()
        if not self.served:
            return
        served, fingerprint = (clean(text) for text in next(reversed(self.served)))
        labels = (*self.labels, self.labels[1], served or UNKNOWN, fingerprint)
        if self.info is not None and self.info.labels != labels:
            self.store.remove(self.info)
            self.info = None
        if self.info is None:
            self.info = self.store.row(cat.MODEL_INFO, *labels)
            self.info.set(1)

    def publish_p95(self) -> None:
        """Update the p95 gauge; it appears with the 100th request."""
        p95 = self.window.p95
        if p95 is not None:
            if self.p95 is None:
                self.p95 = self.store.row(cat.TOKENS_P95, *self.labels)
            self.p95.set(p95)


class _Extra(msgspec.Struct):
    """What is stored of a group besides its series."""

    last_seen: float = 0.0
    window: bytes = b""
    served: list[list[str]] = []
    began: float | None = None
