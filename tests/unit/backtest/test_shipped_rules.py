"""The shipped rules as a backtest runs them are rules that Prometheus takes."""

import json
import subprocess

import yaml

from tocsin import bundle
from tocsin.backtest import nearest
from tocsin.backtest.rules import plan


def test_promtool_takes_every_run_of_the_shipped_rules_with_their_near_misses(tmp_path, tool):
    shipped = bundle.shipped()
    groups = [g for text in (shipped.recording, shipped.alerts) for g in yaml.safe_load(text)["groups"]]
    path = tmp_path / "rules.json"

    for run in plan(groups, parts=2):
        found = [{"name": name, "rules": rules} for name, rules in run.groups.items()]
        path.write_text(json.dumps({"groups": [*found, {"name": "near", "rules": nearest.rules(run)}]}))
        done = subprocess.run([tool("promtool"), "check", "rules", "--lint=none", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
