"""What a drill concludes from what others tell it."""

import json

import pytest

from tocsin import drill
from tocsin.call import Drill as DrillEvent
from tocsin.call import Skip
from tocsin.drill import Drill, DrillError, Places
from tocsin.formats import get

CONFIG = """
receivers:
- name: oncall
  pagerduty_configs: [{routing_key: <secret>}]
- name: legal
- name: comms
  pagerduty_configs: [{routing_key: <secret>}]
"""


class World:
    """Answers of the exporter and of Alertmanager, by URL."""

    def __init__(self, *, routed=("oncall", "comms", "legal"), requests=(), failures=(), state="active", up=False, config=CONFIG):
        self.sent, self.routed, self.state, self.up, self.config = False, routed, state, up, config
        self.requests, self.failures = list(requests), list(failures)

    def text(self, url: str) -> str:
        if url.endswith("/api/v2/status"):
            return json.dumps({"config": {"original": self.config}})
        if "/api/v2/alerts" in url:
            alert = {"status": {"state": self.state, "silencedBy": ["s1"], "inhibitedBy": []}, "receivers": [{"name": n} for n in self.routed]}
            return json.dumps([alert] if self.sent or self.up else [])
        if url == "http://am/metrics":
            ok, bad = (self.requests.pop(0) if self.requests else 2, self.failures.pop(0) if self.failures else 0) if self.sent else (0, 0)
            return (f'alertmanager_notification_requests_total{{integration="pagerduty"}} {ok}\n'
                    f'alertmanager_notification_requests_failed_total{{integration="pagerduty"}} {bad}\n')  # fmt: skip
        return ""


class Clock:
    """The module time, of which only waiting takes any."""

    def __init__(self):
        self.now = 1_764_000_000.0

    def sleep(self, seconds):
        self.now += seconds

    def time(self):
        return self.now

    monotonic = time


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(world: World, *expected: str, prometheus: str = ""):
        log = tmp_path / "log"
        monkeypatch.setattr(drill, "_text", world.text)
        monkeypatch.setattr(drill, "time", Clock())
        exercise = Drill("safety", Places("http://web", "http://am", prometheus, log=str(log)), expected, timeout=40 * drill.POLL)
        send = exercise._send
        monkeypatch.setattr(exercise, "_send", lambda: (send(), setattr(world, "sent", True)))
        return exercise.run(), log

    return run


def test_receivers_that_accepted_the_page_are_reached(run):
    report, log = run(World(), "oncall", "comms")

    assert report.passed
    assert [reach.result for reach in report.receivers] == ["taken", "taken"]
    assert json.loads(log.read_text())["type"] == "drill"


class Between(World):
    """The alert begins to fire, and reaches everybody, between the first two questions about it."""

    asked = 0

    def text(self, url: str) -> str:
        if not self.sent or "/alerts" not in url:
            return super().text(url)
        self.asked += 1
        if self.asked == 1:
            return json.dumps({"data": {"alerts": []}} if "/api/v1/" in url else [])
        firing = {"labels": {"alertname": drill.ALERT, "category": "safety"}, "state": "firing"}
        return json.dumps({"data": {"alerts": [firing]}}) if "/api/v1/" in url else super().text(url)


def test_an_alert_in_alertmanager_has_fired(run):
    report, _ = run(Between(), "oncall", "comms", prometheus="http://prom")

    assert [step for step in report.steps if step != "counted"] == ["fires", "at Alertmanager"]


def test_a_receiver_without_an_integration_is_not_reached(run):
    report, _ = run(World(), "oncall", "legal")

    assert not report.passed
    assert "no integration" in report.receivers[1].result


def test_a_receiver_that_the_tree_leaves_out_is_not_reached(run):
    report, _ = run(World(routed=("oncall",)), "oncall", "comms")

    assert [reach.result for reach in report.receivers] == ["taken", "not routed"]


def test_receivers_of_the_operator_are_known_by_the_end_of_their_names(run):
    operators = CONFIG.replace("name: ", "name: llm/tocsin/")

    report, _ = run(World(routed=("llm/tocsin/oncall", "llm/tocsin/comms"), config=operators), "oncall", "llm/tocsin/comms")

    assert [(reach.receiver, reach.result) for reach in report.receivers] == [("llm/tocsin/oncall", "taken"), ("llm/tocsin/comms", "taken")]


def test_an_ambiguous_receiver_name_must_be_given_in_full(run):
    both = CONFIG.replace("name: oncall", "name: a/tocsin/oncall").replace("name: legal", "name: b/tocsin/oncall")

    with pytest.raises(DrillError, match="one of a/tocsin/oncall, b/tocsin/oncall"):
        run(World(config=both), "oncall")


def test_one_request_for_two_receivers_proves_neither(run):
    report, _ = run(World(requests=[1] * 999), "oncall", "comms")

    assert {reach.result for reach in report.receivers} == {"routed, not sent yet"}


def test_a_refused_request_is_a_failure(run):
    report, _ = run(World(requests=[2] * 999, failures=[1] * 999), "oncall", "comms")

    assert all(reach.result.startswith("failed") for reach in report.receivers)


def test_a_silence_is_reported(run):
    report, _ = run(World(state="suppressed", requests=[0] * 999), "oncall")

    assert not report.passed
    assert "silenced by ['s1']" in report.notes[0]


def test_a_drill_does_not_begin_while_an_earlier_one_is_up(run):
    with pytest.raises(DrillError, match="still up"):
        run(World(up=True), "oncall")


def test_an_unreachable_alertmanager_is_reported():
    with pytest.raises(DrillError, match="address of Alertmanager"):
        Drill("cost", Places("http://127.0.0.1:9", "http://127.0.0.1:9"), ["oncall"], timeout=1).run()


def test_a_drill_in_a_log_is_not_a_call():
    event = get("native").parse(b'{"v": 1, "type": "drill", "id": "d1", "time": 1764000000, "category": "cost"}')

    assert event == DrillEvent("drill|d1", "cost", 1764000000.0)


def test_a_drill_of_an_unknown_category_is_skipped():
    with pytest.raises(Skip):
        get("auto").parse(b'{"v": 1, "type": "drill", "id": "d1", "time": 1764000000, "category": "hunger"}')
