"""The judge: one set of detectors, and how the configuration classifies their findings on each route.

Ingest, guard, ``tocsin check`` and ``tocsin eval`` all use the same ``Judge``, so that they cannot disagree.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from tocsin.call import UNKNOWN, Expectation, expected_format
from tocsin.config import Config, ConfigError, Detectors, Expect, Match, Route
from tocsin.detectors.base import ARGUMENTS, MOST_TIER, NAMES_MAX, SUSPICION, TIERS, Detector, Report, Subject
from tocsin.detectors.built_once import build_all
from tocsin.detectors.format import UnusableError, compiled_pattern, compiled_schema
from tocsin.detectors.patterns import PatternError, Patterns
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.score import QualityScore
from tocsin.detectors.verdicts import Judged, Policy, Verdict, verdict
from tocsin.finding import QUALITY, SAFETY_KINDS, TYPES

if TYPE_CHECKING:
    from tocsin.detectors.embedding import Embedder
    from tocsin.detectors.registry import Knowledge

_POLICIES_MAX = 10_000
_LINEAR = "write it without look-around and back-references, which cost unbounded time"
_DEFAULT = Route(match=Match())
_ROLES: Final = ("assistant", ARGUMENTS, "user", "tool", "document")
_FIRST: Final = "Die Größe der Stadt — “déjà vu” — is what an answer of 2024-10-14 rests on, sorry, nothing else. " * 3
"""A synthetic warm-up text with non-ASCII letters, a date and a word that occurs in refusals."""
_PROMPT: Final = "You are the assistant of the city's archive; answer in “plain” words — name no source. " * 3


@dataclass(frozen=True, slots=True)
class RouteRules:
    """The configuration of judging the calls of one route."""

    policy: Policy
    off: frozenset[str] = frozenset()
    """Disabled detectors: switched off, or of a higher tier than ``max_tier``."""
    max_tier: int = MOST_TIER
    expect: Expectation | None = None
    """What is required of answers if the call itself requests nothing."""
    guarded: bool = False
    """True if the guard should scan the route's answers: coverage is counted."""
    quality_decides: bool = False
    """True if the guard may stop answers for poor quality; otherwise it skips quality detectors."""
    fail_closed: bool = False
    """Whether an overloaded guard refuses texts (True) or lets them pass (False)."""


class Opinion(msgspec.Struct, gc=False):
    """The findings in a text and how they are classified."""

    report: Report
    judged: list[Judged]

    @staticmethod
    def nothing() -> Opinion:
        """The opinion on a text that was not inspected."""
        return Opinion(Report(), [])

    @property
    def verdict(self) -> Verdict:
        """The strictest verdict of the findings; a text that was not read in full cannot be redacted and is blocked."""
        found = verdict(self.judged)
        return "block" if found == "redact" and self.report.capped else found


_UNSAMPLED: Final = frozenset({"format"})
"""Besides safety, the detectors that must be exact: they also check answers that are not scored."""


class _Instruments:
    """The detectors of a judge, grouped by how it uses them."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.scanner = Scanner(detectors)
        self._by_tier: dict[int, Scanner] = {}
        self.formats = Scanner([d for d in detectors if d.name == "format"])
        self.quality = frozenset(d.name for d in detectors if d.name not in SAFETY_KINDS)
        self.slow = frozenset(d.name for d in detectors if d.tier > 1)
        self.sampled = self.quality - _UNSAMPLED
        self.others = frozenset(d.name for d in detectors if d.name != "injection")
        self.has_injection = len(self.others) < len(detectors)

    def up_to(self, tier: int) -> Scanner:
        """Return the scanner of the detectors up to a tier: the fewer there are, the faster are their gates."""
        found = self._by_tier.get(tier)
        if found is None:
            few = [d for d in self.scanner.detectors if d.tier <= tier]
            found = self._by_tier[tier] = self.scanner if len(few) == len(self.scanner.detectors) else Scanner(few)
        return found


class Judge:
    """Judges texts by one configuration; a new configuration needs a new judge. Detectors are created on first use.

    Importing them takes about a second, creating and compiling them 30 ms, or more with many policy terms: ``warm``
    does it in advance, in any thread.
    """

    def __init__(
        self, config: Config, detectors: Sequence[Detector] | None = None, *, max_tier: int = MOST_TIER
    ) -> None:
        """Take the configuration; detectors of a tier above ``max_tier`` are disabled regardless of it.

        Raises:
            ConfigError: part of it is unusable, such as a schema or a pattern.
        """
        self._config = config
        self._entries = [
            (route, _rules(config, route, f"routes[{index}]", max_tier)) for index, route in enumerate(config.routes)
        ]
        self._default = _rules(config, _DEFAULT, "routes[]", max_tier)
        self._cache: dict[tuple[str, str], RouteRules] = {}
        self._making = threading.Lock()
        self._made: _Instruments | None = None
        if detectors is None:
            _check_knowledge(config)
        else:
            self._made = _Instruments(detectors)

    def warm(self) -> None:
        """Create all detectors and compile their gates now, so that the first answer does not block the event loop."""
        made = self._instruments()
        build_all()
        for tier in self._tiers():
            made.up_to(tier).warm(*_ROLES)
            for role in _ROLES:  # data that detectors load on first use
                made.up_to(tier).scan(Subject(_FIRST, role, question=_FIRST, system_prompt=_PROMPT), made.slow)

    def finds_attempts(self, rules: RouteRules) -> bool:
        """Return whether injections are detected on the route."""
        return "injection" not in rules.off and self._instruments().has_injection

    @property
    def in_use(self) -> list[Detector]:
        """The detectors whose tier is enabled on at least one route."""
        most = max(self._tiers())
        return [detector for detector in self.detectors if detector.tier <= most]

    def _tiers(self) -> set[int]:
        return {rules.max_tier for rules in (self._default, *(rules for _, rules in self._entries))}

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """All detectors, in the order in which they run."""
        return self._instruments().scanner.detectors

    def _instruments(self) -> _Instruments:
        if self._made is None:
            with self._making:
                if self._made is None:
                    self._made = _Instruments(_make(self._config))
        return self._made

    def rules(self, route: str, model: str = UNKNOWN) -> RouteRules:
        """Return the rules of a route and model: those of the first matching entry of ``routes``."""
        found = self._cache.get((route, model))
        if found is None:
            found = self._match(route, model)
            if len(self._cache) >= _POLICIES_MAX:  # a client can invent routes
                self._cache.clear()
            if len(route) + len(model) <= NAMES_MAX:
                self._cache[route, model] = found
        return found

    def judge(self, subject: Subject, rules: RouteRules, floor: float = SUSPICION) -> Opinion:
        """Judge a text by all detectors of its role."""
        return self._opinion(subject, rules, rules.off, floor)

    def judge_at_once(self, subject: Subject, rules: RouteRules) -> Opinion:
        """Judge a text that a client waits for: without detectors of tier 2, such as an embedding model."""
        return self._opinion(subject, rules, rules.off | self._instruments().slow)

    def judge_unsampled(self, subject: Subject, rules: RouteRules) -> Opinion:
        """Judge a text by the detectors that check every answer even if quality is sampled: safety and format."""
        return self._opinion(subject, rules, rules.off | self._instruments().sampled)

    def judge_for_delivery(self, subject: Subject, rules: RouteRules) -> Opinion:
        """Judge a text by the detectors that can affect its delivery: safety, and quality if the route says so."""
        off = rules.off if rules.quality_decides else rules.off | self._instruments().quality
        return self._opinion(subject, rules, off)

    def attempt(self, subject: Subject, rules: RouteRules) -> Opinion:
        """Judge a text of the input by the injection detector only."""
        return self._opinion(subject, rules, rules.off | self._instruments().others)

    def fits(self, text: str, schema: Any) -> bool | None:
        """Return whether a text is JSON that conforms to a JSON Schema; None: the schema is unusable."""
        subject = Subject(text, expect=Expectation("json_schema", schema))
        return self._instruments().formats.scan(subject).outcomes.get("format")

    def _opinion(
        self, subject: Subject, rules: RouteRules, off: frozenset[str], floor: float = SUSPICION
    ) -> Opinion:
        """Judge a text by the detectors that are not ``off``."""
        report = self._instruments().up_to(rules.max_tier).scan(subject, off)
        found = report.findings
        return Opinion(report, rules.policy.judge(subject.text, found, floor, subject.role) if found else [])

    def _match(self, route: str, model: str) -> RouteRules:
        for entry, rules in self._entries:
            if fnmatchcase(route, entry.match.route) and fnmatchcase(model, entry.match.model):
                return rules
        return self._default


def check(config: Config) -> None:
    """Compile everything that the configuration passes to detectors: schemas, patterns, weights, the embedder.

    Raises:
        ConfigError: naming the key and the fix.
    """
    for index, route in enumerate(config.routes):
        _rules(config, route, f"routes[{index}]")
    _check_knowledge(config)


def _check_knowledge(config: Config) -> None:
    """Raise the errors of ``_make`` without creating detectors that take nothing from the configuration."""
    policy_terms(config)
    if config.detectors.embedder != Detectors().embedder:
        _embedder(config)
    try:
        Patterns(config.detectors.policy_patterns)
    except PatternError as error:
        raise ConfigError(f"detectors.policy_patterns: {error}; {_LINEAR}") from None


def _make(config: Config) -> list[Detector]:
    from tocsin.detectors.registry import make  # noqa: PLC0415 - half a second of imports: a start does not wait

    return make(_knowledge(config))


def _knowledge(config: Config) -> Knowledge:
    from tocsin.detectors.registry import Knowledge  # noqa: PLC0415 - as above

    known = config.detectors
    weights: dict[str, Mapping[str, float]] = {}
    for route in config.routes:
        if route.weights or route.match.model == "*":  # the first match wins, even without weights
            weights.setdefault(route.match.route, route.weights)
    return Knowledge(policy_terms(config), weights, known.policy_patterns, _embedder(config), known.off_topic_below)


def _embedder(config: Config) -> Embedder:
    from tocsin.detectors.embedding import EmbedderError, embedder  # noqa: PLC0415 - numpy, as above

    folder = config.detectors.embedder_folder
    try:
        return embedder(config.detectors.embedder, None if folder is None else Path(folder))
    except EmbedderError as error:
        raise ConfigError(f"detectors.embedder: {error}") from None


def policy_terms(config: Config) -> tuple[str, ...]:
    """Return the configured policy terms, including those of the file.

    Raises:
        ConfigError: the file cannot be read.
    """
    path = config.detectors.policy_file
    lines: list[str] = []
    if path is not None:
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", "not UTF-8")
            raise ConfigError(f"detectors.policy_file: {path} cannot be read: {what}") from None
    terms = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return (*config.detectors.policy, *terms)


def _rules(config: Config, route: Route, where: str, most: int = MOST_TIER) -> RouteRules:
    try:
        QualityScore(route.weights)
    except ValueError as error:
        raise ConfigError(f"{where}.weights: {error}") from None
    known = config.detectors
    guard = {kind: cast("Verdict", word) for kind, word in route.guard.items() if kind != "on_overload"}
    policy = Policy(known.profile, route.detectors, guard, known.own_domains, known.own_numbers)
    closed = route.guard.get("on_overload") == "fail_closed"
    quality = {QUALITY, *TYPES[QUALITY]}
    chosen = known.max_tier if route.max_detector_tier is None else route.max_detector_tier
    _check_tier(route, chosen, where)
    tier = min(int(chosen), most)
    off = policy.off | {name for name, its_own in TIERS.items() if its_own > tier}
    decides = bool(quality & guard.keys()) or any(route.detectors.get(kind) == "violation" for kind in quality)
    expect = _expectation(route.expect, f"{where}.expect")
    return RouteRules(policy, off, tier, expect, bool(route.guard), decides, closed)


def _check_tier(route: Route, tier: int, where: str) -> None:
    """Reject settings of a route that need a detector disabled by its tier: they would have no effect."""
    asked = {f"detectors.{kind}": kind for kind, action in route.detectors.items() if action != "off"}
    asked |= {f"guard.{kind}": kind for kind, word in route.guard.items() if word != "allow"}
    if route.expect.language is not None:
        asked["expect.language"] = "language"
    for key, kind in asked.items():
        detector = _DETECTOR_OF.get(kind, kind)
        if TIERS.get(detector, 0) > tier:
            raise ConfigError(
                f"{where}.{key}: the detector {detector!r} is of tier {TIERS[detector]} and disabled; "
                f"set max_detector_tier: {TIERS[detector]} for this route, or remove the key"
            )


_DETECTOR_OF: Final = {
    **{name: kind for kind in SAFETY_KINDS if kind in TYPES for name in TYPES[kind]},
    "capability_limit": "refusal", "disclaimer": "refusal", "off_topic": "topic",
}  # fmt: skip
"""The detector of a type of finding, if its name differs."""


def merged(asked: Expectation | None, route: Expectation | None) -> Expectation | None:
    """Return what an answer is checked against: the call's expectation, completed by the route's."""
    if asked is None or route is None:
        return asked or route
    form = asked if asked.format is not None else route
    return Expectation(
        form.format, form.schema, form.pattern, asked.language or route.language, follow_question=route.follow_question
    )


def _expectation(expect: Expect, where: str) -> Expectation | None:
    schema: Any = expect.schema
    if expect.schema_file is not None:
        try:
            schema = msgspec.json.decode(Path(expect.schema_file).read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else f"not JSON: {error}"
            raise ConfigError(f"{where}.schema_file: {expect.schema_file}: {why}") from None
    wanted = expected_format(expect.format, schema, expect.pattern)
    key = "schema" if expect.schema_file is None else "schema_file"
    if wanted == "regex" and expect.pattern is None:
        raise ConfigError(f"{where}.pattern: format regex needs a pattern")
    if wanted == "json_schema" and schema is None:
        raise ConfigError(f"{where}.schema: format json_schema needs a schema or a schema_file")
    try:
        if schema is not None:
            compiled_schema(schema)
    except UnusableError as error:
        raise ConfigError(f"{where}.{key}: {error}; it must stand alone, without references elsewhere") from None
    try:
        if expect.pattern is not None:
            compiled_pattern(expect.pattern)
    except UnusableError as error:
        raise ConfigError(f"{where}.pattern: {error}; close its brackets, and {_LINEAR}") from None
    if wanted is None and expect.language is None and expect.follow_question:
        return None
    return Expectation(wanted, schema, expect.pattern, expect.language, follow_question=expect.follow_question)
