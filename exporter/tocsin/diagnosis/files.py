"""Checks whether logs are readable and contain events, and whether state can be stored.

Files are read like ``tocsin run`` does, from their beginning and up to a limit; nothing is kept. Only names and counts
are reported, never the content of a log.
"""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tocsin import formats
from tocsin.accounting.ledger import Ledger
from tocsin.assembly import ledger_settings
from tocsin.config import Config
from tocsin.diagnosis.remark import Remark
from tocsin.inputs.finder import FIXES, FilePattern, Finder, Found
from tocsin.inputs.tailer import FileInput
from tocsin.intake import Intake
from tocsin.series.store import Store

SAMPLE_BYTES = 1 << 18
"""Number of bytes of a file that are read."""
FILES_MAX = 3
"""Number of files of a pattern that are read, the newest first."""
QUIET_AFTER = 3600.0
"""Seconds without new data after which a file is reported as quiet."""


def files(pattern: FilePattern, config: Config, now: float) -> Iterator[Remark]:
    """Yield whether the files of a path or glob exist, are readable, and contain events of a known format."""
    finder = Finder([pattern])
    found = sorted((f for f in finder.find() if f.primary), key=lambda f: f.mtime_ns, reverse=True)
    for path, reason in finder.problems.items():
        if reason == "missing":
            yield Remark(path, _missing(path))
        else:
            yield Remark(path, f"cannot be read ({reason}): {FIXES[reason]}")
    for file in found[:FILES_MAX]:
        yield from _one(file, config, now)
    if len(found) > FILES_MAX:
        yield Remark(pattern.path, f"{len(found) - FILES_MAX} more files, not looked at", wrong=False)


def read_otherwise(patterns: Sequence[FilePattern]) -> Iterator[Remark]:
    """Yield files matched by two patterns with different format or start: each is read once, as the first one says."""
    first = {file.identity: file.pattern for file in Finder(patterns).find()}
    for pattern in patterns:
        for file in Finder([pattern]).find():
            holds = first.get(file.identity, pattern)
            if (holds.format, holds.start_at) != (pattern.format, pattern.start_at):
                what = f"is read once, as {holds.path} says (format {holds.format}, from its {holds.start_at}), though "
                yield Remark(file.path, f"{what}{pattern.path} says otherwise", wrong=False)


def _missing(path: str) -> str:
    """Return the first missing part of a path, and what exists instead."""
    if path.startswith("~"):
        return "~ is a shell's word, and in quotes it is none; write the whole path"
    folder = Path(path)
    while not folder.exists() and folder.parent != folder:
        missing, folder = folder, folder.parent
    if folder == Path(path):
        return FIXES["missing"]
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return f"{folder} cannot be listed; {FIXES['permission']}"
    near = difflib.get_close_matches(missing.name, names, 1)
    hint = f"; did you mean {folder / near[0]}?" if near else ""
    return f"there is no {missing}{hint}; what appears there later is read"


def _one(file: Found, config: Config, now: float) -> Iterator[Remark]:
    """Read the beginning of a file like the exporter would."""
    try:
        with Path(file.path).open("rb"):
            pass
    except OSError as error:
        yield Remark(file.path, f"cannot be read ({error.strerror}): {FIXES['permission']}")
        return
    if not file.size:
        yield Remark(file.path, "is empty: nothing has been written to it; does the gateway log here?")
        return
    read, counted, skipped, passed = _sample(file, config)
    if not read and passed:
        yield Remark(file.path, f"none of the first {passed} spans and log records tells of a call to a model")
    elif not read:
        yield Remark(file.path, "no complete line yet: an event ends with a newline")
    elif not counted:
        words = ", ".join(f"{reason} {count}" for reason, count in sorted(skipped.items()))
        yield Remark(
            file.path, f"no event is recognised in the first {read} lines as format {file.pattern.format} ({words}); "
            f"known: {', '.join(formats.FORMATS)}, one JSON object a line",
        )  # fmt: skip
    else:
        yield Remark(file.path, f"{counted} of the first {read} events are recognised", wrong=False)
    quiet = now - file.mtime_ns / 1e9
    if quiet > QUIET_AFTER:
        yield Remark(file.path, f"nothing new for {quiet / 3600:.0f} h; does the gateway still log here?", wrong=False)


def _sample(file: Found, config: Config) -> tuple[int, int, dict[str, int], int]:
    """Return the number of events at the beginning of a file, how many are recognised, and why the others are not.

    The last number is that of spans and log records that are not calls, and so not events.
    """
    settings = replace(ledger_settings(config), estimator=None)
    intake = Intake(Ledger(Store(settings.extra_labels), settings), formats.get, time.time)
    intake.meet("file")
    reader = FileInput(
        [FilePattern(file.path, file.pattern.format)],
        max_line_bytes=config.limits.max_line_bytes, oversize=intake.oversize,
    )  # fmt: skip
    try:
        left = SAMPLE_BYTES
        while left > 0 and (some := reader.read(intake.take, left)):
            left -= some
    finally:
        reader.close()
    tally = intake.tallies["file"]
    return tally.read, tally.counted + tally.duplicate, intake.skipped_by_reason(), sum(intake.passed.values())


def storage(directory: Path) -> Iterator[Remark]:
    """Yield whether state and spool can be stored in a folder that exists or can be created."""
    place = directory
    while not place.exists() and place.parent != place:
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        what = f"{directory} cannot be written: totals do not survive a restart, and no webhook is taken"
        yield Remark("storage.path", what)
