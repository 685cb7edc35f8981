"""The lowest cosine of a sentence of the response and the whole of it, by an outside model of embeddings.

An advert, or a line of a menu, is about something else than all the rest. Whether the rest answers the instruction is the
business of `relevance`.
"""

from humpback.curate.scorers import Scorer, relevance

SCORER = Scorer(
    "stray_sentence",
    relevance.COLUMNS,
    relevance.stages,
    part="relevance",
    place=92,
    needs="relevance.embedding",
    veto=True,
)
