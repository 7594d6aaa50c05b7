"""An application that OpenTelemetry's own SDK and instrumentation trace, as docs/otlp.md says: what Tocsin counts of it."""

import json
import os
import subprocess
from itertools import count

from prometheus_client.parser import text_string_to_metric_families

from receiver import Handler, serving

CARD = "4532 0157 8364 1928"
APP = """
import openai
from opentelemetry import trace

client = openai.OpenAI(max_retries=0)
ask = client.chat.completions.create
for number in range(20):
    with trace.get_tracer("app").start_as_current_span("handle"):  # no call: passed over
        said = "What is my card's number?" if number == 7 else "Where is my parcel?"
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
        if number % 5 == 4:
            for chunk in ask(stream=True, stream_options={"include_usage": True}, **asked):
                pass
        elif number % 5 == 3:
            try:
                ask(**asked | {"model": "busy"})
            except openai.RateLimitError:
                pass
        else:
            ask(**asked)
client.embeddings.create(model="text-embedding-3-small", input="a parcel")
"""


class Upstream(Handler):
    """Answers as OpenAI does; the model ``busy`` is, and who asks for a card gets one."""

    def do_POST(self):
        asked = json.loads(self.body())
        if asked["model"] == "busy":
            self.reply(429, {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}})
            return
        if self.path.endswith("/embeddings"):
            found = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
            self.reply(200, {"object": "list", "model": asked["model"], "data": found, "usage": {"prompt_tokens": 3, "total_tokens": 3}})
            return
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        said = f"It is {CARD}." if "card" in asked["messages"][-1]["content"] else "It was shipped on Monday and arrives tomorrow."
        answer = {"id": f"chatcmpl-answer-{next(self.server.numbers):06d}", "created": 1764100000, "model": "gpt-4o-2024-08-06"}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": said}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            self.reply(200, answer | {"object": "chat.completion", "choices": choices, "usage": usage})
            return
        told = [{"delta": {"role": "assistant", "content": said}, "finish_reason": None}, {"delta": {}, "finish_reason": "stop"}]
        chunks = [answer | {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]} for choice in told]
        chunks.append(answer | {"object": "chat.completion.chunk", "choices": [], "usage": usage})
        self.send(200, "text/event-stream", ("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n").encode())

    def reply(self, status, body):
        self.send(status, "application/json", json.dumps(body).encode())


EXPECTED = {
    ("llm_requests_total", "gpt-4o"): 16,
    ("llm_requests_total", "busy"): 4,
    ("llm_requests_total", "text-embedding-3-small"): 1,
    ("llm_request_failures_total", "busy", "rate_limited"): 4,
    ("llm_tokens_total", "gpt-4o", "input"): 16 * 11,
    ("llm_tokens_total", "gpt-4o", "output"): 16 * 7,
    ("llm_tokens_total", "text-embedding-3-small", "input"): 3,
    ("llm_request_duration_seconds_count", "gpt-4o"): 16,
    ("llm_request_duration_seconds_count", "text-embedding-3-small"): 1,
    ("llm_request_failure_duration_seconds_count", "busy"): 4,
    ("llm_time_to_first_token_seconds_count", "gpt-4o"): 4,
    ("llm_model_info", "gpt-4o", "gpt-4o", "gpt-4o-2024-08-06", "unknown"): 1,
    ("llm_scored_total", "gpt-4o", "composite"): 16,
    ("llm_safety_violations_total", "gpt-4o", "pii", "true", "false", "false"): 1,
    ("tocsin_events_counted_total", "webhook"): 21,
    ("tocsin_events_duplicate_total", "webhook"): 20,  # the events of all but the embeddings
    ("tocsin_records_passed_total", "webhook"): 20,
}
"""By name and labels, but for the provider and the route, which are the same for all."""
COUNTED = ("llm_requests_total", "llm_request_failures_total", "llm_tokens_total", "llm_safety_violations_total", "llm_scored_total", "tocsin_events_skipped_total")
"""Nothing else of these is there."""


def samples(exporter):
    """Return what is counted, as in ``EXPECTED``."""
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name not in ("provider", "route"))): sample.value
        for family in text_string_to_metric_families(exporter.get("/metrics").decode()) for sample in family.samples
        if sample.labels.get("provider", "openai") == "openai" and sample.labels.get("route", "support-bot") == "support-bot"
    }  # fmt: skip


def test_calls_traced_by_the_sdk_are_counted_exactly(launch, tool, tmp_path):
    python = tool("sdks").readlink()  # the environment's own path to its interpreter
    with launch(tmp_path) as exporter, serving(Upstream, numbers=count()) as upstream:
        env = {
            "PATH": os.environ["PATH"], "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream.server_port}/v1", "OPENAI_API_KEY": "none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{exporter.ingest}", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none", "OTEL_SERVICE_NAME": "support-bot",
            # the words stand in the log records alone, and the durations in the spans
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY", "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true",
        }  # fmt: skip
        subprocess.run([python.with_name("opentelemetry-instrument"), python, "-c", APP], env=env, timeout=60, check=True)
        for name, value in (("tocsin_records_passed_total", 20), ("tocsin_events_read_total", 41), ("llm_scored_total", 16)):
            exporter.wait_for(name, value)
        counted = samples(exporter)

    assert {key: counted.get(key) for key in EXPECTED} == EXPECTED
    assert {key for key, value in counted.items() if value and key[0] in COUNTED} <= EXPECTED.keys()
