"""Files of pairs: JSONL or Parquet with `instruction` and `response`, and the shapes that other tools write.

Read are also alpaca (`instruction`, `input`, `output`), prompt-completion, `messages`, ShareGPT and LIMA
(`conversations`); of longer conversations the first exchange is taken, as the paper does.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import dropwhile
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from humpback.corpus.inputs.sources import sources
from humpback.errors import UsageFault
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome
from humpback.text.contamination import ANSWERERS


def pair_sources(path: str) -> list[Row]:
    """The file or files of pairs at `path`; raises `UsageFault` where there is none, or it is of another kind."""
    rows = sources([path], split=False)
    for row in rows:
        if row["kind"] not in ("jsonl", "parquet"):
            raise UsageFault(f"{row['path']} is no file of pairs", "give JSONL or Parquet with instruction and response")
    return rows


def read_pairs(kind: str, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs in each source, marked `source=kind`; what is no pair is dropped with the reason."""
    seen: set[str] = set()
    for source in rows:
        for number, record in enumerate(_records(source)):
            yield _pair(source, record, number, seen, kind)


def _records(source: Row) -> Iterator[Any]:
    """What the file holds, record by record; in the place of what cannot be read, the error."""
    with fsspec.open(source["path"], "rb", compression=None if source["kind"] == "parquet" else "infer") as file:
        try:
            if source["kind"] == "parquet":
                yield from pq.read_table(file).to_pylist()
                return
            for line in file:
                if line.strip():
                    yield _parsed(line)
        except (pa.ArrowException, EOFError, OSError, ValueError, zlib.error) as error:
            yield error


def _parsed(line: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return error


def _pair(source: Row, record: Any, number: int, seen: set[str], kind: str) -> Outcome:
    at = {"id": row_id(source["id"], "pair-at", number), "parent": source["id"]}
    if not isinstance(record, dict):
        return Drop(
            at, "not_json", f"record {number + 1}: {record if isinstance(record, Exception) else type(record).__name__}"
        )
    instruction, response = _exchange(record)
    if not isinstance(instruction, str) or not isinstance(response, str):
        return Drop(at, "missing_field", f"record {number + 1} has: {', '.join(sorted(record))}")
    instruction, response = instruction.strip(), response.strip()
    if not instruction or not response:
        return Drop(at, "empty_field", f"record {number + 1}")
    own = str(record.get("id") or hashlib.blake2b(f"{instruction}\0{response}".encode(), digest_size=8).hexdigest())
    if own in seen:
        return Drop(at, "duplicate_id", own)
    seen.add(own)
    path = record.get("header_path")
    return {
        "id": row_id(own, kind),
        "parent": source["id"],
        "url": _text(record.get("url")),
        "header_path": [str(part) for part in path] if isinstance(path, list) else None,
        "instruction": instruction,
        "response": response,
        "source": kind,
        "lang": _text(record.get("lang")),
        "finish": _text(record.get("finish")),
        "label": _label(record.get("label")),
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _label(value: Any) -> int | None:
    """1 for a good pair, 0 for a bad one; anything else is no label."""
    return int(value) if value in (0, 1) else None


def _exchange(record: dict[str, Any]) -> tuple[Any, Any]:
    turns = record.get("messages") or record.get("conversations")
    if isinstance(turns, list):
        turns = [turn for turn in turns if _speaker(turn) != "system"]
        # An exchange begins with the question: a greeting of the assistant before it is no instruction.
        texts = [_said(turn) for turn in dropwhile(lambda turn: _speaker(turn) in ANSWERERS, turns)]
        return (texts[0], texts[1]) if len(texts) > 1 else (None, None)
    prompt, given = record.get("instruction", record.get("prompt")), record.get("input")
    if isinstance(prompt, str) and isinstance(given, str) and given.strip():
        prompt = f"{prompt}\n\n{given}"
    answers = (record.get(key) for key in ("response", "output", "completion") if record.get(key) is not None)
    return _single(prompt), _single(next(answers, None))


def _single(value: Any) -> Any:
    return _said(value[0]) if isinstance(value, list) and len(value) == 1 else value


def _said(turn: Any) -> Any:
    return turn.get("content", turn.get("value")) if isinstance(turn, dict) else turn


def _speaker(turn: Any) -> Any:
    return turn.get("role", turn.get("from")) if isinstance(turn, dict) else None


def split(dev: float, test: float, seed: int, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each pair with its `split`: train, dev or test, by a seeded hash of its id, so that more seed moves no row."""
    for row in rows:
        place = int.from_bytes(hashlib.blake2b(f"{seed}\0{row['id']}".encode(), digest_size=6).digest(), "big") / 2**48
        yield {**row, "split": "test" if place < test else "dev" if place < test + dev else "train"}
