"""Measures of the detectors for personal data, secrets and policy terms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator

from labelled import Binary, Row, Sets, cost_us

from tocsin.detectors.base import SUSPICION, Detector, Subject
from tocsin.detectors.pii import Pii
from tocsin.detectors.policy import Policy
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.secrets import Secrets
from tocsin.finding import Finding

TYPES = ("email", "phone", "credit_card", "iban", "us_ssn", "ip_address", "passport", "secret")
"""Types of findings; the sets write them in upper case."""


def listed(scanner: Scanner, row: Row) -> list[Finding]:
    return [finding for finding in scanner.scan(Subject(row["text"])).findings if finding.score >= SUSPICION]


def pii(sets: Sets) -> Iterator[str]:
    scanner = Scanner([Pii(), Secrets()])
    for name in ("pii_answers", "pii_synth", "pii_cases", "pii_lookalikes"):
        rows = [(row, {finding.type for finding in listed(scanner, row)}) for row in sets.rows(name)]
        for kind in TYPES:
            # presidio's test cases are labelled for one class each
            own = [(row, types) for row, types in rows if row.get("target", kind.upper()) == kind.upper()]
            counts = Binary.of((kind.upper() in row["label"], kind in types) for row, types in own)
            if counts.true + counts.false + counts.missed:
                yield f"{name} {kind}: {counts}"


def secrets(sets: Sets) -> Iterator[str]:
    scanner = Scanner([Secrets()])
    rows = [(row, listed(scanner, row)) for row in sets.rows("secrets")]
    yield str(Binary.of((row["label"] == "secret", bool(found)) for row, found in rows))
    yield f"tier 1: {Binary.of((True, bool(found)) for row, found in rows if row.get('tier') == 1)}"
    real = Binary.of((row["label"] == "secret", any(not f.example for f in found)) for row, found in rows)
    yield f"examples left out: {real}"


def examples(sets: Sets) -> Iterator[str]:
    scanner = Scanner([Pii(), Secrets()])
    rows = sets.rows("pii_examples", "all")
    right = sum({finding.example for finding in listed(scanner, row)} == {True} for row in rows)
    yield f"{right} of {len(rows)} documentation values are examples"


def policy(sets: Sets) -> Iterator[str]:
    terms = sets.folder / "policy_keywords.json"
    if terms.exists():
        scanner = Scanner([Policy(json.loads(terms.read_text(encoding="utf-8")))])
        yield str(
            Binary.of((row["label"] == "hit", bool(listed(scanner, row))) for row in sets.rows("policy_keywords"))
        )


def false_alarms(sets: Sets) -> Iterator[str]:
    scanner = Scanner([Pii(), Secrets()])
    for name in ("benign_arena", "benign_halueval"):
        answers = [listed(scanner, row) for row in sets.rows(name)]
        flagged = sum(any(not finding.example for finding in found) for found in answers)
        kinds = Counter(finding.type for found in answers for finding in found if not finding.example)
        reserved = Counter(finding.type for found in answers for finding in found if finding.example)
        rate = 1000 * flagged / max(1, len(answers))
        yield f"{name}: {flagged} of {len(answers)} = {rate:.2f} per 1,000 {dict(kinds)}; examples {dict(reserved)}"


def speed(sets: Sets) -> Iterator[str]:
    """Measure on all rows: the cost is the same for every part."""
    texts = [row["text"] for row in sets.rows("benign_arena", "all")]
    size = sum(len(text.encode()) for text in texts) / max(1, len(texts))
    thousand = [f"{first}{number} {second}" for first in "abcde" for second in "fghij" for number in range(40)]
    known: dict[str, list[Detector]] = {
        "pii": [Pii()],
        "secret": [Secrets()],
        "policy, 10 terms": [Policy(["project bluebird", "acmecorp", *map("the {} affair".format, range(8))])],
        "policy, 1,000 terms": [Policy(f"{term}xyz" for term in thousand)],
    }
    known["all, 10 terms"] = [*known["pii"], *known["secret"], *known["policy, 10 terms"]]
    for name, detectors in known.items():
        scanner = Scanner(detectors)
        cost = cost_us(lambda text, scanner=scanner: scanner.scan(Subject(text)), texts)  # type: ignore[misc]
        yield f"{name}: {cost:.1f} us per answer of {size:.0f} bytes, {1e6 / cost:.0f} answers/s, {size / cost:.0f} MB/s"


MEASURES: dict[str, Callable[[Sets], Iterator[str]]] = {
    "pii": pii,
    "secrets": secrets,
    "examples": examples,
    "policy": policy,
    "false_alarms": false_alarms,
    "safety_speed": speed,
}
