"""A selection made anew by the models of a finished run: for arms that differ in what comes before it."""

from humpback.curate.settings import Asking
from humpback.loop.arms import ArmSettings, Material
from humpback.loop.pool import unseen
from humpback.loop.rounds import curated
from humpback.methods import backtranslate, prompting
from humpback.run import Run
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig


def selected(
    run: Run, found: Material, segments: Dataset, writer: str, settings: ArmSettings, contamination: ContaminationConfig
) -> Dataset:
    """The pairs that M_0 (or the outside judge) selects of `segments` under instructions of `writer`: round 1."""
    forward = found.model(role="forward", model="M_0")
    settings = prompting.settled(run, found.seed, settings, writer)
    pairs = backtranslate.pairs(run, segments, settings, writer, forward, settings.curate.max_tokens)
    asking = Asking(
        round=1, model="M_0", judge=settings.judge_lm or forward, forward=forward, backward=writer,
        columns=(settings.curate.by,), settings=settings, cases=settings.measure.cases,
    )  # fmt: skip
    return curated(run, found.seed, unseen(run, pairs, found.seed, contamination), asking, settings.selecting)[1]
