"""Where a row comes from, and what became of it: by ids and parents, through all datasets of the run."""

from dataclasses import dataclass

from humpback.schema import Row
from humpback.store import Dataset
from humpback.view.opened import Opened
from humpback.view.tables import Table

# Of one row so many descendants are followed.
MOST = 60


@dataclass(frozen=True)
class Link:
    """A row of the chain: where it stands, and what it is; or that it was dropped there, and why."""

    place: int
    name: str
    number: int
    row: Row
    dropped: bool = False
    trained: tuple[str, ...] = ()


def chain(opened: Opened, place: int, row: Row) -> tuple[list[Link], list[Link]]:
    """(what the row was in earlier datasets and what it was made of, oldest first; what became of it, in order)."""
    datasets = [each for each in opened.datasets() if "id" in each.columns.names]
    above: list[Link] = []
    wanted = (row.get("id"), row.get("parent"))
    for dataset in reversed([each for each in datasets if each.place < place]):
        table = opened.of(dataset)
        found = next((numbers for id in wanted if id and (numbers := opened.tables.find(table, id))), [])
        if found:
            above.insert(0, _link(dataset, table, found[0], opened.trained_on(dataset)))
            wanted = (above[0].row["id"], above[0].row.get("parent"))
    return above, _below(opened, [each for each in datasets if each.place > place], str(row.get("id")))


def _below(opened: Opened, datasets: list[Dataset], id: str) -> list[Link]:
    """A row keeps its id while it is looked at, and what is made of it has it for its parent."""
    ids, out = [id], list[Link]()
    for dataset in datasets:
        table, fallen = opened.of(dataset), opened.of(dataset, dropped=True)
        trained = opened.trained_on(dataset)
        for each in list(ids):
            for number in dict.fromkeys((*opened.tables.find(table, each), *opened.tables.find(table, each, parents=True))):
                made = _link(dataset, table, number, trained)
                out.append(made)
                ids += [str(made.row["id"])] if made.row["id"] not in ids else []
            out += [_link(dataset, fallen, number) for number in opened.tables.find(fallen, each)]
            if len(out) >= MOST:
                return out[:MOST]
    return out


def _link(dataset: Dataset, table: Table, number: int, trained: tuple[str, ...] = ()) -> Link:
    return Link(dataset.place, str(dataset.about["name"]), number, table.row(number), table.is_dropped, trained)
