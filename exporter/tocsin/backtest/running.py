"""Runs promtool in parallel, with one process per core."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tocsin.backtest import engine
from tocsin.backtest.rules import Plan, RunPlan

_LOOK = 0.05
"""Seconds between two checks of the running processes."""


def evaluate(
    plan: Plan, promtool: str, samples: engine.Samples, folder: Path, progress: Callable[[float], None]
) -> list[engine.Answer]:
    """Return the answers of all runs; ``progress`` is called with the share 0..1 of the work done.

    Runs that others wait for come first, then those with the most evaluations; runs that need no results of others do
    not wait.

    Raises:
        EngineError: promtool could not evaluate the rules.
    """
    waiting = [*plan.early, *sorted(plan.late, key=lambda run: -run.work)]
    running: list[tuple[RunPlan, Path, subprocess.Popen[bytes]]] = []
    answers: list[engine.Answer] = []
    recorded: engine.Recorded = {}
    work, done, missing = sum(run.work for run in waiting), 0.0, len(plan.early)
    try:
        while waiting or running:
            ready = [run for run in waiting if not (run.given and missing)]
            for run in ready[: (os.cpu_count() or 1) - len(running)]:
                waiting.remove(run)
                own = Path(tempfile.mkdtemp(dir=folder))
                running.append((run, own, engine.start(promtool, run, samples, recorded, own)))
            progress(done / work)
            for run, own, process in [each for each in running if each[2].poll() is not None]:
                running.remove((run, own, process))
                answer = engine.read(own / "out", run, process.returncode)
                shutil.rmtree(own)
                answers.append(answer)
                recorded |= answer.recorded
                missing -= run in plan.early
                done += run.work
            time.sleep(_LOOK)
    finally:
        for _, _, process in running:
            process.kill()
            process.wait()
    return answers
