"""Labelled sets: those in the package, or a folder of the same form.

A set is a file ``NAME.jsonl.gz`` of rows with ``text``, ``label`` and, where applicable, ``context``, ``kind`` and
``schema``. Texts that look like live credentials are stored in base64 (``text64``), because secret scanners reject
them. ``data/SOURCE.md`` lists what is shipped, and under which licences.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec

from tocsin.config import ConfigError

Row = dict[str, Any]
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _row(line: bytes) -> Row:
    row = _decode(line)
    if "text64" in row:
        row["text"] = base64.b64decode(row.pop("text64")).decode()
    _ = row["text"], row["label"]
    return row


class Sets:
    """A folder of labelled sets; None: the ones in the package."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder: Traversable = folder or resources.files("tocsin.evaluation") / "data"

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a set; empty if the folder does not contain it.

        Raises:
            ConfigError: the file is not gzip, or a line is not a row.
        """
        file = self._folder / f"{name}.jsonl.gz"
        if not file.is_file():
            return []
        try:
            lines = gzip.decompress(file.read_bytes()).splitlines()
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigError(f"{file}: cannot be unpacked: {error}") from None
        rows = []
        for number, line in enumerate(lines, 1):
            if line:
                try:
                    rows.append(_row(line))
                except (ValueError, KeyError) as error:  # includes errors of msgspec and base64
                    raise ConfigError(f"{file}: line {number}: not an object with text and label: {error}") from None
        return rows

    def beside(self, name: str) -> Any:
        """Return a JSON file stored with the sets (a schema, a list of terms); None if it does not exist."""
        file = self._folder / f"{name}.json"
        return msgspec.json.decode(file.read_bytes()) if file.is_file() else None
