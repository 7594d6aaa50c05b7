"""Lookup tables of detectors that take up to 40 ms to build: built once, at the start or on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Built = TypeVar("Built")
BUILDERS: Final[list[Callable[[], object]]] = []


def built_once(build: Callable[[], Built]) -> _lru_cache_wrapper[Built]:
    """A decorator: caches what ``build`` returns, and registers it for ``build_all``."""
    cached = cache(build)
    BUILDERS.append(cached)
    return cached


def build_all() -> None:
    """Build all tables that are missing: the first text that needs one would block the event loop."""
    for build in BUILDERS:
        build()
