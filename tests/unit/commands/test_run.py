"""``tocsin run``: what it sets for the whole process."""

import sys
from types import SimpleNamespace

import pytest

from tocsin.commands import run
from tocsin.pacing import SWITCH_SECONDS


def test_threads_give_way_to_the_event_loop_soon(monkeypatch):
    before, seen = sys.getswitchinterval(), []
    monkeypatch.setattr(run.asyncio, "run", lambda work: (work.close(), seen.append(sys.getswitchinterval())))
    monkeypatch.setattr(run, "configure", lambda *_: None)
    monkeypatch.setattr(run, "restored", lambda *_: SimpleNamespace(run=never))
    try:
        run.execute(SimpleNamespace(log_level="info", log_format="logfmt", config_file=None))
    finally:
        sys.setswitchinterval(before)
    assert seen == pytest.approx([SWITCH_SECONDS])


async def never():
    """Run nothing."""
