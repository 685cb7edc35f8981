"""What can be set about curation, and who is asked in a round of it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from humpback.config import Config
from humpback.curate.judge import JudgeConfig
from humpback.curate.relevance import RelevanceConfig
from humpback.curate.select import ScoringConfig
from humpback.lm.spec import ModelName
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig


class CurationSettings(Config):
    """What every recipe that scores pairs can set."""

    base: ModelName = Field("", description="the base of the model in training, which seed_gain asks too")
    tags: TagConfig = TagConfig()
    backward: BackwardConfig = BackwardConfig()
    judge: JudgeConfig = JudgeConfig()
    curate: ScoringConfig = ScoringConfig()
    relevance: RelevanceConfig = RelevanceConfig()
    combine: tuple[str, ...] = Field(
        (
            "backward_logprob",
            "gain",
            "whole",
            "worst_sentence",
            "heading_overlap",
            "relevance",
            "heading_relevance",
            "stray_sentence",
        ),
        description="the scorers that make up combined; those whose model no setting names are left out (ours)",
    )
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


@dataclass(frozen=True)
class Asking:
    """Who is asked what in a round: names of models, and the columns that are wanted beside score and gain.

    `judge` grades; `forward` (called `model`: M_0) and `backward` are the models of the run that other scorers ask. The
    judge is measured on `cases` dev pairs at most (unset: all). `fitted` is the fit of `combined`, once it is made.
    """

    round: int
    model: str
    judge: str
    forward: str
    backward: str
    settings: CurationSettings
    columns: tuple[str, ...] = ()
    cases: int | None = None
    fitted: Path | None = None
