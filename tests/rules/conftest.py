"""Every module of cases runs with the oldest and the newest promtool."""

from __future__ import annotations

import pytest
from promtool import run


@pytest.fixture(scope="module")
def report(request, tool, tmp_path_factory) -> str:
    """What promtool says about the module's ``CASES``."""
    module = request.module
    return run(
        tool(request.param), tmp_path_factory.mktemp("rules"), module.CASES, module.GROUPS,
        interval=getattr(module, "INTERVAL", "1m"), step=getattr(module, "STEP", ""),
        rules=getattr(module, "RULES", None), together=getattr(module, "TOGETHER", True),
    )  # fmt: skip


def pytest_collection_modifyitems(items):
    for item in items:
        if "report" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1000))  # the first case of a module waits for all of them


def pytest_generate_tests(metafunc):
    if "report" in metafunc.fixturenames:
        tools = getattr(metafunc.module, "TOOLS", ("promtool", "promtool-oldest"))
        metafunc.parametrize("report", tools, indirect=True, scope="module")
    if "case" in metafunc.fixturenames:
        cases = metafunc.module.CASES
        metafunc.parametrize("case", cases, ids=[case.name for case in cases])
