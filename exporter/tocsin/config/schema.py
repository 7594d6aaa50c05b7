"""The settings: every key with its default, unit and effect."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

THRESHOLDS = (
    "outage.availability", "outage.minimumCalls", "quality.dropRatio", "quality.ticketDropRatio",
    "quality.minimumCalls", "format.minimumRatio", "format.resolveRatio", "cost.usdPerHour", "cost.fastUsdPerHour",
    "cost.ceilingPerHour", "tokens.outlierFactor", "outage.refusedRatio", "quality.emptyRatio",
    "outage.trafficGonePage", "quality.inputPsi", "quality.languageRatio", "quality.lowConfidenceRatio",
    "quality.offTopicRatio", "quality.repetitionRatio", "quality.truncationRatio",
    "safety.blockedRatio", "safety.injectionRatio", "safety.suspectedRatio",
    "exporter.lateRatio", "exporter.unscoredRatio",
)  # fmt: skip
"""Thresholds that a route may set: all that rules evaluate by route, and FOR_ALL_ROUTES, which have no effect for
one."""
FOR_ALL_ROUTES = (
    "outage.availability", "outage.minimumCalls", "cost.usdPerHour", "cost.fastUsdPerHour", "cost.ceilingPerHour",
)  # fmt: skip
"""Those that no rule evaluates by route: outages are judged by provider and model, cost over all spending."""

FormatWord = Literal["auto", "litellm", "openai", "anthropic", "native", "feedback", "otlp"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A mapping in which unknown keys are errors."""


class Files(Strict, frozen=True):
    """A set of log files."""

    paths: tuple[str, ...]
    """Paths or globs; new matches are found while running."""
    format: FormatWord = "auto"
    start_at: Literal["beginning", "end"] = "beginning"
    """Where reading begins in a file seen for the first time."""


class Inputs(Strict, frozen=True):
    """Where records come from, besides the webhook."""

    files: tuple[Files, ...] = ()


class Storage(Strict, frozen=True):
    """Where state and spool are stored."""

    path: str | None = None
    """Directory; None is ``$XDG_STATE_HOME/tocsin``. The image sets /var/lib/tocsin."""


class Auth(Strict, frozen=True):
    """One authentication method; a request needs to pass any one of them."""

    scheme: Literal["bearer", "basic", "standard_webhooks", "github", "helicone", "langfuse"]
    secret_file: str
    """File with the secret; several lines are several secrets, for rotation."""
    username: str | None = None
    """For ``basic``."""


class Ingest(Strict, frozen=True):
    """The webhook listener."""

    listen_address: str = "127.0.0.1:9878"
    """host:port; empty: disabled. A non-loopback address needs ``auth``."""
    max_body_bytes: int = 64 << 20
    """Larger bodies are refused with 413. LiteLLM's default batch is 7.8 MB."""
    auth: tuple[Auth, ...] = ()
    spool_max_bytes: int = 4 << 30
    """A full spool answers 503 instead of filling the disk."""
    spool_key_file: str | None = None
    """Key that encrypts the spool at rest (extra ``encryption``)."""
    web_config_file: str | None = None
    """TLS of this listener, in the form of ``--web.config.file``."""


class Price(Strict, frozen=True):
    """US dollars per million tokens of a model; provider and model may be patterns."""

    model: str
    provider: str = "*"
    input: float = 0.0
    output: float = 0.0
    cache_read: float | None = None
    """None: the price of input."""
    cache_write: float | None = None


class Consumers(Strict, frozen=True):
    """The top consumers in ``llm_consumer_tokens_total``."""

    top: int = 20
    """Number of consumers with their own series; the rest is ``other``."""
    hash_key_file: str | None = None
    """Key of the hash; None: generated and kept in the state. Replicas need a common key."""


class TokensPerHour(Strict, frozen=True):
    """Limits whose breach is counted; Tocsin is not in the request path and cannot refuse."""

    user: int | None = None
    session: int | None = None


class Limits(Strict, frozen=True):
    """Limits of the input."""

    max_line_bytes: int = 9 << 20
    """A longer line is skipped and counted."""
    tokens_per_hour: TokensPerHour = TokensPerHour()


class Probe(Strict, frozen=True):
    """A scheduled request to a provider's own URL: ``llm_provider_up``."""

    provider: str
    url: str
    interval_s: float = 30.0


class Series(Strict, frozen=True):
    """The limit on series."""

    max: int = 20_000
    """Above it, histograms fold to their route first, then label values to ``other``."""


class Match(Strict, frozen=True):
    """Which calls a route entry applies to; patterns."""

    route: str = "*"
    model: str = "*"


class Expect(Strict, frozen=True):
    """Requirements on answers of a route; those of the call itself take precedence."""

    format: Literal["json", "json_schema", "regex", "text"] | None = None
    schema: Any = None
    schema_file: str | None = None
    """JSON file with the schema."""
    pattern: str | None = None
    """Linear-time dialect: no look-around, no back-references."""
    language: str | None = None
    """ISO 639-1 code."""
    follow_question: bool = True
    """Without a configured language, answers should be in the question's."""


class Detectors(Strict, frozen=True):
    """What counts as a violation by default, and the organisation's own data."""

    profile: Literal["balanced", "strict"] = "balanced"
    """``strict``: every kind of finding is a violation."""
    own_domains: tuple[str, ...] = ()
    """Email addresses of these domains and their subdomains are suspected, never violations."""
    own_numbers: tuple[str, ...] = ()
    """The organisation's phone numbers, in any notation."""
    policy: tuple[str, ...] = ()
    """Terms that no answer may contain."""
    policy_file: str | None = None
    """File of further terms, one per line; # begins a comment."""
    policy_patterns: tuple[str, ...] = ()
    """Patterns that no answer may match: Hyperscan's dialect, without look-around and back-references."""
    embedder: Literal["hashed", "wordllama", "onnx"] = "hashed"
    """Measures the similarity of answer and question; the latter two need the extra ``embeddings``."""
    embedder_folder: str | None = None
    """Folder with ``model.onnx`` and ``tokenizer.json`` for ``onnx``. It takes 15 to 70 ms of the ingest path per
    answer with a question: lower ``sample`` with it. The guard does not use it."""
    off_topic_below: float | None = None
    """Similarity below which an answer is off topic; None: 0.022 with ``hashed``, otherwise nothing is called off
    topic."""
    max_tier: Literal[0, 1, 2] = 2
    """Detectors of a higher cost tier are disabled: 0 keeps those behind gates (personal data, secrets, policy, format,
    refusals, loops), 1 adds all that read every word, 2 models. ``docs/sizing.md`` has the tiers and their cost."""
    sample: float = 1.0
    """Share 0..1 of answers whose quality is judged; the others count as unscored, ``sampled_out``. Safety, format and
    injections are checked in all."""
    detoxify: str | None = None
    """Folder of a mounted Detoxify model (extra ``detoxify``); None: only the light toxicity detector."""
    sample_slow: float = 0.01
    """Share 0..1 of answers that slow detectors (Detoxify) check, in a worker."""


class Route(Strict, frozen=True):
    """Settings of a route; the first match wins."""

    match: Match
    owner: str = ""
    tier: str = "prod"
    """``prod`` pages; anything else creates tickets."""
    traffic: Literal["live", "eval", "test"] = "live"
    thresholds: dict[str, float] = {}
    """By key of ``THRESHOLDS``; a share of 1, which nothing exceeds, turns such an alert off."""
    expect: Expect = Expect()
    detectors: dict[str, Literal["violation", "suspected", "off"]] = {}
    """By kind or type of finding (contracts: ``pii``, ``toxicity``, ``email``, ``format``, ..)."""
    max_detector_tier: Literal[0, 1, 2] | None = None
    """``detectors.max_tier`` of this route."""
    guard: dict[str, Literal["allow", "redact", "block", "review", "fail_open", "fail_closed"]] = {}
    """What the guard does about violations, by kind or type; ``on_overload: fail_open | fail_closed``."""
    weights: dict[str, float] = {}
    """Weights 0..1 of components of the composite quality score (``exporter/QUALITY.md``)."""
    baseline: str = ""
    """A new id accepts a new baseline."""


class Declared(Strict, frozen=True):
    """Intentional gaps: shown as such, never an alert."""

    content: Literal["on", "off"] = "on"
    price: dict[str, float] = {}
    usage: dict[str, Literal["none"]] = {}


class Config(Strict, frozen=True):
    """The configuration; every key has a default."""

    inputs: Inputs = Inputs()
    storage: Storage = Storage()
    ingest: Ingest = Ingest()
    prices: tuple[Price, ...] = ()
    extra_labels: tuple[str, ...] = ()
    consumers: Consumers = Consumers()
    limits: Limits = Limits()
    probes: tuple[Probe, ...] = ()
    series: Series = Series()
    routes: tuple[Route, ...] = ()
    detectors: Detectors = Detectors()
    declared: Declared = Declared()
