"""CPU time, for what must not grow out of proportion to its input."""

import time
from collections.abc import Callable

TRIES = 3


def costs_at_most(seconds: float, work: Callable[[], object]) -> bool:
    """Return whether work can be done within some CPU time: disturbances of a measurement only add to it."""
    return any(_spent(work) <= seconds for _ in range(TRIES))


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
