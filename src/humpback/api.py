"""What a notebook needs: the verbs and recipes of the command line as functions, and the datasets that they made.

Settings are given by their dotted names, as after `--set`; what is not given has the value that the command line would give
it. A call on a folder where the same was done before returns at once, and one that was killed goes on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from humpback import engine as engines
from humpback import recipes, store
from humpback.config import Config, nested
from humpback.corpus.extract import segments_of
from humpback.corpus.pages import CorpusSettings
from humpback.errors import Incomplete, UsageFault
from humpback.progress import Progress
from humpback.run import Run
from humpback.schema import Row
from humpback.store import Dataset

Settings = Mapping[str, Any]


def run(recipe: str, out: str | Path, settings: Settings | None = None, *, engine: str = "local", workers: int = 1,
        quiet: bool = True) -> Dataset | None:  # fmt: skip
    """Carry out a recipe in the folder `out`, or go on with it; returns the dataset that it makes, if it makes one.

    Raises `UsageFault` for settings that there are not, or a folder that was made with others.

    >>> made = run("segments", "runs/segments", {"inputs": ["page.html"], "rules.min_chars": 20})
    >>> [row["header_path"] for row in made.rows()]
    [['Chains', 'How to oil a chain']]
    """
    module = recipes.load(recipe)
    given = [("settings", nested(leaf, value)) for leaf, value in (settings or {}).items()]
    wanted, _ = recipes.resolve(module.Settings, given)
    progress = Progress(quiet=quiet)
    with Run(out, recipe, wanted, engine=engines.open(engine, workers, progress), progress=progress) as opened:
        made: Dataset | None = module.recipe(opened, wanted)
    return made


@overload
def segments(inputs: Sequence[str], out: str | Path, settings: Settings | None = None, *, workers: int = 1) -> Dataset: ...


@overload
def segments(inputs: str, out: None = None, settings: Settings | None = None) -> list[Row]: ...


def segments(
    inputs: Sequence[str] | str, out: str | Path | None = None, settings: Settings | None = None, *, workers: int = 1
) -> Dataset | list[Row]:
    """Cut pages into segments that may be answers; of the HTML of one page, without a folder, as rows.

    >>> len(segments(["page.html"], "runs/segments", {"rules.min_chars": 20}))
    1
    >>> [row["text"] for row in segments("<h1>Chains</h1><p>Oil them in spring.", settings={"rules.min_chars": 10})]
    ['Oil them in spring.']
    """
    if out is None:
        if not isinstance(inputs, str):
            raise UsageFault("there is no folder for the segments of files", "segments(inputs, 'runs/segments')")
        given = [("settings", nested(leaf, value)) for leaf, value in (settings or {}).items()]
        return segments_of(inputs, recipes.resolve(CorpusSettings, given)[0])
    if isinstance(inputs, str):
        inputs = [inputs]
    return _made(run("segments", out, {**(settings or {}), "inputs": list(inputs)}, workers=workers))


def backtranslate(texts: str | Path, lm: str, out: str | Path, settings: Settings | None = None) -> Dataset:
    """Write the instruction that each text answers: `texts` is a run of `segments`, or a file whose rows have a `text`.

    >>> pairs = backtranslate("texts.jsonl", "echo", "runs/pairs")
    >>> [row["instruction"] for row in pairs.rows()]
    ['What should I know about Wipe the chain with a dry rag, (3)?']
    """
    return _made(run("backtranslate", out, {**(settings or {}), "texts": str(texts), "lm": lm}))


def guard(pairs: str | Path, out: str | Path, settings: Settings | None = None, *, workers: int = 1) -> Dataset:
    """Drop pairs that are none: leaked prompts, copied answers, runaways; `drops()` of what is returned tells why.

    >>> kept = guard("pairs.jsonl", "runs/guarded")
    >>> len(kept), [drop["reason"] for drop in kept.drops()]
    (1, ['refusal'])
    """
    return _made(run("guard", out, {**(settings or {}), "pairs": str(pairs)}, workers=workers))


def score(pairs: str | Path, lm: str, out: str | Path, settings: Settings | None = None) -> Dataset:
    """Judge pairs on the five-level rubric, and measure what the instruction gains its answer.

    >>> scored = score("pairs.jsonl", "echo", "runs/scored")
    >>> all(1 <= row["score"] <= 5 for row in scored.rows())
    True
    """
    return _made(run("score", out, {**(settings or {}), "pairs": str(pairs), "lm": lm}))


def load(folder: str | Path, **about: Any) -> Dataset:
    """The dataset in `folder`, or the last one of a run that is such as `about` says (kind="selected", round=2).

    Raises `UsageFault` where there is none, and `Incomplete` where it is not finished.

    >>> load("runs/guarded", kind="pairs").totals.kept
    1
    """
    path = Path(folder)
    if not about and (path / store.MANIFEST).is_file():
        return Dataset(path)
    found = store.one(path, **about)
    if not isinstance(found, Dataset):
        raise UsageFault(f"{found.path} has no rows: it is a {found.about.get('kind')}", "name the kind of a dataset")
    return found


def settings(recipe: str) -> type[Config]:
    """The class of a recipe's settings, each with its default and the reason for it.

    >>> settings("humpback")().curate.k
    4.5
    """
    kind: type[Config] = recipes.load(recipe).Settings
    return kind


def _made(dataset: Dataset | None) -> Dataset:
    if dataset is None:
        raise Incomplete("the recipe made no dataset", "this is a bug of the recipe: a verb returns what it made")
    return dataset
