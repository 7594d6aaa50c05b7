"""A simulated LLM application that writes LiteLLM's log format and goes through four incidents.

Everything is invented and deterministic for a seed; nothing is a recorded sample.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MODELS = (
    # model, provider, dollars per million input and output tokens, seconds to the first token
    ("gpt-4o", "openai", 2.5, 10.0, 0.45),
    ("claude-sonnet-4", "anthropic", 3.0, 15.0, 0.8),
    ("gpt-4o-mini", "openai", 0.15, 0.6, 0.3),
)
ROUTES = ("support-bot", "search", "coding-assistant")
ANSWERS = (
    "Your order was shipped on Monday and should arrive within three business days.",
    "To reset the password, open Settings, choose Security and select Reset password.",
    "The invoice shows a balance that is due at the end of the month.",
)


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the demo."""

    name: str
    seconds: float
    story: str


PHASES = (
    Phase("healthy", 65, "All is well: three routes, three models, about 20 calls a second. Baselines learn."),
    Phase("outage", 40, "OUTAGE: OpenAI answers 503 to most calls, and some time out."),
    Phase("recovery", 20, "The provider is back."),
    Phase("quality", 55, "QUALITY: HTTP 200 all the way, but another model answers, in a few hedging words."),
    Phase("cost", 45, "COST: one agent repeats the same prompt with 350,000 tokens, again and again."),
    Phase("safety", 20, "SAFETY: some answers contain a card number (invented, in no documentation)."),
    Phase("healthy again", 50, "All is well again."),
)
INCIDENTS = ("outage", "quality", "cost", "safety")
"""Phases that are incidents, each named after its category."""
UNHAPPY = 0.02
"""Share of the worse answers that a user flags."""
CARD = "4921 8170 3264 5595"
"""Invented; passes the Luhn check and appears in no documentation, so that it counts as a leak."""


class Simulator:
    """Generates the events of a phase."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self._count = 0

    def events(self, phase: str, count: int, now: float) -> Iterator[dict[str, Any]]:
        """Yield payloads of calls that end at ``now`` (Unix seconds)."""
        for _ in range(count):
            yield self._event(phase, now)
        if phase == "cost":
            for _ in range(2):
                yield self._event(phase, now, agent=True)

    def judged(self, phase: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the feedback of the application's own judge on an event: its score."""
        if event["status"] != "success" or event["session_id"]:
            return []
        score = min(1.0, max(0.0, self._random.gauss(0.55 if phase == "quality" else 0.9, 0.05)))
        identity = event["litellm_call_id"]
        feedback: dict[str, Any] = {
            "v": 1, "type": "feedback", "id": f"judge-{identity}", "call_id": identity, "scores": {"judge": score},
        }  # fmt: skip
        if phase == "quality" and self._random.random() < UNHAPPY:
            feedback["flag"] = "wrong"
        return [feedback]

    def line(self, event: dict[str, Any]) -> bytes:
        """Return an event as LiteLLM serialises it."""
        return json.dumps(event).encode() + b"\n"

    def _event(self, phase: str, now: float, *, agent: bool = False) -> dict[str, Any]:
        r = self._random
        self._count += 1
        model, provider, dollars_in, dollars_out, first = MODELS[0] if agent else r.choice(MODELS)
        route = "coding-assistant" if agent else r.choice(ROUTES)
        sent = 350_000 if agent else int(r.lognormvariate(6.3, 0.4))
        text = "I think so, probably." if phase == "quality" else r.choice(ANSWERS)
        if phase == "safety" and r.random() < 0.02:
            text += f" The card {CARD} was charged."
        if route == "search" and not agent:
            text = json.dumps({"answer": text})
        received = max(3, int(len(text) / 4) * (1 if phase == "quality" else r.randint(3, 8)))
        broken = phase == "outage" and provider == "openai" and r.random() < 0.7
        ttft = first * r.lognormvariate(0, 0.3)
        duration = ttft + received / 80
        error = {"error_code": "", "error_class": ""}
        if broken:
            error, duration = self._failure()
        identity = f"demo-{self._count:08d}"
        return {
            "id": f"chatcmpl-{identity}", "litellm_call_id": identity, "trace_id": f"trace-{identity}",
            "session_id": "agent-1" if agent else "", "call_type": "acompletion", "stream": not broken,
            "status": "failure" if broken else "success", "custom_llm_provider": provider,
            "startTime": now - duration, "endTime": now,
            "completionStartTime": now if broken else now - duration + ttft,
            "model": model, "model_group": model, "cache_hit": False,
            "metadata": {
                "user_api_key_team_alias": route,
                "usage_object": {"prompt_tokens_details": {"cached_tokens": 0}},
            },
            "response_cost": 0.0 if broken else (sent * dollars_in + received * dollars_out) / 1e6,
            "prompt_tokens": 0 if broken else sent, "completion_tokens": 0 if broken else received,
            "request_tags": [f"app:{route}"], "end_user": "agent" if agent else f"user-{r.randrange(200)}",
            "messages": [{"role": "user", "content": "Plan step: fix the failing test." if agent else "Where is it?"}],
            "model_parameters": {"response_format": {"type": "json_object"}} if route == "search" and not agent else {},
            "response": {} if broken else self._response(model, text, "2026-11" if phase == "quality" else "2026-08"),
            "error_information": error,
        }  # fmt: skip

    def _response(self, model: str, text: str, served: str) -> dict[str, Any]:
        """Return a response; ``served`` is the model version behind the name."""
        return {
            "model": f"{model}-{served}", "system_fingerprint": f"fp_{served}",
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        }  # fmt: skip

    def _failure(self) -> tuple[dict[str, str], float]:
        """Return the error of a call in an outage, and its seconds: some time out, most are rejected immediately."""
        if self._random.random() < 0.25:
            return {"error_code": "408", "error_class": "Timeout", "normalized_error": "408_UPSTREAM_TIMEOUT"}, 30.0
        return {"error_code": "503", "error_class": "ServiceUnavailableError"}, 0.2
