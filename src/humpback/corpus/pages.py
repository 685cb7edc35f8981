"""From pages to segments that may be answers: every step of the corpus in its order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from pydantic import Field, field_validator

from humpback.config import OFTEN, Config, Empty, Shown
from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.formats import formats
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.documents.rights import RightsConfig, by_rights
from humpback.corpus.inputs.sources import FilesConfig, Listing, listed, sources
from humpback.corpus.rules.caps import CapConfig, DrawnCapConfig, cap
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.corpus.rules.sample import SampleConfig, sample
from humpback.run import Run
from humpback.schema import DOCUMENT, SEGMENT, SOURCE, Row
from humpback.stage import Chain, Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig, decontaminate
from humpback.text.language import LanguageConfig, keep_languages, known_language, model
from humpback.text.near_duplicates import DedupConfig, unique
from humpback.text.redaction import RedactConfig, phone_numbers, redact


class CorpusSettings(Config):
    """Pages and how they are cut."""

    inputs: Annotated[tuple[str, ...], OFTEN] = Field(
        (),
        description="paths, folders, globs or addresses of archives, pages, texts, tables, books; hf:NAME; cc:CRAWL?files=N",
    )
    columns: dict[str, str] = Field({}, description="what tables call text, html, id, url, title, date, license")
    rights: RightsConfig = RightsConfig()
    segment: SegmentConfig = SegmentConfig()
    rules: RuleConfig = RuleConfig()
    languages: Annotated[tuple[str, ...], OFTEN] = Field(
        ("en",), description="languages kept, ISO 639-1; empty: all (paper: English)"
    )
    min_language_probability: float = Field(0.65, description="(ours)")
    redact: RedactConfig = RedactConfig()
    dedup: DedupConfig = DedupConfig()
    caps: CapConfig = CapConfig()
    contamination: ContaminationConfig = ContaminationConfig()
    sample: Annotated[int | None, Shown(often=True, layer="limit")] = Field(
        None, description="segments drawn; unset: all (paper: 502,133)"
    )

    @field_validator("languages")
    @classmethod
    def _known(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(known_language, codes))


def segments(run: Run, settings: CorpusSettings, seed: int) -> Dataset:
    """The segments of all pages, of `kind="segments"`; the steps before them are `kind="candidates"`, each `of` its name."""
    made = run.map(
        "segments", to_segments(settings), files_of(run, settings.inputs, settings.columns), kind="candidates", of="segments"
    )
    steps = [Stage("unique", SEGMENT, unique, settings.dedup, version=2, scope="dataset")]
    if settings.caps != CapConfig():
        caps = DrawnCapConfig(**settings.caps.model_dump(), seed=seed)
        steps.append(Stage("capped", SEGMENT, cap, caps, scope="dataset"))
    if settings.contamination.against:
        steps.append(Stage("decontaminated", SEGMENT, decontaminate, settings.contamination))
    for step in steps:
        made = run.map(step.name, step, made, kind="candidates", of=step.name)
    drawn = SampleConfig(size=settings.sample, seed=seed)
    return run.map("sample", Stage("sample", SEGMENT, sample, drawn, scope="dataset"), made, kind="segments")


def files_of(run: Run, inputs: Sequence[str], columns: dict[str, str]) -> Dataset:
    """The files that `inputs` name, or ranges of them, in shards for one worker each."""
    found = sources(inputs, columns)
    config = FilesConfig(listed=Listing(tuple(found)))
    files = run.put("files", Stage("files", SOURCE, listed, config), kind="files")
    # Archives and tables are shards of their own, single pages go five hundred to one.
    single = sum(formats()[row["kind"]].single for row in found)
    rows = 500 if single > len(found) / 2 else 1
    shards = Stage("file-shards", SOURCE, in_shards, scope="dataset", shard_rows=rows)
    return run.map("file-shards", shards, files, kind="files", of="shards")


def in_shards(_: Empty, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows as they are: only their shards are others."""
    yield from rows


def to_segments(settings: CorpusSettings) -> Chain:
    """From files to segments in one pass, without writing the pages down."""
    wanted = LanguageConfig(languages=settings.languages, min_probability=settings.min_language_probability)
    documents = DocumentsConfig(columns=settings.columns)
    return Chain(
        "segments",
        (
            Stage("documents", DOCUMENT, read, documents, reads="records"),
            Stage("allowed", DOCUMENT, by_rights, settings.rights),
            Stage("candidates", SEGMENT, segment, settings.segment, version=3),
            Stage("ruled", SEGMENT, apply_rules, settings.rules, version=2),
            Stage("language", SEGMENT, keep_languages, wanted, version=2, load=model),
            Stage("segments", SEGMENT, redact, settings.redact, load=phone_numbers),
        ),
    )
