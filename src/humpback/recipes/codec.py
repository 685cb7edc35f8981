"""CodecLM (Wang et al. 2024): data like a file of requests, as hard as the model to be tuned needs it.

humpback run codec --out runs/c --set seed.path=seed.jsonl --set strong_lm=openai:qwen@http://127.0.0.1:8000/v1
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.corpus.pairs import pairs_of_file, seed_pairs
from humpback.guards.checks import GuardConfig, guarded
from humpback.lm.spec import ModelName
from humpback.loop.models import trained
from humpback.loop.pool import Sets, trainable, unseen
from humpback.loop.rounds import RoundSettings, check_made_up, self_curate
from humpback.loop.worth import measure
from humpback.methods import codec
from humpback.methods.contrast import Sides
from humpback.report import report
from humpback.run import Run
from humpback.schema import PAIR
from humpback.stage import Stage
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig


class Settings(RoundSettings, codec.Settings):
    """The seed, requests to be like, the models that answer, and the rounds that select."""

    requests: Annotated[str, OFTEN] = Field(
        "", description="pairs whose requests the data is to be like, JSONL or Parquet; empty: the seed's"
    )
    strong_lm: Annotated[ModelName, OFTEN] = Field(
        "", description="who writes requests, answers and judges (CodecLM: Gemini-Pro, text-unicorn); empty: the base"
    )
    target_lm: Annotated[ModelName, OFTEN] = Field("", description="the model to be tuned, as it is; empty: M_0")
    guards: GuardConfig = GuardConfig()


def recipe(run: Run, settings: Settings) -> None:
    """Requests encoded, decoded, made harder and answered; and rounds of self-curation on the pairs as on any others."""
    check_made_up(settings, settings.strong_lm or settings.base)
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    source = like(run, seed, settings)
    first = trained(run, "forward", [seed], settings, "M_0", round=0)
    rounds = self_curate(run, seed, pool(run, seed, source, first, settings), first, settings, settings.backward_lm)
    measure(run, seed, rounds, settings)
    report(run)


def like(run: Run, seed: Dataset, settings: Settings) -> Dataset:
    """The requests that the data is to be like."""
    given = settings.requests
    found = pairs_of_file(run, given, name="requests", kind="candidates", of="requests") if given else seed
    return run.put("like", Stage("like", PAIR, trainable, Sets(sets=(found.path,))), kind="pairs", of="like")


def pool(run: Run, seed: Dataset, source: Dataset, first: str, settings: Settings) -> Dataset:
    """What was made, as far as guards let it through, without what a model is measured on."""
    strong = settings.strong_lm or settings.base
    made = codec.pairs(run, source, settings, Sides(strong, settings.target_lm or first, strong))
    clean = run.map("pairs", Stage("guards", PAIR, guarded, settings.guards), made, kind="pairs", of="guards")
    return unseen(run, clean, seed, ContaminationConfig())
