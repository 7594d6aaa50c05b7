"""Names of rotated files."""

import pytest

from tocsin.inputs.rotation import rotated_from, unfinished


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
def test_another_log_is_no_rotated_file(name):
    assert "app.log" not in rotated_from(name)


@pytest.mark.parametrize("name", ["0.log.20060102-150405.tmp", ".app.log.swp", "app.log~"])
def test_names_of_unfinished_work_are_told(name):
    assert unfinished(name)
