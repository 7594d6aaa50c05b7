"""A real LiteLLM proxy, an upstream that fails as providers do, and the totals that Tocsin exports."""

import contextlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
LITELLM = ROOT / ".tools" / "bin" / "litellm"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
KEY = "sk-4f1d0c6e9b7a52c83d"
STARTS_WITHIN = 90
"""Seconds; a cold import of LiteLLM alone takes 10 to 20 on a busy machine."""

needs_litellm = pytest.mark.skipif(
    not LITELLM.exists() and os.environ.get("CI") != "true", reason="LiteLLM is not in .tools/bin: make tools"
)


class Upstream(http.server.BaseHTTPRequestHandler):
    """An OpenAI-shaped provider; the model's name says how it answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = request["model"]
        if behaviour == "slow":
            self.server.closing.wait(10)
        if behaviour == "broken":
            self.reply(503, {"error": {"message": "overloaded", "type": "server_error"}})
        elif behaviour == "limited":
            self.reply(429, {"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}})
        elif request.get("stream"):
            self.stream()
        else:
            message = {"role": "assistant", "content": "Hello."}
            self.reply(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE})

    def reply(self, status: int, body: dict) -> None:
        body |= {"id": f"chatcmpl-{time.monotonic_ns()}", "object": "chat.completion", "created": int(time.time()), "model": "m-1"}
        self.send(status, "application/json", json.dumps(body).encode())

    def stream(self) -> None:
        base = {"id": f"chatcmpl-{time.monotonic_ns()}", "object": "chat.completion.chunk", "created": int(time.time()), "model": "m-1"}
        chunks = [base | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]} for word in ("Hel", "lo.")]
        chunks += [base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, base | {"choices": [], "usage": USAGE}]
        self.send(200, "text/event-stream", b"".join(b"data: %b\n\n" % json.dumps(c).encode() for c in chunks) + b"data: [DONE]\n\n")

    def send(self, status: int, kind: str, body: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # the proxy has hung up on a slow answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.closing = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@contextlib.contextmanager
def proxy(folder: Path, port: int, upstream: str, webhook: str) -> Iterator[str]:
    """Run the proxy with the callback settings of our example."""
    config = yaml.safe_load((ROOT / "examples" / "litellm" / "config.yaml").read_text())
    config["callback_settings"]["tocsin"] |= {"endpoint": webhook, "headers": {"Authorization": "Bearer letmein"}}
    config["model_list"] = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": upstream, "api_key": "none", "timeout": 1}}
        for name in ("good", "broken", "slow", "limited")
    ]
    config["router_settings"] = {"num_retries": 0, "disable_cooldowns": True}
    path = folder / "litellm.yaml"
    path.write_text(yaml.safe_dump(config))
    environment = os.environ | {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DEFAULT_FLUSH_INTERVAL_SECONDS": "1", "LITELLM_LOG": "ERROR",
        "LITELLM_MASTER_KEY": KEY,
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
            process.wait(20)


def answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200
    return False


def ask(base: str, model: str, *, stream: bool = False) -> int:
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}], "metadata": {"tags": ["app:support"]}}
    if stream:
        body["stream_options"] = {"include_usage": True}
    request = urllib.request.Request(
        f"{base}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@needs_litellm
def test_every_request_to_a_real_proxy_is_counted_by_what_became_of_it(tmp_path, upstream, launch, port):
    (tmp_path / "secret").write_text("letmein")
    config = tmp_path / "tocsin.yml"
    config.write_text(yaml.safe_dump({"ingest": {"auth": [{"scheme": "bearer", "secret_file": str(tmp_path / "secret")}]}}))
    with launch(tmp_path, "--config.file", str(config)) as exporter:
        webhook = f"http://127.0.0.1:{exporter.ingest}/v1/ingest/litellm"
        with proxy(tmp_path, port(), upstream, webhook) as base:
            assert [ask(base, "good") for _ in range(3)] == [200] * 3
            assert [ask(base, "good", stream=True) for _ in range(2)] == [200] * 2
            assert [ask(base, "broken") for _ in range(2)] == [503] * 2
            assert ask(base, "slow") == 408
            assert [ask(base, "limited") for _ in range(2)] == [429] * 2
            exporter.wait_for("llm_requests_total", 10)
        page = exporter.get("/metrics").decode()
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
    assert samples["llm_tokens_total", "good", "input"] == 5 * USAGE["prompt_tokens"]
    assert samples["llm_tokens_total", "good", "output"] == 5 * USAGE["completion_tokens"]
    assert samples["llm_time_to_first_token_seconds_count", "good", None] == 2
    assert samples["llm_request_duration_seconds_count", "good", None] == 5
