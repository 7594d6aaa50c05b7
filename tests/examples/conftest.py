"""What the tests of examples share."""

import socket
from collections.abc import Callable

import pytest


@pytest.fixture
def port() -> Callable[[], int]:
    """Finds a free port on loopback."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find
