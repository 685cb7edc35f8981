"""What a model makes of held-out seed pairs: NLL, stop rate, and for the backward model ROUGE-L.

A model of the other role is refused with `RoleMismatch`: it would answer, and its figures would mean nothing.
"""

from collections.abc import Iterator

from humpback import lm as language_models
from humpback.evaluate.metrics import mean_of, metric
from humpback.lm import LM, Sampling
from humpback.lm.likelihood import mean_nll
from humpback.prompts.backward import BackwardConfig, backward_prompt
from humpback.prompts.forward import TagConfig, forward_prompt
from humpback.schema import Row, row_seed


def forward_nll(rows: list[Row], lm: LM, tags: TagConfig, max_tokens: int) -> list[float | None]:
    """Mean NLL in nats per token of each human response given its instruction, under the seed's tag."""
    language_models.reading(lm, "forward")
    asked = [forward_prompt(row["instruction"], tags.seed) for row in rows]
    return mean_nll(asked, [lm.clip(row["response"], max_tokens)[0] for row in rows], lm)


def ended(rows: list[Row], lm: LM, tags: TagConfig, sampling: Sampling) -> list[float]:
    """For each row 1.0 if the answer ends by itself within `sampling.max_new_tokens`, under the inference tags, else 0.0."""
    language_models.reading(lm, "forward")
    asked = [forward_prompt(row["instruction"], tags.inference) for row in rows]
    made = lm.generate(asked, sampling, [row_seed(row["id"], "stop") for row in rows])
    return [float(completion.finish == "stop") for completion in made]


def stop_rate(rows: list[Row], lm: LM, tags: TagConfig, sampling: Sampling, model: str, round: int | None) -> Row:
    """The share of answers that `ended`."""
    return mean_of("stop_rate", model, ended(rows, lm, tags, sampling), unit="share", round=round)


def backward_quality(
    rows: list[Row], lm: LM, config: BackwardConfig, tags: TagConfig, sampling: Sampling, model: str = "backward"
) -> Iterator[Row]:
    """NLL of the human instruction, and ROUGE-L of the one drawn, with and without its own heading being shown."""
    language_models.reading(lm, "backward")
    asked = [backward_prompt(row, config, tags.seed, lm.clip)[0] for row in rows]
    references = [row["instruction"] for row in rows]
    yield mean_of("instruction_nll", model, mean_nll(asked, references, lm), unit="nats/token")
    made = lm.generate(asked, sampling, [row_seed(row["id"], "backward") for row in rows])
    from rouge_score.rouge_scorer import RougeScorer  # draws in nltk, and a finished run needs none of it

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    overlap = [scorer.score(r, c.text)["rougeL"].fmeasure for r, c in zip(references, made, strict=True)]
    yield mean_of("instruction_rouge_l", model, overlap, unit="F1")
    shuffled = references[1:] + references[:1]
    chance = [scorer.score(r, c.text)["rougeL"].fmeasure for r, c in zip(shuffled, made, strict=True)]
    yield mean_of("instruction_rouge_l", model, chance, unit="F1", note="against another row's instruction (chance)")
    yield metric(
        "instruction_stop_rate", model, sum(c.finish == "stop" for c in made) / len(made), n=len(made), unit="share"
    )
