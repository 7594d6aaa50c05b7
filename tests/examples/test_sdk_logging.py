"""The examples of SDK logging, run with the real packages against an upstream that answers as providers do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from receiver import Handler, serving
from tocsin import formats
from tocsin.call import Call

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CHAT = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764100000, "model": "gpt-4o-mini"}
OPENAI_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn", "stop_sequence": None}


def openai_chunks():
    delta = {"role": "assistant", "content": "It was shipped."}
    base = CHAT | {"object": "chat.completion.chunk"}
    yield base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield base | {"choices": [], "usage": OPENAI_USAGE}


def anthropic_chunks():
    begun = MESSAGE | {"content": [], "stop_reason": None, "usage": {"input_tokens": 11, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It was shipped."}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


class Upstream(Handler):
    """The first request is refused with 529 or 503, so that the SDK retries; later ones are answered."""

    def do_POST(self):
        request = json.loads(self.body())
        first, self.server.asked = self.server.asked == 0, self.server.asked + 1
        anthropic = self.path == "/v1/messages"
        if first:
            self.reply(503, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
        elif request.get("stream"):
            events = anthropic_chunks() if anthropic else openai_chunks()
            lines = [(f"event: {e['type']}\n" if anthropic else "") + f"data: {json.dumps(e)}\n\n" for e in events]
            end = "" if anthropic else "data: [DONE]\n\n"
            self.send(200, "text/event-stream", ("".join(lines) + end).encode())
        elif anthropic:
            self.reply(200, MESSAGE | {"content": [{"type": "text", "text": "It was shipped."}], "usage": {"input_tokens": 11, "output_tokens": 7}})
        else:
            message = {"role": "assistant", "content": "It was shipped."}
            self.reply(200, CHAT | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": OPENAI_USAGE})

    def reply(self, status, body):
        self.send(status, "application/json", json.dumps(body).encode())


@pytest.fixture
def upstream():
    with serving(Upstream, asked=0) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_each_attempt_is_counted_including_streams_and_refusals(name, upstream, tool, tmp_path):
    python = tool("sdks").readlink()  # the environment's own path to its interpreter
    base = {"openai": f"{upstream}/v1", "anthropic": upstream}[name]
    env = {"PATH": os.environ["PATH"], f"{name.upper()}_BASE_URL": base, f"{name.upper()}_API_KEY": "none"}

    ran = subprocess.run([python, EXAMPLES / f"{name}-sdk" / "app.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    counted = subprocess.run([sys.executable, "-m", "tocsin", "replay", "calls.jsonl"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "It was shipped.\n" * 2
    labels = rf'provider="127.0.0.1",model="{ {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-5"}[name] }",route="support-bot"'

    def total(family, more=""):
        (value,) = re.findall(rf"^{family}\{{{labels}{more}\}} (\d+)$", counted, re.MULTILINE)
        return int(value)

    assert total("llm_requests_total") == 3
    assert total("llm_request_failures_total", ',reason="provider_5xx"') == 1
    assert total("llm_tokens_total", ',kind="input"') == 22
    assert total("llm_tokens_total", ',kind="output"') == 14
    assert "none" not in (tmp_path / "calls.jsonl").read_text()  # the key


ASYNC = """
import asyncio, anthropic
from call_log import AsyncCallLog

async def main():
    log = AsyncCallLog("calls.jsonl", route="support-bot")
    async with anthropic.AsyncAnthropic(http_client=anthropic.DefaultAsyncHttpxClient(transport=log)) as client:
        question = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        async with client.messages.stream(**question) as stream:
            print("".join([text async for text in stream.text_stream]))

asyncio.run(main())
"""


def test_the_asynchronous_client_is_logged_the_same(upstream, tool, tmp_path):
    env = {"PATH": os.environ["PATH"], "ANTHROPIC_BASE_URL": upstream, "ANTHROPIC_API_KEY": "none", "PYTHONPATH": str(EXAMPLES / "anthropic-sdk")}

    ran = subprocess.run([tool("sdks").readlink(), "-c", ASYNC], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]

    assert ran.stdout == "It was shipped.\n", ran.stderr
    assert [(line["status"], line["route"]) for line in lines] == [(503, "support-bot"), (200, "support-bot")]
    assert "message_delta" in lines[1]["response"]


def test_unanswered_requests_are_counted_by_reason(tool, tmp_path, port):
    env = {"PATH": os.environ["PATH"], "OPENAI_BASE_URL": f"http://127.0.0.1:{port()}/v1", "OPENAI_API_KEY": "none"}

    ran = subprocess.run([tool("sdks").readlink(), EXAMPLES / "openai-sdk" / "app.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    counted = subprocess.run([sys.executable, "-m", "tocsin", "replay", "calls.jsonl"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout

    assert "APIConnectionError" in ran.stderr
    assert re.search(r'llm_request_failures_total\{.*route="support-bot",reason="connection"\} 3\n', counted)  # two retries


class Breaking(Handler):
    """An answer that ends before it is whole."""

    def do_POST(self):
        self.body()
        begun = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in openai_chunks()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(begun)))
        self.end_headers()
        self.wfile.write(begun[:200])
        self.close_connection = True


BROKEN = """
import sys
from call_log import CallLog, httpx

with httpx.Client(transport=CallLog("calls.jsonl", route="support-bot")) as client:
    try:
        client.post(sys.argv[1], json={"model": "m", "stream": True})
    except httpx.TransportError:
        print("broken off")
"""


def test_a_stream_that_breaks_off_is_a_failure_and_has_its_time_to_first_token(tool, tmp_path):
    with serving(Breaking) as server:
        url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
        ran = subprocess.run([tool("sdks").readlink(), "-c", BROKEN, url], cwd=tmp_path, env={"PYTHONPATH": str(EXAMPLES / "openai-sdk")}, capture_output=True, text=True, timeout=60, check=False)
    (line,) = map(json.loads, (tmp_path / "calls.jsonl").read_text().splitlines())
    call = formats.get("openai").parse(json.dumps(line).encode())

    assert ran.stdout == "broken off\n", ran.stderr
    assert isinstance(call, Call)
    assert (call.status, call.failure, call.stream) == (200, "connection", True)
    assert 0 < call.ttft < call.duration


GIVEN_UP = """
import sys
from call_log import CallLog, httpx

with httpx.Client(transport=CallLog("calls.jsonl", route="support-bot")) as client:
    response = client.send(client.build_request("POST", sys.argv[1], json={"model": "m", "stream": True}), stream=True)
    next(response.iter_raw())  # nobody reads on, and nobody closes it: SDKs of 2025 leave a stream so that brings an error
"""


def test_an_abandoned_stream_is_logged(tool, tmp_path):
    with serving(Breaking) as server:
        url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
        subprocess.run([tool("sdks").readlink(), "-c", GIVEN_UP, url], cwd=tmp_path, env={"PYTHONPATH": str(EXAMPLES / "openai-sdk")}, timeout=60, check=True)
    (line,) = (tmp_path / "calls.jsonl").read_bytes().splitlines()
    call = formats.get("openai").parse(line)

    assert isinstance(call, Call)
    assert (call.status, call.failure, call.usage_expected) == (200, "cancelled", False)
