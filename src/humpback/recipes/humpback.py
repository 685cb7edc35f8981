"""Humpback (Li et al. 2023): seed and web pages in; two rounds of self-augmentation and self-curation; M_2 out.

humpback run humpback --out runs/a --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl
"""

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field

from humpback import prompts
from humpback.config import Config, digest
from humpback.corpus.caps import COLUMNS, CapConfig, cap
from humpback.corpus.contamination import ContaminationConfig, decontaminate, fingerprints
from humpback.corpus.dedup import DedupConfig, unique
from humpback.corpus.inputs import SINGLE_KINDS, sources
from humpback.corpus.language import keep_languages, model
from humpback.corpus.pairs import pair_sources, read_pairs, split
from humpback.corpus.read import read
from humpback.corpus.redact import RedactConfig, phone_numbers, redact
from humpback.corpus.rights import RightsConfig, by_rights
from humpback.corpus.rules import RuleConfig, apply_rules
from humpback.corpus.sample import sample
from humpback.corpus.segment import SegmentConfig, segment
from humpback.curate import guards, select
from humpback.curate.teach import TeachConfig, taught_plan
from humpback.errors import UsageFault
from humpback.evaluate import held_out
from humpback.evaluate.metrics import mean_of, paired_change
from humpback.lm import Sampling
from humpback.lm.spec import ModelName, fingerprint
from humpback.methods import backtranslate
from humpback.recipes._curation import (
    CurationSettings,
    Judging,
    augment_stage,
    check_scorers,
    curate,
    plain,
    round_trip_stage,
)
from humpback.report import write_report
from humpback.run import Run
from humpback.schema import DOCUMENT, METRIC, PAIR, SEGMENT, SOURCE, Row
from humpback.stage import Chain, Stage, keep_or_drop
from humpback.store import Dataset
from humpback.train.config import SftConfig
from humpback.train.sft import train


class CorpusSettings(Config):
    """Pages and how they are cut."""

    inputs: tuple[str, ...] = Field(
        (),
        description="paths, folders, globs or addresses of archives, pages, texts, tables, books; hf:NAME; cc:CRAWL?files=N",
    )
    columns: dict[str, str] = Field({}, description="what tables call text, html, id, url, title, date, license")
    rights: RightsConfig = RightsConfig()
    segment: SegmentConfig = SegmentConfig()
    rules: RuleConfig = RuleConfig()
    languages: tuple[str, ...] = Field(("en",), description="languages kept, ISO 639-1; empty: all (paper: English)")
    min_language_probability: float = Field(0.65, description="(ours)")
    redact: RedactConfig = RedactConfig()
    dedup: DedupConfig = DedupConfig()
    caps: CapConfig = CapConfig()
    contamination: ContaminationConfig = ContaminationConfig()
    sample: int | None = Field(None, description="segments drawn; unset: all (paper: 502,133)")


class SeedSettings(Config):
    """Human pairs, and how many are held out for measuring."""

    path: str = Field("", description="JSONL or Parquet with instruction and response")
    dev: float = Field(0.1, description="share on which the judge's competence is measured (ours)")
    test: float = Field(0.1, description="share on which models are measured and nothing is chosen (ours)")


class MeasureSettings(Config):
    """The measurements at the end."""

    cases: int = Field(200, description="at most so many held-out pairs are measured on")
    stop_tokens: int = Field(256, description="an answer that has not ended by then counts as not stopping")


class Settings(CurationSettings):
    """Everything that can be set, with its default and where that comes from."""

    base: ModelName = Field("embedded", description="the base model, on this disk: embedded, or transformers:PATH")
    seed: SeedSettings = SeedSettings()
    corpus: CorpusSettings = CorpusSettings()
    backward_lm: ModelName = Field(
        "", description="an instruct model that is told what is wanted; empty: a backward model is trained (paper)"
    )
    judge_lm: ModelName = Field("", description="an outside judge, backend:model; empty: the model in training (paper)")
    teach: TeachConfig = TeachConfig()
    sft: SftConfig = SftConfig()
    backward_sft: SftConfig | None = Field(None, description="the backward model's fine-tuning; unset: as sft (paper)")
    measure: MeasureSettings = MeasureSettings()


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


def seed_pairs(run: Run, settings: Settings) -> Dataset:
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


def corpus(run: Run, config: CorpusSettings, seed: int) -> Dataset:
    """Pages to segments that may be answers."""
    found = sources(list(config.inputs), config.columns)
    files = run.put("files", lambda: found, SOURCE, {"files": [row["id"] for row in found]})
    shards = Stage("file-shards", SOURCE, iter, scope="dataset", shard_rows=file_batch(found))
    segments = run.map("segments", to_segments(config), run.map("file-shards", shards, files))
    dedup = Stage("unique", SEGMENT, partial(unique, config.dedup), plain(config.dedup), version=2, scope="dataset")
    alone = run.map("unique", dedup, segments)
    if config.caps != CapConfig():
        plan = {**plain(config.caps), "seed": seed}
        capped = partial(cap, config.caps, seed, partial(alone.rows, COLUMNS))
        alone = run.map("capped", Stage("capped", SEGMENT, capped, plan, scope="dataset"), alone)
    if config.contamination.against:
        alone = run.map("decontaminated", clean_stage("decontaminated", SEGMENT, config.contamination), alone)
    drawn = {"size": config.sample, "seed": seed}
    return run.map("sample", Stage("sample", SEGMENT, partial(sample, config.sample, seed), drawn, scope="dataset"), alone)


def clean_stage(name: str, columns: pa.Schema, config: ContaminationConfig) -> Stage:
    """Segments, or pairs with the instructions that they have got, against evaluation data."""
    plan = {**plain(config), "files": fingerprints(config)}
    return Stage(name, columns, partial(decontaminate, config), plan)


def to_segments(config: CorpusSettings) -> Chain:
    """From files to segments in one pass, without writing the pages down."""
    wanted = {"languages": config.languages, "min_probability": config.min_language_probability}
    spoken = partial(keep_languages, config.languages, config.min_language_probability)
    documents = partial(read, columns=config.columns)
    return Chain(
        "segments",
        (
            Stage("documents", DOCUMENT, documents, {"columns": config.columns}, reads="records"),
            Stage("allowed", DOCUMENT, partial(by_rights, config.rights), plain(config.rights)),
            Stage("candidates", SEGMENT, partial(segment, config.segment), plain(config.segment), version=2),
            Stage("ruled", SEGMENT, partial(apply_rules, config.rules), plain(config.rules), version=2),
            Stage("language", SEGMENT, spoken, wanted, version=2, load=model),
            Stage("segments", SEGMENT, partial(redact, config.redact), plain(config.redact), load=phone_numbers),
        ),
    )


def file_batch(found: list[Row]) -> int:
    """Files in a shard: archives and tables are shards of their own, single pages go five hundred to one."""
    single = sum(row["kind"] in SINGLE_KINDS for row in found)
    return 500 if single > len(found) / 2 else 1


def train_model(run: Run, name: str, role: Any, data: list[Dataset], settings: Settings) -> Path:
    """A model trained from base on the train rows of `data`."""
    sft = settings.backward_sft or settings.sft if role == "backward" else settings.sft
    plan = {
        "role": role,
        "base": fingerprint(settings.base),
        "data": {dataset.path.name: dataset.fingerprint for dataset in data},
        "sft": sft.model_dump(mode="json"),
        "tags": settings.tags.model_dump(mode="json"),
        "backward": settings.backward.model_dump(mode="json", include={"context", "max_text_tokens"})
        if role == "backward"
        else None,
        "prompt": digest(prompts.source(backtranslate.BACKWARD if role == "backward" else backtranslate.FORWARD)),
        **(taught_plan(settings.teach) if role == "forward" else {}),
    }

    def work(folder: Path) -> None:
        rows = [row for dataset in data for row in dataset.rows() if row.get("split") in (None, "train")]
        train(folder, role, settings.base, rows, sft, settings.tags, settings.backward, run.progress, settings.teach)

    return run.step(name, work, plan)


def held(seed: Dataset, split_: str, settings: Settings) -> list[Row]:
    return [row for row in seed.rows() if row["split"] == split_][: settings.measure.cases]


def measure(run: Run, seed: Dataset, backward: str, models: list[Path], settings: Settings) -> None:
    """The backward model, if one was trained, and every forward model, on the test split."""
    test = held(seed, "test", settings)
    sampling, width = settings.augment.sampling, settings.curate.max_tokens

    def backward_rows() -> Any:
        lm = run.lm(backward)
        yield from held_out.backward_quality(test, lm, settings.backward, settings.tags, sampling)

    plan = {"seed": seed.fingerprint, "cases": len(test), "max_tokens": width}
    drawn = {"sampling": sampling.model_dump(mode="json"), "model": fingerprint(backward)}
    if not settings.backward_lm:
        run.put("backward-quality", backward_rows, METRIC, {**plan, **drawn})
    prints = {path.name: fingerprint(f"transformers:{path}") for path in models}
    stop = settings.measure.stop_tokens
    run.put(
        "model-quality", lambda: model_rows(run, test, models, settings), METRIC, {**plan, "models": prints, "stop": stop}
    )


def model_rows(run: Run, test: list[Row], models: list[Path], settings: Settings) -> Any:
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
