"""The subset of PromQL that a backtest must understand: names, ranges, and the comparisons of alerts.

Grammar: https://prometheus.io/docs/prometheus/latest/querying/operators/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?P<comment>\#[^\n]*)|(?P<space>\s+)"""
    r"""|(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<number>[0-9][0-9a-zA-Z_.]*|\.[0-9]+)"""
    r"""|(?P<compare>==|!=|>=|<=|>|<)|(?P<other>=~|!~|.)""",
    re.VERBOSE,
)
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SETS = ("and", "unless")
MATCHING = ("bool", "on", "ignoring", "group_left", "group_right")
"""Words allowed between an operator and its right side."""
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_RANGE = re.compile(r"\[\s*((?:\d+(?:ms|[smhdwy]))+)\s*\]")

_SUBQUERY = re.compile(
    r"([a-zA-Z_]\w*:[\w:]*(?:\{[^}]*\})?)\[\s*((?:\d+(?:ms|[smhdwy]))+)\s*:\s*((?:\d+(?:ms|[smhdwy]))+)\s*\]"
)
_RANGED = re.compile(r"([a-z_]+)\(\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{[^}]*\})?\s*\[\s*(?:\d+(?:ms|[smhdwy]))+\s*\]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, string, operator or space, and the number of brackets around it."""

    kind: str
    text: str
    depth: int


def duration(text: str) -> float:
    """Return the seconds of a Prometheus duration such as ``1h30m``.

    Raises:
        ValueError: it is not a duration.
    """
    parts = _PART.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(n) * _UNITS[unit] for n, unit in parts)


def words(expression: str) -> set[str]:
    """Return all identifiers outside strings, including metric names."""
    return {token.text for token in tokens_of(expression) if token.kind == "word"}


def strings(expression: str) -> set[str]:
    """Return the contents of all strings."""
    return {token.text[1:-1] for token in tokens_of(expression) if token.kind == "string"}


def names(text: str) -> set[str]:
    """Return everything that may be a metric name, including in ``__name__`` matchers and template queries."""
    return set(_WORD.findall(text))


def longest_range(expression: str) -> float:
    """Return the longest plain range in seconds, 0 if there is none; subqueries do not count."""
    return max((duration(found) for found in _RANGE.findall(expression)), default=0.0)


def shorten_ranges(expression: str, seconds: int) -> str:
    """Return the expression with plain ranges limited to ``seconds``."""
    return _RANGE.sub(lambda m: f"[{seconds}s]" if duration(m[1]) > seconds else m[0], expression)


def plain_subqueries(expression: str, step: int) -> str:
    """Return the expression with plain ranges in place of subqueries of recorded series at the evaluation step.

    They contain the same samples; but a subquery loads those of all series at once, and promtool's engine allows
    10,000.
    """
    return _SUBQUERY.sub(lambda m: f"{m[1]}[{m[2]}]" if duration(m[3]) == step else m[0], expression)


def in_subqueries(expression: str, step: int) -> set[str]:
    """Return the names of recorded series read by subqueries of this step."""
    return {match[1].partition("{")[0] for match in _SUBQUERY.finditer(expression) if duration(match[3]) == step}


def renamed_subqueries(expression: str, step: int, names: Mapping[str, str]) -> str:
    """Return the expression with plain ranges of the renamed series in place of subqueries of this step."""

    def plain(match: re.Match[str]) -> str:
        name, bracket, matchers = match[1].partition("{")
        known = duration(match[3]) == step and name in names
        return f"{names[name]}{bracket}{matchers}[{match[2]}]" if known else match[0]

    return _SUBQUERY.sub(plain, expression)


def ranged(expression: str) -> set[str]:
    """Return the names of series read by plain ranges, except for their last value."""
    return {match[2] for match in _RANGED.finditer(expression) if match[1] != "last_over_time"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``value operator threshold``, and the other conditions of the alert."""

    value: str
    operator: str
    matching: str
    """``on (...)`` and so on, as written after the operator."""
    threshold: str
    rest: str
    """``and ...``, ``unless ...``: the other conditions."""


def comparisons(expression: str) -> list[Comparison]:
    """Return the leading comparison of each alternative of an alert's expression, if it has one."""
    return _comparisons(tokens_of(expression))


def tokens_of(expression: str) -> list[Token]:
    """Return the tokens of the expression without comments."""
    tokens, depth = [], 0
    for match in _TOKEN.finditer(expression):
        kind, text = match.lastgroup or "other", match[0]
        if kind == "comment":
            continue
        if text in ")]}" and kind == "other":
            depth -= 1
        tokens.append(Token(kind, text, depth))
        if text in "([{" and kind == "other":
            depth += 1
    return tokens


def split(tokens: list[Token], by: tuple[str, ...]) -> list[list[Token]]:
    """Split at these words outside brackets."""
    parts: list[list[Token]] = [[]]
    for token in unwrapped(tokens):
        if token.depth == 0 and token.kind == "word" and token.text in by:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def unwrapped(tokens: list[Token]) -> list[Token]:
    """Remove brackets around the whole expression."""
    solid = [i for i, token in enumerate(tokens) if token.kind != "space"]
    if not solid or tokens[solid[0]].text != "(" or tokens[solid[-1]].text != ")":
        return tokens
    inner = tokens[solid[0] + 1 : solid[-1]]
    if any(token.depth == 0 for token in inner):
        return tokens
    return unwrapped([Token(t.kind, t.text, t.depth - 1) for t in inner])


def closing(tokens: list[Token], after: int = 0) -> int:
    """Return the position, after ``after``, at which the first outermost bracket closes."""
    return next(i for i, t in enumerate(tokens) if i > after and t.text == ")" and t.depth == 0)


def _comparisons(tokens: list[Token]) -> list[Comparison]:
    found = []
    for alternative in split(tokens, ("or",)):
        part = unwrapped(alternative)
        end = next((i for i, t in enumerate(part) if t.depth == 0 and t.kind == "word" and t.text in _SETS), len(part))
        first, rest = part[:end], text_of(part[end:])
        at = next((i for i, t in enumerate(first) if t.depth == 0 and t.kind == "compare"), None)
        if at is not None:
            found.append(_comparison(first, at, rest))
        elif inner := _factor(first):
            found += [replace(nested, rest=f"{nested.rest} {rest}".strip()) for nested in _comparisons(inner)]
    return found


def _comparison(first: list[Token], at: int, rest: str) -> Comparison:
    again = (i for i, t in enumerate(first) if i > at and t.depth == 0 and t.kind == "compare")
    first = first[: next(again, len(first))]  # of `a > 1 < 9` the first threshold
    behind = at + 1
    matching = behind
    while matching < len(first) and (
        first[matching].kind == "space" or first[matching].depth > 0 or first[matching].text in (*MATCHING, "(", ")")
    ):
        if first[matching].text == "(" and not text_of(first[behind:matching]).strip():
            break  # a bracket of the threshold itself
        matching += 1
        if first[matching - 1].text == ")" and first[matching - 1].depth == 0:
            following = text_of(first[matching:]).split()
            if not following or not following[0].startswith(MATCHING):
                break
    return Comparison(
        text_of(first[:at]), first[at].text, text_of(first[behind:matching]), text_of(first[matching:]), rest
    )


def _factor(tokens: list[Token]) -> list[Token]:
    """Return the content of the leading bracket of ``( ... ) * ...``; empty if there is none."""
    solid = [i for i, token in enumerate(tokens) if token.kind != "space"]
    if not solid or tokens[solid[0]].text != "(":
        return []
    close = closing(tokens, solid[0])
    behind = next((tokens[i].text for i in solid if i > close), "*")
    inner = [Token(t.kind, t.text, t.depth - 1) for t in tokens[solid[0] + 1 : close]]
    return inner if behind == "*" else []


def text_of(tokens: list[Token]) -> str:
    """Return the text of tokens."""
    return "".join(token.text for token in tokens).strip()
