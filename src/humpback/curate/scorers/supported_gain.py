"""What its draft gains the least supported sentence of a rewrite, under the forward model (`humpback.curate.support`)."""

import pyarrow as pa

from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.curate.support import SupportGainConfig, support_gain
from humpback.stage import LMStage


def stages(asking: Asking) -> tuple[LMStage, ...]:
    config = SupportGainConfig(max_tokens=asking.settings.curate.max_tokens)
    return (LMStage("supported-gain", scorers.schema(), support_gain, config, lm=asking.forward),)


SCORER = Scorer("supported_gain", {"supported_gain": pa.float64()}, stages, part="supported", place=95)
