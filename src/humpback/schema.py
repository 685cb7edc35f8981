"""Rows: dicts with declared columns, an `id`, and the `parent` id that they came from.

One `pyarrow.Schema` per kind of row. `response` is always the web text (or a rewrite of it), `instruction` always what
was asked. A row that has a column nobody declared is a fault and is refused when it is written.
"""

import hashlib
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

_ID = [("id", pa.string()), ("parent", pa.string())]
_WEB = [("url", pa.string()), ("header_path", pa.list_(pa.string()))]

SOURCE = pa.schema(
    [
        *_ID,
        ("file", pa.string()),
        ("path", pa.string()),
        ("kind", pa.string()),
        ("size", pa.int64()),
        ("digest", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
    ]
)
DOCUMENT = pa.schema(
    [
        *_ID,
        ("url", pa.string()),
        ("html", pa.string()),
        ("text", pa.string()),
        ("title", pa.string()),
        ("encoding", pa.string()),
        ("lang", pa.string()),
        ("license", pa.string()),
        ("opt_out", pa.list_(pa.string())),
        ("warc", pa.string()),
        ("offset", pa.int64()),
        ("date", pa.string()),
    ]
)
SEGMENT = pa.schema(
    [
        *_ID,
        *_WEB,
        ("level", pa.int32()),
        ("parent_segment", pa.string()),
        ("text", pa.string()),
        # What stands before and behind it on its page, as far as `corpus.segment.around` says.
        ("around", pa.list_(pa.string())),
        # What its author was asked, on a page of posts: the thread's title and its first post.
        ("question", pa.string()),
        ("n_chars", pa.int32()),
        ("lang", pa.string()),
        ("lang_probability", pa.float64()),
        ("flags", pa.list_(pa.string())),
        ("warc", pa.string()),
        ("offset", pa.int64()),
        ("date", pa.string()),
        ("license", pa.string()),
        ("opt_out", pa.list_(pa.string())),
        ("link_share", pa.float64()),
        ("redacted", pa.list_(pa.string())),
        ("contamination", pa.string()),
    ]
)
CANDIDATE = pa.struct(
    [
        ("instruction", pa.string()),
        ("logprob", pa.float64()),
        ("finish", pa.string()),
        ("guard", pa.string()),
        ("raw", pa.string()),
        ("drawn", pa.int32()),
        ("gain", pa.float64()),
        ("round_trip", pa.float64()),
    ]
)
PAIR = pa.schema(
    [
        *_ID,
        *_WEB,
        ("instruction", pa.string()),
        ("response", pa.string()),
        # The page's text, where the response is another one; and whether it is, or why not.
        ("draft", pa.string()),
        ("answered", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
        ("method", pa.string()),
        ("lm", pa.string()),
        ("prompt", pa.string()),
        ("logprob", pa.float64()),
        ("finish", pa.string()),
        ("clipped", pa.bool_()),
        ("candidates", pa.list_(CANDIDATE)),
        ("lang", pa.string()),
        ("style", pa.string()),
        ("instruction_lang", pa.string()),
        ("chosen_by", pa.string()),
        ("label", pa.int32()),
        ("contamination", pa.string()),
        ("license", pa.string()),
        ("opt_out", pa.list_(pa.string())),
    ]
)
# A pair in another wording, and a hard negative: nearly the same request with another answer.
TRIPLE = pa.schema(
    [
        *PAIR,
        ("paraphrase", pa.string()),
        ("paraphrase_by", pa.string()),
        ("paraphrase_finish", pa.string()),
        ("negative_instruction", pa.string()),
        ("negative_response", pa.string()),
        ("negative_of", pa.string()),
        ("negative_similarity", pa.float64()),
    ]
)
# A pair in the wording in which it came back from another language: `abroad` is what it was there, `trips` how often it
# went, by which `route`; `novelty` is 1 - ROUGE-L to its own wording, and the cosines are those to its own texts.
PIVOTED = pa.schema(
    [
        *TRIPLE,
        ("abroad", pa.string()),
        ("abroad_response", pa.string()),
        ("trips", pa.int32()),
        ("route", pa.string()),
        ("novelty", pa.float64()),
        ("cosine", pa.float64()),
        ("answer_cosine", pa.float64()),
        ("entailed", pa.float64()),
    ]
)
# What a model answers to the prompt of a set, in the columns of AlpacaEval.
OUTPUT = pa.schema(
    [
        *_ID,
        ("dataset", pa.string()),
        ("instruction", pa.string()),
        ("output", pa.string()),
        ("generator", pa.string()),
        ("finish", pa.string()),
    ]
)
# Two answers and which is better, in the columns of AlpacaEval: 1 is the reference, 2 the model, and `preference` 1 where
# the first is preferred, 2 where the second is, 1.5 a draw; null where there is none, as `status` says. `shown_second` and
# `shown_first` are how likely the judge holds the model's answer to be the better one in either order.
VERDICT = pa.schema(
    [
        *_ID,
        ("dataset", pa.string()),
        ("instruction", pa.string()),
        ("output_1", pa.string()),
        ("generator_1", pa.string()),
        ("output_2", pa.string()),
        ("generator_2", pa.string()),
        ("annotator", pa.string()),
        ("preference", pa.float64()),
        ("status", pa.string()),
        ("shown_second", pa.float64()),
        ("shown_first", pa.float64()),
        ("raw_completion", pa.list_(pa.string())),
    ]
)
# One measured value. `part` says of what part of the thing (a kind of damage, kept or dropped), `against` which second
# model or scorer is compared with, `judge` who told, where somebody did, `at` the place on a curve; `low` and `high` are
# 95 %. `note` is for people alone.
METRIC = pa.schema(
    [
        *_ID,
        ("metric", pa.string()),
        ("part", pa.string()),
        ("model", pa.string()),
        ("against", pa.string()),
        ("judge", pa.string()),
        ("round", pa.int32()),
        ("split", pa.string()),
        ("seed", pa.int32()),
        ("at", pa.float64()),
        ("value", pa.float64()),
        ("se", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("unit", pa.string()),
        ("note", pa.string()),
    ]
)
DROPPED = pa.schema([*_ID, ("step", pa.string()), ("reason", pa.string()), ("value", pa.string())])


def row_id(parent: str, stage: str, ordinal: int = 0) -> str:
    """The id of the `ordinal`-th row that `stage` makes from `parent`: the same on every machine and every run."""
    return hashlib.blake2b(f"{parent}\0{stage}\0{ordinal}".encode(), digest_size=12).hexdigest()


def row_seed(row: str, salt: str) -> int:
    """A 63-bit sampling seed that belongs to the row `row`, whatever batch it is drawn in."""
    return int.from_bytes(hashlib.blake2b(f"{row}\0{salt}".encode(), digest_size=8).digest(), "big") >> 1
