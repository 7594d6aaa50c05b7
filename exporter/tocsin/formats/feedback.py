"""Judgements of earlier calls: our own feedback, OpenTelemetry's evaluation events, and other vendors' bodies.

Scores are 0..1. Ours: ``scores`` by scorer, or the attributes of the event ``gen_ai.evaluation.result``
(https://opentelemetry.io/docs/specs/semconv/gen-ai/). Langfuse: ``traceId``, ``name``, ``value``. Portkey: ``trace_id``
and a ``value`` of -10..10, scaled to 0..1 for the scorer ``portkey``. LangSmith: ``key``, ``score`` and the id of a
trace or its root run, a UUID whose hex digits are the trace id of the spans that its SDK sends over OpenTelemetry
(https://docs.langchain.com/langsmith/feedback-data-format). Helicone: ``helicone-id`` and a boolean ``rating`` for the
scorer ``helicone``. The call is identified by its id or trace id.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

import xxhash

from tocsin.call import OTHER, Event, Feedback, Skip
from tocsin.finding import KINDS
from tocsin.formats.base import Buffer
from tocsin.formats.lenient import is_number, load
from tocsin.formats.pairs import seconds

FLAGS: Final = ("unsafe", "wrong", "offensive", OTHER)
_HELICONE_ID: Final = "helicone-id"
_CALL_IDS: Final = (
    "call_id", "gen_ai.response.id", "response_id", "trace_id", "traceId", "observationId", _HELICONE_ID,
)  # fmt: skip
_LANGSMITH_IDS: Final = ("trace_id", "run_id")
_TIMES: Final = ("time", "timestamp", "created_at")
_PORTKEY_RANGE: Final = 10.0
SCORES_MOST: Final = 32
"""Scores read of one body: they may wait in memory for their call."""


class FeedbackFormat:
    """Adapter for feedback in any of these formats; ``content`` has no effect."""

    name = "feedback"

    def __init__(self, *, content: bool = False) -> None:
        del content

    def parse(self, data: Buffer) -> Event:
        """Return the feedback of one object; see ``Format.parse``."""
        tree = load(data)
        call_id = _call_id(tree)
        if call_id is None:
            raise Skip("missing_call_id")
        errors: list[str] = []
        identity = _id(tree.get("id"))
        if identity is None:  # a repeated delivery of the same bytes is a duplicate
            identity = xxhash.xxh3_128_hexdigest(bytes(data))
        timestamp = next((tree[name] for name in _TIMES if name in tree), None)
        time = seconds(timestamp)
        if timestamp is not None and time is None:
            errors.append("time")
        return Feedback(
            "feedback|" + identity, call_id, time, _scores(tree, errors) or None, _flag(tree),
            _text(tree, "by"), _text(tree, "comment", "gen_ai.evaluation.explanation"), tuple(errors), _wrong(tree),
        )  # fmt: skip


def _call_id(tree: dict[str, Any]) -> str | None:
    langsmith = _is_langsmith(tree)
    names = _LANGSMITH_IDS if langsmith else _CALL_IDS
    call_id = next((value for name in names if (value := _id(tree.get(name)))), None)
    return call_id.replace("-", "") if call_id and langsmith else call_id


def _is_langsmith(tree: dict[str, Any]) -> bool:
    return isinstance(tree.get("key"), str) and "score" in tree and "call_id" not in tree


def _id(value: Any) -> str | None:
    """Return an id as text; None if there is none."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _scores(tree: dict[str, Any], errors: list[str]) -> dict[str, float]:
    given: dict[str, Any] = tree["scores"] if isinstance(tree.get("scores"), dict) else {}
    if tree.get("scores") is not None and not given:
        errors.append("scores")
    name = _text(tree, "gen_ai.evaluation.name", "name")
    if "gen_ai.evaluation.score.value" in tree:
        given = {**given, name or OTHER: tree["gen_ai.evaluation.score.value"]}
    elif _HELICONE_ID in tree and isinstance(tree.get("rating"), bool):
        given = {**given, "helicone": int(tree["rating"])}
    elif _is_langsmith(tree):
        score = tree["score"]
        scores = {} if score is None else {tree["key"]: int(score) if isinstance(score, bool) else score}
        given = {**given, **scores}
    elif "value" in tree and name is not None:
        given = {**given, name: tree["value"]}
    elif "value" in tree and is_number(tree["value"]):
        given = {**given, "portkey": (tree["value"] + _PORTKEY_RANGE) / (2 * _PORTKEY_RANGE)}
    some = islice(given.items(), SCORES_MOST)
    good = {scorer: float(value) for scorer, value in some if is_number(value) and 0 <= value <= 1}
    if len(good) < len(given):
        errors.append("scores" if tree.get("scores") else "value")
    return good


def _flag(tree: dict[str, Any]) -> str | None:
    flag = tree.get("flag")
    if flag is None or flag == "":
        return None
    known = flag.lower() if isinstance(flag, str) else OTHER
    return known if known in FLAGS else OTHER


def _wrong(tree: dict[str, Any]) -> tuple[str, ...]:
    """Return the kinds of findings marked as wrong; ``other`` if the kind is not given."""
    if tree.get("verdict") != "wrong":
        return ()
    kind = tree.get("kind")
    kinds = kind if isinstance(kind, list) else [kind]
    return tuple(dict.fromkeys(k if isinstance(k, str) and k in KINDS else OTHER for k in kinds[:16]))


def _text(tree: dict[str, Any], *names: str) -> str | None:
    return next((tree[name] for name in names if isinstance(tree.get(name), str)), None)
