"""The study behind docs/reproduction.md: does M_1 beat M_0, curated beat random, M_2 beat M_1?

    python benchmarks/study.py pool --out runs/study             once: seed, segments, backward model, candidate pairs
    python benchmarks/study.py arms --out runs/study --seed 1    for each seed of randomness; resumes where it was killed
    python benchmarks/study.py few --out runs/study --seed 1     the same question with 48 seed pairs
    python benchmarks/study.py table --out runs/study            the tables, and a report with the plot in runs/study/table

Seed pairs, pages and manuals are those in HUMPBACK_DATA. Arms are trained at equal steps and measured on the same held-out
human pairs; everything that is chosen is chosen on dev, and test is only reported.
"""

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from humpback import prompts, store
from humpback.config import Config, Empty, build
from humpback.corpus import pages
from humpback.corpus.pairs import seed_pairs
from humpback.curate import select
from humpback.curate.scorers import seed_gain
from humpback.curate.select import Choice, DrawnConfig
from humpback.curate.settings import Asking
from humpback.evaluate.arms import CaseQuality, Change, case_quality, comparison_rows, matrices, mean_over
from humpback.evaluate.held_out import Open, held
from humpback.lm.likelihood import mean_nll
from humpback.lm.spec import ModelName, recommended
from humpback.loop.models import trained_as, training
from humpback.loop.pool import unseen
from humpback.methods import backtranslate
from humpback.metrics import metric
from humpback.progress import Progress
from humpback.prompts.backward import BACKWARD, BackwardConfig, backward_prompt
from humpback.prompts.forward import TagConfig
from humpback.recipes.humpback import Settings
from humpback.report import report
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SEGMENT, Row
from humpback.stage import Drop, LMStage, Stage
from humpback.store import Dataset, DatasetFolder
from humpback.train.training import Data

DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))
SPLITS = ("dev", "test")


def settings(seed: int, steps: int) -> Settings:
    """The embedded model under what it recommends, at `steps` steps whatever the data."""
    sources = ["web/*.warc.gz", "multilingual/*.warc.gz", "pretrain/*.jsonl.gz"]
    layer = {
        "seed": {"path": str(DATA / "instructions" / "lima_train.jsonl"), "dev": 0.22, "test": 0.5},
        "corpus": {"inputs": [str(DATA / each) for each in sources], "sample": 3600},
        "augment": {"candidates": 3},
        "sft": {"seed": seed, "steps": steps, "passes": None},
        # The backward model is the same for all seeds of randomness, and trained by passes.
        "backward_sft": {"seed": 42, "steps": None},
        "measure": {"cases": 1000, "stop_tokens": 200},
    }
    return build(Settings, [recommended("embedded"), layer])


def pool(run: Run, config: Settings) -> tuple[Dataset, str, Dataset]:
    """(seed, backward model, candidate pairs under the base model)."""
    seed = seed_pairs(run, config.seed, config.random_seed)
    segments = pages.segments(run, config.corpus, config.random_seed)
    writer = trained_as(run, training("backward", config, [Data(folder=seed.path)]))
    pairs = unseen(run, backtranslate.pairs(run, segments, config, writer), seed, config.corpus.contamination)
    base, _ = seed_gain.stages(asking(config, ""))
    return seed, writer, run.map("base", base, pairs, kind="scoring")


def asking(config: Settings, forward: str) -> Asking:
    """Whom seed_gain asks."""
    return Asking(round=1, model="M_0", judge="", forward=forward, backward="", settings=config)


class Arms:
    """The trainings of one seed of randomness."""

    def __init__(self, run: Run, config: Settings, seed: Dataset, pairs: Dataset, size: int) -> None:
        self.run, self.config, self.seed, self.pairs, self.size = run, config, seed, pairs, size
        self.models: dict[str, tuple[str, ...]] = {}

    def train(self, name: str, *data: Dataset, steps: int | None = None) -> str:
        sft = self.config.sft.model_copy(update={"steps": steps}) if steps else None
        wanted = training("forward", self.config, [Data(folder=each.path) for each in data], sft)
        model = trained_as(self.run, wanted, name, f"forward-{name}", arm=name)
        self.models[name] = (model,)
        return model

    def scored(self, name: str, forward: str) -> Dataset:
        """Every pair with `seed_gain` under the model `forward`."""
        _, contrast = seed_gain.stages(asking(self.config, forward))
        return self.run.map(f"contrast-{name}", contrast, self.pairs, kind="scored", arm=name)

    def best(self, name: str, scored: Dataset) -> Dataset:
        choice = Choice("seed_gain", share=self.size / len(self.pairs))
        return select.selected(self.run, f"selected-{name}", scored, choice, self.config.curate, arm=name)

    def random(self, name: str, size: int) -> Dataset:
        draw = DrawnConfig(size=size, seed=self.config.sft.seed)
        stage = Stage("random", self.pairs.columns, select.at_random, draw, scope="dataset")
        return self.run.map(f"random-{name}", stage, self.pairs, kind="drawn", arm=name)

    def refreshed(self, chosen: Dataset) -> tuple[str, Dataset]:
        """(a backward model trained on the seed and the curated pairs, their texts with the instructions that it writes)."""
        data = [Data(folder=each.path) for each in (self.seed, chosen)]
        writer = trained_as(self.run, training("backward", self.config, data), "refreshed")
        texts = self.run.map("texts", Stage("texts", SEGMENT, as_segments), chosen, kind="segments")
        return writer, backtranslate.pairs(self.run, texts, self.config, writer)

    def measure(self, name: str) -> None:
        """NLL of every held-out pair under every model, and whether answers to some of them stop."""
        config, asked = self.config, self.config.tags.seed
        cases = CaseQuality(
            seed=self.seed.path, cases=config.measure.cases, models=self.models, asked=dict.fromkeys(self.models, asked),
            max_tokens=config.curate.max_tokens, stop_cases=60, stop_tokens=config.measure.stop_tokens,
        )  # fmt: skip
        self.run.put(name, LMStage(name, METRIC, case_quality, cases), kind="metrics", of="cases")


def as_segments(_: Empty, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield {**{name: row.get(name) for name in SEGMENT.names}, "text": row["response"]}


class Writers(Config):
    """Backward models by name, and the seed whose instructions they are measured on."""

    seed: DatasetFolder
    models: dict[str, ModelName]
    backward: BackwardConfig
    tags: TagConfig

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(BACKWARD)


def writers(config: Writers, open: Open) -> Iterator[Row]:
    """The NLL of each held-out human instruction given its response."""
    for name, spec in config.models.items():
        lm = open(spec)
        for split in SPLITS:
            rows = held(Dataset(config.seed), split, 10_000)
            asked = [backward_prompt(row, config.backward, config.tags.seed, lm.clip)[0] for row in rows]
            for row, loss in zip(rows, mean_nll(asked, [row["instruction"] for row in rows], lm), strict=True):
                yield metric("instruction_nll", name, loss, n=1, unit="nats/token", seed=0, split=split, parent=row["id"])


def arms(run: Run, config: Settings, size: int) -> None:
    """Every arm at equal steps; M_0 also at half of them, before it overfits, and M_1 at half as many again."""
    seed, writer, pairs = pool(run, config)
    made, steps = Arms(run, config, seed, pairs, size), config.sft.steps or 1
    m0 = made.train("0", seed)
    first = made.best("1", made.scored("0", m0))
    m1 = made.train("1", seed, first)
    made.train("random", seed, made.random("1", len(first)))
    made.train("2", seed, made.best("2", made.scored("1", m1)))
    made.train("all", seed, pairs)
    made.train("0-half", seed, steps=steps // 2)
    again, rewritten = made.refreshed(first)
    made.train("refreshed", seed, rewritten)
    made.train("1-longer", seed, first, steps=steps * 3 // 2)
    made.measure("case-quality")
    both = Writers(
        seed=seed.path, models={"backward": writer, "backward-refreshed": again}, backward=config.backward, tags=config.tags
    )
    run.put("instructions", LMStage("instructions", METRIC, writers, both), kind="metrics", of="cases")


FEW = 48
FEW_STEPS = (12, 25, 50)


def few(run: Run, config: Settings, size: int) -> None:
    """With few seed pairs: M_0 at several numbers of steps, M_1 and random at larger ones; dev tells which are best."""
    seed, _, pairs = pool(run, config)
    draw = Stage("few", PAIR, few_of, DrawnConfig(size=FEW, seed=config.sft.seed), scope="dataset")
    human = run.map("few", draw, seed, kind="drawn")
    made = Arms(run, config, seed, pairs, size)
    first = [made.train(f"few-0-{steps}", human, steps=steps) for steps in FEW_STEPS]
    chosen = made.best("few", made.scored("few", first[1]))
    blind = made.random("few", len(chosen))
    for steps in (50, 75, 100):
        made.train(f"few-1-{steps}", human, chosen, steps=steps)
    made.train("few-random-75", human, blind, steps=75)
    made.measure("case-quality")


def few_of(config: DrawnConfig, rows: Iterable[Row]) -> Iterator[Row | Drop]:
    listed = list(rows)
    own = [row for row in listed if row["split"] == "train"]
    yield from (Drop(row, "held_out", row["split"]) for row in listed if row["split"] != "train")
    yield from select.at_random(config, own)


# (what is asked, the arm, what it is compared with).
QUESTIONS = (
    ("does M_1 beat M_0, at equal steps?", "1", "0"),
    ("does M_1 beat M_0 at half its steps?", "1", "0-half"),
    ("does M_1 at 1.5 times its steps beat M_0 at half?", "1-longer", "0-half"),
    ("does M_1 at 1.5 times its steps beat M_1?", "1-longer", "1"),
    ("does curated beat random of equal size?", "1", "random"),
    ("does curated beat all, at equal steps?", "1", "all"),
    ("does uncurated (random) beat the seed alone?", "random", "0"),
    ("does uncurated (all) beat the seed alone?", "all", "0"),
    ("does M_2 beat M_1?", "2", "1"),
    ("do instructions of a refreshed backward model help?", "refreshed", "1"),
)


LONG = 200  # characters; the few answers shorter than that have losses of their own


def table(out: Path) -> None:
    """NLL of every arm, and the answer to each question, from the runs of all seeds under `out`."""
    seeds = seeds_in(out, "seed-*")
    cases = list(cases_of(seeds))
    losses = matrices(cases, "nll")
    _arm_rows(cases, losses)
    long = _long(out, cases)
    print("\n| question | change on dev | change on test | of each seed, test | test, answers of 200 characters and more |")
    print("|---|---:|---:|---|---:|")
    for asked, arm, other in QUESTIONS:
        dev, test = (mean_over(losses[arm, split] - losses[other, split]) for split in SPLITS)
        rest = mean_over((losses[arm, "test"] - losses[other, "test"])[:, long])
        each = ", ".join(f"{value:+.3f}" for value in test.seeds)
        print(f"| {asked} | {_shown(dev)} | {_shown(test)} | {each} | {_shown(rest)} |")
    print(f"\n{len(long)} test pairs, {long.sum()} of them with answers of {LONG} characters and more")
    _backward(cases)
    with Run(out / "table", "study", Empty(), progress=Progress()) as run:
        run.put("comparison", Stage("comparison", METRIC, compared, seeds), kind="metrics", of="arms")
        report(run)
    if few_cases := list(cases_of(seeds_in(out, "few-*"))):
        print(f"\n{FEW} seed pairs\n")
        _few_rows(few_cases, _long(out, few_cases))


class Seeds(Config):
    """The case rows of some runs, and the seed of randomness of each."""

    cases: tuple[DatasetFolder, ...]
    seeds: tuple[int, ...]


def seeds_in(out: Path, runs: str) -> Seeds:
    folders = sorted(out.glob(runs))
    found = [each.path for folder in folders for each in store.datasets(folder, kind="metrics", of="cases")]
    return Seeds(cases=tuple(found), seeds=tuple(folders.index(path.parent) for path in found))


def cases_of(config: Seeds) -> Iterator[Row]:
    for folder, seed in zip(config.cases, config.seeds, strict=True):
        yield from ({**row, "seed": seed} for row in Dataset(folder).rows())


NAMES = {"0": "M_0", "1": "M_1", "2": "M_2", "0-half": "M_0, half the steps", "1-longer": "M_1, 1.5 x the steps"}


def compared(config: Seeds) -> Iterator[Row]:
    """The change of every arm against M_0, with its errors, and that of each seed."""
    rows = [{**row, "model": NAMES.get(row["model"], row["model"])} for row in cases_of(config)]
    return comparison_rows(rows, "M_0")


def _long(out: Path, cases: list[Row]) -> Any:
    """Which of the test pairs, in the order of `matrices`, have a long answer."""
    [seed] = store.datasets(out / "pool", kind="seed")
    lengths = {row["id"]: len(row["response"]) for row in seed.rows()}
    asked = {row["parent"] for row in cases if row["metric"] == "nll" and row["split"] == "test"}
    return np.array([lengths[case] >= LONG for case in sorted(asked)])


def _shown(change: Change) -> str:
    return f"{change.value:+.4f} ± {change.se:.4f}"


def _arm_rows(cases: list[Row], losses: dict[tuple[str, str], Any]) -> None:
    stops = {arm: mean_over(ended) for (arm, _), ended in matrices(cases, "stop").items()}
    print("| arm | seeds | NLL, dev | NLL, test | stop rate |\n|---|---:|---:|---:|---:|")
    for arm in dict.fromkeys(arm for arm, _ in losses):
        dev, test = (mean_over(losses[arm, split]) for split in SPLITS)
        told = f"{dev.value:.4f} | {test.value:.4f} ± {test.se:.4f} | {stops[arm].value:.2f}"
        print(f"| {arm} | {len(test.seeds)} | {told} |")


def _few_rows(cases: list[Row], long: Any) -> None:
    """M_0 and M_1 each at the number of steps that is best for it on dev, and against each other on test."""
    losses = matrices(cases, "nll")
    _arm_rows(cases, losses)
    arms = dict.fromkeys(arm for arm, _ in losses)

    def best_of(kind: str) -> str:
        own = [arm for arm in arms if arm.startswith(f"few-{kind}")]
        return min(own, key=lambda arm: mean_over(losses[arm, "dev"]).value)

    for kind in ("0", "random"):
        one, other = best_of("1"), best_of(kind)
        change = losses[one, "test"] - losses[other, "test"]
        print(f"\n{one} - {other}: {_shown(mean_over(change))}, long answers {_shown(mean_over(change[:, long]))}")


def _backward(cases: list[Row]) -> None:
    losses = matrices(cases, "instruction_nll")
    change = mean_over(losses["backward-refreshed", "test"] - losses["backward", "test"])
    print(f"\nNLL of held-out human instructions, refreshed backward model - first: {change.value:+.4f} ± {change.se:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pool", "arms", "few", "table"))
    parser.add_argument("--out", type=Path, default=Path("runs/study"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--size", type=int, default=400)
    options = parser.parse_args()
    if options.what == "table":
        return table(options.out)
    # The pool is the same for all seeds of randomness: its backward model is that of seed 1.
    config = settings(1 if options.what == "pool" else options.seed, options.steps)
    folders = {"pool": "pool", "arms": f"seed-{options.seed}", "few": f"few-{options.seed}"}
    folder, reuse = options.out / folders[options.what], options.out / "pool" if options.what != "pool" else None
    with Run(folder, "study", config, reuse=reuse, progress=Progress()) as run:
        if options.what == "pool":
            pool(run, config)
        else:
            (arms if options.what == "arms" else few)(run, config, options.size)
    return None


if __name__ == "__main__":
    main()
