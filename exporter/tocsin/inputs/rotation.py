"""Names that log rotation gives to files.

logrotate, Docker and Python's RotatingFileHandler append ``.1``, the newest, and rename it to ``.2``; so do log4j 1 and
logback's fixed window. With ``dateext``, logrotate appends ``-20240131``, also before an ``extension`` and with a
``dateformat`` of more fields; Python's TimedRotatingFileHandler ``.2024-01-31_13-05``; the kubelet, which rotates for
containerd and CRI-O, ``.20060102-150405`` (kubernetes pkg/kubelet/logs/container_log_manager.go). logback and log4j 2
put a date, and within it a number that increases with time, before the extension. Compression adds its own extension.
Names of unfinished files (``.tmp``) do not count.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

_SUFFIX = re.compile(r"(.+?)(?:[.\-_](?:\d[\d\-_.:T]*|old|bak|prev|orig|copy))+", re.DOTALL)
_DATED = re.compile(r"(.+?)[.\-_](?:\d{4}[\-_.]?\d\d|\d\d-\d\d-\d{4})[\d\-_.:T]*(\.\w+)", re.DOTALL)
_NUMBERED = re.compile(r"(.+?)\.\d{1,4}(\.\w+)", re.DOTALL)
_AGED = re.compile(r".+\.(\d{1,4})(?:\.[A-Za-z]\w*)?", re.DOTALL)
_DATE = re.compile(
    r"(?<!\d)(?:(?P<year>(?:19|20)\d\d)[\-_.]?(?P<month>0[1-9]|1[0-2])(?:[\-_.]?(?P<day>0[1-9]|[12]\d|3[01]))?"
    r"|(?P<m>0[1-9]|1[0-2])-(?P<d>0[1-9]|[12]\d|3[01])-(?P<y>(?:19|20)\d\d))(?P<time>(?:[\-_.:T]*\d+)*)"
)
"""A date, year first or as in log4j's examples (12-31-2024), and a time or number after it."""
_EPOCH = re.compile(r"[.\-_](\d{9,10})(?!\d)")
_PACKED = (".gz", ".zst", ".xz", ".bz2")
_UNFINISHED = (".tmp", ".tmpgz", ".swp", ".part", "~")


@lru_cache(maxsize=10_000)
def rotated_from(name: str) -> tuple[str, ...]:
    """Return the names of active files that a file of this name may have been rotated from."""
    plain = unpacked(name)
    found = [plain]
    if match := _SUFFIX.fullmatch(plain):
        found.append(match[1])
    for pattern in (_DATED, _NUMBERED):
        found += [match[1] + match[2] for known in tuple(found) if (match := pattern.fullmatch(known))]
    return tuple(candidate for candidate in dict.fromkeys(found) if candidate != name)


@lru_cache(maxsize=10_000)
def age(path: str) -> tuple[int, tuple[int, ...], str]:
    """Return the sort key of a log's rotated files, oldest first: numbers grow with age, dates with time."""
    plain = unpacked(path.rpartition("/")[2])
    when = _when(plain)
    numbered = None if when else _AGED.fullmatch(plain)
    return (-int(numbered[1]) if numbered else 0, when, plain)


def _when(name: str) -> tuple[int, ...]:
    """Return the date in a name as one number, and the numbers after it; empty if there is none."""
    dates = list(_DATE.finditer(name))
    if dates:
        found = dates[-1]
        year, month, day = found["year"] or found["y"], found["month"] or found["m"], found["day"] or found["d"] or "0"
        behind = [digits for group in re.findall(r"\d+", found["time"]) for digits in _fields(group)]
        return (int(year) * 10_000 + int(month) * 100 + int(day), *behind)
    seconds = _EPOCH.search(name)
    if seconds is None:
        return ()
    return (int(time.strftime("%Y%m%d", time.gmtime(int(seconds[1])))), int(seconds[1]))


def _fields(digits: str) -> list[int]:
    """Return the hours, minutes and seconds of a time written as one number; any other number unchanged."""
    if len(digits) in (2, 4, 6):
        return [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    return [int(digits)]


def unpacked(name: str) -> str:
    """Return the name without the extension of compression."""
    return name.rpartition(".")[0] if name.endswith(_PACKED) else name


def unfinished(name: str) -> bool:
    """Return whether tools give the name to files that they are still writing."""
    return name.endswith(_UNFINISHED)
