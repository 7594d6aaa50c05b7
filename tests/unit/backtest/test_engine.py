"""promtool's output is read exactly, and its failure is never mistaken for silence."""

import pytest

from tocsin import catalogue as cat
from tocsin.backtest.engine import Change, EngineError, Samples, read, start
from tocsin.backtest.feed import Period
from tocsin.backtest.rules import RunPlan
from tocsin.backtest.sampling import SCRAPE, Sampler
from tocsin.backtest.timeline import alerts
from tocsin.series.store import Store

PLAN = RunPlan(60, {"g": [{"alert": "A", "expr": "a > 50"}]}, frozenset())
CHANGED = '    expr: "(ALERTS unless ALERTS offset 60s) or (0 * (ALERTS offset 60s) unless ALERTS)", time: {at},\n        exp: nil\n        got: {got}\n'
ALERTS = '{{__name__="ALERTS", alertname="A", alertstate="{state}", route="a\\"b", severity="page"}} 1E+00'
GONE = '{{alertname="A", alertstate="{state}", route="a\\"b", severity="page"}} 0E+00'


def said(tmp_path, *parts: str):
    path = tmp_path / "out"
    path.write_text("  FAILED:\n" + "".join(parts), encoding="utf-8")
    return path


def test_an_alert_is_followed_from_pending_to_resolution(tmp_path):
    pending, firing = ALERTS.format(state="pending"), ALERTS.format(state="firing")
    path = said(
        tmp_path, CHANGED.format(at="1h1m", got=pending),
        CHANGED.format(at="1h11m", got=f"{firing}, {GONE.format(state='pending')}"),
        "    alertname: A, time: 1h15m, \n        exp:[], \n        got:[\n            0:\n"
        '              Labels:{alertname="A", route="a\\"b", severity="page"}\n'
        '              Annotations:{summary="It \\"burns\\"."}\n            ]\n',
        CHANGED.format(at="2h", got=GONE.format(state="firing")),
    )  # fmt: skip

    answer = read(path, PLAN, 1)

    assert answer.changes[0] == Change(
        3660, {"alertname": "A", "alertstate": "pending", "route": 'a"b', "severity": "page"}, present=True
    )
    [alert] = alerts(answer, 1000.0)
    assert (alert.pending_at, alert.firing_at, alert.resolved_at) == (4660.0, 5260.0, 8200.0)
    assert alert.annotations == {"summary": 'It "burns".'}


def test_an_alert_that_never_fired_has_no_firing_time(tmp_path):
    path = said(
        tmp_path, CHANGED.format(at="1m", got=ALERTS.format(state="pending")),
        CHANGED.format(at="2m", got=GONE.format(state="pending")),
    )  # fmt: skip

    [alert] = alerts(read(path, PLAN, 1), 0.0)

    assert (alert.pending_at, alert.firing_at, alert.resolved_at) == (60.0, None, 120.0)


def test_no_complaint_means_no_alert(tmp_path):
    assert read(said(tmp_path), PLAN, 0).changes == []


@pytest.mark.parametrize("status", [1, 2, -9])
def test_a_failure_of_promtool_is_an_error(tmp_path, status):
    with pytest.raises(EngineError, match=f"exited with status {status}"):
        read(said(tmp_path, "    yaml: line 3: mapping values are not allowed\n"), PLAN, status)


DOWN = {
    "alert": "Down", "expr": "llm_provider_up == 0", "for": "1m",
    "labels": {"severity": "page", "who": "{{ $labels.provider }}"},
    "annotations": {"summary": "{{ $labels.provider }} is {{ $value }}"},
}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"keep_firing_for": "1m"},
        {},
        {"labels": {"severity": "page", "who": "openai", "provider": "openai", "job": "tocsin"}},
    ],
)
def test_promtool_reports_an_alert_with_its_labels_and_text(tmp_path, tool, more):
    alert = answered(tmp_path, tool, DOWN | more)

    assert (alert.pending_at, alert.firing_at, alert.resolved_at) == (120.0, 180.0, None)
    assert (alert.alertname, alert.severity) == ("Down", "page")
    assert alert.labels == {"instance": "backtest", "job": "tocsin", "provider": "openai", "who": "openai"}
    assert alert.annotations == {"summary": "openai is 0"}


def test_promtool_reports_an_alert_beside_a_rule_that_selects_alerts(tmp_path, tool):
    alert = answered(tmp_path, tool, DOWN, {"record": "firing", "expr": 'ALERTS{alertname="Down", severity="page"}'})

    assert (alert.alertname, alert.severity, alert.annotations) == ("Down", "page", {"summary": "openai is 0"})


def test_promtool_reports_an_alert_whose_text_queries_it(tmp_path, tool):
    since = '{{ with query `time() - max(ALERTS_FOR_STATE{alertname="Down", severity="page"})` }}{{ . | first | value }}{{ end }}'

    alert = answered(tmp_path, tool, DOWN | {"annotations": {"summary": f"down for {since} s"}})

    assert (alert.alertname, alert.severity, alert.annotations) == ("Down", "page", {"summary": "down for 180 s"})


def answered(tmp_path, tool, *rules: dict):
    """The only alert of rules about a provider that fails after two minutes of ten."""
    store, sampler = Store(), Sampler({"llm_provider_up"})
    for at in range(0, 601, SCRAPE):
        store.row(cat.PROVIDER_UP, "openai").set(at < 120)
        sampler.sample(store)
    plan = RunPlan(60, {"g": list(rules)}, sampler.names)
    samples = Samples(sampler, Period(0.0, 0.0, 600.0), tmp_path, frozenset())
    process = start(tool("promtool"), plan, samples, {}, tmp_path)
    [alert] = alerts(read(tmp_path / "out", plan, process.wait()), 0.0)
    return alert
