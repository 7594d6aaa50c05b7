"""Every detector by name: the one list that says which there are, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.detectors.base import Detector
from tocsin.detectors.pii import Pii
from tocsin.detectors.policy import Policy
from tocsin.detectors.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What detectors are told once, when they are made."""

    policy_terms: tuple[str, ...] = ()
    """Terms that no answer may hold."""


Factory = Callable[[Knowledge], Detector]

DETECTORS: dict[str, Factory] = {
    "pii": lambda _: Pii(),
    "secret": lambda _: Secrets(),
    "policy": lambda knowledge: Policy(knowledge.policy_terms),
}
"""The detectors that run on everything, by the word that configuration, metrics and ``scanned`` use."""


def make(knowledge: Knowledge) -> list[Detector]:
    """Make every detector, in the order in which they run."""
    return [factory(knowledge) for factory in DETECTORS.values()]
