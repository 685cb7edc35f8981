"""Self-Instruct (Wang et al. 2023), the control: no page is read; requests and answers are made up after the seed.

humpback run self_instruct --out runs/s --set seed.path=seed.jsonl
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.corpus.pairs import seed_pairs
from humpback.guards.checks import GuardConfig, guarded
from humpback.lm.spec import ModelName
from humpback.loop.models import trained
from humpback.loop.pool import unseen
from humpback.loop.rounds import RoundSettings, check_made_up, self_curate
from humpback.loop.worth import measure
from humpback.methods import self_instruct
from humpback.report import report
from humpback.run import Run
from humpback.schema import PAIR
from humpback.stage import Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig


class Settings(RoundSettings, self_instruct.Settings):
    """The seed, what is made up after it, and the rounds that select from that."""

    writer_lm: Annotated[ModelName, OFTEN] = Field(
        "", description="who makes up requests and answers; empty: the base as it is (Self-Instruct)"
    )
    guards: GuardConfig = GuardConfig()


def recipe(run: Run, settings: Settings) -> None:
    """Pairs that a model made up, and rounds of self-curation on them as on any others."""
    check_made_up(settings, settings.writer_lm or settings.base)
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    first = trained(run, "forward", [seed], settings, "M_0", round=0)
    rounds = self_curate(run, seed, pool(run, seed, settings), first, settings, settings.backward_lm)
    measure(run, seed, rounds, settings)
    report(run)


def pool(run: Run, seed: Dataset, settings: Settings) -> Dataset:
    """What was made up, as far as guards let it through, without what a model is measured on."""
    made = self_instruct.pairs(run, seed, settings, settings.writer_lm or settings.base)
    clean = run.map("pairs", Stage("guards", PAIR, guarded, settings.guards), made, kind="pairs", of="guards")
    return unseen(run, clean, seed, ContaminationConfig())
