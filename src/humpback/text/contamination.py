"""Segments or pairs that hold what a model is later evaluated on: n-grams shared with evaluation prompts and references.

A shared 13-gram (Brown et al. 2020, appendix C) is reported. It is no proof: audits find that most such matches are
quotations, licences and set phrases. A row falls only where it holds half of all n-grams of one prompt or reference (the
share of Tulu 3, Lambert et al. 2024, there with 8-grams), or a short prompt whole. Report first, read, then drop.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import fsspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from humpback.config import Config, Planned
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.near_duplicates import Hashes, Numbers, ngram_hashes
from humpback.text.sentences import terms

# What the formats call the side that answers.
ANSWERERS = ("assistant", "gpt", "chatgpt", "bot", "model", "ai")
TEXTS = ("instruction", "response", "text")
# What evaluation files call the two sides of an item.
PROMPTS = ("instruction", "prompt", "question", "query", "problem", "input", "context", "passage")
REFERENCES = ("output", "outputs", "response", "reference", "references", "answer", "answers", "completion", "solution")
_BATCH = 256
# An n-gram of so many different prompts and references is a form of words, as in "answer with the letter of the choice".
_SET_PHRASE = 5
# Of the terms of an n-gram that tells anything this share has two letters or more, and this many are different: lists of
# numbers, formulas and stubs of code are shared by texts that have nothing else in common.
_WORDY, _DIFFERENT = 0.5, 0.5


def named_content(path: str) -> str:
    """The name of a file of evaluation data, which rows hold, and the sha256 of what is in it."""
    return f"{PurePosixPath(path).name} {hashlib.sha256(_bytes(path)).hexdigest()}"


class ContaminationConfig(Config):
    """Which evaluation data to look for, and what to do with a row that holds some of it."""

    against: tuple[Annotated[str, Planned(named_content)], ...] = Field(
        (), description="JSON, JSONL or Parquet files of evaluation prompts and references"
    )
    mode: Literal["report", "drop"] = Field("report", description="report: only fill the column `contamination`")
    ngram: int = Field(13, ge=5, description="terms in an n-gram (GPT-3)")
    share: float = Field(0.5, gt=0, le=1, description="share of a prompt's n-grams in a row that drops the row (Tulu 3)")
    shortest: int = Field(
        8, ge=3, description="terms of the shortest prompt that is looked for; below `ngram`: whole (ours)"
    )


@dataclass(frozen=True)
class Match:
    """`share` of the n-grams of the evaluation text `name` stand in a row; `ngram` is the first of them."""

    name: str
    share: float
    ngram: str

    def __str__(self) -> str:
        return f"{self.name} {self.share:.2f}: {self.ngram}"


@dataclass(frozen=True)
class Index:
    """The n-grams of evaluation texts, and which text holds which.

    `hashes` are sorted; text `owners[j]` holds `hashes[i]` for j from `starts[i]` up to `starts[i + 1]`. `maybe` is True at
    the lowest bits of each: it answers for almost all n-grams of a row, at a tenth of the cost of a search.
    """

    names: list[str]
    totals: list[int]
    sizes: tuple[int, ...]
    hashes: Hashes
    starts: Numbers
    owners: Numbers
    maybe: npt.NDArray[np.bool_]

    def find(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """(places in `hashes`, places in `self.hashes`) of those that are in both."""
        at = np.flatnonzero(self.maybe[hashes & np.uint64(len(self.maybe) - 1)])
        found = np.minimum(np.searchsorted(self.hashes, hashes[at]), len(self.hashes) - 1)
        same = self.hashes[found] == hashes[at]
        return at[same], found[same]


def decontaminate(config: ContaminationConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each row with its best match in the column `contamination` (none: None); in mode "drop", drops "contaminated".

    Raises `UsageFault` for a file of `config.against` that cannot be read or holds no evaluation text.
    """
    index = index_of(config) if config.against else None
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        found = matches(index, batch) if index else [None] * len(batch)
        for row, match in zip(batch, found, strict=True):
            if match and match.share >= config.share and config.mode == "drop":
                yield Drop(row, "contaminated", str(match))
            else:
                yield {**row, "contamination": str(match) if match else None}


def matches(index: Index, rows: list[Row]) -> list[Match | None]:
    """For each row the evaluation text of which it holds the largest share, the first of equals."""
    texts = [(i, terms(row[key])) for i, row in enumerate(rows) for key in TEXTS if row.get(key)]
    words = [word for _, text in texts for word in text]
    ends = np.cumsum([len(text) for _, text in texts])
    shared: list[dict[int, dict[int, str]]] = [{} for _ in rows]
    for size, hashes in ngram_hashes(words, index.sizes):
        for at, place in np.stack(index.find(hashes), axis=1).tolist():
            text = int(np.searchsorted(ends, at, "right"))
            if at + size > ends[text]:
                continue
            for owner in index.owners[index.starts[place] : index.starts[place + 1]].tolist():
                shared[texts[text][0]].setdefault(owner, {}).setdefault(place, " ".join(words[at : at + size]))
    return [_best(index, row) for row in shared]


def _best(index: Index, shared: dict[int, dict[int, str]]) -> Match | None:
    shares = {owner: len(ngrams) / index.totals[owner] for owner, ngrams in shared.items()}
    if not shares:
        return None
    owner = min(shares, key=lambda owner: (-shares[owner], owner))
    return Match(index.names[owner], shares[owner], next(iter(shared[owner].values())))


def index_of(config: ContaminationConfig) -> Index:
    """The index over all files of `config.against`, built once in a process for the same contents."""
    return _index(tuple((path, named_content(path)) for path in config.against), config.ngram, config.shortest)


@lru_cache(maxsize=4)
def _index(files: tuple[tuple[str, str], ...], ngram: int, shortest: int) -> Index:
    names: dict[tuple[str, ...], str] = {}
    for path, _ in files:
        for item, side, said in evaluation_texts(path):
            text = tuple(terms(said))
            # A short answer without its question is a phrase like any other, and proves nothing.
            if len(text) >= (shortest if side == "prompt" else ngram):
                # Files of several models' answers hold the same prompts: each counts once, under its first name.
                names.setdefault(text, f"{item} {side}")
    if not names:
        paths = ", ".join(path for path, _ in files)
        raise UsageFault(f"no evaluation prompt in {paths} has {shortest} terms", "lower shortest, or give other files")
    texts = list(names)
    sizes = tuple(sorted({min(ngram, len(text)) for text in texts}))
    hashes, owners = _telling([list(text) for text in texts], ngram)
    return _packed([names[text] for text in texts], sizes, hashes, owners)


def _telling(texts: list[list[str]], ngram: int) -> tuple[Hashes, Numbers]:
    """(hash of an n-gram that is words, number of its text), for all n-grams; a short text is one n-gram."""
    found = [(np.empty(0, dtype=np.uint64), 0)]
    for number, text in enumerate(texts):
        size = min(ngram, len(text))
        ((_, hashes),) = ngram_hashes(text, (size,))
        found.append((hashes[[_is_telling(text[i : i + size]) for i in range(len(hashes))]], number))
    owners = np.concatenate([np.full(len(hashes), number, dtype=np.int64) for hashes, number in found])
    return np.concatenate([hashes for hashes, _ in found]), owners


def _is_telling(gram: list[str]) -> bool:
    # In scripts without spaces a term is one letter.
    words = sum(not term.isnumeric() and (len(term) > 1 or not term.isascii()) for term in gram)
    return len(set(gram)) >= _DIFFERENT * len(gram) and words >= _WORDY * len(gram)


def _packed(names: list[str], sizes: tuple[int, ...], hashes: Hashes, owners: Numbers) -> Index:
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    again = np.append(False, (hashes[1:] == hashes[:-1]) & (owners[1:] == owners[:-1]))
    hashes, owners = hashes[~again], owners[~again]
    distinct, counts = np.unique(hashes, return_counts=True)
    rare = counts < _SET_PHRASE
    owners = owners[np.repeat(rare, counts)]
    distinct, counts = distinct[rare], counts[rare]
    maybe = np.zeros(1 << (16 * len(distinct)).bit_length(), dtype=np.bool_)
    maybe[distinct & np.uint64(len(maybe) - 1)] = True
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Index(names, np.bincount(owners, minlength=len(names)).tolist(), sizes, distinct, starts, owners, maybe)


def evaluation_texts(path: str) -> Iterator[tuple[str, str, str]]:
    """(item, side, text) of each "prompt" and each "reference" in the file; item "NAME#3" is its third record.

    Raises `UsageFault` where there is none.
    """
    found = False
    for number, record in enumerate(_records(path), start=1):
        for side, text in _sides(record):
            found = True
            yield f"{PurePosixPath(path).name}#{number}", side, text
    if not found:
        raise UsageFault(f"{path} holds no evaluation prompt", f"a record has one of: {', '.join(PROMPTS)}, messages")


def _sides(record: Any) -> Iterator[tuple[str, str]]:
    fields = record if isinstance(record, dict) else {"prompt": record}
    turns = fields.get("messages") or fields.get("conversations") or []
    for i, turn in enumerate(turns):
        speaker = turn.get("role", turn.get("from")) if isinstance(turn, dict) else None
        speaker = speaker.strip().lower() if isinstance(speaker, str) else None
        answers = speaker in ANSWERERS if speaker else i % 2 == 1
        said = turn.get("content", turn.get("value")) if isinstance(turn, dict) else turn
        if speaker not in ("system", "developer"):
            yield from (("reference" if answers else "prompt", text) for text in _strings(said))
    for side, keys in (("prompt", PROMPTS), ("reference", REFERENCES)):
        yield from ((side, text) for key in keys for text in _strings(fields.get(key)))


def _strings(value: Any) -> Iterator[str]:
    """All texts in `value`: a list of answers, or a mapping; of one with `text` (SQuAD, messages) only that."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for below in value:
            yield from _strings(below)
    elif isinstance(value, dict):
        yield from _strings(value["text"] if "text" in value else list(value.values()))


def _records(path: str) -> Iterable[Any]:
    data = _bytes(path)
    try:
        if path.endswith(".parquet"):
            rows: list[Row] = pq.read_table(pa.BufferReader(data)).to_pylist()
            return rows
        text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8-sig")
        if path.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        whole = json.loads(text)
    except (pa.ArrowException, OSError, EOFError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageFault(f"cannot read the evaluation data {path}: {reason}", "give JSON, JSONL or Parquet") from None
    return whole if isinstance(whole, list) else [whole]


def _bytes(path: str) -> bytes:
    try:
        with fsspec.open(path, "rb") as file:
            data: bytes = file.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageFault(f"cannot read the evaluation data {path}: {reason}", "check the paths in against") from None
    return data
