"""CoIN (Yan et al. 2024): a finished model tuned on by contrast, so that wordings matter less; and how much they matter.

humpback run coin --out runs/coin --set run=runs/a
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from humpback import prompts, store
from humpback.config import digest
from humpback.corpus.pairs import pair_sources, read_pairs
from humpback.errors import UsageFault
from humpback.evaluate import robustness
from humpback.evaluate.robustness import RobustnessConfig
from humpback.lm.spec import ModelName, fingerprint
from humpback.methods import paraphrase
from humpback.methods.paraphrase import ParaphraseConfig
from humpback.prompts.forward import FORWARD
from humpback.recipes import humpback
from humpback.recipes._arms import Material
from humpback.recipes._curation import plain
from humpback.recipes._iteration import BEST
from humpback.recipes._models import held, seed_pairs, train_model
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SOURCE, TRIPLE, Row
from humpback.stage import LMStage, Stage, keep_or_drop
from humpback.store import Dataset
from humpback.train.config import ContrastConfig, LoraConfig, SftConfig
from humpback.train.job import Job
from humpback.train.sft import train

CONTROL, COIN = "control", "coin"


class Settings(humpback.Settings):
    """The settings of the recipe humpback, which with `run` are those of that run, and those of the tuning after it."""

    run: str = Field("", description="a finished run of the recipe humpback: its seed, its last selection, its best model")
    pairs: str = Field("", description="without a run: pairs beside the seed, JSONL or Parquet; M is trained on both first")
    start: Literal["best", "base"] = Field("best", description="what is tuned: the best model so far (CoIN), or the base")
    paraphrase: ParaphraseConfig = ParaphraseConfig()
    paraphrase_lm: ModelName = Field("", description="an instruct model that rewords; empty: without one")
    contrast: ContrastConfig = ContrastConfig()
    tune: SftConfig = Field(
        SftConfig(
            method="lora", lora=LoraConfig(rank=16, alpha=16, dropout=0.05), lr=1e-4, lr_end=0.0, warmup=0.1, batch=64,
            passes=1.0, max_tokens=256, weight_decay=0.0, dropout=0.0,
        ),
        description="of CoIN and of its control; batch counts triples (CoIN's published settings)",
    )  # fmt: skip
    robustness: RobustnessConfig = RobustnessConfig()


@dataclass(frozen=True)
class Before:
    """What there is before the tuning: seed and pairs, and the model that was trained on them, called `name`."""

    seed: Dataset
    pairs: list[Dataset]
    model: str
    name: str


def recipe(run: Run, settings: Settings) -> None:
    """Triples; the tuning with the contrastive term, and without it as its control; the robustness of all three."""
    jobs = {name: _job(settings, contrast) for name, contrast in _arms(settings).items()}
    before = _from_run(settings) if settings.run else _from_pairs(run, settings)
    data = triples(run, before, settings)
    base = before.model if settings.start == "best" else settings.base
    models = {before.name: before.model}
    for name, job in jobs.items():
        models[name] = f"transformers:{_tuned(run, name, job.model_copy(update={'base_name': base}), data)}"
    _measured(run, before, models, settings)


def _arms(settings: Settings) -> dict[str, ContrastConfig]:
    """Continual tuning on the same triples is what the paper compares with."""
    return {CONTROL: settings.contrast.model_copy(update={"weight": 0.0}), COIN: settings.contrast}


def _job(settings: Settings, contrast: ContrastConfig) -> Job:
    return Job(
        role="forward", base_name=settings.base, sft=settings.tune, hardware=settings.hardware, tags=settings.tags,
        contrast=contrast,
    )  # fmt: skip


def _from_run(settings: Settings) -> Before:
    found = Material(Path(settings.run))
    model = found.model("best")
    name = store.read_json(found.finished["best"] / BEST)["model"]
    return Before(found.seed, [found.seed, found.curated], model, name)


def _from_pairs(run: Run, settings: Settings) -> Before:
    if not settings.seed.path:
        raise UsageFault("there is neither run nor seed.path: there is nothing to tune on", "--set run=runs/a")
    seed = seed_pairs(run, settings)
    data = [seed]
    if settings.pairs:
        found = pair_sources(settings.pairs)
        files = run.put("pool-files", lambda: found, SOURCE, {"files": [row["digest"] for row in found]})
        data.append(run.map("pool", Stage("read", PAIR, partial(read_pairs, "given"), reads="records"), files))
    return Before(seed, data, f"transformers:{train_model(run, 'forward-0', 'forward', data, settings)}", "M_0")


def triples(run: Run, before: Before, settings: Settings) -> Dataset:
    """Of each pair that may be trained on a paraphrase and a hard negative."""
    config, seed = settings.paraphrase, settings.random_seed

    def train_rows() -> Iterator[Row]:
        for dataset in before.pairs:
            for row in dataset.rows():
                if row.get("split") in (None, "train"):
                    yield {name: row.get(name) for name in PAIR.names}

    pairs = run.put("train-pairs", train_rows, PAIR, {"pairs": [each.fingerprint for each in before.pairs]})
    worded = run.map("wordings", wordings_stage(settings), pairs)
    check = partial(paraphrase.no_paraphrase, config=config, guards=settings.guards)
    plan = {**plain(config), "guards": plain(settings.guards)}
    checked = run.map("paraphrases", Stage("paraphrases", TRIPLE, partial(keep_or_drop, check), plan), worded)
    join = partial(paraphrase.with_negatives, config, seed)
    return run.map("triples", Stage("triples", TRIPLE, join, {**plain(config), "seed": seed}, scope="dataset"), checked)


def wordings_stage(settings: Settings) -> Stage:
    """With a model to ask, if one is named and its wordings are wanted."""
    config = settings.paraphrase
    make = paraphrase.Wordings(config, settings.random_seed)
    plan = {**plain(config), "seed": settings.random_seed}
    if settings.paraphrase_lm and "lm" in config.sources:
        shown = (paraphrase.PARAPHRASE,)
        return LMStage("wordings", TRIPLE, config=plan, prompts=shown, lm=settings.paraphrase_lm, ask=make)
    return Stage("wordings", TRIPLE, make.by_itself, plan)


def _tuned(run: Run, name: str, job: Job, data: Dataset) -> Path:
    plan = {
        "base": fingerprint(job.base_name), "data": {data.path.name: data.fingerprint}, "sft": plain(job.sft),
        "tags": plain(job.tags), "prompt": digest(prompts.source(FORWARD)),
        "contrast": plain(job.contrast) if job.contrast else None,
    }  # fmt: skip
    return run.step(name, lambda folder: train(folder, job, list(data.rows()), run.progress), plan, goes_on=True)


def _measured(run: Run, before: Before, models: dict[str, str], settings: Settings) -> Dataset:
    """The dataset `robustness`: on the test split, each model by itself, and CoIN against the others case by case."""
    test = held(before.seed, "test", settings)
    plan = {
        "seed": before.seed.fingerprint, "cases": len(test), "tags": plain(settings.tags),
        "models": {name: fingerprint(spec) for name, spec in models.items()}, **robustness.plan(settings.robustness),
    }  # fmt: skip

    def rows() -> Iterator[Row]:
        asked = {name: robustness.ask(test, run.lm(lm), settings.tags, settings.robustness) for name, lm in models.items()}
        for name, found in asked.items():
            yield from robustness.robustness(found, name)
        for name in (before.name, CONTROL):
            yield from robustness.against(asked[name], asked[COIN], COIN, name)

    return run.put("robustness", rows, METRIC, plan)
