"""Does the instruction ask for this text, or for any? Backward likelihood, specificity, and retrieval among other answers.

"Tell me something interesting" fits every text: its backward likelihood is high, but hardly higher than without the text,
and the forward model gains from it as much for other answers as for its own. Both checks ask the models of the run alone.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from humpback import lm as language_models
from humpback.curate.judge import if_it_can
from humpback.lm import LM
from humpback.lm.likelihood import bare_answers, mean_loss, mean_nll
from humpback.prompts.backward import BackwardConfig, backward_prompt, is_prompted, prompted_prompt
from humpback.prompts.forward import TagConfig, forward_prompt
from humpback.schema import Row, row_seed
from humpback.stage import Outcome

# What stands where the text would: content-free, yet not empty, since no prompt of the training had an empty place and an
# unknown form would be measured along with the missing text (Zhao et al. 2021, Calibrate Before Use, section 5).
NO_TEXT = "N/A"


@dataclass(frozen=True)
class BackwardLikelihood:
    """How likely each instruction is under the backward model: the `ask` of an LM stage.

    `backward_logprob` is (1/|x|) log p(x | y), in nats per token of the instruction x given its text y; `specificity` is
    that minus (1/|x|) log p(x) of the same model with no text to see: pointwise mutual information per token of x. What
    cannot be had is null, and `backward_status` is then prompt_too_long, or no_logprobs where the model gives none.
    """

    backward: BackwardConfig
    tags: TagConfig

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        language_models.reading(lm, "backward")
        measured = if_it_can(partial(self._measured, rows, lm))
        for row, (given, bare) in zip(rows, measured or [(None, None)] * len(rows), strict=True):
            ok = given is not None and bare is not None
            yield {
                **row,
                "backward_logprob": -given if given is not None else None,
                "specificity": bare - given if given is not None and bare is not None else None,
                "backward_status": "ok" if ok else "no_logprobs" if measured is None else "prompt_too_long",
            }

    def _measured(self, rows: list[Row], lm: LM) -> list[tuple[float | None, float | None]]:
        """The loss of each instruction given its text, and given none; asked once for equal instructions."""
        instructions = [row["instruction"] for row in rows]
        given = mean_nll([self._prompt(row, lm) for row in rows], instructions, lm)
        blank = [(self._prompt(_without_text(row), lm), row["instruction"]) for row in rows]
        asked = list(dict.fromkeys(blank))
        bare = dict(zip(asked, mean_nll([p for p, _ in asked], [x for _, x in asked], lm), strict=True))
        return list(zip(given, (bare[each] for each in blank), strict=True))

    def _prompt(self, row: Row, lm: LM) -> str:
        if not is_prompted(lm, self.backward):
            return backward_prompt(row, self.backward, self.tags.seed, lm.clip)[0]
        return prompted_prompt(row, self.backward, row.get("style") or self.backward.styles[0], lm.clip)[0]


def _without_text(row: Row) -> Row:
    """No heading either: it tells what the text is about."""
    return {"response": NO_TEXT, "lang": row.get("lang"), "style": row.get("style")}


@dataclass(frozen=True)
class Retrieval:
    """Does the instruction find its own answer among others of its window? The `ask` of an LM stage.

    `retrieval_rank` is the place of its own response among `retrieval_of` by the likelihood gain under its instruction; 1 is
    first, and a tie counts against it: a model that tells no answers apart must not put all of them first. Both are
    null where `retrieval_status` is prompt_too_long, no_logprobs, or alone (the window holds no other text).
    """

    tags: TagConfig
    max_tokens: int
    negatives: int = 7
    seed: int = 0

    def __call__(self, rows: list[Row], lm: LM) -> Iterator[Outcome]:
        language_models.reading(lm, "forward")
        answers = [lm.clip(row["response"], self.max_tokens)[0] for row in rows]
        others = negatives([row["id"] for row in rows], answers, self.negatives, self.seed)
        measured = if_it_can(partial(self._gains, rows, answers, others, lm))
        for i, row in enumerate(rows):
            yield {**row, **_placed(measured[i] if measured else None, bool(others[i]))}

    def _gains(self, rows: list[Row], answers: list[str], others: list[list[int]], lm: LM) -> list[list[float | None]]:
        """The gain of its own answer, and then of each other one, under the instruction of each row.

        One call for all own answers and one for each further place, so that only one place's tokens are held at a time.
        """
        losses = {answer: mean_loss(read) for answer, read in bare_answers(answers, lm, self.tags.web).items()}
        prompts = [forward_prompt(row["instruction"], self.tags.web) for row in rows]
        out: list[list[float | None]] = [[] for _ in rows]
        for place in range(self.negatives + 1):
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
