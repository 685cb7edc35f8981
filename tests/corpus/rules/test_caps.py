"""Caps per page and per site."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from humpback.corpus.rules.caps import CapConfig, DrawnCapConfig, cap
from humpback.corpus.rules.sample import SampleConfig, sample
from humpback.schema import Row
from humpback.stage import Drop, Outcome


def page(name: str, url: str | None, count: int) -> list[Row]:
    return [{"id": f"{name}-{i}", "parent": name, "url": url, "text": f"Text {i} of {name}"} for i in range(count)]


def capped(rows: list[Row], seed: int = 42, **caps: int) -> list[Outcome]:
    return list(cap(DrawnCapConfig(**caps, seed=seed), rows))


def kept(outcomes: list[Outcome]) -> list[str]:
    return [outcome["id"] for outcome in outcomes if not isinstance(outcome, Drop)]


def reasons(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Drop))


SITES = [
    *page("a1", "https://www.blog.example.co.uk/1", 7),
    *page("a2", "https://shop.example.co.uk/2", 6),
    *page("b1", "https://other.org/", 3),
    *page("c1", None, 9),
]


def test_off_by_default() -> None:
    """The paper caps nothing; and each cap costs a pass, so that none is made."""
    assert list(cap(DrawnCapConfig(seed=42), iter(SITES))) == SITES


def test_a_page_keeps_so_many() -> None:
    """A page of a hundred sections must not be a hundred answers; each drop says how large the page was."""
    out = capped(SITES, per_page=4)
    assert reasons(out) == {"page_cap": 3 + 2 + 5}
    assert {o.value for o in out if isinstance(o, Drop)} == {"7 of the page", "6 of the page", "9 of the page"}
    assert Counter(name.split("-")[0] for name in kept(out)) == {"a1": 4, "a2": 4, "b1": 3, "c1": 4}


def test_a_site_is_a_registered_domain() -> None:
    """Two hosts of one owner are one site, and the rows of a site that fell are named by it."""
    out = capped(SITES, per_site=5)
    assert reasons(out) == {"site_cap": 8}
    assert {o.value for o in out if isinstance(o, Drop)} == {"13 of example.co.uk"}


def test_rows_without_url_are_of_no_site() -> None:
    """Local files have no URL: as one site, all but a few of them would fall."""
    assert len([name for name in kept(capped(SITES, per_site=1)) if name.startswith("c1")]) == 9


def test_what_falls_to_the_page_does_not_count_for_the_site() -> None:
    """13 rows of a site of which 4 stay by their pages are within a site's cap of 4."""
    assert reasons(capped(SITES, per_page=2, per_site=4)) == {"page_cap": 5 + 4 + 1 + 7}


def test_which_stay_depends_on_ids_and_seed_alone() -> None:
    """Another order of files must not draw other rows; another seed must."""
    shuffled = random.Random(1).sample(SITES, len(SITES))
    first = kept(capped(SITES, per_page=3, per_site=4))
    assert sorted(kept(capped(shuffled, per_page=3, per_site=4))) == sorted(first)
    assert sorted(kept(capped(SITES, seed=43, per_page=3, per_site=4))) != sorted(first)


def test_rows_stay_in_order() -> None:
    """Dedup and segments of a page rely on the order of the dataset."""
    order = [row["id"] for row in SITES]
    assert kept(capped(SITES, per_page=3)) == [name for name in order if name in kept(capped(SITES, per_page=3))]


def test_the_draws_are_not_those_of_the_sample() -> None:
    """If one hash decided both, all that a large site kept would have low draws, and be sampled before everything else."""
    rows = [row for i in range(40) for row in page(f"p{i}", f"https://one.org/{i}", 25)] + [
        row for i in range(50) for row in page(f"q{i}", f"https://site{i}.org/", 1)
    ]
    left = [o for o in capped(rows, per_site=50) if not isinstance(o, Drop)]
    drawn = kept(list(sample(SampleConfig(size=50, seed=42), left)))
    assert 15 <= sum(name.startswith("p") for name in drawn) <= 35


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=60), st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_every_row_is_answered_and_no_cap_is_passed(places: list[tuple[int, int]], pages: int, sites: int) -> None:
    """Whatever the groups: each row once, no group too large, and none smaller than it may be."""
    rows = [
        {"id": str(i), "parent": f"{host}/{number}", "url": f"https://{host}.org/{number}"}
        for i, (host, number) in enumerate(places)
    ]
    out = capped(rows, per_page=pages, per_site=sites)
    assert [(o.row if isinstance(o, Drop) else o)["id"] for o in out] == [row["id"] for row in rows]
    by_page = Counter(row["parent"] for row in rows)
    by_site: Counter[str] = Counter()
    for name, count in by_page.items():
        by_site[name.split("/")[0]] += min(count, pages)
    left = Counter(o["parent"].split("/")[0] for o in out if not isinstance(o, Drop))
    assert left == {name: min(count, sites) for name, count in by_site.items()}


def test_a_cap_of_nothing_is_refused() -> None:
    """0 would drop everything; unset is how a cap is turned off."""
    with pytest.raises(ValidationError):
        CapConfig(per_page=0)
