"""``tocsin consumer VALUE``: the hash under which a known user or key stands in ``llm_consumer_tokens_total``."""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from tocsin.config import ConfigError, load, read_secrets, storage_path
from tocsin.labels import keyed_hash
from tocsin.state import FILE

EXAMPLE = "example: tocsin consumer user-17 --storage.path /var/lib/tocsin"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("consumer", help="print the hash of a user or key, as metrics show it", epilog=EXAMPLE)
    parser.add_argument("value", metavar="VALUE", help="user or key as the gateway knows it; - reads it from stdin")
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    parser.add_argument("--storage.path", dest="storage_path", metavar="DIR", help="state and spool")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print the hash."""
    config = load(arguments.config_file)
    value = sys.stdin.readline().rstrip("\n") if arguments.value == "-" else arguments.value
    if config.consumers.hash_key_file:
        key = read_secrets("consumers.hash_key_file", config.consumers.hash_key_file)[0]
    else:
        key = _key_of(storage_path(arguments.storage_path, config))
    print(keyed_hash(value, key))
    return 0


def _key_of(directory: Path) -> bytes:
    """Return the key that the exporter has made; read from a copy, since a running exporter holds its state locked.

    Raises:
        ConfigError: there is none.
    """
    mend = "give the --storage.path of the exporter, or set consumers.hash_key_file"
    if not (directory / FILE).is_file():
        raise ConfigError(f"{directory}: holds no state; {mend}")
    with tempfile.TemporaryDirectory() as folder:
        for name in (FILE, FILE + "-wal"):
            if (directory / name).exists():
                shutil.copy2(directory / name, Path(folder) / name)
        try:
            with closing(sqlite3.connect(Path(folder) / FILE)) as copy:
                found = copy.execute("SELECT value FROM items WHERE part = 'key'").fetchone()
        except sqlite3.Error as error:
            raise ConfigError(f"{directory}: the state cannot be read ({error}); {mend}") from None
    if found is None:
        raise ConfigError(f"{directory}: the state holds no key yet; {mend}")
    return bytes(found[0])
