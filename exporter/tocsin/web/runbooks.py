"""``/runbooks/<Alert>``: the pages that alerts link to, as HTML.

The pages are package data: a name is looked up among them and never becomes a path. Raw HTML in a page is escaped, and
markdown-it renders only http, https, mailto and relative links.
"""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path

from aiohttp import web

RUNBOOKS = Path(__file__).parent.parent / "runbooks"
"""One Markdown file per alert and per category, and pages that others link to; ``_template.md`` is not served."""

PREFIX = "/runbooks/"

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Tocsin runbooks</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a;
  overflow-wrap: break-word; }}
h1 {{ margin-bottom: 0; }} h2 {{ border-bottom: 1px solid #ccc; margin-top: 2rem; }}
pre {{ background: #f4f4f4; padding: .7rem; overflow-x: auto; }} code {{ font-size: .9em; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #ccc; padding: .3rem .5rem; vertical-align: top; }}
header {{ color: #555; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #111; color: #ddd; }} pre {{ background: #222; }} a {{ color: #8bf; }} header {{ color: #aaa; }}
}}
</style></head><body>
{body}
</body></html>
"""


@cache
def names() -> tuple[str, ...]:
    """Return the names of the served pages."""
    return tuple(sorted(path.stem for path in RUNBOOKS.glob("*.md") if not path.stem.startswith("_")))


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Split a page into its front matter (``key: value`` lines between two ``---``) and its Markdown."""
    if not text.startswith("---\n"):
        return {}, text
    head, _, body = text[4:].partition("\n---\n")
    return dict(line.split(": ", 1) for line in head.splitlines()), body.lstrip("\n")


@cache
def render(name: str) -> str:
    """Return a page as HTML. Raises ``KeyError`` if the name is not among ``names()``."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - not needed for start-up, only by readers

    if name not in names():
        raise KeyError(name)
    facts, body = front_matter((RUNBOOKS / f"{name}.md").read_text(encoding="utf-8"))
    line = " &middot; ".join(f"{html.escape(key)}: {html.escape(value)}" for key, value in facts.items())
    markdown = MarkdownIt("js-default", {"linkify": False})
    # Images are not in the package: show their descriptions instead.
    markdown.add_render_rule("image", lambda _self, tokens, at, *_: f"<em>{html.escape(tokens[at].content)}</em>")
    page = markdown.render(body)
    return _FRAME.format(title=html.escape(name), body=f"<header>{line}</header>\n{page}")


def _index(missing: str = "") -> str:
    links = "".join(f'<li><a href="{PREFIX}{name}">{name}</a></li>' for name in names())
    note = f"<p>There is no page <code>{html.escape(missing)}</code>. These there are:</p>" if missing else ""
    return _FRAME.format(title="All", body=f"<h1>Runbooks</h1>{note}<ul>{links}</ul>")


def _answer(text: str, status: int = 200) -> web.Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


async def page(request: web.Request) -> web.Response:
    """Serve one page; 404 with the list of pages if there is none of that name. A link may end in ``.md``."""
    name = request.match_info["name"].removesuffix(".md")
    try:
        return _answer(render(name))
    except KeyError:
        return _answer(_index(name), 404)


async def index(request: web.Request) -> web.Response:
    """Serve the list of all pages."""
    del request
    return _answer(_index())


def add_routes(app: web.Application) -> None:
    """Serve the pages on an application."""
    app.router.add_get("/runbooks", index)
    app.router.add_get(PREFIX, index)
    app.router.add_get(PREFIX + "{name}", page)
