"""Two instructions for one text, the better one named: to tune a backward model on what curation says of them."""

from collections.abc import Iterator
from pathlib import Path

from humpback import store
from humpback.curate import scorers
from humpback.curate.select import CurateConfig
from humpback.errors import UsageFault
from humpback.schema import Row


def rows(run: Path) -> Iterator[Row]:
    """Of each text that has several instructions the one of the highest and the one of the lowest score, by what the last
    selection went by; raises `UsageFault` where nothing was selected.
    """
    chosen = store.datasets(run, kind="selected")
    if not chosen:
        raise UsageFault(f"{run} has no selected pairs", f"finish the run first; humpback show {run} tells how far it is")
    by = str(chosen[-1].about["by"])
    scored = store.one(run, kind="scored", round=chosen[-1].about["round"])
    assert isinstance(scored, store.Dataset)
    better = 1 if by not in scorers.names() or scorers.load(by, CurateConfig()).higher else -1
    texts: dict[str, list[Row]] = {}
    for row in scored.rows():
        if row.get(by) is not None:
            texts.setdefault(row["response"], []).append(row)
    for several in texts.values():
        ranked = sorted(several, key=lambda row: better * float(row[by]))
        if ranked[-1][by] != ranked[0][by] and ranked[-1]["instruction"] != ranked[0]["instruction"]:
            yield {**ranked[-1], "chosen": ranked[-1]["instruction"], "rejected": ranked[0]["instruction"], "by": by}


def shape(row: Row) -> Row:
    """`prompt` is the text, `chosen` and `rejected` are instructions, as messages; `by` is the scorer."""
    asked = [{"role": "user", "content": row["response"]}]
    answers = {name: [{"role": "assistant", "content": row[name]}] for name in ("chosen", "rejected")}
    return {"prompt": asked, **answers, "by": row["by"]}
