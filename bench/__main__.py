"""``make bench``: what counting costs, beside its peers, in one run on one core; ratios, not verdicts.

Ingest is CPU (user and system) per event on LiteLLM-shaped lines: read and typed decoding alone (the limit), a plain
json + prometheus_client exporter as one would write it, and ``tocsin replay --detectors none``. The scrape
compares our page with prometheus_client's ``generate_latest`` and zlib, at the same series.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

EVENTS = int(sys.argv[sys.argv.index("--events") + 1]) if "--events" in sys.argv else 30000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
WORDS = [
    "order", "refund", "invoice", "shipped", "password", "settings", "balance", "customer", "review", "summary",
    "the", "a", "of", "and", "to", "in", "is", "was", "for", "on", "that", "with", "as", "it", "be", "by",
]  # fmt: skip
MODELS = [(f"model-{i}", ("openai", "anthropic", "bedrock", "azure")[i % 4]) for i in range(20)]
ROUTES = ["support", "search", "coding-assistant", "legal-ops", "growth"]


def text(rng, size):
    words, length = [], 0
    while length < size:
        words.append(rng.choice(WORDS))
        length += len(words[-1]) + 1
    return " ".join(words)


def event(rng, number):
    """One payload of about 6.4 KB, in the shape that LiteLLM's generic callback posts."""
    model, provider = rng.choice(MODELS)
    route = rng.choice(ROUTES)
    failed, stream = rng.random() < 0.03, rng.random() < 0.6
    start = 1_764_000_000 + number / 100
    ttft = rng.lognormvariate(-0.7, 0.4)
    received = rng.randint(50, 700)
    duration = ttft + received / 80
    sent = rng.randint(200, 900)
    return {
        "id": f"chatcmpl-{number:024x}", "trace_id": f"{number:032x}", "call_type": "acompletion", "cache_hit": None,
        "stream": stream, "status": "failure" if failed else "success",
        "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"}, "custom_llm_provider": provider,
        "startTime": start, "endTime": start + duration, "completionStartTime": start + ttft, "model": model,
        "metadata": {
            "user_api_key_hash": f"{number % 300:064x}", "user_api_key_team_alias": route,
            "user_api_key_request_route": "/v1/chat/completions", "user_api_key_user_id": f"user-{number % 5000}",
            "requester_metadata": {"padding": text(rng, 600)},
        },
        "response_cost": 0.0 if failed else (sent * 2.5 + received * 10) / 1e6, "prompt_tokens": sent,
        "completion_tokens": 0 if failed else received, "total_tokens": sent + received,
        "request_tags": [f"app:{route}"], "end_user": f"user-{number % 5000}", "model_group": model,
        "messages": [{"role": "system", "content": text(rng, 200)}, {"role": "user", "content": text(rng, 1800)}],
        "response": {} if failed else {
            "id": f"chatcmpl-{number:024x}", "model": model, "system_fingerprint": "fp_1",
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": text(rng, 2400)}}],
            "usage": {"prompt_tokens": sent, "completion_tokens": received},
        },
        "error_information": {"error_code": "503" if failed else "", "error_class": "", "traceback": ""},
        "hidden_params": {"additional_headers": {"padding": text(rng, 300)}},
    }  # fmt: skip


LIMIT = """
import os, sys, msgspec
class MD(msgspec.Struct, gc=False):
    user_api_key_team_alias: str | None = None
    user_api_key_request_route: str | None = None
class E(msgspec.Struct, gc=False):
    status: str; model_group: str; startTime: float; endTime: float; completionStartTime: float
    prompt_tokens: int; completion_tokens: int; total_tokens: int; response_cost: float; metadata: MD
decode = msgspec.json.Decoder(E).decode
descriptor = os.open(sys.argv[1], os.O_RDONLY); tail = b""
while data := os.read(descriptor, 1 << 20):
    *lines, tail = (tail + data).split(b"\\n")
    for line in lines: decode(line)
"""
NAIVE = """
import json, sys
from prometheus_client import CollectorRegistry, Counter, Histogram
R = CollectorRegistry(); L = ["model", "route"]
requests, sent, received, cost, failures = (Counter(n, "x", L, registry=R) for n in ("req", "pt", "ct", "cost", "fail"))
duration, ttft, tokens = (Histogram(n, "x", L, registry=R) for n in ("dur", "ttft", "tok"))
for line in open(sys.argv[1], "rb"):
    e = json.loads(line); k = dict(model=e["model_group"], route=e["metadata"]["user_api_key_team_alias"])
    requests.labels(**k).inc(); sent.labels(**k).inc(e["prompt_tokens"]); received.labels(**k).inc(e["completion_tokens"])
    cost.labels(**k).inc(e["response_cost"]); duration.labels(**k).observe(e["endTime"] - e["startTime"])
    ttft.labels(**k).observe(e["completionStartTime"] - e["startTime"]); tokens.labels(**k).observe(e["total_tokens"])
    if e["status"] == "failure": failures.labels(**k).inc()
"""


def cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ingest(folder):
    log, one = folder / "log.jsonl", folder / "one.jsonl"
    rng = random.Random(1)
    print(f"writing {EVENTS} events", flush=True)
    with log.open("w") as out:
        for number in range(EVENTS):
            out.write(json.dumps(event(rng, number)) + "\n")
    one.write_text(log.open().readline())
    peers = {
        "read + typed decode (limit)": [sys.executable, "-c", LIMIT],
        "json + prometheus_client": [sys.executable, "-c", NAIVE],
        "tocsin replay": [sys.executable, "-m", "tocsin", "replay", "--detectors", "none", "--format", "litellm"],
    }
    best = dict.fromkeys(peers, float("inf"))
    for turn in range(ROUNDS):
        for name, command in peers.items():
            spent = cpu([*command, str(log)]) - cpu([*command, str(one)])
            best[name] = min(best[name], spent / EVENTS * 1e6)
        print(f"round {turn + 1} of {ROUNDS}", flush=True)
    ours = best["tocsin replay"]
    print(f"\n{'ingest, CPU per event of ' + str(log.stat().st_size // EVENTS) + ' bytes':52} {'us':>8} {'/ ours':>8}")
    for name, spent in best.items():
        print(f"{name:52} {spent:8.1f} {spent / ours:8.2f}")
    print(f"ours / limit = {ours / best['read + typed decode (limit)']:.2f} (goal 1.5); "
          f"plain exporter / ours = {best['json + prometheus_client'] / ours:.1f} (goal 8)\n")


def scrape(rows):
    from prometheus_client import CollectorRegistry, Histogram, generate_latest

    from tocsin import catalogue
    from tocsin.series.exposition import blocks, gzip_blocks
    from tocsin.series.store import Store

    store, registry = Store(), CollectorRegistry()
    family = catalogue.DURATION
    peer = Histogram("h", "x", ["provider", "model", "route"], buckets=family.buckets, registry=registry)
    for number in range(rows):
        labels = ("openai", f"model-{number}", "route")
        store.row(family, *labels).observe(number % 60)
        peer.labels(*labels).observe(number % 60)
    series = store.samples
    times = []
    for _ in range(3):
        for row in store.rows[family].values():
            row.text = None  # everything changed since the last scrape: the worst case
        start = time.process_time()
        page = b"".join(gzip_blocks(blocks(store)))
        times.append(time.process_time() - start)
    ours = min(times)
    start = time.process_time()
    list(gzip_blocks(blocks(store)))
    unchanged = time.process_time() - start
    start = time.process_time()
    zlib.compress(generate_latest(registry), 9)
    theirs = time.process_time() - start
    print(f"scrape of {series} series with gzip ({len(page) // 1024} KB): ours {ours * 1e3:.1f} ms, nothing changed "
          f"{unchanged * 1e3:.1f} ms, prometheus_client {theirs * 1e3:.0f} ms = {theirs / ours:.0f} x / {theirs / unchanged:.0f} x")


def main():
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        ingest(Path(folder))
    scrape(550)
    scrape(5500)


if __name__ == "__main__":
    main()
