"""Reads a YAML file as a mapping of known keys; errors name the place, the problem and the fix.

Unknown keys are rejected with the nearest known one. ``${ENV}`` in a text is replaced from the environment, ``*_file``
keys name files that contain secrets. The loader rejects aliases, duplicate keys, tags and depth, because a 332-byte
file of aliases can expand to 10^9 values.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
import yaml

MAX_BYTES = 1 << 20
MAX_DEPTH = 20


class ConfigError(Exception):
    """The configuration is invalid; the message names the file, the key and the fix."""


Kind = TypeVar("Kind", bound=msgspec.Struct)


class _Loader(yaml.SafeLoader):
    """A safe loader that rejects aliases, duplicate keys and depth."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's
            raise ConfigError(f"line {mark.line + 1}: aliases (*name) are not allowed; write the value out")
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise ConfigError(f"nested deeper than {MAX_DEPTH} levels")
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ConfigError(f"line {node.start_mark.line + 1}: duplicate key {key!r}; remove one")
        return super().construct_mapping(node, deep=deep)


_BOOL = "tag:yaml.org,2002:bool"
# In YAML 1.2, `off` is a string. PyYAML implements 1.1, where `pii: off` means false.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"true|false|True|False|TRUE|FALSE"), list("tfTF"))


def decode(raw: bytes, kind: type[Kind], folder: Path | None = None) -> Kind:
    """Parse a YAML text as a mapping of known keys; files that it names are also searched for in ``folder``.

    Raises:
        ConfigError: naming the key and the fix.
    """
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES} bytes")
    try:
        tree = yaml.load(raw, Loader=_Loader)  # noqa: S506 - derived from SafeLoader, and stricter
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {_mistake(error)}") from None
    except RecursionError:
        raise ConfigError(f"nested deeper than {MAX_DEPTH} levels") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # PyYAML's own, e.g. for the date 2026-99-99
        raise ConfigError(f"a value does not fit its type ({error}); put quotes around it") from None
    tree = _expand({} if tree is None else tree)
    if folder is not None and isinstance(tree, dict):
        _find_files(tree, folder)
    if isinstance(tree, dict):  # null is a section with all lines commented out
        tree = {key: value for key, value in tree.items() if value is not None}
    tree = _known(tree, kind, "")
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        where, words = _wanted(where.strip("`."), tree, kind)
        mend = f"; one of {', '.join(words)}" if words else _MENDS.get(message.partition(", got")[0], "")
        raise ConfigError(f"{where or 'top level'}: {message}{mend}") from None


_MENDS = {
    "Expected `int`": "; write the number alone, without quotes or a unit",
    "Expected `float`": "; write the number alone, without quotes or a unit",
    "Expected `int | null`": "; write the number alone, such as 500000, without quotes or a unit",
    "Expected `float | null`": "; write the number alone, without quotes or a unit",
    "Expected `array`": "; write a list: [..]",
    "Expected `object`": "; write keys and values",
    "Expected `str`": "; write a text, in quotes where it looks like a number",
}
"""Fixes for values of a wrong type, by the beginning of msgspec's message."""


def _mistake(error: yaml.YAMLError) -> str:
    """Return the place and reason of a YAML syntax error, in one line."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).replace('in "<byte string>", ', "").split())
    mend = "; indent with spaces, not with tabs" if "\\t" in str(error.problem) else ""
    context = f"{error.context}, " if error.context else ""
    return f"line {error.problem_mark.line + 1}: {context}{error.problem}{mend}"


def _expand(value: Any, where: str = "") -> Any:
    """Replace ``${NAME}`` in every text by the environment variable."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: _environment(match[1], where), value)
    if isinstance(value, list):
        return [_expand(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _expand(item, f"{where}.{key}".lstrip(".")) for key, item in value.items()}
    return value


def _find_files(tree: Any, folder: Path) -> None:
    """Make relative names of files in the configuration's folder absolute, as Prometheus does."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict | list):
            _find_files(value, folder)
        elif isinstance(value, str) and str(key).endswith("_file") and (folder / value).is_file():
            tree[key] = str(folder / value)


def _environment(name: str, where: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(f"{where}: ${{{name}}} is not set in the environment")
    return value


def _known(tree: Any, kind: Any, where: str) -> Any:
    """Reject unknown keys with the nearest known one, more helpfully than msgspec would; return the tree.

    Where ``off`` is allowed, false means it: Helm and others read YAML 1.1 and pass ``pii: off`` on as false.
    """
    if isinstance(tree, bool) and get_origin(kind) is Literal and "off" in get_args(kind):
        return "on" if tree else "off"
    if isinstance(tree, list):
        inner = next(iter(get_args(kind)), None)
        return [_known(item, inner, f"{where}[{index}]") for index, item in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    if get_origin(kind) is dict:
        return {key: _known(value, get_args(kind)[1], f"{where}.{key}") for key, value in tree.items()}
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return tree
    fields = {f.name: f.type for f in msgspec.structs.fields(kind)}
    for key in tree:
        if key not in fields:
            raise ConfigError(f"{where}.{key}: unknown key; {meant(str(key), fields, 'known keys')}".lstrip("."))
    return {key: _known(value, fields[key], f"{where}.{key}".lstrip(".")) for key, value in tree.items()}


def meant(word: str, known: Collection[str], listed: str = "known") -> str:
    """Return the nearest known word as a question, or all of them after ``listed``."""
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"{listed}: {', '.join(known)}"


def _wanted(where: str, tree: Any, kind: Any) -> tuple[str, tuple[str, ...]]:
    """Return the place of a wrong value, with the key that msgspec omits, and the words allowed there."""
    for step in re.findall(r"\w+|\[\d+\]|\[\.\.\.\]", where):
        kind = next((k for k in get_args(kind) if isinstance(kind, UnionType) and k is not NoneType), kind)
        if step == "[...]":
            kind = get_args(kind)[-1]
            wrong = (str(key) for key, value in tree.items() if value not in get_args(kind))
            where = where.replace("[...]", "." + next(wrong, "*"))
            break
        if step[0] == "[":
            kind, tree = get_args(kind)[0], tree[int(step[1:-1])]
        else:
            kind, tree = next(f.type for f in msgspec.structs.fields(kind) if f.encode_name == step), tree[step]
    return where, tuple(str(word) for word in get_args(kind)) if get_origin(kind) is Literal else ()
