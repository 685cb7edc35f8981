"""Judge pairs on the five-level rubric, measure their likelihood gain, and whatever other scorers are named.

humpback score pairs.jsonl --lm transformers:runs/a/10-forward-0 --out runs/scored
"""

from typing import Annotated

from pydantic import Field

from humpback.config import Shown
from humpback.corpus.pairs import pairs_of_file
from humpback.curate import agreement, calibration, scoring
from humpback.curate.combine import lacking
from humpback.curate.scoring import COMBINED
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import UsageFault
from humpback.lm.spec import ModelName
from humpback.run import Run
from humpback.store import Dataset


class Settings(CurationSettings):
    """Pairs, and who scores them."""

    pairs: Annotated[str, Shown(place="argument", help="JSONL or Parquet with instruction and response.")] = ""
    lm: Annotated[ModelName, Shown(place="option", layer="recommends", help="Judge and forward model: backend:model.")] = (
        Field("embedded", description="judge and forward model")
    )
    backward_lm: ModelName = Field("", description="the backward model that backward_logprob and specificity ask")
    scorers: tuple[str, ...] = Field(
        ("score", "gain"), description="columns wanted: those two always, and any other that curate.by knows"
    )


def recipe(run: Run, settings: Settings) -> Dataset:
    """Pairs with their scores. Those that carry a `label` (1 good, 0 bad) tell how far the judge agrees with them."""
    scoring.check(settings.scorers, settings, settings.backward_lm)
    asking = Asking(
        round=0, model="", judge=settings.lm, forward=settings.lm, backward=settings.backward_lm, settings=settings,
        columns=settings.scorers,
    )  # fmt: skip
    made = scoring.scored(run, "scored", pairs_of_file(run, settings.pairs), asking)
    if COMBINED in settings.scorers:
        made = combined_by_labels(run, made, asking)
    if any(row["label"] is not None for row in made.rows(["label"])):
        agreement.measured(run, made, asking)
    scoring.check_readable(run, made, asking)
    return made


def combined_by_labels(run: Run, scored: Dataset, asking: Asking) -> Dataset:
    """The pairs with `combined`, by a fit to those that have a label; raises `UsageFault` where these are too few."""
    labels = [row["label"] for row in scored.rows(["label"])]
    few = lacking([each for each in labels if each == 1], [each for each in labels if each == 0])
    if few:
        raise UsageFault(f"combined is fitted to the labels of the pairs: {few}", "label some pairs, or leave combined out")
    columns = scoring.parts_of(COMBINED, asking.settings, asking.backward)
    config = calibration.FitConfig(cases=scored.path, columns=columns, ifd_band=asking.settings.curate.ifd_band)
    fitted = calibration.fitted(run, "combination", config)
    stage = calibration.combining(fitted.path, asking.settings.curate)
    return run.map("scored-combined", stage, scored, kind="scored", among="scored")
