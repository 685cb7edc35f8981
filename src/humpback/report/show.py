"""`humpback show`: the funnel, the rounds, the models, and some pairs, as text."""

import textwrap
from pathlib import Path

from rich.console import Console
from rich.table import Table

from humpback.report import gather


def show_run(run: Path) -> None:
    """All that `run` has so far."""
    gather.read_run(run)
    show_funnel(run)
    show_pairs(run)
    show_rounds(run)
    show_models(run)
    report = run / "report.html"
    if report.exists():
        print(f"\nreport: {report.resolve()}")


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 132
    return console


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_edge=False)
    for i, column in enumerate(columns):
        numeric = column in ("read", "kept", "dropped", "rows", "rows/s", "pairs", "n")
        table.add_column(column, justify="right" if numeric else "left", no_wrap=i == 0)
    return table


def show_funnel(run: Path) -> None:
    table = _table("The funnel: read = kept + dropped", "stage", "read", "kept", "dropped", "rows", "rows/s", "dropped for")
    for row in gather.funnel(run):
        if row["state"] != "finished":
            table.add_row(row["name"], "", "", "", "", "", f"not finished, {row['shards']} shards done")
        elif row["kind"] == "data":
            drops = sorted(row["drops"].items(), key=lambda item: -item[1])
            rate = f"{row['read'] / row['seconds']:.0f}" if row["seconds"] else ""
            numbers = (row["read"], row["kept"], sum(row["drops"].values()), row["rows"], rate)
            table.add_row(row["name"], *map(str, numbers), ", ".join(f"{count} {reason}" for reason, count in drops))
    _console().print(table)


def show_pairs(run: Path, count: int = 5) -> None:
    """Generated instructions beside the texts that they ask for: the best of the last round."""
    for row in gather.best_pairs(run, count):
        text = textwrap.shorten(row["response"], 230, placeholder=" ...")
        print(f"\n  instruction  {row['instruction']}\n  text         " + "\n               ".join(textwrap.wrap(text, 110)))
        print(f"  from         {row['url']}  {' > '.join(row['header_path'] or [])}")


def show_rounds(run: Path) -> None:
    for row in gather.rounds(run):
        plan = row["plan"]
        level = f"k = {plan['k']}" if "k" in plan else f"best {plan['share']:.0%}"
        counts = f"kept {len(row['kept'])} of {len(row['scored'])}"
        print(f"\nround {row['number']}: {counts} by {plan['by']} ({level}): {plan['why']}")


def show_models(run: Path) -> None:
    models = gather.models(run)
    if not models:
        return
    table = _table(
        "\nModels on held-out human pairs", "model", "pairs", "NLL, nats/token", "change against M_0", "stop rate", "n"
    )
    for model in models:
        training = model["training"]
        trained = str(training.get("examples", ""))
        trained += f" ({training['too_long']} too long)" if training.get("too_long") else ""
        figures = [gather.figure(model.get(name)) for name in ("nll", "nll_change", "stop_rate")]
        table.add_row(model["name"], trained, *figures, str(model["nll"]["n"]))
    _console().print(table)
    shown = [f"{r['metric']} {gather.figure(r)} {r['unit']}" for r in gather.backward(run) if not r["note"]]
    print("backward model: " + "; ".join(shown))
