"""Which scored pairs are trained on: A_k, by the judge's score, or by what measures better (Humpback, section 2.3).

`pick` orders the pairs by a scorer and lets them through one gate after the other: what the scorer itself rules out, the cap
of a site, near-duplicate instructions, the cap of a cluster, and the share. At each the best come first, so that what falls
makes room for the next best.
"""

import hashlib
import math
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from humpback.config import OFTEN, Config
from humpback.curate import scorers
from humpback.curate.alike import unlike
from humpback.curate.scorers import Scorer
from humpback.run import Run
from humpback.schema import Row
from humpback.stage import Drop, Outcome, Stage
from humpback.store import Dataset
from humpback.text.sentences import terms
from humpback.text.sites import site

By = Annotated[str, AfterValidator(lambda name: name if name == "auto" else scorers.known(name))]
_TERMS, _LATENT = 50_000, 100


class ScoringConfig(Config):
    """What scores depend on, and how they are read."""

    k: Annotated[float, OFTEN] = Field(
        4.5, description='keep pairs whose expected score is at least k; 4.5 is the paper\'s "A_5"'
    )
    max_tokens: int = Field(1536, description="responses are clipped to this many tokens before they are scored (ours)")
    # Where it should lie depends on the model: 90 human pairs have 0.95 to 1.02 by the one that ships.
    ifd_band: tuple[float, float] = Field(
        (0.3, 0.9), description="by ifd: pairs outside are dropped, the highest inside kept; small models lie near 1 (ours)"
    )


class CurateConfig(ScoringConfig):
    """Self-curation."""

    by: Annotated[By, OFTEN] = Field(
        "auto",
        description="score: the judge at k. auto: the judge at k if it is competent, else combined. combined, gain, any "
        "other scorer: the best share by its column; relevance and entailment are outside models (ours)",
    )
    share: Annotated[float, OFTEN] = Field(
        0.5, description="by all but a judge that is competent, or is given: this share, the highest (ours)"
    )
    rounds: Annotated[int, OFTEN] = Field(2, description="M_0 -> A_k^(1) -> M_1 -> A_k^(2) -> M_2 (paper: 2)")
    min_auc: float = Field(
        0.8, description="the judge is competent if it ranks clean above all damage no guard catches so well (ours)"
    )
    min_valid: float = Field(0.6, description="the judge is competent if it scored at least this share (ours)")
    stop_below_chance: bool = Field(
        True, description="stop where what would select ranks damaged pairs above clean ones: it does harm (ours)"
    )
    per_text: int | None = Field(
        None,
        ge=1,
        description="most pairs kept of one text, best first; unset: all, or augment.max_pairs where curation chooses",
    )
    per_site: int | None = Field(
        None, ge=1, description="most pairs kept of a registered domain, best first; unset: all (paper)"
    )
    distinct: float | None = Field(
        0.5,
        gt=0,
        le=1,
        description="of instructions that ask for the same, if they are so similar (Jaccard of three-word runs), the best "
        "stays (ours); unset: all (paper)",
    )
    clusters: int = Field(0, ge=0, description="topics into which instructions are clustered; 0: none (paper)")
    cluster_share: float = Field(
        0.2, gt=0, le=1, description="most that one cluster has of the number to be kept, best first (ours)"
    )


@dataclass(frozen=True)
class Choice:
    """How to select: by which column, at which threshold (`k`) or else which share, and why."""

    by: str
    k: float | None = None
    share: float | None = None
    why: str = ""


class SelectStage(Config):
    """All that a selection depends on: the column, the threshold `k` or the share, and the gates."""

    by: str
    k: float | None
    share: float | None
    per_text: int | None
    per_site: int | None
    distinct: float | None
    clusters: int
    cluster_share: float
    ifd_band: tuple[float, float]

    @classmethod
    def of(cls, choice: Choice, curate: CurateConfig) -> "SelectStage":
        gates = {name: getattr(curate, name) for name in cls.model_fields.keys() - {"by", "k", "share"}}
        return cls(by=choice.by, k=choice.k, share=choice.share, **gates)


def selected(
    run: Run, name: str, every: Dataset, choice: Choice, curate: CurateConfig, *, may_be_empty: bool = False, **about: Any
) -> Dataset:
    """The pairs of `every` that `choice` lets through, and the gates of `curate`."""
    stage = Stage("selected", every.columns, pick, SelectStage.of(choice, curate), scope="dataset")
    return run.map(name, stage, every, may_be_empty=may_be_empty, **{"kind": "selected", "by": choice.by, **about})


def text_of(row: Row) -> str:
    """What the pairs of one text have in common."""
    return str(row.get("parent") or row["id"])


Gate = Callable[[list[Row]], Iterable[Outcome]]


def pick(config: SelectStage, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs to train on, in their order, and a `Drop` of every other one.

    All that have at least `config.k` are kept, or where it is unset the best `config.share` of all rows, or of all texts
    where these are bounded; equal ones are ordered by id. Drops are unscored, negative_gain, outside_band, below_k,
    text_full, site_full, near_duplicate_instruction (the value names the pair that stays), cluster_full and below_share.
    """
    listed = list(rows)
    scorer = scorers.load(config.by, config)
    drops: dict[str, Drop] = {}
    left = _through(partial(_eligible, scorer, config.k), listed, drops)
    left.sort(key=lambda row: (-scorer.quality(row[config.by]), row["id"]))
    size = len(listed) if config.per_text is None else len({text_of(row) for row in listed})
    room = len(left) if config.share is None else max(1, round(config.share * size))
    for gate in _gates(config, room):
        left = _through(gate, left, drops)
    yield from (drops.get(row["id"], row) for row in listed)


def _through(gate: Gate, rows: list[Row], drops: dict[str, Drop]) -> list[Row]:
    """What `gate` keeps; what it drops is entered into `drops` by id."""
    kept: list[Row] = []
    for outcome in gate(rows):
        if isinstance(outcome, Drop):
            drops[outcome.row["id"]] = outcome
        else:
            kept.append(outcome)
    return kept


def _gates(config: SelectStage, room: int) -> Iterator[Gate]:
    """Each takes pairs from the best to the worst. `room` is how many may be kept at all."""
    if config.per_text is not None:
        yield partial(_capped, config.per_text, text_of, "text_full")
    if config.per_site is not None:
        yield partial(_capped, config.per_site, lambda row: site(row.get("url")), "site_full")
    if config.distinct is not None:
        yield partial(unlike, config.distinct)
    if config.clusters:
        yield partial(_spread, config.clusters, config.cluster_share, room)
    yield partial(_best, config.by, room)


def _eligible(scorer: Scorer, least: float | None, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        value = row.get(scorer.column)
        if value is None or math.isnan(value):
            status = row.get(scorer.status) if scorer.status else None
            yield Drop(row, "unscored", status or f"no {scorer.column}")
        elif reason := scorer.fault(value):
            yield Drop(row, reason, value)
        else:
            yield row if least is None or value >= least else Drop(row, "below_k", value)


def _capped(most: int, group_of: Callable[[Row], Hashable], reason: str, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The first `most` of each group; a row of no group (None) is not capped."""
    kept: Counter[Hashable] = Counter()
    for row in rows:
        group = group_of(row)
        kept[group] += 1
        yield Drop(row, reason, group) if group is not None and kept[group] > most else row


def _spread(clusters: int, share: float, room: int, rows: list[Row]) -> Iterator[Outcome]:
    """At most `share` of the number to be kept from one cluster.

    A cap, and not a quota in proportion to a root of the cluster's size: a quota must be filled, and so prefers the best of
    a small cluster of adverts to good pairs of a large one. A cap takes effect only where one topic crowds out the others.
    """
    topics = cluster([row["instruction"] for row in rows], clusters)
    of = {row["id"]: topic for row, topic in zip(rows, topics, strict=True)}
    most = max(1, int(share * min(room, len(rows))))
    return _capped(most, lambda row: of[row["id"]], "cluster_full", rows)


def cluster(texts: list[str], clusters: int) -> list[int]:
    """The topic of each text, by k-means over the latent semantics of its terms (TF-IDF, truncated SVD).

    k-means over TF-IDF itself puts short texts that share no word with others into one cluster: of 1,394 instructions it
    was 22 % with 50 clusters, and 7 % with latent semantics.
    """
    if not texts:
        return []
    # A second of imports, for one setting that is off by default.
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    if not any(terms(text) for text in texts):
        return [0] * len(texts)
    vectors = TfidfVectorizer(analyzer=terms, max_features=_TERMS, sublinear_tf=True).fit_transform(texts)
    if min(vectors.shape) > _LATENT:
        vectors = normalize(TruncatedSVD(_LATENT, random_state=0).fit_transform(vectors))
    means = MiniBatchKMeans(min(clusters, len(set(texts))), random_state=0, n_init=3)
    with warnings.catch_warnings():
        # Fewer different vectors than clusters: some stay empty, which is no fault here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        topics: list[int] = means.fit_predict(vectors).tolist()
    return topics


def _best(by: str, room: int, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The first `room`."""
    for place, row in enumerate(rows):
        yield row if place < room else Drop(row, "below_share", row[by])


class DrawnConfig(Config):
    """A draw of `size` rows by `seed`, at most `per_text` of them of one text."""

    size: int
    seed: int
    per_text: int | None = None


def at_random(config: DrawnConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Pairs drawn without looking at any score: the control that curation must beat."""
    listed = list(rows)
    order = sorted(
        listed, key=lambda r: hashlib.blake2b(f"{config.seed}\0random\0{r['id']}".encode(), digest_size=8).digest()
    )
    if config.per_text is not None:
        order = _through(partial(_capped, config.per_text, text_of, "text_full"), order, {})
    kept = {row["id"] for row in order[: config.size]}
    for row in listed:
        yield row if row["id"] in kept else Drop(row, "not_drawn", None)
