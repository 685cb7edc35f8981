"""Training models and measuring them, for the recipes that do: a model of either role from base, and what it is worth."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import Field

from humpback import prompts
from humpback.config import Config, digest
from humpback.corpus.pairs import pair_sources, read_pairs, split
from humpback.curate.teach import TeachConfig, taught_plan
from humpback.errors import UsageFault
from humpback.evaluate import held_out
from humpback.metrics import mean_of, paired_change
from humpback.lm import Sampling
from humpback.lm.spec import ModelName, fingerprint
from humpback.prompts.backward import BACKWARD
from humpback.prompts.forward import FORWARD
from humpback.recipes._curation import CurationSettings, plain
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SOURCE, Row
from humpback.stage import Stage
from humpback.store import Dataset
from humpback.train import launch
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.job import Job, Role
from humpback.train.sft import train


class SeedSettings(Config):
    """Human pairs, and how many are held out for measuring."""

    path: str = Field("", description="JSONL or Parquet with instruction and response")
    dev: float = Field(0.1, description="share on which the judge's competence is measured (ours)")
    test: float = Field(0.1, description="share on which models are measured and nothing is chosen (ours)")


class MeasureSettings(Config):
    """The measurements at the end."""

    cases: int = Field(200, description="at most so many held-out pairs are measured on")
    stop_tokens: int = Field(256, description="an answer that has not ended by then counts as not stopping")


class ModelSettings(CurationSettings):
    """What every recipe that trains models can set."""

    base: ModelName = Field("embedded", description="the base model, on this disk: embedded, or transformers:PATH")
    seed: SeedSettings = SeedSettings()
    teach: TeachConfig = TeachConfig()
    sft: SftConfig = SftConfig()
    backward_sft: SftConfig | None = Field(None, description="the backward model's fine-tuning; unset: as sft (paper)")
    backward_lm: ModelName = Field(
        "", description="an instruct model that is told what is wanted; empty: a backward model is trained (paper)"
    )
    hardware: HardwareConfig = HardwareConfig()
    measure: MeasureSettings = MeasureSettings()


def seed_pairs(run: Run, settings: ModelSettings) -> Dataset:
    """The seed, read and split into train, dev and test."""
    found = pair_sources(settings.seed.path)
    files = run.put("seed-files", lambda: found, SOURCE, {"files": [row["digest"] for row in found]})
    pairs = run.map("seed-pairs", Stage("seed-pairs", PAIR, partial(read_pairs, "seed"), reads="records"), files)
    shares = {"dev": settings.seed.dev, "test": settings.seed.test, "seed": settings.random_seed}
    seed = run.map(
        "seed",
        Stage("seed", PAIR, partial(split, settings.seed.dev, settings.seed.test, settings.random_seed), shares),
        pairs,
    )
    counts = {name: sum(row["split"] == name for row in seed.rows(["split"])) for name in ("train", "dev", "test")}
    if min(counts.values()) < 2:
        raise UsageFault(
            f"the seed has {len(seed)} pairs: {counts['train']} to train on, {counts['dev']} dev, {counts['test']} test",
            "each needs at least 2: add seed pairs, or raise seed.dev and seed.test",
        )
    return seed


def train_model(
    run: Run, name: str, role: Role, data: list[Dataset], settings: ModelSettings, sft: SftConfig | None = None
) -> Path:
    """A model trained from base on the train rows of `data`, by `sft` or as the settings have it."""
    job = job_of(role, settings, sft)
    plan = {
        "role": role,
        "base": fingerprint(settings.base),
        "data": {dataset.path.name: dataset.fingerprint for dataset in data},
        "sft": plain(job.sft),
        "tags": plain(settings.tags),
        "backward": settings.backward.model_dump(mode="json", include={"context", "max_text_tokens"})
        if role == "backward"
        else None,
        "prompt": digest(prompts.source(BACKWARD if role == "backward" else FORWARD)),
        **(taught_plan(settings.teach) if role == "forward" else {}),
    }

    def work(folder: Path) -> None:
        rows = [row for dataset in data for row in dataset.rows() if row.get("split") in (None, "train")]
        train(folder, job, rows, run.progress)

    return run.step(name, work, plan, goes_on=True)


def job_of(role: Role, settings: ModelSettings, sft: SftConfig | None = None) -> Job:
    """The training of a model of that role, as the settings have it."""
    own = settings.backward_sft if role == "backward" else None
    return Job(
        role=role, base_name=settings.base, sft=sft or own or settings.sft, hardware=settings.hardware, tags=settings.tags,
        backward=settings.backward, teach=settings.teach,
    )  # fmt: skip


def check_training(settings: ModelSettings) -> None:
    """Raises `UsageFault` before anything is done, for a training that this machine or this installation cannot do."""
    roles: tuple[Role, ...] = ("forward",) if settings.backward_lm else ("forward", "backward")
    for role in roles:
        launch.check(job_of(role, settings))


def held(seed: Dataset, split_: str, settings: ModelSettings) -> list[Row]:
    return [row for row in seed.rows() if row["split"] == split_][: settings.measure.cases]


def measure(
    run: Run, seed: Dataset, backward: str, models: list[Path], settings: ModelSettings, retrained: Sequence[str] = ()
) -> None:
    """The backward model, if one was trained, those `retrained` after it, and every forward model, on the test split."""
    test = held(seed, "test", settings)
    sampling, width = settings.augment.sampling, settings.curate.max_tokens

    def backward_rows() -> Iterator[Row]:
        for spec in (backward, *retrained):
            lm, name = run.lm(spec), Path(spec).name.split("-", 1)[-1]
            yield from held_out.backward_quality(test, lm, settings.backward, settings.tags, sampling, name)

    plan = {"seed": seed.fingerprint, "cases": len(test), "max_tokens": width}
    drawn = {"sampling": sampling.model_dump(mode="json"), "model": fingerprint(backward),
             **({"retrained": [fingerprint(spec) for spec in retrained]} if retrained else {})}  # fmt: skip
    if not settings.backward_lm:
        run.put("backward-quality", backward_rows, METRIC, {**plan, **drawn})
    prints = {path.name: fingerprint(f"transformers:{path}") for path in models}
    stop = settings.measure.stop_tokens
    run.put(
        "model-quality", lambda: model_rows(run, test, models, settings), METRIC, {**plan, "models": prints, "stop": stop}
    )


def model_rows(run: Run, test: list[Row], models: list[Path], settings: ModelSettings) -> Iterator[Row]:
    """NLL, its paired change against M_0, and the stop rate of each forward model."""
    first: list[float | None] = []
    sampling = Sampling(max_new_tokens=settings.measure.stop_tokens)
    for path in models:
        name = path.name.split("-", 1)[1].replace("forward-", "M_")
        lm = run.lm(f"transformers:{path}")
        losses = held_out.forward_nll(test, lm, settings.tags, settings.curate.max_tokens)
        first = first or losses
        yield mean_of("nll", name, losses, unit="nats/token")
        yield paired_change("nll_change", name, first, losses, unit="nats/token", note="against M_0, same pairs")
        yield held_out.stop_rate(test, lm, settings.tags, sampling, name, None)
