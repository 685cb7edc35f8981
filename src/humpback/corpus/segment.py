"""Pages to segments: every header with all that stands below it, rendered as Markdown (Humpback, appendix on data).

The tree of the page is walked once, iteratively, into headings and blocks. A heading of level L owns what follows up to
the next heading of a level <= L; text before the first heading belongs to nobody. Rules are not applied here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from humpback.corpus.blocks import DEEPEST_NESTING, Block, Heading, blocks_of_html, blocks_of_markdown, nesting
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

# A candidate keeps at most this much text: longer ones are dropped by length anyway, and a page must not be stored
# once for each of its headings.
STORED_CHARS = 12_000
# A heading that was never closed holds the page; it must not be stored once more in each path below it.
HEADING_CHARS = 1_000
_BLANKS = re.compile(r"\s+")


@dataclass
class Node:
    """A heading with its own blocks and the headings below it."""

    heading: str
    level: int
    path: list[str]
    above: "Node | None" = None
    blocks: list[Block] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    ordinal: int = -1

    def headings_below(self) -> Iterator[str]:
        for child in self.children:
            yield child.heading
            yield from child.headings_below()


def tree(events: Iterable[Heading | Block]) -> list[Node]:
    """All heading nodes of a page in document order. Skipped levels hang under the nearest shallower heading."""
    nodes: list[Node] = []
    open_nodes: list[Node] = []
    for event in events:
        if isinstance(event, Block):
            if open_nodes:
                open_nodes[-1].blocks.append(event)
            continue
        while open_nodes and open_nodes[-1].level >= event.level:
            open_nodes.pop()
        above = open_nodes[-1] if open_nodes else None
        heading = event.text[:HEADING_CHARS]
        node = Node(heading, event.level, [*(above.path if above else []), heading], above, ordinal=len(nodes))
        if above:
            above.children.append(node)
        open_nodes.append(node)
        nodes.append(node)
    return nodes


def markdown(node: Node, depth: int = 0) -> str:
    """The text of `node` without its own heading; headings below it become "### " and deeper."""
    parts = [join_blocks(node.blocks)]
    for child in node.children:
        below = markdown(child, depth + 1)
        # A heading with nothing below it announces something that was furniture.
        parts += [f"{'#' * min(6, 3 + depth)} {child.heading}", below] if below else []
    return "\n\n".join(part for part in parts if part)


def join_blocks(blocks: list[Block]) -> str:
    """Blocks with a blank line between them, items of one list without."""
    out: list[str] = []
    for i, block in enumerate(blocks):
        tight = i > 0 and block.list_id is not None and blocks[i - 1].list_id == block.list_id
        out.append(("\n" if tight else "\n\n") + block.text if i else block.text)
    return "".join(out)


def count_chars(text: str) -> int:
    """Code points after runs of white space are taken as one."""
    return len(_BLANKS.sub(" ", text).strip())


def segment(rows: Iterable[Row]) -> Iterator[Outcome]:
    """Candidate segments of each document, or its `Drop` if it has no heading to cut at."""
    for row in rows:
        if row.get("html"):
            depth = nesting(row["html"])
            if depth > DEEPEST_NESTING:
                yield Drop(row, "too_deep", depth)
                continue
            page = blocks_of_html(row["html"])
            nodes = tree(page.events)
            title = page.title[:HEADING_CHARS]
        else:
            nodes = tree(blocks_of_markdown(row.get("text") or "", row.get("title") or ""))
            title = (row.get("title") or "")[:HEADING_CHARS]
        if not nodes:
            yield Drop(row, "no_heading", None)
        for node in nodes:
            yield _candidate(row, node, title)


def _candidate(row: Row, node: Node, title: str) -> Row:
    text = markdown(node)
    headings = [node.heading, *node.headings_below()]
    above = row_id(row["id"], "segment", node.above.ordinal) if node.above else None
    flags = ["empty_header"] if any(not any(c.isalnum() for c in heading) for heading in headings) else []
    return {
        "id": row_id(row["id"], "segment", node.ordinal),
        "parent": row["id"],
        "url": row.get("url"),
        "header_path": node.path if len(node.path) > 1 or not title or title == node.heading else [title, *node.path],
        "level": node.level,
        "parent_segment": above,
        "text": text[:STORED_CHARS],
        "n_chars": count_chars(text),
        "flags": flags,
        **{key: row.get(key) for key in ("warc", "offset", "date", "license", "lang")},
    }
