"""The interface of a detector: a small class that reads a ``Subject`` and writes to a ``Report``.

Each has a cost tier (``TIERS``); ``detectors.max_tier`` limits the tiers that run on a route.
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
"""Cost of each detector. 0: runs behind gates that are matched in one pass, or reads the ends of a text; of the
question it only checks whether it contains a finding. 1: reads every word of most texts. 2: a model of tens of
milliseconds; ``topic`` with the embedder ``onnx`` is one, too.

``drift`` and ``detoxify`` are not run by a ``Scanner``, but are switched off with their tiers, too."""
MOST_TIER: Final = 2
NAMES_MAX: Final = 512
"""Maximum characters of a route, and of a model, that are stored: a client can send names as long as a body."""
ARGUMENTS: Final = "arguments"
"""The role of the arguments of tool calls: no person reads them, so their quality and wording are not judged."""
HANDED_OVER: Final = frozenset({"assistant", ARGUMENTS})
"""The roles of everything in an answer: all of it is searched for values."""
SUSPICION = 0.5
"""Findings of a lower score are listed only on request (``tocsin check --all``)."""


class Subject(msgspec.Struct, gc=False):
    """A text to judge, and what the caller knows about it. Empty and None mean "not known".

    What several detectors derive from a text is derived once, on first use, and shared: ``encoded``, ``lower`` and
    ``words``. These must not be modified.
    """

    text: str
    role: str = "assistant"
    """Who wrote it: ``assistant``, ``user``, ``document`` or ``tool``; ``ARGUMENTS``: those of a tool call."""
    route: str = ""
    question: str | None = None
    """The last message of the user."""
    input: Sequence[Message] = ()
    """The conversation: values that its user messages contain are echoed, not leaked."""
    context: Sequence[str] = ()
    """Passages on which the answer should be based."""
    system_prompt: str | None = None
    expect: Expectation | None = None
    terms: Sequence[str] = ()
    """Policy terms of this text only, in addition to the configured ones."""
    logprobs: Sequence[float] | None = None
    finish_reason: str | None = None
    _encoded: bytes | None = None
    _lower: str | None = None
    _words: Words | None = None

    def encoded(self) -> bytes:
        """Return the text in UTF-8, including invalid Unicode, for Hyperscan."""
        if self._encoded is None:
            self._encoded = self.text.encode("utf-8", "surrogatepass")
        return self._encoded

    def lower(self) -> str:
        """Return the text in lower case, with all characters at their positions."""
        if self._lower is None:
            self._lower = lowered(self.text)
        return self._lower

    def words(self) -> Words:
        """Return the words of the text."""
        if self._words is None:
            from tocsin.detectors.ngrams import words  # noqa: PLC0415 - numpy, which would slow down the start

            self._words = words(self.text)
        return self._words


class Report(msgspec.Struct, gc=False):
    """The results of all detectors for one subject."""

    findings: list[Finding] = []
    scores: dict[str, float | None] = {}
    """0..1 by name: ``toxicity``, ``topic``, ``support``, ``confidence``, ``quality``; None: judged, but unknown."""
    scanned: list[str] = []
    """Names of the detectors that ran. May be shared with other reports: never modify it in place."""
    outcomes: dict[str, bool] = {}
    """Results of pass-or-fail checks, by type (``format``, ``language``, ``numeric``): True if passed."""
    failed: list[str] = []
    """Names of detectors that raised: these are bugs, which must not affect other detectors."""
    capped: list[str] = []
    """Names of detectors that found more candidates than they may confirm, and so judged only a part of the text."""
    marks: set[str] = set()
    """Remarks that are neither good nor bad, such as ``fenced`` for JSON in a code fence."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A pattern whose match makes a detector run; the gates of all detectors are one Hyperscan database.

    Make it as cheap as possible and anchor it at the rarest literal: the detector confirms the match itself.
    The dialect is Hyperscan's: no look-around, no back-references; it is matched over UTF-8 bytes.
    """

    pattern: str
    ignore_case: bool = False
    confirm: Gate | None = None
    """A second pattern that must match, too, and is tried only if this one does: cheaper than the detector, but too
    expensive for every text."""


ALWAYS: Final = Gate("")
"""A gate of a detector that runs on every text, but needs to know which of its other gates fired."""


class Detector(Protocol):
    """One kind of judgement. Instances are immutable once constructed, and shared by all threads."""

    name: str
    """The name in ``scanned``, in metrics and in the configuration: a kind of ``finding.TYPES`` or a quality type."""
    tier: int
    roles: frozenset[str]
    """Roles of the texts that it judges."""
    gates: tuple[Gate, ...]
    """Empty: it runs on every text."""

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge a subject. ``fired`` are the indices of this detector's gates that matched, never empty with gates.

        Raises nothing, and takes time linear in the length of the text: candidates and bytes are capped.
        """
