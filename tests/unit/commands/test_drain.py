"""``tocsin drain``: how long a pod is held, and what for."""

import time
from contextlib import ExitStack

import pytest

from receiver import Handler, serving
from tocsin.commands import drain, main

EMPTY = 'tocsin_ingest_backlog_bytes{input="spool"} 0\n'


@pytest.fixture
def page():
    """Serves each text once, and the last one for ever."""

    class Page(Handler):
        def do_GET(self):
            texts = self.server.texts
            self.send(200, "text/plain", (texts.pop(0) if len(texts) > 1 else texts[0]).encode())

    with ExitStack() as stack:
        yield lambda *texts: f"--url=http://127.0.0.1:{stack.enter_context(serving(Page, texts=list(texts))).server_port}/metrics"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(drain, "POLL", 0.01)


def test_it_waits_until_the_spool_is_counted(page):
    url = page(EMPTY.replace(" 0", " 900"), EMPTY.replace(" 0", " 40"), EMPTY)

    assert main(["drain", url, "--at-least=0", "--at-most=60"]) == 0


def test_it_waits_for_services_to_forget_the_pod(page):
    began = time.monotonic()

    assert main(["drain", page(EMPTY), "--at-least=0.2", "--at-most=60"]) == 0
    assert time.monotonic() - began >= 0.2


def test_what_remains_in_the_spool_is_reported(page, capsys):
    url = page(EMPTY.replace(" 0", " 900"))

    assert main(["drain", url, "--at-least=0", "--at-most=0.1"]) == 1
    assert "900 bytes of the spool are counted at the next start" in capsys.readouterr().err


def test_a_guard_has_nothing_to_drain(page):
    assert main(["drain", page("llm_guard_requests_total 3\n"), "--at-least=0", "--at-most=60"]) == 0


def test_a_drain_without_an_answer_is_reported(capsys):
    assert main(["drain", "--url=http://127.0.0.1:1/metrics", "--at-least=0", "--at-most=0.1"]) == 1
    assert "does not answer" in capsys.readouterr().err
