"""Alertmanager's own tool, the newest and the oldest that we promise."""

import subprocess

import pytest


@pytest.fixture(params=["amtool", "amtool-oldest"])
def amtool(request, tool):
    """Runs amtool with arguments and returns what it printed."""
    path = tool(request.param)

    def run(*arguments: str) -> str:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run
