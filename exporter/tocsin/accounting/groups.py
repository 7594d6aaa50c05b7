"""The series of one provider, model and route, and who gets series at all.

Label sets are admitted, capped and folded: a client that invents model names must not be able to
grow ``/metrics``. Folding moves totals, so sums stay right; and it is counted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from tocsin import catalogue as cat
from tocsin.accounting.outliers import TokenWindow
from tocsin.accounting.routes import OUTLIER_FACTOR, Routes
from tocsin.call import FAILURE_REASONS, OTHER, TOKEN_KINDS, UNKNOWN, Call
from tocsin.catalogue import FAMILIES, Family
from tocsin.config import Route
from tocsin.labels import clean
from tocsin.series.store import Row, Store

if TYPE_CHECKING:
    from tocsin.accounting.quality import Answers

Labels = tuple[str, ...]
SEPARATOR = "\x1f"
HISTOGRAMS = (cat.DURATION, cat.FAILURE_DURATION, cat.TTFT, cat.SPEED, cat.REQUEST_TOKENS)
UNPROVEN_MODELS = 200
"""Models that never succeeded and still get series of their own; a client may have invented them."""
PROVEN_MODELS = 10_000
REMEMBERED_SERVERS = 8
_NOT_TOLD = (UNKNOWN, "")
SHORTEST_STREAM = 0.01
"""Seconds from the first token to the last below which no speed can be told."""
STEP_BLOCKS = 32
Item = tuple[str, bytes | None]
_SavedRow = tuple[str, tuple[str, ...], list[float | int]]
"""Name of the family, the row's own labels, its values."""


class Block:
    """Rows that share their leading labels and are committed together."""

    prefix = ""

    def __init__(self, store: Store, labels: Labels) -> None:
        self.store = store
        self.labels = labels
        self.joined = SEPARATOR.join(labels)
        """The labels as they stand in keys of the state."""
        self.rows: list[Row] = []
        self._saved: list[_SavedRow] = []
        """What ``pack`` writes of each row; the values are the row's own list, so it is made once."""
        self._later: dict[tuple[Family, Labels], list[float | int]] = {}
        """Values of the rows that ``later`` was asked for, by family and own labels."""

    def row(self, family: Family, *own: str) -> Row:
        """Create the row of this block's labels and the family's own ones."""
        row = self.store.row(family, *self.labels, *own)
        self.rows.append(row)
        self._saved.append((family.name, _shared(own), row.values))
        return row

    def later(self, family: Family, *own: str) -> list[float | int]:
        """Return the values of a row that appears only with its first cause: not every group needs it."""
        values = self._later.get((family, own))
        if values is None:
            known = [saved for name, labels, saved in self._saved if name == family.name and labels == own]
            values = self._later[family, own] = known[0] if known else self.row(family, *own).values
        return values

    @property
    def key(self) -> str:
        """Key within the state."""
        return self.prefix + self.joined

    def pack(self) -> bytes:
        """Return all values for the state; the rows' cached text is dropped, since they changed."""
        for row in self.rows:
            row.text = None
        return msgspec.msgpack.encode(self._saved)

    def items(self) -> list[Item]:
        """Return what the state shall hold of the block."""
        return [(self.key, self.pack())]

    def absorb(self, saved: Iterable[_SavedRow]) -> None:
        """Add saved values to this block's: restores an empty block, merges into a used one."""
        mine = {(name, own): row for row, (name, own, _) in zip(self.rows, self._saved, strict=True)}
        for name, own, values in saved:
            row = mine.get((name, own))
            if row is None:
                family = FAMILIES.get(name)
                if family is None or len(own) != len(family.labels) - 3:
                    continue
                row = self.row(family, *own)
            if len(row.values) == len(values):
                merge = max if row.family.kind == "gauge" else operator.add  # gauges of blocks are times of last events
                row.values[:] = map(merge, row.values, values)
            row.text = None

    def drop(self) -> list[_SavedRow]:
        """Remove the rows from the exposition and return their values."""
        saved, self._saved = self._saved, []
        for row in self.rows:
            self.store.remove(row)
        self.rows = []
        self._later = {}
        return saved


@lru_cache(1000)
def _shared(own: Labels) -> Labels:
    """Return the same tuple for the same labels: most groups have the same rows."""
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

    def observe(self, calls: list[Call]) -> None:
        """Add what calls tell of time; their tokens are observed by who counts them."""
        spent = [c.duration for c in calls if c.duration is not None and c.failure is None]
        if spent:
            self.duration.observe_all(spent)
        if len(spent) < len(calls):
            failed = [c.duration for c in calls if c.duration is not None and c.failure is not None]
            self.failure_duration.observe_all(failed)
        streams = [c for c in calls if c.ttft is not None]
        if streams:
            self._observe_streams(streams)

    def _observe_streams(self, calls: list[Call]) -> None:
        self.ttft.observe_all([c.ttft or 0.0 for c in calls])
        self.speed.observe_all([
            c.output_tokens / spent
            for c in calls
            if c.output_tokens and (spent := (c.duration or 0.0) - (c.ttft or 0.0)) > SHORTEST_STREAM
        ])  # fmt: skip


class Group(Block):
    """The counters of one label set, all exported as 0 from its first sight."""

    prefix = "g" + SEPARATOR

    def __init__(self, store: Store, labels: Labels, histograms: Histograms) -> None:
        super().__init__(store, labels)
        self.histograms = histograms
        self.requests = self.row(cat.REQUESTS).values
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
        self.answers: Answers | None = None
        """Rows of quality; there, and its zeros and those of safety exported, from the first answer on."""
        self.waiting: list[Call] = []
        """Calls that are counted and not yet in the rows."""
        self.served: dict[tuple[str, str], None] = {}
        """Served models and fingerprints seen lately, the current one last."""
        self.info: Row | None = None

    @property
    def extra_key(self) -> str:
        """Key within the state of what is remembered beside the series."""
        return "x" + SEPARATOR + self.joined

    def reason(self, failure: str | None) -> str:
        """Return the reason that a failure is counted under."""
        return failure if failure in self.failures else OTHER

    def serve(self, calls: list[Call]) -> None:
        """Note which models answered; a model and fingerprint not among the last eight are a change."""
        served, known = self.served, len(self.served)
        changed = 0
        lately = dict.fromkeys([(c.served_model or UNKNOWN, c.fingerprint or "") for c in reversed(calls)])
        for model, fingerprint in reversed(lately):
            pair = clean(model), fingerprint and clean(fingerprint)  # what the state holds must be no secret
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
        """Return what the state shall hold of the group, its window and served models included."""
        extra = _Extra(self.last_seen, self.window.pack(), [list(pair) for pair in self.served])
        return [*super().items(), (self.extra_key, msgspec.msgpack.encode(extra))]

    def publish(self) -> None:
        """Bring the gauges up to date: the p95 (from the 100th request on) and the serving model."""
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
        """Bring the p95 gauge up to date; it appears with the 100th request."""
        p95 = self.window.p95
        if p95 is not None:
            if self.p95 is None:
                self.p95 = self.store.row(cat.TOKENS_P95, *self.labels)
            self.p95.set(p95)


class Groups:
    """All groups: admission, the series budget, folding and expiry."""

    def __init__(self, store: Store, max_series: int, reserve: int, folded: Callable[[str], None]) -> None:
        self._store = store
        self._folded = folded
        self._extra = len(store.extra)
        self._everything: Labels = (OTHER,) * (3 + self._extra)
        self._bound = max_series - reserve
        self.routes = Routes(store)
        self.by_labels: dict[Labels, Group] = {}
        self.aliases: dict[Labels, Group] = {}
        """Groups by the labels as they came in; emptied when a group goes."""
        self.histograms: dict[Labels, Histograms] = {}
        self.dirty: set[Block] = set()
        self._gone: list[str] = []
        self._proven: set[str] = set()
        self._unproven: set[str] = set()
        self._counter_size = 0
        self._histogram_size = sum(len(f.buckets) + 3 for f in HISTOGRAMS)

    def admit(self, labels: Labels, *, succeeded: bool) -> Group:
        """Return the group that ``labels`` (cleaned) are counted under, folded where there is no room."""
        model = labels[1]
        if succeeded:
            if len(self._proven) < PROVEN_MODELS:
                self._proven.add(model)
        elif model not in self._proven and model not in self._unproven:
            if len(self._unproven) >= UNPROVEN_MODELS:
                labels = (labels[0], OTHER, *labels[2:])
                self._folded("model")
            else:
                self._unproven.add(model)
        group = self.by_labels.get(labels)
        if group is not None:
            return group
        if self._room():
            return self._create(labels)
        self._folded("model")
        for folded in ((labels[0], OTHER, *labels[2:]), (OTHER, OTHER, *labels[2:])):
            group = self.by_labels.get(folded)
            if group is not None:
                return group
            if self._room():
                return self._create(folded)
        return self.by_labels.get(self._everything) or self._create(self._everything)

    def _route_labels(self, labels: Labels) -> Labels:
        return (OTHER, OTHER, labels[2], *(OTHER,) * self._extra)

    def _room(self) -> bool:
        """Make room for the counters of a new group by folding histograms; False when there is none."""
        need = self._counter_size or 30
        while self._store.samples + need > self._bound:
            if not self._fold_some_histograms():
                return False
        return True

    def _fold_some_histograms(self) -> bool:
        """Fold the longest silent eighth to their routes; False when that frees nothing."""
        own = [
            g for g in self.by_labels.values()
            if g.histograms.labels == g.labels and self._route_labels(g.labels) != g.labels
        ]  # fmt: skip
        before = self._store.samples
        for group in _longest_silent(own):
            self._fold_histograms(group)
        return self._store.samples < before

    def _shrink(self) -> None:
        """Keep the bound hard: rows that come with a later cause were not foreseen when their group was admitted."""
        while self._store.samples > self._bound:
            if self._fold_some_histograms():
                continue
            groups = [g for g in self.by_labels.values() if g.labels != self._everything]
            if not groups:
                return
            for group in _longest_silent(groups):
                self._fold_group(group)
                self._folded("model")

    def _fold_histograms(self, group: Group) -> None:
        route = self._route_labels(group.labels)
        target = self.histograms.get(route)
        saved = group.histograms.drop()
        self._gone.append(group.histograms.key)
        self.dirty.discard(group.histograms)
        del self.histograms[group.labels]
        if target is None:
            target = self.histograms[route] = Histograms(self._store, route)
        target.absorb(saved)
        group.histograms = target
        self.dirty.add(target)
        self._folded("histogram")

    def _create(self, labels: Labels) -> Group:
        own = self._store.samples + self._histogram_size + (self._counter_size or 30) <= self._bound
        where = labels if own else self._route_labels(labels)
        histograms = self.histograms.get(where)
        if histograms is None:
            histograms = self.histograms[where] = Histograms(self._store, where)
        if not own:
            self._folded("histogram")
        before = self._store.samples
        group = self._add(labels, histograms)
        self._counter_size = max(self._counter_size, self._store.samples - before + 2)
        return group

    def _add(self, labels: Labels, histograms: Histograms) -> Group:
        group = self.by_labels[labels] = Group(self._store, labels, histograms)
        _, model, route = labels[:3]
        self.routes.meet(route, model)
        group.outlier_factor = self.routes.outlier_factor(route, model)
        return group

    def configure(self, routes: Sequence[Route]) -> None:
        """Take new entries of ``routes``, for the groups of today and all to come."""
        self.routes.configure(routes)
        for (_, model, route, *_extra), group in self.by_labels.items():
            group.outlier_factor = self.routes.outlier_factor(route, model)

    def learn(self, group: Group) -> None:
        """Note how many series a group came to have, so that room is made for as many when the next one is admitted."""
        self._counter_size = max(self._counter_size, sum(row.samples for row in group.rows) + 2)
        self._histogram_size = max(self._histogram_size, sum(row.samples for row in group.histograms.rows))

    def expire(self, before: float) -> None:
        """Move the totals of groups not seen since ``before`` to ``other`` and drop their series."""
        for labels, group in list(self.by_labels.items()):
            if group.last_seen < before and labels != self._everything:
                self._fold_group(group)
                self._folded("expired")

    def _fold_group(self, group: Group) -> None:
        """Move a group's totals to ``other``; histograms that others of its route share stay."""
        target = self.by_labels.get(self._everything) or self._create(self._everything)
        own = group.histograms
        del self.by_labels[group.labels]
        self.routes.leave(group.labels[2], group.labels[1])
        self._gone += [group.key, group.extra_key]
        target.absorb(group.drop())
        if own is not target.histograms and all(g.histograms is not own for g in self.by_labels.values()):
            self._gone.append(own.key)
            target.histograms.absorb(own.drop())
            del self.histograms[own.labels]
            self.dirty.discard(own)
        for row in (group.p95, group.info):
            if row is not None:
                self._store.remove(row)
        self.dirty.discard(group)
        self.dirty |= {target, target.histograms}
        self.aliases.clear()

    def last_counted(self) -> float:
        """Time of the newest call counted since the last commit; 0 when there was none."""
        return max((block.last_seen for block in self.dirty if isinstance(block, Group)), default=0.0)

    def changes(self) -> list[Item]:
        """What changed since the last commit: packed blocks, windows and group extras."""
        return [item for step in self.steps() for item in step]

    def steps(self) -> Iterator[list[Item]]:
        """Return ``changes`` in steps of less than a millisecond; groups may be counted under in between."""
        for number, block in enumerate(list(self.dirty)):
            if isinstance(block, Group):
                block.publish()
            if number % STEP_BLOCKS == STEP_BLOCKS - 1:
                yield []
        self._shrink()
        yield self._take_gone()
        blocks, self.dirty = list(self.dirty), set()
        for start in range(0, len(blocks), STEP_BLOCKS):
            yield [item for block in blocks[start : start + STEP_BLOCKS] for item in block.items()]
        if self._gone:  # folded in between: what went and what took its totals must be committed together
            blocks, self.dirty = list(self.dirty), set()
            yield [*self._take_gone(), *(item for block in blocks for item in block.items())]

    def _take_gone(self) -> list[Item]:
        gone, self._gone = self._gone, []
        return [(key, None) for key in gone]

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back committed blocks. Labels are fitted to today's number of extra labels."""
        saved = dict(items)
        size = 3 + self._extra
        blocks: dict[str, list[tuple[str, Labels, bool]]] = {"h": [], "g": []}
        for key in saved:
            kind, *parts = key.split(SEPARATOR)
            fits = len(parts) == size
            blocks.setdefault(kind, []).append((key, (*parts, *(UNKNOWN,) * size)[:size], fits))
            if not fits:
                self._gone.append(key)
        for key, labels, _ in blocks["h"]:
            block = self.histograms.setdefault(labels, Histograms(self._store, labels))
            block.absorb(msgspec.msgpack.decode(saved[key], type=list[_SavedRow]))
        for key, labels, fits in blocks["g"]:
            group = self.by_labels.get(labels) or self._restored(labels)
            group.absorb(msgspec.msgpack.decode(saved[key], type=list[_SavedRow]))
            self._restore_extra(group, saved.get("x" + key[1:]))
            if not fits:
                self.dirty |= {group, group.histograms}

    def _restored(self, labels: Labels) -> Group:
        histograms = self.histograms.get(labels) or self.histograms.get(self._route_labels(labels))
        if histograms is None:
            histograms = self.histograms[labels] = Histograms(self._store, labels)
        group = self._add(labels, histograms)
        self._counter_size = max(self._counter_size, 32)
        return group

    def _restore_extra(self, group: Group, packed: bytes | None) -> None:
        extra = msgspec.msgpack.decode(packed, type=_Extra) if packed else _Extra()
        group.last_seen = extra.last_seen
        group.window = TokenWindow(extra.window)
        group.served = dict.fromkeys((served, fingerprint) for served, fingerprint in extra.served)
        model = group.labels[1]
        failures = sum(values[0] for values in group.failures.values())
        (self._proven if group.requests[0] > failures else self._unproven).add(model)
        group.publish()


def _longest_silent(groups: list[Group]) -> list[Group]:
    """The eighth to fold next: folding one at a time would sort all of them for each."""
    return sorted(groups, key=lambda g: g.last_seen)[: -(-len(groups) // 8)]


class _Extra(msgspec.Struct):
    """What a group remembers beside its series."""

    last_seen: float = 0.0
    window: bytes = b""
    served: list[list[str]] = []
