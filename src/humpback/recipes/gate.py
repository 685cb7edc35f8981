"""A second gate behind curation: of the kept pairs those that the model does not answer as well as the page (CodecLM).

humpback run gate --out runs/gate --set run=runs/a
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.errors import NothingKept
from humpback.lm.spec import ModelName
from humpback.loop import arms
from humpback.methods.contrast import ContrastConfig, Sides, apart
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run


class Settings(humpback.Settings, arms.ArmSettings):
    """What the arms start from, who scores the two answers, and how far they must be apart."""

    contrast: ContrastConfig = ContrastConfig()
    contrast_lm: Annotated[ModelName, OFTEN] = Field(
        "", description="who scores M_0's answer beside the page's text (CodecLM: a strong model); empty: M_0 itself"
    )


def recipe(run: Run, settings: Settings) -> None:
    """M_0 answers what curation kept; a model on the pairs whose two answers differ, beside one on as many of all."""
    found = arms.material(run, settings, humpback.recipe, (*arms.OWN, "contrast", "contrast_lm", "random_seed"))
    target = found.model(role="forward", model="M_0")
    sides = Sides(strong="", target=target, judge=settings.contrast_lm or target)
    differing, alike = apart(run, found.curated, sides, settings.contrast, settings.random_seed, "gated")
    if not len(differing):
        raise NothingKept(
            f"of {len(found.curated)} curated pairs {len(alike)} have two answers that could be compared, and none of them "
            f"is more than {settings.contrast.theta:g} from the other",
            "lower contrast.theta (the gaps are in the dataset gaps-gated), or name a judge: --set contrast_lm=..."
            if len(alike)
            else "no answer ended, or the judge could not be read: raise contrast.answers.max_new_tokens, or name a judge: "
            "--set contrast_lm=...",
        )
    about = {"gated": "curated, and M_0 answers otherwise; the better answer", "curated": "curated"}
    wanted = arms.of_equal_size(found, {"gated": differing, "curated": found.curated}, about, settings)
    arms.compared(run, found, wanted, settings)
    report(run)
