"""A guard over stand-in detectors."""

import json

from tocsin.accounting.ledger import Ledger, Settings
from tocsin.config import parse
from tocsin.detectors.base import ARGUMENTS
from tocsin.finding import Finding
from tocsin.guard.guard import (
    Guard,
    OverloadError,
)
from tocsin.judge import Judge
from tocsin.scoring.scoring import Scoring
from tocsin.series.store import Store

NOW = 1_795_000_000.0


SECRET = "078-05-1120"


ROUTES = b"""
routes:
  - {match: {route: careful}, guard: {email: block}}
  - {match: {route: redacting}, guard: {pii: redact}}
  - {match: {route: closed}, guard: {on_overload: fail_closed}}
"""


class Word:
    tier, gates = 0, ()

    def __init__(self, name, type_of_finding, word, roles):
        self.name, self.roles, self._type, self._word = name, frozenset(roles), type_of_finding, word

    def scan(self, subject, fired, report):
        start = subject.text.find(self._word)
        if start >= 0:
            report.findings.append(Finding(self.name, self._type, start, start + len(self._word), 0.9))


DETECTORS = [
    Word("pii", "us_ssn", SECRET, ("assistant", "user", ARGUMENTS)),
    Word("pii", "email", "@", (ARGUMENTS,)),
    Word("toxicity", "toxic", "idiot", ("assistant",)),
    Word("injection", "injection", "ignore all", ("user", "tool", "document")),
]


class Bench:
    """A guard over stand-in detectors, and what it counted."""

    def __init__(self, admit=lambda: True, **options):
        ledger = Ledger(Store(), Settings())
        self.scoring = Scoring(ledger, Judge(parse(ROUTES), DETECTORS))
        self.guard = Guard(self.scoring, admit, **options)

    def values(self, family):
        self.scoring.publish(NOW)
        rows = self.scoring._ledger.store.rows.get(family, {}).values()
        return {row.labels: row.values[0] for row in rows if row.values[0]}

    def litellm(self, *texts, call="c1", kind="response", **fields):
        body = {"input_type": kind, "litellm_call_id": call, "texts": texts, "request_data": {}, "model": "m", **fields}
        return self.raw_litellm(json.dumps(body).encode())

    def raw_litellm(self, body: bytes):
        return self._answer(self.guard.litellm, body)

    def check(self, body: bytes):
        return self._answer(self.guard.check, body)

    def moderations(self, body: bytes):
        return self._answer(self.guard.moderations, body)

    def _answer(self, contract, body: bytes):
        try:
            return self.guard.decide(contract(body))
        except OverloadError as overload:
            if overload.passed is None:
                raise
            return overload.passed
