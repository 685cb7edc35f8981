"""Instruction-following difficulty (Li et al. 2023, Cherry LLM): the share of its loss that the answer keeps.

Cherry LLM keeps the hardest, the highest IFD under 1. Of generated instructions the wrong ones stand near 1 and above, and
what lies under the band its instruction all but dictates: the highest in between are kept (`curate.ifd_band`).
"""

from humpback.curate.scorers import Scorer, gain

SCORER = Scorer("ifd", gain.COLUMNS, gain.stages, part="likelihood", place=30, bounded_by="ifd_band")
