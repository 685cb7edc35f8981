"""The threshold k of self-curation, 3 to 5, at equal steps; each beside as many pairs drawn blindly, if asked for.

humpback run ablate_k --out runs/k --set run=runs/a
"""

from typing import Literal

from pydantic import Field

from humpback.curate.select import Choice, selected
from humpback.errors import NothingKept, UsageFault
from humpback.loop import arms
from humpback.loop.arms import Material, arm, drawn, whole
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.store import Dataset

# The gates that a selection goes through, whatever its threshold.
GATES = ("curate.per_site", "curate.distinct", "curate.clusters", "curate.cluster_share", "curate.ifd_band")


class Settings(humpback.Settings, arms.ArmSettings):
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
    draws = ("random_seed",) if settings.random else ()
    found = arms.material(run, settings, humpback.recipe, (*arms.OWN, *GATES, *draws))
    kept = selections(run, found, settings)
    if not kept:
        raise NothingKept("no threshold keeps a pair", f"see the scores: humpback show {found.folder}; choose other ks")
    sizes = [arms.size(whole(found.seed, *more)(0)) for more in ((), *((data,) for _, data in kept.values()))]
    sft = arms.equal_steps(sizes, settings.sft)
    wanted = [arm("M_0", "seed alone", whole(found.seed), sft, settings)]
    for name, (about, chosen) in kept.items():
        wanted.append(arm(name, f"seed and {about}", whole(found.seed, chosen), sft, settings))
        if settings.random:
            blind = drawn(len(chosen), found.pool, settings, found.seed)
            wanted.append(arm(f"{name}-random", f"seed and {len(chosen)} drawn blindly", blind, sft, settings))
    arms.compared(run, found, wanted, settings)
    report(run)


def selections(run: Run, found: Material, settings: Settings) -> dict[str, tuple[str, Dataset]]:
    """Arm -> (what it keeps, the pairs); a threshold that keeps none is told and left out."""
    of_run = found.curated.about
    by = "score" if settings.at == "score" else str(of_run["by"])
    at_k = settings.at == "score" or (settings.at == "auto" and by == "score" and of_run.get("k") is not None)
    made: dict[str, tuple[str, Dataset]] = {}
    for i, k in enumerate(settings.ks):
        about = f"score >= {k:g}" if at_k else f"best {settings.shares[i]:.1%} by {by}"
        choice = Choice(by, k, None, about) if at_k else Choice(by, None, settings.shares[i], about)
        chosen = selected(
            run, f"kept-k{k:g}", found.pool, choice, settings.curate, may_be_empty=True, kind="kept", arm=f"k{k:g}"
        )
        if len(chosen):
            made[f"k{k:g}"] = (about, chosen)
        else:
            run.progress.say(f"{'not trained':<22} k{k:g}: {about} keeps no pair")
    return made
