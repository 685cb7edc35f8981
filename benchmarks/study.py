"""The study behind docs/reproduction.md: does M_1 beat M_0, curated beat random, M_2 beat M_1?

    python benchmarks/study.py pool --out runs/study             once: seed, segments, backward model, candidate pairs
    python benchmarks/study.py arms --out runs/study --seed 1    for each seed of randomness; resumes where it was killed
    python benchmarks/study.py few --out runs/study --seed 1     the same question with 48 seed pairs
    python benchmarks/study.py table --out runs/study            the tables, and plots beside them

Seed pairs, pages and manuals are those in HUMPBACK_DATA. Arms are trained at equal steps and measured on the same held-out
human pairs; everything that is chosen is chosen on dev, and test is only reported.
"""

import argparse
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader

from humpback.config import build
from humpback.curate import select
from humpback.curate.contrast import BaseLikelihood, SeedGain
from humpback.evaluate import held_out
from humpback.evaluate.arms import Change, case_row, comparison_rows, matrices, mean_over
from humpback.guards import checks as guards
from humpback.lm import Sampling
from humpback.lm.likelihood import mean_nll
from humpback.lm.spec import fingerprint, recommended
from humpback.progress import Progress
from humpback.prompts.backward import backward_prompt
from humpback.recipes._corpus import corpus
from humpback.recipes._curation import augment_stage
from humpback.recipes._models import seed_pairs, train_model
from humpback.recipes.humpback import Settings, augmented
from humpback.report import ablation_plots
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SCORED, SEGMENT, Row
from humpback.stage import Drop, LMStage, Stage, keep_or_drop
from humpback.store import Dataset

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
        "measure": {"cases": 1000, "stop_tokens": 200},
    }
    return build(Settings, [recommended("embedded"), layer])


def pool(run: Run, config: Settings) -> tuple[Dataset, Path, Dataset]:
    """(seed, backward model, candidate pairs under the base model)."""
    seed = seed_pairs(run, config)
    segments = corpus(run, config.corpus, config.random_seed)
    backward = train_model(run, "backward", "backward", [seed], config)
    pairs = augmented(run, segments, f"transformers:{backward}", "", config)
    width = config.curate.max_tokens
    plan = {"tags": config.tags.model_dump(), "max_tokens": width}
    based = LMStage("base", SCORED, config=plan, lm=config.base, ask=BaseLikelihood(config.tags, width))
    return seed, backward, run.map("base", based, pairs)


class Arms:
    """The trainings of one seed of randomness."""

    def __init__(self, run: Run, config: Settings, seed: Dataset, pairs: Dataset, size: int) -> None:
        self.run, self.config, self.seed, self.pairs, self.size = run, config, seed, pairs, size
        self.models: dict[str, Path] = {}

    def train(self, name: str, *data: Dataset, steps: int | None = None) -> str:
        sft = self.config.sft.model_copy(update={"steps": steps}) if steps else None
        path = train_model(self.run, f"forward-{name}", "forward", list(data), self.config, sft)
        self.models[name] = path
        return f"transformers:{path}"

    def scored(self, name: str, forward: str) -> Dataset:
        """Every pair with `seed_gain` under the model `forward`."""
        width = self.config.curate.max_tokens
        plan = {"tags": self.config.tags.model_dump(), "max_tokens": width}
        stage = LMStage("contrast", SCORED, config=plan, lm=forward, ask=SeedGain(self.config.tags, width))
        return self.run.map(f"contrast-{name}", stage, self.pairs)

    def best(self, name: str, scored: Dataset) -> Dataset:
        share = self.size / len(self.pairs)
        config = self.config.curate.model_copy(update={"share": share})
        keep = partial(select.pick, config, "seed_gain", at_k=False)
        stage = Stage("selected", SCORED, keep, {"by": "seed_gain", "share": share}, scope="dataset")
        return self.run.map(f"selected-{name}", stage, scored)

    def random(self, name: str, size: int) -> Dataset:
        seed = self.config.sft.seed
        draw = partial(select.at_random, size, seed)
        stage = Stage("random", SCORED, draw, {"size": size, "seed": seed}, scope="dataset")
        return self.run.map(f"random-{name}", stage, self.pairs)

    def refreshed(self, chosen: Dataset) -> tuple[Path, Dataset]:
        """(a backward model trained on the seed and the curated pairs, their texts with the instructions that it writes)."""
        path = train_model(self.run, "backward-refreshed", "backward", [self.seed, chosen], self.config)
        as_text = partial(map, _segment)
        texts = self.run.map("texts", Stage("texts", SEGMENT, as_text), chosen)
        made = self.run.map("rewritten", augment_stage(self.config, f"transformers:{path}"), texts)
        check = partial(guards.fault, config=self.config.guards)
        return path, self.run.map("rewritten-pairs", Stage("guards", PAIR, partial(keep_or_drop, check)), made)

    def measure(self) -> None:
        """NLL of every held-out pair under every model, and the share of answers that stop."""
        for name, path in self.models.items():
            plan = {"model": fingerprint(f"transformers:{path}"), "seed": self.seed.fingerprint}
            self.run.put(f"nll-{name}", partial(self._rows, name, path), METRIC, plan)

    def _rows(self, name: str, path: Path) -> Iterable[Row]:
        lm, number = self.run.lm(f"transformers:{path}"), self.config.sft.seed
        for split in SPLITS:
            rows = held(self.seed, split)
            losses = held_out.forward_nll(rows, lm, self.config.tags, self.config.curate.max_tokens)
            yield from each_case("nll", name, number, split, rows, losses)
        asked, sampling = held(self.seed, "dev")[:60], Sampling(max_new_tokens=self.config.measure.stop_tokens)
        yield held_out.stop_rate(asked, lm, self.config.tags, sampling, name, number)


def _segment(row: Row) -> Row:
    return {**{name: row.get(name) for name in SEGMENT.names}, "text": row["response"]}


def held(seed: Dataset, split: str) -> list[Row]:
    return [row for row in seed.rows() if row["split"] == split]


def each_case(what: str, name: str, number: int, split: str, rows: list[Row], values: list[float | None]) -> Iterable[Row]:
    for row, value in zip(rows, values, strict=True):
        yield case_row(what, name, number, row["id"], split, value, "nats/token")


def backward_rows(run: Run, name: str, path: Path, seed: Dataset, config: Settings) -> Iterable[Row]:
    """The NLL of each held-out human instruction given its response."""
    lm = run.lm(f"transformers:{path}")
    for split in SPLITS:
        rows = held(seed, split)
        asked = [backward_prompt(row, config.backward, config.tags.seed, lm.clip)[0] for row in rows]
        losses = mean_nll(asked, [row["instruction"] for row in rows], lm)
        yield from each_case("instruction_nll", name, config.sft.seed, split, rows, losses)


def arms(run: Run, config: Settings, size: int) -> None:
    """Every arm at equal steps; M_0 also at half of them, before it overfits, and M_1 at half as many again."""
    seed, backward, pairs = pool(run, config)
    made, steps = Arms(run, config, seed, pairs, size), config.sft.steps or 1
    m0 = made.train("0", seed)
    first = made.best("1", made.scored("0", m0))
    m1 = made.train("1", seed, first)
    made.train("random", seed, made.random("1", len(first)))
    made.train("2", seed, made.best("2", made.scored("1", m1)))
    made.train("all", seed, pairs)
    made.train("0-half", seed, steps=steps // 2)
    path, rewritten = made.refreshed(first)
    made.train("refreshed", seed, rewritten)
    made.measure()
    for name, folder in (("backward", backward), ("backward-refreshed", path)):
        plan = {"model": fingerprint(f"transformers:{folder}"), "seed": seed.fingerprint}
        run.put(f"nll-{name}", partial(backward_rows, run, name, folder, seed, config), METRIC, plan)
    made.models = {}
    made.train("1-longer", seed, first, steps=steps * 3 // 2)
    made.measure()


FEW = 48
FEW_STEPS = (12, 25, 50)


def few(run: Run, config: Settings, size: int) -> None:
    """With few seed pairs: M_0 at several numbers of steps, M_1 and random at larger ones; dev tells which are best."""
    seed, _, pairs = pool(run, config)
    train = Stage("few", PAIR, partial(_few, config.sft.seed), {"size": FEW, "seed": config.sft.seed}, scope="dataset")
    human = run.map("few", train, seed)
    made = Arms(run, config, seed, pairs, size)
    first = [made.train(f"few-0-{steps}", human, steps=steps) for steps in FEW_STEPS]
    chosen = made.best("few", made.scored("few", first[1]))
    blind = made.random("few", len(chosen))
    for steps in (50, 75, 100):
        made.train(f"few-1-{steps}", human, chosen, steps=steps)
    made.train("few-random-75", human, blind, steps=75)
    made.measure()


def _few(seed: int, rows: Iterable[Row]) -> Iterable[Row | Drop]:
    listed = list(rows)
    own = [row for row in listed if row["split"] == "train"]
    yield from (Drop(row, "held_out", row["split"]) for row in listed if row["split"] != "train")
    yield from select.at_random(FEW, seed, own)


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
    cases = _cases(out, "seed-*")
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
    (out / "plot.svg").write_text(_plot(cases), encoding="utf-8")
    if few_cases := _cases(out, "few-*"):
        print(f"\n{FEW} seed pairs\n")
        _few_rows(few_cases, _long(out, few_cases))


def _cases(out: Path, runs: str) -> list[Row]:
    return [
        row for folder in sorted(out.glob(runs)) for found in sorted(folder.glob("[0-9][0-9]-nll-*"))
        for row in Dataset(found).rows()
    ]  # fmt: skip


def _long(out: Path, cases: list[Row]) -> Any:
    """Which of the test pairs, in the order of `matrices`, have a long answer."""
    lengths = {row["id"]: len(row["response"]) for row in Dataset(min((out / "pool").glob("[0-9][0-9]-seed"))).rows()}
    return np.array([lengths[case] >= LONG for case in sorted({row["parent"] for row in cases if row["note"] == "test"})])


def _shown(change: Change) -> str:
    return f"{change.value:+.4f} ± {change.se:.4f}"


def _arm_rows(cases: list[Row], losses: dict[tuple[str, str], Any]) -> None:
    stops: dict[str, list[float]] = {}
    for row in cases:
        if row["metric"] == "stop_rate":
            stops.setdefault(row["model"], []).append(row["value"])
    print("| arm | seeds | NLL, dev | NLL, test | stop rate |\n|---|---:|---:|---:|---:|")
    for arm in dict.fromkeys(arm for arm, _ in losses):
        dev, test = (mean_over(losses[arm, split]) for split in SPLITS)
        stop = sum(stops[arm]) / len(stops[arm])
        print(f"| {arm} | {len(test.seeds)} | {dev.value:.4f} | {test.value:.4f} ± {test.se:.4f} | {stop:.2f} |")


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


def _plot(cases: list[Row]) -> str:
    """The change of every arm against M_0, with two standard errors, and that of each seed."""
    names = {"0": "M_0", "1": "M_1", "2": "M_2", "0-half": "M_0, half the steps", "1-longer": "M_1, 1.5 x the steps"}
    named = [{**row, "model": names.get(row["model"], row["model"])} for row in cases if row["metric"] == "nll"]
    arms = ["M_0", *(arm for arm in dict.fromkeys(row["model"] for row in named) if arm != "M_0")]
    environment = Environment(loader=PackageLoader("humpback", "report"), trim_blocks=True, lstrip_blocks=True)
    drawn = ablation_plots.arms(list(comparison_rows(named, "M_0")), arms)
    title = "NLL of held-out human answers against M_0 at equal steps"
    return environment.get_template("ablation_arms.svg.jinja").render(plot=drawn, title=title)


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
