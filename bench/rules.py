"""The cost of the shipped rules in a real Prometheus: 100 routes, 5 models on each, 3 replicas.

``tools/blocks`` writes six hours of raw samples at 15 s and a week of recorded ones: the last two hours are in memory,
as in a running server, the others in blocks. Each rule is queried by itself, and the CPU of the process is read, so
that other load hardly matters. Then three pages are scraped and the rules run for some minutes at their own intervals.
Counters are by provider, model and route, with every label value that the exporter exports from the first call on (nine
reasons, seven kinds of violation), histograms folded to the route: 49,000 series per replica, two and a half times the
exporter's default limit. Failures occur at one model of a route at a time.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from measure import Figure

from tocsin import bundle, external
from tocsin.backtest.promql import duration
from tocsin.catalogue import CALL, FAMILIES, Family
from tocsin.demo.stack import answers, free_port, start

ROUTES, MODELS, REPLICAS = 100, 5, 3
STEP = 15
RAW, RECORDED, HEAD = 6 * 3600, 7 * 86400, 2 * 3600
ASKED = 5
MINUTES = 6
"""Duration of the live run: the slowest groups run every five minutes."""
SECTION = "rules (100 routes x 5 models x 3 replicas)"
VALUES = {
    "reason": (
        "timeout", "provider_5xx", "connection", "rate_limited", "client_4xx", "blocked_guardrail", "blocked_provider",
        "cancelled", "other",
    ),
    "kind": ("pii", "secret", "policy", "toxicity", "harmful", "prompt_leak", "reported"), "role": ("user", "tool", "document"),
    "scorer": ("composite",), "source": ("reported",), "signal": ("hedge", "numeric", "unsupported"),
    "consumer": tuple(f"h{i:02d}" for i in range(21)), "input": ("file", "webhook"),
    "category": ("outage", "quality", "cost", "safety"), "delivered": ("true",), "echoed": ("false",), "example": ("false",),
    "feature": ("length", "language"),
}  # fmt: skip
"""The label values that are exported from the first call on."""
TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning")
"""The kinds of tokens; the label of violations has the same name."""
RARE = ("timeout", "provider_5xx")
"""Reasons of failed calls."""
UNBORN = ("llm_late_request_failures_total", "llm_unscored_total", "llm_young_request_failures_total")
"""Counters whose label values are only exported once counted; these have one."""
GAUGES = {
    "llm_format_window_calls": 1000, "llm_format_window_compliant": 990, "tocsin_series": 15000, "tocsin_series_max": 20000,
    "tocsin_category_instrumented": 1, "llm_safety_last_violation_timestamp_seconds": 1, "tocsin_config_last_reload_successful": 1,
    "llm_model_info": 1, "tocsin_build_info": 1, "llm_provider_up": 1,
}  # fmt: skip
CLOCKS = ("tocsin_task_heartbeat_timestamp_seconds",)
"""Gauges that contain the current time."""
SPARSE = (
    "instance_call:llm_first_request:young", "instance:llm_first_request:young",
    "route_kind:llm_safety_violation:seconds", "route:llm_route:seen", "route:llm_format_failed:ratio30m", "route_signal:llm_signal_unhealthy:value30m",
    "route_signal:llm_surge_unusual:increase30m",
    "route:llm_requests_failing:ratio10m", "route:llm_route_dead:ratio10m", "call:llm_route_dead:increase5m", "route_scorer:llm_quality_score:incident", "route:llm_format_window:incident",
    "route_scorer:llm_quality_score_quiet:calls", "route_scorer:llm_quality_score_quiet:mean",
)  # fmt: skip
"""Recorded only for exceptions."""
STOOD = {
    "incident": 0, ":info": 1, "failures": 0, "model_changes": 0, "latency": 30, "llm_requests:increase15m": 4500,
    "score_sum": 9000, "score_count": 9000, "increase": 100, "cost": 100, "window:ratio": 0.99, "": 0.9,
}  # fmt: skip
"""Constant values recorded all week, by the first part found in the record's name."""
SPENT = "instance:llm_cost_usd:sum"
"""The one that grows."""
LEAKED = "model-0", "pii"
"""Each route had one violation, of this kind in an answer of this model."""
BUSY = re.compile(
    r"(llm_requests|llm_tokens|consumer_tokens|_scored|checked|checks|guard_requests|eligible|guard_scanned|events_read|events_counted)_total"
)
"""Counters of all calls, which grow by five in 15 s."""
RARELY = re.compile(
    r"request_failures|recovered|suspected|injection|signals|refusals|repetitions|truncations|mismatches|off_topic|low_confidence"
    r"|format_failures|unscored|late_requests"
)
"""Counters of common failures grow slowly, and at the first model of a route. All others are constant: a week without
an incident has no lost streams and no changed models, and texts of firing alerts run queries."""
USD = 100 / (240 * ROUTES * MODELS * REPLICAS)
"""Cost of a model of a route in 15 s: $100 an hour in total."""


def run(scratch: Path) -> list[Figure]:
    """Write the past, run the rules, measure their cost."""
    tools = {name: external.find(name) for name in ("prometheus", "blocks")}
    if not all(tools.values()):
        print(f"rules: skipped, not found: {[name for name, path in tools.items() if path is None]}")
        return []
    rules = bundle.compile()
    bundle.write(scratch / "rules", {"recording.yaml": rules.recording, "alerts.yaml": rules.alerts})
    data = scratch / "data"
    pages = [list(_raw(rules, f"replica-{i}")) for i in range(REPLICAS)]
    ends = (int(time.time()) + 240) // 300 * 300 + 300
    raw = [line for page in pages for line in page]
    _block(tools["blocks"], data, list(_recorded(rules, 300)), ends - RECORDED, ends - RAW, 300)
    _block(tools["blocks"], data, list(_recorded(rules, 60)), ends - RAW, ends - HEAD, 60)
    _block(tools["blocks"], data, raw, ends - RAW, ends - HEAD, STEP)
    recorded = [f"{line}/{60 // STEP}" for line in _recorded(rules, STEP)]
    _block(tools["blocks"], data, [*raw, *recorded], ends - HEAD, ends, STEP, "head")
    costs = _costs(scratch, tools["prometheus"] or "", rules, ends)
    _show(costs)
    cpu = sum(cost.seconds / cost.interval for cost in costs)
    recorded_a_route = sum(cost.rows for cost in costs if ":" in cost.rule) / ROUTES
    figures = [
        Figure(SECTION, "CPU of all rules, asked one by one", 100 * cpu, "% of core", "<= 2", 100 * cpu <= 2),
        Figure(SECTION, "raw series", float(sum(map(len, pages))), "series"),
        Figure(SECTION, "recorded series a route", recorded_a_route, "series", "<= 30", recorded_a_route <= 30),
    ]
    time.sleep(max(0, ends - time.time()))
    return figures + _live(scratch, tools["prometheus"] or "", pages, costs)


class Cost(NamedTuple):
    """The cost and result of one evaluation of a rule."""

    group: str
    rule: str
    interval: float
    seconds: float
    """CPU seconds."""
    rows: int
    """Alerts or recorded series; some are recorded every half hour, so no single moment shows all."""


def _costs(scratch: Path, program: str, rules: bundle.Bundle, at: int) -> list[Cost]:
    """Return the cost of each rule, by CPU of the process, so that other work does not count.

    It is the minimum of several queries, because neighbours on the machine evict caches, minus the cost of an empty
    query, because rules are evaluated without HTTP.
    """
    found = []
    with ExitStack() as stack:
        address, process = _prometheus(stack, scratch, program, {"scrape_configs": []})
        nothing = min(_asked(address, process, f"query=1&time={at}") for _ in range(4 * ASKED))
        for document in (yaml.safe_load(rules.recording), yaml.safe_load(rules.alerts)):
            for group in document["groups"]:
                for rule in group["rules"]:
                    query = urllib.parse.urlencode({"query": rule["expr"], "time": at - STEP})
                    rows = len(_get(address, f"query?{query}")["result"])  # the first query reads blocks from disk
                    seconds = max(0.0, min(_asked(address, process, query) for _ in range(ASKED)) - nothing)
                    interval = duration(group["interval"])
                    found.append(Cost(group["name"], rule.get("record") or rule["alert"], interval, seconds, rows))
    return found


def _asked(address: str, process: subprocess.Popen[bytes], query: str) -> float:
    """Return the CPU seconds of one query."""
    before = _cpu(process)
    _get(address, f"query?{query}")
    return _cpu(process) - before


def _show(costs: list[Cost]) -> None:
    """Print the most expensive groups and rules, and the records with the most series."""
    groups: dict[str, float] = defaultdict(float)
    recorded: dict[str, int] = defaultdict(int)
    for cost in costs:
        groups[cost.group] += cost.seconds / cost.interval
        recorded[cost.rule] += cost.rows
    for name, share in sorted(groups.items(), key=lambda item: -item[1])[:8]:
        print(f"  {name:32s}{100 * share:8.3f} % of core")
    for cost in sorted(costs, key=lambda cost: -cost.seconds / cost.interval)[:12]:
        print(f"    {cost.group}/{cost.rule}: {1000 * cost.seconds:.1f} ms of CPU every {cost.interval:.0f} s")
    for name, rows in sorted(recorded.items(), key=lambda item: -item[1])[:8]:
        print(f"    {name}: {rows} series")


def _cpu(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU seconds of a process' threads so far; Go keeps its threads."""
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def _live(scratch: Path, program: str, pages: list[list[str]], costs: list[Cost]) -> list[Figure]:
    """Run the rules at their own intervals on three scraped pages that continue the past.

    A group's first evaluation is excluded if there are more, as it reads from disk once. A group without an evaluation
    counts with the cost of its rules when queried.
    """
    with ExitStack() as stack:
        targets = [_serve(stack, page) for page in pages]
        address, _ = _prometheus(stack, scratch, program, {
            "rule_files": [str(scratch / "rules" / "*.yaml")],
            "scrape_configs": [{"job_name": "tocsin", "honor_labels": True, "static_configs": [{"targets": targets}]}],
        })  # fmt: skip
        durations = _watch(address)
        firing = _value(address, 'count(ALERTS{alertstate="firing"})')
        metrics = urllib.request.urlopen(f"http://{address}/metrics", timeout=30).read().decode()
        missed = sum(map(float, re.findall(r"^prometheus_rule_group_iterations_missed_total\{.*\} (\S+)", metrics, re.MULTILINE)))
    wall = {name: (sum(taken) / len(taken), interval) for name, (interval, taken) in durations.items()}
    for name, (mean, interval) in sorted(wall.items(), key=lambda item: -item[1][0] / item[1][1])[:8]:
        print(f"  {name:32s}{1000 * mean:8.1f} ms by the clock every {interval:.0f} s")
    share = sum(mean / interval for mean, interval in wall.values())
    share += sum(cost.seconds / cost.interval for cost in costs if cost.group not in wall)
    return [
        Figure(SECTION, "all groups, by the clock (quiet machine)", 100 * share, "% of core", "<= 2", 100 * share <= 2),
        Figure(SECTION, "alerts that fire (the dead man's switch)", firing, "", "1", firing == 1),
        Figure(SECTION, "evaluations missed", missed, "", "0", missed == 0),
    ]


def _names(rules: bundle.Bundle) -> set[str]:
    """Return every name that the rules read."""
    return set(re.findall(r"\b(?:llm|tocsin|process)_\w+", rules.recording + rules.alerts))


def _raw(rules: bundle.Bundle, instance: str) -> Iterator[str]:
    """Yield label sets and their growth in 15 s, in the format of ``tools/blocks``."""
    read = _names(rules)
    for family in FAMILIES.values():
        if family.planned or not any(name.startswith(family.name) for name in read):
            continue
        for labels in _labels(family):
            yield from _samples(family, {"job": "tocsin", "instance": instance} | labels)
    for route in range(ROUTES):
        yield _line("llm_route_info", {"job": "tocsin", "instance": instance} | _info(route), "=1")
        accepted = {"job": "tocsin", "instance": instance, "route": f"route-{route}", "baseline": "default"}
        yield _line("llm_baseline_info", accepted, "=1")


def _labels(family: Family) -> Iterator[dict[str, str]]:
    if family.name in ("llm_route_info", "llm_baseline_info", "tocsin_threshold"):
        return
    names = [name for name in family.labels if name not in CALL]
    for route in range(ROUTES if "route" in family.labels else 1):
        models = range(MODELS) if family.per_call and not family.buckets else [None]
        for model in models:
            base = {"route": f"route-{route}"} if "route" in family.labels else {}
            if family.per_call:
                base |= {"provider": "other", "model": "other"} if model is None else {
                    "provider": ("openai", "anthropic")[model % 2], "model": f"model-{model}",
                }  # fmt: skip
            for values in product(*(_values(family, name) for name in names)):
                yield base | dict(zip(names, values, strict=True))


def _values(family: Family, name: str) -> tuple[str, ...]:
    if name == "kind" and "tokens" in family.name:
        return TOKENS
    if family.name == "llm_user_flags_total":
        return ("unsafe", "wrong", "offensive", "other") if name == "reason" else VALUES.get(name, ("x",))
    if name == "reason" and family.name in UNBORN:
        return RARE[:1]
    return VALUES.get(name, ("x",))


def _samples(family: Family, labels: dict[str, str]) -> Iterator[str]:
    if family.name == "llm_safety_last_violation_timestamp_seconds" and (labels["model"], labels["kind"]) != LEAKED:
        return  # exported from the first violation on
    if family.kind == "gauge":
        yield _line(family.name, labels, f"{STEP}" if family.name in CLOCKS else f"={GAUGES.get(family.name, 0)}")
    elif family.kind == "counter":
        yield _line(family.name, labels, _growth(family.name, labels))
    else:
        bounds = [*(f"{bound:g}" for bound in family.buckets), "+Inf"]
        for i, bound in enumerate(bounds):
            yield _line(f"{family.name}_bucket", labels | {"le": bound}, f"{25 * (i + 1) / len(bounds):g}")
        for part in ("sum", "count"):
            yield _line(f"{family.name}_{part}", labels, "25")


def _growth(name: str, labels: dict[str, str]) -> str:
    if name == "llm_cost_usd_total":
        return f"{USD:.9f}"
    if RARELY.search(name):
        never = labels.get("model", "model-0") != "model-0" or labels.get("reason", RARE[0]) not in RARE
        return "0" if never else "0.02"
    return "5" if BUSY.search(name) else "0"


def _recorded(rules: bundle.Bundle, step: int) -> Iterator[str]:
    """Yield the recorded series with their values after a healthy week, and their growth in ``step`` seconds."""
    documents = yaml.safe_load(rules.recording)["groups"]
    for record in sorted({rule["record"] for group in documents for rule in group["rules"]}):
        growth = next(f"={value}" for part, value in STOOD.items() if part in record)
        if record == SPENT:
            growth = f"{USD * ROUTES * MODELS * step / STEP:.9f}"
        for labels in _recorded_labels(record, record.split(":")[0]):
            yield _line(record, labels, growth)


def _recorded_labels(record: str, level: str) -> Iterator[dict[str, str]]:
    learnt = {"baseline": "default"} if re.search("healthy|baseline7d|llm_signal:value30m", record) else {}
    signals = (
        "bad_score", "refusal", "token_outlier", "output_chars", "similarity", "tokens_per_request", "cost_per_request",
        "hedge", "numeric", "unsupported",
    )  # fmt: skip
    if record in SPARSE:
        return
    for route in range(ROUTES):
        base = {"route": f"route-{route}"} | learnt
        if level == "route_scorer":
            yield base | {"scorer": "composite"}
        elif "llm_surge" in record:
            yield base | {"signal": "injection"}
        elif level == "route_signal":
            yield from (base | {"signal": signal} for signal in signals)
        elif record == "route:llm_route:info":
            yield _info(route)
        elif level == "route":
            yield {"route": f"route-{route}"}
    if level.startswith("provider_model"):
        for model in range(MODELS):
            base = {"provider": ("openai", "anthropic")[model % 2], "model": f"model-{model}", "tier": "prod"}
            if "latency" in record:
                yield from (base | {"signal": s} for s in ("first_token", "speed", "duration"))
            elif level.endswith("class"):
                yield base | {"class": "outage"}
            else:
                yield base | ({"owner": "platform"} if record.endswith("info") else {})
    if level == "call_class":
        yield from ({"provider": "openai", "model": "model-0", "route": f"route-{r}", "tier": "prod", "class": "outage"} for r in range(ROUTES))
    if level == "consumer":
        yield from ({"consumer": consumer} for consumer in VALUES["consumer"])
    if level == "instance":
        yield from ({"instance": f"replica-{i}"} for i in range(REPLICAS))
    if level.startswith("llm_cost"):
        yield {"baseline": "1"} if "healthy" in record or "expected" in record else {}


def _info(route: int) -> dict[str, str]:
    return {"route": f"route-{route}", "owner": f"team-{route % 9}", "tier": "prod", "traffic": "live"}


def _line(name: str, labels: dict[str, str], growth: str) -> str:
    return f"{name}{{{','.join(f'{key}={chr(34)}{value}{chr(34)}' for key, value in labels.items())}}} {growth}"


def _block(program: str | None, data: Path, lines: list[str], start: int, end: int, step: int, *where: str) -> None:
    command = [program or "", str(data), str(start), str(end), str(step), *where]
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True)


def _serve(stack: ExitStack, lines: list[str]) -> str:
    """Serve a page whose counters continue the past; return its address."""
    parts = [(text, float(value.lstrip("=")), value.startswith("=")) for text, value in (line.rsplit(" ", 1) for line in lines)]

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            step = int(time.time()) // STEP
            body = "".join(f"{text} {value if fixed else value * step:.10g}\n" for text, value, fixed in parts).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return f"127.0.0.1:{server.server_port}"


def _prometheus(stack: ExitStack, scratch: Path, program: str, config: dict[str, Any]) -> tuple[str, subprocess.Popen[bytes]]:
    address = f"127.0.0.1:{free_port()}"
    config = {"global": {"scrape_interval": f"{STEP}s"}} | config
    (scratch / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    process = start(stack, [
        program, f"--config.file={scratch / 'prometheus.yml'}", f"--storage.tsdb.path={scratch / 'data'}",
        f"--web.listen-address={address}", "--storage.tsdb.retention.time=30d", "--log.level=error",
    ])  # fmt: skip
    if not answers(f"http://{address}/-/ready", 600):  # it replays its WAL first
        raise SystemExit("Prometheus does not answer")
    return address, process


def _watch(address: str) -> dict[str, tuple[float, list[float]]]:
    """Return each group's interval and evaluation times in seconds, without the first one if there are more."""
    seen: dict[str, dict[str, float]] = defaultdict(dict)
    intervals: dict[str, float] = {}
    until = time.monotonic() + 60 * MINUTES
    while time.monotonic() < until:
        for group in _get(address, "rules")["groups"]:
            intervals[group["name"]] = float(group["interval"])
            if not group["lastEvaluation"].startswith("0001"):
                seen[group["name"]][group["lastEvaluation"]] = float(group["evaluationTime"])
        time.sleep(3)
    return {name: (intervals[name], list(found.values())[1:] or list(found.values())) for name, found in seen.items()}


def _value(address: str, query: str) -> float:
    result = _get(address, "query?" + urllib.parse.urlencode({"query": query}))["result"]
    return float(result[0]["value"][1]) if result else 0.0


def _get(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{address}/api/v1/{path}", timeout=60) as answer:
        return json.load(answer)["data"]
