"""Recipes in seconds: an engine that runs every stage as it is, but on fakes in the place of models and of trainings.

A training writes the pairs that it is given and no weights; a model that was trained, and every other one, is the echo model
under its name, with a taste and a worth of its own. `Refuses` is an engine for runs on which nothing may be left to do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from humpback import lm as language_models
from humpback import recipes, store
from humpback.config import Config, build
from humpback.corpus.pages import segments
from humpback.corpus.pairs import seed_pairs
from humpback.curate.relevance import RelevanceConfig
from humpback.curate.support import SupportConfig
from humpback.engine import Engine, Job
from humpback.engine.local import LocalEngine
from humpback.evaluate.made import Made, measured
from humpback.guards.trips import DriftConfig
from humpback.lm import LM, Answer, Completion, Question, Sampling, Usage
from humpback.lm.echo import Echo
from humpback.lm.journal import Remembers, key_of
from humpback.lm.spec import fingerprint, parse, role_of
from humpback.progress import Progress
from humpback.run import Run
from humpback.schema import Row
from humpback.train.sft import prepare
from humpback.train.training import FACTS, PAIRS, Training
from humpback.work import PlannedStage

# What a model gains, by its name and what it was trained on.
Worth = Callable[[str, list[Row]], float]
# Settings with which the recipe humpback is through in seconds, on the demo's pages or on others.
SMALL: dict[str, Any] = {
    "base": "embedded", "corpus": {"sample": 14}, "measure": {"cases": 8, "stop_tokens": 40},
    "guards": {"min_logprob": None},
    "curate": {"by": "score", "k": 3.0, "stop_below_chance": False}, "judge": {"stop_valid": 0.0},
    "iterate": {"stop_precision": None},
}  # fmt: skip


class Model(Remembers):
    """The echo model with a taste of its own, so that selections differ, and a loss lower by `worth` nats per token."""

    context = 4096

    def __init__(self, name: str, role: str, worth: float, rehearsed: "Rehearsed") -> None:
        self.name, self.role, self.worth, self.rehearsed = name, role, worth, rehearsed
        self.echo = Echo()

    def close(self) -> None:
        """Nothing to give back."""

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return self.echo.clip(text, max_tokens)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        made = [self._told(self.echo.generate, [p], sampling, [s]) for p, s in zip(prompts, seeds, strict=True)]
        talks = self.name in self.rehearsed.talk
        return [Completion(each.text, "length" if talks else each.finish, each.tokens, each.logprob) for each in made]

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.rehearsed.told += [(self.name, target) for target in targets]
        return [self._told(self._scored, [p], [t], ended) for p, t in zip(prompts, targets, strict=True)]

    def _scored(self, prompts: Sequence[str], targets: Sequence[str], ended: bool) -> list[list[float] | None]:
        return [known and [value + self.worth for value in known] for known in self.echo.logprob(prompts, targets, ended)]

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        return self.echo.offsets(texts)

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        made = [[self._told(self._decided, state, q) for q in questions] for state in states]
        judge = self.rehearsed.judges.get(self.name)
        return [list(map(partial(judge, state), own)) for state, own in zip(states, made, strict=True)] if judge else made

    def _decided(self, state: str, question: Question) -> list[Answer]:
        return self.echo.decide([state + self.name], [question])[0]

    def _told(self, ask: Callable[..., list[Any]], *asked: Any) -> Any:
        """One answer, remembered."""
        return self.answered(key_of(ask.__name__, *asked), lambda: (ask(*asked), Usage(1, 10, 1)))[0]


class Rehearsed(LocalEngine):
    """`worth` is what a model gains over the echo model, by the name of the step that made it and what it was trained on;
    `talk` names models whose answers do not end, `judges` change what a model answers to a state.

    `trained` are the trainings by name, `told` what was done, in order: ("step", name) for what fills a folder, and (model,
    target) for each likelihood that was asked for.
    """

    def __init__(self, worth: Worth | None = None) -> None:
        super().__init__()
        self.worth = worth or (lambda name, rows: 0.0)
        self.talk: tuple[str, ...] = ()
        self.judges: dict[str, Callable[[str, Answer], Answer]] = {}
        self.trained: dict[str, Training] = {}
        self.told: list[tuple[str, str]] = []
        self.opened: dict[str, LM] = {}

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        if not job.needs.alone:
            yield from super().run(_without_encoders(job), heard)
            return
        [folder] = job.shards
        about = store.read_json(folder / store.PLAN)["about"]
        self.told.append(("step", about["name"]))
        config = job.what.args[-1]  # type: ignore[attr-defined]
        if not isinstance(config, Training):
            yield from super().run(job, heard)
            return
        self.trained[about["name"]] = config
        prepare(config, folder)
        store.write_json(folder / "humpback.json", {"role": config.role, "base": config.base})
        store.write_json(folder / FACTS, {"examples": len(rows_of(folder)), "log": [{"step": 1, "loss": 3.0}]})

    def open(self, spec: str) -> LM:
        if spec not in self.opened:
            made = language_models.open_here(spec) if spec.startswith("echo:") else self._model(spec)
            made.identity = fingerprint(spec)
            self.opened[spec] = made
        return self.opened[spec]

    def _model(self, spec: str) -> Model:
        folder = parse(spec).folder
        if folder is None or not (folder / PAIRS).exists():
            return Model(spec, role_of(parse(spec)), 0.0, self)
        name = store.Finished(folder).about["name"]
        return Model(name, role_of(parse(spec)), self.worth(name, rows_of(folder)), self)


def _without_encoders(job: Job) -> Job:
    """The job, but outside encoders count the words that two texts share."""
    planned, *rest = job.what.args  # type: ignore[attr-defined]
    fakes = {"relevance": shared_words, "supported": held_words, "compared": alike_words, "made": measured_alone}
    if not isinstance(planned, PlannedStage) or planned.stage.name not in fakes:
        return job
    stage = replace(planned.stage, function=fakes[planned.stage.name])
    return replace(job, what=partial(job.what.func, replace(planned, stage=stage), *rest))  # type: ignore[attr-defined]


def shared_words(_: RelevanceConfig, given: Iterable[Row]) -> Iterator[Row]:
    for row in given:
        shared = len({*row["instruction"].split()} & {*row["response"].split()})
        yield {
            **row, "relevance": float(shared), "embedding_rank": 1 + shared % 3, "entailment": shared / 100,
            "stray_sentence": 1 / (1 + shared),
        }  # fmt: skip


def held_words(_: SupportConfig, given: Iterable[Row]) -> Iterator[Row]:
    for row in given:
        words = row["response"].split()
        held = sum(word in row["draft"].split() for word in words) / len(words) if row["draft"] else None
        yield {**row, "supported": held, "supported_least": held, "supported_nli": None}


def alike_words(_: DriftConfig, given: Iterable[Row]) -> Iterator[Row]:
    for row in given:
        own, other = {*row["instruction"].split()}, {*row["paraphrase"].split()}
        alike = len(own & other) / len(own | other)
        yield {**row, "novelty": 1 - alike, "cosine": alike**0.1, "answer_cosine": None, "entailed": alike**0.1}


def measured_alone(config: Made) -> Iterator[Row]:
    yield from measured(config.model_copy(update={"embedding": None}))


class WorkLeft(Exception):
    """What was to be finished is not."""


class Refuses(Engine):
    """Does nothing; raises `WorkLeft` where it is asked for something."""

    workers = 1

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        raise WorkLeft(str(job.what))

    def close(self) -> None:
        """Holds nothing."""


def rows_of(model: Path) -> list[Row]:
    """The pairs that the model in this folder was trained on."""
    rows: list[Row] = pq.read_table(model / PAIRS).to_pylist()
    return rows


class Said(Progress):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def carried_out(
    recipe: str, folder: Path, settings: Config | dict[str, Any], engine: Engine | None = None, reuse: Path | None = None
) -> list[str]:
    """The recipe in the folder, on an engine (unset: a new `Rehearsed`); returns what was said."""
    module, said = recipes.load(recipe), Said()
    wanted = settings if isinstance(settings, Config) else build(module.Settings, [settings])
    with Run(folder, recipe, wanted, engine=engine or Rehearsed(), reuse=reuse, progress=said) as run:
        module.recipe(run, wanted)
    return said.lines


def named(folder: Path) -> dict[str, store.Finished]:
    """What is finished in a run, by name."""
    return {each.about["name"]: each for each in store.find(folder)}


def rows(folder: Path, name: str) -> list[Row]:
    """The rows of the dataset of that name in a run."""
    found = named(folder)[name]
    assert isinstance(found, store.Dataset)
    return list(found.rows())


def demo(**layers: Any) -> Config:
    """The settings of the recipe demo, made `SMALL`, with `layers` over that."""
    return build(recipes.load("demo").Settings, [SMALL, layers])


def read_pages(folder: Path) -> Path:
    """A run of the recipe demo that has read its pages and its seed, for others to take over."""
    wanted = demo()
    with Run(folder, "demo", wanted) as run:
        seed_pairs(run, wanted.seed, wanted.random_seed)  # type: ignore[attr-defined]
        segments(run, wanted.corpus, wanted.random_seed)  # type: ignore[attr-defined]
    return folder
