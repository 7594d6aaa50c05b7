"""A real LiteLLM proxy, an upstream that fails as providers do, and the totals that Tocsin exports."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from receiver import Handler, serving

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / ".tools" / "bin" / "litellm"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
KEY = "sk-4f1d0c6e9b7a52c83d"
STARTS_WITHIN = 200
"""Seconds; LiteLLM needs 12 of CPU time to start, which is much more on a busy machine."""
TIMEOUTS = {"good": 60, "broken": 60, "limited": 60, "leaky": 60, "agent": 60, "shy": 60, "slow": 1}
"""Seconds that the proxy waits for the upstream, by model."""

needs_litellm = pytest.mark.skipif(
    not LITELLM.exists() and os.environ.get("CI") != "true", reason="LiteLLM is not in .tools/bin: make tools"
)


class Upstream(Handler):
    """An OpenAI-shaped provider; the model's name says how it answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.body())
        behaviour = request["model"]
        if behaviour == "slow":
            self.server.closing.wait(10)
        if behaviour == "leaky":
            self.server.said = "Her number is 4217 4683 3052 9173, as you asked. Is there anything else that I can do for you?"
        else:
            self.server.said = "Hello."
        if behaviour == "broken":
            self.reply(503, {"error": {"message": "overloaded", "type": "server_error"}})
        elif behaviour == "limited":
            self.reply(429, {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}})
        elif request.get("stream"):
            self.stream()
        else:
            message = {"role": "assistant", "content": self.server.said}
            if behaviour == "shy":
                message |= {"content": None, "refusal": "I cannot help with that."}
            if behaviour == "agent":
                function = {"name": "pay", "arguments": json.dumps({"memo": "hers:\n4217 4683 3052 9173"})}
                message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
            self.reply(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE})

    def reply(self, status: int, body: dict) -> None:
        body |= {"id": f"chatcmpl-{time.monotonic_ns()}", "object": "chat.completion", "created": int(time.time()), "model": "m-1"}
        self.send(status, "application/json", json.dumps(body).encode())

    def stream(self) -> None:
        base = {"id": f"chatcmpl-{time.monotonic_ns()}", "object": "chat.completion.chunk", "created": int(time.time()), "model": "m-1"}
        chunks = [base | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]} for word in re.findall(r"\S+\s?", self.server.said)]
        chunks += [base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, base | {"choices": [], "usage": USAGE}]
        self.send(200, "text/event-stream", b"".join(b"data: %b\n\n" % json.dumps(c).encode() for c in chunks) + b"data: [DONE]\n\n")

    def send(self, status: int, kind: str, body: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # the proxy has hung up on a slow answer
            super().send(status, kind, body)


@pytest.fixture
def upstream() -> Iterator[str]:
    with serving(Upstream, closing=threading.Event()) as server:
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.closing.set()


@contextlib.contextmanager
def proxy(folder: Path, port: int, upstream: str, webhook: str, guard: str | None = None) -> Iterator[str]:
    """Run the proxy with the callback settings of our example, and its guardrail in two temperaments."""
    config = yaml.safe_load((ROOT / "examples" / "litellm" / "config.yaml").read_text())
    config["callback_settings"]["tocsin"] |= {"endpoint": webhook, "headers": {"Authorization": "Bearer letmein"}}
    config["litellm_settings"]["callbacks"].append("file_log.log")  # as the example's README says
    shutil.copy(ROOT / "examples" / "litellm" / "file_log.py", folder)
    config["model_list"] = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": upstream, "api_key": "none", "timeout": timeout}}
        for name, timeout in TIMEOUTS.items()
    ]
    if guard is not None:
        example = yaml.safe_load((ROOT / "examples" / "litellm" / "guardrail.yaml").read_text())["guardrails"][0]["litellm_params"]
        example |= {"api_base": guard, "api_key": "letmein", "default_on": False, "additional_provider_specific_params": {"route": "support"}}
        config["guardrails"] = [
            {"guardrail_name": mode, "litellm_params": example | {"unreachable_fallback": mode}} for mode in ("fail_open", "fail_closed")
        ]
    passed = {"path": "/passed", "target": f"{upstream}/chat/completions", "headers": {"content-type": "application/json"}}
    config["general_settings"] = {"pass_through_endpoints": [passed]}
    config["router_settings"] = {"num_retries": 0, "disable_cooldowns": True}
    path = folder / "litellm.yaml"
    path.write_text(yaml.safe_dump(config))
    environment = os.environ | {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DEFAULT_FLUSH_INTERVAL_SECONDS": "1", "LITELLM_LOG": "ERROR",
        "LITELLM_MASTER_KEY": KEY, "LITELLM_CALL_LOG": str(folder / "requests.jsonl"),
    }  # fmt: skip
    command = [str(LITELLM), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    with (folder / "litellm.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + STARTS_WITHIN
            while not answers(f"{base}/health/liveliness"):
                assert process.poll() is None, (folder / "litellm.log").read_text()[-2000:]
                assert time.monotonic() < until, "LiteLLM did not start"
                time.sleep(0.2)
            yield base
        finally:
            process.terminate()
            process.wait(60)


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200
    return False


def ask(base: str, model: str, *, stream: bool = False, path: str = "/v1/chat/completions") -> int:
    return converse(base, model, stream=stream, path=path)[0]


def converse(
    base: str, model: str, *, stream: bool = False, guard: str | None = None, path: str = "/v1/chat/completions"
) -> tuple[int, str]:
    """Return the status and everything that the client got."""
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}], "metadata": {"tags": ["app:support"]}}
    if stream:
        body["stream_options"] = {"include_usage": True}
    if guard:
        body["guardrails"] = [guard]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}", "x-litellm-tags": "app:support"}
    request = urllib.request.Request(f"{base}{path}", json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@needs_litellm
@pytest.mark.timeout(400)
def test_every_request_to_a_real_proxy_is_counted_by_its_outcome(tmp_path, upstream, launch, port):
    (tmp_path / "secret").write_text("letmein")
    config = tmp_path / "tocsin.yml"
    config.write_text(yaml.safe_dump({"ingest": {"auth": [{"scheme": "bearer", "secret_file": str(tmp_path / "secret")}]}}))
    with launch(tmp_path, "--config.file", str(config)) as exporter:
        webhook = f"http://127.0.0.1:{exporter.ingest}/v1/ingest/litellm"
        with proxy(tmp_path, port(), upstream, webhook) as base:
            # LiteLLM clears its queue when a POST ends, and with it what was queued meanwhile (async_send_batch of
            # generic_api_callback.py, 1.106.2): so each request is counted before the next one is made.
            asked = 0
            for model, stream, status, times in (
                ("good", False, 200, 3), ("good", True, 200, 2), ("shy", False, 200, 1), ("broken", False, 503, 2), ("slow", False, 408, 1), ("limited", False, 429, 2),
            ):  # fmt: skip
                for _ in range(times):
                    assert ask(base, model, stream=stream) == status
                    asked += 1
                    exporter.wait_for("llm_requests_total", asked)
            for stream in (False, True):
                assert ask(base, "unlisted", stream=stream, path="/passed") == 200
                asked += 1
                exporter.wait_for("llm_requests_total", asked)
        page = exporter.get("/metrics").decode()
    logged = subprocess.run([sys.executable, "-m", "tocsin", "replay", tmp_path / "requests.jsonl"], capture_output=True, text=True, check=True)
    for name in ("llm_requests_total", "llm_request_failures_total", "llm_tokens_total", "llm_refusals_total"):
        assert exporter_total(logged.stdout, name) == exporter_total(page, name)
    samples = {
        (s.name, s.labels.get("model"), s.labels.get("reason") or s.labels.get("kind")): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
        if s.labels.get("route", "support") == "support"
    }
    assert samples["llm_requests_total", "good", None] == 5
    assert samples["llm_request_failures_total", "broken", "provider_5xx"] == 2
    assert samples["llm_request_failures_total", "slow", "timeout"] == 1
    assert samples["llm_request_failures_total", "limited", "rate_limited"] == 2
    assert sum(v for (name, *_), v in samples.items() if name == "llm_request_failures_total") == 5
    assert samples["llm_refusals_total", "shy", None] == 1
    assert samples["llm_tokens_total", "unlisted", "input"] == 2 * USAGE["prompt_tokens"]
    assert samples["llm_tokens_total", "good", "input"] == 5 * USAGE["prompt_tokens"]
    assert samples["llm_tokens_total", "good", "output"] == 5 * USAGE["completion_tokens"]
    assert samples["llm_time_to_first_token_seconds_count", "good", None] == 2
    assert samples["llm_request_duration_seconds_count", "good", None] == 5


class Forwarder(Handler):
    """Stands between the proxy and the guard, so that the guard can go away while the webhook stays."""

    def do_POST(self):
        body = self.body()
        if self.server.down:
            self.close_connection = True
            return
        headers = {"Content-Type": "application/json", "x-api-key": self.headers["x-api-key"]}
        with urllib.request.urlopen(urllib.request.Request(self.server.target + self.path, body, headers), timeout=60) as answer:
            self.send_response(answer.status)
            self.send_header("Content-Length", answer.headers["Content-Length"])
            self.end_headers()
            self.wfile.write(answer.read())


@pytest.fixture
def forwarder() -> Iterator[ThreadingHTTPServer]:
    with serving(Forwarder, down=False) as server:
        yield server


@needs_litellm
@pytest.mark.timeout(400)
def test_an_answer_with_a_card_number_is_stopped_before_the_client_sees_it(tmp_path, upstream, launch, port, forwarder):
    (tmp_path / "secret").write_text("letmein")
    config = tmp_path / "tocsin.yml"
    config.write_text(yaml.safe_dump({
        "ingest": {"auth": [{"scheme": "bearer", "secret_file": str(tmp_path / "secret")}]},
        "routes": [{"match": {"route": "support"}, "guard": {"pii": "block"}}],
    }))  # fmt: skip
    with launch(tmp_path, "--config.file", str(config)) as exporter:
        forwarder.target = f"http://127.0.0.1:{exporter.ingest}"
        guard = f"http://127.0.0.1:{forwarder.server_port}"
        with proxy(tmp_path, port(), upstream, f"{forwarder.target}/v1/ingest/litellm", guard) as base:
            answers = []
            for model, stream in (("leaky", False), ("leaky", True), ("agent", False), ("good", False), ("good", True)):  # one by one: see above
                answers.append(converse(base, model, stream=stream, guard="fail_closed"))
                exporter.wait_for("llm_guard_scanned_total", len(answers))
            plain, streamed, agent, *clean = answers
            forwarder.down = True
            closed = converse(base, "leaky", guard="fail_closed")
            opened = converse(base, "leaky", guard="fail_open")
            exporter.wait_for("llm_guard_eligible_total", 6)
        page = exporter.get("/metrics").decode()

    assert [plain[0], agent[0]] == [400, 400]
    assert "pii (credit_card)" in plain[1]
    assert "pii (credit_card)" in agent[1]
    assert "pii (credit_card)" in streamed[1]
    assert [text for _, text in (plain, streamed, agent, closed) if "4683" in text or "9173" in text] == []
    assert [status for status, _ in clean] == [200, 200]
    assert "Hello." in clean[0][1] + clean[1][1]
    assert (closed[0], opened[0]) == (500, 200)  # as LiteLLM documents: refused without an event, or delivered unseen
    assert "9173" in opened[1]
    violations = Counter()
    for sample in (s for family in text_string_to_metric_families(page) for s in family.samples):
        if sample.name == "llm_safety_violations_total" and sample.labels["kind"] == "pii":
            violations[sample.labels["delivered"]] += sample.value
    assert violations == {"false": 3, "true": 1}
    assert exporter_total(page, "llm_guard_scanned_total") == 5


def exporter_total(page: str, name: str) -> float:
    return sum(s.value for family in text_string_to_metric_families(page) for s in family.samples if s.name == name)
