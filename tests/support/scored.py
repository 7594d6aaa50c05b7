"""Calls that are judged by stand-in detectors and counted, and what was counted of them."""

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call, Content, Message
from tocsin.config import Config
from tocsin.finding import Finding
from tocsin.judge import Judge
from tocsin.scoring.scoring import Scoring
from tocsin.scoring.unscored import Sampling
from tocsin.series.store import Store

NOW = 1_795_000_000.0
SSN = "078-05-1120"
ANSWERS = frozenset({"assistant"})


class Stub:
    """A detector that finds ``word`` and reports given results."""

    tier, gates = 0, ()

    def __init__(self, name, kind="", type_of_finding="", word="", roles=ANSWERS, **flags):
        self.name, self.roles, self._flags = name, roles, flags
        self._kind, self._type, self._word = kind or name, type_of_finding or name, word

    def scan(self, subject, fired, report):
        start = subject.text.find(self._word)
        if start >= 0:
            report.findings.append(Finding(self._kind, self._type, start, start + len(self._word), 0.9, **self._flags))


class Composite:
    name, tier, gates, roles = "quality", 0, (), ANSWERS

    def scan(self, subject, fired, report):
        report.scores["quality"] = 0.25 if "bad" in subject.text else 1.0
        if subject.expect is not None and subject.expect.format:
            report.outcomes["format"] = subject.text.startswith("{")
        if "sure" in subject.text:
            report.scores["confidence"] = 0.6


DETECTORS = [
    Stub("pii", type_of_finding="us_ssn", word="078-05-1120"),
    Stub("secret", word="SECRET", example=True),
    Stub("toxicity", type_of_finding="toxic", word="idiot"),
    Stub("refusal", "quality", "refusal", "I cannot help"),
    Stub("injection", word="ignore all", roles=frozenset({"user", "tool", "document"})),
    Composite(),
]


def make(config: Config | None = None, detectors=DETECTORS, sampling=None, **settings) -> Scoring:
    config = config or Config()
    ledger = Ledger(Store(), Settings(**settings))
    return Scoring(ledger, Judge(config, detectors), sampling or Sampling())


def call(number=0, output: str | None = "fine", said=(), **fields) -> Call:
    content = Content(input=[Message(*pair) for pair in said], output=output, tools=fields.pop("tools", []))
    content.state = fields.pop("state", "present")
    fields = {"provider": "openai", "model": "gpt-4o", "route": "support", "start": NOW, "duration": 1.0, "content": content, **fields}
    return Call(f"id-{number}", f"call-{number}", **fields)


def take(scoring: Scoring, *calls: Call, now: float = NOW) -> Scoring:
    for each in calls:
        scoring.count(each, scoring._ledger.count(each, now), now)
    return scoring


def values(scoring: Scoring, family: cat.Family) -> dict[tuple[str, ...], float]:
    """Non-zero values by the family's own labels."""
    shared = 3 if family.per_call else 0
    rows = scoring._ledger.store.rows.get(family, {}).values()
    return {row.labels[shared:]: row.values[0] for row in rows if row.values[0]}


def restarted(scoring: Scoring) -> Scoring:
    scoring.publish(NOW)
    return restored(scoring)


def restored(scoring: Scoring) -> Scoring:
    """Return one that starts with all that changed in another since its last commit."""
    saved: dict[str, list[tuple[str, bytes]]] = {}
    for part, key, value in [*scoring._ledger.changes(), *scoring.changes()]:
        if value is not None:
            saved.setdefault(part, []).append((key, value))
    again = make()
    again._ledger.restore(saved)
    again.restore(saved)
    return again
