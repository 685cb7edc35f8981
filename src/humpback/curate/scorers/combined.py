"""Several scorers as one (`humpback.curate.combine`): p(good) by a fit to damaged seed pairs, or to labels."""

import pyarrow as pa

from humpback.curate.calibration import combining
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.errors import HumpbackError
from humpback.stage import Stage


def stages(asking: Asking) -> tuple[Stage, ...]:
    if asking.fitted is None:
        raise HumpbackError("combined is asked for before it is fitted", "this is a bug: `calibration.fitted` comes first")
    return (combining(asking.fitted, asking.settings.curate),)


SCORER = Scorer(
    "combined",
    {"combined": pa.float64()},
    stages,
    part="combined",
    place=1000,
    rests_on=lambda settings: settings.combine,
)
