"""Everything that a run has to tell, read from its folder: for `humpback show` and for the report alike."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from humpback.config import leaves
from humpback.curate.combine import SCORERS
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.store import MANIFEST, Dataset, read_json

# Bookkeeping that a reader of the funnel need not see.
INTERNAL = ("files", "seed-files", "file-shards", "pool-files", "labels-files")
_MEASURED = re.compile(
    r"(competence|injection|likeness|damaged|iteration|gate|dev-cases)-\d+(-\w+)?|agreement|comparison|cost|robustness"
    r"|.*-quality"
)
_OF_ROUND = re.compile(r"(?:competence|scored|selected)-(\d+)")
# What is read of all scored pairs: texts are read of those alone that are shown.
_SCORES = ("id", "judge", "status", "level", "label_mass", *SCORERS)


def read_run(folder: Path) -> dict[str, Any]:
    """{"recipe", "config"} of the run in `folder`; raises `UsageFault` if it is none."""
    path = folder / "run.json"
    if not path.is_file():
        raise UsageFault(f"{folder} is not the folder of a run: it has no run.json", "give the folder after --out of a run")
    run: dict[str, Any] = read_json(path)
    return run


def folders(run: Path) -> list[tuple[str, Path]]:
    """(name, folder) of everything begun in `run`, in order."""
    found = sorted(p for p in run.iterdir() if p.is_dir() and p.name[:2].isdigit())
    return [(p.name.split("-", 1)[1].removesuffix(".partial"), p) for p in found]


def funnel(run: Path) -> list[dict[str, Any]]:
    """Each dataset with its counts; a step has seconds alone, and what is not finished says so."""
    rows = []
    for name, folder in folders(run):
        if not (folder / MANIFEST).exists():
            rows.append({"name": name, "state": "not finished", "shards": len(list(folder.glob("part-*.parquet")))})
            continue
        manifest = read_json(folder / MANIFEST)
        seconds = manifest["wall_seconds"]
        if "steps" not in manifest:
            rows.append({"name": name, "state": "finished", "seconds": seconds, "kind": "step"})
        # What a chain took is told once, at its last step.
        for step in manifest.get("steps", []):
            own = name if step is manifest["steps"][-1] else step["step"]
            took = seconds if own == name else 0.0
            rows.append({**step, "name": own, "state": "finished", "kind": _kind(name), "seconds": took})
    return rows


def _kind(name: str) -> str:
    return "internal" if name in INTERNAL or _MEASURED.fullmatch(name) else "data"


def spending(funnel: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stages and measurements that asked a language model: name, calls, prompt_tokens, completion_tokens, cost."""
    return [{"name": row["name"], **row["spent"]} for row in funnel if (row.get("spent") or {}).get("calls")]


def dataset(run: Path, name: str) -> Dataset | None:
    found = next((folder for n, folder in folders(run) if n == name), None)
    return Dataset(found) if found and (found / MANIFEST).exists() else None


def rows_of(run: Path, name: str) -> list[Row]:
    found = dataset(run, name)
    return list(found.rows()) if found else []


def picked(found: Dataset | None, ids: Collection[str]) -> dict[str, Row]:
    """The rows of those `ids`, whole, by id."""
    rows: list[Row] = []
    for shard in found.shards if found and ids else ():
        rows += pq.read_table(shard, filters=[("id", "in", sorted(ids))]).to_pylist()
    return {row["id"]: row for row in rows}


@dataclass(frozen=True)
class Round:
    """A round, as far as it is done; number 0 is the scoring of a file of pairs.

    `plan` says how it selected and why, None where nothing was selected. `scored` holds the scores of all pairs without
    their texts, which stand in `pairs`; the others are metric rows.
    """

    number: int
    plan: dict[str, Any] | None
    pairs: Dataset | None
    scored: list[Row]
    kept: frozenset[str]
    drops: dict[str, Row]
    competence: list[Row]
    injection: list[Row]
    likeness: list[Row]

    @property
    def key(self) -> str:
        """The column by which pairs are ranked: what selected, or else the judge's score if there is any."""
        if self.plan:
            return str(self.plan["by"])
        return "score" if any(row["score"] is not None for row in self.scored) else "gain"

    @property
    def model(self) -> str:
        """The forward model of the round: where a newer one was refused it is an older one."""
        return str(self.competence[0]["model"]) if self.competence and self.number else f"M_{self.number - 1}"


def rounds(run: Path) -> list[Round]:
    """Every round that has measured, scored or selected anything."""
    done = [name for name, folder in folders(run) if (folder / MANIFEST).exists()]
    numbers = {int(found[1]) for name in done if (found := _OF_ROUND.match(name))}
    return [_round(run, number, done) for number in sorted(numbers | ({0} if "scored" in done else set()))]


def _round(run: Path, number: int, done: list[str]) -> Round:
    name = f"scored-{number}" if number else "scored"
    # Further scorers each write the pairs anew, with one more column.
    last = [each for each in done if each == name or each.startswith(f"{name}-")][-1:]
    pairs = dataset(run, last[0]) if last else None
    chosen = dataset(run, f"selected-{number}")
    return Round(
        number=number,
        plan=chosen.manifest["plan"]["config"] if chosen else None,
        pairs=pairs,
        scored=_scores(pairs),
        kept=frozenset(row["id"] for row in chosen.rows(["id"])) if chosen else frozenset(),
        drops={row["id"]: row for row in chosen.drops()} if chosen else {},
        competence=rows_of(run, f"competence-{number}") + (rows_of(run, "agreement") if not number else []),
        injection=rows_of(run, f"injection-{number}"),
        likeness=rows_of(run, f"likeness-{number}"),
    )


def _scores(pairs: Dataset | None) -> list[Row]:
    """Runs made before a column was there have none of it."""
    if pairs is None:
        return []
    there = [name for name in _SCORES if name in pairs.columns.names]
    blank = dict.fromkeys(_SCORES)
    return [{**blank, **row} for row in pairs.rows(there)]


def iterations(run: Path) -> dict[int, list[Row]]:
    """What was measured of each round's selection, by its number; of one that was not begun there is the reason alone."""
    done = [name for name, folder in folders(run) if (folder / MANIFEST).exists()]
    numbers = sorted(int(name.removeprefix("iteration-")) for name in done if name.startswith("iteration-"))
    return {number: rows_of(run, f"iteration-{number}") + rows_of(run, f"likeness-{number}") for number in numbers}


def gates(run: Path) -> list[list[Row]]:
    """What was measured of each new model against the best before it, in order."""
    done = [name for name, folder in folders(run) if (folder / MANIFEST).exists() and name.startswith("gate-")]
    return [rows_of(run, name) for name in done]


def best(run: Path) -> dict[str, Any] | None:
    """What `best.json` says of the model that was kept as the best, and its `path`; None where none is yet."""
    found = next((folder for name, folder in folders(run) if name == "best" and (folder / MANIFEST).exists()), None)
    return {**read_json(found / "best.json"), "path": found} if found else None


def ranked(round_: Round) -> list[Row]:
    """The scored pairs of a round, without texts, best first by what it selected by; the unscored last."""
    key = round_.key
    quality = SCORERS[key].quality
    return sorted(round_.scored, key=lambda row: (row[key] is None, -quality(row[key] or 0.0), row["id"]))


def best_pairs(run: Path, count: int) -> list[Row]:
    """The best pairs that the last selection kept, at most one from a page."""
    done = [each for each in rounds(run) if each.plan]
    if not done:
        return []
    ids = [row["id"] for row in ranked(done[-1]) if row["id"] in done[-1].kept]
    # Several pairs of one page may stand side by side: some more are read than are shown.
    whole = picked(done[-1].pairs, ids[: 20 * count])
    pages: dict[str, Row] = {}
    for row in (whole[each] for each in ids if each in whole):
        pages.setdefault(row["url"] or row["id"], row)
    return list(pages.values())[:count]


def models(run: Path) -> list[dict[str, Any]]:
    """One row per forward model: data, NLL, paired change, stop rate."""
    metrics = rows_of(run, "model-quality")
    names = list(dict.fromkeys(row["model"] for row in metrics))
    folder_of = {n.replace("forward-", "M_"): f for n, f in folders(run)}
    out = []
    for name in names:
        own = {row["metric"]: row for row in metrics if row["model"] == name}
        log = folder_of[name] / "training.json"
        training = read_json(log) if log.exists() else {}
        out.append({"name": name, "training": training, **own})
    return out


def backward(run: Path) -> list[Row]:
    return rows_of(run, "backward-quality")


def settings(run: Path) -> list[tuple[str, str]]:
    return [(leaf, json.dumps(value, ensure_ascii=False)) for leaf, value in leaves(read_run(run)["config"])]
