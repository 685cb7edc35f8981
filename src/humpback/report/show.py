"""`humpback show`: the funnel, what models were asked, some pairs, the rounds, the models, as text."""

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from humpback.evaluate.comparison import as_text
from humpback.report import ablation, gather, iterations, measured, robustness, who
from humpback.report.gather import Round
from humpback.report.measured import figure
from humpback.schema import Row

_NUMBERS = ("read", "kept", "dropped", "rows", "rows/s", "pairs", "n", "calls", "prompt tokens", "answer tokens", "money")

# Classes of characters that turn the direction of what follows (Unicode Standard Annex 9).
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def show_run(run: Path) -> None:
    """All that `run` has so far."""
    gather.read_run(run)
    show_funnel(run)
    show_spending(run)
    show_pairs(run)
    show_rounds(run)
    show_iterations(run)
    show_models(run)
    show_comparison(run)
    show_ablation(run)
    show_robustness(run)
    report = run / "report.html"
    if report.exists():
        print(f"\nreport: {report.resolve()}")


def show_comparison(run: Path) -> None:
    """What a sweep found of the scorers."""
    rows = gather.rows_of(run, "comparison")
    if rows:
        print("\n" + as_text(rows))


def show_ablation(run: Path) -> None:
    """What an ablation found of its arms."""
    table = run / ablation.TABLE
    if table.exists():
        print("\n" + table.read_text(encoding="utf-8").rstrip())
        print(f"\npage: {(run / ablation.PAGE).resolve()}\nplot: {(run / ablation.PLOT).resolve()}")


def show_robustness(run: Path) -> None:
    """What the wording of an instruction changes, for each model."""
    rows = gather.rows_of(run, "robustness")
    if rows:
        print("\n" + robustness.as_text(rows))


def _console() -> Console:
    # No markup: names and reasons may hold brackets.
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 132
    return console


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, show_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if column in _NUMBERS else "left", no_wrap=i == 0)
    return table


def plain(text: str) -> str:
    """`text` on one line and without characters that a terminal obeys: web text may hold escape sequences."""
    return " ".join("".join(" " if _obeyed(char) else char for char in text).split())


def _obeyed(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(char) in _TURNS


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


def show_spending(run: Path) -> None:
    """What language models were asked, and what it cost, if it cost money."""
    rows = gather.spending(gather.funnel(run))
    if not rows:
        return
    paid = any(row.get("cost") for row in rows)
    columns = ("stage", "calls", "prompt tokens", "answer tokens", *(["money"] if paid else []))
    table = _table("\nWhat models were asked", *columns)
    for row in rows:
        counts = [f"{row.get(name, 0):,.0f}" for name in ("calls", "prompt_tokens", "completion_tokens")]
        table.add_row(row["name"], *counts, *([f"{row.get('cost', 0):.4f}"] if paid else []))
    _console().print(table)


def show_pairs(run: Path, count: int = 5) -> None:
    """Generated instructions beside the texts that they ask for: the best of the last round."""
    for row in gather.best_pairs(run, count):
        text = textwrap.shorten(plain(row["response"]), 230, placeholder=" ...")
        print(f"\n  instruction  {plain(row['instruction'])}")
        print("  text         " + "\n               ".join(textwrap.wrap(text, 110)))
        if row["url"] or row["header_path"]:
            print(f"  from         {plain(row['url'] or '')}  {plain(' > '.join(row['header_path'] or []))}")


def show_rounds(run: Path) -> None:
    """Who judged, what was kept and why, and what was measured of it."""
    config = gather.read_run(run)["config"]
    written = who.writer(config)
    if written:
        print(f"\n{plain(str(written))}")
    for round_ in gather.rounds(run):
        said = [who.judge(config, round_), *who.others(config, round_)]
        print(f"\n{f'round {round_.number}' if round_.number else 'scores'}: {_selection(round_)}")
        for line in [*map(str, said), *_lines(round_)]:
            print(textwrap.fill(plain(line), 128, initial_indent="  ", subsequent_indent="      "))


def _selection(round_: Round) -> str:
    plan, of = round_.plan, len(round_.scored)
    if plan is None:
        return f"{sum(row['score'] is not None for row in round_.scored)} of {of} pairs have a score" if of else "measured"
    level = f"k = {plan['k']}" if "k" in plan else f"best {plan['share']:.0%}"
    return f"kept {len(round_.kept)} of {of} by {plan['by']} ({level}): {plan['why']}"


def _lines(round_: Round) -> Iterator[str]:
    for row in measured.damages(round_.competence):
        note = "" if row.counts else " (a guard drops it, so it does not count)"
        yield f"AUC, {row.name}: judge {figure(row.judge, 2)}, gain {figure(row.gain, 2)}{note}"
    for unit, told in (("", "judge"), ("per thousand pairs", "judge, a thousand pairs")):
        facts = [f"{called} {measured.quantity(row)}" for called, row, _ in measured.facts(round_.competence)
                 if (row["unit"] == "per thousand pairs") is bool(unit)]  # fmt: skip
        if facts:
            yield f"{told}: " + "; ".join(facts)
    levels = measured.levels(round_.competence)
    if levels:
        yield "levels of clean pairs: " + ", ".join(f"{row['note'].split()[-1]}: {row['value']:.0%}" for row in levels)
    yield from _labelled(measured.labelled(round_.competence))
    yield from _injection(measured.injection(round_.injection))
    yield from _likeness(round_.likeness)


def _labelled(found: dict[str, Any] | None) -> Iterator[str]:
    if found:
        shares = ", ".join(f"{name} {found[name] or '-'}" for name in ("precision", "recall"))
        rest = ", ".join(f"{name} {figure(found[key], 2)}" for name, key in
                         (("AUC", "label_auc"), ("ECE", "ece"), ("Brier", "brier")))  # fmt: skip
        base = found["base_rate"]
        yield f"{base.row['n']} labelled pairs, {base} good: {shares} ({found['threshold']}), {rest}"


def _injection(found: tuple[Mapping[str, Any], list[Mapping[str, Any]]] | None) -> Iterator[str]:
    if found:
        every, kinds = found
        moves = ", ".join(f"{name} {figure(every[name], 2, signed=True)}" for name in ("shift", "control", "excess"))
        # Of a single case there is no error, and the most of many single cases says nothing.
        most = next((each for each in kinds if each["excess"] and each["excess"]["se"] is not None), None)
        worst = f"; most by {most['kind']} {figure(most['excess'], 2, signed=True)}" if most else ""
        lost = every["lost"]
        gone = f"; score lost {measured.share(lost)}" if lost and lost["value"] else ""
        yield f"attacks, levels: {moves} (n = {every['shift']['n']}){worst}{gone}"


def _likeness(metrics: list[Row]) -> Iterator[str]:
    compared, told = measured.likeness(metrics)
    for column, row in told:
        near = next(
            (c for c in compared if c.column == column and c.change and c.change["metric"] == "seed_similarity"), None
        )
        nearer = f", similarity kept - dropped {figure(near.change, 3, signed=True)}" if near else ""
        yield f"likeness to the seed, {column}: AUC {figure(row, 2)}{nearer}"


def show_iterations(run: Path) -> None:
    """The rounds side by side: what each selected, which model came of it, and which is the best."""
    models, best, stopped = iterations.gated(run), gather.best(run), iterations.stopped(run)
    for each in iterations.tables(run):
        table = _table(f"\n{each.title}", *each.columns)
        for row in each.rows:
            table.add_row(*row)
        _console().print(table)
    if models:
        title = "\nModels on the dev split, each against the best before it"
        table = _table(title, "model", "NLL, nats/token", "change", "stop rate", "n", "")
        for model in models:
            change = figure(model.change, 4, signed=True) if model.change else ""
            table.add_row(model.model, figure(model.nll), change, figure(model.stop, 2), str(model.n), model.verdict)
        _console().print(table)
    said = [*(model.why for model in models if model.why), *([stopped] if stopped else [])]
    said += [f"best by the dev split: {best['model']}, in {best['path']}"] if best else []
    for line in said:
        print(textwrap.fill(plain(line), 128, subsequent_indent="    "))


def show_models(run: Path) -> None:
    models = gather.models(run)
    if not models:
        return
    table = _table(
        "\nModels on the test split, held-out human pairs",
        "model",
        "pairs",
        "NLL, nats/token",
        "change against M_0",
        "stop rate",
        "n",
    )
    for model in models:
        training = model["training"]
        trained = str(training.get("examples", ""))
        trained += f" ({training['too_long']} too long)" if training.get("too_long") else ""
        figures = [figure(model.get(name)) for name in ("nll", "nll_change", "stop_rate")]
        table.add_row(model["name"], trained, *figures, str(model["nll"]["n"]))
    _console().print(table)
    measures: dict[str, list[str]] = {}
    for row in gather.backward(run):
        if not row["note"]:
            measures.setdefault(row["model"], []).append(f"{row['metric']} {figure(row)} {row['unit']}")
    for name, shown in measures.items():
        print(f"model {name}: " + "; ".join(shown))
