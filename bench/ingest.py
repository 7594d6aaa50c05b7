"""Counting a log: ours beside the limit and the peers, interleaved, one core, user CPU of whole processes."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import workload
from measure import TOCSIN, Figure, spent, tool

HERE = Path(__file__).parent
ROUNDS = 3
LITELLM_EVENTS = 1_000
GOALS = (  # subject, smallest or largest ratio, which way round
    ("decode limit", "<=", 1.5),
    ("mtail", ">=", 5.0),
    ("naive", ">=", 8.0),
    ("LiteLLM logger", ">=", 100.0),
)


def subjects(log: Path) -> dict[str, list[str]]:
    """Return the command of each subject for a log."""
    commands = {
        "decode limit": [sys.executable, str(HERE / "decode_limit.py"), str(log)],
        "tocsin": [*TOCSIN, "replay", "--format", "litellm", "--detectors", "none", str(log)],
        "tocsin, format auto": [*TOCSIN, "replay", "--detectors", "none", str(log)],
        "naive": [sys.executable, str(HERE / "peer_naive.py"), str(log)],
    }
    mtail = tool("mtail")
    if mtail:
        commands["mtail"] = [
            mtail, "--one_shot", "--one_shot_format=prometheus", "--progs", str(HERE / "peer.mtail"), "--logs", str(log),
        ]  # fmt: skip
    else:
        print("mtail: not found, skipped (Debian package mtail)", flush=True)
    return commands


def run(folder: Path, events: int) -> list[Figure]:
    """Measure both profiles; events of ``full`` are fewer, so that both take about as long."""
    figures: list[Figure] = []
    for profile, count in zip(workload.PROFILES, (events, events // 2), strict=True):
        figures += _profile(folder, profile, count)
    return figures


def _profile(folder: Path, profile: str, count: int) -> list[Figure]:
    log, one = folder / f"{profile}-{count}.jsonl", folder / f"{profile}-one.jsonl"
    size = workload.write(log, profile, count)
    with log.open("rb") as lines:
        one.write_bytes(next(islice(lines, 1)))
    print(f"\ningest {profile}: {count:,} lines of {size // count:,} bytes", flush=True)
    idle = {name: spent(command).user for name, command in subjects(one).items()}
    best: dict[str, float] = {}
    peak: dict[str, float] = {}
    for number in range(ROUNDS):
        for name, command in subjects(log).items():
            result = spent(command)
            cost = (result.user - idle[name]) / (count - 1) * 1e6
            best[name] = min(cost, best.get(name, cost))
            peak[name] = max(result.peak_mb, peak.get(name, 0.0))
            print(f"  round {number + 1}  {name:20s} {cost:8.1f} us/event", flush=True)
    litellm = _litellm(log)
    if litellm is not None:
        best["LiteLLM logger"] = litellm
    return _figures(f"ingest {profile}", best, peak)


def _litellm(log: Path) -> float | None:
    launcher = tool("litellm")
    if launcher is None:
        print("  LiteLLM logger: not found, skipped (tools/install.sh litellm)", flush=True)
        return None
    python = Path(launcher).resolve().parent / "python"
    command = [str(python), str(HERE / "peer_litellm.py"), str(log), str(LITELLM_EVENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  LiteLLM logger: failed, skipped: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    return float(done.stdout.split()[-1]) * 1e6


def _figures(section: str, best: dict[str, float], peak: dict[str, float]) -> list[Figure]:
    ours = best["tocsin"]
    figures = [Figure(section, name, cost, "us/event") for name, cost in best.items()]
    figures.append(Figure(section, "tocsin, peak memory", peak["tocsin"], "MB"))
    for name, sign, bound in GOALS:
        if name not in best:
            continue
        if sign == "<=":
            ratio = ours / best[name]
            figures.append(Figure(section, f"tocsin / {name}", ratio, "x", f"<= {bound:g}", ratio <= bound))
        else:
            ratio = best[name] / ours
            figures.append(Figure(section, f"{name} / tocsin", ratio, "x", f">= {bound:g}", ratio >= bound))
    return figures
