"""Humpback (Li et al. 2023): seed and web pages in; two rounds of self-augmentation and self-curation; M_2 out.

humpback run humpback --out runs/a --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl
"""

from functools import partial

from pydantic import Field

from humpback.config import digest
from humpback.curate import guards, select
from humpback.errors import UsageFault
from humpback.lm.spec import ModelName
from humpback.recipes._corpus import CorpusSettings, clean_stage, corpus
from humpback.recipes._curation import (
    Judging,
    augment_stage,
    check_scorers,
    curate,
    plain,
    round_trip_stage,
)
from humpback.recipes._models import ModelSettings, held, measure, seed_pairs, train_model
from humpback.report import write_report
from humpback.run import Run
from humpback.schema import PAIR
from humpback.stage import Stage, keep_or_drop
from humpback.store import Dataset


class Settings(ModelSettings):
    """Everything that can be set, with its default and where that comes from."""

    corpus: CorpusSettings = CorpusSettings()
    judge_lm: ModelName = Field("", description="an outside judge, backend:model; empty: the model in training (paper)")


def recipe(run: Run, settings: Settings) -> None:
    """The whole loop; a finished step returns at once."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    if not settings.seed.path:
        raise UsageFault("seed.path is empty: there are no seed pairs", "--set seed.path=seed.jsonl")
    check_scorers((settings.curate.by,), settings, settings.backward_lm or "trained")
    seed = seed_pairs(run, settings)
    segments = corpus(run, settings.corpus, settings.random_seed)
    backward = settings.backward_lm or f"transformers:{train_model(run, 'backward', 'backward', [seed], settings)}"
    models = [train_model(run, "forward-0", "forward", [seed], settings)]
    pairs = augmented(run, segments, backward, f"transformers:{models[0]}", settings)
    for round_ in range(1, settings.curate.rounds + 1):
        forward = f"transformers:{models[-1]}"
        who = Judging(round_, settings.judge_lm or forward, forward, backward, (settings.curate.by,))
        chosen = curate(run, pairs, held(seed, "dev", settings), seed, who, settings)
        models.append(train_model(run, f"forward-{round_}", "forward", [seed, chosen], settings))
    draw = partial(select.at_random, chosen.totals.rows, settings.random_seed)
    config = {"size": chosen.totals.rows, "seed": settings.random_seed}
    uncurated = run.map("uncurated", Stage("uncurated", PAIR, draw, config, scope="dataset"), pairs)
    models.append(train_model(run, "forward-uncurated", "forward", [seed, uncurated], settings))
    measure(run, seed, backward, models, settings)
    run.step("report", partial(write_report, run.folder), {"finished": digest(settings.model_dump(mode="json"))})


def augmented(run: Run, segments: Dataset, backward: str, forward: str, settings: Settings) -> Dataset:
    """The candidate pairs A: an instruction for each segment, those that the guards let through."""
    made = run.map("augmented", augment_stage(settings, backward), segments)
    if settings.augment.choose == "round_trip":
        made = run.map("round-trip", round_trip_stage(settings, forward), made)
    contamination = settings.corpus.contamination
    if contamination.against:
        made = run.map("decontaminated-pairs", clean_stage("decontaminated-pairs", PAIR, contamination), made)
    check = partial(guards.fault, config=settings.guards)
    return run.map("pairs", Stage("guards", PAIR, partial(keep_or_drop, check), config=plain(settings.guards)), made)
