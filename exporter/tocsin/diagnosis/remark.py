"""One remark of ``tocsin config check``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding: where, what, and how to fix it."""

    where: str
    what: str
    wrong: bool = True
    """True if it prevents data; otherwise it is information."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
