"""One remark of ``tocsin config check``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """Something found: where, what and how to mend it."""

    where: str
    what: str
    wrong: bool = True
    """It keeps data away; else it is only worth knowing."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
