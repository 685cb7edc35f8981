"""The sentence of the answer that is strangest in its place: the least gain, with a quarter of its log-probability.

An advert in the middle of an answer gains nothing from the instruction, and nobody expects it there; in the mean over the
whole answer it is lost.
"""

from humpback.curate.scorers import Scorer, gain

SCORER = Scorer("worst_sentence", gain.COLUMNS, gain.stages, part="likelihood", veto=True, place=34)
