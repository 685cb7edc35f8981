"""Does a judge learn from damaged seed pairs? M_0 trained with and without lessons, on kinds of damage that it never saw.

python benchmarks/teach.py [--seeds 2] [--shares 0 0.2 0.5] [--rubric rubric-predicates-v1] [--pairs FILE]
    [--base smollm2] [--steps 24] [--cases 20] [--labelled tests/curate/labelled.jsonl]

Prints the AUC of the judge on each held-out kind, the share of valid answers, and the held-out NLL, which tells what the
lessons cost; with --labelled also that of pairs which were read and graded, good over bad. The pairs are LIMA's, in
HUMPBACK_DATA; the base is the embedded model, or another under the settings that it recommends.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humpback import lm as language_models
from humpback.config import build
from humpback.corpus.pairs import SeedSettings, seed_pairs
from humpback.curate import competence
from humpback.curate.judge import JudgeConfig, forgiving, graded
from humpback.curate.rubric import RUBRIC
from humpback.curate.select import CurateConfig
from humpback.curate.settings import Asking, CurationSettings
from humpback.curate.teach import TeachConfig
from humpback.evaluate.held_out import ModelQuality, model_quality
from humpback.lm.spec import recommended
from humpback.metrics import mean_and_error
from humpback.metrics.auc import auc
from humpback.progress import Progress
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC
from humpback.stage import LMStage
from humpback.store import Dataset
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.sft import trained
from humpback.train.training import Data, Training

DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))
MAX_TOKENS = 256
WANTED = ("scorer_auc", "judge_valid", "judge_canary", "judge_order_gap", "nll")


def pairs(run: Run, path: str) -> Dataset:
    """The pairs of `path` by split: train, dev, test."""
    return seed_pairs(run, SeedSettings(path=path, dev=0.1, test=0.1), 42)


@dataclass(frozen=True)
class Plan:
    """What every training begins from, for how many steps (None: as it recommends), and on how much it is measured."""

    base: str
    rubric: str
    steps: int | None
    cases: int
    labelled: Path | None


def arm(run: Run, seed: Dataset, share: float, plan: Plan, number: int) -> dict[str, float | None]:
    """The metrics of one training."""
    own = {**recommended(plan.base)["sft"], "seed": number, **({"steps": plan.steps} if plan.steps else {})}  # type: ignore[dict-item]
    wanted = Training(
        role="forward", base=plan.base, data=(Data(folder=seed.path),), sft=build(SftConfig, [own]),
        hardware=HardwareConfig(micro_batch=4), teach=TeachConfig(share=share, rubric=plan.rubric),
    )  # fmt: skip
    model = f"transformers:{run.step('forward', trained, wanted, kind='model', role='forward')}"
    judge, curate = JudgeConfig(rubric=plan.rubric), CurateConfig(max_tokens=MAX_TOKENS)
    settings = CurationSettings(base=plan.base, judge=judge, curate=curate)
    asking = Asking(round=1, model="M_0", judge=model, forward=model, backward="", settings=settings, cases=plan.cases)
    quality = ModelQuality(
        seed=seed.path, cases=plan.cases, models={"M_0": model}, tags=TagConfig(), max_tokens=MAX_TOKENS, stop_tokens=1
    )
    told = run.put("quality", LMStage("quality", METRIC, model_quality, quality), kind="metrics", of="models")
    rows = [*competence.measured(run, seed, asking).rows(), *told.rows()]
    measured = [row for row in rows if row["metric"] in WANTED]
    found = {" ".join(filter(None, (row["metric"], row["against"], row["part"]))): row["value"] for row in measured}
    return found | (on_labels(model, judge, plan.labelled) if plan.labelled else {})


def on_labels(model: str, judge: JudgeConfig, path: Path) -> dict[str, float | None]:
    """AUC of the judge's scores for pairs graded good over those graded bad, of the pairs whose texts are there."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["label"] is not None and "response" in row]
    lm = language_models.open_here(model)
    scores = [each["score"] for each in graded(rows, lm, MAX_TOKENS, forgiving(judge), "labels")]
    good, bad = (
        np.array([score for row, score in zip(rows, scores, strict=True) if row["label"] == label and score is not None])
        for label in (1, 0)
    )
    made = auc(good, bad)
    return {"labels": made.value if made else None, "labels spread": float(np.std([*good, *bad]))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.2, 0.5])
    parser.add_argument("--rubric", default=RUBRIC)
    parser.add_argument("--base", default="embedded")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--cases", type=int, default=70)
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--pairs", default=str(DATA / "instructions" / "lima_train.jsonl"))
    options = parser.parse_args()
    if not Path(options.pairs).is_file():
        sys.exit(f"there are no pairs at {options.pairs}; give --pairs FILE, or set HUMPBACK_DATA")
    with tempfile.TemporaryDirectory() as folder, Run(folder, "teach", CurationSettings(), progress=Progress()) as run:
        seed = pairs(run, options.pairs)
        plan = Plan(options.base, options.rubric, options.steps, options.cases, options.labelled)
        for share in options.shares:
            beside = [run.beside(f"share-{share:g}-{number}") for number in range(options.seeds)]
            runs = [arm(each, seed, share, plan, number) for number, each in enumerate(beside)]
            print(f"\n{share:g} of the loss on lessons, {options.seeds} trainings")
            for name in runs[0]:
                mean, error = mean_and_error([each[name] for each in runs if each[name] is not None])  # type: ignore[misc]
                print(f"  {name:<32} {mean:.3f}" + (f" ± {error:.3f}" if error is not None else ""), flush=True)


if __name__ == "__main__":
    main()
