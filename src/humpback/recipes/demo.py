"""The humpback recipe on the material in the package: original pages and seed pairs, the embedded model, no network.

humpback run demo --out runs/demo
humpback run demo --out runs/real --set base=smollm2
"""

from pathlib import Path

from humpback.corpus.pages import CorpusSettings
from humpback.corpus.pairs import SeedSettings
from humpback.guards.checks import GuardConfig
from humpback.recipes import humpback
from humpback.recipes.humpback import recipe as recipe

MATERIAL = Path(__file__).parent / "material"


class Settings(humpback.Settings):
    """The humpback recipe's settings, pointed at the demo's own material."""

    seed: SeedSettings = SeedSettings(path=str(MATERIAL / "seed.jsonl"), dev=0.15, test=0.15)
    # Measured on the demo's own pages: under it most instructions of the embedded model are noise. Other pages, other bound.
    guards: GuardConfig = GuardConfig(min_logprob=-0.19)
    corpus: CorpusSettings = CorpusSettings(inputs=(str(MATERIAL / "pages.warc.gz"),), sample=180)
