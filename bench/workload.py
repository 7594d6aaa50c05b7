"""The workload of all subjects: LiteLLM log lines from a fixed seed.

The envelope is a body that LiteLLM 1.106.2 really sent (``tests/golden/litellm``); names, numbers and texts vary.
``full`` (about 15 KB per line) includes the price map that LiteLLM copies into every event, ``slim`` (about 6.4 KB) is
what older versions and custom proxies write.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENVELOPE = Path(__file__).parents[1] / "tests" / "golden" / "litellm" / "generic_api-002.json"
PROFILES = ("slim", "full")
SEED = 20
START = 1_764_000_000.0
"""Unix time of the first event."""
CALLS_PER_SECOND = 100.0

MODELS = [(provider, f"{name}-{size}") for provider, name in (
    ("openai", "gpt-4o"), ("openai", "gpt-4.1"), ("azure", "gpt-4o"), ("anthropic", "claude-sonnet"), ("bedrock", "nova"),
    ("gemini", "gemini-2.0"), ("mistral", "mistral"), ("groq", "llama-3.3"), ("hosted_vllm", "qwen2.5"), ("deepseek", "chat"),
) for size in ("large", "small")]  # fmt: skip
ROUTES = [f"/v1/{kind}/{app}" for kind in ("chat", "responses") for app in ("a", "b", "c", "d", "e")]
TEAMS = ("support", "search", "coding", "legal", "growth")
USERS = [f"user-{number:05d}" for number in range(5_000)]
FAILURES = (
    ("429", "RateLimitError"), ("500", "InternalServerError"), ("408", "Timeout"), ("400", "BadRequestError"),
)  # fmt: skip
SLIM_DROPS = (
    "cost_breakdown", "autorouter_savings", "autorouter_savings_estimate", "autorouter_baseline_observation",
    "request_model_access_groups", "zero_cost_diagnostic", "litellm_call_id", "session_id", "user_agent",
)  # fmt: skip
WORDS = """
    account invoice refund shipping the a of and to with order balance because customer between report quarter
    revenue system please settings password update device under contract before review summary risk supply team
    meeting action closed open ticket escalate within hours days plan seat month cost total payment card region
    Gr\u00f6\u00dfe d\u00e9j\u00e0 ma\u00f1ana \u4e2d\u6587 \u2014 \u201cquoted\u201d
""".split()  # noqa: SIM905 - as a list it would take a page


class Generator:
    """Generates events; the same seed and profile give the same bytes."""

    def __init__(self, profile: str, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._profile = profile
        self._envelope = json.loads(ENVELOPE.read_text())[0]
        self._sentences = [self._sentence() for _ in range(3_000)]
        self._model_weights = [1 / (rank + 1) for rank in range(len(MODELS))]
        if profile == "slim":
            for key in SLIM_DROPS:
                self._envelope.pop(key, None)
            self._envelope["model_map_information"] = {"model_map_key": "gpt-4o", "model_map_value": None}

    def lines(self, count: int) -> Iterator[bytes]:
        """Yield lines as LiteLLM's ``generic_api`` logger serialises them (``json.dumps`` defaults)."""
        now = START
        for number in range(count):
            now += self._random.expovariate(CALLS_PER_SECOND)
            yield json.dumps(self._event(number, now)).encode() + b"\n"

    def _sentence(self) -> str:
        chosen = self._random.choices(WORDS, k=self._random.randint(6, 22))
        return " ".join(chosen).capitalize() + self._random.choice((".", ".", "?", ".\n\n"))

    def _text(self, length: int) -> str:
        parts: list[str] = []
        while length > 0:
            parts.append(self._random.choice(self._sentences))
            length -= len(parts[-1]) + 1
        return " ".join(parts)

    def _answer(self) -> str:
        length = int(min(3_000, max(400, self._random.lognormvariate(6.95, 0.55))))
        if self._random.random() < 0.2:
            items = [{"id": self._random.randrange(10**6), "text": self._text(120)} for _ in range(length // 160 + 1)]
            return json.dumps({"results": items, "count": len(items)})
        return self._text(length)

    def _event(self, number: int, start: float) -> dict[str, Any]:
        rng = self._random
        provider, model = rng.choices(MODELS, self._model_weights)[0]
        team, route, user = rng.choice(TEAMS), rng.choice(ROUTES), rng.choice(USERS)
        sent, received = rng.randint(150, 900), rng.randint(80, 800)
        first = start + rng.uniform(0.1, 1.2)
        end = first + received / rng.uniform(40, 120)
        cost = round(sent * 2e-6 + received * 8e-6, 9)
        event = dict(self._envelope)
        event["metadata"] = self._metadata(team, route, user, sent, received)
        event |= {
            "id": f"chatcmpl-{number:012d}{rng.getrandbits(40):010x}", "trace_id": f"{rng.getrandbits(128):032x}",
            "stream": rng.random() < 0.6, "status": "success", "custom_llm_provider": provider, "model": model,
            "model_group": model, "startTime": round(start, 6), "completionStartTime": round(first, 6),
            "endTime": round(end, 6), "response_time": round(first - start, 6), "response_cost": cost,
            "prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received,
            "request_tags": [f"app:{team}"], "end_user": user, "model_id": f"{rng.getrandbits(256):064x}",
            "messages": [
                {"role": "system", "content": self._text(400)}, {"role": "user", "content": self._text(rng.randint(500, 1_500))},
            ],
        }  # fmt: skip
        if self._profile == "full":
            event["litellm_call_id"] = f"{rng.getrandbits(128):032x}"
        if rng.random() < 0.03:
            code, name = rng.choice(FAILURES)
            event |= {
                "status": "failure", "response": {}, "response_cost": 0.0, "error_str": f"{name}: the provider said no",
                "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0,
                "error_information": {**event["error_information"], "error_code": code, "error_class": name},
            }  # fmt: skip
        else:
            event["response"] = self._response(event["id"], model, sent, received)
        return event

    def _metadata(self, team: str, route: str, user: str, sent: int, received: int) -> dict[str, Any]:
        metadata = dict(self._envelope["metadata"])
        usage = metadata.pop("usage_object")
        if self._profile == "slim":
            metadata = {key: value for key, value in metadata.items() if value not in (None, [], {})}
        else:
            counts = {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received}
            metadata["usage_object"] = usage | counts
        return metadata | {
            "user_api_key_alias": f"{team}-key", "user_api_key_team_alias": team, "user_api_key_user_id": user,
            "user_api_key_request_route": route, "user_api_key_end_user_id": user,
        }  # fmt: skip

    def _response(self, call: str, model: str, sent: int, received: int) -> dict[str, Any]:
        choice = {"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": self._answer()}}
        return {
            "id": call, "created": int(START), "model": model, "object": "chat.completion",
            "system_fingerprint": "fp_50cad350e4", "choices": [choice],
            "usage": {"prompt_tokens": sent, "completion_tokens": received, "total_tokens": sent + received},
        }  # fmt: skip


def write(path: Path, profile: str, count: int) -> int:
    """Write a log of ``count`` lines unless it exists; return its size in bytes."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with new.open("wb", 1 << 20) as out:
            out.writelines(Generator(profile).lines(count))
        new.rename(path)
    return path.stat().st_size
