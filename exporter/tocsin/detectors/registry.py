"""All detectors by name, and how each is constructed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.detectors.base import Detector
from tocsin.detectors.coherence import CoherenceDetector
from tocsin.detectors.confidence import ConfidenceDetector
from tocsin.detectors.embedding import Embedder
from tocsin.detectors.format import FormatDetector
from tocsin.detectors.harmful import Harmful
from tocsin.detectors.hedge import HedgeDetector
from tocsin.detectors.injection import Injection
from tocsin.detectors.language import LanguageDetector
from tocsin.detectors.numeric import NumericDetector
from tocsin.detectors.pii import Pii
from tocsin.detectors.policy import Policy
from tocsin.detectors.prompt_leak import PromptLeak
from tocsin.detectors.refusal import RefusalDetector
from tocsin.detectors.repetition import RepetitionDetector
from tocsin.detectors.score import QualityScore
from tocsin.detectors.secrets import Secrets
from tocsin.detectors.topic import TopicDetector
from tocsin.detectors.toxicity import Toxicity
from tocsin.detectors.truncation import TruncationDetector
from tocsin.detectors.unsupported import UnsupportedDetector


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Configuration that detectors are constructed with."""

    policy_terms: tuple[str, ...] = ()
    """Terms that no answer may contain."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Weights of the quality score by route pattern."""
    policy_patterns: tuple[str, ...] = ()
    """Patterns that no answer may match, in Hyperscan's dialect."""
    embedder: Embedder | None = None
    """None: the hashed one."""
    off_topic_below: float | None = None


Factory = Callable[[Knowledge], Detector]

DETECTORS: dict[str, Factory] = {
    "pii": lambda _: Pii(),
    "secret": lambda _: Secrets(),
    "policy": lambda knowledge: Policy(knowledge.policy_terms, knowledge.policy_patterns),
    "injection": lambda _: Injection(),
    "prompt_leak": lambda _: PromptLeak(),
    "toxicity": lambda _: Toxicity(),
    "harmful": lambda _: Harmful(),
    "format": lambda _: FormatDetector(),
    "refusal": lambda _: RefusalDetector(),
    "repetition": lambda _: RepetitionDetector(),
    "truncated": lambda _: TruncationDetector(),
    "language": lambda _: LanguageDetector(),
    "hedge": lambda _: HedgeDetector(),
    "confidence": lambda _: ConfidenceDetector(),
    "numeric": lambda _: NumericDetector(),
    "unsupported": lambda _: UnsupportedDetector(),
    "topic": lambda knowledge: TopicDetector(knowledge.embedder, off_topic_below=knowledge.off_topic_below),
    "coherence": lambda _: CoherenceDetector(),
    "quality": lambda knowledge: QualityScore(routes=knowledge.weights),  # last: it reads the results of the others
}
"""Detectors by their name in the configuration, in metrics and in ``scanned``."""


def make(knowledge: Knowledge) -> list[Detector]:
    """Construct all detectors, in the order in which they run."""
    return [factory(knowledge) for factory in DETECTORS.values()]
