"""The runbooks as the tests read them: front matter, sections, code blocks, links, tables."""

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tocsin import bundle
from tocsin.web.runbooks import front_matter

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
HEADINGS = (
    "What users see", "Stop the bleeding", "Is it real?", "Which of these is it?", "Verify it is over",
    "Who must know", "Keep for the postmortem", "Why this threshold", "Your cause is not listed?",
)  # fmt: skip
OPTIONAL = {"exporter.gatewayCounter": "gateway_requests_total"}
"""Settings that add rules which are not there by default; they have pages, too."""
LAYERS = ("input data", "prompt", "model configuration", "output processing", "downstream")


@dataclass
class Block:
    """A code block: its language, its text, and the first paragraph behind it."""

    page: str
    language: str
    text: str
    after: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}.md:{self.line}"


@dataclass
class Page:
    name: str
    text: str
    facts: dict[str, str]
    sections: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    """Cells of the table under "Which of these is it?", without its head."""

    @property
    def all_blocks(self) -> list[Block]:
        return [block for blocks in self.blocks.values() for block in blocks]


@cache
def read(name: str) -> Page:
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    facts, body = front_matter(text)
    page = Page(name, text, facts)
    offset = len(text.splitlines()) - len(body.splitlines())
    tokens = MarkdownIt("js-default").parse(body)
    heading, lines = "", body.splitlines()
    starts = [(t.map[0], tokens[i + 1].content) for i, t in enumerate(tokens) if t.type == "heading_open" and t.tag == "h2"]
    for (start, title), (end, _) in pairwise([*starts, (len(lines), "")]):
        page.sections[title] = "\n".join(lines[start + 1 : end]).strip()
    for i, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            heading = tokens[i + 1].content
        if token.type == "fence":
            block = Block(name, token.info, token.content, _paragraph(tokens[i + 1 :]), token.map[0] + offset + 1)
            page.blocks.setdefault(heading, []).append(block)
        if token.type == "inline":
            page.links += [child.attrs["href"] for child in token.children or [] if child.type == "link_open"]
        if token.type == "tr_open" and heading == HEADINGS[3]:
            end = next(j for j in range(i, len(tokens)) if tokens[j].type == "tr_close")
            if tokens[i + 1].type == "td_open":
                page.rows.append([t.content for t in tokens[i:end] if t.type == "inline"])
    return page


def _paragraph(tokens: list[Token]) -> str:
    """The paragraph that follows at once."""
    if tokens and tokens[0].type == "paragraph_open":
        return tokens[1].content
    return ""


@dataclass(frozen=True)
class Row:
    """A row of ALERTS.md: what the rules say of an alert in words."""

    threshold: str
    window: str
    receivers: tuple[str, ...]


@cache
def rows() -> dict[str, list[Row]]:
    """The rows of the generated table by alert."""
    found: dict[str, list[Row]] = {}
    for line in bundle.markdown(OPTIONAL).splitlines():
        cells = line.strip("| ").split(" | ")
        if len(cells) == 8 and cells[1] != "alert":
            receivers = tuple(cells[6].split(", ")) if cells[6] != "-" else ()
            found.setdefault(cells[1], []).append(Row(cells[3], cells[4].strip("-"), receivers))
    return found


def alert_pages() -> list[str]:
    return [name for name in all_pages() if name.startswith(("LLM", "Tocsin"))]


def all_pages() -> list[str]:
    return sorted(p.stem for p in RUNBOOKS.glob("*.md"))


def all_blocks(language: str) -> list[Block]:
    return [block for name in all_pages() for block in read(name).all_blocks if block.language == language]
