"""How much nearer the instruction is to its own response than to the nearest other one, by an outside model of embeddings.

Pages that are about the same things answer the same instructions halfway: what asks for this text alone is nearer to it than
to all of them.
"""

from humpback.curate.scorers import Scorer, relevance

SCORER = Scorer(
    "relevance_margin",
    relevance.COLUMNS,
    relevance.stages,
    part="relevance",
    place=91,
    needs="relevance.embedding",
)
