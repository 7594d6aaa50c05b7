"""OpenAI's moderations API (``POST /v1/moderations``): our kinds, and the OpenAI categories nearest to them.

https://platform.openai.com/docs/api-reference/moderations
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.texts import part_text
from tocsin.judge import Opinion

_CATEGORIES: Final[dict[str, str | None]] = {
    **dict.fromkeys((
        "harassment/threatening", "hate", "hate/threatening", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
    )),
    "harassment": "toxicity", "illicit": "harmful",
    "pii": "pii", "secret": "secret", "policy": "policy", "prompt_leak": "prompt_leak", "injection": "injection",
}  # fmt: skip
"""Categories of the response and the kind of finding behind each; None: not distinguished, never flagged.

Names with a slash are OpenAI's.
"""


INPUTS_MAX: Final = 1_000
"""Texts per request: a result takes a kilobyte, and half a megabyte of empty texts would produce 200 MB of them."""


def inputs(value: Any) -> list[str]:
    """Return the texts that get one result each: one text, each of a list, or all parts of one input together.

    Empty for anything else: results are matched to texts by position.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        return []
    if all(isinstance(each, str) for each in value):
        return value
    text = part_text(value) if all(isinstance(each, dict) for each in value) else ""
    return [text] if text else []


def result(opinion: Opinion) -> dict[str, Any]:
    """Return the result for one text."""
    found = [j.finding for j in opinion.judged if not j.finding.example and not j.finding.echoed]
    best = {kind: max(f.score for f in found if f.kind == kind) for kind in {f.kind for f in found}}
    return _of_scores(best) if best else _NOTHING_FOUND


def _of_scores(best: dict[str, float]) -> dict[str, Any]:
    scores = {name: round(best.get(kind, 0.0), 4) if kind else 0.0 for name, kind in _CATEGORIES.items()}
    categories = {name: score > 0 for name, score in scores.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


_NOTHING_FOUND: Final = _of_scores({})
