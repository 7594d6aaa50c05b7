"""Counting a log: the exporter, the limit and the peers, interleaved on one core, by user CPU of whole processes."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path
from statistics import median

import workload
from measure import TOCSIN, Figure, spent

from tocsin import external

HERE = Path(__file__).parent
ROUNDS = 3
LITELLM_EVENTS = 1_000
SCORED_EVENTS = 2_000
SCORED = "tocsin, all detectors"
TIER_0 = "tocsin, tier 0"
OURS = "tocsin"
LIMIT = "decode limit"
LITELLM = "LiteLLM logger"
GOALS = (  # ours, its peer, goal: ours / peer (<=) or peer / ours (>=)
    (OURS, LIMIT, "<=", 1.5),
    (OURS, "mtail", ">=", 5.0),
    (OURS, "naive", ">=", 8.0),
    (OURS, LITELLM, ">=", 100.0),
    (TIER_0, LIMIT, "<=", 4.0),
    (TIER_0, "mtail", ">=", 1.5),
    (SCORED, LIMIT, "<=", 4.0),
)


def subjects(log: Path) -> dict[str, list[str]]:
    """Return the command of each subject for a log."""
    commands = {
        LIMIT: [sys.executable, str(HERE / "decode_limit.py"), str(log)],
        OURS: [*TOCSIN, "replay", "--format", "litellm", "--detectors", "none", str(log)],
        "tocsin, format auto": [*TOCSIN, "replay", "--detectors", "none", str(log)],
        TIER_0: [*TOCSIN, "replay", "--format", "litellm", "--detectors", "tier-0", str(log)],
        SCORED: [*TOCSIN, "replay", "--format", "litellm", str(log)],
        "naive": [sys.executable, str(HERE / "peer_naive.py"), str(log)],
    }
    mtail = external.find("mtail")
    if mtail:
        commands["mtail"] = [
            mtail, "--one_shot", "--one_shot_format=prometheus", "--progs", str(HERE / "peer.mtail"), "--logs", str(log),
        ]  # fmt: skip
    else:
        print("mtail: not found, skipped (Debian package mtail)", flush=True)
    return commands


def run(folder: Path, events: int) -> list[Figure]:
    """Measure both profiles; ``full`` has fewer events, so that both take about as long."""
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
    few = folder / f"{profile}-few.jsonl"
    with log.open("rb") as lines:
        few.write_bytes(b"".join(islice(lines, SCORED_EVENTS)))
    idle = {name: spent(command).user for name, command in subjects(one).items()}
    costs: dict[str, list[float]] = {}
    peak: dict[str, float] = {}

    def note(name: str, user: float, events: int) -> None:
        costs.setdefault(name, []).append((user - idle[name]) / (events - 1) * 1e6)
        print(f"  {name:22s} {costs[name][-1]:8.1f} us/event", flush=True)

    for number in range(ROUNDS):
        print(f"  round {number + 1}", flush=True)
        for name, command in subjects(log).items():
            if name == SCORED:
                note(name, spent(subjects(few)[name]).user, min(SCORED_EVENTS, count))
                continue
            result = spent(command)
            note(name, result.user, count)
            peak[name] = max(result.peak_mb, peak.get(name, 0.0))
        litellm = _litellm(log)
        if litellm is not None:
            costs.setdefault(LITELLM, []).append(litellm)
    return _figures(f"ingest {profile}", costs, peak)


def _litellm(log: Path) -> float | None:
    launcher = external.find("litellm")
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


def _figures(section: str, costs: dict[str, list[float]], peak: dict[str, float]) -> list[Figure]:
    """Return medians; a ratio is the median of the ratios within each round, so that varying load affects both sides.

    Each ratio to a peer is followed by that of decoding alone: no program with the same decoder can exceed it.
    """
    figures = [Figure(section, name, median(cost), "us/event") for name, cost in costs.items()]
    figures.append(Figure(section, "tocsin, peak memory", peak[OURS], "MB"))
    for ours, name, sign, bound in GOALS:
        if name not in costs or ours not in costs:
            continue
        upper, lower = (ours, name) if sign == "<=" else (name, ours)
        ratio = _ratio(costs, upper, lower)
        met = ratio <= bound if sign == "<=" else ratio >= bound
        figures.append(Figure(section, f"{upper} / {lower}", ratio, "x", f"{sign} {bound:g}", met))
        if ours == OURS and name != LIMIT:
            figures.append(Figure(section, f"{name} / {LIMIT}", _ratio(costs, name, LIMIT), "x"))
    return figures


def _ratio(costs: dict[str, list[float]], upper: str, lower: str) -> float:
    return median(a / b for a, b in zip(costs[upper], costs[lower], strict=False))
