"""What a detector found in a text, and what that makes of a call.

A ``Finding`` never holds the text that was found, only where it stands: what is logged, counted or stored
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
"""Types of findings by kind, as ``tocsin check`` prints them."""

KINDS: Final = frozenset({*SAFETY_KINDS, QUALITY, *(name for names in TYPES.values() for name in names)})
"""What ``routes[].detectors`` and ``routes[].guard`` may name: kinds, and the types within them."""


class Finding(msgspec.Struct, gc=False, frozen=True):
    """One thing found in a text, by position."""

    kind: str
    """One of SAFETY_KINDS, or ``quality``."""
    type: str
    """One of TYPES[kind]."""
    start: int
    """First character, counted in code points of the text."""
    end: int
    """Behind the last character."""
    score: float
    """Confidence 0..1, monotone: raising a threshold over it never adds findings."""
    example: bool = False
    """A reserved or documentation value (example.com, test cards): counted, never paged."""
    echoed: bool = False
    """Stands in the caller's own input: not a leak; counted, never paged."""
    impersonal: bool = False
    """Belongs to a role or a company, not to a person (support@, a freephone number): suspected at most."""
