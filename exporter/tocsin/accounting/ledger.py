"""The book: every event becomes numbers here, and nowhere else.

``Ledger.count`` is the hot path. It adds to plain lists that the rows of the store share; what changed
is packed by ``changes()`` for the transaction that also holds the inputs' positions.
"""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from tocsin import catalogue as cat
from tocsin.accounting.consumers import Consumers
from tocsin.accounting.estimates import Estimator
from tocsin.accounting.groups import Group, Groups, Histograms
from tocsin.accounting.prices import Prices
from tocsin.accounting.seen import Seen, identity
from tocsin.accounting.sessions import HourlyLimit, Loops
from tocsin.call import OTHER, UNKNOWN, Call, Prompt, TokenUsage
from tocsin.config import Route
from tocsin.labels import clean, is_email, keyed_hash
from tocsin.series.store import Row, Store

LATE = 600.0
"""Seconds after which an event counts as late: a backlog must not look like an incident now."""
FUTURE = 86_400.0
OLDEST = 1_262_304_000.0
"""2010-01-01: an older time is a unit error, not a time."""
EXPIRE_AFTER = 30 * 86_400.0
_ALIASES_MAX = 50_000
PROMPTS_MAX = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration decides about counting."""

    extra_labels: tuple[str, ...] = ()
    max_series: int = 20_000
    top_consumers: int = 20
    consumer_key: bytes | None = None
    routes: tuple[Route, ...] = ()
    """What is said of routes; the first match wins."""
    user_tokens_per_hour: int | None = None
    session_tokens_per_hour: int | None = None
    no_usage_expected: tuple[str, ...] = ()
    """Patterns of models or routes that are declared to report no usage (``declared.usage``)."""
    prices: Prices = field(default_factory=lambda: Prices([]))
    estimator: Estimator | None = None
    """Estimates tokens where usage is missing; None: they are not estimated."""
    estimates: str = "off"
    """What there is to estimate with, in words, for the status page."""


class Ledger:
    """All metric state of the calls, from ``Call`` to rows."""

    parts = ("groups", "rows", "seen", "failed", "consumers", "key", "loops", "user_tokens", "session_tokens")

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        reserve = 200 + 5 * (settings.top_consumers + 3)
        self.groups = Groups(store, settings.max_series, reserve, lambda label: self.add(cat.LABELS_FOLDED, label))
        self.groups.configure(settings.routes)
        self._aliases = self.groups.aliases
        self._seen = Seen()
        self._failed = Seen(20_000)
        self._key = secrets.token_bytes(32)
        self._key_is_new = settings.consumer_key is None
        self.consumers = Consumers(store, settings.top_consumers, settings.consumer_key or self._key)
        self._loops = Loops()
        self._user_limit = _limit(settings.user_tokens_per_hour, None)
        self._session_limit = _limit(settings.session_tokens_per_hour, None)
        self._prompts: dict[tuple[str, str], Row] = {}
        self._prompts_max = min(PROMPTS_MAX, settings.max_series // 20)
        self._rows: dict[Row, None] = {}
        self.newest = 0.0
        """Newest time at which a counted call was known."""
        self._extra = len(settings.extra_labels)

    # ---- the hot path ---------------------------------------------------------------------------------
    def is_new(self, event_id: str) -> bool:
        """Remember the event; False for a duplicate."""
        return self._seen.add(identity(event_id))

    def count(self, call: Call, now: float) -> Group:
        """Count one call that ``is_new``; return what it is counted under. ``now`` is the Unix time of counting."""
        key: tuple[str, ...] = (call.provider, call.model, call.route)
        if self._extra:
            found = call.labels or {}
            key = (*key, *(found.get(name) or UNKNOWN for name in self.settings.extra_labels))
        group = self._aliases.get(key)
        if group is None:
            group = self._group(key, succeeded=call.failure is None)
        dirty = self.groups.dirty
        dirty.add(group)
        histograms = group.histograms
        dirty.add(histograms)
        group.requests[0] += 1

        start, duration, late, when = call.start, call.duration, False, now
        if start is not None and start > OLDEST:
            known = start + (duration or 0.0)
            if known < now + FUTURE:
                when = known
                late = now - known > LATE
                self.newest = max(self.newest, known)
        if late:
            group.late[0] += 1
        group.last_seen = now

        if call.failure is None:
            if duration is not None:
                values = histograms.duration.values
                values[0] += duration
                values[1 + bisect_left(cat.DURATION_BUCKETS, duration)] += 1
                if call.trace_id:
                    histograms.duration.exemplar = (call.trace_id, duration, when)
            if self._failed and identity(call.call_id) in self._failed:
                group.recovered[0] += 1
        else:
            self._count_failure(group, call, late=late)
        if call.input_tokens is not None or call.output_tokens is not None:
            self._count_tokens(group, call, when, late=late)
        elif call.failure is None and call.usage_expected and not call.cache_hit:
            self._count_missing(group, call)
        if call.ttft is not None:
            self._count_stream(histograms, call.ttft, duration, call.output_tokens)
        if call.served_model or call.fingerprint:
            pair = (call.served_model or UNKNOWN, call.fingerprint or "")
            if not group.served or group.served[-1] != pair:
                group.serve(*pair)
        if call.prompt is not None:
            self._count_prompt(group.labels[2], call.prompt)
        if call.session is not None and call.prompt_key is not None:
            group.later(cat.SESSION_LOOPS)[0] += self._loops.repeated(call.session, call.prompt_key, when)
        for name in call.field_errors:
            self.add(cat.FIELD_ERRORS, clean(name))
        return group

    @staticmethod
    def _count_stream(histograms: Histograms, ttft: float, duration: float | None, output: int | None) -> None:
        values = histograms.ttft.values
        values[0] += ttft
        values[1 + bisect_left(cat.TTFT_BUCKETS, ttft)] += 1
        spent = (duration or 0.0) - ttft
        if output and spent > 0.01:
            speed = output / spent
            values = histograms.speed.values
            values[0] += speed
            values[1 + bisect_left(cat.SPEED_BUCKETS, speed)] += 1

    def _count_failure(self, group: Group, call: Call, *, late: bool) -> None:
        reason = call.failure if call.failure in group.failures else "other"
        group.failures[reason][0] += 1
        if late:
            group.later(cat.LATE_FAILURES, reason)[0] += 1
        if call.duration is not None:
            group.histograms.failure_duration.observe(call.duration)
        self._failed.add(identity(call.call_id))

    def _count_tokens(self, group: Group, call: Call, when: float, *, late: bool) -> None:
        sent, received = call.input_tokens or 0, call.output_tokens or 0
        read, written = call.cache_read_tokens or 0, call.cache_write_tokens or 0
        reasoning = call.reasoning_tokens or 0
        usage = (sent, received, read, written, reasoning)
        kinds = group.kinds
        kinds[0][0] += sent
        kinds[1][0] += received
        if read or written or reasoning:
            kinds[2][0] += read
            kinds[3][0] += written
            kinds[4][0] += reasoning
        self.consumers.add(call.consumer, usage)
        total = sent + received
        if total:
            values = group.histograms.tokens.values
            values[0] += total
            values[1 + bisect_left(cat.TOKEN_BUCKETS, total)] += 1
            if group.window.judge(total, group.outlier_factor):
                group.outliers[0] += 1
        self._count_cost(group, call, usage, when, late=late)
        if self._user_limit and call.consumer and self._user_limit.breached(call.consumer, total, when):
            self.add(cat.LIMIT_BREACHES, "user")
        if self._session_limit and call.session and self._session_limit.breached(call.session, total, when):
            self.add(cat.LIMIT_BREACHES, "session")

    def _count_cost(
        self, group: Group, call: Call, usage: TokenUsage, when: float, *, late: bool
    ) -> None:
        cost = call.cost_usd
        if cost is not None:
            group.reported[0] += cost
        elif call.cache_hit or call.failure is not None:
            return
        else:
            rates = self.settings.prices.rates(call.provider, call.model, when)
            if rates is None:
                group.unpriced[0] += usage[0] + usage[1]
                return
            cost = rates.cost(usage)
            group.later(cat.COST, "estimated")[0] += cost
        if late:
            group.late_cost[0] += cost

    def _count_missing(self, group: Group, call: Call) -> None:
        declared = self.settings.no_usage_expected
        if any(fnmatchcase(call.model, p) or fnmatchcase(call.route, p) for p in declared):
            return
        group.usage_missing[0] += 1
        estimate = self.settings.estimator.tokens(call) if self.settings.estimator is not None else None
        if estimate is not None:
            for kind, tokens in zip(("input", "output"), estimate, strict=True):
                group.later(cat.ESTIMATED_TOKENS, kind)[0] += tokens

    def _count_prompt(self, route: str, prompt: Prompt) -> None:
        name = clean(prompt.name)
        labels = (route, name, clean(prompt.version or UNKNOWN), clean(prompt.checksum or UNKNOWN))
        known = self._prompts.get((route, name))
        if known is not None:
            if known.labels == labels:
                return
            self.store.remove(known)
            self._rows[known] = None
            self.add(cat.PROMPT_CHANGES, route, name)
        elif len(self._prompts) >= self._prompts_max:
            self.add(cat.LABELS_FOLDED, "prompt")
            return
        else:
            self.add(cat.PROMPT_CHANGES, route, name, amount=0)
        row = self._prompts[(route, name)] = self.store.row(cat.PROMPT_INFO, *labels)
        row.set(1)
        self._rows[row] = None

    def configure(self, settings: Settings) -> None:
        """Take new settings while running; label names, bounds and keys are those of the start."""
        self.settings = settings
        self.groups.configure(settings.routes)
        self._user_limit = _limit(settings.user_tokens_per_hour, self._user_limit)
        self._session_limit = _limit(settings.session_tokens_per_hour, self._session_limit)

    # ---- everything else ------------------------------------------------------------------------------
    def add(self, family: cat.Family, *labels: str, amount: float = 1) -> None:
        """Add to a durable counter outside the groups."""
        row = self.store.row(family, *labels)
        row.add(amount)
        self._rows[row] = None

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
        labels = tuple(self._label(value) for value in key)
        folds = self.groups
        group = folds.admit(labels, succeeded=succeeded)
        if group.labels == labels:  # a folded one is asked again: it may be admitted once it succeeds
            self._aliases[key] = group
        return group

    def _label(self, value: str) -> str:
        if is_email(value):
            self.add(cat.LABELS_HASHED)
            return keyed_hash(value, self.settings.consumer_key or self._key)
        return clean(value)

    def expire(self, now: float) -> None:
        """Fold groups that were silent for 30 days."""
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
        self._seen.restore(load.get("seen", []))
        self._failed.restore(load.get("failed", []))
        self.consumers.restore(load.get("consumers", []))
        for part, memory in self._memories():
            memory.restore(load.get(part, []))
        for key, value in load.get("rows", []):
            name, *labels = key.split("\x1f")
            family = cat.FAMILIES.get(name)
            if family is not None and len(labels) == len(family.labels):
                row = self.store.row(family, *labels)
                row.set(msgspec.msgpack.decode(value))
                if family is cat.PROMPT_INFO:
                    self._prompts[labels[0], labels[1]] = row

    def _memories(self) -> list[tuple[str, Loops | HourlyLimit]]:
        limits = ("user_tokens", self._user_limit), ("session_tokens", self._session_limit)
        return [("loops", self._loops), *((part, limit) for part, limit in limits if limit is not None)]

    def changes(self) -> Iterable[tuple[str, str, bytes | None]]:
        """Everything that changed since the last call: part, key, value."""
        self.expire(self.groups.last_counted())
        out: list[tuple[str, str, bytes | None]] = []
        out += [("groups", key, value) for key, value in self.groups.changes()]
        out += [("seen", key, value) for key, value in self._seen.changes()]
        out += [("failed", key, value) for key, value in self._failed.changes()]
        out += [("consumers", key, value) for key, value in self.consumers.changes()]
        for part, memory in self._memories():
            out += [(part, key, value) for key, value in memory.changes()]
        for row in self._rows:
            living = self.store.rows[row.family].get(row.labels) is row
            value = msgspec.msgpack.encode(row.values[0]) if living else None
            out.append(("rows", "\x1f".join((row.family.name, *row.labels)), value))
        self._rows = {}
        if self._key_is_new:
            out.append(("key", "consumers", self._key))
            self._key_is_new = False
        return out


def _limit(tokens: int | None, known: HourlyLimit | None) -> HourlyLimit | None:
    if not tokens:
        return None
    limit = known or HourlyLimit(tokens)
    limit.tokens_per_hour = tokens
    return limit


def _without(store: Store, family: cat.Family) -> Store:
    for row in list(store.rows.get(family, {}).values()):
        store.remove(row)
    return store
