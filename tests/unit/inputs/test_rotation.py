"""Names of rotated files."""

import pytest

from tocsin.inputs.rotation import age, rotated_from, unfinished


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("app.log.1", "app.log"),
        ("app.log.12.gz", "app.log"),
        ("app.log-20260131", "app.log"),
        ("app.log-20260131-1769817600.gz", "app.log"),
        ("app-20260131.log", "app.log"),
        ("app.2026-01-31.log.gz", "app.log"),
        ("app.1.log", "app.log"),
        ("app.log.gz", "app.log"),
        ("app.log.2.zst", "app.log"),
        ("app.log-20260131.xz", "app.log"),
        ("app.log.1.bz2", "app.log"),
        ("app.log.bak", "app.log"),
        ("0.log.20060102-150405", "0.log"),
        ("0.log.20060102-150405.gz", "0.log"),
    ],
)
def test_a_rotated_name_leads_to_its_first_name(name, first):
    assert first in rotated_from(name)


@pytest.mark.parametrize("name", ["app.log", "app.log.audit", "app.log.tmpgz", "app-7.log", "application.log"])
def test_another_log_is_not_a_rotated_file(name):
    assert "app.log" not in rotated_from(name)


@pytest.mark.parametrize("name", ["0.log.20060102-150405.tmp", ".app.log.swp", "app.log~"])
def test_names_of_unfinished_files_are_recognised(name):
    assert unfinished(name)


@pytest.mark.parametrize(
    "names",
    [
        ["app.log.10.gz", "app.log.9", "app.log.2", "app.log.1"],  # logrotate, Docker, RotatingFileHandler
        ["app.10.log", "app.2.log", "app.1.log"],  # logback's fixed window
        ["app.log-20261231.gz", "app.log-20270101", "app.log-2027010102", "app.log-2027010110"],  # dateext, by the hour
        ["app-20261127.log.gz", "app-20261128.log"],  # dateext with an extension
        ["app.log-20261127-1795770000.gz", "app.log-20261127-1795780000"],  # a dateformat with seconds
        ["app.log-1795770000", "app.log-1795856400"],
        ["app.log.2026-11-27", "app.log.2026-11-28"],  # TimedRotatingFileHandler by day, and by the minute
        ["app.log.2026-11-27_09-59", "app.log.2026-11-27_10-00"],
        ["app.log.2026.11.27", "app.log.2026.11.28"],
        ["app.2026-11-27.log.gz", "app.2026-11-28.log"],
        ["app.2026-11-27.0.log.gz", "app.2026-11-27.2.log", "app.2026-11-27.10.log", "app.2026-11-28.0.log"],  # logback
        ["app-2026-11.log", "app-2026-12.log"],
        ["app-12-31-2026-1.log.gz", "app-12-31-2026-2.log", "app-01-01-2027-1.log"],  # log4j's example
        ["0.log.20261127-095959.gz", "0.log.20261127-100000"],  # kubelet
        ["app.log.2", "app.log.1", "app.log.2026-11-27"],  # its dates were told later
    ],
)  # fmt: skip
def test_rotated_files_are_sorted_from_the_oldest_to_the_youngest(names):
    found = names[::-1]
    assert sorted(found, key=age) == names


@pytest.mark.parametrize("name", ["app.2026.11.27.log", "app-2026_11_27.log", "app-12-31-2026-1.log.gz", "app.2026-11-27.0.log"])
def test_a_name_with_a_date_in_any_form_leads_to_its_first_name(name):
    assert "app.log" in rotated_from(name)
