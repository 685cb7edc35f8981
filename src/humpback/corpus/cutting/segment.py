"""Pages to segments: every header with all that stands below it, rendered as Markdown (Humpback, appendix on data).

The main text of a page is a list of headings and blocks. A heading of level L owns what follows up to the next heading of
a level <= L. Sections that announce no answer (related articles, comments) and rows of teasers are cut out of the
segments around them. Rules are not applied here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from humpback.config import Config
from humpback.corpus.cutting.asides import is_call
from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.main_text import main_text
from humpback.corpus.cutting.markdown import outline_of_markdown, writable
from humpback.corpus.cutting.navigation import navigation_term
from humpback.corpus.cutting.nesting import DEEPEST, nesting
from humpback.corpus.cutting.page import Block, Event
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome
from humpback.text.scripts import latin_length
from humpback.text.sentences import count_chars

# A candidate keeps at most this much text: longer ones are dropped by length anyway, and a page must not be stored
# once for each of its headings.
STORED_CHARS = 12_000
# A heading that was never closed holds the page; it must not be stored once more in each path below it.
HEADING_CHARS = 1_000
# With less text of its own, a heading that is a link leads to another page: two such side by side are teasers.
TEASER_CHARS = 250
# A section headed "Related" with so much prose outside links is the article going on after a box of links.
ARTICLE_CHARS = 200


LINKED_SHARE = 0.3
_HALF = re.compile(r"[!-~]+\Z")


Unit = Literal["header_tree", "document", "paragraph"]


class SegmentConfig(Config):
    """How pages are cut."""

    unit: Unit = Field(
        "header_tree", description="a header with all below it (paper), the whole main text, or single paragraphs (ours)"
    )
    around: int = Field(
        0,
        ge=0,
        le=STORED_CHARS,
        description="characters of the sections before and behind a header's, for backward.context=neighbours (ours)",
    )


@dataclass
class Node:
    """A heading with its own blocks and the headings below it; `silent` where the heading is left out of the text.

    `is_asked`: what stands below it are answers, the posts of a thread.

    `above` is the ordinal of the heading that it stands under: a reference would make rings, which only a garbage
    collection frees.
    """

    heading: str
    level: int
    path: list[str]
    above: int | None = None
    linked: bool = False
    silent: bool = False
    is_asked: bool = False
    blocks: list[Block] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    ordinal: int = -1

    def below(self) -> Iterator["Node"]:
        for child in self.children:
            yield child
            yield from child.below()


def tree(events: Iterable[Event]) -> list[Node]:
    """All heading nodes of a page in document order. Skipped levels hang under the nearest shallower heading."""
    nodes: list[Node] = []
    open_nodes: list[Node] = []
    for event in events:
        if isinstance(event, Block):
            if open_nodes:
                open_nodes[-1].blocks.append(event)
            else:
                event.fate = "above the first heading"
            continue
        while open_nodes and open_nodes[-1].level >= event.level:
            open_nodes.pop()
        above = open_nodes[-1] if open_nodes else None
        heading = event.text[:HEADING_CHARS]
        path = above.path if above and event.silent else [*(above.path if above else []), heading]
        place = above.ordinal if above else None
        node = Node(heading, event.level, path, place, event.linked, event.silent, ordinal=len(nodes))
        if above:
            above.children.append(node)
            above.is_asked = above.is_asked or event.silent
        open_nodes.append(node)
        nodes.append(node)
    return nodes


def pruned(nodes: list[Node]) -> list[Node]:
    """`nodes` without the sections that announce no answer and without teasers; their blocks get a fate.

    The title of a page stays, whatever it says.
    """
    silent = [
        node
        for node in nodes
        if node.above is not None and not node.silent and (navigation_term(node.heading) or is_call(node.heading))
    ]
    for node in silent:
        if sum(block.weight for block in node.blocks if _is_prose(block)) >= ARTICLE_CHARS:
            _silence(node)
    _cut(nodes, [(node, f"under the heading {node.heading!r}") for node in silent if not node.silent])
    _cut(nodes, [(teaser, "a teaser") for node in nodes for teaser in _teasers(node)])
    kept = {id(node) for root in nodes if root.above is None for node in (root, *root.below())}
    return [node for node in nodes if id(node) in kept]


def _is_prose(block: Block) -> bool:
    return block.link_chars < LINKED_SHARE * len(block.text)


def _silence(node: Node) -> None:
    node.silent = True
    for block in node.blocks:
        if not _is_prose(block):
            block.fate = f"under the heading {node.heading!r}"
    node.blocks = [block for block in node.blocks if not block.fate]


def _teasers(node: Node) -> list[Node]:
    teasers = [
        child
        for child in node.children
        if child.linked
        and not child.children
        and sum(latin_length(block.text, len(block.text)) for block in child.blocks) < TEASER_CHARS
    ]
    return teasers if len(teasers) > 1 else []


def _cut(nodes: list[Node], cut: list[tuple[Node, str]]) -> None:
    """Take each node of `cut`, with all below it, out of its place among `nodes`; the blocks get its fate."""
    for node, fate in cut:
        for lost in (node, *node.below()):
            for block in lost.blocks:
                block.fate = block.fate or fate
    gone = {node.ordinal for node, _ in cut}
    for node in nodes if gone else []:
        node.children = [child for child in node.children if child.ordinal not in gone]


def markdown(node: Node, depth: int = 0) -> str:
    """The text of `node` without its own heading; headings below it become "### " and deeper."""
    parts = [join_blocks(node.blocks)]
    for child in node.children:
        below = markdown(child, depth + 1)
        # A heading with nothing below it announces something that was furniture.
        if below:
            parts += [below] if child.silent else [f"{'#' * min(6, 3 + depth)} {child.heading}", below]
    return "\n\n".join(part for part in parts if part)


def join_blocks(blocks: list[Block]) -> str:
    """Blocks with a blank line between them, items of one list without."""
    out: list[str] = []
    for i, block in enumerate(blocks):
        tight = i > 0 and block.list_id is not None and blocks[i - 1].list_id == block.list_id
        out.append(("\n" if tight else "\n\n") + block.text if i else block.text)
    return "".join(out)


def segment(config: SegmentConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Candidate segments of each document, or its `Drop` if it has no heading to cut at."""
    cut = {"header_tree": _header_trees, "document": _documents, "paragraph": _paragraphs}[config.unit]
    for row in rows:
        depth = nesting(row["html"]) if row.get("html") else 0
        if depth > DEEPEST:
            yield Drop(row, "too_deep", depth)
            continue
        events, title = events_of(row)
        nodes = pruned(tree(events))
        if not nodes:
            yield Drop(row, "no_heading", None)
            continue
        yield from cut(row, nodes, title[:HEADING_CHARS], config.around)


def events_of(row: Row) -> tuple[list[Event], str]:
    """The headings and blocks of a document's main text, and its title."""
    if row.get("html"):
        page = outline(row["html"])
        return main_text(page), page.title
    title = writable(row.get("title") or "")
    return outline_of_markdown(row.get("text") or "", title), title


def whole_text(row: Row) -> str:
    """All of a document's main text as Markdown, its lists of links with it: for who wants an extractor, and not answers."""
    if not row.get("html"):
        return writable(row.get("text") or "")
    groups: list[list[Block]] = [[]]
    parts: list[str] = []
    for event in [*main_text(outline(row["html"], complete=True)), None]:
        if isinstance(event, Block):
            groups[-1].append(event)
            continue
        parts.append(join_blocks(groups.pop()))
        groups.append([])
        if event is not None and not event.silent:
            parts.append(f"{'#' * min(6, event.level)} {event.text}")
    return "\n\n".join(filter(None, parts))


def _header_trees(row: Row, nodes: list[Node], title: str, around: int) -> Iterator[Row]:
    for place_in, node in enumerate(nodes):
        above = row_id(row["id"], "segment", node.above) if node.above is not None else None
        blocks = [block for part in (node, *node.below()) for block in part.blocks]
        headings = [node.heading, *(part.heading for part in node.below())]
        place: Row = {"ordinal": node.ordinal, "level": node.level, "parent_segment": above}
        if nodes[0].is_asked and node.silent:
            place["question"] = f"{nodes[0].heading}\n\n{join_blocks(nodes[0].blocks)}"[:STORED_CHARS].strip()
        if around:
            behind = place_in + 1 + sum(1 for _ in node.below())
            place["around"] = _own(nodes[max(0, place_in - 1) : place_in], around) + _own(nodes[behind : behind + 1], around)
        yield _candidate(row, _path(node, title), markdown(node), blocks, headings, place)


def _own(nodes: list[Node], chars: int) -> list[str]:
    """Heading and text of each node, without what is below it; nothing of one that has none.

    Cut before a word or number, half of which would not be known for an address when it is redacted.
    """
    told = [f"{node.heading}\n\n{text}" for node in nodes if (text := join_blocks(node.blocks))]
    return [text if len(text) <= chars else _HALF.sub("", text[:chars]).rstrip() for text in told]


def _documents(row: Row, nodes: list[Node], title: str, _: int) -> Iterator[Row]:
    """One candidate: the main text under the page's title, or under its first heading if it has none."""
    top = Node(title or nodes[0].heading, 0, [title or nodes[0].heading], children=[n for n in nodes if n.above is None])
    if top.children[0].heading == top.heading or top.children[0].level == 1:
        top.children[0].silent = True
    blocks = [block for part in top.below() for block in part.blocks]
    yield _candidate(row, top.path, markdown(top), blocks, [top.heading], {"ordinal": 0, "level": 1})


def _paragraphs(row: Row, nodes: list[Node], title: str, _: int) -> Iterator[Row]:
    """Each paragraph on its own; a list is one, and what introduces it ("You need:") belongs to it."""
    ordinal = 0
    for node in nodes:
        for blocks in _groups(node.blocks):
            place = {"ordinal": ordinal, "level": node.level}
            yield _candidate(row, _path(node, title), join_blocks(blocks), blocks, [node.heading], place)
            ordinal += 1
    if not ordinal:
        yield _candidate(row, _path(nodes[0], title), "", [], [nodes[0].heading], {"ordinal": 0, "level": nodes[0].level})


def _groups(blocks: list[Block]) -> list[list[Block]]:
    groups: list[list[Block]] = []
    for block in blocks:
        before = groups[-1][-1] if groups else None
        same_list = before is not None and block.list_id is not None and before.list_id == block.list_id
        if before is not None and (same_list or before.text.rstrip().endswith((":", "："))):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _path(node: Node, title: str) -> list[str]:
    return node.path if len(node.path) > 1 or not title or title == node.heading else [title, *node.path]


def _candidate(row: Row, path: list[str], text: str, blocks: list[Block], headings: list[str], place: Row) -> Row:
    chars = count_chars(text)
    flags = ["empty_header"] if any(not any(c.isalnum() for c in heading) for heading in headings) else []
    return {
        "id": row_id(row["id"], "segment", place["ordinal"]),
        "parent": row["id"],
        "url": row.get("url"),
        "header_path": path,
        "level": place["level"],
        "parent_segment": place.get("parent_segment"),
        "text": text[:STORED_CHARS],
        "around": place.get("around"),
        "question": place.get("question"),
        "n_chars": chars,
        "link_share": round(sum(block.link_chars for block in blocks) / chars, 3) if chars else 0.0,
        "flags": flags,
        **{key: row.get(key) for key in ("warc", "offset", "date", "license", "opt_out", "lang")},
    }
