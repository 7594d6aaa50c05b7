"""What a finding means on a route: an action for each finding, and one verdict for the text.

Detectors find; a ``Policy`` decides whether a finding is a violation, suspected, or ignored, and what the guard does
about it. Only here the text of a finding is read again, to recognise the operator's own addresses and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from tocsin.detectors.base import ARGUMENTS, HANDED_OVER, SUSPICION
from tocsin.finding import QUALITY, Finding

Action = Literal["violation", "suspected", "off"]
Verdict = Literal["allow", "review", "redact", "block"]

VERDICTS: Final[tuple[Verdict, ...]] = ("allow", "review", "redact", "block")
"""From the mildest to the strictest; a text gets the strictest verdict of its findings."""
REDACTED_KINDS: Final = frozenset({"pii", "secret", "policy"})
"""Kinds whose findings are values that a placeholder can replace."""

_SUSPECTED: Final = frozenset({"passport", "ip_address", "toxicity", "harmful", "injection"})
"""Kinds and types that the profile ``balanced`` leaves for review by a person."""
_ADDRESSES: Final = frozenset({"email", "phone"})
"""Types that are everyday arguments of tool calls, whose origin may not be in the input."""
_VALIDATED: Final = 0.7
"""A secret with a lower score is a plain word that a text calls a password: nothing confirms it."""


class Judged(msgspec.Struct, gc=False, frozen=True):
    """A finding and what it means."""

    finding: Finding
    action: Action
    verdict: Verdict

    @property
    def counts(self) -> bool:
        """True if it pages as a violation: neither an example nor echoed."""
        return self.action == "violation" and not self.finding.example and not self.finding.echoed


class Policy:
    """The rules of one entry of ``routes``: immutable, shared by every call that it matches.

    ``actions`` maps a kind or a type to an action, ``guard`` to a verdict; a type overrides its kind. An entry for a
    kind with both sure and doubtful types, such as ``pii``, applies to violations; one for a type to suspicions, too.
    """

    def __init__(
        self,
        profile: Literal["balanced", "strict"] = "balanced",
        actions: Mapping[str, Action] | None = None,
        guard: Mapping[str, Verdict] | None = None,
        own_domains: Iterable[str] = (),
        own_numbers: Iterable[str] = (),
    ) -> None:
        self._strict = profile == "strict"
        self._actions = dict(actions or {})
        self._guard = dict(guard or {})
        self._domains = tuple(domain.lower().lstrip("@.") for domain in own_domains)
        self._numbers = frozenset(filter(None, map(_digits, own_numbers)))
        self.off = frozenset(kind for kind, action in self._actions.items() if action == "off")
        """Names of detectors that need not run."""

    def judge(
        self, text: str, findings: Sequence[Finding], floor: float = SUSPICION, role: str = "assistant"
    ) -> list[Judged]:
        """Return each finding of at least ``floor`` with its action and verdict, except those that are off."""
        return [
            Judged(finding, action, self._verdict(finding, action, role))
            for finding in findings
            if finding.score >= floor and (action := self.action(finding, text, role)) != "off"
        ]

    def action(self, finding: Finding, text: str, role: str = "assistant") -> Action:
        """Return the action for a finding in ``text``; what users write is never a violation by the model."""
        action = self._action(finding, text, role)
        theirs = role not in HANDED_OVER and finding.kind != "injection"
        return "suspected" if action == "violation" and theirs else action

    def _action(self, finding: Finding, text: str, role: str) -> Action:
        chosen = self._actions.get(finding.type) or self._actions.get(finding.kind)
        if chosen is not None and chosen != "violation":
            return chosen
        if finding.kind == QUALITY:
            return chosen or "suspected"
        if finding.impersonal and not self._strict:
            return "suspected"
        if finding.type == "email" and self._is_own_address(text[finding.start : finding.end]):
            return "suspected"
        if finding.type == "phone" and self._numbers and self._is_own_number(text[finding.start : finding.end]):
            return "suspected"
        if chosen is not None or self._strict:
            return "violation"
        doubtful = finding.kind == "secret" and finding.score < _VALIDATED
        doubtful |= role == ARGUMENTS and finding.type in _ADDRESSES
        return "suspected" if doubtful or finding.type in _SUSPECTED or finding.kind in _SUSPECTED else "violation"

    def _verdict(self, finding: Finding, action: Action, role: str) -> Verdict:
        if finding.example or finding.echoed:
            return "allow"
        by_type, by_kind = self._guard.get(finding.type), self._guard.get(finding.kind)
        if action == "violation":
            return by_type or by_kind or "block"
        if finding.kind == QUALITY:
            return by_type or by_kind or "review"  # which delivers it
        if by_type is None and (finding.kind in _SUSPECTED or role not in HANDED_OVER or by_kind == "allow"):
            by_type = by_kind
        return by_type or "review"

    def _is_own_address(self, address: str) -> bool:
        domain = address.lower().rpartition("@")[2]
        return any(domain == own or domain.endswith("." + own) for own in self._domains)

    def _is_own_number(self, number: str) -> bool:
        digits = _digits(number)
        return any(digits.endswith(own[-9:]) and own.endswith(digits[-9:]) for own in self._numbers)


def verdict(judged: Iterable[Judged]) -> Verdict:
    """Return the strictest verdict; ``allow`` if nothing was found."""
    return strictest(item.verdict for item in judged)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the strictest of some verdicts; ``allow`` if there are none."""
    return max(verdicts, key=VERDICTS.index, default="allow")


def redact(text: str, findings: Iterable[Finding]) -> str:
    """Replace each finding by ``[TYPE]``; overlapping ones become one, named after the surer of them."""
    spans: list[tuple[int, int, Finding]] = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end)):
        if finding.end <= finding.start:
            continue
        if spans and finding.start < spans[-1][1]:
            start, end, known = spans[-1]
            surer = finding if finding.score > known.score else known
            spans[-1] = (start, max(end, finding.end), surer)
        else:
            spans.append((finding.start, finding.end, finding))
    out, position = [], 0
    for start, end, finding in spans:
        out += [text[position:start], f"[{finding.type.upper()}]"]
        position = end
    return "".join([*out, text[position:]])


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())
