"""What pages of lists are made of: the run at a glance, and the rows of a dataset as they were asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from humpback.schema import METRIC
from humpback.store import Dataset
from humpback.view.opened import Opened
from humpback.view.search import MOST
from humpback.view.tables import NoSuch, Table, Where

PER_PAGE = 50
# What is no way of a row from page to example.
_ASIDE = ("metrics", "damage", "damaged", "damaging")
# Columns that a list shows as text, and those that only a whole row does.
_TEXTS = ("instruction", "response", "text", "output_1", "output_2", "output")
_HIDDEN = (
    "id", "parent", "warc", "offset", "date", "prompt", "draft", "raw", "judgement", "note", "parent_segment", "question",
    "paraphrase", "abroad", "abroad_response", "negative_instruction", "negative_response",
)  # fmt: skip
# What says most of a row goes first.
_FIRST = (
    "score", "combined", "seed_gain", "gain", "relevance", "retrieval_rank", "specificity", "preference", "reason", "value",
    "step", "metric", "model", "se", "n", "n_chars", "logprob", "status", "lang", "source", "url",
)  # fmt: skip
_MOST_COLUMNS = 7


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of a dataset."""

    place: int
    dropped: bool = False
    words: str = ""
    where: tuple[Where, ...] = ()
    order: str = ""
    down: bool = False
    page: int = 1

    @classmethod
    def of(cls, place: int, query: QueryParams) -> "Asked":
        """From an address; raises `NoSuch` for what makes no sense."""
        told = zip(query.getlist("c"), query.getlist("s"), query.getlist("v"), strict=False)
        where = tuple(Where(*each) for each in told if each[0])
        page = query.get("page", "1")
        if not page.isdecimal() or not 0 < int(page) < 10**9:
            raise NoSuch(f"there is no page {page[:20]!r}")
        return cls(
            place, "dropped" in query, query.get("q", "").strip(), where, query.get("order", ""), "down" in query, int(page)
        )

    def address(self, **changed: Any) -> str:
        """Where the same is shown, but for what is changed."""
        new = replace(self, **{"page": 1, **changed})
        told = [("dropped", "1")] if new.dropped else []
        told += [("q", new.words)] if new.words else []
        told += [pair for each in new.where for pair in (("c", each.column), ("s", each.sign), ("v", each.value))]
        told += [("order", new.order)] if new.order else []
        told += [("down", "1")] if new.down else []
        told += [("page", str(new.page))] if new.page > 1 else []
        return f"/rows/{self.place}" + (f"?{urlencode(told)}" if told else "")

    def without(self, condition: Where) -> str:
        return self.address(where=tuple(each for each in self.where if each != condition))


def navigation(datasets: Sequence[Dataset]) -> dict[str, int | None]:
    """Where labelling and comparing begin: the last pairs that were scored or made, and the last answers to be compared."""

    def last(kinds: tuple[str, ...]) -> int | None:
        return next((each.place for kind in kinds for each in reversed(datasets) if each.about.get("kind") == kind), None)

    return {"label": last(("scored", "pairs", "candidates")), "blind": last(("asked",))}


def overview(opened: Opened) -> dict[str, Any]:
    """The datasets on the way and those aside, each with its steps; and what was said so far."""
    datasets = opened.datasets()
    ways = [each for each in datasets if each.about.get("kind") not in _ASIDE and each.columns.names != METRIC.names]
    aside = [each for each in datasets if each not in ways]
    most = max((step.read for each in ways for step in each.steps), default=1)
    said = [line for kind in ("pair", "answers") for line in opened.labels.latest(kind)]
    return {
        "ways": ways,
        "aside": aside,
        "most": most or 1,
        "said": len(said),
        "finished": opened.reading.finished(kind="model"),
    }


def listing(opened: Opened, asked: Asked) -> dict[str, Any]:
    """A page of rows with what the page needs around them."""
    table = opened.table(asked.place, asked.dropped)
    among, indexed = opened.search.found(table, asked.words) if asked.words else (None, len(table))
    found = opened.tables.listed(
        table, asked.where, among, asked.order, asked.down, (asked.page - 1) * PER_PAGE, PER_PAGE
    )  # fmt: skip
    pages = max(1, -(-found.count // PER_PAGE))
    wanted = [asked.order, *(each.column for each in asked.where)]
    return {
        "asked": asked, "table": table, "found": found, "pages": pages, "columns": columns(table, found.rows, wanted),
        "texts": _TEXTS, "indexed": indexed, "cut": among is not None and len(among) == MOST,
        "reasons": opened.tables.counts(table, "reason") if asked.dropped else [],
    }  # fmt: skip


def columns(table: Table, rows: Sequence[dict[str, Any]], wanted: Sequence[str] = ()) -> list[str]:
    """The columns beside the texts that say something of these rows: those that are `wanted`, then what says most."""
    known = [name for name in table.kept if name not in _TEXTS and name not in _HIDDEN]
    told = [name for name in known if any(row[name] not in (None, "") for row in rows)]
    varying = [name for name in told if len({row[name] for row in rows}) > 1 or len(rows) == 1]
    ordered = dict.fromkeys((*wanted, *_FIRST, *known))
    return [name for name in ordered if name in varying or (name in wanted and name in told)][:_MOST_COLUMNS]
