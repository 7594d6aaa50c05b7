"""The configuration: one YAML file, checked in full before anything starts."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from tocsin.finding import KINDS
from tocsin.yamlfile import ConfigError as ConfigError  # noqa: PLC0414 - exported: it is what this module raises
from tocsin.yamlfile import decode, meant

PROBES_MAX = 50
MODELS = 2
"""Cost tier of detectors that are models."""
TAKEN_LABELS = frozenset({
    "provider", "model", "route", "le", "job", "instance", "delivered", "echoed", "example", "fingerprint", "kind",
    "reason", "requested", "role", "scorer", "served", "signal", "source",
})  # fmt: skip
"""Labels of what is counted by call, and Prometheus' own: a name that stands twice makes a page that none scrapes."""
THRESHOLDS = (
    "outage.availability", "outage.minimumCalls", "quality.dropRatio", "quality.ticketDropRatio",
    "quality.minimumCalls", "format.minimumRatio", "format.resolveRatio", "cost.usdPerHour", "cost.fastUsdPerHour",
    "cost.ceilingPerHour", "tokens.outlierFactor", "outage.refusedRatio",
    "outage.trafficGonePage", "quality.inputPsi", "quality.languageRatio", "quality.lowConfidenceRatio",
    "quality.offTopicRatio", "quality.repetitionRatio", "quality.truncationRatio",
    "safety.blockedRatio", "safety.injectionRatio", "safety.suspectedRatio",
    "exporter.lateRatio", "exporter.unscoredRatio",
)  # fmt: skip
"""What a route may set: all that rules look for by route, and FOR_ALL_ROUTES, which have no effect for one."""
FOR_ALL_ROUTES = (
    "outage.availability", "outage.minimumCalls", "cost.usdPerHour", "cost.fastUsdPerHour", "cost.ceilingPerHour",
)  # fmt: skip
"""Those that no rule looks for by route: outages are judged by provider and model, spending of all that is spent."""

FormatWord = Literal["auto", "litellm", "openai", "anthropic", "native", "feedback"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A mapping whose unknown keys are errors."""


class Files(Strict, frozen=True):
    """A set of log files."""

    paths: tuple[str, ...]
    """Paths or globs; what appears later is found while running."""
    format: FormatWord = "auto"
    start_at: Literal["beginning", "end"] = "beginning"
    """Where a file seen for the first time is read from."""


class Inputs(Strict, frozen=True):
    """Where records come from, beside the webhook."""

    files: tuple[Files, ...] = ()


class Storage(Strict, frozen=True):
    """Where state and spool are kept."""

    path: str | None = None
    """Directory; None is ``$XDG_STATE_HOME/tocsin``. The image sets /var/lib/tocsin."""


class Auth(Strict, frozen=True):
    """One way for a sender to prove itself; any one that verifies is enough."""

    scheme: Literal["bearer", "basic", "standard_webhooks", "github", "helicone", "langfuse"]
    secret_file: str
    """File with the secret; several lines are several secrets, for rotation."""
    username: str | None = None
    """For ``basic``."""


class Ingest(Strict, frozen=True):
    """The webhook listener."""

    listen_address: str = "127.0.0.1:9878"
    """host:port; empty for none. Off loopback it needs ``auth``."""
    max_body_bytes: int = 64 << 20
    """A larger body is refused with 413. LiteLLM's default batch is 7.8 MB."""
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
    """How many get a series; the rest is ``other``."""
    hash_key_file: str | None = None
    """Key of the hash; None: made once and kept in the state. Replicas need one key."""


class TokensPerHour(Strict, frozen=True):
    """Limits whose breach is counted; Tocsin is not in the request path and cannot refuse."""

    user: int | None = None
    session: int | None = None


class Limits(Strict, frozen=True):
    """Bounds on what is read."""

    max_line_bytes: int = 9 << 20
    """A longer line is skipped and counted."""
    tokens_per_hour: TokensPerHour = TokensPerHour()


class Probe(Strict, frozen=True):
    """A request to a provider's own URL on a schedule: ``llm_provider_up``."""

    provider: str
    url: str
    interval_s: float = 30.0


class Series(Strict, frozen=True):
    """The bound on series."""

    max: int = 20_000
    """Histograms fold to their route first, then label values to ``other``."""


class Match(Strict, frozen=True):
    """Which calls a route entry is for; patterns."""

    route: str = "*"
    model: str = "*"


class Expect(Strict, frozen=True):
    """What answers of a route must be; what the call itself asked for wins."""

    format: Literal["json", "json_schema", "regex", "text"] | None = None
    schema: Any = None
    schema_file: str | None = None
    """JSON file with the schema."""
    pattern: str | None = None
    """Linear-time dialect: no look-around, no back-references."""
    language: str | None = None
    """ISO 639-1 code."""
    follow_question: bool = True
    """Where no language is named, answers should be in the question's."""


class Detectors(Strict, frozen=True):
    """What a violation is by default, and what is known of the house."""

    profile: Literal["balanced", "strict"] = "balanced"
    """``strict``: every kind of finding is a violation."""
    own_domains: tuple[str, ...] = ()
    """Mail addresses of these domains and their subdomains are suspected, never violations."""
    own_numbers: tuple[str, ...] = ()
    """Phone numbers of the house, in any notation."""
    policy: tuple[str, ...] = ()
    """Terms that no answer may hold."""
    policy_file: str | None = None
    """More of them, one a line; # begins a comment."""
    policy_patterns: tuple[str, ...] = ()
    """Patterns that no answer may match: Hyperscan's dialect, without look-around and back-references."""
    embedder: Literal["hashed", "wordllama", "onnx"] = "hashed"
    """What tells how near an answer is to its question; the latter two need the extra ``embeddings``."""
    embedder_folder: str | None = None
    """``model.onnx`` and ``tokenizer.json`` for ``onnx``. It takes 15 to 70 ms of the ingest path for each answer
    with a question: lower ``sample`` with it. The guard does without."""
    off_topic_below: float | None = None
    """Similarity under which an answer is off topic; None: 0.022 with ``hashed``, else nothing is called off topic."""
    max_tier: Literal[0, 1, 2] = 2
    """Detectors of a higher cost tier rest: 0 leaves those behind gates (personal data, secrets, policy, format,
    refusals, loops), 1 adds all that read every word, 2 models. ``docs/sizing.md`` has the tiers and their cost."""
    sample: float = 1.0
    """Share 0..1 of answers whose quality is judged; the others count as unscored, ``sampled_out``. Safety, format and
    injections see all."""
    detoxify: str | None = None
    """Folder of a mounted Detoxify model (extra ``detoxify``); None: the light judge of toxicity alone."""
    sample_slow: float = 0.01
    """Share 0..1 of answers that slow detectors (Detoxify) see, in a worker."""


class Route(Strict, frozen=True):
    """What is expected of a route; the first match wins."""

    match: Match
    owner: str = ""
    tier: str = "prod"
    """``prod`` pages; anything else makes tickets."""
    traffic: Literal["live", "eval", "test"] = "live"
    thresholds: dict[str, float] = {}
    """By key of ``THRESHOLDS``; nothing is over a share of 1, which turns such an alert off."""
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
    """Gaps by choice: shown as such, never an alert."""

    content: Literal["on", "off"] = "on"
    price: dict[str, float] = {}
    usage: dict[str, Literal["none"]] = {}


class Config(Strict, frozen=True):
    """Everything that can be configured; every key has a default."""

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


def load(path: str | Path | None) -> Config:
    """Read and check a configuration file; None gives the defaults.

    Raises:
        ConfigError: with file, key and mend.
    """
    if path is None:
        return Config()
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return parse(raw, Path(path).parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(raw: bytes, folder: Path | None = None) -> Config:
    """Check the text of a configuration; ``folder`` is where it lies.

    Raises:
        ConfigError: with key and mend.
    """
    config = decode(raw, Config, folder)
    _check_values(config)
    return config


def storage_path(argument: str | None, config: Config) -> Path:
    """Return the directory of state and spool: flag, file, then the XDG default."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(argument or config.storage.path or Path(home) / "tocsin")


def read_secrets(key: str, path: str) -> list[bytes]:
    """Return the secrets of a file, one a line: several are for rotation. ``key`` is what names the file.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    try:
        lines = [line.rstrip(b"\r") for line in Path(path).read_bytes().split(b"\n")]
    except (OSError, ValueError) as error:
        file = f"{path}: " if "/" in path else ""  # else it may be the secret itself, which no log shall hold
        what = getattr(error, "strerror", None) or "no name of a file"
        raise ConfigError(f"{key}: {file}cannot be read: {what}; name a file that holds the secret") from None
    secrets = [line for line in lines if line.strip()]
    if not secrets:
        raise ConfigError(f"{key}: {path}: the secret file is empty")
    return secrets


def show(config: Config) -> str:
    """Return the effective configuration as YAML; secrets are files, and what a probe's address may hold is masked."""
    tree = msgspec.to_builtins(config)
    for probe in tree["probes"]:
        probe["url"] = re.sub(r"(?<=//)[^/@]*(?=@)|(?<==)[^&#]+", "<secret>", probe["url"])
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _check_values(config: Config) -> None:
    _check_labels_and_series(config)
    _check_amounts(config)
    for index, route in enumerate(config.routes):
        _check_thresholds(route, f"routes[{index}]")
        _check_kinds(route, f"routes[{index}]")
    _check_probes(config.probes)
    _check_detectors(config)
    for index, auth in enumerate(config.ingest.auth):
        if auth.scheme == "basic" and not auth.username:
            raise ConfigError(f"ingest.auth[{index}].username: basic authentication needs one")


def _check_labels_and_series(config: Config) -> None:
    if len(config.extra_labels) > 3:
        raise ConfigError(f"extra_labels: at most three, {len(config.extra_labels)} given")
    for name in config.extra_labels:
        if name in TAKEN_LABELS or name.startswith("__"):
            raise ConfigError(f"extra_labels: {name!r} is a label already; take it out")
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            raise ConfigError(f"extra_labels: {name!r} cannot be a label name; use small letters, digits and _")
    if config.series.max < 1000:
        raise ConfigError("series.max: below 1000 nothing can be told apart; raise it")
    if not 0 <= config.consumers.top <= config.series.max // 20:
        raise ConfigError(f"consumers.top: between 0 and {config.series.max // 20}, a twentieth of series.max")


def _check_amounts(config: Config) -> None:
    """Refuse numbers that would make counters fall or limits that nothing can keep."""
    for index, price in enumerate(config.prices):
        for name in ("input", "output", "cache_read", "cache_write"):
            dollars = getattr(price, name)
            if dollars is not None and not 0 <= dollars < math.inf:
                raise ConfigError(f"prices[{index}].{name}: {dollars}: US dollars per million tokens, 0 or more")
    for name in ("user", "session"):
        tokens = getattr(config.limits.tokens_per_hour, name)
        if tokens is not None and tokens < 1:
            raise ConfigError(f"limits.tokens_per_hour.{name}: {tokens}: at least 1; null is no limit")
    for block, name in (("ingest", "max_body_bytes"), ("ingest", "spool_max_bytes"), ("limits", "max_line_bytes")):
        if getattr(getattr(config, block), name) < 1024:
            raise ConfigError(f"{block}.{name}: below 1024 no event fits; raise it")


def _check_thresholds(route: Route, where: str) -> None:
    for name, value in route.thresholds.items():
        here = f"{where}.thresholds.{name}"
        if name not in THRESHOLDS:
            raise ConfigError(f"{here}: unknown threshold; {meant(name, THRESHOLDS)}")
        share = name.endswith(("Ratio", "availability"))
        if not (0 < value <= 1 if share else 0 < value < math.inf):
            raise ConfigError(f"{here}: {value}: {'a share between 0 and 1' if share else 'a number above 0'}")


def _check_kinds(route: Route, where: str) -> None:
    for block, known in (("detectors", sorted(KINDS)), ("guard", [*sorted(KINDS), "on_overload"])):
        for name, value in getattr(route, block).items():
            here = f"{where}.{block}.{name}"
            if name not in known:
                raise ConfigError(f"{here}: unknown kind of finding; {meant(name, known)}")
            if (name == "on_overload") != value.startswith("fail_"):
                words = "fail_open or fail_closed" if name == "on_overload" else "allow, redact, block or review"
                raise ConfigError(f"{here}: {value!r} does not fit; {words}")


def _check_probes(probes: Sequence[Probe]) -> None:
    if len(probes) > PROBES_MAX:
        raise ConfigError(f"probes: at most {PROBES_MAX}, {len(probes)} given")
    for index, probe in enumerate(probes):
        if not re.match(r"https?://[^/\s]", probe.url):
            raise ConfigError(f"probes[{index}].url: give an address that begins with https:// or http://")
        if not 1 <= probe.interval_s <= 3600:
            raise ConfigError(f"probes[{index}].interval_s: between 1 and 3600 seconds")


def _check_detectors(config: Config) -> None:
    detectors = config.detectors
    for name in ("sample", "sample_slow", "off_topic_below"):
        share = getattr(detectors, name)
        if share is not None and not 0 <= share <= 1:
            raise ConfigError(f"detectors.{name}: a share between 0 and 1")
    if detectors.embedder == "onnx" and detectors.embedder_folder is None:
        raise ConfigError("detectors.embedder_folder: onnx needs the folder of model.onnx and tokenizer.json")
    most = max(detectors.max_tier, *(route.max_detector_tier or 0 for route in config.routes), 0)
    for name, is_model in (("detoxify", detectors.detoxify), ("embedder", detectors.embedder == "onnx")):
        if is_model and most < MODELS:
            raise ConfigError(f"detectors.{name}: a model is of tier 2 and rests with max_tier: {most}; raise it to 2")
