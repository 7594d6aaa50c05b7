"""Finds rules, and parts of rules, that cannot have a result, given how the series moved: most of them on a quiet log.

``sum(increase(failures[5m])) > 4`` is empty at every step if no failure was counted. The state of an expression is
derived from its selectors outwards; whatever is not understood may have any value, and is evaluated. Operators and
their precedence: https://prometheus.io/docs/prometheus/latest/querying/operators/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from itertools import pairwise
from math import inf
from operator import add, mul, sub, truediv
from typing import Any

from tocsin.backtest.promql import MATCHING, Token, closing, duration, text_of, tokens_of, unwrapped
from tocsin.backtest.sampling import Movement, Seen

_OPEN, _CLOSE, _COMMA = (Token("other", text, 0) for text in "(),")


class State(IntEnum):
    """The possible results of an expression over the whole time; a greater state allows more."""

    EMPTY = 0
    """There is never a result."""
    ZERO = 1
    """Every result is 0 or NaN."""
    POSITIVE = 2
    """No result is below 0."""
    ANY = 3


_OPERATORS = (
    ("or",), ("and", "unless"), ("==", "!=", ">", "<", ">=", "<="), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
"""Operators by increasing precedence."""
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}
_COUNTED = ("increase", "rate", "irate", "resets", "changes")
_SAME = (
    "sum", "min", "max", "avg", "topk", "bottomk", "sum_over_time", "min_over_time", "max_over_time", "avg_over_time",
    "last_over_time", "label_replace",
)  # fmt: skip
_NEVER_NEGATIVE = ("group", "count", "count_over_time", "sqrt", "stddev", "abs")
_ONE = (*_NEVER_NEGATIVE, "histogram_quantile", "clamp_min")
"""Functions whose results are non-negative for non-negative arguments, and empty for empty ones."""
_MATCHER = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_TIERED = ("route:llm_route:info", "provider_model:llm_owner:info")
"""Recorded series of ours whose label ``tier`` comes from ``llm_route_info``, and is ``prod`` by default."""


class States:
    """The states of the series of a log, and of those that rules record from them."""

    def __init__(self, seen: Mapping[str, list[Seen]], seconds: float = inf) -> None:
        """Take how the series moved within so many ``seconds``; before that there was nothing."""
        self._seen = seen
        self._seconds = seconds
        self._recorded: dict[str, State] = {}
        self._known: dict[str, State] = {}
        self._one_tier = all(labels.get("tier", "prod") == "prod" for labels, _ in seen.get("llm_route_info", []))

    def follow(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Derive the states of recorded series, a fixed point from empty upwards: recording rules read each other."""
        recording = [(str(rule["record"]), _whole(rule["expr"])) for rule in rules if "record" in rule]
        self._recorded = dict.fromkeys((name for name, _ in recording), State.EMPTY)
        before: dict[str, State] = {}
        while before != self._recorded:
            before = dict(self._recorded)
            for name, tokens in recording:
                self._recorded[name] = max(self._recorded[name], self._state(tokens))

    def dormant(self, expression: str) -> bool:
        """Return whether the expression never has a result."""
        return self._state(_whole(expression)) is State.EMPTY

    def lean(self, expression: str) -> str:
        """Return the expression without sides of ``or`` and ``unless`` that never have a result.

        An evaluation's cost depends on the length of the expression more than on the samples that it reads.
        """
        return text_of(self._lean(_whole(expression))) or expression

    def _lean(self, tokens: list[Token]) -> list[Token]:
        inner = unwrapped(tokens)
        if inner is not tokens:
            return [_OPEN, *self._lean(inner), _CLOSE]
        for operators in _OPERATORS:
            at = _last(tokens, operators)
            if at:
                return self._lean_sides(tokens[:at], tokens[at], tokens[at + 1 :])
        begin, end = _bracket(tokens)
        if begin == end:
            return tokens
        lean = [token for part in _parted(tokens[begin:end]) for token in (_COMMA, *self._lean(part))]
        return [*tokens[:begin], *lean[1:], *tokens[end:]]

    def _lean_sides(self, left: list[Token], operator: Token, behind: list[Token]) -> list[Token]:
        right = _without_matching(behind)
        if operator.text == "or" and self._state(left) is State.EMPTY:
            return self._lean(right)
        if operator.text in ("or", "unless") and self._state(right) is State.EMPTY:
            return self._lean(left)
        return [*self._lean(left), operator, *behind[: len(behind) - len(right)], *self._lean(right)]

    def _state(self, tokens: list[Token]) -> State:
        tokens = unwrapped([token for token in tokens if token.kind != "space"])
        number = _number(tokens)
        if number is not None:
            return State.ZERO if number == 0 else State.POSITIVE if number > 0 else State.ANY
        if any(token.depth == 0 and token.text in ("^", "atan2") for token in tokens):
            return State.ANY
        for operators in _OPERATORS:
            at = _last(tokens, operators)
            if at:
                return self._binary(tokens[:at], tokens[at].text, tokens[at + 1 :])
        return self._operand(tokens)

    def _binary(self, before: list[Token], operator: str, behind: list[Token]) -> State:
        boolean = any(token.text == "bool" and token.depth == 0 for token in behind)
        behind = _without_matching(behind)
        left, right = self._state(before), self._state(behind)
        if operator == "or":
            return max(left, right)
        if operator == "unless":
            return left
        if State.EMPTY in (left, right):
            return State.EMPTY
        if operator == "and":
            return left
        if boolean:
            return State.POSITIVE
        if operator == ">" and left is State.ZERO and right <= State.POSITIVE:
            return State.EMPTY
        if operator in ("+", "-", "*", "/", "%"):
            return _arithmetic(left, operator, right)
        return left

    def _operand(self, tokens: list[Token]) -> State:
        if not tokens or tokens[0].text == "-":
            return State.ANY
        if tokens[0].kind == "word":
            name, arguments = tokens[0].text, _arguments(tokens)
            return self._selected(tokens) if arguments is None else self._call(name, arguments)
        if tokens[0].text == "(":  # a subquery, `( ... )[1h:5m]`
            return self._state(tokens[: closing(tokens) + 1])
        return State.ANY

    def _call(self, name: str, arguments: list[list[Token]]) -> State:
        if name in _COUNTED:
            state = self._selected(arguments[0], moves=True)
            return min(state, State.POSITIVE)
        if name == "delta":
            state = self._selected(arguments[0], moves=True)
            return state if state <= State.ZERO else State.ANY
        if name in ("time", "vector"):
            return State.POSITIVE
        if name in _SAME:
            return self._state(arguments[0] if name == "label_replace" else arguments[-1])
        if name in _ONE:
            state = self._state(arguments[-1] if name == "histogram_quantile" else arguments[0])
            if state is State.ANY and name not in _NEVER_NEGATIVE:
                return State.ANY
            if name == "clamp_min" and state is State.ZERO:
                return max(state, self._state(arguments[1]))
            return State.EMPTY if state is State.EMPTY else State.POSITIVE
        return State.ANY

    def _selected(self, tokens: list[Token], *, moves: bool = False) -> State:
        """Return the state of a selector, or with ``moves`` of its changes."""
        text = text_of(tokens)
        key = f"{moves} {text}"
        if key not in self._known or tokens[0].text in self._recorded:
            self._known[key] = self._look(tokens, text, moves=moves)
        return self._known[key]

    def _look(self, tokens: list[Token], text: str, *, moves: bool) -> State:
        if tokens[0].kind != "word" or "__name__" in text:
            return State.ANY
        name = tokens[0].text
        if any(a.text == "offset" and _seconds(b) > self._seconds for a, b in pairwise(tokens)):
            return State.EMPTY
        if name in ("Inf", "NaN"):
            return State.POSITIVE
        if name == "ALERTS":
            return State.ANY
        matchers = _MATCHER.findall(text)
        if name in self._recorded:
            if name in _TIERED and self._one_tier and ("tier", "!=", "prod") in matchers:
                return State.EMPTY
            return self._recorded[name]
        found = [seen for labels, seen in self._seen.get(name, []) if _matches(labels, matchers)]
        if not found:
            return State.EMPTY
        if Movement.MOVING in found or (not moves and Movement.FLAT in found):
            return State.POSITIVE
        return State.ZERO


def _whole(expression: str) -> list[Token]:
    """Return the tokens of an expression; none if its brackets do not match: it may then have any value."""
    tokens = tokens_of(expression)
    depth = 0
    for token in tokens:
        if token.kind == "other":
            depth += (token.text in "([{") - (token.text in ")]}")
        if depth < 0:
            return []
    return [] if depth else tokens


def _number(tokens: list[Token]) -> float | None:
    """Return the value of constant arithmetic, None for anything else."""
    tokens = unwrapped(tokens)
    if any(token.kind != "number" and token.text not in "()+-*/" for token in tokens):
        return None
    for operators in (("+", "-"), ("*", "/")):
        at = _last(tokens, operators)
        if at:
            left, right = _number(tokens[:at]), _number(tokens[at + 1 :])
            if left is None or right is None or (tokens[at].text == "/" and not right):
                return None
            return _ARITHMETIC[tokens[at].text](left, right)
    try:
        return float(text_of(tokens))
    except ValueError:
        return None


def _last(tokens: list[Token], operators: tuple[str, ...]) -> int:
    """Return the position of the last of these operators outside brackets, 0 if there is none."""
    for i in range(len(tokens) - 1, 0, -1):
        token = tokens[i]
        if token.depth == 0 and token.text in operators and token.kind != "string":
            return i
    return 0


def _without_matching(tokens: list[Token]) -> list[Token]:
    """Return what follows ``on (...) group_left (...)`` and ``bool``."""
    tokens = _begun(tokens)
    while tokens and tokens[0].kind == "word" and tokens[0].text in MATCHING:
        tokens = _begun(tokens[1:])
        if tokens and tokens[0].text == "(":
            tokens = _begun(tokens[closing(tokens) + 1 :]) or tokens  # with nothing after it, it is the operand itself
    return tokens


def _begun(tokens: list[Token]) -> list[Token]:
    """Return the tokens without leading spaces."""
    return tokens[next((i for i, token in enumerate(tokens) if token.kind != "space"), len(tokens)) :]


def _seconds(token: Token) -> float:
    """Return the seconds of a duration, 0 if it is not one, such as the minus sign in ``offset -5m``."""
    try:
        return duration(token.text)
    except ValueError:
        return 0.0


def _arithmetic(left: State, operator: str, right: State) -> State:
    if operator == "*":
        return State.ZERO if State.ZERO in (left, right) else max(left, right)
    if operator == "/" and left is State.ZERO:
        return State.ZERO
    if operator == "-" and (left, right) != (State.ZERO, State.ZERO):
        return State.ANY
    return max(left, right)


def _arguments(tokens: list[Token]) -> list[list[Token]] | None:
    """Return the arguments of ``name(...)`` or ``name by (...) (...)``; None for a selector."""
    at = 1
    if at < len(tokens) and tokens[at].text in ("by", "without"):
        at = closing(tokens) + 1
    if at >= len(tokens) or tokens[at].text != "(":
        return None
    return _parted(tokens[at + 1 : closing(tokens, at)])


def _parted(tokens: list[Token]) -> list[list[Token]]:
    """Split the tokens between two brackets into arguments, one level less deep."""
    arguments: list[list[Token]] = [[]]
    for token in tokens:
        if token.depth == 1 and token.text == ",":
            arguments.append([])
        else:
            arguments[-1].append(Token(token.kind, token.text, token.depth - 1))
    return arguments


def _bracket(tokens: list[Token]) -> tuple[int, int]:
    """Return where the arguments of an expression that is only a call begin and end; equal if it is not."""
    outside = [(i, t) for i, t in enumerate(tokens) if t.depth == 0 and t.kind != "space"]
    kinds = [token.text if token.text in ("by", "without", "(", ")") else token.kind for _, token in outside]
    if kinds in (["word", "(", ")"], *(["word", by, "(", ")", "(", ")"] for by in ("by", "without"))):
        return outside[-2][0] + 1, outside[-1][0]
    return len(tokens), len(tokens)


def _matches(labels: Mapping[str, str], matchers: Iterable[tuple[str, str, str]]) -> bool:
    for name, operator, wanted in matchers:
        if name in ("job", "instance", "le"):
            continue
        value = labels.get(name, "")
        equal = value == wanted if operator in ("=", "!=") else re.fullmatch(wanted, value) is not None
        if equal == operator.startswith("!"):
            return False
    return True
