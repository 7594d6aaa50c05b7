"""The shipped rules as a backtest runs them are rules that Prometheus takes."""

import json
import subprocess

import pytest

from tocsin import bundle
from tocsin.backtest import nearest
from tocsin.backtest.rules import left_out, plan, read_by
from tocsin.backtest.sampling import Movement

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def groups():
    return bundle.shipped().rule_groups()


def everything_moves(groups) -> dict:
    """Labels that no matcher of ours excludes are not to be had: each name has a series for each tier and reason."""
    labels = [{"tier": tier, "reason": reason, "signal": "hedge", "scorer": "composite", "kind": "input", "verdict": "block", "consumer": "c", "audience": audience, "outcome": "worsened", "traffic": "live"} for tier in ("prod", "other") for reason in ("timeout", "rate_limited", "blocked_guardrail", "no_text") for audience in ("legal", "public")]  # fmt: skip
    return {name: [(found, Movement.MOVING) for found in labels] for name in read_by(groups)}


def test_promtool_takes_every_run_of_the_shipped_rules_with_their_near_misses(tmp_path, tool, groups):
    path = tmp_path / "rules.json"
    whole = plan(groups, everything_moves(groups), parts=2)

    for run in whole.runs:
        found = [{"name": name, "rules": rules} for name, rules in run.groups.items()]
        near = [
            {"record": f"near:{part}", "expr": e}
            for q in nearest.queries(run)
            for part, e in (("c", q.closeness), ("v", q.value))
        ]
        path.write_text(json.dumps({"groups": [*found, {"name": "near", "rules": near}]}))
        done = subprocess.run(
            [tool("promtool"), "check", "rules", "--lint=none", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_of_a_busy_log_every_shipped_alert_is_run(groups):
    run = {rule["alert"] for part in plan(groups, everything_moves(groups), parts=2).runs for rule in part.alerts}
    wanted = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule and not left_out(rule)}

    assert run == wanted


def test_of_a_log_without_a_failure_most_shipped_alerts_are_left_out(groups):
    quiet = {name: [({"route": "a"}, Movement.ZERO)] for name in read_by(groups)}

    assert not {"LLMRequestsFailing", "LLMSafetyViolation", "LLMRateLimited"} & {
        rule["alert"] for part in plan(groups, quiet, parts=2).runs for rule in part.alerts
    }
