"""The pairs that rounds select from: none that is held out or known by heart, in later rounds the same ones or others."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from humpback.config import Config
from humpback.corpus.held_out import UnseenConfig, unseen_rows
from humpback.guards.seed_requests import SeedRequestsConfig, no_seed_requests
from humpback.loop.models import trained
from humpback.loop.rounds import Again, LoopSettings, Rounds
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, Row
from humpback.stage import Chain, Drop, Outcome, Stage
from humpback.store import Dataset, DatasetFolder
from humpback.text.contamination import ContaminationConfig, decontaminate
from humpback.train.training import Data


def unseen(run: Run, pairs: Dataset, seed: Dataset, contamination: ContaminationConfig, round: int = 1) -> Dataset:
    """`pairs` without those that say a request of the seed again against their text, and those that a model is measured on:
    the seed's held-out ones, and evaluation data that is named."""
    number = "" if round == 1 else f"-{round}"
    if contamination.against:
        clean = Stage("decontaminated-pairs", PAIR, decontaminate, contamination)
        pairs = run.map(f"decontaminated-pairs{number}", clean, pairs, may_be_empty=round > 1, kind="pairs", round=round)
    own = Stage("seed-requests", PAIR, no_seed_requests, SeedRequestsConfig(seed=seed.path))
    steps = Chain("unseen", (own, Stage("unseen", PAIR, unseen_rows, UnseenConfig(held=seed.path))))
    return run.map(f"unseen{number}", steps, pairs, may_be_empty=round > 1, kind="pairs", of="unseen", round=round)


class Method(Protocol):
    """`pairs` of a method that asks a writer for them."""

    def __call__(
        self, run: Run, source: Dataset, settings: LoopSettings, writer: str, forward: str, max_tokens: int, round: int
    ) -> Dataset: ...


def later_pairs(
    run: Run, segments: Dataset, seed: Dataset, method: Method, settings: LoopSettings, contamination: ContaminationConfig
) -> Again:
    """How later rounds get their pairs: the same ones (paper), or instructions written anew, all or some.

    With `iterate.backward=retrained` the backward model is trained again, on the seed and what was selected last, reversed.
    """

    def write(source: Dataset, round: int, made: Rounds) -> Dataset:
        forward = made.models[made.leading]
        written = method(run, source, settings, made.writer, forward, settings.curate.max_tokens, round)
        return unseen(run, written, seed, contamination, round)

    def again(round: int, made: Rounds) -> Dataset:
        last = made.done[-1]
        if settings.iterate.backward == "retrained":
            name = f"backward-{round - 1}"
            made.writers[name] = trained(run, "backward", [seed, last.chosen], settings, name=name, round=round - 1)
        if settings.iterate.pool == "fixed":
            return last.pairs
        if settings.iterate.pool == "regenerated":
            return write(segments, round, made)
        left = Stage("rejected", SEGMENT, rejected, Selected(selected=last.chosen.path))
        source = run.map(f"rejected-{round}", left, segments, may_be_empty=True, kind="rejected", round=round)
        if not len(source):
            return last.pairs
        config = Joined(kept=last.pairs.path, selected=last.chosen.path, written=write(source, round, made).path)
        return run.put(f"pool-{round}", Stage("pool", PAIR, joined, config), kind="pairs", of="pool", round=round)

    return again


class Selected(Config):
    """What a round selected."""

    selected: DatasetFolder


def rejected(config: Selected, segments: Iterable[Row]) -> Iterator[Outcome]:
    """The segments of which no pair was selected."""
    selected = {row["parent"] for row in Dataset(config.selected).rows(["parent"])}
    for row in segments:
        yield Drop(row, "keeps_its_pair", None) if row["id"] in selected else row


class Joined(Config):
    """The pairs of a round before, those of them that were selected, and those that were written anew for the others."""

    kept: DatasetFolder
    selected: DatasetFolder
    written: DatasetFolder


def joined(config: Joined) -> Iterable[Row]:
    selected = {row["parent"] for row in Dataset(config.selected).rows(["parent"])}
    kept = (row for row in Dataset(config.kept).rows() if row["parent"] in selected)
    return chain(kept, Dataset(config.written).rows())


class Sets(Config):
    """Datasets, one after the other."""

    sets: tuple[DatasetFolder, ...]


def trainable(config: Sets) -> Iterator[Row]:
    """The pairs that may be trained on."""
    for folder in config.sets:
        for row in Data(folder=folder).rows():
            yield {name: row.get(name) for name in PAIR.names}
