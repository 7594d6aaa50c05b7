"""The demo as a visitor sees it, and its end."""

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from browser import Page, browsing

GREEN, RED = (0x2B, 0x8A, 0x3E), (0xC9, 0x2A, 0x2A)
"""Upper edge of a category's box: it is measured, and somebody is paged for it."""
LOGGED = {"outage": r"provider_5xx[\d,]+", "quality": r"scored[1-9]", "cost": r"outliers[1-9]", "safety": r"pii[\d,]+"}
"""What the box says of the log lines by then. A judge's scores, on which quality pages, are none of its numbers."""
LOOK = """({
  boxes: Object.fromEntries([...document.querySelectorAll("section")].map(box => {
    const {x, y, width} = box.getBoundingClientRect();
    return [box.querySelector("h2").firstChild.textContent, {text: box.textContent, edge: [x + width / 2, y + 1]}];
  })),
  alerts: [...document.querySelectorAll("aside tbody tr")].map(row => [...row.cells].map(cell => cell.innerText)),
})"""
STORY = 540
"""Seconds for which the page is watched: the demo takes five minutes, and a violation fires for one more."""


def test_the_exporter_ends_when_the_demo_is_terminated(port):
    address = f"http://127.0.0.1:{(number := port())}/-/healthy"
    command = [sys.executable, "-u", "-m", "tocsin", "demo", "--no-alerts", "--port", str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert any("[1/7]" in line for line in demo.stdout)
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200

        demo.terminate()
        demo.wait(60)

    alive = False
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
        alive = True
    assert not alive


@pytest.mark.parametrize("wrong", ["--port", "--speed"])
def test_the_demo_reports_unusable_settings_before_it_starts(wrong):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        value = str(other.getsockname()[1]) if wrong == "--port" else "0"
        done = subprocess.run([sys.executable, "-m", "tocsin", "demo", wrong, value], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert wrong in done.stderr


@pytest.mark.once
@pytest.mark.timeout(900)
async def test_the_status_page_shows_each_incident_from_its_log_lines_to_its_page_to_its_end(tool, port, tmp_path):
    for name in ("prometheus", "alertmanager"):
        tool(name)
    address = f"http://127.0.0.1:{(number := port())}/"
    command = [sys.executable, "-u", "-m", "tocsin", "demo", "--stay", "--port", str(number)]
    demo = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        said = await until_line(demo, "[1/7]")
        async with browsing(tool("chromium"), tmp_path / "profile") as page:
            seen = await follow(page, address, tmp_path)
    finally:
        demo.terminate()
        await demo.communicate()

    assert "the shipped ones" in said
    assert seen.calm == dict.fromkeys(LOGGED, GREEN)
    assert seen.paged == dict.fromkeys(LOGGED, RED)
    assert seen.ended == dict.fromkeys(LOGGED, GREEN)
    for category, words in LOGGED.items():
        assert re.search(words, seen.text[category])
    assert seen.receivers.keys() == LOGGED.keys()
    assert all("oncall" in receivers for receivers in seen.receivers.values())


async def until_line(demo: asyncio.subprocess.Process, start: str) -> str:
    """Return what the demo says up to a line."""
    said = ""
    async with asyncio.timeout(200):
        async for line in demo.stdout:
            said += line.decode()
            if line.decode().startswith(start):
                return said
    pytest.fail(said)


@dataclass
class Seen:
    """The colour of each category's box in pictures of the page: calm, paged, and when that was over."""

    calm: dict[str, tuple[int, ...]] = field(default_factory=dict)
    paged: dict[str, tuple[int, ...]] = field(default_factory=dict)
    ended: dict[str, tuple[int, ...]] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    """The status box when somebody was paged."""
    receivers: dict[str, str] = field(default_factory=dict)
    """The receivers of pages, by category."""


async def follow(page: Page, address: str, folder: Path) -> Seen:
    """Look at the page once a second until every category has paged and that is over; keep the pictures."""
    seen, until = Seen(), time.monotonic() + STORY
    while len(seen.ended) < len(LOGGED) and time.monotonic() < until:
        await page.open(address)
        look = await page.evaluate(LOOK)
        picture = await page.picture()
        colours = {name: picture.getpixel(tuple(map(round, box["edge"]))) for name, box in look["boxes"].items()}
        if not seen.paged and set(colours.values()) == {GREEN}:
            seen.calm = colours
        pages: dict[str, set[str]] = {}
        for category, severity, _, _, delivered, resolved in look["alerts"]:
            if severity == "page":
                pages.setdefault(category, set()).add("firing" if resolved == "firing" else "resolved")
                seen.receivers.setdefault(category, delivered)
        for category, states in pages.items():
            if "firing" in states and category not in seen.paged:
                seen.paged[category], seen.text[category] = colours[category], look["boxes"][category]["text"]
                picture.save(folder / f"{category}-paged.png")
            elif states == {"resolved"} and category not in seen.ended:
                seen.ended[category] = colours[category]
                picture.save(folder / f"{category}-ended.png")
        await asyncio.sleep(1)
    return seen
