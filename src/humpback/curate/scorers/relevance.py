"""The cosine of instruction and response by an outside model of embeddings (`humpback.curate.relevance`)."""

import pyarrow as pa

from humpback.curate import scorers
from humpback.curate.relevance import relevance
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.stage import Stage

COLUMNS = {
    "embedding_rank": pa.int32(),
    "relevance": pa.float64(),
    "relevance_clipped": pa.bool_(),
    "stray_sentence": pa.float64(),
    "heading_relevance": pa.float64(),
    "entailment": pa.float64(),
    "entailment_clipped": pa.bool_(),
}


def stages(asking: Asking) -> tuple[Stage, ...]:
    """One stage asks all outside models that are named."""
    return (Stage("relevance", scorers.schema(), relevance, asking.settings.relevance, version=3, scope="dataset"),)


SCORER = Scorer("relevance", COLUMNS, stages, part="relevance", place=90, needs="relevance.embedding")
