"""The ledger: the only place where events become numbers.

``Ledger.count`` is the hot path: it finds the group of a call and queues the call there. ``settle`` adds queued calls
to plain lists that the rows of the store share; ``changes()`` packs what changed for the transaction that also contains
the inputs' positions.
"""

from __future__ import annotations

import operator
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial

from tocsin import catalogue as cat
from tocsin.accounting.consumers import Consumers
from tocsin.accounting.deduplication import SeenIds, identity
from tocsin.accounting.durable import Durable
from tocsin.accounting.estimates import Estimator
from tocsin.accounting.group import Group
from tocsin.accounting.groups import Groups
from tocsin.accounting.limits import HourlyLimit, TokenLimits
from tocsin.accounting.prices import BATCH_SHARE, Prices, PricesAwaitedError
from tocsin.accounting.prompts import Prompts
from tocsin.accounting.sessions import Loops
from tocsin.call import OTHER, OUTAGE_REASONS, UNKNOWN, Call, usage_of
from tocsin.config import Route
from tocsin.labels import clean, is_private, keyed_hash
from tocsin.series.store import Store

Item = tuple[str, str, bytes | None]
"""Part of the state, key, and value; None deletes."""
LATE = 600.0
"""Seconds after which an event counts as late: a backlog must not look like an incident now."""
FUTURE = 86_400.0
OLDEST = 1_262_304_000.0
"""2010-01-01: an older time is a unit error, not a time."""
EXPIRE_AFTER = 30 * 86_400.0
_ALIASES_MAX = 50_000
SETTLED_AT_ONCE = 16
"""Calls settled between two checks of the time: a fifth of a millisecond if each has a different group."""
WAITING_MAX = 4_000
"""Queued calls that trigger ``settle``; a higher value would make larger batches and need more memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the ledger, from the configuration."""

    extra_labels: tuple[str, ...] = ()
    max_series: int = 20_000
    top_consumers: int = 20
    consumer_key: bytes | None = None
    routes: tuple[Route, ...] = ()
    """Configured routes; the first match wins."""
    user_tokens_per_hour: int | None = None
    session_tokens_per_hour: int | None = None
    no_usage_expected: tuple[str, ...] = ()
    """Patterns of models, routes or ends of paths that are declared to report no usage (``declared.usage``)."""
    prices: Prices = field(default_factory=lambda: Prices([]))
    estimator: Estimator | None = None
    """Estimates tokens where usage is missing; None: they are not estimated."""
    estimates: str = "off"
    """The available estimator, in words, for the status page."""


class Ledger:
    """All metric state of the calls, from ``Call`` to rows."""

    parts = (
        "groups", "rows", "seen", "marks", "failed", "outages", "consumers", "key", "loops", "user_tokens",
        "session_tokens",
    )  # fmt: skip

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self._durable = Durable(store)
        reserve = 200 + 5 * (settings.top_consumers + 3)
        self.groups = Groups(store, settings.max_series, reserve, lambda label: self.add(cat.LABELS_FOLDED, label))
        self.groups.configure(settings.routes)
        self._aliases = self.groups.aliases
        self._seen = SeenIds()
        self._marks = SeenIds()
        """What the first record of a call lacked (``RecordMerger``); apart, so that ``_seen`` remembers as many ids."""
        self._failed = SeenIds(20_000)
        """Ids of failed calls, for any reason."""
        self._outages = SeenIds(20_000)
        """Ids of calls whose failure counts as an outage."""
        self._key = secrets.token_bytes(32)
        self._key_is_new = settings.consumer_key is None
        self.consumers = Consumers(store, settings.top_consumers, settings.consumer_key or self._key)
        self._loops = Loops()
        self._prompts = Prompts(self._durable, settings.max_series)
        self.newest = 0.0
        """Time of the newest counted call."""
        self._extra = len(settings.extra_labels)
        self._now = 0.0
        """Unix time of counting."""
        self._unsettled: deque[Group] = deque()
        self._waiting = 0
        """Calls queued in these groups."""
        self.deferred: deque[Callable[[], Awaitable[None]]] = deque()
        """Deferred steps, in order, for calls that are only partly counted: no commit happens while there are any."""
        store.settle = self.settle
        for label in ("model", "histogram", "prompt", "scorer"):
            self.add(cat.LABELS_FOLDED, label, amount=0)  # an alert reads it: the first one must be a rise
        self._limits = TokenLimits(self.add, settings.user_tokens_per_hour, settings.session_tokens_per_hour)

    def is_new(self, event_id: str) -> bool:
        """Remember the event; False for a duplicate."""
        return self._seen.add(identity(event_id))

    def mark(self, event_id: str, note: str) -> bool:
        """Attach a note to an event; False if it already had it."""
        return self._marks.add(identity(f"{note}|{event_id}"))

    def is_marked(self, event_id: str, note: str) -> bool:
        """Return whether an event has a note."""
        return self._marks.holds(f"{note}|{event_id}")

    def time(self, call: Call, group: Group, *, begun: bool) -> None:
        """Add the duration of a call counted without one; ``begun``: its time to first token is already counted."""
        group.histograms.observe([call], begun=begun)
        self.groups.dirty.add(group.histograms)

    def count(self, call: Call, now: float) -> Group:
        """Count one call that ``is_new``; return what it is counted under. ``now`` is the Unix time of counting.

        Only what depends on the order of all calls, or on content, is done immediately; ``settle`` does the rest.
        """
        key: tuple[str, ...] = (call.provider, call.model, call.route)
        if self._extra:
            found = call.labels or {}
            key = (*key, *(found.get(name) or UNKNOWN for name in self.settings.extra_labels))
        group = self._aliases.get(key)
        if group is None:
            group = self._group(key, succeeded=call.failure is None)
        if call.failure is not None:
            self._count_failed(call.call_id, call.failure)
        elif self._failed.holds(call.call_id):
            group.recovered[0] += 1
            group.recovered_other[0] += not self._outages.holds(call.call_id)
        group.last_seen = self._now = now
        waiting = group.waiting
        if not waiting:
            self._unsettled.append(group)
        waiting.append(call)
        self._waiting += 1
        if self._waiting > WAITING_MAX:
            self.settle(WAITING_MAX)
        if call.output_tokens is None and call.usage_expected and (call.input_tokens is None or call.usage_cut):
            self._count_missing(group, call)
        return group

    def _count_failed(self, call_id: str, reason: str) -> None:
        failed = identity(call_id)
        self._failed.add(failed)
        if reason in OUTAGE_REASONS:
            self._outages.add(failed)

    def settle(self, left: int = 0) -> None:
        """Add queued calls to their rows until at most ``left`` are queued; cheap, since it works group by group."""
        while self._waiting > left:
            group = self._unsettled.popleft()
            calls, group.waiting = group.waiting, []
            self._waiting -= len(calls)
            self._settle(group, calls)

    def settling(self) -> Iterator[None]:
        """Settle everything in small steps; reading rows without it would settle all in one step."""
        while self._waiting:
            self.settle(max(0, self._waiting - SETTLED_AT_ONCE))
            yield

    def _settle(self, group: Group, calls: list[Call]) -> None:
        histograms = group.histograms
        self.groups.dirty |= {group, histograms}
        if not group.requests[0]:
            group.first[0] = round(self._now, 3)
            group.began = self._now
        group.requests[0] += len(calls)
        histograms.observe(calls)
        traced = next((c for c in reversed(calls) if c.trace_id and c.duration is not None and c.failure is None), None)
        if traced is not None and traced.trace_id and traced.duration is not None:
            histograms.duration.exemplar = (traced.trace_id, traced.duration, self._known(traced))
        for call in [c for c in calls if c.failure is not None]:
            group.fail(call.failure, self._known(call))
        self._count_tokens(group, [c for c in calls if c.input_tokens is not None or c.output_tokens is not None])
        fresh, late = self._split_by_age(calls)
        self._count_costs(group, fresh)
        if late:
            group.first[0] = 0
            group.late[0] += len(late)
            group.late_cost[0] += self._count_costs(group, late, late=True)
            for call in late:
                if call.failure is not None:
                    group.later(cat.LATE_FAILURES, group.reason(call.failure))[0] += 1
        group.filtered[0] += len([c for c in calls if c.finish_reason == "content_filter" and c.failure is None])
        group.serve(calls)
        for call in [c for c in calls if c.prompt is not None or c.session is not None or c.field_errors]:
            self._count_rare(group, call)

    def _split_by_age(self, calls: list[Call]) -> tuple[list[Call], list[Call]]:
        """Split calls into recent and late ones."""
        known = [c.start + (c.duration or 0.0) for c in calls if c.start is not None and c.start > OLDEST]
        if not known:
            return calls, []
        newest, bound = max(known), self._now - LATE
        if newest >= self._now + FUTURE:
            newest = max([when for when in known if when < self._now + FUTURE], default=0.0)
        self.newest = max(self.newest, newest)
        if min(known) >= bound:
            return calls, []
        if newest < bound and len(known) == len(calls):
            return [], calls
        return [c for c in calls if self._known(c) >= bound], [c for c in calls if self._known(c) < bound]

    def _known(self, call: Call) -> float:
        """Return when the call ended; the time of counting if its own is implausible."""
        start = call.start
        known = None if start is None or start <= OLDEST else start + (call.duration or 0.0)
        return self._now if known is None or known >= self._now + FUTURE else known

    def _count_tokens(self, group: Group, calls: list[Call]) -> None:
        if not calls:
            return
        sent = [c.input_tokens or 0 for c in calls]
        received = [c.output_tokens or 0 for c in calls]
        totals = list(map(operator.add, sent, received))
        usage = [sum(sent), sum(received), 0, 0, 0]
        for call in [c for c in calls if c.cache_read_tokens or c.cache_write_tokens or c.reasoning_tokens]:
            usage[2] += call.cache_read_tokens or 0
            usage[3] += call.cache_write_tokens or 0
            usage[4] += call.reasoning_tokens or 0
        for values, tokens in zip(group.kinds, usage, strict=True):
            values[0] += tokens
        self.consumers.add_all(calls, totals, usage)
        if 0 in totals:
            totals = [total for total in totals if total]
        if totals:
            group.histograms.tokens.observe_all(totals)
            group.outliers[0] += group.window.judge_all(totals, group.outlier_factor)
        if self._limits:
            self._limits.count(calls, self._known)

    def _count_costs(self, group: Group, calls: list[Call], *, late: bool = False) -> float:
        """Count the cost of calls; return it in US dollars, reported and estimated."""
        reported = [c.cost_usd for c in calls if c.cost_usd is not None]
        spent = sum(reported)
        group.reported[0] += spent
        if len(reported) < len(calls):
            for call in calls:
                if call.cost_usd is None and not call.cache_hit and call.failure is None:
                    spent += self._estimate(group, call, late=late)
        return spent

    def _estimate(self, group: Group, call: Call, *, late: bool) -> float:
        usage = usage_of(call)
        if not usage[0] + usage[1]:
            return 0.0
        try:
            rates = self.settings.prices.rates(call.provider, call.model, self._known(call))
        except PricesAwaitedError as awaited:
            self.deferred.append(partial(self._estimate_later, awaited.wait, group.labels, call, late=late))
            return 0.0
        if rates is None:
            group.unpriced[0] += usage[0] + usage[1]
            return 0.0
        cost = rates.cost(usage, call.hour_write_tokens or 0) * (BATCH_SHARE if call.batch_rates else 1.0)
        group.later(cat.COST, "estimated")[0] += cost
        return cost

    async def _estimate_later(
        self, wait: Callable[[], Awaitable[object]], labels: tuple[str, ...], call: Call, *, late: bool
    ) -> None:
        await wait()
        group = self.group_of(labels)
        cost = self._estimate(group, call, late=late)
        if late:
            group.late_cost[0] += cost
        self.groups.dirty.add(group)

    def _count_missing(self, group: Group, call: Call) -> None:
        names = (call.model, call.route, call.route.rpartition("/")[2])
        declared = any(fnmatchcase(name, p) for p in self.settings.no_usage_expected for name in names)
        if call.failure is not None or call.cache_hit or declared:
            return
        group.usage_missing[0] += 1
        estimate = self.settings.estimator.tokens(call) if self.settings.estimator is not None else None
        if estimate is not None:
            for kind, tokens in zip(("input", "output"), estimate, strict=True):
                if kind == "output" or call.input_tokens is None:
                    group.later(cat.ESTIMATED_TOKENS, kind)[0] += tokens

    def _count_rare(self, group: Group, call: Call) -> None:
        if call.prompt is not None:
            self._prompts.serve(group.labels[2], call.prompt)
        if call.session is not None and call.prompt_key is not None:
            looped = self._loops.repeated(call.session, call.prompt_key, self._known(call))
            group.later(cat.SESSION_LOOPS)[0] += looped
        for name in call.field_errors:
            self.add(cat.FIELD_ERRORS, clean(name))

    def configure(self, settings: Settings) -> None:
        """Apply new settings while running; label names, limits and keys stay those of the start."""
        self.settings = settings
        self.groups.configure(settings.routes)
        self._limits.configure(settings.user_tokens_per_hour, settings.session_tokens_per_hour)

    def add(self, family: cat.Family, *labels: str, amount: float = 1) -> None:
        """Add to a durable counter outside the groups."""
        self._durable.add(family, *labels, amount=amount)

    def group_of(self, labels: tuple[str, ...] | None) -> Group:
        """Return the group that calls of a label set are counted under today; None: of nothing known."""
        if labels is None or len(labels) != 3 + self._extra:
            return self._group((UNKNOWN,) * (3 + self._extra), succeeded=False)
        return self.groups.by_labels.get(labels) or self._group((OTHER,) * (3 + self._extra), succeeded=False)

    def group_for(self, route: str, model: str) -> Group:
        """Return a group of this route and model, whatever its provider; a new one of an unknown provider else."""
        for labels, group in self.groups.by_labels.items():
            if labels[2] == route and labels[1] == model:
                return group
        return self._group((UNKNOWN, model, route, *(UNKNOWN,) * self._extra), succeeded=False)

    def _group(self, key: tuple[str, ...], *, succeeded: bool) -> Group:
        if len(self._aliases) >= _ALIASES_MAX:
            self._aliases.clear()
        labels = tuple(map(self.label, key))
        if hashed := sum(map(is_private, key)):
            self.add(cat.LABELS_HASHED, amount=hashed)
        group = self.groups.admit(labels, succeeded=succeeded)
        if group.labels == labels:  # a folded one is asked again: it may be admitted once it succeeds
            self._aliases[key] = group
        return group

    def label(self, value: str) -> str:
        """Return a provider, model, route or extra label as it is exported: hashed where it is private."""
        return keyed_hash(value, self.settings.consumer_key or self._key) if is_private(value) else clean(value)

    def expire(self, now: float) -> None:
        """Fold groups that were silent for 30 days."""
        self.settle()
        self.groups.expire(now - EXPIRE_AFTER)

    def restore(self, load: dict[str, list[tuple[str, bytes]]]) -> None:
        """Take back the committed state, by part."""
        for _, value in load.get("key", []):
            self._key = value
            self._key_is_new = False
            self.consumers = Consumers(
                _without(self.store, cat.CONSUMER_TOKENS), self.settings.top_consumers,
                self.settings.consumer_key or value,
            )  # fmt: skip
        self.groups.restore(load.get("groups", []))
        self.consumers.restore(load.get("consumers", []))
        for part, memory in self._memories():
            memory.restore(load.get(part, []))
        self._prompts.restore(self.store)

    def _memories(self) -> list[tuple[str, SeenIds | Loops | HourlyLimit | Durable]]:
        """Return what is committed as it changes, by part of the state."""
        return [
            ("seen", self._seen), ("marks", self._marks), ("failed", self._failed), ("outages", self._outages),
            ("loops", self._loops), *self._limits.memories(), ("rows", self._durable),
        ]  # fmt: skip

    def changes(self) -> list[Item]:
        """Everything that changed since the last call: part, key, value."""
        return [item for step in self.steps() for item in step]

    def steps(self) -> Iterator[list[Item]]:
        """Return ``changes`` in steps of about a millisecond; no call may be counted before the last one."""
        for _ in self.settling():
            yield []
        self.expire(self.groups.last_counted())
        for part, steps in (("groups", self.groups.steps()), ("consumers", self.consumers.steps())):
            for step in steps:
                yield [(part, key, value) for key, value in step]
        for name, memory in self._memories():
            yield [(name, key, value) for key, value in memory.changes()]
        if self._key_is_new:
            self._key_is_new = False
            yield [("key", "consumers", self._key)]


def _without(store: Store, family: cat.Family) -> Store:
    for row in list(store.rows.get(family, {}).values()):
        store.remove(row)
    return store
