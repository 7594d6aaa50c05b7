"""Presidio on texts, one JSON string per line: all its English pattern recognizers, without a language model.

Run with the interpreter of `tools/install.sh presidio`; prints texts per second of user CPU. The language models in its
documentation are downloads, so names of people and places are not detected: its fastest setting.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine


def main(path: str) -> None:
    """Analyze every text."""
    texts = [json.loads(line) for line in Path(path).read_text().splitlines()]
    tokenizer = SpacyNlpEngine()
    tokenizer.nlp = {"en": spacy.blank("en")}
    engine = AnalyzerEngine(nlp_engine=tokenizer, supported_languages=["en"])
    engine.analyze(texts[0], "en")
    began = time.process_time()
    for text in texts:
        engine.analyze(text, "en")
    print(len(texts) / (time.process_time() - began))


if __name__ == "__main__":
    main(sys.argv[1])
