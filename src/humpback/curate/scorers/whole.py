"""How sure the forward model is that the answer ends where it ends: the log-probability of the end after its last token.

An answer that was cut short stops where the model expects it to go on. A clipped one has no end, and no value.
"""

from humpback.curate.scorers import Scorer, gain

SCORER = Scorer("whole", gain.COLUMNS, gain.stages, part="likelihood", veto=True, place=32)
