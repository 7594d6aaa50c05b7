"""Builds the parts from the configuration: which settings each layer gets."""

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
    """Return the settings with what estimates tokens, where this machine has it."""
    estimator, words = find_estimator()
    log.info("token estimates: %s", words)
    return replace(settings, estimator=estimator, estimates=words)


def ledger_settings(config: Config, library: Callable[[], Any] = find_library) -> Settings:
    """Return what the configuration decides about counting; ``library`` is where prices of last resort are.

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
    """Export what the configuration says about itself, and the mode; routes are exported as they are seen."""
    store.row(cat.BUILD_INFO, __version__, platform.python_version(), mode).set(1)
    store.row(cat.RELOAD_OK).set(1)
    store.row(cat.RELOAD_TIME).set(int(time.time()))
    store.row(cat.SERIES_MAX).set(config.series.max)
    for category in CATEGORIES:
        store.row(cat.CATEGORY_INSTRUMENTED, category)


def make_scoring(config: Config, ledger: Ledger, max_tier: int = MOST_TIER) -> Scoring:
    """Build what judges the content of calls; its detectors, up to a tier, are made when they are needed.

    Raises:
        tocsin.config.ConfigError: a file of policy terms or a schema cannot be read.
    """
    scoring = Scoring(ledger, Judge(config, max_tier=max_tier), sampling(config))
    folder = config.detectors.detoxify
    if folder is not None:
        try:
            model = DetoxifyModel(Path(folder))
        except ModelError as error:
            raise ConfigError(f"detectors.detoxify: {error}") from None
        slow = SampledScorer(model.scores, config.detectors.sample_slow)
        scoring.slow_toxicity = SampledToxicity(slow, ledger, scoring.safety)
        ledger.store.row(cat.DETECTOR_INFO, "detoxify", "torch", str(TIERS["detoxify"])).set(1)
    return scoring


def publish_detectors(store: Store, judge: Judge) -> None:
    """Export which detectors are in use, and no others any more; makes them where that has not been done."""
    for row in list(store.rows.get(cat.DETECTOR_INFO, {}).values()):
        if row.labels[0] != "detoxify":
            store.remove(row)
    for detector in judge.in_use:
        backend = str(getattr(detector, "backend", "rules"))
        store.row(cat.DETECTOR_INFO, detector.name, backend, str(detector.tier)).set(1)


def sampling(config: Config) -> Sampling:
    """Return what is not looked at, by choice."""
    return Sampling(config.detectors.sample, config.declared.content == "off")
