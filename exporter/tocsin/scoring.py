"""From what a call says to what it counts: judges the content of calls, and takes feedback about them.

Everything here changes rows and memories of the ledger's transaction, so the same commit that holds the position of
an event holds what the event was found to be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from tocsin import catalogue as cat
from tocsin.accounting.groups import SEPARATOR, Group, Labels
from tocsin.accounting.ledger import OLDEST, Ledger
from tocsin.accounting.quality import Quality, observe_toxicity
from tocsin.accounting.remembered import Remembered
from tocsin.accounting.safety import Safety
from tocsin.accounting.seen import identity
from tocsin.call import OTHER, UNKNOWN, Call, Content, Feedback
from tocsin.detectors.base import SUSPICION, Subject
from tocsin.detectors.score import QualityScore
from tocsin.detectors.verdicts import Judged
from tocsin.drifting import InputDrift
from tocsin.finding import QUALITY, SAFETY_KINDS, Finding
from tocsin.formats.feedback import FLAGS
from tocsin.formats.texts import question_of
from tocsin.judge import Judge, Opinion, RouteRules, merged
from tocsin.labels import clean
from tocsin.state import Item

REPORTED: Final = "reported"
_BLOCKED: Final = ("blocked_guardrail", "blocked_provider")
_INPUT_MESSAGES: Final = 16
"""Newest messages of the input that are searched for injections."""
_LEFT_OUT: Final = ("sampled_out", "overload")
_STATES: Final = {"redacted": "redacted", "truncated": "truncated", "pointer": "pointer"}


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is not looked at, by choice."""

    share: float = 1.0
    """Share 0..1 of answers whose quality is scored; safety and format see all."""
    content_off: bool = False
    """Content is declared not to be logged."""


class SlowScorer(Protocol):
    """A model that is too slow for every answer: it takes a share of them, in a worker, and never makes anyone wait."""

    dropped: int
    """Answers that it took and had no time for."""

    def offer(self, text: str, done: Callable[[dict[str, float]], None]) -> bool:
        """Take a text or leave it; ``done`` gets its scores by class, in another thread."""


class Scoring:
    """Judges calls, joins feedback to them, and counts both."""

    parts = ("windows", "calls", "guarded", "drift")

    def __init__(self, ledger: Ledger, judge: Judge, sampling: Sampling = Sampling()) -> None:
        self.judge = judge
        self.sampling = sampling
        self.affordable = 1.0
        """Share 0..1 of the answers due a score that get one: less while what waits to be counted fills its place."""
        self.event_time = False
        """True while old events are counted for the first time: violations then have their own time."""
        self.deferring = False
        """True while detectors are still to be made: what must be judged, and all that comes after it, is ``held``."""
        self.held: deque[Callable[[], None]] = deque()
        """What ``count`` and ``feedback`` put off, to be called in turn; before it is, nothing may be committed."""
        self._ledger = ledger
        self.quality = Quality(ledger)
        self.safety = Safety(ledger, [kind for kind in SAFETY_KINDS if kind != "injection"])
        self.guarded = Remembered(20_000)
        """Call ids that the guard has seen, with the kinds it stopped."""
        self._calls = Remembered()
        self._routes: set[str] = set()
        """Routes of which calls were counted."""
        self._drift = InputDrift(ledger.store)
        self.slow: SlowScorer | None = None
        """A model of toxicity; its findings count with the commit after it has judged."""
        self._judged_late: deque[tuple[Labels, RouteRules, int, float, bool]] = deque(maxlen=1000)
        self._dropped = 0
        self._now = 0.0
        self.sources: list[Callable[[], None]] = []
        """Called before each commit by ``publish``: bring counts that came in between to their rows."""

    def count(self, call: Call, group: Group, now: float) -> None:
        """Judge a call that the ledger has counted under ``group``."""
        if self.deferring and (self.held or (call.content is not None and _says_something(call.content))):
            self.held.append(partial(self._count_held, call, call.content, group.labels, now))
            return
        self._calls.put(call.call_id, group.joined)
        if call.trace_id:
            self._calls.put(call.trace_id, group.joined)
        rules = self.judge.rules(call.route, call.model)
        if group.labels[2] not in self._routes:
            self._meet_route(group.labels[2])
        if rules.guarded:
            self._coverage(call, group)
        content, reason, unscored = call.content, self._unscored_reason(call), "off"
        if content is not None:
            unscored = self._content(call, content, group, rules, now, scored=reason not in _LEFT_OUT)
        if call.failure is None and not (content and content.output):
            self._by_report(call, group)
        if call.scores:
            for scorer, value in call.scores.items():
                self.quality.score(group, scorer, value)
        elif unscored:
            self.quality.unscored(group, reason or unscored)

    def _count_held(self, call: Call, content: Content | None, labels: Labels, now: float) -> None:
        call.content = content
        self.count(call, self._ledger.group_of(labels), now)
        call.content = None

    def feedback(self, feedback: Feedback, now: float) -> None:
        """Count a later judgement under the label set of its call."""
        if self.deferring and self.held:
            self.held.append(partial(self.feedback, feedback, now))
            return
        known = self._calls.get(feedback.call_id)
        group = self._ledger.group_of(tuple(known.split(SEPARATOR))) if known is not None else None
        if group is None:
            self._ledger.add(cat.FEEDBACK_UNMATCHED)
            group = self._ledger.group_of(None)
        for name in feedback.field_errors:
            self._ledger.add(cat.FIELD_ERRORS, clean(name))
        group.last_seen = now
        self._ledger.groups.dirty |= {group, group.histograms}
        for scorer, value in (feedback.scores or {}).items():
            self.quality.score(group, scorer, value)
        if feedback.flag is not None:
            self._ledger.add(cat.USER_FLAGS, group.labels[2], feedback.flag)
            if feedback.flag == "unsafe" and feedback.by == "reviewer":
                self.safety.violations(group, [(REPORTED, False, False)], now, delivered=True)
        wrong = feedback.wrong_verdicts
        if wrong == (OTHER,):  # it does not say which: all that the guard stopped in this call
            wrong = tuple(sorted(self._stopped(feedback.call_id))) or wrong
        for kind in wrong:
            self._ledger.add(cat.GUARD_FALSE_POSITIVES, group.labels[2], kind)

    def route_of(self, call_id: str) -> str | None:
        """Return the route under which the log has told of a call; None when it has not yet."""
        known = self._calls.get(call_id)
        return None if known is None else known.split(SEPARATOR)[2]

    def publish(self, now: float) -> None:
        """Bring what is not counted row by row to its rows; called before each commit."""
        self._now = now
        for source in self.sources:
            source()
        self._count_late()
        self.quality.windows.publish()
        self._drift.publish()
        for category, live in (("quality", self.quality.live()), ("safety", self.safety.live())):
            row = self._ledger.store.row(cat.CATEGORY_INSTRUMENTED, category)
            if live or not self.sampling.content_off:
                row.set(int(live))
            else:  # a gap by choice is not a category that lacks a signal
                self._ledger.store.remove(row)

    def add_guard_counts(
        self,
        counts: Mapping[tuple[cat.Family, tuple[str, ...]], int],
        stopped: Mapping[tuple[str, str, str, bool, bool], int],
        durations: Iterable[tuple[str, float]],
    ) -> None:
        """Take what the guard counted: counters; violations by route, model, kind, echoed, example; seconds."""
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
        """Take back the committed state, by part; after the ledger's."""
        self.quality.windows.restore(load.get("windows", []))
        self._calls.restore(load.get("calls", []))
        self.guarded.restore(load.get("guarded", []))
        self._drift.restore(load.get("drift", []))
        self.quality.restored()

    def changes(self) -> list[Item]:
        """Everything that changed since the last call: part, key, value."""
        return [item for step in self.steps() for item in step]

    def steps(self) -> Iterator[list[Item]]:
        """Return ``changes`` in steps of about a millisecond; no call may be counted before the last one."""
        for part, memory in (("windows", self.quality.windows), ("calls", self._calls), ("guarded", self.guarded)):
            yield [(part, key, value) for key, value in memory.changes()]
        for changes in self._drift.steps():
            yield [("drift", key, value) for key, value in changes]

    # ---- one call -------------------------------------------------------------------------------------
    def _content(
        self, call: Call, content: Content, group: Group, rules: RouteRules, now: float, *, scored: bool
    ) -> str:
        """Judge what was said; return why the answer got no composite score, empty when it got one."""
        unscored = "off"
        if content.output:
            if group.answers is None:
                self._meet(group, rules)
            unscored = self._answer(call, content, group, rules, now, scored=scored)
        silent = self.deferring  # else it would be held
        if not silent and "injection" not in rules.off and self.judge.finds_attempts(rules):
            self._attempts(content, group, rules)
        if scored and "drift" not in rules.off and content.input:
            question = question_of(content.input)
            if question:
                self._drift.ask(group.labels[2], question)
        if call.expect is not None and call.expect.tools and call.failure is None:
            self._tool_calls(content, call.expect.tools, group)
        return unscored

    def _meet_route(self, route: str) -> None:
        """Export what people may say of a route as 0, so that the first flag is a rise."""
        self._routes.add(route)
        for flag in FLAGS:
            self._ledger.add(cat.USER_FLAGS, route, flag, amount=0)

    def _meet(self, group: Group, rules: RouteRules) -> None:
        self.quality.meet(group)
        self.safety.meet(group, rules.off)
        if rules.expect is not None and rules.expect.format:
            self.quality.expect_format(group)
        self._ledger.groups.learn(group)

    def _unscored_reason(self, call: Call) -> str | None:
        """Say why a call cannot be scored; None when it can."""
        if self.sampling.content_off:
            return "off"
        if call.failure is not None:
            return "failed"
        content = call.content
        if content is None:
            return "no_content"
        if content.state in _STATES:
            return _STATES[content.state]
        if not content.output:
            return "tool_call" if content.tools else "no_content"
        share = self.sampling.share
        if share * self.affordable < 1.0:
            drawn = identity(call.call_id) % 10_000 / 10_000
            if drawn >= share * self.affordable:
                return "sampled_out" if drawn >= share else "overload"
        return None

    def _answer(
        self, call: Call, content: Content, group: Group, rules: RouteRules, now: float, *, scored: bool
    ) -> str:
        """Judge the answer of a call; return why it got no composite score, empty when it got one.

        One that is not to be ``scored`` is judged all the same by what must see everything: safety and format.
        """
        subject = _subject(call, content, rules)
        opinion = self.judge.judge(subject, rules) if scored else self.judge.judge_unsampled(subject, rules)
        report, judged = opinion.report, opinion.judged
        if report.failed or report.capped:
            self._count_unseen(opinion)
        scores = report.scores
        toxicity = scores.get("toxicity")
        if toxicity is not None:
            observe_toxicity(group, toxicity)
        if judged:
            self._count_safety(call, group, judged, now)
        if self.slow is not None and all(j.finding.kind != "toxicity" for j in judged):
            self._offer(self.slow, call, group, rules, subject.text)
        if call.failure is not None or content.state in _STATES:
            return "off"
        if not scored:
            self.quality.checked_format(group, report.outcomes, report.marks)
            return "sampled_out"
        types: Collection[str] = ()
        if judged or call.refusal:
            types = {j.finding.type for j in judged if j.finding.kind == QUALITY}
            if call.refusal:  # its provider marked it as one, whatever its words
                types.add("refusal")
        self.quality.answer(group, len(subject.text), types, report.outcomes, report.marks, scores.get("topic"))
        self.quality.confidence(group, scores.get("confidence") if call.confidence is None else call.confidence)
        composite = scores.get("quality")
        if composite is not None:
            self.quality.composite(group, composite)
            return ""
        failed = QualityScore.name in report.failed
        return "detector_error" if failed else "nothing_to_score" if "nothing_to_score" in report.marks else "off"

    def _count_unseen(self, opinion: Opinion) -> None:
        """Count what detectors did not see of a text: all, by a defect of ours, or what is over their cap."""
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
        stopped = self._stopped(call.call_id)
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

    def _tool_calls(self, content: Content, schemas: Mapping[str, Any], group: Group) -> None:
        """Hold the arguments of calls to strict tools against their schemas: one check an answer."""
        outcomes = [
            self.judge.fits(tool.arguments, schemas[tool.name])
            for tool in content.tools if tool.arguments is not None and tool.name in schemas
        ]  # fmt: skip
        known = [outcome for outcome in outcomes if outcome is not None]
        if len(known) < len(outcomes):
            self.quality.format_unchecked(group)
        if known:
            self.quality.format(group, all(known), fenced=False)

    def _offer(self, slow: SlowScorer, call: Call, group: Group, rules: RouteRules, text: str) -> None:
        """Let the slow model look at an answer that the light one finds nothing in, where it does not rest."""
        if "detoxify" in rules.off:
            return
        labels, size, delivered = group.labels, len(text), call.failure not in _BLOCKED

        def done(scores: dict[str, float]) -> None:
            self._judged_late.append((labels, rules, size, scores.get("toxicity", 0.0), delivered))

        slow.offer(text, done)

    def _count_late(self) -> None:
        """Count what the slow model has found since the last commit, and what it had no time for."""
        if self.slow is None:
            return
        self._ledger.add(cat.SCORING_DROPPED, "detoxify", amount=self.slow.dropped - self._dropped)
        self._dropped = self.slow.dropped
        while self._judged_late:
            labels, rules, size, score, delivered = self._judged_late.popleft()
            if score < SUSPICION:
                continue
            action = rules.policy.action(Finding("toxicity", "toxic", 0, size, score), "")
            group = self._ledger.group_of(labels)
            self._ledger.groups.dirty |= {group, group.histograms}
            if action == "violation":
                self.safety.violations(group, [("toxicity", False, False)], self._now, delivered=delivered)
            elif action == "suspected":
                self.safety.suspected(group, ["toxicity"])

    def _attempts(self, content: Content, group: Group, rules: RouteRules) -> None:
        """Search what is new in the input: what stands before the last answer was new in an earlier call."""
        fresh: list[tuple[str, str]] = [("document", text) for text in content.context[:_INPUT_MESSAGES]]
        for message in reversed(content.input[-_INPUT_MESSAGES:]):
            if message.role == "assistant":
                break
            if message.role in ("user", "tool", "document"):
                fresh.append((message.role, message.text))
        found: set[str] = set()
        for role, text in fresh:
            if role in found or not text:
                continue
            opinion = self.judge.attempt(Subject(text, role, group.labels[2]), rules)
            self._count_unseen(opinion)
            if opinion.judged:
                found.add(role)
        for role in found:
            if group.answers is None:
                self._meet(group, rules)
            self.safety.attempt(group, role)

    def _by_report(self, call: Call, group: Group) -> None:
        """Count what the call itself reports where there is no text to look at."""
        if call.finish_reason == "length":
            self.quality.cut_off(group)
        if call.refusal:
            self.quality.refused(group)
        if call.confidence is not None:
            self.quality.confidence(group, call.confidence)

    def _stopped(self, call_id: str) -> frozenset[str]:
        """Return the kinds that our guard stopped in a call: it has counted them as not delivered."""
        known = self.guarded.get(call_id)
        return frozenset(known.split(",")) if known else frozenset()

    def _coverage(self, call: Call, group: Group) -> None:
        if call.failure not in (None, "blocked_guardrail"):
            return
        self._ledger.add(cat.GUARD_ELIGIBLE, group.labels[2])
        seen = self.guarded.get(call.call_id) is not None
        self._ledger.add(cat.GUARD_SCANNED, group.labels[2], amount=int(seen))


def _subject(call: Call, content: Content, rules: RouteRules) -> Subject:
    said = content.input
    question = system = None
    if rules.max_tier > 0:  # no detector of tier 0 reads them, and a conversation may be long
        question = question_of(said)
        system = "\n".join([message.text for message in said if message.role == "system"]) or None
    return Subject(
        content.output or "",
        "assistant",
        call.route if call.route != UNKNOWN else "",
        question,
        said,
        content.context,
        system,
        rules.expect if call.expect is None else merged(call.expect, rules.expect),
        (),
        content.logprobs,
        call.finish_reason,
    )


def _says_something(content: Content) -> bool:
    """Tell whether a detector has anything to read."""
    return bool(content.output or content.input or content.context or content.tools)
