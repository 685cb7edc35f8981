"""Does the instruction ask for this text, or for any? How much likelier the backward model finds it with the text.

"Tell me something interesting" fits every text: its backward likelihood is high, but hardly higher than without the text.
"""

from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from humpback import lm as language_models
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.likelihood import if_it_can
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.lm.likelihood import mean_nll
from humpback.prompts.backward import BackwardConfig, backward_prompt, is_prompted, prompted_prompt
from humpback.prompts.forward import TagConfig
from humpback.schema import Row
from humpback.stage import LMStage, Outcome

# What stands where the text would: content-free, yet not empty, since no prompt of the training had an empty place and an
# unknown form would be measured along with the missing text (Zhao et al. 2021, Calibrate Before Use, section 5).
NO_TEXT = "N/A"
COLUMNS = {"backward_logprob": pa.float64(), "specificity": pa.float64(), "backward_status": pa.string()}


class BackwardStage(Config):
    """What the backward model is shown of a pair."""

    backward: BackwardConfig = BackwardConfig()
    tags: TagConfig = TagConfig()


def backward_likelihood(config: BackwardStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with how likely its instruction is under the backward model.

    `backward_logprob` is (1/|x|) log p(x | y), in nats per token of the instruction x given its text y; `specificity` is
    that minus (1/|x|) log p(x) of the same model with no text to see: pointwise mutual information per token of x. What
    cannot be had is null, and `backward_status` is then prompt_too_long, or no_logprobs where the model gives none.
    """
    language_models.reading(lm, "backward")
    measured = if_it_can(partial(_losses, config, rows, lm))
    for row, (given, bare) in zip(rows, measured or [(None, None)] * len(rows), strict=True):
        ok = given is not None and bare is not None
        yield {
            **row,
            "backward_logprob": -given if given is not None else None,
            "specificity": bare - given if given is not None and bare is not None else None,
            "backward_status": "ok" if ok else "no_logprobs" if measured is None else "prompt_too_long",
        }


def _losses(config: BackwardStage, rows: list[Row], lm: LM) -> list[tuple[float | None, float | None]]:
    """The loss of each instruction given its text, and given none; asked once for equal instructions."""
    instructions = [row["instruction"] for row in rows]
    given = mean_nll([_prompt(config, row, lm) for row in rows], instructions, lm)
    # No heading either: it tells what the text is about.
    without = [{"response": NO_TEXT, "lang": row.get("lang"), "style": row.get("style")} for row in rows]
    blank = [(_prompt(config, bare, lm), row["instruction"]) for row, bare in zip(rows, without, strict=True)]
    asked = list(dict.fromkeys(blank))
    bare = dict(zip(asked, mean_nll([p for p, _ in asked], [x for _, x in asked], lm), strict=True))
    return list(zip(given, (bare[each] for each in blank), strict=True))


def _prompt(config: BackwardStage, row: Row, lm: LM) -> str:
    if not is_prompted(lm.role, config.backward):
        return backward_prompt(row, config.backward, config.tags.seed, lm.clip)[0]
    return prompted_prompt(row, config.backward, row.get("style") or config.backward.styles[0], lm.clip)[0]


def stages(asking: Asking) -> tuple[LMStage, ...]:
    config = BackwardStage(backward=asking.settings.backward, tags=asking.settings.tags)
    return (LMStage("backward", scorers.schema(), backward_likelihood, config, lm=asking.backward),)


SCORER = Scorer("specificity", COLUMNS, stages, part="backward", place=60, status="backward_status", needs="backward_lm")
