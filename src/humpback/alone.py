"""Single stages on anybody's files: what the verbs segments, backtranslate, guard and score run, without a recipe."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from pydantic import Field

from humpback.config import Config
from humpback.corpus.documents.read import read
from humpback.corpus.explain import explain
from humpback.corpus.inputs.sources import PAGE_KINDS, sources
from humpback.corpus.pairs import pair_sources, read_pairs
from humpback.curate.rubric import rubric
from humpback.errors import UsageFault
from humpback.evaluate.agreement import agreement
from humpback.guards import checks as guards
from humpback.guards.checks import GuardConfig
from humpback.lm.spec import ModelName
from humpback.recipes._corpus import CorpusSettings, corpus
from humpback.recipes._curation import (
    CurationSettings,
    Judging,
    augment_stage,
    check_scorers,
    plain,
    round_trip_stage,
    scored,
    warn,
)
from humpback.run import Run
from humpback.schema import DOCUMENT, METRIC, PAIR, SEGMENT, SOURCE, Row, row_id
from humpback.stage import Drop, Outcome, Stage, keep_or_drop
from humpback.store import MANIFEST, Dataset
from humpback.text.language import identify
from humpback.text.sentences import count_chars


class SegmentsSettings(CorpusSettings):
    """`humpback segments`."""

    random_seed: int = 42


class BacktranslateSettings(CurationSettings):
    """`humpback backtranslate`."""

    texts: str
    columns: dict[str, str] = Field({}, description="what tables call text, id, url, title")
    lm: ModelName
    forward: ModelName = Field("", description="the forward model that augment.choose=round_trip asks; empty: lm")


class GuardSettings(Config):
    """`humpback guard`."""

    pairs: str
    guards: GuardConfig = GuardConfig()


class ScoreSettings(CurationSettings):
    """`humpback score`."""

    pairs: str
    lm: ModelName
    base: ModelName = Field("", description="the base that lm was trained from, which seed_gain asks too")
    backward_lm: ModelName = Field("", description="the backward model that backward_logprob and specificity ask")
    scorers: tuple[str, ...] = Field(
        ("score", "gain"), description="columns wanted: those two always, and any other that curate.by knows"
    )


def segments(run: Run, settings: SegmentsSettings) -> Dataset:
    """Pages to segments."""
    return corpus(run, settings, settings.random_seed)


def explain_page(settings: SegmentsSettings, url: str) -> Iterator[str]:
    """Lines that say what becomes of the page at `url`."""
    found = sources(list(settings.inputs), settings.columns)
    return explain(found, settings.columns, url, settings.segment, settings.rules)


def read_files_of_pairs(run: Run, path: str) -> Dataset:
    found = pair_sources(path)
    files = run.put("files", lambda: found, SOURCE, {"files": [row["digest"] for row in found]})
    return run.map("read", Stage("read", PAIR, partial(read_pairs, "given"), reads="records"), files)


def with_language(rows: Iterable[Row]) -> Iterator[Outcome]:
    """Pairs that say no language get the one of their response, for the language guard."""
    for row in rows:
        yield row if row.get("lang") else {**row, "lang": identify(row["response"])[0]}


def guard(run: Run, settings: GuardSettings) -> Dataset:
    """A file of pairs through the guards."""
    pairs = read_files_of_pairs(run, settings.pairs)
    named = run.map("language", Stage("language", PAIR, with_language), pairs)
    check = partial(keep_or_drop, partial(guards.fault, config=settings.guards))
    return run.map("guarded", Stage("guards", PAIR, check, settings.guards.model_dump(mode="json")), named)


def score(run: Run, settings: ScoreSettings) -> Dataset:
    """A file of pairs under the judge, the likelihood gain, and the other scorers asked for.

    Pairs that carry a `label` (1 good, 0 bad) tell how far the judge agrees with them.
    """
    check_scorers(settings.scorers, settings, settings.backward_lm)
    pairs = read_files_of_pairs(run, settings.pairs)
    who = Judging(0, settings.lm, settings.lm, settings.backward_lm, settings.scorers)
    made = scored(run, "scored", pairs, who, settings)
    labelled = [row for row in made.rows(["score", "label"]) if row["label"] is not None]
    if labelled:
        levels, k = len(rubric(settings.judge.rubric)[0].options), settings.curate.k
        scores, labels = [row["score"] for row in labelled], [row["label"] for row in labelled]
        run.put("agreement", lambda: agreement(scores, labels, k, levels, 0), METRIC, {"scored": made.fingerprint, "k": k})
    warn(run, made, settings.lm, settings)
    return made


def backtranslate_texts(run: Run, settings: BacktranslateSettings) -> Dataset:
    """Instructions for texts: a folder that `humpback segments` finished, or files whose rows have a `text`."""
    made = run.map("augmented", augment_stage(settings, settings.lm), _texts(run, settings.texts, settings.columns))
    if settings.augment.choose == "round_trip":
        made = run.map("round-trip", round_trip_stage(settings, settings.forward or settings.lm), made)
    check = partial(keep_or_drop, partial(guards.fault, config=settings.guards))
    return run.map("pairs", Stage("guards", PAIR, check, plain(settings.guards)), made)


def _texts(run: Run, path: str, columns: dict[str, str]) -> Dataset:
    finished = segments_folder(Path(path))
    if finished:
        return finished
    found = sources([path], columns)
    if any(row["kind"] in PAGE_KINDS for row in found):
        raise UsageFault(f"{path} holds pages, not texts", f"cut them first: humpback segments {path} --out runs/segments")
    files = run.put("files", lambda: found, SOURCE, {"files": [row["digest"] for row in found]})
    documents = run.map(
        "documents",
        Stage("documents", DOCUMENT, partial(read, columns=columns), {"columns": columns}, reads="records"),
        files,
    )
    return run.map("texts", Stage("texts", SEGMENT, whole_texts), documents)


def segments_folder(path: Path) -> Dataset | None:
    """The finished segments in `path`, a dataset or the run of `humpback segments`."""
    if (path / MANIFEST).is_file():
        return Dataset(path)
    found = sorted(path.glob("[0-9][0-9]-sample"))
    return Dataset(found[0]) if found else None


def whole_texts(rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each document that has a text as one segment, uncut."""
    for row in rows:
        if not row.get("text"):
            yield Drop(row, "no_text", None)
            continue
        yield {
            "id": row_id(row["id"], "text"),
            "parent": row["id"],
            "url": row.get("url"),
            "header_path": [row["title"]] if row.get("title") else [],
            "level": 1,
            "text": row["text"],
            "n_chars": count_chars(row["text"]),
            "lang": identify(row["text"])[0],
        }
