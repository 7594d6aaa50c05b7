"""Users of a route begin to ask differently: the drift shows in what changed and in nothing else, and outlives a kill."""

import json
import random
import signal
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ENGLISH = ("What should I do with the parcel that was sent to the old address of my {}?", "How do I get to the form that I need for the {}?")
GERMAN = ("Was soll ich mit dem Paket tun, das an die alte Adresse von meinem {} kam?", "Wie komme ich an das Formular, das ich für den {} brauche?")
HEALTHY, SHIFTED = 1_600, 400


def asked(first: int, count: int, sentences: tuple[str, ...]) -> bytes:
    draw = random.Random(first)
    rows = []
    for number in range(first, first + count):
        question = " ".join(draw.choice(sentences).format(f"no {number}") for _ in range(draw.choice((1, 1, 2))))
        said = [{"role": "user", "content": question}]
        call = {"v": 1, "id": f"e{number}", "time": "2026-11-20T02:47:00Z", "route": "support", "model": "m"}
        rows.append({**call, "input": said, "output": "It is done."})
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def drift(exporter) -> dict[str, float]:
    families = text_string_to_metric_families(exporter.get("/metrics").decode())
    samples = (sample for family in families if family.name == "llm_input_drift_psi" for sample in family.samples)
    return {sample.labels["feature"]: sample.value for sample in samples if sample.labels["route"] == "support"}


def append(log: Path, lines: bytes) -> None:
    with log.open("ab") as out:
        out.write(lines)


def test_a_shift_of_the_language_of_questions_shows_in_its_feature_and_outlives_a_kill(tmp_path, launch):
    log = tmp_path / "app.jsonl"
    log.write_bytes(asked(0, 900, ENGLISH))
    with launch(tmp_path, "--tail", str(log)) as exporter:
        exporter.wait_for("llm_requests_total", 900)
        learning = drift(exporter)
        append(log, asked(900, HEALTHY - 900, ENGLISH))
        exporter.wait_for("llm_requests_total", HEALTHY)
        calm = drift(exporter)
        append(log, asked(HEALTHY, SHIFTED, GERMAN))
        exporter.wait_for("llm_requests_total", HEALTHY + SHIFTED)
        moved = drift(exporter)
        exporter.end(signal.SIGKILL)
        exporter.start()
        kept = drift(exporter)

    assert learning == {}
    assert max(calm.values()) < 0.1
    assert moved["language"] > 0.2
    assert {name for name, value in moved.items() if value >= 0.1} == {"language", "topic"}  # other words, too
    assert kept == moved
