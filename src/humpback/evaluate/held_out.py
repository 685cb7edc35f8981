"""What a model makes of held-out seed pairs: NLL, stop rate, and for the backward model ROUGE-L."""

from collections.abc import Iterator

from humpback.curate.likelihood import mean_nll
from humpback.evaluate.metrics import mean_of, metric
from humpback.lm import LM, Sampling
from humpback.methods.backtranslate import BackwardConfig, TagConfig, backward_prompt, forward_prompt
from humpback.schema import Row, row_seed


def forward_nll(rows: list[Row], lm: LM, tags: TagConfig, max_tokens: int) -> list[float | None]:
    """Mean NLL in nats per token of each human response given its instruction, under the seed's tag."""
    asked = [forward_prompt(row["instruction"], tags.seed) for row in rows]
    return mean_nll(asked, [lm.clip(row["response"], max_tokens)[0] for row in rows], lm)


def stop_rate(rows: list[Row], lm: LM, tags: TagConfig, sampling: Sampling, model: str, round: int | None) -> Row:
    """Share of answers that end by themselves within `sampling.max_new_tokens`, under the inference tags."""
    asked = [forward_prompt(row["instruction"], tags.inference) for row in rows]
    made = lm.generate(asked, sampling, [row_seed(row["id"], "stop") for row in rows])
    return mean_of("stop_rate", model, [float(c.finish == "stop") for c in made], unit="share", round=round)


def backward_quality(rows: list[Row], lm: LM, config: BackwardConfig, tags: TagConfig, sampling: Sampling) -> Iterator[Row]:
    """NLL of the human instruction, and ROUGE-L of the one drawn, with and without its own heading being shown."""
    asked = [backward_prompt(row, config, tags.seed, lm.clip)[0] for row in rows]
    references = [row["instruction"] for row in rows]
    yield mean_of("instruction_nll", "backward", mean_nll(asked, references, lm), unit="nats/token")
    made = lm.generate(asked, sampling, [row_seed(row["id"], "backward") for row in rows])
    from rouge_score.rouge_scorer import RougeScorer  # draws in nltk, and a finished run needs none of it

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    overlap = [scorer.score(r, c.text)["rougeL"].fmeasure for r, c in zip(references, made, strict=True)]
    yield mean_of("instruction_rouge_l", "backward", overlap, unit="F1")
    shuffled = references[1:] + references[:1]
    chance = [scorer.score(r, c.text)["rougeL"].fmeasure for r, c in zip(shuffled, made, strict=True)]
    yield mean_of("instruction_rouge_l", "backward", chance, unit="F1", note="against another row's instruction (chance)")
    yield metric(
        "instruction_stop_rate", "backward", sum(c.finish == "stop" for c in made) / len(made), n=len(made), unit="share"
    )
