"""Google's own API (Gemini, Vertex AI), brought to the shape of OpenAI's.

https://ai.google.dev/api/generate-content. Names come in camel case, and in snake case from its Python SDK; a reason
may be the number of its enum. Thoughts are counted beside the answer, what tools put in beside the prompt. A stream
has the counts so far in each of its chunks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from tocsin.formats.lenient import is_number

_UPPER: Final = re.compile(r"[A-Z]")
FINISH: Final = {
    **dict.fromkeys(("STOP", "1"), "stop"),
    **dict.fromkeys(("MAX_TOKENS", "2"), "length"),
    **dict.fromkeys(
        (
            "SAFETY", "3", "RECITATION", "4", "BLOCKLIST", "6", "PROHIBITED_CONTENT", "7", "SPII", "8", "MODEL_ARMOR",
            "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
        ),
        "content_filter",
    ),
}  # fmt: skip
"""By their names, and by their numbers, which Vertex AI tells too."""

_WISHES: Final = {
    "temperature": "temperature", "topP": "top_p", "maxOutputTokens": "max_tokens", "seed": "seed",
    "candidateCount": "n",
}  # fmt: skip


@cache
def _snake(name: str) -> str:
    return _UPPER.sub(lambda found: "_" + found[0].lower(), name)


def _at(tree: Any, name: str) -> Any:
    """Return a field by its name in camel case, or in snake case."""
    if not isinstance(tree, dict):
        return None
    return tree[name] if name in tree else tree.get(_snake(name))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body, or a chunk of a stream, is of this API."""
    candidates = _dicts(body.get("candidates"))
    answered = candidates and all("content" in one or _at(one, "finishReason") for one in candidates)
    return bool(
        answered
        or _at(body, "usageMetadata")
        or _at(_at(body, "promptFeedback"), "blockReason")
        or ("predictions" in body and _embedded(body))
    )


def _embedded(body: dict[str, Any]) -> list[Any]:
    """Return the counts of tokens of Vertex AI's embeddings, one for each text."""
    found = [_at(_at(_at(one, "embeddings"), "statistics"), "token_count") for one in _dicts(body.get("predictions"))]
    return [count for count in found if is_number(count)]


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    if "predictions" in body:
        return {"choices": [], "usage": {"prompt_tokens": sum(_embedded(body))}, "error": body.get("error")}
    return stream([body])


def stream(chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the chunks of a stream amount to, under OpenAI's names."""
    whole: dict[str, Any] = {}
    usage: Any = None
    answers: dict[Any, dict[str, Any]] = {}
    for chunk in chunks:
        for name, ours in (("responseId", "id"), ("modelVersion", "model"), ("createTime", "created")):
            whole[ours] = _at(chunk, name) or whole.get(ours)
        usage = _at(chunk, "usageMetadata") or usage
        if _at(_at(chunk, "promptFeedback"), "blockReason"):
            answers["0"] = _answer({"finishReason": "SAFETY"}, None)
        for candidate in _dicts(chunk.get("candidates")):
            key = str(candidate.get("index") or 0)
            answers[key] = _answer(candidate, answers.get(key))
    return {**whole, "choices": list(answers.values()), "usage": _usage(usage)}


def _answer(candidate: dict[str, Any], begun: dict[str, Any] | None) -> dict[str, Any]:
    """Return a choice: a candidate, or one more piece of it."""
    parts = _dicts(_at(candidate.get("content"), "parts"))
    said = [part["text"] for part in parts if isinstance(part.get("text"), str) and not part.get("thought")]
    calls = [_at(part, "functionCall") for part in parts]
    tools = [{"function": {"name": call.get("name"), "arguments": call.get("args")}} for call in _dicts(calls)]
    message: dict[str, Any] = begun["message"] if begun else {"content": "", "tool_calls": []}
    message = {"content": message["content"] + "".join(said), "tool_calls": [*message["tool_calls"], *tools]}
    reason = _at(candidate, "finishReason")
    finish = FINISH.get(str(reason), "other") if reason else begun and begun["finish_reason"]
    return {"message": message, "finish_reason": "tool_calls" if finish == "stop" and message["tool_calls"] else finish}


def _usage(told: Any) -> dict[str, Any] | None:
    """Return the counts under OpenAI's names; None where nothing is counted, as for a prompt that was blocked."""
    sent, added = _at(told, "promptTokenCount"), _at(told, "toolUsePromptTokenCount")
    said, thought = _at(told, "candidatesTokenCount"), _at(told, "thoughtsTokenCount")
    said = _at(told, "responseTokenCount") if said is None else said  # of its Live API
    if sent is None and said is None and thought is None:
        return None
    return {
        "prompt_tokens": _sum(sent, added),
        "completion_tokens": _sum(0 if said is None else said, thought),
        "prompt_tokens_details": {"cached_tokens": _at(told, "cachedContentTokenCount")},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def _sum(count: Any, more: Any) -> Any:
    """Add two counts; where one is no number, that one is returned, to be named as a fault."""
    if is_number(count) and is_number(more):
        return count + more
    return count if more is None or not is_number(count) else more


def request(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request under OpenAI's names; one of another API as it is."""
    contents = asked.get("contents")
    if contents is None or "messages" in asked:
        return asked
    wishes = _at(asked, "generationConfig") or asked.get("config")
    sampling = {ours: _at(wishes, name) for name, ours in _WISHES.items() if _at(wishes, name) is not None}
    if _at(wishes, "responseMimeType") == "application/json":
        schema = _at(wishes, "responseJsonSchema")
        kind = "json_object" if schema is None else "json_schema"
        sampling["response_format"] = {"type": kind, "json_schema": {"schema": schema}}
    said = [{"role": "user", "content": contents}] if isinstance(contents, str) else [
        {"role": entry.get("role"), "content": [_part(part) for part in _dicts(entry.get("parts"))]}
        for entry in _dicts([contents] if isinstance(contents, dict) else contents)
    ]  # fmt: skip
    system = _at(_at(asked, "systemInstruction"), "parts")
    return {**asked, **sampling, "messages": said, "system": system}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    given = _at(_at(part, "functionResponse"), "response")
    if given is not None:
        return {"type": "tool_result", "content": json.dumps(given, ensure_ascii=False)}
    return {} if part.get("thought") else {"text": part.get("text")}
