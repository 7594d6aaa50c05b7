"""All groups of series, and which label sets are admitted.

Label sets are admitted, limited and folded: a client that invents model names must not be able to grow ``/metrics``.
Folding moves totals, so sums stay correct; and it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from tocsin.accounting.group import HISTOGRAMS, SEPARATOR, Block, Group, Histograms, Item, Labels, SavedRow
from tocsin.accounting.routes import Routes
from tocsin.call import OTHER, UNKNOWN
from tocsin.config import Route
from tocsin.series.store import Store, samples_of

UNPROVEN_MODELS = 200
"""Maximum number of models without a success that get their own series; a client may have invented them."""
PROVEN_MODELS = 10_000
STEP_BLOCKS = 32


class Groups:
    """All groups: admission, the series limit, folding and expiry."""

    def __init__(self, store: Store, max_series: int, reserve: int, folded: Callable[[str], None]) -> None:
        self._store = store
        self._folded = folded
        self._extra = len(store.extra)
        self._everything: Labels = (OTHER,) * (3 + self._extra)
        self._bound = max_series - reserve
        self.routes = Routes(store)
        self.by_labels: dict[Labels, Group] = {}
        self.aliases: dict[Labels, Group] = {}
        """Groups by the original labels; cleared when a group is removed."""
        self.histograms: dict[Labels, Histograms] = {}
        self.dirty: set[Block] = set()
        self._gone: list[str] = []
        self._proven: set[str] = set()
        self._unproven: set[str] = set()
        self._seen_since = 0.0
        """No group was last seen before this time: a check every second must not iterate over thousands of them."""
        self._counter_size = 0
        self._histogram_size = sum(map(samples_of, HISTOGRAMS))

    def admit(self, labels: Labels, *, succeeded: bool) -> Group:
        """Return the group that ``labels`` (cleaned) are counted under, folded if there is no room."""
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
        """Make room for the counters of a new group by folding histograms; return False if there is none."""
        need = self._counter_size or 30
        while self._store.samples + need > self._bound:
            if not self._fold_some_histograms():
                return False
        return True

    def _fold_some_histograms(self) -> bool:
        """Fold the longest silent eighth to their routes; return False if that frees nothing."""
        own = [
            group for labels in self.histograms
            if self._route_labels(labels) != labels and (group := self.by_labels.get(labels)) is not None
        ]  # fmt: skip
        before = self._store.samples
        for group in _longest_silent(own):
            self._fold_histograms(group)
        return self._store.samples < before

    def _shrink(self) -> None:
        """Enforce the limit: rows that are created later were not reserved when their group was admitted."""
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
        """Apply new entries of ``routes`` to current and future groups."""
        self.routes.configure(routes)
        for (_, model, route, *_extra), group in self.by_labels.items():
            group.outlier_factor = self.routes.outlier_factor(route, model)

    def learn(self, group: Group) -> None:
        """Note how many series a group has grown to, to reserve as many when the next one is admitted."""
        self._counter_size = max(self._counter_size, sum(row.samples for row in group.rows) + 2)
        self._histogram_size = max(self._histogram_size, sum(row.samples for row in group.histograms.rows))

    def expire(self, before: float) -> None:
        """Move the totals of groups not seen since ``before`` to ``other`` and drop their series."""
        if before <= self._seen_since:
            return
        groups = [group for group in self.by_labels.values() if group.labels != self._everything]
        self._seen_since = min([group.last_seen for group in groups], default=before)
        for group in groups:
            if group.last_seen < before:
                self._fold_group(group)
                self._folded("expired")

    def _fold_group(self, group: Group) -> None:
        """Move a group's totals to ``other``; histograms shared with others of its route stay."""
        target = self.by_labels.get(self._everything) or self._create(self._everything)
        own = group.histograms
        del self.by_labels[group.labels]
        self.routes.leave(group.labels[2], group.labels[1])
        self._gone += [group.key, group.extra_key]
        group.outdate()
        target.absorb(group.drop())
        target.first[0] = 0  # what it absorbed was counted at any time
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
        """Return the time of the newest call counted since the last commit; 0 if there was none."""
        return max((block.last_seen for block in self.dirty if isinstance(block, Group)), default=0.0)

    def changes(self) -> list[Item]:
        """Return what changed since the last commit: packed blocks, windows and group extras."""
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
        if self._gone:  # folded in between: removed groups and their new totals must be committed together
            blocks, self.dirty = list(self.dirty), set()
            yield [*self._take_gone(), *(item for block in blocks for item in block.items())]

    def _take_gone(self) -> list[Item]:
        gone, self._gone = self._gone, []
        return [(key, None) for key in gone]

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore committed blocks. Labels are adapted to the current number of extra labels."""
        saved = dict(items)
        size = 3 + self._extra
        blocks: dict[str, list[tuple[str, Labels, bool]]] = {"h": [], "g": []}
        for key in saved:
            kind, *parts = key.split(SEPARATOR)
            fits = len(parts) == size
            more = OTHER if parts[:2] == [OTHER, OTHER] else UNKNOWN  # folded labels stand for any extra label
            blocks.setdefault(kind, []).append((key, (*parts, *(more,) * size)[:size], fits))
            if not fits:
                self._gone.append(key)
        for key, labels, fits in blocks["h"]:
            block = self.histograms.get(labels)
            if block is None:  # two keys may map to the same labels now
                block = self.histograms[labels] = Histograms(self._store, labels)
            block.absorb(msgspec.msgpack.decode(saved[key], type=list[SavedRow]))
            if not fits:
                self.dirty.add(block)
        for key, labels, fits in blocks["g"]:
            group = self.by_labels.get(labels) or self._restored(labels)
            group.absorb(msgspec.msgpack.decode(saved[key], type=list[SavedRow]))
            group.restore(saved.get("x" + key[1:]))
            self._meet(group)
            if not fits:
                group.first[0] = 0
                self.dirty |= {group, group.histograms}

    def _meet(self, group: Group) -> None:
        """Note whether a restored group's model ever succeeded."""
        failures = sum(values[0] for values in group.failures.values())
        (self._proven if group.requests[0] > failures else self._unproven).add(group.labels[1])

    def _restored(self, labels: Labels) -> Group:
        histograms = self.histograms.get(labels) or self.histograms.get(self._route_labels(labels))
        if histograms is None:
            histograms = self.histograms[labels] = Histograms(self._store, labels)
        group = self._add(labels, histograms)
        self._counter_size = max(self._counter_size, 32)
        return group


def _longest_silent(groups: list[Group]) -> list[Group]:
    """Return the eighth to fold next: folding one at a time would sort all of them each time."""
    return sorted(groups, key=lambda g: g.last_seen)[: -(-len(groups) // 8)]
