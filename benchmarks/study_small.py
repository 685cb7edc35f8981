"""The study on a real small model: what does curation do for a base of 135 million parameters, or of 270 million?

    python benchmarks/study_small.py pool --out runs/small           once: seed, segments, backward model, M_0, pairs, scores
    python benchmarks/study_small.py arms --out runs/small --seed 1  M_0, M_1 and blind draws; for each seed of randomness
    python benchmarks/study_small.py alone --out runs/small --seed 1 --sizes 18 36 72 144   curated and blind pairs alone
    python benchmarks/study_small.py other --out runs/small --base transformers:FILE.gguf   another base on the same pairs
    python benchmarks/study_small.py table --out runs/small

Seed pairs are those of LIMA and of the demo, pages are real ones, all in HUMPBACK_DATA. Arms beside the seed are each at
their own best step by dev pairs (`sft.dev_steps`), those alone at their last. A killed command goes on where it stopped.
"""

import argparse
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from humpback import store
from humpback.config import build, digest
from humpback.corpus import pages
from humpback.corpus.pairs import seed_pairs
from humpback.curate import select
from humpback.curate.select import Choice, DrawnConfig
from humpback.curate.settings import Asking
from humpback.evaluate.arms import CaseQuality, case_quality, matrices, mean_over
from humpback.evaluate.scaling import fit
from humpback.lm.spec import recommended
from humpback.loop.models import measure_backward, trained, trained_as, training
from humpback.loop.pool import unseen
from humpback.loop.rounds import curated
from humpback.methods import backtranslate
from humpback.progress import Progress
from humpback.recipes import demo
from humpback.recipes.humpback import Settings
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset
from humpback.train.training import Data

DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))
BASE = "smollm2"
CHOSEN = 72


def settings(out: Path, base: str, seed: int) -> Settings:
    """What SmolLM2 recommends, for every base alike, with the dev pairs saying when to stop."""
    sources = ["web/*.warc.gz", "extraction/wcxb_dev.jsonl.gz"]
    sft = {
        "lr": 1e-3, "lr_end": 1e-4, "method": "lora", "lora": {"rank": 16}, "batch": 8, "dropout": 0.0, "max_tokens": 288,
        "passes": 1.2, "dev_steps": 15, "seed": seed,
    }  # fmt: skip
    layer = {
        "base": base,
        "seed": {"path": str(seed_file(out)), "dev": 0.05, "test": 0.75},
        "corpus": {"inputs": [str(DATA / each) for each in sources], "sample": 240},
        "sft": sft,
        "backward_sft": {"max_tokens": 600, "passes": 1.0, "dev_steps": 0, "seed": 42},
        "curate": {"by": "combined", "max_tokens": 256},
        "hardware": {"micro_batch": 4},
        "augment": {"candidates": 3},
        "measure": {"cases": 120, "stop_tokens": 0},
    }
    return build(Settings, [recommended(BASE), layer])


def seed_file(out: Path) -> Path:
    """The pairs of LIMA and those of the demo, which have headings, mixed."""
    path = out / "seed.jsonl"
    if not path.exists():
        files = (DATA / "instructions" / "lima_train.jsonl", demo.MATERIAL / "seed.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
        random.Random(0).shuffle(lines)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


class Pool:
    """What all arms are made of; made at the first use, and taken over from the pool's folder after it."""

    def __init__(self, run: Run, config: Settings) -> None:
        """Its scores are by one M_0, whatever the seed of randomness of the arms."""
        made = config.model_copy(update={"base": BASE, "sft": config.sft.model_copy(update={"seed": 1})})
        self.seed = seed_pairs(run, made.seed, made.random_seed)
        segments = pages.segments(run, made.corpus, made.random_seed)
        writer = trained(run, "backward", [self.seed], made)
        first = trained(run, "forward", [self.seed], made, "M_0")
        pairs = unseen(run, backtranslate.pairs(run, segments, made, writer), self.seed, made.corpus.contamination)
        asking = Asking(
            round=1, model="M_0", judge=first, forward=first, backward=writer, columns=("combined",), settings=made, cases=30
        )
        texts = len({select.text_of(row) for row in pairs.rows(["id", "parent"])})
        curate = made.selecting.model_copy(update={"share": CHOSEN / texts})
        self.every, self.chosen = curated(run, self.seed, pairs, asking, curate)
        self.curate, self.texts, self.first, self.writer = curate, texts, first, writer

    def best(self, run: Run, size: int) -> Dataset:
        choice = Choice("combined", share=size / self.texts)
        return select.selected(run, f"best-{size}", self.every, choice, self.curate)

    def blind(self, run: Run, size: int, seed: int) -> Dataset:
        draw = DrawnConfig(size=size, seed=seed, per_text=self.curate.per_text)
        stage = Stage("blind", self.every.columns, select.at_random, draw, scope="dataset")
        return run.map(f"blind-{size}", stage, self.every, kind="drawn")


def train(run: Run, config: Settings, name: str, *data: Dataset) -> str:
    wanted = training("forward", config, [Data(folder=each.path) for each in data])
    return trained_as(run, wanted, name, f"forward-{name}", arm=name)


def measure(run: Run, config: Settings, pool: Pool, models: dict[str, str]) -> None:
    """NLL of every held-out pair under every model."""
    cases = CaseQuality(
        seed=pool.seed.path, cases=config.measure.cases, models={name: (model,) for name, model in models.items()},
        asked=dict.fromkeys(models, config.tags.seed), max_tokens=config.curate.max_tokens, stop_cases=0, stop_tokens=0,
    )  # fmt: skip
    run.put("case-quality", LMStage("case-quality", METRIC, case_quality, cases), kind="metrics", of="cases")


def arms(run: Run, config: Settings, pool: Pool) -> None:
    """M_0, M_1, and a model on as many pairs drawn blindly; the base as it is beside them."""
    blind = pool.blind(run, len(pool.chosen), config.sft.seed)
    models = {"base": config.base, "0": trained(run, "forward", [pool.seed], config, "M_0")}
    models["1"] = train(run, config, "1", pool.seed, pool.chosen)
    models["random"] = train(run, config, "random", pool.seed, blind)
    measure(run, config, pool, models)


def alone(run: Run, config: Settings, pool: Pool, sizes: Sequence[int]) -> None:
    """Pairs without the seed: the best N and N drawn blindly, two passes of each."""
    own = config.model_copy(update={"sft": config.sft.model_copy(update={"passes": 2.0, "dev_steps": 0})})
    models = {"base": config.base}
    for size in sizes:
        models[f"curated-{size}"] = train(run, own, f"curated-{size}", pool.best(run, size))
        models[f"blind-{size}"] = train(run, own, f"blind-{size}", pool.blind(run, size, config.sft.seed))
    measure(run, config, pool, models)


# (what is asked, the arm, what it is compared with).
QUESTIONS = (
    ("does M_1 beat M_0, each at its best step?", "1", "0"),
    ("does curated beat random of equal size?", "1", "random"),
    ("does uncurated (random) beat the seed alone?", "random", "0"),
    ("does M_0 beat the base?", "0", "base"),
)


def table(out: Path) -> None:
    """NLL of every arm and the answer to each question, over the seeds of randomness; then each size."""
    [seed] = store.datasets(out / "pool", kind="seed")
    lima = {row["id"] for row in seed.rows(["id", "header_path"]) if not row["header_path"]}
    others = sorted({folder.name.rpartition("-")[0] for folder in out.glob("other-*")})
    for kind in ("seed", *others, "alone"):
        folders = sorted(out.glob(f"{kind}-*"))
        cases = [row | {"seed": i} for i, folder in enumerate(folders) for row in measured(folder)]
        if cases:
            print(f"\n## {', '.join(folder.name for folder in folders)}\n")
            scaled(cases) if kind == "alone" else compared(cases, lima)


def measured(folder: Path) -> list[Row]:
    return [row for each in store.datasets(folder, kind="metrics", of="cases") for row in each.rows()]


def compared(cases: Sequence[Row], lima: set[str]) -> None:
    losses = matrices(cases, "nll")
    print("| arm | seeds | NLL, dev | NLL, test |\n|---|---:|---:|---:|")
    for arm in dict.fromkeys(arm for arm, _ in losses):
        dev, test = (mean_over(losses[arm, split]) for split in ("dev", "test"))
        print(f"| {arm} | {len(test.seeds)} | {dev.value:.4f} | {test.value:.4f} ± {test.se:.4f} |")
    ids = sorted({row["parent"] for row in cases if row["split"] == "test"})
    of_lima = np.array([case in lima for case in ids])
    print("\n| question | change, dev | change, test | each seed | on LIMA | on the demo's | pairs likelier |")
    print("|---|---:|---:|---|---:|---:|---:|")
    for asked, arm, other in QUESTIONS:
        if (arm, "test") in losses and (other, "test") in losses:
            tuned, change = [losses[arm, split] - losses[other, split] for split in ("dev", "test")]
            parts = [shown(each) for each in (tuned, change, change[:, of_lima], change[:, ~of_lima])]
            each = ", ".join(f"{value:+.4f}" for value in mean_over(change).seeds)
            print(f"| {asked} | {parts[0]} | {parts[1]} | {each} | {parts[2]} | {parts[3]} | {won(change)} |")
    print(f"\n{len(ids)} test pairs, {of_lima.sum()} of LIMA")


def shown(losses: Any) -> str:
    change = mean_over(losses)
    return f"{change.value:+.4f} ± {change.se:.4f}"


def won(change: Any) -> str:
    """The win rate by likelihood: on how many of the human answers the one model puts more than the other."""
    wins = mean_over(np.where(np.isnan(change), np.nan, (change < 0).astype(float)))
    return f"{wins.value:.2f} ± {wins.se:.2f}"


def scaled(cases: Sequence[Row]) -> None:
    losses = matrices(cases, "nll")
    sizes = sorted(int(arm.removeprefix("curated-")) for arm, split in losses if split == "test" and "curated-" in arm)
    print("\n| pairs | curated, against the base | blind | curated - blind | each seed | pairs likelier |")
    print("|---:|---:|---:|---:|---|---:|")
    for size in sizes:
        best, blind, base = (losses[name, "test"] for name in (f"curated-{size}", f"blind-{size}", "base"))
        each = ", ".join(f"{value:+.4f}" for value in mean_over(best - blind).seeds)
        parts = (shown(best - base), shown(blind - base), shown(best - blind), each, won(best - blind))
        print(f"| {size} | {' | '.join(parts)} |")
    for source in ("curated", "blind") if len(sizes) > 1 else ():
        gained = [float(np.nanmean(losses["base", "test"] - losses[f"{source}-{size}", "test"])) for size in sizes]
        line = fit(sizes, gained)
        print(f"\n{source}: w = {line.alpha:+.4f} ln N {line.constant:+.4f} nats per token better than the base")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pool", "arms", "alone", "other", "table"))
    parser.add_argument("--out", type=Path, default=Path("runs/small"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--sizes", type=int, nargs="+", default=[18, 36, 72, 144])
    options = parser.parse_args()
    if options.what == "table":
        return table(options.out)
    names = {
        "pool": "pool",
        "arms": f"seed-{options.seed}",
        "other": f"other-{digest(options.base)[:6]}-{options.seed}",
        "alone": f"alone-{options.seed}",
    }
    config = settings(options.out, options.base, options.seed)
    reuse = None if options.what == "pool" else options.out / "pool"
    with Run(options.out / names[options.what], "study", config, reuse=reuse, progress=Progress()) as run:
        pool = Pool(run, config)
        if options.what == "pool":
            measure_backward(run, pool.seed, {"backward": pool.writer}, config, config.augment.sampling)
        elif options.what == "alone":
            alone(run, config, pool, options.sizes)
        else:
            arms(run, config, pool)
    return None


if __name__ == "__main__":
    main()
