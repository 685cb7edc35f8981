"""Data tables as Markdown; tables that only lay a page out are told from them."""

from humpback.corpus.cutting.nodes import Node, inline_text, is_unseen

# Short rows are filled up, and spans are followed, to no more cells: one wide row would else make each of many as long.
MOST_FILLED = 50
# A table without a head whose cells hold blocks is data only if all of its cells are shorter.
CELL_CHARS = 200
_BLOCKS = "p, ul, ol, dl, div, blockquote, h1, h2, h3, h4, h5, h6"
# No data stands in cells with these.
_PARTS = "table, form, article, section"
_HEADINGS = "h1, h2, h3, h4, h5, h6"
_HEAD = "th, thead, caption"


def is_layout(table: Node) -> bool:
    """Whether `table` lays out what it holds: it says so, holds parts of a page, or blocks in cells unlike data."""
    if table.attributes.get("role") in ("presentation", "none") or _holds(table, _PARTS):
        return True
    # Code is shown in tables without a head, its numbers in one cell.
    if _holds(table, "pre"):
        return not _holds(table, _HEAD)
    return _holds(table, _BLOCKS) and not _is_data(table, has_headings=_holds(table, _HEADINGS))


def _holds(table: Node, selector: str) -> bool:
    # A search from a node finds the node itself too: the parts of the table are asked.
    part = table.child
    while part is not None:
        if part.is_element_node and part.css_first(selector) is not None:
            return True
        part = part.next
    return False


def _is_data(table: Node, has_headings: bool) -> bool:
    """Whether cells with blocks make rows of one form, with a head or all of them short; with headings, both."""
    rows = [row.css("th, td") for row in table.css("tr")]
    widths = [sum(_span(cell, "colspan") for cell in row) for row in rows if row]
    if len(widths) < 2 or max(widths) < 2:
        return False
    if _holds(table, _HEAD) and not has_headings:
        return True
    even = max(widths) == min(widths) or any(cell.attributes.get("rowspan") for row in rows for cell in row)
    return even and all(len(cell.text(deep=True)) < CELL_CHARS for row in rows for cell in row)


def table_text(node: Node) -> tuple[str, int]:
    """A data table as Markdown, its first row the head, after its caption; and how many of its characters are links.

    A cell that spans rows or columns stands in each of them, so that every value is under its own heading.
    """
    rows = [row for row in _rows(node) if any(row)]
    if not rows:
        return "", 0
    width = max(len(row) for row in rows)
    rows[0] += [""] * (width - len(rows[0]))
    lines = [f"| {' | '.join(row + [''] * (min(width, MOST_FILLED) - len(row)))} |" for row in rows]
    lines.insert(1, f"|{' --- |' * width}")
    caption = node.css_first("caption")
    title = inline_text(caption) if caption is not None else ""
    return "\n".join([*([title, ""] if title else []), *lines]), sum(len(inline_text(link)) for link in node.css("a"))


def _rows(table: Node) -> list[list[str]]:
    rows = []
    # By column: the text of a cell from above, and how many rows it has still to go.
    below: dict[int, tuple[str, int]] = {}
    group = 0
    for row in table.css("tr"):
        if is_unseen(row):
            continue
        # No cell reaches out of its part of the table (HTML Standard, 4.9.12).
        if row.parent.mem_id != group:
            below, group = {}, row.parent.mem_id
        texts: list[str] = []
        cells = [cell for cell in row.css("th, td") if not is_unseen(cell)]
        for cell in cells:
            _fill(texts, below)
            text, down = inline_text(cell).replace("|", "\\|"), _span(cell, "rowspan")
            for _ in range(min(_span(cell, "colspan"), max(1, MOST_FILLED - len(texts)))):
                texts.append(text)
                if down > 1:
                    below[len(texts) - 1] = (text, down - 1)
                # What spans a whole row is said once: it parts the table.
                text = text if len(cells) > 1 else ""
        while any(column >= len(texts) for column in below):
            _fill(texts, below)
            texts += [""] if any(column >= len(texts) for column in below) else []
        rows.append(texts)
    return rows


def _fill(texts: list[str], below: dict[int, tuple[str, int]]) -> None:
    """Add what cells of rows above put into the next columns."""
    while len(texts) in below:
        column = len(texts)
        text, rows = below.pop(column)
        if rows > 1:
            below[column] = (text, rows - 1)
        texts.append(text)


def _span(cell: Node, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(MOST_FILLED, int(value)) if value.isdecimal() and len(value) < 6 and int(value) else 1
