"""The share of a rewrite's sentences that its draft supports, by outside models (`humpback.curate.support`)."""

import pyarrow as pa

from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.curate.support import SupportConfig, supported
from humpback.stage import Stage

COLUMNS = dict.fromkeys(("supported", "supported_least", "supported_nli"), pa.float64())


def stages(asking: Asking) -> tuple[Stage, ...]:
    """One stage asks all outside models that are named."""
    named = asking.settings.relevance
    config = SupportConfig(embedding=named.embedding, entailment=named.entailment)
    return (Stage("supported", scorers.schema(), supported, config, scope="dataset"),)


SCORER = Scorer("supported", COLUMNS, stages, part="supported", place=96, needs="relevance.embedding")
