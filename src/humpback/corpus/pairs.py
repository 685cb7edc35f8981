"""Files of pairs: JSON, JSONL, Parquet or CSV with `instruction` and `response`, and the shapes that other tools write.

Read are also alpaca (`instruction`, `input`, `output`, `history`), Dolly (`context`), prompt-completion, `messages`,
ShareGPT and LIMA (`conversations`): see `exchanges`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from humpback.config import OFTEN, Config
from humpback.corpus.documents.document import Found, Unread, writable
from humpback.corpus.exchanges import exchange, shape
from humpback.corpus.held_out import REASON, HeldOut, NearConfig
from humpback.corpus.inputs.sources import FilesConfig, Listing, listed
from humpback.corpus.tables import records_of, table_sources, text_of
from humpback.errors import UsageFault
from humpback.run import Run
from humpback.schema import PAIR, SOURCE, Row, row_id
from humpback.stage import Drop, Outcome, Stage
from humpback.store import Dataset
from humpback.text.near_duplicates import BATCH

# A pair is good or bad.
_LABELS = {"1": 1, "1.0": 1, "true": 1, "good": 1, "0": 0, "0.0": 0, "false": 0, "bad": 0}


class SeedSettings(Config):
    """Human pairs, and how many are held out for measuring."""

    path: Annotated[str, OFTEN] = Field("", description="JSONL or Parquet with instruction and response")
    dev: float = Field(0.1, description="share on which the judge's competence is measured (ours)")
    test: float = Field(0.1, description="share on which models are measured and nothing is chosen (ours)")


class ReadPairsConfig(Config):
    """What the rows of the files are called in the column `source`."""

    source: str = "given"


class SplitConfig(Config):
    """The shares of pairs that are held out, the seed of their draw, and what is too near to them to be trained on."""

    dev: float
    test: float
    seed: int
    near: NearConfig = NearConfig()


def pairs_of_file(run: Run, path: str, source: str = "given", name: str = "pairs", **about: Any) -> Dataset:
    """The pairs of the file or files at `path`: of `kind="pairs"`, unless `about` says what else they are."""
    files = FilesConfig(listed=Listing(tuple(table_sources(path)), addressed=False))
    found = run.put(f"{name}-files", Stage("files", SOURCE, listed, files), kind="files", of=name)
    read = Stage("read-pairs", PAIR, read_pairs, ReadPairsConfig(source=source), reads="records")
    return run.map(name, read, found, **(about or {"kind": "pairs", "of": source}))


def seed_pairs(run: Run, settings: SeedSettings, random_seed: int) -> Dataset:
    """The seed, split into train, dev and test; raises `UsageFault` where one of them has fewer than two pairs."""
    pairs = pairs_of_file(run, settings.path, "seed", "seed-pairs", kind="candidates", of="seed")
    config = SplitConfig(dev=settings.dev, test=settings.test, seed=random_seed)
    seed = run.map("seed", Stage("seed", PAIR, split, config, scope="dataset"), pairs, kind="seed")
    counts = {name: sum(row["split"] == name for row in seed.rows(["split"])) for name in ("train", "dev", "test")}
    if min(counts.values()) < 2:
        raise UsageFault(
            f"the seed has {len(seed)} pairs: {counts['train']} to train on, {counts['dev']} dev, {counts['test']} test",
            "each needs at least 2: add seed pairs, or raise seed.dev and seed.test",
        )
    return seed


def read_pairs(config: ReadPairsConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs in each source; what is no pair, or comes again, is dropped with the reason."""
    seen: dict[str, str] = {}
    for source in rows:
        for number, found in enumerate(records_of(source)):
            yield _pair(source, found, number, seen, config.source)


def _pair(source: Row, found: Found, number: int, seen: dict[str, str], kind: str) -> Outcome:
    """`seen` are the ids of the pairs so far, by their content and by themselves."""
    at = {"id": row_id(source["id"], "pair-at", number), "parent": source["id"]}
    if isinstance(found, Unread):
        return Drop(at, found.reason, f"record {number + 1}: {found.value}")
    record = found[1]
    if not isinstance(record, dict):
        return Drop(at, "not_json", f"record {number + 1}: {type(record).__name__}")
    said = exchange(record)
    if said is None:
        return Drop(at, "missing_field", f"record {number + 1} has: {shape(record)}")
    instruction, response = writable(said[0]).strip(), writable(said[1]).strip()
    if not instruction or not response:
        return Drop(at, "empty_field", f"record {number + 1}")
    content = _content(instruction, response)
    if content in seen:
        return Drop(at, "duplicate", seen[content])
    id = row_id(str(record.get("id") or content), kind)
    # Tools number their pairs in each file anew, and some give all of them one id.
    id = row_id(f"{record.get('id')}\0{content}", kind) if id in seen else id
    seen[content] = seen[id] = id
    path, label, opt_out = record.get("header_path"), record.get("label"), record.get("opt_out")
    return {
        "id": id,
        "parent": source["id"],
        "url": text_of(record.get("url")),
        "header_path": _texts(path, " > "),
        "instruction": instruction,
        "response": response,
        "source": kind,
        "lang": text_of(record.get("lang")),
        "finish": text_of(record.get("finish")),
        # Anything else is no label.
        "label": _LABELS.get(str(label).strip().lower()),
        "license": text_of(record.get("license")),
        "opt_out": _texts(opt_out, ","),
    }


def _content(instruction: str, response: str) -> str:
    return hashlib.blake2b(f"{instruction}\0{response}".encode(), digest_size=8).hexdigest()


def _texts(value: Any, between: str) -> list[str] | None:
    """A list of texts, also such as tables of texts write one."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(between) if part.strip()] or None
    return [str(part) for part in value] if isinstance(value, list) else None


def split(config: SplitConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each pair with its `split`: train, dev or test, by a seeded hash of its content, so that more seed moves no pair.

    A pair to train on that equals or nearly equals a held-out one is dropped as "held_out_pair", with the id of that one.
    `rows` is gone through twice; in memory is what the held-out ones are known by.
    """
    held = HeldOut(config.near, (row for row in rows if _place(config, row) != "train"))
    waiting = ({**row, "split": _place(config, row)} for row in rows)
    while batch := list(islice(waiting, BATCH)):
        train = [row for row in batch if row["split"] == "train"]
        twins = {row["id"]: twin for row, twin in zip(train, held.twins(train), strict=True) if twin}
        yield from (Drop(row, REASON, twins[row["id"]]) if row["id"] in twins else row for row in batch)


def _place(config: SplitConfig, row: Row) -> str:
    own = row_id(_content(row["instruction"], row["response"]), row["source"])
    draw = int.from_bytes(hashlib.blake2b(f"{config.seed}\0{own}".encode(), digest_size=6).digest(), "big") / 2**48
    return "test" if draw < config.test else "dev" if draw < config.test + config.dev else "train"
