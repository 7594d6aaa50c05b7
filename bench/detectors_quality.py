"""Measures of the quality detectors."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import made
from labelled import Binary, Sets, auc, cost_us, resident_mb

from tocsin.call import Expectation
from tocsin.detectors.base import Detector, Report, Subject
from tocsin.detectors.confidence import ConfidenceDetector
from tocsin.detectors.format import FormatDetector
from tocsin.detectors.hedge import HedgeDetector
from tocsin.detectors.language import LanguageDetector
from tocsin.detectors.numerals import digits
from tocsin.detectors.numeric import NumericDetector, strange_numbers
from tocsin.detectors.refusal import RefusalDetector
from tocsin.detectors.registry import Knowledge, make
from tocsin.detectors.repetition import RepetitionDetector
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.topic import TopicDetector
from tocsin.detectors.truncation import TruncationDetector
from tocsin.detectors.unsupported import THRESHOLD, UnsupportedDetector
from tocsin.finding import SAFETY_KINDS


def judge(scanner: Scanner, text: str, **known: Any) -> Report:
    """Return the report on one text."""
    return scanner.scan(Subject(text, **known))


def says(report: Report, *types: str, floor: float = 0.5) -> bool:
    """Return whether a report contains a finding of one of these types with at least the score ``floor``."""
    return any(finding.type in types and finding.score >= floor for finding in report.findings)


def worst(errors: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in errors.most_common(6)) or "none"


def cost(detector: Detector, texts: list[str], **known: Any) -> str:
    scanner = Scanner([detector])
    return f"{cost_us(lambda text: scanner.scan(Subject(text, **known)), texts):.1f} us per text"


def format_(sets: Sets) -> Iterator[str]:
    scanner = Scanner([FormatDetector()])
    order_file = sets.folder / "schema_order.json"
    order = json.loads(order_file.read_text()) if order_file.exists() else None
    wanted = {"valid": "good", "valid_if_unwrapped": "fenced", "invalid": "bad", "schema_violation": "bad"}
    for name in ("format_json", "format_schema_suite"):
        rows, errors = sets.rows(name, "all"), Counter[str]()
        for row in rows:
            schema = json.loads(row["context"]) if row.get("context") else order if row.get("schema") else None
            report = judge(scanner, row["text"], expect=Expectation(format=row["format"], schema=schema))
            verdict = "good" if report.outcomes.get("format") else "fenced" if "fenced" in report.marks else "bad"
            errors[row["kind"]] += "format" not in report.outcomes or verdict != wanted[row["label"]]
        yield f"{name}: {len(rows) - errors.total()} of {len(rows)} right; wrong: {worst(+errors)}"
    good = [row["text"] for row in sets.rows("format_json", "all") if row["label"] == "valid" and row.get("schema")]
    expect = Expectation(format="json_schema", schema=order)
    yield f"{cost(FormatDetector(), good, expect=expect)} (order schema)"


def repetition(sets: Sets) -> Iterator[str]:
    detector = RepetitionDetector()
    scanner = Scanner([detector])
    benign = sets.benign()
    cases = [(True, kind, text) for kind, text in made.loops(benign[::6])]
    cases += [(False, kind, text) for kind, text in made.repetitive(25)]
    cases += [
        (row["label"] == "loop", row["kind"], row["text"]) for row in sets.rows("repetition") if row["label"] != "loop?"
    ]
    results = [(is_loop, kind, says(judge(scanner, text), "repetition")) for is_loop, kind, text in cases]
    wrong = Counter(kind for is_loop, kind, called in results if is_loop != called)
    yield f"made loops and look-alikes: {Binary.of((is_loop, called) for is_loop, _, called in results)}; wrong: {worst(wrong)}"
    alarms = sum(says(judge(scanner, text), "repetition") for text in benign)
    yield f"{alarms} of {len(benign)} ordinary answers; {cost(detector, benign)}"


def confidence(sets: Sets) -> Iterator[str]:
    detector = ConfidenceDetector()
    scanner = Scanner([detector])
    rows = sets.rows("confidence")
    reports = [(row, judge(scanner, row["text"])) for row in rows]
    yield str(Binary.of((row["label"] == "stated", says(report, "confidence")) for row, report in reports))
    valued = [(row["value"], report) for row, report in reports if row.get("value") is not None]  # not in the shipped set
    right = sum(abs((report.scores["confidence"] or 0) - value) < 0.005 for value, report in valued)
    yield f"right value: {right} of {len(valued)}"
    benign = sets.benign()
    alarms = sum(says(judge(scanner, text), "confidence") for text in benign)
    yield f"{alarms} of {len(benign)} ordinary answers; {cost(detector, benign)}"


def refusal(sets: Sets) -> Iterator[str]:
    detector = RefusalDetector()
    scanner = Scanner([detector])
    rows = [row for row in sets.rows("refusal_xstest") if row["label"] != "partial"]
    yield f"xstest: {Binary.of((row['label'] == 'refusal', says(judge(scanner, row['text']), 'refusal')) for row in rows)}"
    yield "the shipped weights have seen these rows: tools/train/refusal.py prints cross-validated figures"
    for name in ("benign_arena", "benign_halueval"):
        texts = [row["text"] for row in sets.rows(name)]
        counts = Counter(
            finding.type for text in texts for finding in judge(scanner, text).findings if finding.score >= 0.5
        )
        yield f"{name}: {len(texts)} answers: {dict(counts)}"
    yield cost(detector, sets.benign())


def language(sets: Sets) -> Iterator[str]:
    detector = LanguageDetector()
    scanner = Scanner([detector])
    rows = sets.rows("language_switch")
    verdicts = [
        (row, judge(scanner, row["text"], expect=Expectation(language=row["expected_lang"])).outcomes.get("language"))
        for row in rows
    ]
    yield str(Binary.of((row["label"] == "switch", verdict is False) for row, verdict in verdicts))
    wrong = Counter(row["kind"] for row, verdict in verdicts if (row["label"] == "switch") != (verdict is False))
    yield f"wrong: {worst(wrong)}"
    pairs = [row for row in sets.rows("topic_pairs") if row["label"] == "on"]
    reports = [judge(scanner, row["text"], question=row["context"]) for row in pairs]
    checked = [report.outcomes["language"] for report in reports if "language" in report.outcomes]
    yield f"following the question: {len(checked)} of {len(pairs)} real pairs checked, {checked.count(False)} mismatches"
    benign = sets.benign()
    yield f"{cost(detector, benign, expect=Expectation(language='en'))} with an expected language, {cost(detector, benign)} without"


def numeric(sets: Sets) -> Iterator[str]:
    rows = sets.rows("numeric")
    fires = [(row, bool(strange_numbers(row["text"], row["context"]))) for row in rows]
    yield f"without swaps: {Binary.of((row['label'] == 'inconsistent', called) for row, called in fires if row['kind'] != 'swap')}"
    swaps = [called for row, called in fires if row["kind"] == "swap"]
    yield f"swaps with another number of the context (not detectable by design): {sum(swaps)} of {len(swaps)}"
    for name in ("grounded_qa", "grounded_dialogue"):
        good = [row for row in sets.rows(name) if row["label"] == "supported" and digits(row["text"])]
        alarms = sum(
            bool(strange_numbers(row["text"], f"{row['context']}\n{row.get('question') or ''}")) for row in good
        )
        yield f"{name}: fires on {alarms} of {len(good)} supported answers with digits"
    yield f"{cost(NumericDetector(), _two_kb(sets), context=[_two_kb(sets)[0]])} (2 KB answer, 2 KB context)"


def unsupported(sets: Sets) -> Iterator[str]:
    detector = UnsupportedDetector()
    yield "the shipped weights have seen these rows: tools/train/support.py prints cross-validated figures"
    for name in ("grounded_qa", "grounded_dialogue"):
        scores: dict[str, list[float]] = {"supported": [], "unsupported": []}
        for row in sets.rows(name):
            report = Report()
            detector.scan(Subject(row["text"], context=[row["context"]], question=row.get("question")), (), report)
            scores[row["label"]].append(report.scores.get("support") or 0.0)
        low = (
            sum(score < THRESHOLD for score in scores["unsupported"]),
            sum(score < THRESHOLD for score in scores["supported"]),
        )
        yield f"{name}: AUC {auc(scores['supported'], scores['unsupported']):.3f}, called {low[0]} of {len(scores['unsupported'])}, wrongly {low[1]} of {len(scores['supported'])}"
    yield f"{cost(detector, _two_kb(sets), context=[_two_kb(sets)[0]])} (2 KB answer, 2 KB context)"


def hedge(sets: Sets) -> Iterator[str]:
    detector = HedgeDetector()
    scanner = Scanner([detector])
    for label in ("ok", "hallucinated"):
        texts = [row["text"] for row in sets.rows("hallucination_general") if row["label"] == label]
        yield f"{label}: {sum(says(judge(scanner, text), 'hedge') for text in texts)} of {len(texts)} (a rate to watch, not a verdict)"
    benign = sets.benign()
    yield f"{sum(says(judge(scanner, text), 'hedge') for text in benign)} of {len(benign)} ordinary answers; {cost(detector, benign)}"


def topic(sets: Sets) -> Iterator[str]:
    detector = TopicDetector()
    pairs = sets.rows("topic_pairs")
    yield "rarities were counted on these texts too: tools/train/rarity.py prints figures of texts that were not"
    for kind in ("arena", "halueval"):
        scores: dict[str, list[float]] = {"on": [], "off": []}
        flagged = Counter[str]()
        for row in pairs:
            if row["kind"].startswith(kind):
                report = Report()
                detector.scan(Subject(row["text"], question=row["context"]), (), report)
                scores[row["label"]].append(report.scores.get("topic") or 0.0)
                flagged[row["label"]] += bool(report.findings)
        yield (
            f"{kind}: AUC {auc(scores['on'], scores['off']):.3f}; off_topic: {flagged['off']} of {len(scores['off'])}"
            f" others, {flagged['on']} of {len(scores['on'])} real pairs"
        )
    yield cost(detector, _two_kb(sets), question=_two_kb(sets)[0][:300])


def score(sets: Sets) -> Iterator[str]:
    scanner = Scanner(_quality())
    benign = sets.benign()

    def mean(texts: list[str]) -> str:
        values = sorted(judge(scanner, text).scores["quality"] or 0.0 for text in texts)
        return f"mean {sum(values) / len(values):.3f}, median {values[len(values) // 2]:.3f}"

    yield f"ordinary answers: {mean(benign)}"
    for kind in ("salad", "letters", "noise", "inner", "tokens"):
        yield f"made {kind}: {mean([text for name, text in made.garbled(benign[::2]) if name == kind])}"
    yield f"loops: {mean([text for _, text in made.loops(benign[::12])])}"
    yield f"refusals: {mean([row['text'] for row in sets.rows('refusal_xstest') if row['label'] == 'refusal'])}"


def speed(sets: Sets) -> Iterator[str]:
    texts = _two_kb(sets)
    yield f"{len(texts)} answers of {sum(map(len, texts)) / len(texts):.0f} characters"
    before = resident_mb()
    detectors = _quality()
    together = Scanner(detectors)
    judge(together, texts[0], question=texts[1][:300])
    yield f"all quality detectors add {resident_mb() - before:.1f} MB resident"
    for detector in detectors:
        yield f"tier {detector.tier} {detector.name}: {cost(detector, texts)}"
    fast = Scanner([detector for detector in detectors if detector.tier == 0])
    yield f"tier 0 together: {cost_us(lambda text: fast.scan(Subject(text)), texts):.0f} us"
    yield f"all, with a question: {cost_us(lambda text: together.scan(Subject(text, question=texts[0][:300])), texts):.0f} us"


def _quality() -> list[Detector]:
    return [detector for detector in make(Knowledge()) if detector.name not in SAFETY_KINDS]


def _two_kb(sets: Sets) -> list[str]:
    return [text for text in sets.benign() if 1600 < len(text) < 2600]


def truncation(sets: Sets) -> Iterator[str]:
    detector = TruncationDetector()
    scanner = Scanner([detector])
    benign = sets.benign()
    whole = sum(says(judge(scanner, text), "truncated", floor=0) for text in benign)
    cut = [text[: len(text) * 2 // 3] for text in benign if len(text) > 400]
    found = sum(says(judge(scanner, text), "truncated", floor=0) for text in cut)
    yield f"weak findings: {whole} of {len(benign)} whole answers, {found} of {len(cut)} cut ones; {cost(detector, benign)}"


MEASURES: dict[str, Callable[[Sets], Iterator[str]]] = {
    "format": format_,
    "repetition": repetition,
    "confidence": confidence,
    "refusal": refusal,
    "language": language,
    "numeric": numeric,
    "unsupported": unsupported,
    "hedge": hedge,
    "topic": topic,
    "score": score,
    "speed": speed,
    "truncation": truncation,
}
