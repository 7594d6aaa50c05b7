"""``tocsin run``: what it begins with."""

import argparse
import asyncio
import sys
import threading
from types import SimpleNamespace

import pytest

from tocsin import catalogue as cat
from tocsin.commands import run
from tocsin.config import ConfigError, load
from tocsin.detectors.base import Subject
from tocsin.judge import Judge
from tocsin.pacing import SWITCH_SECONDS
from tocsin.state import State
from tocsin.tasks import spawn


def arguments_for(folder, config=None):
    parser = argparse.ArgumentParser()
    run.add_flags(parser)
    more = [] if config is None else ["--config.file", str(config)]
    return parser.parse_args(["--storage.path", str(folder), "--ingest.listen-address", "", *more])


def restored(folder, config=None):
    return run._restored(arguments_for(folder, config), load(None if config is None else str(config)))


@pytest.fixture
def with_terms(tmp_path):
    """An exporter that knows one policy term, and the file of its configuration."""
    config = tmp_path / "tocsin.yml"
    config.write_text("detectors: {policy: [mandragora]}\n")
    exporter = restored(tmp_path / "state", config)
    yield exporter, config
    exporter._state.close()


def policy_terms_in(exporter, text):
    judge = exporter._scoring.judge
    return [text[j.finding.start : j.finding.end] for j in judge.judge(Subject(text), judge.rules("a")).judged if j.finding.kind == "policy"]


def test_a_state_of_which_a_value_cannot_be_understood_is_set_aside(tmp_path):
    state = State(tmp_path)
    state.commit([("input:files", "meta", b"\xc1")])
    state.close()
    exporter = restored(tmp_path)
    assert exporter._state.set_aside is not None
    assert exporter._pipeline.degraded
    assert exporter._state.load("input:files") == []
    exporter._state.close()


def test_threads_give_way_to_the_event_loop_soon(tmp_path, monkeypatch):
    before, seen = sys.getswitchinterval(), []
    monkeypatch.setattr(run.asyncio, "run", lambda work: (work.close(), seen.append(sys.getswitchinterval())))
    monkeypatch.setattr(run, "configure", lambda *_: None)
    monkeypatch.setattr(run, "_restored", lambda *_: SimpleNamespace(run=never))
    try:
        run.execute(arguments_for(tmp_path))
    finally:
        sys.setswitchinterval(before)
    assert seen == pytest.approx([SWITCH_SECONDS])


async def never():
    """Run nothing."""


async def test_a_reload_brings_new_policy_terms_and_forgets_the_old_ones(with_terms):
    exporter, config = with_terms
    config.write_text("detectors: {policy: [wolfsbane]}\n")
    before = policy_terms_in(exporter, "mandragora and wolfsbane")
    await exporter._reload()
    assert (before, policy_terms_in(exporter, "mandragora and wolfsbane")) == (["mandragora"], ["wolfsbane"])


async def test_the_old_detectors_answer_until_the_new_ones_are_made(with_terms, monkeypatch):
    exporter, config = with_terms
    await exporter._detectors.wait()
    making, go = asyncio.Event(), threading.Event()
    loop, warm = asyncio.get_running_loop(), Judge.warm

    def slowly(judge):
        loop.call_soon_threadsafe(making.set)
        go.wait(60)
        warm(judge)

    monkeypatch.setattr(Judge, "warm", slowly)
    config.write_text("detectors: {policy: [wolfsbane]}\n")
    reloading = spawn(exporter._reload(), name="reload")
    await making.wait()
    meanwhile = policy_terms_in(exporter, "mandragora and wolfsbane")
    go.set()
    await reloading
    assert (meanwhile, policy_terms_in(exporter, "mandragora and wolfsbane")) == (["mandragora"], ["wolfsbane"])


@pytest.mark.parametrize("key", ["policy_file: /nowhere/terms", "policy_patterns: ['(?=a)b']"])
async def test_a_reload_whose_detectors_cannot_be_made_keeps_the_old_ones_and_is_a_failure(with_terms, key):
    exporter, config = with_terms
    config.write_text(f"detectors: {{policy: [wolfsbane], {key}}}\n")
    with pytest.raises(ConfigError, match=key.partition(":")[0]):
        await exporter._reload()
    assert policy_terms_in(exporter, "mandragora and wolfsbane") == ["mandragora"]
    assert exporter._ledger.store.row(cat.RELOAD_OK).values == [0]


async def test_a_defect_in_making_detectors_is_a_failed_reload_too(with_terms, monkeypatch):
    exporter, _ = with_terms
    await exporter._detectors.wait()
    monkeypatch.setattr(Judge, "warm", lambda _: 1 / 0)
    judge = exporter._scoring.judge
    with pytest.raises(ZeroDivisionError):
        await exporter._reload()
    assert exporter._scoring.judge is judge
    assert exporter._ledger.store.row(cat.RELOAD_OK).values == [0]


async def test_reloads_take_their_turn_and_the_last_file_holds(with_terms):
    exporter, config = with_terms
    await exporter._detectors.wait()
    first = spawn(exporter._reload(), name="reload")
    await asyncio.sleep(0)
    config.write_text("detectors: {policy: [wolfsbane]}\n")
    await asyncio.gather(first, spawn(exporter._reload(), name="reload"))
    assert policy_terms_in(exporter, "mandragora and wolfsbane") == ["wolfsbane"]


async def test_a_reload_before_anything_was_looked_at_makes_no_detectors(with_terms):
    exporter, _ = with_terms
    await exporter._reload()
    assert exporter._scoring.judge._made is None
