"""The command line: ``tocsin COMMAND``.

Exit codes: 0 ok, 1 the thing checked is not ok, 2 wrong usage or configuration. Errors name the file, the key and the
fix; a traceback is a defect.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from tocsin import __version__
from tocsin.config import ConfigError
from tocsin.state import StateLockedError, StateNewerError

_COMMANDS = ("run", "check", "eval", "replay", "backtest", "demo", "drill", "config", "consumer", "bundle", "drain")
"""Modules of this package, in the order of ``--help``."""


class _Parser(argparse.ArgumentParser):
    """A parser that does not wrap its example: users copy it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **settings})


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Build the parser of one command, or of all: each is imported only if needed, since importing takes time."""
    top = _Parser(
        prog="tocsin",
        description="Alerting for LLM failures that return HTTP 200.",
        epilog="example: tocsin run --tail '/var/log/litellm/*.jsonl'",
    )
    top.add_argument("--version", action="version", version=f"tocsin {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (command,) if command in _COMMANDS else _COMMANDS:
        import_module(f"{__name__}.{name}").add_parser(commands)
    return top


def above_zero(number: Callable[[str], float]) -> Callable[[str], float]:
    """Return an argument type: ``number`` (``int`` or ``float``) that must be above 0."""

    def read(text: str) -> float:
        value = number(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text}: give a number above 0")
        return value

    read.__name__ = number.__name__  # argparse names the type by it in errors
    return read


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser(words[0] if words else None).parse_args(words)
    try:
        code: int = arguments.execute(arguments)
        sys.stdout.flush()
    except (ConfigError, StateNewerError, StateLockedError) as error:
        print(f"tocsin: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stdout = None  # the reader is gone: do not flush at exit either
        return 1
    except OSError as error:  # commands report expected errors: this is a full disk, no descriptors or no memory
        print(f"tocsin: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}", file=sys.stderr)
        sys.stdout = None
        return 1
    except KeyboardInterrupt:
        return 130
    return code
