"""The threshold k of self-curation, 3 to 5, at equal steps; each beside as many pairs drawn blindly, if asked for.

humpback run ablate_k --out runs/k --set run=runs/a
"""

from functools import partial
from typing import Any, Literal

from pydantic import Field

from humpback.curate import select
from humpback.errors import NothingKept, UsageFault
from humpback.recipes import _arms
from humpback.recipes._arms import Arm, ArmSettings, Draw, Material, arm
from humpback.run import Run
from humpback.schema import SCORED
from humpback.stage import Stage
from humpback.store import Dataset

GATES = ("per_site", "distinct", "clusters", "cluster_share", "ifd_band")


class Settings(ArmSettings):
    """What the arms start from, the thresholds, and how the arms are compared."""

    ks: tuple[float, ...] = Field((3.0, 3.5, 4.0, 4.5, 5.0), min_length=1, description="thresholds (ours; paper: 4 and 4.5)")
    at: Literal["auto", "score", "share"] = Field(
        "auto",
        description="score: pairs whose score is at least k. share: the best share that corresponds, for a judge that is "
        "not competent. auto: as the run selected",
    )
    shares: tuple[float, ...] = Field(
        (0.8, 0.6, 0.388, 0.083, 0.04),
        description="for each k the share of the pairs (paper, table 1: 0.388 at 4, 0.083 at 4.5; the others ours)",
    )
    random: bool = Field(False, description="beside each selection as many pairs drawn without looking")


def recipe(run: Run, settings: Settings) -> None:
    """M_0, the reference, and a model on the seed and what each threshold keeps."""
    if settings.at != "score" and len(settings.shares) != len(settings.ks):
        raise UsageFault(
            f"ks has {len(settings.ks)} thresholds and shares has {len(settings.shares)}",
            "give shares one value for each k, or --set at=score",
        )
    found = _arms.material(run, settings, *_arms.CURATED)
    kept = selections(run, found, settings)
    if not kept:
        raise NothingKept("no threshold keeps a pair", f"see the scores: humpback show {found.folder}; choose other ks")
    sizes = [_arms.size([found.seed, *([each] if each else [])]) for each in (None, *(data for _, data in kept.values()))]
    sft = _arms.equal_steps(sizes, settings.sft)
    wanted = [arm("M_0", "seed alone", lambda _: [found.seed], sft, settings)]
    for name, (about, chosen) in kept.items():
        wanted.append(arm(name, f"seed and {about}", partial(_data, found, chosen), sft, settings))
        if settings.random:
            wanted.append(_blind(name, found, chosen, wanted[-1], settings))
    _arms.compared(run, found, wanted, settings)


def _data(found: Material, chosen: Dataset, _: int) -> list[Dataset]:
    return [found.seed, chosen]


def _blind(name: str, found: Material, chosen: Dataset, beside: Arm, settings: Settings) -> Arm:
    """The control of a selection: as many pairs of the same pool."""

    def data(i: int) -> list[Dataset]:
        return [found.seed, Draw(found.pool, len(chosen), settings.random_seed + i)]

    return arm(f"{name}-random", f"seed and {len(chosen)} drawn blindly", data, beside.sft, settings)


def selections(run: Run, found: Material, settings: Settings) -> dict[str, tuple[str, Dataset]]:
    """Arm -> (what it keeps, the pairs); a threshold that keeps none is told and left out."""
    plan = found.curated.manifest["plan"]["config"]
    by = "score" if settings.at == "score" else str(plan["by"])
    at_k = settings.at == "score" or (settings.at == "auto" and by == "score" and "k" in plan)
    made: dict[str, tuple[str, Dataset]] = {}
    for i, k in enumerate(settings.ks):
        share = 1.0 if at_k else settings.shares[i]
        config = settings.curate.model_copy(update={"k": k, "share": share})
        rule: dict[str, Any] = {"by": by, **({"k": k} if at_k else {"share": share})}
        keep = partial(select.pick, config, by, at_k=at_k)
        gates = config.model_dump(mode="json", include=set(GATES))
        stage = Stage("kept", SCORED, keep, {**rule, **gates}, scope="dataset")
        chosen = run.map(f"kept-k{k:g}", stage, found.pool, may_be_empty=True)
        about = f"score >= {k:g}" if at_k else f"best {share:.1%} by {by}"
        if len(chosen):
            made[f"k{k:g}"] = (about, chosen)
        else:
            run.progress.say(f"{'not trained':<22} k{k:g}: {about} keeps no pair")
    return made
