"""The cosine of the instruction and the headings over the text, by an outside model of embeddings.

It sees what `heading_overlap` does, also in other words.
"""

from humpback.curate.scorers import Scorer, relevance

SCORER = Scorer(
    "heading_relevance", relevance.COLUMNS, relevance.stages, part="relevance", place=91, needs="relevance.embedding"
)
