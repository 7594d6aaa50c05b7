"""A detector's finding in a text, and the kinds of findings.

A ``Finding`` contains only the position of the text found, never the text itself: what is logged, counted or stored
about it cannot leak it. Detectors find; ``detectors/verdicts.py`` decides what a finding means on a route.
"""

from __future__ import annotations

from typing import Final

import msgspec

SAFETY_KINDS: Final = (
    "pii", "secret", "policy", "toxicity", "harmful", "prompt_leak", "injection", "reported",
)  # fmt: skip
"""Kinds of the category safety; ``reported`` comes from a reviewer's feedback, never from a detector."""

QUALITY: Final = "quality"
"""The kind of every finding that is not about safety."""

TYPES: Final[dict[str, tuple[str, ...]]] = {
    "pii": ("email", "phone", "credit_card", "iban", "us_ssn", "ip_address", "passport"),
    "secret": ("secret",),
    "policy": ("policy",),
    "toxicity": ("toxic",),
    "harmful": ("harmful",),
    "prompt_leak": ("prompt_leak",),
    "injection": ("injection",),
    QUALITY: (
        "refusal", "capability_limit", "disclaimer", "repetition", "language", "format", "hedge", "numeric",
        "unsupported", "off_topic", "truncated", "confidence",
    ),
}  # fmt: skip
"""Types of findings by kind, as printed by ``tocsin check``."""

KINDS: Final = frozenset({*SAFETY_KINDS, QUALITY, *(name for names in TYPES.values() for name in names)})
"""Names allowed in ``routes[].detectors`` and ``routes[].guard``: kinds, and their types."""


class Finding(msgspec.Struct, gc=False, frozen=True):
    """One finding in a text, by position."""

    kind: str
    """One of SAFETY_KINDS, or ``quality``."""
    type: str
    """One of TYPES[kind]."""
    start: int
    """First character, counted in code points of the text."""
    end: int
    """Position after the last character."""
    score: float
    """Confidence 0..1, monotone: raising a threshold never adds findings."""
    example: bool = False
    """A reserved or documentation value (example.com, test cards): counted, never paged."""
    echoed: bool = False
    """Also in the caller's own input: not a leak; counted, never paged."""
    impersonal: bool = False
    """Belongs to a role or a company, not to a person (support@, a freephone number): suspected at most."""
