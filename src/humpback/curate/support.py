"""Does a rewrite say what its draft says? Sentence by sentence, by embeddings, by entailment, by likelihood.

Embeddings tell what a sentence is about, and not whether the draft says it or denies it; a model of entailment does, and is
dear; what the draft gains a sentence under a model of the run needs no other model (all ours).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.curate.likelihood import if_it_can
from humpback.lm import LM
from humpback.lm.encoders import CrossEncoder, Encoder, EncoderName, open_cross_encoder, open_encoder
from humpback.lm.likelihood import mean_nll
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.prompts.quoting import quoted
from humpback.schema import Row
from humpback.stage import Outcome
from humpback.text.sentences import pieces

SUPPORT = "support-v1"
# What stands where the draft would, as in `scorers.specificity`.
NO_TEXT = "N/A"
# Shorter ones are taken with the next.
SHORTEST = 6
WINDOW = 1024


class SupportConfig(Config):
    """Which models are asked, and from where on a sentence is supported."""

    embedding: EncoderName | None = None
    entailment: EncoderName | None = None
    least_cosine: float = Field(0.6, description="with a sentence of the draft, or two neighbouring ones (ours)")
    least_entailment: float = Field(0.5, description="probability that such a passage entails the sentence (ours)")


def supported(config: SupportConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every row with the share of its response's sentences that a passage of its draft supports: `supported` by cosine,
    `supported_least` the lowest of these cosines, `supported_nli` by entailment.

    Null where the response is no rewrite (no draft), where it has no sentence, and for models that `config` names not. A
    draft without sentences, such as a table, supports none.
    """
    encoder = open_encoder(config.embedding) if config.embedding else None
    judge = open_cross_encoder(config.entailment) if config.entailment else None
    waiting = iter(rows)
    while window := list(islice(waiting, WINDOW)):
        parts = [pieces(row["response"], SHORTEST) if row.get("draft") else [] for row in window]
        given = [passages(row["draft"]) if own else [] for row, own in zip(window, parts, strict=True)]
        near = _cosines(parts, given, encoder) if encoder else [[]] * len(window)
        entailed = _entailments(parts, given, judge) if judge else [[]] * len(window)
        for row, cosines, probabilities in zip(window, near, entailed, strict=True):
            yield {
                **row,
                "supported": _share(cosines, config.least_cosine),
                "supported_least": min(cosines, default=None),
                "supported_nli": _share(probabilities, config.least_entailment),
            }


def passages(text: str) -> list[str]:
    """What may support a sentence: each sentence of `text`, and each two neighbours."""
    own = pieces(text, SHORTEST)
    return [*own, *(f"{one} {other}" for one, other in pairwise(own))]


def _cosines(parts: Sequence[list[str]], given: Sequence[list[str]], encoder: Encoder) -> list[list[float]]:
    texts = list(dict.fromkeys(text for each in (*parts, *given) for text in each))
    known = dict(zip(texts, encoder.embed(texts), strict=True)) if texts else {}
    return [
        (np.stack([known[text] for text in own]) @ np.stack([known[text] for text in there]).T).max(1).tolist()
        if own and there
        else [0.0] * len(own)
        for own, there in zip(parts, given, strict=True)
    ]


def _entailments(parts: Sequence[list[str]], given: Sequence[list[str]], judge: CrossEncoder) -> list[list[float]]:
    asked = [(i, place, premise) for i, own in enumerate(parts) for place in range(len(own)) for premise in given[i]]
    scores = judge.scores([(premise, parts[i][place]) for i, place, premise in asked])
    made = [[0.0] * len(own) for own in parts]
    for (i, place, _), score in zip(asked, scores, strict=True):
        made[i][place] = max(made[i][place], score)
    return made


def _share(values: Sequence[float], least: float) -> float | None:
    return sum(value >= least for value in values) / len(values) if values else None


class SupportGainConfig(Config):
    """Drafts are clipped to `max_tokens`."""

    max_tokens: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(SUPPORT, FORWARD)


def support_gain(config: SupportGainConfig, rows: list[Row], lm: LM) -> Iterator[Row]:
    """Every row with `supported_gain`: the least, over a rewrite's sentences, of what its draft gains the sentence under
    `lm`, in nats per token. Null where there is no draft, or nothing can be had."""
    language_models.reading(lm, "forward")
    asked = [(i, part) for i, row in enumerate(rows) if row.get("draft") for part in pieces(row["response"], SHORTEST)]
    texts = {i: lm.clip(rows[i]["draft"], config.max_tokens)[0] for i in dict.fromkeys(i for i, _ in asked)}
    losses = [
        if_it_can(partial(mean_nll, [_told(text) for text in shown], [part for _, part in asked], lm))
        for shown in ([texts[i] for i, _ in asked], [NO_TEXT] * len(asked))
    ]
    gained: dict[int, list[float]] = {}
    for (i, _), given, bare in zip(asked, losses[0] or (), losses[1] or (), strict=False):
        if given is not None and bare is not None:
            gained.setdefault(i, []).append(bare - given)
    yield from ({**row, "supported_gain": min(gained.get(i, ()), default=None)} for i, row in enumerate(rows))


def _told(text: str) -> str:
    return forward_prompt(prompts.render(SUPPORT, text=quoted(text)), "")
