"""``tocsin check``: JSON lines (or one plain text) on stdin, one verdict per line on stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from tocsin.config import load
from tocsin.detectors.base import SUSPICION
from tocsin.guard import check
from tocsin.judge import Judge

EXAMPLE = """example: echo '{"id": "1", "text": "mail jane.roe@gmail.com"}' | tocsin check"""
_CHUNK = 1 << 16


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("check", help="check texts from stdin, one JSON verdict per line", epilog=EXAMPLE)
    parser.add_argument("--text", action="store_true", help="stdin is a single plain text, not JSON lines")
    parser.add_argument("--all", action="store_true", help="also list findings below suspicion")
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Check the texts on stdin; 1 if a line could not be read, whatever the verdicts."""
    judge = Judge(load(arguments.config_file))
    floor = 0.0 if arguments.all else SUSPICION
    if arguments.text:
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        _write([check.check(judge, check.Request(text), floor)[1]])
        return 0
    code = 0
    for lines in _batches(sys.stdin.buffer):
        answers = [_answer(judge, line, floor) for line in lines if line.strip()]
        code |= any("error" in answer for answer in answers)
        _write(answers)
    return code


def _answer(judge: Judge, line: bytes, floor: float) -> dict[str, Any]:
    try:
        return check.check(judge, check.parse(line), floor)[1]
    except check.RequestError as error:
        return {"id": error.id, "error": str(error)}


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the available lines without waiting for more: a caller may send one and wait for its answer."""
    rest: list[bytes] = []
    while chunk := source.read1(_CHUNK):  # type: ignore[attr-defined]  # stdin.buffer is a BufferedReader
        first, *others = chunk.split(b"\n")
        rest.append(first)
        if others:
            yield [b"".join(rest), *others[:-1]]
            rest = [others[-1]]
    yield [b"".join(rest)]


def _write(answers: list[dict[str, Any]]) -> None:
    encode = msgspec.json.encode
    sys.stdout.buffer.write(b"".join([line for answer in answers for line in (encode(answer), b"\n")]))
    sys.stdout.buffer.flush()
