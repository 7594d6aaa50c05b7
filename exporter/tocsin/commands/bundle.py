"""``tocsin bundle build|check``: compile the rules, or say whether compiled ones are stale."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tocsin import bundle


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("bundle", help="compile the rules for Prometheus")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, function, text in (
        ("build", _build, "write the compiled rules"),
        ("check", _check, "compare compiled rules with what the sources give"),
    ):
        action = actions.add_parser(
            name, help=text, epilog=f"example: tocsin bundle {name} --output rules/out --set quality.dropRatio=0.2"
        )
        action.add_argument("--output", metavar="FOLDER", default="rules/out", help="default: rules/out")
        action.add_argument(
            "--set", dest="settings", metavar="KEY=VALUE", action="append", default=[],
            help="change a setting of config.libsonnet or taxonomy.libsonnet (repeatable)",
        )  # fmt: skip
        action.set_defaults(execute=function)


def _compiled(arguments: argparse.Namespace) -> bundle.Bundle:
    return bundle.compile(dict(bundle.parse_setting(text) for text in arguments.settings))


def _build(arguments: argparse.Namespace) -> int:
    compiled = _compiled(arguments)
    bundle.write(Path(arguments.output), compiled)
    print(f"{len(compiled.table)} alerts in {arguments.output}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    difference = bundle.stale(Path(arguments.output), _compiled(arguments))
    print(difference or f"{arguments.output} is what the sources give")
    return 1 if difference else 0
