"""Choose among drawn instructions with both models: the backward one that wrote them, and a forward one that answers."""

from collections.abc import Iterator

from humpback import lm as language_models
from humpback.config import Config
from humpback.errors import LMError, UsageFault
from humpback.guards.checks import GuardConfig
from humpback.lm import LM
from humpback.lm.likelihood import gains
from humpback.methods.candidates import best, columns, marked
from humpback.prompts.forward import TagConfig
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome


class RoundTripConfig(Config):
    """Answers are clipped to `max_tokens`; `weight` is that of the gain."""

    tags: TagConfig
    guards: GuardConfig
    weight: float
    max_tokens: int


def round_trip(config: RoundTripConfig, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Choose anew among the `candidates` of pairs that `backtranslate.augment` made, with the forward model `lm`.

    round_trip = mean log p(x | y) + weight * gain(x, y), in nats per token: how likely the instruction x is after the
    text y under the backward model, and how much likelier x makes y under the forward model, which instructions that
    would fit any text do not (ours). Every candidate that passes the guards is measured, each once; the others never
    win if one passes. Where the writer of one gave no log-probability, gain alone ranks all of that text. Candidates
    that do not fit the forward model have null and come last.

    A text with several pairs has them chosen anew in order of their ordinals; where too few instructions differ, the pair
    is dropped as `same_instruction`. Raises `UsageFault` if the forward model gives no log-probabilities.
    """
    language_models.reading(lm, "forward")
    listed = [marked(row, row.get("candidates") or [], config.guards) for row in rows]
    asked = [(c["instruction"], row["response"]) for row, own in zip(rows, listed, strict=True) for c in own
             if c["guard"] is None]  # fmt: skip
    different = list(dict.fromkeys(asked))
    try:
        measured = dict(zip(different, gains(different, lm, config.tags.web, config.max_tokens), strict=True))
    except LMError as error:
        if error.retryable:
            raise
        raise UsageFault(
            f"choosing by round trip needs log-probabilities from {lm.name}: {error.fact}",
            "--set augment.choose=likelihood, or name a forward model on this machine",
        ) from error
    for row, own in zip(rows, listed, strict=True):
        gained = [{**c, "gain": measured.get((c["instruction"], row["response"]))} for c in own]
        yield _chosen(row, _scored(gained, config.weight)) if own else row


def _scored(candidates: list[Row], weight: float) -> list[Row]:
    """With `round_trip` for each that has a gain; the first term is in all of them or in none."""
    known = all(c["logprob"] is not None for c in candidates if c["gain"] is not None)
    return [
        {**c, "round_trip": None if c["gain"] is None else (c["logprob"] if known else 0.0) + weight * c["gain"]}
        for c in candidates
    ]


def _chosen(row: Row, candidates: list[Row]) -> Outcome:
    ordinal = next((i for i in range(len(candidates)) if row_id(row["parent"], "pair", i) == row["id"]), 0)
    picked = best(candidates, "round_trip", ordinal + 1)
    if len(picked) <= ordinal:
        return Drop(row, "same_instruction", f"{len(picked)} different ones, this is number {ordinal + 1}")
    return {**row, **columns(picked[ordinal]), "candidates": candidates}
