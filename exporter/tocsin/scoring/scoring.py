"""Scoring: judges the content of calls and counts the results.

Everything here changes rows and memories within the ledger's transaction, so that the position of an event and the
findings in it are committed together.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from tocsin import catalogue as cat
from tocsin.accounting.clock_skew import bound_times
from tocsin.accounting.compliance import Compliance
from tocsin.accounting.group import Group, Labels
from tocsin.accounting.ledger import OLDEST, Ledger
from tocsin.accounting.missing_content import MissingContent
from tocsin.accounting.pending_feedback import PendingFeedback
from tocsin.accounting.quality import Quality, observe_toxicity
from tocsin.accounting.recent_calls import RecentCalls
from tocsin.accounting.safety import Safety
from tocsin.call import Call, Content, Feedback
from tocsin.detectors.score import QualityScore
from tocsin.detectors.verdicts import Judged
from tocsin.finding import QUALITY, SAFETY_KINDS
from tocsin.formats.texts import question_of
from tocsin.judge import Judge, Opinion, RouteRules, merged
from tocsin.scoring.feedback import FeedbackJoin
from tocsin.scoring.guard_coverage import GuardCoverage
from tocsin.scoring.input_drift import InputDrift
from tocsin.scoring.inspection import LARGE, Inspection, characters, inspect, says_something
from tocsin.scoring.sampled_toxicity import SampledToxicity
from tocsin.scoring.unscored import CUT, LEFT_OUT, TOO_LATE, Sampling, is_empty, left_out, unscored_reason
from tocsin.state import Item

_BLOCKED: Final = ("blocked_guardrail", "blocked_provider")
_NOTHING: Final = Inspection()
_EVERYTHING: Final = Sampling()


class Scoring:
    """Judges calls and counts the findings, together with the feedback about them."""

    def __init__(self, ledger: Ledger, judge: Judge, sampling: Sampling = _EVERYTHING) -> None:
        self.judge = judge
        """The current judge: a reload replaces it."""
        self.sampling = sampling
        self.affordable = 1.0
        """Share 0..1 of the answers to be scored that are: less while the backlog nears its limit."""
        self.saved = True
        """False while commits fail: then nothing is counted because time passed, as a crash would take it back."""
        self.event_time = False
        """True while old events are counted for the first time: violations then have their own time."""
        self.detectors: asyncio.Event | None = None
        """Set once the detectors are created, which takes a second. With it, neither that nor a large text blocks the
        event loop: such a call, and everything after it, is finished by ``Ledger.deferred``. None: everything is judged
        immediately."""
        self._ledger = ledger
        self.label = ledger.label
        self.quality = Quality(ledger)
        self.safety = Safety(ledger, [kind for kind in SAFETY_KINDS if kind != "injection"])
        self.coverage = GuardCoverage(ledger)
        self._feedback = FeedbackJoin(ledger, self.quality, self.safety, self.coverage)
        self._drift = InputDrift(ledger.store, ledger.groups.routes.baseline)
        self.missing_content = MissingContent()
        """Calls that the ``RecordMerger`` has given up."""
        self._memories: dict[str, Compliance | RecentCalls | PendingFeedback | MissingContent] = {
            "windows": self.quality.windows, "calls": self._feedback.calls,
            "guarded": self.coverage.seen, "passed": self.coverage.unseen, "early": self._feedback.pending,
            "unsaid": self.missing_content,
        }  # fmt: skip
        """Memories by section of the state."""
        self.parts = (*self._memories, "drift")
        self.slow_toxicity: SampledToxicity | None = None
        """Offered answers in which the detectors find nothing toxic."""
        self._now = math.inf
        self.sources: list[Callable[[], None]] = []
        """Called before each commit by ``publish`` to add their pending counts to rows."""

    def inspect(self, call: Call) -> Inspection:
        """Inspect a call that may never be counted."""
        content = call.content
        if content is None:
            return _NOTHING
        scored = self._reason(call, content) not in LEFT_OUT
        return inspect(self.judge, call, content, self.judge.rules(call.route, call.model), scored=scored)

    def count(
        self, call: Call, group: Group, now: float, seen: Inspection | None = None, *, late: bool = False
    ) -> None:
        """Judge a call that the ledger has counted under ``group``; ``seen`` is its inspection, if it had one.

        ``late``: the call was already counted as unscored, before its content arrived; only safety is checked then.
        """
        content = call.content
        if self._must_wait(content):
            self._ledger.deferred.append(partial(self._count_later, call, content, group.labels, now, late))
            return
        rules = self.judge.rules(call.route, call.model)
        reason = TOO_LATE if late else self._reason(call, content)
        if seen is None and content is not None:
            seen = inspect(self.judge, call, content, rules, scored=reason not in LEFT_OUT)
        self._count(call, content, group, now, rules, reason, seen or _NOTHING)

    def remember(self, call: Call, group: Group, now: float) -> None:
        """Remember the label set of a call that is judged later; feedback about it need not wait as long."""
        self._feedback.release(self._feedback.meet(call, group), group, now)

    def labels_of(self, call: Call) -> Labels | None:
        """Return the label set under which a call was counted; None if it is forgotten."""
        return self._feedback.labels_of(call.call_id)

    def _reason(self, call: Call, content: Content | None) -> str | None:
        """Return why a call cannot be scored; None if it can."""
        return unscored_reason(call, content, self.sampling, self.affordable)

    def _must_wait(self, content: Content | None) -> bool:
        if self.detectors is None:
            return False
        if self._ledger.deferred:  # keep the order of calls, and of feedback about them
            return True
        if content is None:
            return False
        return characters(content) > LARGE if self.detectors.is_set() else says_something(content)

    async def _count_later(self, call: Call, content: Content | None, labels: Labels, now: float, late: bool) -> None:
        reason, seen = TOO_LATE if late else self._reason(call, content), _NOTHING
        speaks = content is not None and says_something(content)
        if speaks and self.detectors is not None:
            await self.detectors.wait()
        judge = self.judge
        rules = judge.rules(call.route, call.model)
        if content is not None and speaks:
            seeing = partial(inspect, judge, call, content, rules, scored=reason not in LEFT_OUT)
            seen = seeing() if characters(content) <= LARGE else await asyncio.to_thread(seeing)
        self._count(call, content, self._ledger.group_of(labels), now, rules, reason, seen)

    def _count(
        self,
        call: Call,
        content: Content | None,
        group: Group,
        now: float,
        rules: RouteRules,
        reason: str | None,
        seen: Inspection,
    ) -> None:
        """Count the inspection ``seen``; ``reason`` is why the call cannot be scored."""
        if content is not None:
            self._safe(call, content, group, rules, now, seen)
        if reason == TOO_LATE:
            return
        names = self._feedback.meet(call, group)
        if rules.guarded:
            self.coverage.count(call, group)
        unscored = "off"
        if content is not None:
            if seen.answer is not None:
                unscored = self._answer(call, content, group, seen.answer, scored=reason not in LEFT_OUT)
            elif is_empty(call, content):
                self._empty(call, group, rules)
            self._tool_calls(seen.fits, group)
            if reason not in LEFT_OUT and "drift" not in rules.off and (question := question_of(content.input)):
                self._drift.ask(group.labels[2], question, group.labels[3:])
        if call.failure is None and not (content and content.output):
            self._by_report(call, group)
        if call.scores:
            for scorer, value in call.scores.items():
                self.quality.score(group, scorer, value)
        elif unscored:
            self.quality.unscored(group, reason or unscored)
        self._feedback.release(names, group, now)

    def feedback(self, feedback: Feedback, now: float) -> None:
        """Count a later judgement under the label set of its call."""
        if self.detectors is not None and self._ledger.deferred:
            self._ledger.deferred.append(partial(self._feedback_later, feedback, now))
        else:
            self._feedback.take(feedback, now)

    async def _feedback_later(self, feedback: Feedback, now: float) -> None:
        self._feedback.take(feedback, now)

    def finish(self, now: float) -> None:
        """Count feedback whose call will not arrive any more: nothing is left to read."""
        self._feedback.finish(now)

    def publish(self, now: float) -> None:
        """Add counts to rows that are not added call by call; called before each commit."""
        if now < self._now:  # a start, or the clock was set back
            bound_times(self._ledger, now)
        self._now = now
        for source in self.sources:
            source()
        if self.saved:
            self._feedback.give_up(now)
            if self.slow_toxicity is not None:
                self.slow_toxicity.publish(now)
        self.quality.windows.publish()
        self._drift.publish()
        for category, live in (("quality", self.quality.live()), ("safety", self.safety.live())):
            row = self._ledger.store.row(cat.CATEGORY_INSTRUMENTED, category)
            if live or not self.sampling.content_off:
                row.set(int(live))
            else:  # an intentional gap is not a category that lacks a signal
                self._ledger.store.remove(row)

    def take_back(self) -> None:
        """Undo published counts of a failed commit that no input delivers again."""
        if self.slow_toxicity is not None:
            self.slow_toxicity.take_back()

    def add_guard_counts(
        self,
        counts: Mapping[tuple[cat.Family, tuple[str, ...]], int],
        stopped: Mapping[tuple[str, str, str, bool, bool], int],
        durations: Iterable[tuple[str, float]],
    ) -> None:
        """Add the guard's counts: counters; violations by route, model, kind, echoed, example; seconds."""
        for (family, labels), amount in counts.items():
            self._ledger.add(family, *labels, amount=amount)
        for (route, model, kind, echoed, example), amount in stopped.items():
            group = self._ledger.group_for(route, model)
            group.last_seen = self._now
            group.later(cat.VIOLATIONS, kind, "false", str(echoed).lower(), str(example).lower())[0] += amount
            self._ledger.add(cat.GUARD_FALSE_POSITIVES, group.labels[2], kind, amount=0)
            self._ledger.groups.dirty.add(group)
        for route, seconds in durations:
            self._ledger.store.row(cat.GUARD_DURATION, route).observe(seconds)

    def restore(self, load: dict[str, list[tuple[str, bytes]]]) -> None:
        """Restore the committed state, by section; after the ledger's."""
        for part, memory in self._memories.items():
            memory.restore(load.get(part, []))
        self._drift.restore(load.get("drift", []))
        self.quality.restored()

    def changes(self) -> list[Item]:
        """Return everything that changed since the last call: section, key, value."""
        return [item for step in self.steps() for item in step]

    def steps(self) -> Iterator[list[Item]]:
        """Return ``changes`` in steps of about a millisecond; no call may be counted before the last one."""
        for part, memory in self._memories.items():
            yield [(part, key, value) for key, value in memory.changes()]
        for changes in self._drift.steps():
            yield [("drift", key, value) for key, value in changes]

    # ---- one call -------------------------------------------------------------------------------------
    def _meet(self, group: Group, rules: RouteRules) -> None:
        self.quality.meet(group)
        self.safety.meet(group, rules.off)
        if rules.expect is not None and rules.expect.format:
            self.quality.expect_format(group)
        self._ledger.groups.learn(group)

    def _safe(
        self, call: Call, content: Content, group: Group, rules: RouteRules, now: float, seen: Inspection
    ) -> None:
        """Count the safety findings of a call: in its answer, in its input, and texts that could not be checked."""
        opinions = [each for each in (seen.answer, seen.arguments) if each is not None]
        if opinions and group.answers is None:
            self._meet(group, rules)
        for opinion in opinions:
            self._count_unseen(opinion)
        if judged := [item for opinion in opinions for item in opinion.judged]:
            self._count_safety(call, group, judged, now)
        if seen.answer is not None:
            toxicity = seen.answer.report.scores.get("toxicity")
            if toxicity is not None:
                observe_toxicity(group, toxicity)
            if self.slow_toxicity is not None and all(j.finding.kind != "toxicity" for j in seen.answer.judged):
                self.slow_toxicity.offer(content.output or "", group, rules, delivered=call.failure not in _BLOCKED)
        self._attempts(seen.attempts, group, rules)

    def _answer(self, call: Call, content: Content, group: Group, opinion: Opinion, *, scored: bool) -> str:
        """Count the quality of an answer; return why it got no composite score, empty if it got one."""
        report, judged, scores = opinion.report, opinion.judged, opinion.report.scores
        if call.failure is not None or content.state in CUT:
            return "off"
        if not scored:
            self.quality.checked_format(group, report.outcomes, report.marks)
            return "sampled_out"
        types: Collection[str] = ()
        if judged or call.refusal:
            types = {j.finding.type for j in judged if j.finding.kind == QUALITY}
            if call.refusal:  # marked as a refusal by its provider, whatever its words
                types.add("refusal")
        self.quality.answer(group, len(content.output or ""), types, report.outcomes, report.marks, scores.get("topic"))
        self.quality.confidence(group, scores.get("confidence") if call.confidence is None else call.confidence)
        composite = scores.get("quality")
        if composite is not None:
            self.quality.composite(group, composite)
            return ""
        failed = QualityScore.name in report.failed
        return "detector_error" if failed else "nothing_to_score" if "nothing_to_score" in report.marks else "off"

    def _count_unseen(self, opinion: Opinion) -> None:
        """Count texts that detectors did not check: those that failed by a defect of ours, or were over their cap."""
        for name in opinion.report.failed:
            self._ledger.add(cat.DETECTOR_ERRORS, name)
        for name in opinion.report.capped:
            self._ledger.add(cat.DETECTOR_CAPPED, name)

    def _count_safety(self, call: Call, group: Group, found: list[Judged], now: float) -> None:
        judged = [j for j in found if j.finding.kind != QUALITY]
        if not judged:
            return
        when = now
        if self.event_time and call.start is not None and call.start > OLDEST:
            when = min(now, call.known_at or now)
        stopped = self.coverage.stopped(call.call_id)
        self.safety.violations(
            group,
            [
                (j.finding.kind, j.finding.echoed, j.finding.example)
                for j in judged if j.action == "violation" and j.finding.kind not in stopped
            ],
            when, delivered=call.failure not in _BLOCKED,
        )  # fmt: skip
        self.safety.suspected(
            group,
            [
                j.finding.kind
                for j in judged if j.action == "suspected" and not j.finding.echoed and not j.finding.example
            ],
        )  # fmt: skip

    def _tool_calls(self, fits: Sequence[bool | None], group: Group) -> None:
        """Count whether the arguments of calls to strict tools conform to their schemas: one check per answer."""
        known = [each for each in fits if each is not None]
        if len(known) < len(fits):
            self.quality.format_unchecked(group)
        if known:
            self.quality.format(group, all(known), fenced=False)

    def _attempts(self, attempts: Sequence[tuple[str, Opinion]], group: Group, rules: RouteRules) -> None:
        """Count injection attempts by the role of their author."""
        for role, opinion in attempts:
            self._count_unseen(opinion)
            if opinion.judged:
                if group.answers is None:
                    self._meet(group, rules)
                self.safety.attempt(group, role)

    def _empty(self, call: Call, group: Group, rules: RouteRules) -> None:
        """Count an empty answer: its length, and a format failure if JSON was requested."""
        if left_out(call, self.sampling, self.affordable) is None:
            self.quality.empty(group)
        expect = merged(call.expect, rules.expect)
        if expect is not None and expect.format in ("json", "json_schema") and "format" not in rules.off:
            self.quality.format(group, passed=False, fenced=False)

    def _by_report(self, call: Call, group: Group) -> None:
        """Count what the call itself reports if it has no text to inspect."""
        if call.finish_reason == "length":
            self.quality.cut_off(group)
        if call.refusal:
            self.quality.refused(group)
        if call.confidence is not None:
            self.quality.confidence(group, call.confidence)
