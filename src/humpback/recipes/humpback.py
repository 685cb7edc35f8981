"""Humpback (Li et al. 2023): seed and web pages in; rounds of self-augmentation and self-curation; M_0, M_1, M_2 out.

humpback run humpback --out runs/a --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from pydantic import Field

from humpback.config import digest
from humpback.curate import select
from humpback.errors import UsageFault
from humpback.evaluate.iteration import IterateConfig
from humpback.guards import checks as guards
from humpback.lm.spec import ModelName
from humpback.recipes._corpus import CorpusSettings, clean_stage, corpus
from humpback.recipes._curation import (
    augment_stage,
    check_scorers,
    curate,
    plain,
    round_trip_stage,
)
from humpback.recipes._iteration import Round, Rounds
from humpback.recipes._models import ModelSettings, check_training, held, measure, seed_pairs, train_model
from humpback.report import write_report
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, Row, row_seed
from humpback.stage import Drop, Outcome, Stage, keep_or_drop
from humpback.store import Dataset


class Settings(ModelSettings):
    """Everything that can be set, with its default and where that comes from."""

    corpus: CorpusSettings = CorpusSettings()
    iterate: IterateConfig = IterateConfig()
    judge_lm: ModelName = Field("", description="an outside judge, backend:model; empty: the model in training (paper)")


def recipe(run: Run, settings: Settings) -> None:
    """The whole loop; a finished step returns at once."""
    _check(settings)
    seed = seed_pairs(run, settings)
    segments = corpus(run, settings.corpus, settings.random_seed)
    writers = [settings.backward_lm or f"transformers:{train_model(run, 'backward', 'backward', [seed], settings)}"]
    first = train_model(run, "forward-0", "forward", [seed], settings)
    rounds = Rounds(run, seed, first, settings, settings.iterate, settings.judge_lm)
    pairs = augmented(run, segments, writers[0], rounds.forward, settings)
    for round_ in range(1, settings.curate.rounds + 1):
        if round_ > 1 and settings.iterate.backward == "retrained":
            again = train_model(run, f"backward-{round_ - 1}", "backward", [seed, rounds.last.chosen], settings)
            writers.append(f"transformers:{again}")
        if round_ > 1:
            pairs = pool(run, round_, segments, rounds, writers[-1], settings)
        who = rounds.judging(round_, writers[-1], settings.curate.by)
        if rounds.are_settled(who, pairs):
            break
        chosen = curate(run, pairs, held(seed, "dev", settings), seed, who, settings)
        if not rounds.is_worth_training(who, pairs, chosen):
            break
        if not rounds.add(train_model(run, f"forward-{round_}", "forward", [seed, chosen], settings)):
            break
    rounds.keep_best()
    blind = control(run, rounds.last, settings)
    uncurated = train_model(run, "forward-uncurated", "forward", [seed, blind], settings)
    measure(run, seed, writers[0], [*rounds.models, uncurated], settings, writers[1:])
    run.step("report", partial(write_report, run.folder), {"finished": digest(settings.model_dump(mode="json"))})


def _check(settings: Settings) -> None:
    """Before anything is done; raises `UsageFault`."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    if not settings.seed.path:
        raise UsageFault("seed.path is empty: there are no seed pairs", "--set seed.path=seed.jsonl")
    if settings.curate.rounds < 1:
        raise UsageFault(f"curate.rounds is {settings.curate.rounds}: nothing would be selected", "--set curate.rounds=1")
    if settings.backward_lm and settings.iterate.backward == "retrained":
        raise UsageFault(
            f"iterate.backward is retrained, and instructions are written by {settings.backward_lm}, which is not trained",
            "leave backward_lm empty, or --set iterate.backward=fixed",
        )
    check_scorers((settings.curate.by,), settings, settings.backward_lm or "trained")
    check_training(settings)


def augmented(run: Run, segments: Dataset, backward: str, forward: str, settings: Settings, round_: int = 1) -> Dataset:
    """The candidate pairs A: an instruction for each segment, those that the guards let through.

    A later round draws other ones: its seed derives from `random_seed` and its number.
    """
    number = "" if round_ == 1 else f"-{round_}"
    seed = settings.random_seed if round_ == 1 else row_seed(str(settings.random_seed), f"round {round_}")
    stage = augment_stage(settings.model_copy(update={"random_seed": seed}), backward)
    made = run.map(f"augmented{number}", stage, segments)
    if settings.augment.choose == "round_trip":
        made = run.map(f"round-trip{number}", round_trip_stage(settings, forward), made)
    contamination = settings.corpus.contamination
    if contamination.against:
        made = run.map(f"decontaminated-pairs{number}", clean_stage("decontaminated-pairs", PAIR, contamination), made)
    check = partial(guards.fault, config=settings.guards)
    guarded = Stage("guards", PAIR, partial(keep_or_drop, check), config=plain(settings.guards))
    return run.map(f"pairs{number}", guarded, made, may_be_empty=round_ > 1)


def pool(run: Run, round_: int, segments: Dataset, rounds: Rounds, backward: str, settings: Settings) -> Dataset:
    """The pairs that a later round selects from: the same ones (paper), or instructions written anew, all or some."""
    last = rounds.last
    if settings.iterate.pool == "fixed":
        return last.pairs
    if settings.iterate.pool == "regenerated":
        return augmented(run, segments, backward, rounds.forward, settings, round_)
    selected = frozenset(row["parent"] for row in last.chosen.rows(["parent"]))
    left = Stage("rejected", SEGMENT, partial(rejected, selected), {"selected": last.chosen.fingerprint})
    again = run.map(f"rejected-{round_}", left, segments, may_be_empty=True)
    if not len(again):
        return last.pairs
    written = augmented(run, again, backward, rounds.forward, settings, round_)
    both = {"kept": last.pairs.fingerprint, "selected": last.chosen.fingerprint, "written": written.fingerprint}
    kept = (row for row in last.pairs.rows() if row["parent"] in selected)
    return run.put(f"pool-{round_}", lambda: chain(kept, written.rows()), PAIR, both)


def rejected(selected: frozenset[str], segments: Iterable[Row]) -> Iterator[Outcome]:
    """The segments of which no pair was selected."""
    for row in segments:
        yield Drop(row, "keeps_its_pair", None) if row["id"] in selected else row


def control(run: Run, last: Round, settings: Settings) -> Dataset:
    """As many pairs as were trained on last, drawn from the same pool without looking at any score."""
    size = last.chosen.totals.rows
    draw = partial(select.at_random, size, settings.random_seed)
    config = {"size": size, "seed": settings.random_seed}
    return run.map("uncurated", Stage("uncurated", PAIR, draw, config, scope="dataset"), last.pairs)
