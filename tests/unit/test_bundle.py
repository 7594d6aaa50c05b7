"""Compiling the rules with other settings."""

import json

import pytest
import rjsonnet

from tocsin import bundle

pytestmark = pytest.mark.once


def test_a_setting_changes_the_rules():
    assert "* 0.25)" in bundle.compile({"quality.dropRatio": 0.25}).recording


def test_a_setting_that_does_not_exist_names_the_nearest():
    with pytest.raises(bundle.BundleError, match=r"quality\.dropRatioo: no such setting; did you mean quality\.dropRatio\?"):
        bundle.compile({"quality.dropRatioo": 0.2})


@pytest.mark.parametrize(("key", "value"), [("quality.dropRatio", "much"), ("timeScale", None), ("selector", 1)])
def test_a_value_of_the_wrong_type_is_refused(key, value):
    with pytest.raises(bundle.BundleError, match=key):
        bundle.compile({key: value})


@pytest.mark.parametrize(("key", "value", "mend"), [
    ("quality.dropRatio", 20, r"write 20 % as 0\.2"), ("outage.availability", 99.5, r"write 99\.5 % as 0\.995"),
    ("cost.usdPerHour", -50, "0 or more"), ("outage.minimumCalls", float("nan"), "0 or more"),
])  # fmt: skip
def test_a_number_that_cannot_be_meant_is_refused(key, value, mend):
    with pytest.raises(bundle.BundleError, match=f"{key}: .*{mend}"):
        bundle.compile({key: value})


def test_a_duration_with_a_unit_is_refused_with_the_unit_to_use():
    with pytest.raises(bundle.BundleError, match=r"safety\.stays: '1h' is not int.*durations are numbers of seconds"):
        bundle.compile({"safety.stays": "1h"})


@pytest.mark.parametrize("key", ["routing.receivers", "routing.operatorReceivers"])
def test_a_receiver_that_gets_no_alerts_is_refused(key):
    """A misspelt on-call would leave the real one empty, so that nobody is notified."""
    with pytest.raises(bundle.BundleError, match=r"oncal gets no alerts; there are comms, engineering-lead, .* oncall"):
        bundle.compile({key: {"oncal": {}}})


def mixin(config):
    """What somebody gets who compiles the mixin with a configuration of their own."""
    code = f"((import 'mixin.libsonnet') {{ _config+:: {config} }}).prometheusAlerts"
    return json.loads(rjsonnet.evaluate_snippet("mine.jsonnet", code, jpathdir=[str(bundle.RULES)]))


def test_the_mixin_refuses_a_misspelt_threshold():
    with pytest.raises(RuntimeError, match=r"no such setting: quality\.dropRation"):
        mixin("{ quality+: { dropRation: 0.2 } }")


def test_the_mixin_takes_labels_of_yours_and_settings_of_other_mixins():
    assert mixin("{ extraLabels+: { team: 'llm' }, kubeStateMetrics: { selector: 'job' }, quality+: { dropRatio: 0.2 } }")["groups"]


def test_a_configured_receiver_gets_alerts():
    compiled = bundle.compile({"routing.owners": {"team-support": "support"}, "routing.receivers": {"support": {}}})

    assert "name: support" in compiled.alertmanager


def test_a_default_receiver_of_your_own_is_one_of_the_receivers():
    """Alertmanager refuses a route to a receiver that is not there."""
    compiled = bundle.compile({"routing.defaultReceiver": "mine", "routing.receivers": {"mine": {}}})

    assert "name: mine" in compiled.alertmanager
    assert "name: mine" in compiled.alertmanagerconfig


@pytest.mark.parametrize("value", ["2", "2026.10", "2026-q1"])
def test_a_name_that_looks_like_a_number_is_a_name(value):
    key, parsed = bundle.parse_setting(f"cost.baseline={value}")

    assert f'baseline="{value}"' in bundle.compile({key: parsed}).recording


def test_a_rise_threshold_may_exceed_100_percent():
    assert "(1 + 1.5)" in bundle.compile({"cost.riseRatio": 1.5}).recording


def test_settings_of_the_command_line_are_json_or_plain_text():
    assert bundle.parse_setting("quality.dropRatio=0.2") == ("quality.dropRatio", 0.2)
    assert bundle.parse_setting('selector=job="llm"') == ("selector", 'job="llm"')
    with pytest.raises(bundle.BundleError, match="key=value"):
        bundle.parse_setting("quality.dropRatio")


def test_a_time_scale_divides_windows_waits_and_intervals():
    groups = {g["name"]: g for g in bundle.parse(bundle.compile({"timeScale": 1 / 60}).alerts)["groups"]}
    dropped = groups["tocsin-quality"]["rules"][0]
    assert (groups["tocsin-quality"]["interval"], dropped["for"]) == ("1s", "10s")


def test_placeholders_filled_with_the_defaults_are_the_compiled_rules():
    default, filled = bundle.compile(), bundle.placeholders()
    assert bundle.fill(filled.alerts, bundle.settings()) == default.alerts
    assert bundle.fill(filled.recording, bundle.settings()) == default.recording
