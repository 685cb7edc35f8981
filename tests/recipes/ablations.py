"""A finished run of the recipe humpback in little, for ablations to start from: its datasets without its models' work."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rehearsed import Rehearsed, carried_out, rows_of
from worlds import World

from humpback import recipes, store
from humpback.config import Config, build
from humpback.curate import scorers
from humpback.curate.select import Choice, selected
from humpback.engine import Hands
from humpback.recipes.demo import MATERIAL
from humpback.schema import PAIR, SEGMENT, Row
from humpback.store import Dataset
from humpback.train.sft import prepare
from humpback.train.training import Data, Role, Training

TEXT = "Take wheel {0} off. Then clean it with water, and dry it. Put it back on the bicycle {0} and turn it by hand."


def seed_row(number: int) -> Row:
    split = ("train", "train", "dev", "test")[number % 4]
    asked = f"How do I fix wheel {number}?"
    return {"id": f"p{number}", "instruction": asked, "response": TEXT.format(number), "source": "seed", "split": split}


def web_rows(count: int, round_: int) -> Iterator[Row]:
    """Scores from 2 to 5, evenly; the gain goes the other way. What is trained on tells them by `logprob`."""
    for number in range(count):
        score = 2 + 3 * ((number * 7 + round_) % count) / (count - 1)
        asked, told = f"What is done with wheel {number} of {number * 13}?", TEXT.format(f"number {number * 17}")
        yield {
            "id": f"w{number}", "parent": f"s{number}", "instruction": asked, "response": told, "source": "web",
            "score": score, "gain": 6 - score, "round": round_, "logprob": score,
        }  # fmt: skip


def segment_rows() -> list[Row]:
    headings = [f"Wheel {i}" if i < 4 else f"How do I care for wheel {i}?" for i in range(6)]
    return [{"id": f"s{i}", "text": TEXT.format(f"of kind {i * 7}"), "header_path": ["Wheels", heading], "lang": "en"}
            for i, heading in enumerate(headings)]  # fmt: skip


def prose(number: int) -> str:
    """Sentences that no rule takes for a menu or for one sentence over and over."""
    parts = "rim spoke hub tyre tube valve axle nut fork brake chain crank".split()
    random.Random(number).shuffle(parts)
    tools = ("a brush", "warm water", "some oil", "an old cloth")
    told = [f"First the {a} of wheel {number} is taken off with {tool}, and then the {b} beside it is cleaned and dried."
            for a, b, tool in zip(parts[::3], parts[1::3], tools, strict=True)]  # fmt: skip
    return " ".join(told)


def page(number: int, head: str = "", foot: str = "") -> str:
    body = "".join(f"<h2>Part {i} of wheel {number}</h2><p>{prose(10 * number + i)}</p>" for i in range(3))
    main = f"<main><h1>All about wheel {number}</h1>{body}</main>"
    return f"<html lang=en><head>{head}</head><body>{main}{foot}</body></html>"


def note(training: Training, folder: Path, _: Hands) -> None:
    """Stands in for a training: the pairs that it is given, under the role."""
    prepare(training, folder)
    store.write_json(folder / "humpback.json", {"role": training.role})


# How the hand-made run was made, as far as anything reads it.
MADE: dict[str, Any] = {
    "curate": {"distinct": None}, "backward_lm": "echo", "judge_lm": "echo", "augment": {"candidates": 3},
    "backward_sft": {"lr": 3e-5, "lr_end": 3e-6},
    "corpus": {"inputs": [str(MATERIAL / "pages.warc.gz")]},
}  # fmt: skip
# A selection that nothing stops.
LOOSE: dict[str, Any] = {
    "curate": {"stop_below_chance": False, "by": "gain", "share": 0.5, "distinct": None},
    "judge": {"stop_valid": 0.0, "warn_valid": 0.0}, "guards": {"min_logprob": None},
}  # fmt: skip


def finished_run(
    folder: Path,
    rounds: int = 1,
    trained: int = 1,
    choice: Choice | None = None,
    web: int = 40,
    seeds: int = 80,
    **layers: Any,
) -> Path:
    """`rounds` selections by `choice`, of which models were trained on the first `trained`."""
    made: Any = build(recipes.load("humpback").Settings, [MADE, layers])
    with World(folder, "humpback", made) as world:
        seed = world.put("seed", map(seed_row, range(seeds)), PAIR, kind="seed")
        world.put("sample", segment_rows(), SEGMENT, kind="segments")
        model(world, [seed], "M_0", round=0)
        if not made.backward_lm:
            writer = training([seed], "backward")
            world.run.step("backward", note, writer, kind="model", role="backward", model="")
        for round_ in range(1, rounds + 1):
            every = world.put(
                f"scored-{round_}", web_rows(web, round_), scorers.schema(), kind="scored", round=round_, model="M_0"
            )
            wanted = choice or Choice("score", k=4.0)
            about = {"round": round_, "model": "M_0", "k": wanted.k, "share": wanted.share}
            chosen = selected(world.run, f"selected-{round_}", every, wanted, made.curate, **about)
            if round_ <= trained:
                model(world, [seed, chosen], f"M_{round_}", round=round_)
        world.run.step("best", note, training([seed]), kind="best", role="forward", model="M_0")
    return folder


def training(data: list[Dataset], role: Role = "forward") -> Training:
    return Training(role=role, base="embedded", data=tuple(Data(folder=each.path) for each in data))


def model(world: World, data: list[Dataset], name: str, **about: Any) -> Path:
    step = f"forward-{name.removeprefix('M_')}"
    return world.run.step(step, note, training(data), kind="model", role="forward", model=name, **about)


def settings(recipe: str, made: Path, **more: Any) -> Any:
    """The settings of an ablation that starts from the run `made`, as the command line puts them together."""
    given = {"run": str(made), "seeds": 2, "stop_cases": 2}
    kind = recipes.load(recipe).Settings
    own = {name: value for name, value in given.items() if name in kind.model_fields}
    return recipes.resolve(kind, [("--set", own), ("--set", more)])[0]


def quality(name: str, pairs: list[Row]) -> float:
    """What better pairs, and more of them, make of a model."""
    if name == "backward":
        return sum(int(row["id"][1:], 16) % 89 for row in pairs) / 10_000
    return sum((row["logprob"] or 4.0) - 3.0 for row in pairs) / 200 if name.startswith("arm-") else 0.0


class Ran:
    """An ablation that was carried out: its engine, and what it measured."""

    def __init__(self, recipe: str, folder: Path, wanted: Config) -> None:
        self.folder, self.engine = folder, Rehearsed(quality)
        self.said = carried_out(recipe, folder, wanted, self.engine)

    @property
    def comparison(self) -> list[Row]:
        found = store.one(self.folder, kind="metrics", of="arms")
        assert isinstance(found, Dataset)
        return list(found.rows())

    def value(self, metric: str, model: str, **about: Any) -> float:
        found = [row["value"] for row in self.comparison if row["metric"] == metric and row["model"] == model
                 and about.items() <= row.items()]  # fmt: skip
        assert len(found) == 1
        return float(found[0])

    @property
    def arms(self) -> dict[str, Row]:
        """The rows that say what each arm is trained on."""
        return {row["model"]: row for row in self.comparison if row["metric"] == "pairs"}

    def pairs(self, name: str) -> list[Row]:
        """What the model of the step `name` was trained on."""
        return rows_of(store.one(self.folder, name=name).path)

    def ids(self, name: str) -> set[str]:
        return {row["id"] for row in self.pairs(name)}
