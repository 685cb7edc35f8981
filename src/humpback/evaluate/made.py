"""What pairs are like that were made in different ways: how varied, how near the seed, how fitting, how long."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humpback.config import Config
from humpback.evaluate.selection.likeness import distinct_2
from humpback.lm.encoders import EncoderName, open_encoder
from humpback.metrics import mean_of, metric
from humpback.metrics.shares import share_of
from humpback.schema import Row, row_seed
from humpback.store import Dataset, DatasetFolder
from humpback.text.rouge import Pool
from humpback.text.sentences import terms

# Of each way so many pairs are drawn by id: all with each other are compared.
DRAWN = 200
ALIKE = 0.7


class Made(Config):
    """Pairs by the way in which they were made, the human ones, and an outside model that tells whether two texts fit.

    `nothing` says of ways that gave none why, and `asked` names the datasets for which models were asked.
    """

    seed: DatasetFolder
    ways: dict[str, DatasetFolder]
    nothing: dict[str, str] = Field({}, description="why a way gave none")
    asked: dict[str, tuple[DatasetFolder, ...]] = Field({}, description="what was asked for its pairs")
    embedding: EncoderName | None = None


def measured(config: Made) -> Iterator[Row]:
    """Metric rows of each way, on at most `DRAWN` pairs.

    made: how many there are. made_distinct_2: share of different pairs of neighbouring words in the instructions.
    made_copies: share of instructions with a ROUGE-L above 0.7 with another. made_near_seed: largest ROUGE-L with a seed
    instruction. made_fit: cosine of instruction and answer, by an outside model if one is named, and made_spread: mean
    distance (1 - cosine) of two instructions. made_words: of instructions and answers. made_written: share of the answers
    that a model wrote. made_tokens, made_seconds: what models read, wrote and took for all of them, trainings left out.
    """
    human = Pool(row["instruction"] for row in Dataset(config.seed).rows() if row.get("split") in (None, "train"))
    encoder = open_encoder(config.embedding) if config.embedding else None
    yield from (metric("made", way, 0.0, n=0, unit="pairs", note=why) for way, why in config.nothing.items())
    yield from _spent(config)
    for way, folder in config.ways.items():
        every = list(Dataset(folder).rows())
        rows = sorted(every, key=lambda row: row_seed(row["id"], "made"))[:DRAWN]
        asked, answers = ([row[column] for row in rows] for column in ("instruction", "response"))
        yield metric("made", way, float(len(every)), n=len(every), unit="pairs")
        yield metric("made_distinct_2", way, distinct_2(asked), n=len(rows), unit="share")
        yield share_of("made_copies", way, copies(asked), len(rows))
        yield mean_of("made_near_seed", way, [human.likest(text) for text in asked], unit="F1")
        if encoder and rows:
            told = encoder.embed(asked, "query")
            yield mean_of("made_fit", way, (told * encoder.embed(answers)).sum(1).tolist(), unit="cosine")
            yield metric("made_spread", way, spread(told), n=len(rows), unit="1 - cosine")
        for part, texts in (("instruction", asked), ("response", answers)):
            yield mean_of("made_words", way, [float(len(terms(text))) for text in texts], unit="words", part=part)
        yield share_of("made_written", way, sum(map(_is_written, rows)), len(rows))


def copies(texts: Sequence[str]) -> int:
    """How many of them are nearly as another one is."""
    pool = Pool(texts)
    return sum(pool.likest(text, ALIKE, but=number) > 0 for number, text in enumerate(texts))


def spread(vectors: npt.NDArray[Any]) -> float | None:
    """The mean distance of two of these vectors of length one; None of fewer than two."""
    n = len(vectors)
    return float(1 - (np.square(vectors.sum(0)).sum() - n) / (n * (n - 1))) if n > 1 else None


def _spent(config: Made) -> Iterator[Row]:
    for way, folders in config.asked.items():
        every = [Dataset(folder).totals for folder in folders]
        for part, kind in (("read", "prompt_tokens"), ("written", "completion_tokens")):
            tokens = sum(each.spent.get(kind, 0.0) for each in every)
            yield metric("made_tokens", way, tokens, n=len(every), part=part, unit="tokens")
        yield metric("made_seconds", way, sum(each.seconds for each in every), n=len(every), unit="seconds")


def _is_written(row: Row) -> bool:
    """Whether a model wrote the answer: that of a page, or of a person, is nobody's."""
    answered: Any = row.get("answered")
    return answered in ("rewritten", "distilled", "pivot", "target") or row["source"] in ("self_instruct", "codec")
