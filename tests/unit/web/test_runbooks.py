"""Runbooks over HTTP: only pages that ship, as HTML in which nothing is live."""

import pytest
from aiohttp import ClientSession, web

from tocsin.web import runbooks
from tocsin.web.server import start_listener


@pytest.fixture
async def get():
    app = web.Application()
    runbooks.add_routes(app)
    listener = await start_listener(app, "127.0.0.1:0")

    async def fetch(path):
        async with ClientSession() as session, session.get(f"http://127.0.0.1:{listener.port}{path}") as answer:
            return answer, await answer.text()

    yield fetch
    await listener.close()


async def test_a_page_is_served_as_html(get):
    answer, text = await get("/runbooks/LLMSafetyViolation")
    assert answer.status == 200
    assert answer.content_type == "text/html"
    assert "<h2>Stop the bleeding</h2>" in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/runbooks/LLMNothing", "/runbooks/_template", "/runbooks/..%2F..%2Fpyproject", "/runbooks/%00"])
async def test_an_unknown_name_is_a_404_with_the_list(get, path):
    answer, text = await get(path)
    assert answer.status == 404
    assert 'href="/runbooks/LLMSafetyViolation"' in text


async def test_an_unknown_name_is_shown_as_text(get):
    _, text = await get("/runbooks/%3Cscript%3E")
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


@pytest.mark.parametrize("path", ["/runbooks", "/runbooks/"])
async def test_the_list_is_served(get, path):
    answer, text = await get(path)
    assert answer.status == 200
    assert 'href="/runbooks/LLMSafetyViolation"' in text


def test_raw_html_and_script_links_stay_text(tmp_path, monkeypatch):
    (tmp_path / "evil.md").write_text("<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\n<b>y</b>\n")
    monkeypatch.setattr(runbooks, "RUNBOOKS", tmp_path)
    runbooks.names.cache_clear()
    try:
        text = runbooks.render("evil")
    finally:
        runbooks.names.cache_clear()
        runbooks.render.cache_clear()
    assert "<script>" not in text
    assert "<b>" not in text
    assert 'href="javascript' not in text


def test_front_matter_is_split_off():
    assert runbooks.front_matter("---\na: 1: 2\n---\n\n# x\n") == ({"a": "1: 2"}, "# x\n")
    assert runbooks.front_matter("# x\n") == ({}, "# x\n")
