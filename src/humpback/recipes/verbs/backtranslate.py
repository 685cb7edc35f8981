"""Write the instruction that each text answers, with a backward or an instruct model.

humpback backtranslate runs/segments --lm transformers:runs/a/09-backward --out runs/pairs
"""

from typing import Annotated

from pydantic import Field

from humpback.config import Shown
from humpback.corpus.pairs import SeedSettings, seed_pairs
from humpback.corpus.texts import texts
from humpback.lm.spec import ModelName
from humpback.methods import backtranslate, prompting
from humpback.run import Run
from humpback.store import Dataset
from humpback.train import bases


class Settings(backtranslate.Settings):
    """Texts, who writes, and how."""

    texts: Annotated[str, Shown(place="argument", help="A run of `humpback segments`, or JSONL or Parquet with `text`.")] = (
        ""
    )
    columns: dict[str, str] = Field({}, description="what tables call text, id, url, title")
    lm: Annotated[ModelName, Shown(place="option", layer="recommends", help="The model that writes: backend:model.")] = (
        Field("embedded", description="a backward model, or an instruct model, which is told what is wanted")
    )
    forward: ModelName = Field("", description="the forward model that augment.choose=round_trip asks; empty: lm")
    seed: SeedSettings = Field(SeedSettings(), description="human pairs: what a model that is told is tried on and shown")


def recipe(run: Run, settings: Settings) -> Dataset:
    """An instruction for each text, as far as the guards let it through."""
    bases.check_instructed(settings.lm)
    if settings.seed.path:
        seed = seed_pairs(run, settings.seed, settings.random_seed)
        settings = prompting.settled(run, seed, settings, settings.lm)
    found = texts(run, settings.texts, settings.columns)
    return backtranslate.pairs(run, found, settings, settings.lm, settings.forward or settings.lm)
