"""At most so many segments of a page and of a site, so that no single author teaches the model its style.

Off by default: the paper caps neither, and neither do the large web corpora, whose duplicates fall to deduplication. A
site is a registered domain by the Public Suffix List (the snapshot in `publicsuffixlist`, private section included: each
blog of a hosting service is a site of its own).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import Any

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row, row_seed
from humpback.stage import Drop, Outcome
from humpback.text.sites import site

COLUMNS = ["id", "parent", "url"]


class CapConfig(Config):
    """The largest number of segments; which of them stay is drawn by a seeded hash of their ids."""

    per_page: int | None = Field(None, ge=1, description="segments kept of a page; unset: all (paper)")
    per_site: int | None = Field(None, ge=1, description="segments kept of a registered domain; unset: all (paper)")


@dataclass(frozen=True)
class Bound:
    """A group that is too large: its `size`, and the highest draw that stays."""

    size: int
    draw: int


def cap(config: CapConfig, seed: int, index: Callable[[], Iterable[Row]], rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops "page_cap" and then "site_cap", each with the size of the group.

    `index` gives the same rows again with at least `COLUMNS`, as `partial(dataset.rows, COLUMNS)` does, and is read once for
    each cap that is set: what a group keeps is known only when all of it was seen, and texts are not held meanwhile. In
    memory are the draws of what stays. A page's cap comes first: what falls to it does not count for its site.
    """
    pages = _bounds(config.per_page, index, lambda row: row["parent"], f"{seed} page")
    left = _left(index, pages, f"{seed} page")
    sites = _bounds(config.per_site, left, lambda row: site(row.get("url")), f"{seed} site")
    for row in rows:
        page = pages.get(row["parent"])
        domain = sites.get(site(row.get("url"))) if sites else None
        if page and row_seed(row["id"], f"{seed} page") > page.draw:
            yield Drop(row, "page_cap", f"{page.size} of the page")
        elif domain and row_seed(row["id"], f"{seed} site") > domain.draw:
            yield Drop(row, "site_cap", f"{domain.size} of {site(row.get('url'))}")
        else:
            yield row


def _left(index: Callable[[], Iterable[Row]], pages: dict[Any, Bound], salt: str) -> Callable[[], Iterable[Row]]:
    """`index` without the rows that fall to the cap of their page."""

    def rows() -> Iterator[Row]:
        for row in index():
            page = pages.get(row["parent"])
            if not page or row_seed(row["id"], salt) <= page.draw:
                yield row

    return rows


def _bounds(
    most: int | None, index: Callable[[], Iterable[Row]], group_of: Callable[[Row], str | None], salt: str
) -> dict[Any, Bound]:
    """Group -> bound, for groups of more than `most` rows. Rows of no group are not bounded.

    Pages and sites draw with different salts, and neither as the sample does: else the rows that stay of a large group would
    have low draws, and be drawn again and again.
    """
    if most is None:
        return {}
    sizes: Counter[str] = Counter()
    lowest: dict[str, list[int]] = defaultdict(list)
    for row in index():
        group = group_of(row)
        if group is None:
            continue
        sizes[group] += 1
        # A heap of the negated draws has the highest of the lowest at its root.
        enter = heappush if sizes[group] <= most else heappushpop
        enter(lowest[group], -row_seed(row["id"], salt))
    return {group: Bound(size, -lowest[group][0]) for group, size in sizes.items() if size > most}
