"""Ablations: arms trained alike but for one thing, each with several seeds, and measured on the same held-out pairs.

All take what a finished run of the recipe humpback has made (`run`); without one, that recipe runs first, in their folder.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from statistics import median
from typing import Any, Literal

from pydantic import Field

from humpback import recipes
from humpback.config import differences, digest
from humpback.curate import select
from humpback.curate.teach import TeachConfig
from humpback.errors import UsageFault
from humpback.evaluate import arms, held_out
from humpback.evaluate.arms import DEV, TEST
from humpback.metrics import metric
from humpback.lm import Sampling
from humpback.lm.spec import fingerprint
from humpback.prompts.forward import TagConfig
from humpback.recipes import humpback
from humpback.recipes._corpus import corpus
from humpback.recipes._curation import Judging, curate
from humpback.recipes._models import held, train_model
from humpback.report import ablation, gather
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import Drop
from humpback.store import MANIFEST, Dataset
from humpback.train.config import SftConfig, batch_and_steps

Asked = Literal["both", "seed", "web", "none"]


class ArmSettings(humpback.Settings):
    """The settings of the recipe humpback, and what is compared. With `run` they default to those of that run."""

    run: str = Field("", description="a finished run of the recipe humpback, to start from; empty: it is made first, here")
    seeds: int = Field(
        3, ge=1, description="models trained per arm, with sft.seed, sft.seed + 1, ... and draws of their own"
    )
    asked: Asked = Field(
        "both", description="tags that held-out pairs are measured under: both (paper, table 5), seed, web or none"
    )
    stop_cases: int = Field(50, ge=0, description="at most so many test pairs are answered, for the stop rate; 0: none")


def settings_of(run: Path) -> dict[str, Any]:
    """The settings of the recipe humpback in the run `run`, for an ablation that starts from it."""
    config: dict[str, Any] = gather.read_run(run)["config"]
    return {name: value for name, value in config.items() if name in humpback.Settings.model_fields}


# What a run hands over.


@dataclass(frozen=True)
class Material:
    """A finished run of the recipe humpback."""

    folder: Path

    @cached_property
    def seed(self) -> Dataset:
        return self.dataset("seed")

    @cached_property
    def finished(self) -> dict[str, Path]:
        """The folders that are finished, by name."""
        return {name: path for name, path in gather.folders(self.folder) if (path / MANIFEST).exists()}

    @property
    def last_round(self) -> int:
        """The last round whose selection a model was trained on."""
        rounds = [int(name.removeprefix("selected-")) for name in self.finished if re.fullmatch(r"selected-\d+", name)]
        return max((number for number in rounds if f"forward-{number}" in self.finished), default=1)

    def selected(self, round_: int) -> Dataset:
        return self.dataset(f"selected-{round_}")

    def scored(self, round_: int) -> Dataset:
        """The pairs that the round selected from, with their scores; further scorers each wrote them anew."""
        name = f"scored-{round_}"
        return self.dataset([name, *(each for each in self.finished if each.startswith(f"{name}-"))][-1])

    @property
    def curated(self) -> Dataset:
        return self.selected(self.last_round)

    @property
    def pool(self) -> Dataset:
        return self.scored(self.last_round)

    def dataset(self, name: str) -> Dataset:
        return Dataset(self._folder(name))

    def model(self, name: str) -> str:
        """The model that the run trained under `name`."""
        return f"transformers:{self._folder(name)}"

    def _folder(self, name: str) -> Path:
        if name not in self.finished:
            raise UsageFault(
                f"the run {self.folder} has no finished {name!r}",
                f"finish it, or give a run of the recipe humpback; see: humpback show {self.folder}",
            )
        return self.finished[name]

    def backward(self, settings: ArmSettings) -> str:
        return settings.backward_lm or self.model("backward")


def material(run: Run, settings: ArmSettings, *taken: str) -> Material:
    """What the arms are made of: the run `settings.run`, or the recipe humpback carried out in the folder of `run`.

    `taken` names the settings of which only the results are taken over: changed, they would have no effect, and are
    refused with `UsageFault`.
    """
    if not settings.run:
        humpback.recipe(run, settings)
        return Material(run.folder)
    folder = Path(settings.run)
    made = settings_of(folder)
    wanted = settings.model_dump(mode="json")
    for name in ("seed", *taken):
        for leaf, old, new in differences({name: made.get(name, wanted[name])}, {name: wanted[name]}):
            raise UsageFault(
                f"{leaf} = {new!r}, and the run {folder}, whose results are taken over, was made with {old!r}",
                f"leave out {leaf}, or leave out run to make everything here",
            )
    return Material(folder)


CURATED = ("corpus", "backward_lm", "backward_sft", "backward", "augment", "guards", "judge", "judge_lm")


def equally_curated(run: Run, found: Material, segments: Dataset, backward: str, settings: ArmSettings) -> Dataset:
    """The pairs that M_0 (or the outside judge) selects of `segments` under instructions of `backward`: round 1."""
    forward = found.model("forward-0")
    pairs = humpback.augmented(run, segments, backward, forward, settings)
    who = Judging(1, settings.judge_lm or forward, forward, backward, (settings.curate.by,))
    return curate(run, pairs, held(found.seed, DEV, settings), found.seed, who, settings)


def beside(run: Run, name: str, settings: ArmSettings) -> Run:
    """A run in a folder inside that of `run`, for the datasets of one arm."""
    return Run(run.folder / name, run.recipe, settings, workers=run.engine.workers, again=run.again, progress=run.progress)


def segments_of(run: Run, settings: ArmSettings, unit: str) -> Dataset:
    """The segments of the settings' pages cut by `unit`."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    cut = settings.corpus.segment.model_copy(update={"unit": unit})
    return corpus(run, settings.corpus.model_copy(update={"segment": cut}), settings.random_seed)


# The data of an arm.


class Draw(Dataset):
    """`size` training rows of a dataset, drawn by `seed`; smaller draws are part of larger ones.

    A view that is not written: the folder of each model holds the pairs that it was trained on.
    """

    def __init__(self, source: Dataset, size: int, seed: int) -> None:
        super().__init__(source.path)
        self._size, self._seed = size, seed

    @property
    def fingerprint(self) -> str:
        return digest({"of": super().fingerprint, "size": self._size, "seed": self._seed})

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        drawn = select.at_random(self._size, self._seed, training_rows(super().rows()))
        kept = (row for row in drawn if not isinstance(row, Drop))
        yield from kept if columns is None else ({name: row[name] for name in columns} for row in kept)

    def __len__(self) -> int:
        return sum(1 for _ in self.rows(["id"]))


def training_rows(rows: Iterator[Row]) -> Iterator[Row]:
    return (row for row in rows if row.get("split") in (None, "train"))


def size(data: Sequence[Dataset]) -> int:
    """The pairs that a model on `data` is trained on."""
    return sum(1 for dataset in data for _ in training_rows(dataset.rows(["id", "split"])))


# The pairs that are trained on under the i-th seed.
Data = Callable[[int], list[Dataset]]


@dataclass(frozen=True)
class Arm:
    """What is trained and how it is measured; `about` says what `data` is.

    `model` is the name of the arm whose models are measured, if they are those of another one; `tags` are those it is
    trained with, `asked` those that it is measured under.
    """

    name: str
    about: str
    data: Data
    sft: SftConfig
    tags: TagConfig
    asked: str
    model: str = ""


def arm(name: str, about: str, data: Data, sft: SftConfig, settings: ArmSettings) -> Arm:
    """An arm under the settings' own tags."""
    return Arm(name, about, data, sft, settings.tags, asked_tags(settings.tags, settings.asked))


def asked_tags(tags: TagConfig, asked: Asked) -> str:
    return {"both": tags.inference, "seed": tags.seed, "web": tags.web, "none": ""}[asked]


def equal_steps(sizes: Sequence[int], sft: SftConfig) -> SftConfig:
    """`sft` with batch and steps fixed, for arms that are compared at equal steps (Humpback: the same for every dataset).

    Where the settings do not say how many, the paper's table says it for the median size of the arms.
    """
    batch, steps = batch_and_steps(round(median(sizes)), sft)
    return sft.model_copy(update={"batch": batch, "steps": steps})


def of_equal_size(found: Material, selected: dict[str, Dataset], about: dict[str, str], settings: ArmSettings) -> list[Arm]:
    """M_0, and for each selection an arm on the seed and as many of its pairs as the smallest has, drawn anew per seed."""
    least = min(len(chosen) for chosen in selected.values())
    sft = equal_steps([size([found.seed]), *[size([found.seed]) + least] * len(selected)], settings.sft)

    def data(chosen: Dataset, i: int) -> list[Dataset]:
        return [found.seed, Draw(chosen, least, settings.random_seed + i)]

    reference = arm("M_0", "seed alone", lambda _: [found.seed], sft, settings)
    told = {name: f"seed and {least} of {len(chosen)}: {about[name]}" for name, chosen in selected.items()}
    return [reference, *(arm(name, told[name], partial(data, chosen), sft, settings) for name, chosen in selected.items())]


# Training and measuring.


Further = Callable[[list[Row]], Iterable[Row]]


def compared(
    run: Run, found: Material, wanted: Sequence[Arm], settings: ArmSettings, further: Further = lambda _: (), **plan: object
) -> Dataset:  # fmt: skip
    """Train every arm, measure all, and write dataset, table, plot and page; the first arm is the reference.

    `further` makes more metric rows of the case rows; `plan` is what else these depend on.
    """
    cases = measured(run, found, wanted, settings)

    def rows() -> Iterator[Row]:
        every = list(cases.rows())
        yield from described(wanted)
        yield from arms.comparison_rows(every, wanted[0].name)
        yield from further(every)

    made = run.put(
        "comparison", rows, METRIC, {"cases": cases.fingerprint, "arms": {each.name: each.about for each in wanted}, **plan}
    )
    ablation.write(run.folder, (recipes.load(run.recipe).__doc__ or "").splitlines()[0])
    return made


def described(wanted: Sequence[Arm]) -> Iterator[Row]:
    """For each arm the pairs that it is trained on and what they are, and its steps and batch."""
    for each in wanted:
        pairs = size(each.data(0))
        batch, steps = batch_and_steps(pairs, each.sft)
        yield metric("pairs", each.name, float(pairs), n=1, unit="pairs", note=each.about)
        yield metric("steps", each.name, float(steps), n=1, unit="steps", note=f"batch {batch}")


def measured(run: Run, found: Material, wanted: Sequence[Arm], settings: ArmSettings) -> Dataset:
    """`case-quality`: the NLL of every held-out pair under every model, and whether answers to some of them end."""
    models = trained(run, wanted, settings)
    held_out_pairs = {split: held(found.seed, split, settings) for split in (DEV, TEST)}
    plan = {
        "seed": found.seed.fingerprint,
        "cases": {split: len(rows) for split, rows in held_out_pairs.items()},
        "max_tokens": settings.curate.max_tokens,
        "stop": [settings.stop_cases, settings.measure.stop_tokens],
        "models": {each.name: [fingerprint(f"transformers:{path}") for path in models[each.name]] for each in wanted},
        "asked": {each.name: each.asked for each in wanted},
    }

    def rows() -> Iterator[Row]:
        for i in range(settings.seeds):
            for each in wanted:
                yield from case_rows(run, each, i, models[each.name][i], held_out_pairs, settings)

    return run.put("case-quality", rows, METRIC, plan)


def trained(run: Run, wanted: Sequence[Arm], settings: ArmSettings) -> dict[str, list[Path]]:
    """The models of each arm, one per seed. Nobody judges with them, so no lessons for judges are mixed in."""
    made: dict[str, list[Path]] = {}
    for each in wanted:
        if each.model:
            made[each.name] = made[each.model]
            continue
        own = settings.model_copy(update={"tags": each.tags, "teach": TeachConfig()})
        sfts = [each.sft.model_copy(update={"seed": each.sft.seed + i}) for i in range(settings.seeds)]
        title = f"arm-{each.name.replace('/', '-')}"
        made[each.name] = [train_model(run, f"{title}-{i}", "forward", each.data(i), own, sft) for i, sft in enumerate(sfts)]
    return made


def case_rows(
    run: Run, each: Arm, seed: int, model: Path, held_out_pairs: dict[str, list[Row]], settings: ArmSettings
) -> Iterator[Row]:
    lm, tags = run.lm(f"transformers:{model}"), TagConfig(seed=each.asked, web="")
    told = partial(arms.case_row, arm=each.name, seed=seed)
    for split, pairs in held_out_pairs.items():
        losses = held_out.forward_nll(pairs, lm, tags, settings.curate.max_tokens)
        for pair, loss in zip(pairs, losses, strict=True):
            yield told("nll", case=pair["id"], split=split, value=loss, unit="nats/token")
    some = held_out_pairs[TEST][: settings.stop_cases]
    if some:
        ended = held_out.ended(some, lm, tags, Sampling(max_new_tokens=settings.measure.stop_tokens))
        for pair, value in zip(some, ended, strict=True):
            yield told("stop", case=pair["id"], split=TEST, value=value, unit="share")
