"""Labelled sets: those that come with the package, or a folder of the same shape.

A set is a file ``NAME.jsonl.gz`` of rows with ``text``, ``label`` and, where they apply, ``context``, ``kind`` and
``schema``. Texts that are shaped like live credentials are kept in base64 (``text64``), because scanners of
repositories refuse them. What ships, and under which licences, stands in ``data/SOURCE.md``.
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
        """Return the rows of a set; empty when the folder does not hold it.

        Raises:
            ConfigError: the file is no gzip, or a line of it no row.
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
                except (ValueError, KeyError) as error:  # those of msgspec and of base64 too
                    raise ConfigError(f"{file}: line {number}: not an object with text and label: {error}") from None
        return rows

    def beside(self, name: str) -> Any:
        """Return a JSON file beside the sets (a schema, a list of terms); None when it is not there."""
        file = self._folder / f"{name}.json"
        return msgspec.json.decode(file.read_bytes()) if file.is_file() else None
