"""Several scorers as one (`humpback.curate.combine`): the mean of their ranks, or p(good) by a fit to labels."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.combine import Calibrated, by_rank
from humpback.curate.scorers import Bounds, Scorer
from humpback.curate.settings import Asking
from humpback.schema import Row
from humpback.stage import Outcome, Stage


class CombineStage(Config):
    """The scorers that are combined: by `calibrated` if it is given, or else by the mean of their ranks."""

    columns: tuple[str, ...]
    ifd_band: tuple[float, float]
    calibrated: Calibrated | None = None


def combine(config: CombineStage, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every row with `combined`: p(good) of `calibrated`, or the mean rank over `columns` where there are no labels."""
    listed = list(rows)
    fit = config.calibrated
    made = fit.predict(listed) if fit else by_rank(listed, config.columns, config)
    for row, value in zip(listed, made, strict=True):
        yield {**row, "combined": value}


def combining(columns: tuple[str, ...], bounds: Bounds, calibrated: Calibrated | None = None) -> Stage:
    """The stage that combines `columns`, whose scorers are bounded by `bounds` (the settings `curate`)."""
    config = CombineStage(columns=columns, ifd_band=bounds.ifd_band, calibrated=calibrated)
    return Stage("combined", scorers.schema(), combine, config, scope="dataset")


def stages(asking: Asking) -> tuple[Stage, ...]:
    return (combining(asking.settings.combine, asking.settings.curate),)


SCORER = Scorer(
    "combined",
    {"combined": pa.float64()},
    stages,
    part="combined",
    place=1000,
    rests_on=lambda settings: settings.combine,
    of_itself=False,
)
