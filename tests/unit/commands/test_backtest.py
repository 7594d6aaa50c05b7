"""What ``backtest --set`` changes besides the rules: the exporter's own thresholds."""

import pytest

from tocsin.accounting.routes import OUTLIER_FACTOR, Routes
from tocsin.commands.backtest import EXPORTERS_OWN, configured
from tocsin.config import THRESHOLDS, Config, ConfigError, Match, Route
from tocsin.series.store import Store

KEY = "tokens.outlierFactor"


def factors(config: Config) -> list[float]:
    routes = Routes(Store(), config.routes)
    return [routes.outlier_factor(route, "gpt-4o") for route in ("said", "silent", "unheard-of")]


def test_the_exporters_thresholds_apply_without_configuration():
    said, silent = (Route(match=Match(route=name), owner="team") for name in ("said", "silent"))
    said.thresholds[KEY] = 2.0
    config = Config(routes=(said, silent))

    assert factors(config) == [2.0, OUTLIER_FACTOR, OUTLIER_FACTOR]
    assert factors(configured(config, {KEY: 5, "quality.dropRatio": 0.2})) == [2.0, 5.0, 5.0]
    assert configured(config, {KEY: 5}).routes[1].owner == "team"


def test_rule_settings_do_not_change_the_configuration():
    config = Config()

    assert configured(config, {key: 1 for key in THRESHOLDS if key not in EXPORTERS_OWN}) is config


def test_a_threshold_of_zero_is_refused():
    with pytest.raises(ConfigError, match=r"--set tokens\.outlierFactor: 0\.0: a number above 0"):
        configured(Config(), {KEY: 0})
