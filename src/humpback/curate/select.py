"""Which scored pairs are trained on: A_k, by the judge's score, or by what measures better (Humpback, section 2.3)."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Drop, Outcome

By = Literal["auto", "score", "gain"]


class CurateConfig(Config):
    """Self-curation."""

    by: By = Field(
        "auto",
        description="score: the judge at k. gain: likelihood gain. auto: the judge at k if competent, else the better",
    )
    k: float = Field(4.5, description='keep pairs whose expected score is at least k; 4.5 is the paper\'s "A_5"')
    share: float = Field(0.5, description="by gain, or by a judge that is not competent: this share, the highest (ours)")
    rounds: int = Field(2, description="M_0 -> A_k^(1) -> M_1 -> A_k^(2) -> M_2 (paper: 2)")
    min_auc: float = Field(0.8, description="the judge is competent if it ranks clean above each corruption so well (ours)")
    min_valid: float = Field(0.6, description="the judge is competent if it scored at least this share (ours)")
    max_tokens: int = Field(1536, description="responses are clipped to this many tokens before they are scored (ours)")


def by_score(k: float, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Pairs with score >= k; the others are dropped as "below_k" or "unscored"."""
    for row in rows:
        if row["score"] is None:
            yield Drop(row, "unscored", row["status"])
        else:
            yield row if row["score"] >= k else Drop(row, "below_k", row["score"])


def by_share(column: str, share: float, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The `share` of the pairs that are highest in `column`; a gain that is not positive is never kept."""
    listed = list(rows)
    usable = [r for r in listed if r[column] is not None and not (column == "gain" and r["gain"] <= 0)]
    ranked = sorted(usable, key=lambda r: (-r[column], r["id"]))
    kept = {row["id"] for row in ranked[: max(1, round(share * len(listed)))]}
    for row in listed:
        if row["id"] in kept:
            yield row
        elif row[column] is None:
            yield Drop(row, "unscored", row["status"])
        else:
            yield Drop(row, "negative_gain" if column == "gain" and row["gain"] <= 0 else "below_share", row[column])


def at_random(size: int, seed: int, rows: Iterable[Row]) -> Iterator[Outcome]:
    """`size` pairs drawn without looking at any score: the control that curation must beat."""
    listed = list(rows)
    order = sorted(listed, key=lambda r: hashlib.blake2b(f"{seed}\0random\0{r['id']}".encode(), digest_size=8).digest())
    kept = {row["id"] for row in order[:size]}
    for row in listed:
        yield row if row["id"] in kept else Drop(row, "not_drawn", None)
