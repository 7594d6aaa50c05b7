"""What every detector is: one small class that reads a ``Subject`` and writes to a ``Report``.

Each has a cost tier (``TIERS``), up to which a route may have its texts looked at: ``detectors.max_tier``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from tocsin.call import Expectation, Message
from tocsin.detectors.folding import lowered
from tocsin.finding import Finding

if TYPE_CHECKING:
    from tocsin.detectors.ngrams import Words

TIERS: Final[dict[str, int]] = {
    "pii": 0, "secret": 0, "policy": 0, "format": 0, "refusal": 0, "repetition": 0, "truncated": 0, "hedge": 0,
    "confidence": 0, "quality": 0,
    "injection": 1, "prompt_leak": 1, "toxicity": 1, "harmful": 1, "language": 1, "numeric": 1, "unsupported": 1,
    "topic": 1, "coherence": 1, "drift": 1,
    "detoxify": 2,
}  # fmt: skip
"""What a look costs, by detector. 0: behind gates that a text passes in one go, or at its ends; of what was asked it
reads at most whether a finding stands there. 1: reads every word of most texts. 2: a model of tens of milliseconds;
``topic`` with the embedder ``onnx`` is one as well.

``drift`` and ``detoxify`` are no detectors of a ``Scanner``, and rest with their tiers all the same."""
MOST_TIER: Final = 2
NAMES_MAX: Final = 512
"""Characters of a route, and a model with it, that are remembered: a client can invent names as long as a body."""
ARGUMENTS: Final = "arguments"
"""The role of what an answer hands to tools: nobody reads it, so it has no quality, and what it may hold is no text."""
HANDED_OVER: Final = frozenset({"assistant", ARGUMENTS})
"""The roles of all that leaves with an answer: values are looked for in them."""
SUSPICION = 0.5
"""Findings of a lower score are listed only on request (``tocsin check --all``)."""


class Subject(msgspec.Struct, gc=False):
    """A text to judge, and what the caller knows about it. Empty and None mean "not known".

    What several detectors make of a text is made once, when the first one asks, and shared: ``encoded``, ``lower``
    and ``words``. None of them may be changed.
    """

    text: str
    role: str = "assistant"
    """Who wrote it: ``assistant``, ``user``, ``document`` or ``tool``; ``ARGUMENTS``: an answer, to a tool."""
    route: str = ""
    question: str | None = None
    """What was asked: the last message of the user."""
    input: Sequence[Message] = ()
    """What the caller sent: values that stand in its user messages are echoed, not leaked."""
    context: Sequence[str] = ()
    """Passages that the answer should rest on."""
    system_prompt: str | None = None
    expect: Expectation | None = None
    terms: Sequence[str] = ()
    """Policy terms of this one text, beside the configured ones."""
    logprobs: Sequence[float] | None = None
    finish_reason: str | None = None
    _encoded: bytes | None = None
    _lower: str | None = None
    _words: Words | None = None

    def encoded(self) -> bytes:
        """Return the text in UTF-8, what is not valid Unicode included: what Hyperscan reads."""
        if self._encoded is None:
            self._encoded = self.text.encode("utf-8", "surrogatepass")
        return self._encoded

    def lower(self) -> str:
        """Return the text in lower case, each character at its place."""
        if self._lower is None:
            self._lower = lowered(self.text)
        return self._lower

    def words(self) -> Words:
        """Return the words of the text."""
        if self._words is None:
            from tocsin.detectors.ngrams import words  # noqa: PLC0415 - numpy: a start does not wait for it

            self._words = words(self.text)
        return self._words


class Report(msgspec.Struct, gc=False):
    """What the detectors say of one subject."""

    findings: list[Finding] = []
    scores: dict[str, float | None] = {}
    """0..1 by name: ``toxicity``, ``topic``, ``support``, ``confidence``, ``quality``; None: asked, not known."""
    scanned: list[str] = []
    """Names of the detectors that ran. May be shared with other reports: never to be changed in place."""
    outcomes: dict[str, bool] = {}
    """Yes-or-no checks that were made, by type (``format``, ``language``, ``numeric``): True when passed."""
    failed: list[str] = []
    """Names of detectors that raised: defects, which must not take others with them."""
    capped: list[str] = []
    """Names of detectors that met more candidates than they may confirm: they saw a part of the text."""
    marks: set[str] = set()
    """Outcomes that are neither good nor bad, as ``fenced`` for JSON in a code fence."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A pattern that makes a detector worth running; all gates of all detectors are one Hyperscan database.

    Write it as cheap as it can be and anchor it at the rarest literal: the detector confirms the position itself.
    The dialect is Hyperscan's: no look-around, no back-references; it is matched over UTF-8 bytes.
    """

    pattern: str
    ignore_case: bool = False
    confirm: Gate | None = None
    """What must match too, and is asked only of the texts in which this one does: it is too dear for every text, though
    not as dear as the detector."""


ALWAYS: Final = Gate("")
"""Among the gates of a detector that runs on every text, and wants to know which of the others fired."""


class Detector(Protocol):
    """One kind of judgement. Instances are immutable after their making and shared by all threads."""

    name: str
    """The word in ``scanned``, in metrics and in the configuration: a kind of ``finding.TYPES`` or a quality type."""
    tier: int
    roles: frozenset[str]
    """Roles of text that it judges."""
    gates: tuple[Gate, ...]
    """Empty: it runs on every text."""

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge a subject. ``fired`` are the indices of this detector's gates that matched, never empty with gates.

        Raises nothing, and is linear in the length of the text: candidates and bytes are capped.
        """
