"""Format: is the answer what was asked for, JSON, JSON of a schema, a text with a pattern, or any text at all.

JSON is strict (RFC 8259: no NaN, no trailing comma, no byte order mark). JSON in a code fence or in prose is a failure
of its own, marked ``fenced``: the caller's parser rejects it, a kinder one would not.
Schemas are of draft 2020-12 unless ``$schema`` names another. https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.quality import ANSWERS, finding

MAX_SCHEMA_BYTES: Final = 131_072
"""OpenAI allows schemas of 120,000 characters. Compiling one takes up to 50 ms, and nothing else runs meanwhile."""
MAX_SCHEMA_DEPTH: Final = 64
MAX_SCHEMA_VISITS: Final = 20_000
"""Subschemas that one place of an answer may be held against, references followed: nested ones double each time."""
MAX_STEPS: Final = 5_000_000
"""Subschemas times values of an answer: a step takes 10 ns, and nothing else runs meanwhile."""
MAX_PATTERN_CHARS: Final = 4_096
MAX_COMPILED: Final = 64
"""Schemas and patterns kept compiled; the one used longest ago goes first."""

_FENCE = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
_PATTERN_BYTES: Final = 4_000_000
"""What the compiled patterns of a schema may take, in equal shares, and their caches likewise. The first search takes
time in proportion: 100 patterns that took a megabyte each held 4,000 characters for 3.5 s."""
_decode = msgspec.json.Decoder().decode


class FormatDetector:
    """Holds an answer against ``subject.expect``; without an expectation it says nothing.

    ``report.outcomes["format"]`` is set when a check was made. ``report.marks`` gets ``fenced`` for good JSON in a
    fence or in prose, and ``format_unchecked`` where the schema or the pattern is unusable.
    """

    name = "format"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge the format of one answer."""
        expect = subject.expect
        if expect is None or not expect.format:
            return
        try:
            verdict = self._verdict(subject.text, expect.format, expect.schema, expect.pattern)
        except UnusableError:
            report.marks.add("format_unchecked")
            return
        report.outcomes["format"] = verdict == "good"
        if verdict == "fenced":
            report.marks.add("fenced")
        if verdict != "good":
            report.findings.append(finding("format", 0, len(subject.text), 0.75 if verdict == "fenced" else 1.0))

    @staticmethod
    def _verdict(text: str, wanted: str, schema: Any, pattern: str | None) -> str:
        if wanted == "text":
            return "good" if text.strip() else "bad"
        if wanted == "regex":
            readable = text.encode("utf-8", "replace").decode()  # the engine takes no lone surrogates
            return "good" if compiled_pattern(pattern or "").is_valid(readable) else "bad"
        validator = compiled_schema(schema) if wanted == "json_schema" and schema is not None else None
        if fits(text, validator):
            return "good"
        if fits(text):  # JSON of another shape: nothing to unwrap
            return "bad"
        return "fenced" if any(fits(inner, validator) for inner in unwrapped(text)) else "bad"


class UnusableError(ValueError):
    """A schema or pattern that cannot be used: broken, too large, with a reference to elsewhere."""


class Validator(NamedTuple):
    """A compiled schema."""

    is_valid: Callable[[Any], bool]
    visits: int
    """Subschemas that a value may be held against."""


def fits(text: str, validator: Validator | None = None) -> bool:
    """Return whether a text is strict JSON and, with a validator, whether its value conforms.

    Raises:
        UnusableError: the schema and the text are too large together.
    """
    try:
        value = _strict_json(text)
    except (ValueError, RecursionError):
        return False
    if validator is None:
        return True
    if validator.visits * len(text) > MAX_STEPS and validator.visits * (1 + sum(map(text.count, ",[{"))) > MAX_STEPS:
        raise UnusableError(f"more than {MAX_STEPS} subschemas times values")
    try:
        return validator.is_valid(value)
    except (ValueError, RecursionError):  # deeper than the validator goes
        return False


def _strict_json(text: str) -> Any:
    try:
        return _decode(text)
    except ValueError:  # msgspec also rejects what the grammar allows: 1e999, a lone surrogate's escape
        return json.loads(text, parse_constant=_no_constant)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def unwrapped(text: str) -> Iterator[str]:
    """What may be the JSON in a text around it: the only code fence, or all between the outermost brackets.

    Around it stand words; ``[1],`` and ``{}/**/`` are broken JSON, not wrapped.
    """
    fences = [match for _, match in zip(range(2), _FENCE.finditer(text), strict=False)]
    if len(fences) == 1:
        yield fences[0][1]
    for first, last in ("{}", "[]"):
        start, end = text.find(first), text.rfind(last)
        if 0 <= start < end and (_WORD.search(text, 0, start) or _WORD.search(text, end + 1)):
            yield text[start : end + 1]


def compiled_schema(schema: Any) -> Validator:
    """A validator of a JSON Schema; the same one for equal schemas.

    Raises:
        UnusableError: broken, too large, or with a reference that only a download could resolve.
    """
    try:
        return _compile_schema(msgspec.json.encode(schema))
    except (msgspec.EncodeError, UnicodeEncodeError, TypeError, RecursionError) as error:
        raise UnusableError("not a JSON value") from error


def compiled_pattern(pattern: str) -> Validator:
    """A validator of texts in which the pattern is found; anchor it (``^...$``) to hold the whole text.

    The dialect is JSON Schema's ``pattern`` in a linear-time engine: no look-around, no back-references.

    Raises:
        UnusableError: no pattern, too long a one, or not of that dialect.
    """
    if not 0 < len(pattern) <= MAX_PATTERN_CHARS:
        raise UnusableError(f"a pattern has 1 to {MAX_PATTERN_CHARS} characters")
    try:
        return _compile_schema(msgspec.json.encode({"pattern": pattern}))
    except (UnusableError, UnicodeEncodeError) as error:
        raise UnusableError("not a usable pattern") from error


@lru_cache(maxsize=MAX_COMPILED)
def _compile_schema(encoded: bytes) -> Validator:
    if len(encoded) > MAX_SCHEMA_BYTES:
        raise UnusableError(f"longer than {MAX_SCHEMA_BYTES} bytes")
    schema = _decode(encoded)
    counted = _Visits(schema)
    visits = counted.count()
    if visits > MAX_SCHEMA_VISITS:
        raise UnusableError(f"more than {MAX_SCHEMA_VISITS} subschemas, references followed")
    import jsonschema_rs  # noqa: PLC0415 - 6 MB of memory: most answers have no schema

    # Patterns of schemas run in a linear-time engine: one with backtracking can be made to take hours.
    share = _PATTERN_BYTES // max(1, counted.patterns)
    linear = jsonschema_rs.RegexOptions(size_limit=share, dfa_size_limit=share)
    try:
        validator = jsonschema_rs.validator_for(schema, offline=True, pattern_options=linear)
    except ValueError as error:  # jsonschema_rs.ValidationError is one
        raise UnusableError("not a usable JSON Schema") from error
    return Validator(validator.is_valid, visits)


class _Visits:
    """Counts the subschemas that a validator may visit: a chain of doubled references takes time 2^n."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._named: dict[str, Any] = {}
        self._counted: dict[int, int] = {}
        self.patterns = 0
        self._name(schema, 0)

    def count(self) -> int:
        """Visits of the whole schema, at most one over MAX_SCHEMA_VISITS.

        Raises:
            UnusableError: references form too long a chain.
        """
        try:
            return self._visits(self._root)
        except RecursionError as error:
            raise UnusableError("too long a chain of references") from error

    def _name(self, node: Any, depth: int) -> None:
        if depth > MAX_SCHEMA_DEPTH:
            raise UnusableError(f"deeper than {MAX_SCHEMA_DEPTH} levels")
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("$anchor", "$dynamicAnchor") and isinstance(value, str):
                    self._named["#" + value] = node
                elif key in ("$id", "id") and isinstance(value, str):
                    self._named[value] = node
                elif key in ("pattern", "patternProperties"):
                    self.patterns += len(value) if isinstance(value, dict) else 1
                self._name(value, depth + 1)
        elif isinstance(node, list):
            for value in node:
                self._name(value, depth + 1)

    def _visits(self, node: Any) -> int:
        if not isinstance(node, dict | list):
            return 0
        if (known := self._counted.get(id(node))) is not None:
            return known
        self._counted[id(node)] = 0  # a cycle: the validator stops there as well
        total = 1
        for value in node.values() if isinstance(node, dict) else node:
            total += self._visits(value)
        if isinstance(node, dict):
            for key in ("$ref", "$dynamicRef", "$recursiveRef"):
                if isinstance(node.get(key), str):
                    total += self._visits(self._target(node[key]))
        self._counted[id(node)] = total = min(total, MAX_SCHEMA_VISITS + 1)
        return total

    def _target(self, reference: str) -> Any:
        if reference in self._named:
            return self._named[reference]
        node = self._root
        for part in reference.partition("#")[2].split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                return None
        return node
