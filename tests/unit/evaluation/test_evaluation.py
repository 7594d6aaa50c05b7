"""``tocsin eval``: figures with intervals, floors that fail, and a set that may be shipped."""

import gzip
import json
from pathlib import Path

import pytest

from tocsin.commands import main
from tocsin.config import ConfigError
from tocsin.evaluation.counts import Counts, wilson
from tocsin.evaluation.measures import MEASURES, Alarms, Bench, measure
from tocsin.evaluation.report import alarm_lines, markdown
from tocsin.evaluation.sets import Sets

ROOT = Path(__file__).parents[3]
DATA = ROOT / "exporter" / "tocsin" / "evaluation" / "data"


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 100, 0.0, 0.0370), (50, 100, 0.4038, 0.5962), (100, 100, 0.9630, 1.0)],
)
def test_the_interval_is_wilsons(hits, total, low, high):
    assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


def test_shares_of_nothing_are_undefined():
    counts = Counts.of([(True, True), (True, False), (False, False)])

    assert (counts.precision, counts.recall, counts.total) == (1.0, 0.5, 3)
    assert Counts().precision is None


def write(folder, name, *rows):
    (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


@pytest.mark.once
def test_a_detector_below_its_floor_fails(tmp_path, capsys):
    write(tmp_path, "confidence", {"text": "nothing here", "label": "stated"}, {"text": "I am 90% confident.", "label": "none"})

    assert main(["eval", "--data", str(tmp_path)]) == 1
    assert "BELOW ITS FLOOR" in capsys.readouterr().out


def test_a_folder_without_sets_is_wrong_usage(tmp_path):
    assert main(["eval", "--data", str(tmp_path)]) == 2
    assert main(["eval", "--data", str(tmp_path / "none")]) == 2


def test_false_alarms_become_pages_a_week():
    alarms = Alarms("balanced", answers=1000, flagged=1)
    alarms.by_kind["pii"] = 1

    assert "at 10,000 calls a day: 70 a week, at most 395" in alarm_lines(alarms, 10_000)[1]


@pytest.mark.once
def test_shipped_detectors_meet_their_floors_and_the_readme_has_their_figures():
    bench = Bench(Sets())

    assert [result.measure.name for result in measure(bench) if not result.ok] == []
    assert markdown(bench) in (ROOT / "README.md").read_text(encoding="utf-8"), "stale: make docs"


def test_every_shipped_row_has_a_licence_that_allows_it():
    licences = {row["licence"] for measure in MEASURES for row in Sets().rows(measure.set)}

    assert licences <= {
        "MIT", "Apache-2.0", "CC BY 4.0", "CC BY 3.0", "own", "CC BY 4.0 / MIT", "MIT / CC BY 4.0",
        "Apache-2.0 (arena-hard-auto) / MIT (HaluEval)",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["pii_answers", "secrets"])
def test_texts_shaped_like_credentials_are_not_in_clear(name):
    rows = [json.loads(line) for line in gzip.decompress((DATA / f"{name}.jsonl.gz").read_bytes()).splitlines()]

    assert {"text" in row for row in rows} == {False}


@pytest.mark.parametrize(
    ("raw", "says"),
    [(b"garbage", "cannot be unpacked"), (gzip.compress(b'{"text": "a", "label": "hit"}\n{"text": "a"}\n'), "line 2: not an object"), (gzip.compress(b"[\n"), "line 1: not an object")],
    ids=("no archive", "no label", "no object"),
)
def test_an_invalid_set_is_reported(tmp_path, raw, says):
    (tmp_path / "mine.jsonl.gz").write_bytes(raw)

    with pytest.raises(ConfigError, match=rf"mine\.jsonl\.gz: {says}"):
        Sets(tmp_path).rows("mine")
