"""Whether the response entails that it answers the instruction, by an outside model."""

from humpback.curate.scorers import Scorer, relevance

SCORER = Scorer("entailment", relevance.COLUMNS, relevance.stages, part="relevance", place=95, needs="relevance.entailment")
