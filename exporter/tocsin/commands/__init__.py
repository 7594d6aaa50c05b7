"""The command line: ``tocsin COMMAND``.

Exit codes: 0 ok, 1 the thing checked is not ok, 2 wrong usage or configuration. An error names the
file, the key and the mend; a traceback is a defect.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tocsin import __version__
from tocsin.commands import config, demo, replay, run
from tocsin.config import ConfigError
from tocsin.state import StateLockedError, StateNewerError

_COMMANDS = (run, replay, demo, config)


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="tocsin",
        description="Pages people when their LLM fails with HTTP 200.",
        epilog="example: tocsin run --tail '/var/log/litellm/*.jsonl'",
    )
    top.add_argument("--version", action="version", version=f"tocsin {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.execute(arguments)
    except (ConfigError, StateNewerError, StateLockedError) as error:
        print(f"tocsin: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    return code
