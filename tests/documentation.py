"""The pages of the documentation, taken apart: links, blocks, files that a page asks its reader to write, commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).parents[1]
PAGES = sorted([TREE / "README.md", *TREE.glob("docs/**/*.md")])
NAMES = [page.relative_to(TREE).as_posix() for page in PAGES]
_BLOCK = re.compile(r"(?:^<!-- file: (?P<file>\S+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|\$ |\| |&& )(?:\.venv/bin/)?humpback (?P<rest>[^|\n]*)")


@dataclass(frozen=True)
class Block:
    """`file`: the reader writes it under that name. `kind`: sh is carried out by a test, as are blocks of python."""

    kind: str
    text: str
    file: str


def blocks(page: str) -> list[Block]:
    found = _BLOCK.finditer((TREE / page).read_text(encoding="utf-8"))
    return [Block(each["kind"], each["text"], each["file"] or "") for each in found]


def files(page: str) -> dict[str, str]:
    return {block.file: block.text for block in blocks(page) if block.file}


def words(line: str) -> list[str]:
    return shlex.split(line, comments=True)


def lines(block: Block) -> list[str]:
    """The lines of a block, those that go on behind a backslash put together."""
    return block.text.replace("\\\n", " ").splitlines()


def commands(page: str) -> Iterator[list[str]]:
    """The arguments of every `humpback ...` in the blocks of a page that are no files and no help texts."""
    for block in blocks(page):
        for line in lines(block) if not block.file and block.kind in ("sh", "console") else ():
            for found in _COMMAND.finditer(line):
                yield words(found["rest"])


def prose(page: str) -> str:
    """The page without its blocks."""
    return _BLOCK.sub("", (TREE / page).read_text(encoding="utf-8"))


def spans(page: str) -> list[str]:
    """What stands in backticks in the text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def links(page: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """What links to the headings of a page end in, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
