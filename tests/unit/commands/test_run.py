"""``tocsin run``: what it begins with."""

import argparse

from tocsin.commands import run
from tocsin.config import load
from tocsin.state import State


def restored(folder):
    parser = argparse.ArgumentParser()
    run.add_flags(parser)
    arguments = parser.parse_args(["--storage.path", str(folder), "--ingest.listen-address", ""])
    return run._restored(arguments, load(None))


def test_a_state_of_which_a_value_cannot_be_understood_is_set_aside(tmp_path):
    state = State(tmp_path)
    state.commit([("input:files", "meta", b"\xc1")])
    state.close()
    exporter = restored(tmp_path)
    assert exporter._state.set_aside is not None
    assert exporter._pipeline.degraded
    assert exporter._state.load("input:files") == []
    exporter._state.close()
