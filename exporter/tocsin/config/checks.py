"""Checks of a configuration beyond the types of its values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from tocsin.catalogue import FAMILIES
from tocsin.config.schema import THRESHOLDS, Config, Probe, Route
from tocsin.config.yamlfile import ConfigError, meant
from tocsin.finding import KINDS

PROBES_MAX = 50
MODELS = 2
"""Cost tier of detectors that are models."""
TAKEN_LABELS = frozenset({"le", "job", "instance"}).union(*(f.labels for f in FAMILIES.values() if f.per_call))
"""Labels of Prometheus and of per-call metrics: a duplicate label makes the page unscrapable."""


def check(config: Config) -> None:
    """Reject values that cannot work.

    Raises:
        ConfigError: naming the key and the fix.
    """
    for index, files in enumerate(config.inputs.files):
        if any("\0" in path for path in files.paths):
            raise ConfigError(f"inputs.files[{index}].paths: no path contains a NUL character; remove it")
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
            raise ConfigError(f"extra_labels: {name!r} is already a label; remove it")
        if config.extra_labels.count(name) > 1:
            raise ConfigError(f"extra_labels: {name!r} is given twice; remove one")
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            raise ConfigError(f"extra_labels: {name!r} cannot be a label name; use small letters, digits and _")
    if config.series.max < 1000:
        raise ConfigError("series.max: must be at least 1000")
    if not 0 <= config.consumers.top <= config.series.max // 20:
        raise ConfigError(f"consumers.top: between 0 and {config.series.max // 20}, a twentieth of series.max")


def _check_amounts(config: Config) -> None:
    """Reject numbers that would make counters decrease, and limits that cannot be kept."""
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
        if not re.match(r"https?://[^/\s]", probe.url) or not _has_host(probe.url):
            raise ConfigError(f"probes[{index}].url: give an address that begins with https:// or http://")
        if not 1 <= probe.interval_s <= 3600:
            raise ConfigError(f"probes[{index}].interval_s: between 1 and 3600 seconds")


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:  # an unclosed bracket
        return False


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
            raise ConfigError(f"detectors.{name}: disabled by max_tier: {most}; a model is of tier 2")
