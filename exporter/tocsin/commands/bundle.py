"""``tocsin bundle build|check``: compile the rules, or check whether compiled ones are stale."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tocsin import bundle


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "bundle", help="compile the rules for Prometheus", epilog="example: tocsin bundle build --output rules/out"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, function, text in (
        ("build", _build, "write the compiled rules"),
        ("check", _check, "compare compiled rules with what the sources give"),
    ):
        action = actions.add_parser(
            name, help=text, epilog=f"example: tocsin bundle {name} --output rules/out --set quality.dropRatio=0.2"
        )
        action.add_argument("--output", metavar="FOLDER", default="rules/out", help="default: rules/out")
        action.add_argument("--dashboards", metavar="FOLDER", help="also write the dashboards there")
        action.add_argument("--chart", metavar="FOLDER", help="also write the chart's files there, with placeholders")
        action.add_argument(
            "--set", dest="settings", metavar="KEY=VALUE", action="append", default=[],
            help="change a setting of config.libsonnet or taxonomy.libsonnet (repeatable)",
        )  # fmt: skip
        action.set_defaults(execute=function)


def _compiled(arguments: argparse.Namespace) -> dict[Path, dict[str, str]]:
    """Return the compiled files by folder and name."""
    overrides = dict(bundle.parse_setting(text) for text in arguments.settings)
    folders = {Path(arguments.output): bundle.files(bundle.compile(overrides))}
    if arguments.dashboards:
        folders[Path(arguments.dashboards)] = bundle.dashboards(overrides)
    if arguments.chart:
        folders[Path(arguments.chart)] = bundle.files(bundle.placeholders()) | {"tocsin.tmpl": bundle.templates()}
        folders[Path(arguments.chart) / "dashboards"] = bundle.dashboards()
    return folders


def _build(arguments: argparse.Namespace) -> int:
    for folder, files in _compiled(arguments).items():
        bundle.write(folder, files)
        print(f"{folder}: {', '.join(files)}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    differences = [bundle.stale(folder, files) for folder, files in _compiled(arguments).items()]
    difference = "\n".join(filter(None, differences))
    print(difference or "the compiled files are what the sources give")
    return 1 if difference else 0
