"""Lines of shell in documents: their commands, and whether Tocsin takes them."""

import contextlib
import io
import shlex

from tocsin.commands import parser


def commands(line: str) -> list[list[str]]:
    """The commands of a line, split at pipes and operators, without redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    skip = False
    for word in lexer:
        if set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>"):
            skip = True
        elif skip:
            skip = False
        else:
            found[-1].append(word)
    return [command for command in found if command]


def complaint(line: str, usual: set[str]) -> str:
    """What is wrong with a line: a command that is neither Tocsin's nor a usual one, or options that Tocsin has not."""
    for command, *arguments in commands(line):
        name = command.rsplit("/", 1)[-1]
        if name != "tocsin":
            if name not in usual:
                return f"{name} is no usual command"
            continue
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                parser().parse_args(arguments)
            except SystemExit:
                return said.getvalue()
    return ""
