"""Markdown and plain text to the same headings and blocks as a page."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from humpback.corpus.cutting.page import Block, Event, Heading

_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")
# Without such a line there is no heading, and parsing, which takes a second for each megabyte, is spared.
_MAYBE_HEADING = re.compile(r"^ {0,3}(#{1,6}(\s|$)|=+\s*$|-+\s*$)", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")


def outline_of_markdown(text: str, title: str) -> list[Event]:
    """The headings and blocks of CommonMark or plain text; what stands before the first heading stands under `title`.

    Text without a title goes by its first words.
    """
    text = writable(text).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    events: list[Event] = []
    at = 0
    for start, end, heading in _headings(text):
        events += _blocks(lines[at:start])
        events.append(heading)
        at = end
    events += _blocks(lines[at:])
    if events and isinstance(events[0], Block):
        # What has neither a title nor headings goes by its first words.
        words = text.split(None, 8)[:8]
        events.insert(0, Heading(writable(title or " ".join(words) + (" ..." if len(words) == 8 else "")), 1))
    return events


def writable(text: str) -> str:
    """`text` without NUL and lone surrogates, which JSON can hold and UTF-8 or Parquet cannot."""
    return _UNWRITABLE.sub("\ufffd", text)


@cache
def _parser():  # type: ignore[no-untyped-def]
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")


def _headings(text: str) -> Iterator[tuple[int, int, Heading]]:
    """(first line, line after, heading) of each heading that stands in no list or quote."""
    tokens = _parser().parse(text) if _MAYBE_HEADING.search(text) else []
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield token.map[0], token.map[1], Heading(_LINK.sub(r"\1", content.content.strip()), int(token.tag[1]))


def _blocks(lines: list[str]) -> Iterator[Block]:
    """Paragraphs, parted by empty lines; a code block is one, empty lines or not."""
    block: list[str] = []
    fence = ""
    for line in [*lines, ""]:
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        if line.strip() or fence:
            block.append(line.rstrip())
        elif block:
            yield _block(block)
            block = []
    if block:
        yield _block(block)


def _block(lines: list[str]) -> Block:
    text = "\n".join(lines)
    return Block(text, weight=len(text))
