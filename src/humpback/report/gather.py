"""Everything that a run has to tell, read from its folder: for `humpback show` and for the report alike."""

import json
from pathlib import Path
from typing import Any

from humpback.config import leaves
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.store import MANIFEST, Dataset, read_json

# Bookkeeping that a reader of the funnel need not see.
INTERNAL = ("files", "seed-files", "file-shards")


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
    measured = name.startswith("competence") or name.endswith("-quality")
    return "internal" if name in INTERNAL or measured else "data"


def dataset(run: Path, name: str) -> Dataset | None:
    found = next((folder for n, folder in folders(run) if n == name), None)
    return Dataset(found) if found and (found / MANIFEST).exists() else None


def rows_of(run: Path, name: str) -> list[Row]:
    found = dataset(run, name)
    return list(found.rows()) if found else []


def rounds(run: Path) -> list[dict[str, Any]]:
    """Per round: how it selected and why, all scores and gains, the ids kept, and the judge's competence."""
    out = []
    for name, folder in folders(run):
        if not name.startswith("selected-") or not (folder / MANIFEST).exists():
            continue
        number = int(name.rsplit("-", 1)[1])
        plan = read_json(folder / MANIFEST)["plan"]["config"]
        scored = rows_of(run, f"scored-{number}")
        kept = {row["id"] for row in Dataset(folder).rows(["id"])}
        metrics = rows_of(run, f"competence-{number}")
        out.append({"number": number, "plan": plan, "scored": scored, "kept": kept, "competence": metrics})
    return out


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


def ranked(round_: dict[str, Any]) -> list[Row]:
    """The scored pairs of a round, best first, by what the round selected by; the unscored last."""
    key = round_["plan"]["by"]
    return sorted(round_["scored"], key=lambda row: (row[key] is None, -(row[key] or 0.0), row["id"]))


def best_pairs(run: Path, count: int) -> list[Row]:
    """The best pairs of the last round, at most one from a page."""
    done = rounds(run)
    pages: dict[str, Row] = {}
    for row in ranked(done[-1]) if done else []:
        if row["id"] in done[-1]["kept"]:
            pages.setdefault(row["url"] or row["id"], row)
    return list(pages.values())[:count]


def backward(run: Path) -> list[Row]:
    return rows_of(run, "backward-quality")


def settings(run: Path) -> list[tuple[str, str]]:
    return [(leaf, json.dumps(value, ensure_ascii=False)) for leaf, value in leaves(read_run(run)["config"])]


def figure(row: Row | None, digits: int = 3) -> str:
    """A metric as "value ± standard error", "-" where nothing was measured."""
    if not row or row["value"] is None:
        return "-"
    error = f" ± {row['se']:.{digits}f}" if row["se"] is not None else ""
    return f"{row['value']:.{digits}f}{error}"
