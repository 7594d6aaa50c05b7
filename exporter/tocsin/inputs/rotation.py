"""Names that rotation gives to files.

logrotate appends ``.1`` or, with ``dateext``, ``-20240131`` (also before an extension); the kubelet appends
``.20060102-150405`` (kubernetes pkg/kubelet/logs/container_log_manager.go); logging libraries put a date
or a number before the extension. Compression adds an extension of its own. Names of
unfinished work (``.tmp``) are none of these.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SUFFIX = re.compile(r"(.+?)(?:[.\-_](?:\d[\d\-_.:T]*|old|bak|prev|orig|copy))+", re.DOTALL)
_DATED = re.compile(r"(.+?)[.\-_]\d{4}-?\d\d[\d\-_.:T]*(\.\w+)", re.DOTALL)
_NUMBERED = re.compile(r"(.+?)\.\d{1,4}(\.\w+)", re.DOTALL)
_AGED = re.compile(r".+\.(\d{1,4})(?:\.[A-Za-z]\w*)?", re.DOTALL)
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
def age(path: str) -> tuple[int, str]:
    """Return what sorts the rotated files of one log, the oldest first: numbers grow with age, dates with youth."""
    plain = unpacked(path.rpartition("/")[2])
    numbered = _AGED.fullmatch(plain)
    return (-int(numbered[1]), "") if numbered else (0, plain)


def unpacked(name: str) -> str:
    """Return the name without what compression appended."""
    return name.rpartition(".")[0] if name.endswith(_PACKED) else name


def unfinished(name: str) -> bool:
    """Tell whether the name is one that tools give to a file they still write."""
    return name.endswith(_UNFINISHED)
