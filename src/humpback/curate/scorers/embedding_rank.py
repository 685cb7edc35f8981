"""The place of the response among others by its likeness to the instruction, by an outside model of embeddings."""

from humpback.curate.scorers import Scorer, relevance

SCORER = Scorer(
    "embedding_rank",
    relevance.COLUMNS,
    relevance.stages,
    part="relevance",
    place=80,
    needs="relevance.embedding",
    higher=False,
    of_itself=False,
)
