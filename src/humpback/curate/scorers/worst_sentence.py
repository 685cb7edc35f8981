"""The lowest likelihood gain of a single sentence of the answer: an advert in it gains nothing from the instruction."""

from humpback.curate.scorers import Scorer, gain

SCORER = Scorer("worst_sentence", gain.COLUMNS, gain.stages, part="likelihood", place=34)
