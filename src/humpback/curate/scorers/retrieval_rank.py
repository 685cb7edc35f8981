"""Does the instruction find its own answer among others? By the forward model's likelihood gain.

From an instruction that fits every text the model gains as much for other answers as for its own.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from humpback import lm as language_models
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.likelihood import if_it_can
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.lm import LM
from humpback.lm.likelihood import bare_answers, mean_loss, mean_nll
from humpback.prompts.forward import TagConfig, forward_prompt
from humpback.schema import Row, row_seed
from humpback.stage import LMStage, Outcome


class RetrievalStage(Config):
    """Among how many other answers of its window (`negatives`) an instruction must find its own."""

    tags: TagConfig = TagConfig()
    max_tokens: int
    negatives: int = 7
    seed: int = 0


def retrieval(config: RetrievalStage, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with the place of its own response among `retrieval_of` by the gain under its instruction.

    `retrieval_rank` 1 is first, and a tie counts against it: a model that tells no answers apart must not put all of them
    first. Both are null where `retrieval_status` is prompt_too_long, no_logprobs, or alone (the window holds no other text).
    """
    language_models.reading(lm, "forward")
    answers = [lm.clip(row["response"], config.max_tokens)[0] for row in rows]
    others = negatives([row["id"] for row in rows], answers, config.negatives, config.seed)
    measured = if_it_can(partial(_gains, config, rows, answers, others, lm))
    for i, row in enumerate(rows):
        yield {**row, **_placed(measured[i] if measured else None, bool(others[i]))}


def _gains(
    config: RetrievalStage, rows: list[Row], answers: list[str], others: list[list[int]], lm: LM
) -> list[list[float | None]]:
    """The gain of its own answer, and then of each other one, under the instruction of each row.

    One call for all own answers and one for each further place, so that only one place's tokens are held at a time.
    """
    losses = {answer: mean_loss(read) for answer, read in bare_answers(answers, lm, config.tags.web).items()}
    prompts = [forward_prompt(row["instruction"], config.tags.web) for row in rows]
    out: list[list[float | None]] = [[] for _ in rows]
    for place in range(config.negatives + 1):
        asked = [(i, [i, *others[i]][place]) for i in range(len(rows)) if place <= len(others[i])]
        given = mean_nll([prompts[i] for i, _ in asked], [answers[j] for _, j in asked], lm)
        for (i, j), loss in zip(asked, given, strict=True):
            bare = losses[answers[j]]
            out[i].append(bare - loss if bare is not None and loss is not None else None)
    return out


def _placed(gains: list[float | None] | None, has_others: bool) -> Row:
    own, *rest = gains or [None]
    known = [gain for gain in rest if gain is not None]
    if own is not None and known:
        rank = 1 + sum(gain >= own for gain in known)
        return {"retrieval_rank": rank, "retrieval_of": 1 + len(known), "retrieval_status": "ok"}
    status = "no_logprobs" if gains is None else "prompt_too_long" if own is None or has_others else "alone"
    return {"retrieval_rank": None, "retrieval_of": None, "retrieval_status": status}


def negatives(ids: Sequence[str], texts: Sequence[str], count: int, seed: int) -> list[list[int]]:
    """For each row the places of `count` rows of other texts, each text once; fewer where there are no more.

    They follow from the ids and the seed, whatever the order of the rows: the texts stand on a ring, and a row takes those
    after its own draw.
    """
    first: dict[str, int] = {}
    for i in sorted(range(len(ids)), key=lambda i: ids[i]):
        first.setdefault(texts[i], i)
    draws = sorted((row_seed(ids[i], f"{seed}/retrieval"), i) for i in first.values())
    ring = [i for _, i in draws]
    found = []
    for own, text in zip(ids, texts, strict=True):
        start = bisect(draws, (row_seed(own, f"{seed}/retrieval of"), -1))
        after = (ring[(start + step) % len(ring)] for step in range(min(len(ring), count + 1)))
        found.append([i for i in after if texts[i] != text][:count])
    return found


def stages(asking: Asking) -> tuple[LMStage, ...]:
    settings = asking.settings
    config = RetrievalStage(tags=settings.tags, max_tokens=settings.curate.max_tokens, seed=settings.random_seed)
    return (LMStage("retrieval", scorers.schema(), retrieval, config, lm=asking.forward),)


SCORER = Scorer(
    "retrieval_rank",
    {"retrieval_rank": pa.int32(), "retrieval_of": pa.int32(), "retrieval_status": pa.string()},
    stages,
    part="retrieval",
    place=70,
    status="retrieval_status",
    higher=False,
    of_itself=False,
)
