"""What an input format is, and which there are: the modules beside this one that have a `FORMAT`.

To add one, write a file with `FORMAT = Format(read, endings=...)`. Its name is the `kind` of the sources that it answers to.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from humpback.corpus import documents
from humpback.corpus.documents.files import is_remote
from humpback.schema import Row
from humpback.stage import Outcome

# What text may be packed in; a book or a column store has its own compression.
TEXT_PACKINGS = ("", ".gz", ".zst", ".bz2", ".xz")
Range = tuple[int, int]


@dataclass(frozen=True)
class Format:
    """`read(source, columns)` gives the documents of a source (`schema.SOURCE`), and a drop for each record that is none;
    `columns` says what a table calls a document's fields.

    A file is known by its name's ending, with one of `packings` after it, or else by `begins`, which is shown the first MiB.
    A file of more than `cut_bytes` is cut into the ranges that `cut(path, size, most)` gives for some `most` bytes each.
    `columns(source)` names the columns of a table. `named` is for what is no file: the sources of an input of such a name,
    or None. `pages`: documents hold markup and are to be cut. `single`: a file is one document as a rule, so that many of
    them make a shard. `addressed`: rows hold the file's path, as the address of what has none.
    """

    read: Callable[[Row, Mapping[str, str]], Iterator[Outcome]]
    endings: tuple[str, ...] = ()
    packings: tuple[str, ...] = ("",)
    begins: Callable[[bytes], bool] | None = None
    cut: Callable[[str, int, int], list[Range]] | None = None
    cut_bytes: int = 64 << 20
    columns: Callable[[Row], list[str]] | None = None
    named: Callable[[str], list[Row] | None] | None = None
    pages: bool = False
    single: bool = False
    addressed: bool = True


@cache
def formats() -> dict[str, Format]:
    """Every format by its kind, sorted."""
    names = sorted(each.name for each in pkgutil.iter_modules(documents.__path__))
    modules = {name: import_module(f"{documents.__name__}.{name}") for name in names}
    return {name: module.FORMAT for name, module in modules.items() if hasattr(module, "FORMAT")}


@cache
def endings() -> dict[str, str]:
    """The kind of each ending of a name, with what may follow it."""
    return {
        ending + packing: kind
        for kind, format in formats().items()
        for ending in format.endings
        for packing in format.packings
    }


def kind_of(path: str) -> str | None:
    """What the ending of `path`, with or without that of a compression, says of its content."""
    name = path.partition("?")[0] if is_remote(path) else path
    _, *parts = name.rsplit("/", 1)[-1].lower().rsplit(".", 2)
    return endings().get("." + ".".join(parts)) or endings().get("." + "".join(parts[-1:]))


def sniffed(head: bytes) -> str | None:
    """The kind of a file whose ending says nothing, by its first bytes."""
    return next((kind for kind, format in formats().items() if format.begins and format.begins(head)), None)


def byte_ranges(_: str, size: int, most: int) -> list[Range]:
    """Ranges of `most` bytes: the `cut` of a format whose records can be found from any byte on."""
    return [(start, min(start + most, size)) for start in range(0, size, most)]
