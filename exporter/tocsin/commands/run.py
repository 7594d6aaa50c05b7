"""``tocsin run``: the exporter."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from tocsin import formats
from tocsin.config import load
from tocsin.exporter import restored
from tocsin.logs import configure
from tocsin.pacing import SWITCH_SECONDS, collect_seldom

EXAMPLE = "example: tocsin run --tail '/var/log/litellm/*.jsonl' --storage.path /var/lib/tocsin"
ADMIN_ADDRESS = "127.0.0.1:9877"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("run", help="run the exporter", epilog=EXAMPLE)
    add_flags(parser)
    parser.set_defaults(execute=execute)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags; ``tocsin config check`` takes those of the command line that it diagnoses."""
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    parser.add_argument("--tail", action="append", default=[], metavar="PATH|GLOB", help="log files; repeatable")
    parser.add_argument("--format", choices=("auto", *formats.FORMATS), default="auto", help="format of --tail")
    parser.add_argument("--storage.path", dest="storage_path", metavar="DIR", help="state and spool")
    parser.add_argument("--web.listen-address", dest="web_address", default=ADMIN_ADDRESS, metavar="ADDRESS")
    parser.add_argument("--web.config.file", dest="web_config", metavar="FILE", help="TLS and basic auth")
    parser.add_argument("--web.enable-lifecycle", dest="lifecycle", action="store_true", help="allow /-/reload")
    parser.add_argument("--ingest.listen-address", dest="ingest_address", metavar="ADDRESS", help="empty: disabled")
    parser.add_argument(
        "--guard-only", action="store_true", help="only check texts before delivery: no inputs, no state, ready at once"
    )
    parser.add_argument("--log.level", dest="log_level", choices=("debug", "info", "warn", "error"), default="info")
    parser.add_argument("--log.format", dest="log_format", choices=("logfmt", "json"), default="logfmt")


def execute(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT."""
    configure(arguments.log_level, arguments.log_format)
    config = load(arguments.config_file)
    collect_seldom()
    sys.setswitchinterval(SWITCH_SECONDS)
    return asyncio.run(restored(arguments, config).run())
