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


class CapConfig(Config):
    """The largest number of segments; which of them stay is drawn by a seeded hash of their ids."""

    per_page: int | None = Field(None, ge=1, description="segments kept of a page; unset: all (paper)")
    per_site: int | None = Field(None, ge=1, description="segments kept of a registered domain; unset: all (paper)")


class DrawnCapConfig(CapConfig):
    """Caps, and the seed of what they draw."""

    seed: int


@dataclass(frozen=True)
class Bound:
    """A group that is too large: its `size`, and the highest draw that stays."""

    size: int
    draw: int


def cap(config: DrawnCapConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Drops "page_cap" and then "site_cap", each with the size of the group.

    `rows` is gone through once more for each cap that is set: what a group keeps is known only when all of it was seen, and
    texts are not held meanwhile. In memory are the draws of what stays. A page's cap comes first: what falls to it does not
    count for its site.
    """
    by_page, by_site = f"{config.seed} page", f"{config.seed} site"
    pages: dict[Any, Bound] = {}
    if config.per_page is not None:
        pages = _bounds(config.per_page, rows, lambda row: row["parent"], by_page)

    def over_page(row: Row) -> Bound | None:
        page = pages.get(row["parent"])
        return page if page and row_seed(row["id"], by_page) > page.draw else None

    sites: dict[Any, Bound] = {}
    if config.per_site is not None:
        left = (row for row in rows if not over_page(row))
        sites = _bounds(config.per_site, left, lambda row: site(row.get("url")), by_site)
    for row in rows:
        domain = sites.get(site(row.get("url"))) if sites else None
        if page := over_page(row):
            yield Drop(row, "page_cap", f"{page.size} of the page")
        elif domain and row_seed(row["id"], by_site) > domain.draw:
            yield Drop(row, "site_cap", f"{domain.size} of {site(row.get('url'))}")
        else:
            yield row


def _bounds(most: int, rows: Iterable[Row], group_of: Callable[[Row], str | None], salt: str) -> dict[Any, Bound]:
    """Group -> bound, for groups of more than `most` rows. Rows of no group are not bounded.

    Pages and sites draw with different salts, and neither as the sample does: else the rows that stay of a large group would
    have low draws, and be drawn again and again.
    """
    sizes: Counter[str] = Counter()
    lowest: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        group = group_of(row)
        if group is None:
            continue
        sizes[group] += 1
        # A heap of the negated draws has the highest of the lowest at its root.
        enter = heappush if sizes[group] <= most else heappushpop
        enter(lowest[group], -row_seed(row["id"], salt))
    return {group: Bound(size, -lowest[group][0]) for group, size in sizes.items() if size > most}
