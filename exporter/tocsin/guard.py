"""The guard: a verdict before delivery, in three contracts, and the counts of what it did.

Durability: call ids, counters and violations are committed with the next commit, within about a second; a crash can
lose that second and never counts twice. The latency histogram starts at 0 with the process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
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
LARGE: Final = 1 << 14
"""Characters of one request from which it is looked at in a thread: on the event loop it would hold up all others."""
LARGE_AT_ONCE: Final = 2
"""So large requests that are looked at together; a further one is answered as overload."""
HOLDBACK: Final = 256
"""Characters of a stream that LiteLLM keeps back until the next look: a value is seen whole before it is sent."""


T = TypeVar("T")


class OverloadError(Exception):
    """The request was not looked at, and its route fails closed."""


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
        self._large = 0
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
        request = parse(data)
        rules = self._judge.rules(request.route, request.model)
        label = self._route_label(request.route)
        if self._sheds(len(request.text), label, rules):
            return answer(request, Opinion.nothing()) | {"shed": True}
        opinion = (await self._look(label, [subject(request, rules.expect)], rules, self._judge.judge_at_once))[0]
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
        if self._sheds(sum(map(len, request.all_texts)), label, rules):
            return {"action": "NONE"}
        subjects = request.subjects(rules)
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
        if self._sheds(sum(map(len, texts)), UNKNOWN, rules):
            return out | {"results": [_moderation(Opinion.nothing()) for _ in texts], "shed": True}
        subjects = [Subject(text) for text in texts]
        opinions = await self._look(UNKNOWN, subjects, rules, self._judge.judge_for_delivery)
        self._count(None, "assistant", UNKNOWN, UNKNOWN, opinions)
        return out | {"results": [_moderation(opinion) for opinion in opinions]}

    # ---- one look -------------------------------------------------------------------------------------
    def _sheds(self, size: int, label: str, rules: RouteRules) -> bool:
        crowded = size > LARGE and self._large >= LARGE_AT_ONCE
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

        began = self._timer()
        if sum(len(each.text) for each in subjects) <= LARGE:
            opinions = look()
        else:
            self._large += 1
            try:
                opinions = await asyncio.to_thread(look)
            finally:
                self._large -= 1
        self._durations.append((label, self._timer() - began))
        for opinion in opinions:
            for name in opinion.report.failed:
                self._counts[cat.DETECTOR_ERRORS, (name,)] += 1
            for name in opinion.report.capped:
                self._counts[cat.DETECTOR_CAPPED, (name,)] += 1
        return opinions

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
    try:
        return decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        again = repaired(data)
    try:
        return decode(again)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RequestError("not a JSON object") from None


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
