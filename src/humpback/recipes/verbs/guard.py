"""Drop pairs whose instruction is a leaked prompt, a copy of the answer, runaway, empty, or in another language.

humpback guard pairs.jsonl --out runs/guarded
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from humpback.config import Config, Shown
from humpback.corpus.pairs import pairs_of_file
from humpback.guards.checks import GuardConfig, guarded
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.stage import Outcome, Stage
from humpback.store import Dataset
from humpback.text.language import identify


class Settings(Config):
    """Pairs, and the bounds of the guards."""

    pairs: Annotated[str, Shown(place="argument", help="JSONL or Parquet with instruction and response.")] = ""
    guards: GuardConfig = GuardConfig()


def recipe(run: Run, settings: Settings) -> Dataset:
    """A file of pairs through the guards."""
    named = run.map("language", Stage("language", PAIR, with_language), pairs_of_file(run, settings.pairs), kind="pairs")
    return run.map("guarded", Stage("guards", PAIR, guarded, settings.guards), named, kind="pairs")


def with_language(_: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Pairs that say no language get the one of their response, for the language guard."""
    for row in rows:
        yield row if row.get("lang") else {**row, "lang": identify(row["response"])[0]}
