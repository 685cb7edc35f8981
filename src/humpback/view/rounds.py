"""What each round kept, and how the pairs that two rounds have scored changed."""

from typing import Any

from humpback.store import Dataset
from humpback.view.opened import Opened

# So many of the pairs that moved most are shown, in either direction.
SHOWN = 12


def beside(opened: Opened) -> dict[str, Any]:
    """By round how many pairs were kept, how many of the round before, and which moved furthest between the last two."""
    found = opened.reading
    chosen = [
        (each.about["round"], each)
        for each in opened.datasets()
        if each.about.get("kind") == "selected" and each.about.get("round")
    ]
    kept = [(round, {row["id"] for row in each.rows(["id"])}) for round, each in chosen]
    shown = [
        {"round": round, "kept": len(ids), "again": len(ids & kept[i - 1][1]) if i else None, "place": chosen[i][1].place,
         "model": chosen[i][1].about.get("model")}
        for i, (round, ids) in enumerate(kept)
    ]  # fmt: skip
    scored = [each for each in (found.scored(round) for round, _ in chosen) if each is not None]
    moved = _moved(scored[-2], scored[-1], str(chosen[-1][1].about.get("by"))) if len(scored) > 1 else {}
    return {"kept": shown, "column": "", "up": [], "down": [], **moved}


def _moved(before: Dataset, after: Dataset, by: str) -> dict[str, Any]:
    """The pairs that moved most from one round to the next: by what selected, or else a column that both have values in."""
    for column in (by, "score", "gain"):
        if column in before.columns.names and column in after.columns.names:
            old = {row["id"]: row[column] for row in before.rows(["id", column]) if row[column] is not None}
            new = {row["id"]: (row[column], row["instruction"]) for row in after.rows(["id", column, "instruction"])
                   if row[column] is not None}  # fmt: skip
            changes = sorted((new[id][0] - old[id], id, new[id][1], old[id], new[id][0]) for id in new if id in old)
            if changes:
                return {"column": column, "up": changes[: -SHOWN - 1 : -1], "down": changes[:SHOWN], "place": after.place}
    return {}
