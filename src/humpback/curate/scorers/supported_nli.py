"""The share of a rewrite's sentences that its draft entails, by an outside model (`humpback.curate.support`)."""

from humpback.curate.scorers import Scorer, supported

SCORER = Scorer(
    "supported_nli", supported.COLUMNS, supported.stages, part="supported", place=97, needs="relevance.entailment"
)
