"""How likely the backward model finds the instruction, given the text."""

from humpback.curate.scorers import Scorer, specificity

SCORER = Scorer(
    "backward_logprob",
    specificity.COLUMNS,
    specificity.stages,
    part="backward",
    place=50,
    status="backward_status",
    needs="backward_lm",
)
