"""Root tasks: named, kept, watched.

A task without a reference may be garbage-collected while it runs, and a task that dies silently is the worst failure of
a pager. So no other module calls ``asyncio.create_task``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Literal

log = logging.getLogger(__name__)
_kept: set[asyncio.Task[Any]] = set()


def spawn(
    work: Coroutine[Any, Any, Any], *, name: str, on_failure: Callable[[BaseException], None] | None = None
) -> asyncio.Task[Any]:
    """Start a root task; if it fails, log it and call ``on_failure``."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _kept.add(task)

    def done(finished: asyncio.Task[Any]) -> None:
        _kept.discard(finished)
        if finished.cancelled():
            return
        error = finished.exception()
        if error is not None:
            log.error("task %s failed: %s", name, type(error).__name__, exc_info=error)
            if on_failure is not None:
                on_failure(error)

    task.add_done_callback(done)
    return task


class OnDemand(asyncio.Event):
    """An event that is triggered by the first task that waits for it."""

    def __init__(self, bring: Callable[[], Coroutine[Any, Any, Any]], *, name: str) -> None:
        super().__init__()
        self._bring = bring
        self._name = name
        self._bringing: asyncio.Task[Any] | None = None

    @property
    def is_wanted(self) -> bool:
        """True once a task has waited for it."""
        return self._bringing is not None

    async def wait(self) -> Literal[True]:
        """Return once the work is done. Raises the error of ``bring``, which is run once."""
        if not self.is_set():
            if self._bringing is None:
                self._bringing = spawn(self._bring(), name=self._name)
            await asyncio.shield(self._bringing)
            self.set()
        return True
