"""The guard: verdicts before delivery through three APIs, and counts of them.

Durability: call ids, counters and violations are committed with the next commit, within about a second; a crash can
lose that second and never counts twice. The latency histogram starts at 0 with the process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from tocsin import catalogue as cat
from tocsin.call import OTHER, UNKNOWN
from tocsin.detectors.base import ARGUMENTS, Subject
from tocsin.detectors.verdicts import VERDICTS, Verdict, redact, strictest
from tocsin.finding import QUALITY
from tocsin.guard import guardrail, moderation
from tocsin.guard.check import RequestError, answer, parse, repaired, subject
from tocsin.judge import Judge, Opinion, RouteRules
from tocsin.scoring.scoring import Scoring
from tocsin.tool_arguments import readable

ROUTES_MAX: Final = 200
"""Maximum number of routes with their own series; clients can invent them."""
TEXT_MAX: Final = 1 << 20
"""Characters of one request; more would delay all others, and is answered as overload."""
LARGE: Final = 4 << 10
"""Characters of a request above which a thread inspects it: on the event loop it would block all others, since a text
full of addresses takes 5 ms per thousand."""
HUGE: Final = 64 << 10
"""Characters above which another thread does, so that no large request waits for a huge one."""
LARGE_WAITING: Final = 256 << 10
"""Characters of large requests that may wait together, and likewise of huge ones: a further one is answered as
overload."""
VALUES_MAX: Final = 200_000
"""Commas in a body of over ``_MANY`` bytes: decoding that many values takes ten milliseconds."""
ESCAPES_MAX: Final = 400_000
"""Backslashes in such a body: decoding that many takes twenty milliseconds."""
_MANY: Final = 256 << 10
_TEXT_LEAST: Final = 256
"""Characters that a shorter text counts as, since it takes as long: a request may contain thousands of empty ones."""
_DURATIONS: Final = 32
"""Number of durations added to their rows together."""
REPAIRED_MAX: Final = 128 << 10
"""Bytes of a body that is repaired if it is not strict JSON: that takes 30 ms at worst."""
HOLDBACK: Final = 256
"""Characters of a stream that LiteLLM holds back until the next call, so that a value is complete before it is sent."""
_OF_VALUES: Final = "".join(chr(code) for code in range(0x21, 0x7F))
"""Characters of longer values, such as a token of three parts: such a value is held back from its beginning."""


T = TypeVar("T")


class OverloadError(Exception):
    """The request was not inspected; ``passed`` is the response that lets it pass, None if its route fails closed."""

    def __init__(self, passed: dict[str, Any] | None) -> None:
        super().__init__()
        self.passed = passed


class Case(NamedTuple):
    """A parsed request, ready to be inspected."""

    label: str
    """Label of its route."""
    size: int
    """Characters to inspect, including those that the text is compared with."""
    inspect: Callable[[], list[Opinion]]
    """Takes time, and counts nothing."""
    conclude: Callable[[list[Opinion]], dict[str, Any]]
    """Counts the findings, and returns the response."""


class _Worker:
    """A thread that inspects texts, one request at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "guard")
        self._waiting = 0

    def is_crowded(self, size: int) -> bool:
        """Return whether a request of this size would wait too long; with an empty queue, none does."""
        return bool(self._waiting) and self._waiting + size > LARGE_WAITING

    def take(self, size: int, inspect: Callable[[], T]) -> asyncio.Future[T]:
        """Queue an inspection of ``size`` characters."""
        self._waiting += size
        inspection = asyncio.get_running_loop().run_in_executor(self._thread, inspect)
        inspection.add_done_callback(lambda _: self._finished(size))
        return inspection

    def _finished(self, size: int) -> None:
        self._waiting -= size


class Guard:
    """Judges texts before their delivery. ``admit`` returns whether there is time for another request."""

    def __init__(
        self,
        scoring: Scoring,
        admit: Callable[[], bool] = lambda: True,
        *,
        standalone: bool = False,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._scoring = scoring
        self._admit = admit
        self._standalone = standalone
        """True without logs to join: coverage is then counted as texts arrive."""
        self._timer = timer
        self._large, self._huge = _Worker(), _Worker()
        self._routes: set[str] = set()
        self._counts: Counter[tuple[cat.Family, tuple[str, ...]]] = Counter()
        self._stopped: Counter[tuple[str, str, str, bool, bool]] = Counter()
        self._durations: list[tuple[str, float]] = []
        scoring.sources.append(self._publish)

    @property
    def _judge(self) -> Judge:
        """The current judge: a reload replaces it."""
        return self._scoring.judge

    # ---- the three APIs -------------------------------------------------------------------------------
    def check(self, data: bytes) -> Case:
        """``POST /v1/check``: one text and its context.

        Raises:
            RequestError: the body is not a valid request.
            OverloadError: there is no time to inspect it.
        """
        _bound_work(data)
        request = parse(data, REPAIRED_MAX)
        rules = self._judge.rules(request.route, request.model)
        label = self._route_label(request.route)

        def conclude(opinions: list[Opinion]) -> dict[str, Any]:
            call_id = request.call_id or (str(request.id) if request.id is not None else None)
            self._count(call_id, request.role, label, request.model, opinions)
            return answer(request, opinions[0])

        def passed() -> dict[str, Any]:
            return answer(request, Opinion.nothing()) | {"shed": True}

        return self._case(label, [subject(request, rules.expect)], rules, self._judge.judge_at_once, conclude, passed)

    def litellm(self, data: bytes) -> Case:
        """``POST /beta/litellm_basic_guardrail_api``: LiteLLM's generic guardrail.

        A stream calls repeatedly with the text so far; each finding counts once per call id.

        Raises:
            RequestError: the body is not a valid request.
            OverloadError: there is no time to inspect it.
        """
        request = _read(guardrail.decode, data)
        rules = self._judge.rules(request.route, request.model_name)
        label, subjects, handed_over = self._route_label(request.route), request.subjects(rules), request.handed_over()

        def conclude(opinions: list[Opinion]) -> dict[str, Any]:
            role = "assistant" if request.is_answer else "user"
            final = self._count(request.call_id, role, label, request.model_name, opinions)
            out: dict[str, Any] = {"action": "NONE"}
            unchangeable = strictest(opinion.verdict for opinion in opinions[len(subjects) :])
            if final == "redact" and request.takes_texts and unchangeable != "redact":
                texts = [_redacted(s.text, o) for s, o in zip(subjects, opinions, strict=False)]
                out = {"action": "GUARDRAIL_INTERVENED", "texts": texts}
            elif final in ("redact", "block"):
                out = {"action": "BLOCKED", "blocked_reason": reason(opinions)}
            if request.is_answer:
                out["stream_holdback_chars"] = [_holdback(each.text) for each in subjects]
            return out

        judge = self._judge.judge_for_delivery

        def read(subject: Subject, rules: RouteRules) -> Opinion:
            if subject.role == ARGUMENTS:
                subject = Subject(readable(subject.text), ARGUMENTS, subject.route)
            return judge(subject, rules)

        return self._case(label, [*subjects, *handed_over], rules, read, conclude, lambda: {"action": "NONE"})

    def moderations(self, data: bytes) -> Case:
        """``POST /v1/moderations``: OpenAI's API.

        Raises:
            RequestError: the body is not a valid request.
            OverloadError: there is no time to inspect it.
        """
        texts = moderation.inputs(_read(_decode, data).get("input"))
        if not texts:
            raise RequestError("input: a text, a list of texts, or a list of parts with a text")
        if len(texts) > moderation.INPUTS_MAX:
            raise RequestError(f"input: more than {moderation.INPUTS_MAX} texts; send them in several requests")
        out: dict[str, Any] = {"id": f"modr-{time.time_ns():x}", "model": "tocsin", "results": []}

        def conclude(opinions: list[Opinion]) -> dict[str, Any]:
            self._count(None, "assistant", UNKNOWN, UNKNOWN, opinions)
            return out | {"results": [moderation.result(opinion) for opinion in opinions]}

        def passed() -> dict[str, Any]:
            return out | {"results": [moderation.result(Opinion.nothing()) for _ in texts], "shed": True}

        subjects, judge = [Subject(text) for text in texts], self._judge.judge_for_delivery
        return self._case(UNKNOWN, subjects, self._judge.rules(UNKNOWN), judge, conclude, passed)

    # ---- one request ----------------------------------------------------------------------------------
    def _case(
        self,
        label: str,
        subjects: Sequence[Subject],
        rules: RouteRules,
        judge: Callable[[Subject, RouteRules], Opinion],
        conclude: Callable[[list[Opinion]], dict[str, Any]],
        passed: Callable[[], dict[str, Any]],
    ) -> Case:
        """Return the case of a request, if there is time for it."""
        size = _size(subjects)
        crowded = size > LARGE and self._worker(size).is_crowded(size)
        if size > TEXT_MAX or crowded or not self._admit():
            self._counts[cat.GUARD_SHED, (label,)] += 1
            raise OverloadError(None if rules.fail_closed else passed())
        return Case(label, size, lambda: [judge(each, rules) for each in subjects], conclude)

    def decide(self, case: Case) -> dict[str, Any]:
        """Inspect a case of at most ``LARGE`` characters; return the response."""
        began = self._timer()
        return self._decided(case, case.inspect(), began)

    def decide_in_turn(self, case: Case) -> Coroutine[Any, Any, dict[str, Any]]:
        """Queue a larger case for a thread; return an awaitable for the response."""
        began = self._timer()
        inspection = self._worker(case.size).take(case.size, case.inspect)

        async def decided() -> dict[str, Any]:
            return self._decided(case, await inspection, began)

        return decided()

    def _decided(self, case: Case, opinions: list[Opinion], began: float) -> dict[str, Any]:
        self._durations.append((case.label, self._timer() - began))
        if len(self._durations) >= _DURATIONS:  # uncommitted, and too many for one turn later
            durations, self._durations = self._durations, []
            self._scoring.add_guard_counts({}, {}, durations)
        for opinion in opinions:
            for name in opinion.report.failed:
                self._counts[cat.DETECTOR_ERRORS, (name,)] += 1
            for name in opinion.report.capped:
                self._counts[cat.DETECTOR_CAPPED, (name,)] += 1
        return case.conclude(opinions)

    def _worker(self, size: int) -> _Worker:
        return self._large if size <= HUGE else self._huge

    def _count(
        self, call_id: str | None, role: str, label: str, model: str, opinions: Sequence[Opinion]
    ) -> Verdict:
        """Count one request; return the strictest verdict. A stopped kind counts once per call id."""
        final = strictest(opinion.verdict for opinion in opinions)
        self._counts[cat.GUARD_REQUESTS, (label, final)] += 1
        if role != "assistant":
            return final
        coverage = self._scoring.coverage
        known = coverage.seen.get(call_id) if call_id is not None else None
        before = frozenset(known.split(",")) if known else frozenset()
        stopped = {
            (j.finding.kind, j.finding.echoed, j.finding.example)
            for opinion in opinions
            for j in opinion.judged
            if j.action == "violation" and j.finding.kind != QUALITY and (final == "block" or j.verdict == "redact")
        } if VERDICTS.index(final) >= VERDICTS.index("redact") else set()  # fmt: skip
        kinds = {kind for kind, _, _ in stopped} - before
        for kind, echoed, example in stopped:
            if kind in kinds:
                self._stopped[label, self._scoring.label(model), kind, echoed, example] += 1
        if call_id is not None and (known is None or kinds):
            coverage.seen.put(call_id, ",".join(sorted(kinds | before)))
            logged = label if self._standalone else coverage.unseen.get(call_id)
            if known is None and logged is not None:  # standalone, or logged before the check
                self._counts[cat.GUARD_SCANNED, (logged,)] += 1
        return final

    def _route_label(self, route: str) -> str:
        label = self._scoring.label(route)
        if label in self._routes:
            return label
        if len(self._routes) >= ROUTES_MAX:
            return OTHER
        self._routes.add(label)
        for word in VERDICTS:  # the first block of a route must be visible to increase()
            self._counts[cat.GUARD_REQUESTS, (label, word)] += 0
        self._counts[cat.GUARD_SHED, (label,)] += 0
        return label

    def _publish(self) -> None:
        """Add the counts to their rows; called right before a commit, so that no scrape sees what a crash takes."""
        self._scoring.add_guard_counts(self._counts, self._stopped, self._durations)
        self._counts, self._stopped, self._durations = Counter(), Counter(), []


def reason(opinions: Sequence[Opinion]) -> str:
    """Return the reason for blocking: kinds, never values, as the text goes to the caller and into its logs."""
    names = sorted({
        j.finding.kind if j.finding.kind == j.finding.type else f"{j.finding.kind} ({j.finding.type})"
        for opinion in opinions for j in opinion.judged if j.verdict in ("block", "redact")
    })  # fmt: skip
    return f"Blocked by Tocsin: {', '.join(names)}"


def _size(subjects: Sequence[Subject]) -> int:
    """Return the characters to inspect, including those that the texts are compared with."""
    return sum([
        max(_TEXT_LEAST, len(each.text)) + len(each.system_prompt or "") + sum(map(len, each.context))
        + max(len(each.question or ""), sum([len(message.text) for message in each.input]))  # one may contain the other
        for each in subjects
    ])  # fmt: skip


def _holdback(text: str) -> int:
    """Return the number of characters at the end of a text that may be part of a value."""
    return max(HOLDBACK, len(text) - len(text.rstrip(_OF_VALUES)))


def _redacted(text: str, opinion: Opinion) -> str:
    return redact(text, [j.finding for j in opinion.judged if j.verdict in ("redact", "block")])


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _read(decode: Callable[[bytes], T], data: bytes) -> T:
    """Decode strictly, else after repair.

    Raises:
        RequestError: not a JSON object.
    """
    _bound_work(data)
    try:
        return decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        again = repaired(data, REPAIRED_MAX)
    try:
        return decode(again)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RequestError("not a JSON object") from None


def _bound_work(data: bytes) -> None:
    """Refuse bodies that take too long to decode for a turn of the event loop; images have neither commas nor escapes.

    Raises:
        RequestError: there are too many of them.
    """
    if len(data) > _MANY and (data.count(b",") > VALUES_MAX or data.count(b"\\") > ESCAPES_MAX):
        raise RequestError(f"more than {VALUES_MAX} values or {ESCAPES_MAX} escapes")
