"""CPU time, for what must not grow out of proportion to its input."""

import time
from collections.abc import Callable

TRIES = 3


def costs_at_most(seconds: float, work: Callable[[], object]) -> bool:
    """Tell whether work can be done within so much CPU time: whatever disturbs a measurement only adds to it."""
    return any(_spent(work) <= seconds for _ in range(TRIES))


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
