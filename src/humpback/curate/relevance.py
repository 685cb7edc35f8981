"""Scorers that are other people's models: cosine of instruction and response, entailment, relevance of a cross-encoder.

All are off unless a setting names a model: who selects with them selects with an outside judge, and the claim that a model
curates its own data (Humpback, section 2.3) no longer holds for that run.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from pydantic import Field

from humpback.config import Config
from humpback.lm.encoders import CrossEncoder, Encoder, EncoderName, Vectors, open_cross_encoder, open_encoder
from humpback.schema import Row
from humpback.stage import Outcome
from humpback.text.sentences import pieces

# Rows among which an instruction must find its response: 4,096 x 4,096 similarities are 64 MB.
WINDOW = 4096
SHORTEST = 8
_OUTSIDE = "an outside model, so that the model no longer curates its own data; unset: off (paper)"


class RelevanceConfig(Config):
    """Models of sentence-transformers: folders, names in the hub's cache, or `minilm`."""

    embedding: EncoderName | None = Field(
        None, description=f"embeds instruction and response, minilm or another: {_OUTSIDE}"
    )
    entailment: EncoderName | None = Field(None, description=f"an NLI model, or a relevance cross-encoder: {_OUTSIDE}")


def relevance(config: RelevanceConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Every row with the columns of the models that `config` names; raises `UsageFault` for one that is not there.

    `relevance` is the cosine of instruction and response, `embedding_rank` the place of the row's own response among all
    different responses of its window of `WINDOW` rows, 1 first, `stray_sentence` the lowest cosine of a sentence of the
    response and the whole, `heading_relevance` the cosine of instruction and headings, null where there are none.
    `entailment` is the probability that the response entails that it answers the instruction, or
    what a relevance model gives for the two. `relevance_clipped` and `entailment_clipped` tell where the model read the
    beginning of the response alone.
    """
    encoder = open_encoder(config.embedding) if config.embedding else None
    judge = open_cross_encoder(config.entailment) if config.entailment else None
    waiting = iter(rows)
    while window := list(islice(waiting, WINDOW)):
        embedded = _embedded(window, encoder) if encoder else [{}] * len(window)
        entailed = _entailed(window, judge) if judge else [{}] * len(window)
        for row, *columns in zip(window, embedded, entailed, strict=True):
            yield {**row, **columns[0], **columns[1]}


def _embedded(rows: list[Row], encoder: Encoder) -> list[Row]:
    responses = [row["response"] for row in rows]
    asked = encoder.embed([row["instruction"] for row in rows], "query")
    given = encoder.embed(responses)
    columns = {
        "relevance": np.einsum("nd,nd->n", asked, given).tolist(),
        "embedding_rank": embedding_ranks(asked, given, responses),
        "relevance_clipped": [not read for read in encoder.read_whole(responses)],
        "stray_sentence": stray_sentences(responses, given, encoder),
        "heading_relevance": _under_headings(rows, asked, encoder),
    }
    return [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]


def _under_headings(rows: list[Row], asked: Vectors, encoder: Encoder) -> list[float | None]:
    paths = [" > ".join(part for part in row.get("header_path") or [] if part) for row in rows]
    different = list(dict.fromkeys(path for path in paths if path))
    known = dict(zip(different, encoder.embed(different), strict=True)) if different else {}
    return [float(vector @ known[path]) if path else None for vector, path in zip(asked, paths, strict=True)]


def stray_sentences(texts: Sequence[str], vectors: Vectors, encoder: Encoder) -> list[float | None]:
    """The lowest cosine of a sentence of each text and the whole, whose `vectors` are (n, d); None where there is none.

    Sentences of fewer than `SHORTEST` terms are taken with the next, the last one with that before it.
    """
    parts = [pieces(text, SHORTEST) for text in texts]
    different = list(dict.fromkeys(part for own in parts for part in own))
    known = dict(zip(different, encoder.embed(different), strict=True))
    return [
        min((float(known[part] @ whole) for part in own), default=None) for own, whole in zip(parts, vectors, strict=True)
    ]


def embedding_ranks(asked: Vectors, given: Vectors, texts: Sequence[str]) -> list[int]:
    """The place of each row's own response among all different `texts` by cosine, 1 first; a tie counts against it.

    `asked` and `given` are (n, d), of length one, for n `texts`.
    """
    numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    own = np.array([numbers[text] for text in texts], dtype=np.int64)
    first = np.unique(own, return_index=True)[1]
    similar = asked @ given[first].T
    mine = np.take_along_axis(similar, own[:, None], axis=1)
    ranks: list[int] = (similar >= mine).sum(axis=1).tolist()
    return ranks


def _entailed(rows: list[Row], judge: CrossEncoder) -> list[Row]:
    if judge.entailment is None:
        pairs = [(row["instruction"], row["response"]) for row in rows]
    else:
        pairs = [(row["response"], f'This text answers the question: "{row["instruction"]}"') for row in rows]
    return [
        {"entailment": score, "entailment_clipped": not read}
        for score, read in zip(judge.scores(pairs), judge.read_whole(pairs), strict=True)
    ]
