"""The exporter: what it begins with, and what a reload changes."""

import argparse
import asyncio
import threading

import pytest

from tocsin import catalogue as cat
from tocsin import exporter as exporter_module
from tocsin.call import Call
from tocsin.commands.run import add_flags
from tocsin.config import ConfigError, load
from tocsin.detectors.base import Subject
from tocsin.exporter import restored
from tocsin.judge import Judge
from tocsin.state import State
from tocsin.tasks import spawn


def exporter_of(folder, config=None):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    more = [] if config is None else ["--config.file", str(config)]
    arguments = parser.parse_args(["--storage.path", str(folder), "--ingest.listen-address", "", *more])
    return restored(arguments, load(None if config is None else str(config)))


@pytest.fixture
def with_terms(tmp_path):
    """An exporter that knows one policy term, and the file of its configuration."""
    config = tmp_path / "tocsin.yml"
    config.write_text("detectors: {policy: [mandragora]}\n")
    exporter = exporter_of(tmp_path / "state", config)
    yield exporter, config
    exporter._state.close()


def policy_terms_in(exporter, text):
    judge = exporter._scoring.judge
    return [text[j.finding.start : j.finding.end] for j in judge.judge(Subject(text), judge.rules("a")).judged if j.finding.kind == "policy"]


def test_a_state_of_which_a_value_cannot_be_understood_is_set_aside(tmp_path):
    state = State(tmp_path)
    state.commit([("input:files", "meta", b"\xc1")])
    state.close()
    exporter = exporter_of(tmp_path)
    assert exporter._state.set_aside is not None
    assert exporter._pipeline.trouble
    assert exporter._state.load("input:files") == []
    exporter._state.close()


async def test_an_exporter_that_reads_nothing_says_so(tmp_path, caplog):
    exporter = exporter_of(tmp_path)
    exporter._told.set()

    await exporter.run()

    assert "nothing is read" in caplog.text


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


async def test_a_bug_while_building_detectors_is_a_failed_reload(with_terms, monkeypatch):
    exporter, _ = with_terms
    await exporter._detectors.wait()
    monkeypatch.setattr(Judge, "warm", lambda _: 1 / 0)
    judge = exporter._scoring.judge
    with pytest.raises(ZeroDivisionError):
        await exporter._reload()
    assert exporter._scoring.judge is judge
    assert exporter._ledger.store.row(cat.RELOAD_OK).values == [0]


async def test_concurrent_reloads_are_serialised_and_the_last_file_wins(with_terms):
    exporter, config = with_terms
    await exporter._detectors.wait()
    first = spawn(exporter._reload(), name="reload")
    await asyncio.sleep(0)
    config.write_text("detectors: {policy: [wolfsbane]}\n")
    await asyncio.gather(first, spawn(exporter._reload(), name="reload"))
    assert policy_terms_in(exporter, "mandragora and wolfsbane") == ["wolfsbane"]


async def test_a_reload_before_the_first_text_builds_no_detectors(with_terms):
    exporter, _ = with_terms
    await exporter._reload()
    assert exporter._scoring.judge._made is None


async def test_one_price_is_looked_up_per_step_of_counting(tmp_path, monkeypatch):
    lookups = []
    monkeypatch.setattr(exporter_module, "find_library", lambda: lookups.append(1))
    exporter = exporter_of(tmp_path)
    ledger = exporter._ledger
    await exporter._prices.wait()
    lookups.clear()

    for number in range(3):
        ledger.count(Call(f"{number}", "", model=f"m{number}", input_tokens=1), 1_800_000_000.0)
    ledger.settle()
    lookups_by_step = [len(lookups)]
    while ledger.deferred:
        await ledger.deferred.popleft()()
        lookups_by_step.append(len(lookups))
    exporter._state.close()

    assert lookups_by_step == [0, 1, 2, 3]
