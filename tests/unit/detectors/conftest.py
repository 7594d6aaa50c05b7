import pytest

from tocsin.detectors.base import SUSPICION, Subject
from tocsin.detectors.pii import Pii
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.secrets import Secrets


@pytest.fixture(scope="session")
def found():
    """Findings of personal data and secrets that are listed."""
    scanner = Scanner([Pii(), Secrets()])
    return lambda text, **subject: [f for f in scanner.scan(Subject(text, **subject)).findings if f.score >= SUSPICION]


@pytest.fixture(scope="session")
def values(found):
    """(type, value) of what is listed."""
    return lambda text, **subject: [(f.type, text[f.start : f.end]) for f in found(text, **subject)]
