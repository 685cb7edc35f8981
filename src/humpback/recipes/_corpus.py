"""From pages to segments, for the recipes that read pages."""

from functools import partial

import pyarrow as pa
from pydantic import Field

from humpback.config import Config
from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.read import read
from humpback.corpus.documents.rights import RightsConfig, by_rights
from humpback.corpus.inputs.sources import SINGLE_KINDS, sources
from humpback.corpus.rules.caps import COLUMNS, CapConfig, cap
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.corpus.rules.sample import sample
from humpback.recipes._curation import plain
from humpback.run import Run
from humpback.schema import DOCUMENT, SEGMENT, SOURCE, Row
from humpback.stage import Chain, Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig, decontaminate, fingerprints
from humpback.text.language import keep_languages, model
from humpback.text.near_duplicates import DedupConfig, unique
from humpback.text.redaction import RedactConfig, phone_numbers, redact


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
