"""How often one model's answers are preferred to another's: judged by any LM in both orders, or from anybody's annotations.

humpback winrate outputs.json --against reference.json --lm openai:qwen@http://127.0.0.1:8000/v1 --out runs/won
"""

from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import Field

from humpback import evaluate, store
from humpback.config import Config, Planned, Shown
from humpback.corpus.documents.formats import kind_of as format_of
from humpback.corpus.inputs.sources import FilesConfig, Listing, listed
from humpback.corpus.tables import table_sources
from humpback.errors import UsageFault
from humpback.evaluate.preferences.answers import AnswerConfig, answered
from humpback.evaluate.preferences.files import Kind, ReadingConfig, kind_of, read
from humpback.evaluate.preferences.judging import Judging, PreferenceConfig, judged
from humpback.evaluate.preferences.measured import Pairing, RatesConfig, measured, paired, rates
from humpback.lm import Sampling, backend
from humpback.lm.spec import ModelName, checked, fingerprint, parse, role_of
from humpback.prompts.forward import TagConfig
from humpback.report.measured import measured as measured_row
from humpback.report.sections.winrates import section
from humpback.report.terminal import as_text
from humpback.run import RUN_FILE, Run
from humpback.schema import METRIC, OUTPUT, SOURCE, VERDICT
from humpback.stage import Drop, LMStage, Stage
from humpback.store import Dataset
from humpback.text.contamination import named_content


def is_file(entry: str) -> bool:
    """Whether the name is one of a table, here or elsewhere, and not of a model."""
    return backend(entry.partition(":")[0]) is None and (format_of(entry) is not None or Path(entry).is_file())


def identity(entry: str) -> str:
    """What a file or a model is in a plan."""
    return named_content(entry) if is_file(entry) else fingerprint(checked(entry))


# A few prompts of each kind, written for this project, which no data set holds.
SHIPPED = str(resources.files(evaluate) / "prompts.jsonl")
BLANK = dict.fromkeys(VERDICT.names)
Entry = Annotated[str, Planned(identity)]


class Settings(Config):
    """Whose answers, against whose, and who judges."""

    answers: Annotated[
        tuple[Entry, ...],
        Shown(
            place="argument", help="Files of annotations or of outputs (JSON, JSONL, Parquet, CSV), or models that answer."
        ),
    ] = ()
    against: Annotated[Entry, Shown(place="option", help="The reference: a file of outputs, or a model that answers.")] = ""
    lm: Annotated[ModelName, Shown(place="option", help="Who judges: backend:model. Annotations need nobody.")] = ""
    prompts: Annotated[Entry, Shown(place="option", help="What models are asked; unset: the set that ships.")] = ""
    difficulty: Annotated[
        Entry, Shown(place="option", help="df_gamed.csv of tatsu-lab/alpaca_eval, for its own 805 prompts alone.")
    ] = ""
    prefer: PreferenceConfig = PreferenceConfig()
    sampling: Sampling = Field(Sampling(), description="how models answer (paper: temperature 0.7, nucleus 0.9)")
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def recipe(run: Run, settings: Settings) -> Dataset:
    """Verdicts, in the columns of AlpacaEval's annotations, and the rates that they make."""
    kinds = {entry: kind_of(entry) for entry in settings.answers if is_file(entry)}
    judging = [entry for entry in settings.answers if kinds.get(entry) != "annotations"]
    check(kinds, judging, settings)
    verdicts = [_read(run, entry, "annotations") for entry in settings.answers if entry not in judging]
    if judging:
        reference = _outputs(run, settings.against, settings)
        told = f"{name_of(settings.lm)}, {settings.prefer.mode}"
        judge = Judging(prefer=settings.prefer, annotator=told, random_seed=settings.random_seed)
        for entry in judging:
            pairs = Pairing(reference=reference.path, model=_outputs(run, entry, settings).path)
            asked = run.put("asked", Stage("asked", VERDICT, paired, pairs), kind="asked")
            stage = LMStage("verdicts", VERDICT, judged, judge, lm=settings.lm)
            verdicts.append(run.map("verdicts", stage, asked, kind="verdicts"))
    config = RatesConfig(verdicts=tuple(each.path for each in verdicts), difficulty=settings.difficulty)
    run.put("win-rates", Stage("win-rates", METRIC, measured, config), kind="metrics", of="win_rates")
    return verdicts[-1]


def check(kinds: dict[str, Kind], judging: list[str], settings: Settings) -> None:
    """Raises `UsageFault` before anything is asked."""
    asking = next((entry for entry, kind in kinds.items() if kind == "prompts"), None)
    if asking:
        raise UsageFault(
            f"{asking} holds prompts, and nobody's answers", f"ask a model: humpback winrate MODEL --prompts {asking}"
        )
    if judging and not settings.against:
        raise UsageFault(f"{judging[0]} is compared with nothing", "--against REFERENCE: a file of outputs, or a model")
    itself = next((entry for entry in judging if entry == settings.against), None)
    if itself:
        raise UsageFault(
            f"{itself} is compared with itself", "--against REFERENCE: another file of outputs, or another model"
        )
    if judging and not settings.lm:
        raise UsageFault("nobody judges", "--lm MODEL, for example --lm openai:MODEL; for a trial: --lm echo")


def _read(run: Run, path: str, kind: Kind) -> Dataset:
    columns = VERDICT if kind == "annotations" else OUTPUT
    files = FilesConfig(listed=Listing(tuple(table_sources(path, kind, "instruction, output"))))
    found = run.put(f"{kind}-files", Stage("files", SOURCE, listed, files), kind="files", of=kind)
    stage = Stage(f"read-{kind}", columns, read, ReadingConfig(kind=kind), reads="records")
    return run.map(kind, stage, found, kind="verdicts" if kind == "annotations" else kind)


def _outputs(run: Run, entry: str, settings: Settings) -> Dataset:
    """The outputs in a file, or what a model answers."""
    if is_file(entry):
        return _read(run, entry, "outputs")
    asked = _read(run, settings.prompts or SHIPPED, "prompts")
    config = AnswerConfig(
        sampling=settings.sampling, generator=name_of(entry), tag=tag_of(entry), random_seed=settings.random_seed
    )  # fmt: skip
    return run.map(
        "outputs", LMStage("answers", OUTPUT, answered, config, lm=entry), asked, kind="outputs", model=config.generator
    )


def name_of(spec: str) -> str:
    """What a model is called in tables: one that was trained in a run by its name there."""
    folder = parse(spec).folder
    made = folder is not None and (folder / store.MANIFEST).is_file() and store.Finished(folder).about.get("model")
    return f"{made} of {folder.resolve().parent.name}" if made and folder is not None else spec.partition("?")[0]


def tag_of(spec: str) -> str:
    """What a forward model was trained to be shown behind a request, as the run says that trained it."""
    folder = parse(spec).folder
    made = folder.parent / RUN_FILE if folder is not None and role_of(parse(spec)) == "forward" else None
    tags = store.read_json(made)["config"].get("tags") if made is not None and made.is_file() else None
    return TagConfig(**tags).inference if tags else ""


def printed(settings: Settings) -> Iterator[str] | None:
    """What is printed where no folder is given: the rates of annotations, for which nobody is asked."""
    if not settings.answers or any(not is_file(each) or kind_of(each) != "annotations" for each in settings.answers):
        return None
    config = ReadingConfig(kind="annotations")
    sets = [list(read(config, table_sources(each, "annotations", "instruction, preference"))) for each in settings.answers]
    dropped = Counter(row.reason for rows in sets for row in rows if isinstance(row, Drop))
    verdicts = [[{**BLANK, **row} for row in rows if not isinstance(row, Drop)] for rows in sets]
    told = enumerate(rates(verdicts, settings.difficulty))
    shown = section([measured_row(row, "win_rates", ("", i)) for i, row in told])
    if shown is None:
        raise UsageFault(
            f"none of {sum(map(len, sets))} records is a verdict: {dict(dropped)}",
            "give generator_1, generator_2, preference",
        )
    return iter([as_text(shown), *(f"dropped: {count} {reason}" for reason, count in dropped.items())])
