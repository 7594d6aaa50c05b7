"""Every incident through `tocsin backtest`: the expected alerts, in time, and none else.

The long ones need a day of calm before them. CI runs the short ones; `make incidents` runs all of them, with their
variants, and writes `results.json`, which the README shows.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from scenarios import ALL, SHORT, Incident
from traffic import START, write
from variants import FAST, VARIANTS

RESULTS = Path(__file__).with_name("results.json")
WANTED = os.environ.get("INCIDENTS", "")
"""``all``, or a part of the names of incidents to run; the measurements are written to `results.json`."""
INCIDENTS = [i for i in (*ALL, *VARIANTS) if WANTED == "all" or WANTED in i.name] if WANTED else (*SHORT, *FAST)


def hours(moment: str | None) -> float | None:
    return None if moment is None else (datetime.fromisoformat(moment).timestamp() - START) / 3600


@pytest.fixture(scope="module")
def results():
    found = {}
    yield found
    if WANTED:
        known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps(known | found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def backtest(incident: Incident, folder: Path) -> dict:
    logs = [folder / f"calls-{number}.jsonl" for number in range(incident.files)]
    written = write(logs, incident.events())
    config = folder / "tocsin.yml"
    config.write_text(incident.config, encoding="utf-8")
    command = [sys.executable, "-m", "tocsin", "backtest", "--json", "--config.file", str(config), *map(str, logs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["calls"] == written
    return result


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.name)
def test_an_incident_raises_its_alerts_in_time_and_no_others(incident, tmp_path, tool, results):
    tool("promtool")
    result = backtest(incident, tmp_path)

    fired = [a for a in result["alerts"] if a["firing_at"] is not None]
    pages = {a["alertname"] for a in fired if a["severity"] == "page"}
    tickets = {a["alertname"] for a in fired if a["severity"] == "ticket"}
    first = min((hours(a["firing_at"]) for a in fired if a["severity"] == "page"), default=None)
    measured = {
        "category": incident.category,
        "minutes_to_page": None if first is None else round(60 * (first - incident.onset), 2),
        "target_minutes": incident.within, "pages": sorted(pages), "tickets": sorted(tickets),
        "hours": round(incident_hours(result), 1),
    }  # fmt: skip
    if incident in ALL:  # variants are too many for the README
        results[incident.name] = measured
    assert pages == incident.pages
    assert incident.tickets <= tickets <= incident.tickets | incident.allowed
    if incident.most_tickets is not None:
        assert len([a for a in fired if a["severity"] == "ticket"]) <= incident.most_tickets
    paged = Counter((a["alertname"], *sorted(a["labels"].items())) for a in fired if a["severity"] == "page")
    assert not {who: times for who, times in paged.items() if times > 1}, "an incident pages once"
    for name, places in incident.about.items():
        assert {a["labels"].get("route") or a["labels"]["model"] for a in fired if a["alertname"] == name} == places
    if incident.within is not None:
        assert first is not None
        assert 0 <= 60 * (first - incident.onset) <= incident.within
    if incident.mended is not None:
        ends = [hours(a["resolved_at"]) for a in fired if a["alertname"] in incident.pages]
        assert None not in ends
        assert max(ends) >= incident.mended


def incident_hours(result: dict) -> float:
    return (datetime.fromisoformat(result["to"]) - datetime.fromisoformat(result["from"])).total_seconds() / 3600
