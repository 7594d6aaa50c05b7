"""Builds the components from the configuration, each with the settings of its layer."""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tocsin import __version__
from tocsin import catalogue as cat
from tocsin.accounting.estimates import find_estimator
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.accounting.prices import PriceRow, Prices, Rates, find_library
from tocsin.config import Config, ConfigError, read_secrets
from tocsin.detectors.base import MOST_TIER, TIERS
from tocsin.detectors.detoxify_model import DetoxifyModel, ModelError, SampledScorer
from tocsin.judge import Judge
from tocsin.scoring.sampled_toxicity import SampledToxicity
from tocsin.scoring.scoring import Scoring
from tocsin.scoring.unscored import Sampling
from tocsin.series.store import Store

log = logging.getLogger(__name__)
CATEGORIES = ("outage", "quality", "cost", "safety")


def with_estimates(settings: Settings) -> Settings:
    """Return the settings with a token estimator, if this machine has one."""
    estimator, words = find_estimator()
    log.info("token estimates: %s", words)
    return replace(settings, estimator=estimator, estimates=words)


def ledger_settings(config: Config, library: Callable[[], Any] = find_library) -> Settings:
    """Return the ledger's settings; ``library`` returns the fallback prices.

    Raises:
        tocsin.config.ConfigError: a secret file cannot be read.
    """
    rows = [
        PriceRow(
            price.provider,
            price.model,
            Rates(
                price.input,
                price.output,
                price.input if price.cache_read is None else price.cache_read,
                price.input if price.cache_write is None else price.cache_write,
            ),
        )
        for price in config.prices
    ]
    key_file = config.consumers.hash_key_file
    return Settings(
        extra_labels=config.extra_labels,
        max_series=config.series.max,
        top_consumers=config.consumers.top,
        consumer_key=read_secrets("consumers.hash_key_file", key_file)[0] if key_file else None,
        routes=config.routes,
        user_tokens_per_hour=config.limits.tokens_per_hour.user,
        session_tokens_per_hour=config.limits.tokens_per_hour.session,
        no_usage_expected=tuple(config.declared.usage),
        prices=Prices(rows, config.declared.price, library),
    )


def publish_config(store: Store, config: Config, *, mode: str = "exporter") -> None:
    """Export metrics about the configuration and the mode; routes are exported once they are seen."""
    store.row(cat.BUILD_INFO, __version__, platform.python_version(), mode).set(1)
    store.row(cat.RELOAD_OK).set(1)
    store.row(cat.RELOAD_TIME).set(int(time.time()))
    store.row(cat.SERIES_MAX).set(config.series.max)
    for category in CATEGORIES:
        store.row(cat.CATEGORY_INSTRUMENTED, category)


def slow_model(config: Config) -> DetoxifyModel | None:
    """Load the model of ``detectors.detoxify``; None if none is named.

    Raises:
        tocsin.config.ConfigError: its extra is not installed, or the folder does not hold it.
    """
    folder = config.detectors.detoxify
    if folder is None:
        return None
    try:
        return DetoxifyModel(Path(folder))
    except ModelError as error:
        raise ConfigError(f"detectors.detoxify: {error}") from None


def make_scoring(config: Config, ledger: Ledger, max_tier: int = MOST_TIER) -> Scoring:
    """Build the scoring of calls; its detectors, up to a tier, are created on first use.

    Raises:
        tocsin.config.ConfigError: a file of policy terms or a schema cannot be read.
    """
    scoring = Scoring(ledger, Judge(config, max_tier=max_tier), sampling(config))
    model = slow_model(config)
    if model is not None:
        slow = SampledScorer(model.scores, config.detectors.sample_slow)
        scoring.slow_toxicity = SampledToxicity(slow, ledger, scoring.safety)
        ledger.store.row(cat.DETECTOR_INFO, "detoxify", "torch", str(TIERS["detoxify"])).set(1)
    return scoring


def publish_detectors(store: Store, judge: Judge) -> None:
    """Export the detectors in use, and remove all others; creates the detectors if necessary."""
    for row in list(store.rows.get(cat.DETECTOR_INFO, {}).values()):
        if row.labels[0] != "detoxify":
            store.remove(row)
    for detector in judge.in_use:
        backend = str(getattr(detector, "backend", "rules"))
        store.row(cat.DETECTOR_INFO, detector.name, backend, str(detector.tier)).set(1)


def sampling(config: Config) -> Sampling:
    """Return what is deliberately not inspected."""
    return Sampling(config.detectors.sample, config.declared.content == "off")
