"""What detectors look things up in and need up to 40 ms to build: built once, at the start or when first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Built = TypeVar("Built")
BUILDERS: Final[list[Callable[[], object]]] = []


def built_once(build: Callable[[], Built]) -> _lru_cache_wrapper[Built]:
    """Keep what ``build`` returns, and have ``build_all`` call it; a decorator."""
    kept = cache(build)
    BUILDERS.append(kept)
    return kept


def build_all() -> None:
    """Build what is missing: the first text that needs it would hold up the event loop."""
    for build in BUILDERS:
        build()
