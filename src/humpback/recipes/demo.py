"""The humpback recipe on the material in the package: original pages and seed pairs, a real small model, no network.

humpback run demo --out runs/demo
humpback run demo --out runs/quick --set base=embedded
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from humpback.config import Shown
from humpback.corpus.pages import CorpusSettings
from humpback.corpus.pairs import SeedSettings
from humpback.guards.checks import GuardConfig
from humpback.lm.spec import ModelName
from humpback.loop.models import MeasureSettings
from humpback.recipes import humpback
from humpback.recipes.humpback import recipe as recipe
from humpback.train.config import SftConfig

MATERIAL = Path(__file__).parent / "material"


class Settings(humpback.Settings):
    """The humpback recipe's settings, pointed at the demo's own material, and so few tokens that two cores take minutes."""

    base: Annotated[ModelName, Shown(often=True, layer="recommends")] = Field(
        "smollm2", description="the base model, on this disk: smollm2, embedded (seconds), or transformers:PATH"
    )
    seed: SeedSettings = SeedSettings(path=str(MATERIAL / "seed.jsonl"), dev=0.15, test=0.15)
    # Measured on the demo's own pages: under it most instructions of the embedded model are noise. Other pages, other bound.
    guards: GuardConfig = GuardConfig(min_logprob=-0.19)
    corpus: CorpusSettings = CorpusSettings(inputs=(str(MATERIAL / "pages.warc.gz"),), sample=88)
    sft: SftConfig = SftConfig(passes=0.45)
    measure: MeasureSettings = MeasureSettings(cases=30)
