"""Finished runs for tests, made by hand in a second: no model is asked, and their figures are those of `measurements`.

A `World` is a run whose datasets are rows that a test gives. The functions below make whole runs of each sort: `loop` (two
rounds), `scored` (a file of labelled pairs), `sweep`, `arms`, `laws`, `robustness`.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

import measurements
import pyarrow as pa
from pydantic import Field

from humpback import store
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.select import SelectStage
from humpback.engine import Hands
from humpback.evaluate import iteration
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SEGMENT, SOURCE, Row
from humpback.stage import Chain, Drop, Outcome, Stage
from humpback.store import Dataset

TOPICS = ("a bicycle chain", "a sourdough loaf", "a rescue cat", "a job interview", "a vegetable bed", "a leaking tap")


class Given(Config):
    """Rows that a test made up."""

    rows: tuple[dict[str, Any], ...]


def given(config: Given) -> Iterator[Row]:
    yield from config.rows


class Changed(Config):
    """What becomes of rows by their id: further `columns`, or a drop for (reason, value); of others nothing."""

    columns: dict[str, dict[str, Any]] = Field(default_factory=dict)
    drops: dict[str, tuple[str, str | None]] = Field(default_factory=dict)


def changed(config: Changed, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        drop = config.drops.get(row["id"])
        yield Drop(row, *drop) if drop else {**row, **config.columns.get(row["id"], {})}


def read(config: Given, _: Iterable[Row]) -> Iterator[Outcome]:
    """Pages, of which the last four are none."""
    for i, row in enumerate(config.rows):
        left = len(config.rows) - i
        yield Drop(row, ("not_html", "empty_body", "status", "status")[left - 1]) if left <= 4 else row


def cut(config: Given, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The given segments under the pages that they are of."""
    for page in rows:
        own = [row for row in config.rows if row["parent"] == page["id"]]
        yield from own or [Drop(page, "nothing_to_cut")]


class Chosen(SelectStage):
    """A selection whose drops a test gives."""

    drops: dict[str, tuple[str, str | None]] = Field(default_factory=dict)


def chosen(config: Chosen, rows: Iterable[Row]) -> Iterator[Outcome]:
    return changed(Changed(drops=config.drops), rows)


class Trained(Config):
    """The training of a model that is none: its log alone is written."""

    log: dict[str, Any] = Field(default_factory=dict)


def trained(config: Trained, folder: Path, _: Hands) -> None:
    store.write_json(folder / "training.json", config.log)


class Told(Config):
    """What `best.json` says."""

    told: dict[str, Any]


def told(config: Told, folder: Path, _: Hands) -> None:
    store.write_json(folder / "best.json", config.told)


class WorldSettings(Config):
    """The settings of a recipe, as far as reports read them."""

    base: str = "embedded"
    judge_lm: str = ""
    backward_lm: str = ""
    teach: dict[str, float] = Field(default_factory=lambda: {"share": 0.0})
    curate: dict[str, Any] = Field(default_factory=lambda: {"by": "auto", "k": 4.5, "share": 0.5, "min_auc": 0.8})
    judge: dict[str, bool] = Field(default_factory=lambda: {"ask": True})
    relevance: dict[str, str] = Field(default_factory=lambda: {"embedding": "", "entailment": ""})
    combine: tuple[str, ...] = ("score", "gain", "specificity", "relevance")
    iterate: dict[str, bool] = Field(default_factory=lambda: {"gate": True})


class World:
    """A run in `folder`, made of rows that are given."""

    def __init__(self, folder: Path, recipe: str = "humpback", settings: Config | None = None) -> None:
        self.folder = folder
        self.run = Run(folder, recipe, settings or WorldSettings())

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.run.__exit__()

    def put(self, name: str, rows: Iterable[Row], columns: pa.Schema, **about: Any) -> Dataset:
        """A dataset of `rows`."""
        return self.run.put(name, Stage(name, columns, given, Given(rows=tuple(rows))), **about)

    def map(
        self, name: str, source: Dataset, columns: pa.Schema | None = None, drops: Mapping[str, tuple[str, str | None]] = {},
        more: Mapping[str, Row] = {}, stage: str = "", **about: Any,
    ) -> Dataset:  # fmt: skip
        """The rows of `source` but for the `drops` (id -> reason and value), with `more` columns (id -> columns)."""
        config = Changed(columns=dict(more), drops=dict(drops))
        made = Stage(stage or name, columns or source.columns, changed, config)
        return self.run.map(name, made, source, may_be_empty=True, **about)

    def select(
        self, name: str, source: Dataset, drops: Mapping[str, tuple[str, str | None]], by: str, **more: Any
    ) -> Dataset:
        """A selection by the column `by`: `k` or `share` are the stage's, the rest is what the dataset is."""
        rule = {"k": more.pop("k", None), "share": more.pop("share", None), "per_text": None}
        gates = {"per_site": None, "distinct": 0.8, "clusters": 0, "cluster_share": 0.2, "ifd_band": (0.3, 0.9)}
        config = Chosen(by=by, drops=dict(drops), **rule, **gates)
        stage = Stage("selected", source.columns, chosen, config, scope="dataset")
        return self.run.map(name, stage, source, may_be_empty=True, **{"kind": "selected", "by": by, **more})

    def metrics(self, name: str, rows: Iterable[Row], of: str, **about: Any) -> Dataset:
        """A measurement."""
        return self.put(name, rows, METRIC, kind="metrics", of=of, **about)

    def model(
        self, name: str, role: str, model: str = "", losses: Sequence[float] = (), dev: Sequence[float] = (), **about: Any
    ) -> Path:
        """A trained model, of which there is the log alone; with `dev` losses the weights of the best step were kept."""
        log = {"examples": 100, "too_long": 2, "log": [{"step": i, "loss": loss} for i, loss in enumerate(losses)]}
        if dev:
            log |= {"dev": [{"step": i, "loss": loss} for i, loss in enumerate(dev)], "kept": dev.index(min(dev))}
        return self.run.step(name, trained, Trained(log=log), kind="model", role=role, model=model, **about)

    def best(self, model: str, why: str, round: int) -> Path:
        said = {"model": model, "why": why, "split": "dev"}
        return self.run.step("best", told, Told(told=said), kind="best", role="forward", model=model, round=round)


def losses(seed: int, steps: int = 60) -> list[float]:
    """A curve as of a training."""
    draw = random.Random(seed)
    return [5.2 - 1.1 * (i / steps) ** 0.5 + draw.gauss(0, 0.08) for i in range(steps)]


def segment(number: int) -> Row:
    topic = TOPICS[number % len(TOPICS)]
    body = (
        f"Before you start with {topic}, lay out all that you need in the order of its use. Work slowly, and look at the "
        f"result after each of the {number + 3} steps: most faults show early, while they cost little.\n\n"
        "Then let it rest. What looks finished at once is seldom finished, and an hour later the second look finds what the "
        "first one has passed over. Write down what you changed, so that next time you begin where you have ended now."
    )
    return {"id": f"s{number:03d}", "parent": f"d{number // 4:02d}", "url": f"https://demo.example/guide-{number // 4}",
            "header_path": ["Guides", f"Care of {topic}"], "level": 2, "text": body, "n_chars": len(body), "lang": "en",
            "warc": "pages.warc.gz", "offset": 4096 * number}  # fmt: skip


def pair(number: int) -> Row:
    topic, of = TOPICS[number % len(TOPICS)], segment(number)
    asked = (
        f"How do I take care of {topic}?",
        f"What should I know before I start with {topic}?",
        f"Explain the care of {topic}.",
    )
    candidates = [
        {"instruction": text, "logprob": -0.2 - 0.05 * i, "guard": None if i < 2 else "improbable", "drawn": 1}
        for i, text in enumerate(asked)
    ]
    return {"id": f"p{number:03d}", "parent": of["id"], "url": of["url"], "header_path": of["header_path"],
            "instruction": asked[number % 3], "response": of["text"], "source": "web", "method": "backtranslate",
            "lm": "transformers:backward", "logprob": -0.2, "candidates": candidates, "style": "question"}  # fmt: skip


def scores(number: int, round: int) -> Row:
    """What scorers say of the pair of that number."""
    draw = random.Random(1000 * round + number)
    score, gain = min(5.0, max(1.0, draw.gauss(3.2 + 0.1 * round, 0.7))), draw.gauss(0.06, 0.04)
    about = {"judge": f"transformers:M_{round - 1}", "mode": "expected", "round": round, "gain": gain}
    if number % 19 == 7:
        return {**about, "status": "undecided"}
    told = {"score": score, "level": int(score + 0.5), "confidence": 0.6, "label_mass": 0.8, "order_gap": 0.2}
    return {**about, **told, "status": "ok", "judgement": []}


# Whole runs.

# The mean NLL of each model on the dev split: M_1 is better than M_0, and M_2 is not better than M_1.
DEV = {"M_0": 4.33, "M_1": 4.25, "M_2": 4.26}


def pool(world: World, count: int = 96) -> tuple[Dataset, Dataset]:
    """(segments, pairs past the guards) of a run, with all that comes before them."""
    files = world.put("files", [{"id": "f0", "file": "pages.warc.gz", "size": 10_000}], SOURCE, kind="files")
    left = {f"s{count + i:03d}": (("too_short", "language", "not_sampled")[i % 3], None) for i in range(24)}
    ruled, drawn = ({each: why for each, why in left.items() if (why[0] == "not_sampled") is last} for last in (False, True))
    pages = [{"id": f"d{i:02d}", "url": f"https://demo.example/guide-{i}"} for i in range(count // 4 + 6)]
    steps = (
        Stage("documents", SEGMENT, read, Given(rows=tuple(pages)), reads="records"),
        Stage("candidates", SEGMENT, cut, Given(rows=tuple(map(segment, range(count + 24))))),
        Stage("ruled", SEGMENT, changed, Changed(drops=ruled)),
    )
    every = world.run.map("segments", Chain("segments", steps), files, kind="candidates", of="segments")
    sample = world.map("sample", every, drops=drawn, kind="segments")
    made = world.put("augmented", map(pair, range(count)), PAIR, kind="candidates", method="backtranslate", round=1)
    fell = {f"p{i:03d}": (("improbable", "copied_answer")[i % 2], f"{-0.2 - i / 500:.3f}") for i in range(0, count, 5)}
    pairs = world.map("pairs", made, drops=fell, stage="guards", kind="pairs", of="guards", method="backtranslate", round=1)
    return sample, pairs


def curated(world: World, pairs: Dataset, round: int, by: str = "gain") -> Dataset:
    """A round: scored, measured, and half of it selected."""
    model = f"M_{round - 1}"
    about = {"round": round, "model": model}
    judged = measurements.competence(round, model, 0.55 + 0.1 * round)
    world.metrics(f"competence-{round}", judged, of="competence", **about)
    world.metrics(f"injection-{round}", measurements.injection(round, model), of="injection", **about)
    own = {row["id"]: scores(int(row["id"][1:]), round) for row in pairs.rows(["id"])}
    every = world.map(f"scored-{round}", pairs, scorers.schema(), more=own, kind="scored", **about)
    ranked = sorted(own, key=lambda each: (-(own[each].get(by) or -9), each))
    fell = {each: ("below_share", f"{own[each].get(by, 0):.3f}") for each in ranked[len(ranked) // 2 :]}
    fell[ranked[1]] = ("near_duplicate_instruction", ranked[0])
    chosen = world.select(f"selected-{round}", every, fell, by, share=0.5, why=f"curate.by = {by}", **about)
    world.metrics(f"likeness-{round}", measurements.selection(round, model), of="selection", **about)
    world.metrics(f"iteration-{round}", measurements.iterated(round, model), of="iteration", **about)
    return chosen


def loop(folder: Path, settings: Config | None = None, recipe: str = "humpback") -> Path:
    """Two rounds, of which the second model is refused; M_1 is the best."""
    with World(folder, recipe, settings) as world:
        seed = [{"id": f"seed{i}", "instruction": f"How do I fix wheel {i}?", "response": "Turn it. " * 20, "source": "seed",
                 "split": ("train", "train", "dev", "test")[i % 4]} for i in range(120)]  # fmt: skip
        world.put("seed", seed, PAIR, kind="seed")
        _, pairs = pool(world)
        world.model("backward", "backward", losses=losses(1))
        world.model("forward-0", "forward", "M_0", losses(2), round=0)
        cases = [measurements.dev_cases(name, mean) for name, mean in DEV.items()]
        world.metrics("dev-cases-0", cases[0], of="cases", model="M_0")
        for round in (1, 2):
            curated(world, pairs, round)
            world.model(f"forward-{round}", "forward", f"M_{round}", losses(3 + round), round=round)
            world.metrics(f"dev-cases-{round}", cases[round], of="cases", model=f"M_{round}")
            held = iteration.compared(cases[round - 1], cases[round], 2.0, round)
            world.metrics(f"gate-{round}", held, of="gate", round=round, model=f"M_{round}")
        world.best("M_1", "M_1 is better than M_0", 1)
        draw = {row["id"]: ("not_drawn", None) for i, row in enumerate(pairs.rows(["id"])) if i % 2}
        world.map("uncurated", pairs, drops=draw, kind="drawn", arm="uncurated")
        world.model("forward-uncurated", "forward", "M_uncurated", losses(9), arm="uncurated")
        world.metrics("backward-quality", measurements.backward(), of="backward")
        quality = measurements.models({"M_0": 0.0, "M_1": -0.066, "M_2": -0.071, "M_uncurated": -0.046})
        world.metrics("model-quality", quality, of="models")
    return folder


def scored(folder: Path, labelled: bool = True) -> Path:
    """A file of pairs under a judge, compared with labels."""
    with World(folder, "score", WorldSettings()) as world:
        rows = [{**pair(i), "label": int(i % 4 == 0) if labelled else None} for i in range(60)]
        pairs = world.put("pairs", rows, PAIR, kind="pairs")
        own = {row["id"]: {**scores(i, 1), "judge": "echo", "round": 0} for i, row in enumerate(rows)}
        world.map("scored", pairs, scorers.schema(), more=own, kind="scored", among="scored", round=0, model="")
        if labelled:
            world.metrics("agreement", measurements.agreement(), of="agreement", round=0, model="")
    return folder


def sweep(folder: Path) -> Path:
    """Scorers compared on one pool."""
    with World(folder, "sweep") as world:
        world.metrics("comparison", measurements.compared(), of="comparison")
    return folder


def arms(folder: Path) -> Path:
    """An ablation: three arms on three seeds."""
    with World(folder, "ablate_data") as world:
        means = {"M_0": 3.0, "curated": 2.948, "uncurated": 2.969, "random": 3.012}
        world.metrics("comparison", measurements.arm_rows(means), of="arms")
    return folder


def laws(folder: Path) -> Path:
    """A scaling ablation: three sources over five sizes."""
    with World(folder, "scaling") as world:
        means = {"M_0": 3.0, "curated-100": 2.94, "curated-1600": 2.79}
        world.metrics("comparison", measurements.arm_rows(means), of="arms")
        grown = {"curated": [0.055 * log(n) - 0.2 for n in measurements.SIZES],
                 "uncurated": [0.09 - 0.5 * n**-0.5 for n in measurements.SIZES],
                 "seed": [0.01, -0.01, 0.0, 0.01, -0.01]}  # fmt: skip
        rows = [row for source, values in grown.items() for row in measurements.law_rows(source, values)]
        world.metrics("laws", rows, of="laws")
    return folder


def robust(folder: Path) -> Path:
    """Contrastive tuning against the model before it, under other wordings."""
    with World(folder, "coin") as world:
        world.metrics("robustness", measurements.robustness(), of="robustness")
    return folder


WORLDS: dict[str, Callable[[Path], Path]] = {
    "loop": loop, "scored": scored, "sweep": sweep, "arms": arms, "laws": laws, "robust": robust,
}  # fmt: skip
