"""The guard: a verdict before delivery, in three contracts, and the counts of what it did.

Durability: call ids, counters and violations are committed with the next commit, within about a second; a crash can
lose that second and never counts twice. The latency histogram starts at 0 with the process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec

from tocsin import catalogue as cat
from tocsin.call import OTHER, UNKNOWN
from tocsin.check import RequestError, answer, parse, repaired, subject
from tocsin.detectors.base import Subject
from tocsin.detectors.verdicts import VERDICTS, Verdict, redact, verdict
from tocsin.finding import QUALITY
from tocsin.formats.texts import messages
from tocsin.judge import Judge, Opinion, RouteRules
from tocsin.labels import clean, is_email
from tocsin.scoring import Scoring

ROUTES_MAX: Final = 200
"""Routes with series of their own; a client can invent them."""
TEXT_MAX: Final = 1 << 20
"""Characters of one request; more would hold up everyone else, and is answered as overload."""
LARGE: Final = 4 << 10
"""Characters of one request beyond which it is looked at in a thread: on the event loop it would hold up all others,
since what is full of addresses takes 5 ms for each thousand. A body of no more bytes holds no more."""
HUGE: Final = 64 << 10
"""The same for another thread, so that no large request waits for a huge one."""
LARGE_WAITING: Final = 256 << 10
"""Characters of large requests that wait together, and the same of huge ones: a further one is answered as overload."""
VALUES_MAX: Final = 200_000
"""Commas in a body of over ``_MANY`` bytes: to make as many values of it takes ten milliseconds."""
ESCAPES_MAX: Final = 400_000
"""Backslashes in such a body: to read as many takes twenty milliseconds."""
_MANY: Final = 256 << 10
_DURATIONS: Final = 32
"""Looks whose seconds are brought to their rows together."""
REPAIRED_MAX: Final = 128 << 10
"""Bytes of a body that is repaired where it is no strict JSON: that takes 30 ms at worst."""
HOLDBACK: Final = 256
"""Characters of a stream that LiteLLM keeps back until the next look: a value is seen whole before it is sent."""


T = TypeVar("T")


class OverloadError(Exception):
    """The request was not looked at, and its route fails closed."""


class _Desk:
    """A thread that looks at texts, one request after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "look")
        self._waiting = 0

    def is_crowded(self, size: int) -> bool:
        """Tell whether a request of so many characters would wait too long; an only one never does."""
        return bool(self._waiting) and self._waiting + size > LARGE_WAITING

    async def run(self, size: int, look: Callable[[], T]) -> T:
        """Look, when it is this one's turn."""
        self._waiting += size
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, look)
        finally:
            self._waiting -= size


class Guard:
    """Judges texts before their delivery. ``admit`` says whether there is time for one more look."""

    def __init__(
        self,
        scoring: Scoring,
        admit: Callable[[], bool] = lambda: True,
        *,
        standalone: bool = False,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._scoring = scoring
        self._judge: Judge = scoring.judge
        self._admit = admit
        self._standalone = standalone
        """True without a log beside it: coverage is then counted as the texts come."""
        self._timer = timer
        self._large, self._huge = _Desk(), _Desk()
        self._routes: set[str] = set()
        self._counts: Counter[tuple[cat.Family, tuple[str, ...]]] = Counter()
        self._stopped: Counter[tuple[str, str, str, bool, bool]] = Counter()
        self._durations: list[tuple[str, float]] = []
        scoring.sources.append(self._publish)

    # ---- the three contracts --------------------------------------------------------------------------
    async def check(self, data: bytes) -> dict[str, Any]:
        """``POST /v1/check`` (contracts, section 3).

        Raises:
            RequestError: the body is no request.
            OverloadError: it was not looked at, and must not pass.
        """
        _bound_work(data)
        request = parse(data, REPAIRED_MAX)
        rules = self._judge.rules(request.route, request.model)
        label = self._route_label(request.route)
        asked = subject(request, rules.expect)
        if self._sheds([asked], label, rules):
            return answer(request, Opinion.nothing()) | {"shed": True}
        opinion = (await self._look(label, [asked], rules, self._judge.judge_at_once))[0]
        call_id = request.call_id or (str(request.id) if request.id is not None else None)
        self._count(call_id, request.role, label, request.model, [opinion])
        return answer(request, opinion)

    async def litellm(self, data: bytes) -> dict[str, Any]:
        """``POST /beta/litellm_basic_guardrail_api``: LiteLLM's generic guardrail, 1.106.2.

        Streams call again and again with the text so far; each call is a look, and counts its findings once.

        Raises:
            RequestError: the body is no request.
            OverloadError: it was not looked at, and must not pass.
        """
        request = _read(_decode_litellm, data)
        rules = self._judge.rules(request.route, request.model_name)
        label = self._route_label(request.route)
        subjects = request.subjects(rules)
        if self._sheds(subjects, label, rules):
            return {"action": "NONE"}
        opinions = await self._look(label, subjects, rules, self._judge.judge_for_delivery)
        role = "assistant" if request.is_answer else "user"
        final = self._count(request.call_id, role, label, request.model_name, opinions)
        out: dict[str, Any] = {"action": "NONE"}
        if final == "block":
            out = {"action": "BLOCKED", "blocked_reason": reason(opinions)}
        elif final == "redact":
            texts = [_redacted(s.text, o) for s, o in zip(subjects, opinions, strict=True)]
            out = {"action": "GUARDRAIL_INTERVENED", "texts": texts}
        if request.is_answer:
            out["stream_holdback_chars"] = [HOLDBACK] * len(subjects)
        return out

    async def moderations(self, data: bytes) -> dict[str, Any]:
        """``POST /v1/moderations``: OpenAI's shape, our kinds beside the categories that they are nearest to.

        Raises:
            RequestError: the body is no request.
            OverloadError: it was not looked at, and must not pass.
        """
        texts = _inputs(_read(_decode, data).get("input"))
        if not texts:
            raise RequestError("input: a text, or a list of texts or text parts")
        rules = self._judge.rules(UNKNOWN)
        out: dict[str, Any] = {"id": f"modr-{time.time_ns():x}", "model": "tocsin", "results": []}
        subjects = [Subject(text) for text in texts]
        if self._sheds(subjects, UNKNOWN, rules):
            return out | {"results": [_moderation(Opinion.nothing()) for _ in texts], "shed": True}
        opinions = await self._look(UNKNOWN, subjects, rules, self._judge.judge_for_delivery)
        self._count(None, "assistant", UNKNOWN, UNKNOWN, opinions)
        return out | {"results": [_moderation(opinion) for opinion in opinions]}

    # ---- one look -------------------------------------------------------------------------------------
    def _sheds(self, subjects: Sequence[Subject], label: str, rules: RouteRules) -> bool:
        size = _size(subjects)
        crowded = size > LARGE and self._desk(size).is_crowded(size)
        if size <= TEXT_MAX and not crowded and self._admit():
            return False
        self._counts[cat.GUARD_SHED, (label,)] += 1
        if rules.fail_closed:
            raise OverloadError
        return True

    async def _look(
        self,
        label: str,
        subjects: Sequence[Subject],
        rules: RouteRules,
        judge: Callable[[Subject, RouteRules], Opinion],
    ) -> list[Opinion]:
        def look() -> list[Opinion]:
            return [judge(each, rules) for each in subjects]

        began, size = self._timer(), _size(subjects)
        opinions = look() if size <= LARGE else await self._desk(size).run(size, look)
        self._durations.append((label, self._timer() - began))
        if len(self._durations) >= _DURATIONS:  # no part of what is committed, and too much work for one turn
            durations, self._durations = self._durations, []
            self._scoring.add_guard_counts({}, {}, durations)
        for opinion in opinions:
            for name in opinion.report.failed:
                self._counts[cat.DETECTOR_ERRORS, (name,)] += 1
            for name in opinion.report.capped:
                self._counts[cat.DETECTOR_CAPPED, (name,)] += 1
        return opinions

    def _desk(self, size: int) -> _Desk:
        return self._large if size <= HUGE else self._huge

    def _count(
        self, call_id: str | None, role: str, label: str, model: str, opinions: Sequence[Opinion]
    ) -> Verdict:
        """Count one look; return the strictest verdict. What was stopped counts once a call id and kind."""
        final = verdict(item for opinion in opinions for item in opinion.judged)
        self._counts[cat.GUARD_REQUESTS, (label, final)] += 1
        if role != "assistant":
            return final
        memory = self._scoring.guarded
        known = memory.get(call_id) if call_id is not None else None
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
                self._stopped[label, clean(model), kind, echoed, example] += 1
        if call_id is not None and (known is None or kinds):
            memory.put(call_id, ",".join(sorted(kinds | before)))
            logged = label if self._standalone else self._scoring.route_of(call_id)
            if known is None and logged is not None:  # alone, or the log was faster than the look
                self._counts[cat.GUARD_SCANNED, (logged,)] += 1
        return final

    def _route_label(self, route: str) -> str:
        label = clean(route)
        if label in self._routes:
            return label
        if len(self._routes) >= ROUTES_MAX or is_email(route):
            return OTHER
        self._routes.add(label)
        for word in VERDICTS:  # the first block of a route must be visible to increase()
            self._counts[cat.GUARD_REQUESTS, (label, word)] += 0
        self._counts[cat.GUARD_SHED, (label,)] += 0
        return label

    def _publish(self) -> None:
        """Bring the counts to their rows; called right before a commit, so that no scrape sees what a crash takes."""
        self._scoring.add_guard_counts(self._counts, self._stopped, self._durations)
        self._counts, self._stopped, self._durations = Counter(), Counter(), []


def reason(opinions: Sequence[Opinion]) -> str:
    """Say which kinds were found, never what: the text goes to the caller, and into its logs."""
    names = sorted({
        j.finding.kind if j.finding.kind == j.finding.type else f"{j.finding.kind} ({j.finding.type})"
        for opinion in opinions for j in opinion.judged if j.verdict in ("block", "redact")
    })  # fmt: skip
    return f"Blocked by Tocsin: {', '.join(names)}"


def _size(subjects: Sequence[Subject]) -> int:
    """The characters that are looked at, with those that they are held against."""
    return sum([
        len(each.text) + len(each.system_prompt or "") + sum(map(len, each.context))
        + max(len(each.question or ""), sum([len(message.text) for message in each.input]))  # one may hold the other
        for each in subjects
    ])  # fmt: skip


def _redacted(text: str, opinion: Opinion) -> str:
    return redact(text, [j.finding for j in opinion.judged if j.verdict in ("redact", "block")])


class _LiteLLMRequest(msgspec.Struct):
    """The part of LiteLLM's request that is read; a field of an odd type is as good as absent."""

    input_type: Any = None
    litellm_call_id: Any = None
    texts: Any = None
    structured_messages: Any = None
    request_data: Any = None
    additional_provider_specific_params: Any = None
    model: Any = None

    @property
    def is_answer(self) -> bool:
        return bool(self.input_type != "request")

    @property
    def all_texts(self) -> list[str]:
        if isinstance(self.texts, str):
            return [self.texts]
        return [text if isinstance(text, str) else "" for text in self.texts] if isinstance(self.texts, list) else []

    @property
    def call_id(self) -> str | None:
        return self.litellm_call_id if isinstance(self.litellm_call_id, str) else None

    @property
    def model_name(self) -> str:
        return self.model if isinstance(self.model, str) and self.model else UNKNOWN

    @property
    def route(self) -> str:
        """The parameter ``route`` of the guardrail's configuration, else the team's alias, as in LiteLLM's log."""
        for source, name in (
            (self.additional_provider_specific_params, "route"), (self.request_data, "user_api_key_team_alias"),
        ):  # fmt: skip
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, str) and value:
                return value
        return UNKNOWN

    def subjects(self, rules: RouteRules) -> list[Subject]:
        if self.is_answer:
            return [Subject(text, route=self.route, expect=rules.expect) for text in self.all_texts]
        roles = {message.text: message.role for message in messages(self.structured_messages)}
        return [
            Subject(text, role if (role := roles.get(text, "user")) in ("tool", "document") else "user", self.route)
            for text in self.all_texts
        ]


_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_litellm = msgspec.json.Decoder(_LiteLLMRequest).decode
_CATEGORIES: Final[dict[str, str | None]] = {
    **dict.fromkeys((
        "harassment/threatening", "hate", "hate/threatening", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
    )),
    "harassment": "toxicity", "illicit": "harmful",
    "pii": "pii", "secret": "secret", "policy": "policy", "prompt_leak": "prompt_leak", "injection": "injection",
}  # fmt: skip
"""Categories of the answer and the kind behind each; None: we do not tell it apart, and never flag it.

The names with a slash are OpenAI's: https://platform.openai.com/docs/api-reference/moderations
"""


def _read(decode: Callable[[bytes], T], data: bytes) -> T:
    """Decode strictly, else what can be repaired.

    Raises:
        RequestError: it is no JSON object.
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
    """Refuse what takes longer to decode than fits a turn of the loop; pictures are texts without commas and escapes.

    Raises:
        RequestError: there are too many of them.
    """
    if len(data) > _MANY and (data.count(b",") > VALUES_MAX or data.count(b"\\") > ESCAPES_MAX):
        raise RequestError(f"more than {VALUES_MAX} values or {ESCAPES_MAX} escapes")


def _inputs(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return [text for text in texts if isinstance(text, str)]


def _moderation(opinion: Opinion) -> dict[str, Any]:
    found = [j.finding for j in opinion.judged if not j.finding.example and not j.finding.echoed]
    best = {kind: max(f.score for f in found if f.kind == kind) for kind in {f.kind for f in found}}
    scores = {name: round(best.get(kind, 0.0), 4) if kind else 0.0 for name, kind in _CATEGORIES.items()}
    categories = {name: score > 0 for name, score in scores.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
