"""Shared by all tests: hypothesis without deadlines, because CI machines are shared and slow at times, and with the same
examples in each run of CI, so that it judges the change and not its luck; outside tools; the running program, a receiver.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from program import Exporter
from receiver import Receiver, receiving
from tocsin.demo import stack
from tocsin.demo.stack import free_port

CI = os.environ.get("CI") == "true"
settings.register_profile("tocsin", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=CI)
settings.register_profile("few", settings.get_profile("tocsin"), max_examples=20)
settings.load_profile("tocsin")

ROOT = Path(__file__).resolve().parent.parent
LONG = (
    "e2e/test_demo", "incidents/test_ruler", "incidents/test_backtest", "rules/test_quality_baseline", "helm/test_cluster",
    "rules/test_outage", "incidents/test_live", "e2e/test_litellm_proxy", "e2e/test_faults", "e2e/test_dashboards", "rules/test_latency",
    "rules/test_events", "rules/test_signals", "e2e/test_run", "image/test_contents", "rules/test_escalation", "e2e/test_pages",
    "e2e/test_drill", "examples/test_sdk_logging", "helm/test_host", "rules/test_worlds", "rules/test_hours",
)  # fmt: skip
"""Files of tests that take longest: workers take files in turn (`--dist loadfile --no-loadscope-reorder`), so they go first."""


def pytest_configure() -> None:
    """Share the ports out: between a worker's choice of one and its use, another worker may not choose the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    stack._GIVEN.update(port for port in range(1 << 16) if port % workers != worker)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    turn = {ROOT / "tests" / f"{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: turn.get(item.path, len(turn)))


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Finds an outside tool: ``tool("promtool")`` is its path, or the test is skipped (with CI=true: fails)."""

    def find(name: str) -> Path:
        places = os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")])
        path = shutil.which(name, path=places)
        if path is not None:
            return Path(path)
        reason = f"{name} is neither in .tools/bin nor on PATH: run `make tools`"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def launch() -> type[Exporter]:
    """``with launch(folder, *arguments) as exporter``: a running `tocsin run` whose state is in the folder."""
    return Exporter


@pytest.fixture
def port() -> Callable[[], int]:
    """Finds a free port on loopback."""
    return free_port


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes what is posted to it."""
    with receiving() as running:
        yield running
