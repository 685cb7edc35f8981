"""What the models of a run are worth, beside one that was trained on as many pairs drawn blindly."""

from humpback.curate.select import DrawnConfig, at_random
from humpback.loop import UNCURATED
from humpback.loop.models import measure_backward, measure_models, trained
from humpback.loop.rounds import LoopSettings, Rounds, RoundSettings
from humpback.run import Run
from humpback.schema import PAIR
from humpback.stage import Stage
from humpback.store import Dataset


def measure(run: Run, seed: Dataset, rounds: Rounds, settings: RoundSettings) -> None:
    """Every model of the rounds, and the control that curation must beat, on the test split."""
    last = rounds.done[-1]
    config = DrawnConfig(size=last.chosen.totals.rows, seed=settings.random_seed, per_text=settings.selecting.per_text)
    stage = Stage("uncurated", PAIR, at_random, config, scope="dataset")
    blind = run.map("uncurated", stage, last.pairs, kind="drawn")
    control = trained(run, "forward", [seed, blind], settings, UNCURATED)
    if isinstance(settings, LoopSettings) and not settings.backward_lm:
        measure_backward(run, seed, rounds.writers, settings, settings.augment.sampling)
    measure_models(run, seed, {**rounds.models, UNCURATED: control}, settings, UNCURATED)
