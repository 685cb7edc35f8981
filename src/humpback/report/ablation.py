"""What an ablation found, as table.md, plot.svg and ablation.html in its run's folder. Nothing is measured here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humpback import store
from humpback.report import ablation_plots, gather
from humpback.report.measured import figure, find, share
from humpback.schema import Row

TABLE, PLOT, PAGE = "table.md", "plot.svg", "ablation.html"
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Table:
    """A table of texts; `left` are the numbers of the columns that hold words."""

    head: tuple[str, ...]
    rows: list[list[str]]
    left: tuple[int, ...]

    def markdown(self) -> str:
        widths = [max(len(row[i]) for row in (self.head, *self.rows)) for i in range(len(self.head))]
        rule = ["-" * width if i in self.left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
        return "\n".join(self._line(row, widths) for row in (self.head, rule, *self.rows))

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.ljust(width) if i in self.left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"


def write(run: Path, title: str) -> None:
    """Write all three from the dataset `comparison` of the run in the folder `run`; they depend on nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("humpback", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    shown = content(gather.rows_of(run, "comparison"), title)
    kind = "scaling" if shown["laws"] else "arms"
    plot = environment.get_template(f"ablation_{kind}.svg.jinja").render(**shown["plot"])
    about = gather.read_run(run)
    facts = {"run": about, "name": run.resolve().name, "settings": gather.settings(run), "svg": plot}
    store.write_bytes(run / PLOT, plot.encode())
    page = environment.get_template("ablation.html.jinja").render(**shown, **facts)
    store.write_bytes(run / PAGE, page.encode())
    store.write_bytes(run / TABLE, as_text(shown).encode())


def as_text(shown: Mapping[str, Any]) -> str:
    """The tables and what they say, as Markdown."""
    parts = [f"# {shown['title']}"]
    if shown["laws"]:
        parts += [shown["laws"].markdown(), *shown["law_lines"]]
    parts += [shown["arms"].markdown(), *shown["lines"]]
    if shown["backward"]:
        parts.append(shown["backward"].markdown())
    return "\n\n".join(parts) + "\n"


def content(metrics: list[Row], title: str) -> dict[str, Any]:
    """Everything that is shown: tables, lines, and the plot's geometry."""
    names = [row["model"] for row in metrics if row["metric"] == "pairs"]
    laws = [row["model"] for row in metrics if row["metric"] == "alpha"]
    plot = ablation_plots.curves(metrics, laws) if laws else ablation_plots.arms(metrics, names)
    return {
        "title": title,
        "arms": arm_table(metrics, names),
        "lines": list(lines(metrics, names)),
        "laws": law_table(metrics, laws) if laws else None,
        "law_lines": list(law_lines(metrics, laws)),
        "backward": backward_table(metrics),
        "plot": {"plot": plot, "title": title},
    }


def of(metrics: Sequence[Row], name: str, model: str, note: str | None = None) -> Row | None:
    return find((row for row in metrics if row["model"] == model), name, note)


# Arms.


def arm_table(metrics: Sequence[Row], names: Sequence[str]) -> Table:
    """An arm a line: pairs and steps, changes on dev and test, spread over seeds, NLL, stop rate, and what it was."""
    head = (
        "arm", "pairs", "steps", "NLL change, dev", "NLL change, test", "SD over seeds", "NLL, test", "stop rate",
        "trained on",
    )  # fmt: skip
    best = next((row["model"] for row in metrics if row["metric"] == "chosen"), None)
    return Table(head, [_arm(metrics, name, names[0], name == best) for name in names], (0, len(head) - 1))


def _arm(metrics: Sequence[Row], name: str, reference: str, is_best: bool) -> list[str]:
    changes = [figure(of(metrics, "nll_change", name, split), 4, signed=True) for split in ("dev", "test")]
    pairs, steps = of(metrics, "pairs", name), of(metrics, "steps", name)
    spread = of(metrics, "seed_sd", name, "test")
    return [
        f"{name} †" if is_best else name,
        f"{pairs['value']:.0f}" if pairs else "-",
        f"{steps['value']:.0f}" if steps else "-",
        *(["reference"] * 2 if name == reference else changes),
        "" if name == reference else figure(spread, 4),
        figure(of(metrics, "nll", name, "test"), 4),
        share(of(metrics, "stop_rate", name)),
        pairs["note"] if pairs else "-",
    ]


def lines(metrics: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """What the table means, how the best arm was chosen, and how sure that is."""
    reference = names[0]
    spread = find(metrics, "seed_sd")
    seeds = spread["n"] if spread else 1
    cases = {split: (of(metrics, "nll", reference, split) or {"n": 0})["n"] for split in ("dev", "test")}
    yield (
        f"NLL: nats per token of held-out human answers, {cases['dev']} dev and {cases['test']} test pairs. Change: against "
        f"{reference}, same pairs, same seeds of training ({seeds}); lower is better; ± standard error over pairs and seeds."
    )
    batches = {row["note"] for row in metrics if row["metric"] == "steps"}
    steps = {row["value"] for row in metrics if row["metric"] == "steps"}
    if len(steps) == 1 and len(batches) == 1:
        yield f"Every arm was trained for {steps.pop():.0f} steps of {batches.pop().removeprefix('batch ')} examples."
    yield from _choice(metrics, reference)


def _choice(metrics: Sequence[Row], reference: str) -> Iterator[str]:
    chosen, lead = find(metrics, "chosen"), find(metrics, "lead")
    if not chosen or not lead:
        return
    name = chosen["model"]
    yield f"† Chosen on dev: {name}. There the next, {lead['note']}, lies {figure(lead, 4)} behind: {_sure(lead)}."
    if name != reference:
        test = of(metrics, "nll_change", name, "test")
        yield f"On test, which had no say in it, {name} changes NLL by {figure(test, 4, signed=True)}: {_sure(test)}."


def _sure(row: Row | None) -> str:
    if not row or row["value"] is None or row["se"] is None:
        return "too few cases for an error"
    if not row["se"]:
        return "no difference" if not row["value"] else "without any error"
    ratio = abs(row["value"]) / row["se"]
    return f"{ratio:.1f} standard errors" + ("" if ratio > 2 else ", not told apart from none")


def backward_table(metrics: Sequence[Row]) -> Table | None:
    """What backward models make of held-out instructions, where several were compared."""
    names = list(dict.fromkeys(row["model"] for row in metrics if row["metric"] == "instruction_nll"))
    head = ("backward model", "instruction NLL, test", "ROUGE-L", "ROUGE-L by chance", "n")
    cells = []
    for name in names:
        loss = of(metrics, "instruction_nll", name)
        overlap = [row for row in metrics if row["metric"] == "instruction_rouge_l" and row["model"] == name]
        n = str(loss["n"]) if loss else "-"
        cells.append([name, figure(loss), *(figure(row) for row in overlap), n])
    return Table(head, cells, (0,)) if cells else None


# Laws.


def law_table(metrics: Sequence[Row], sources: Sequence[str]) -> Table:
    """A source a line: alpha with its interval, C, the sizes, and the tests of saturation."""
    head = ("source", "sizes", "alpha, ln N [95 %]", "alpha, log10 N", "C", "largest residual", "quadratic", "asymptote")
    return Table(head, [_law(metrics, source) for source in sources], (0,))


def _law(metrics: Sequence[Row], source: str) -> list[str]:
    alpha, low, high = (of(metrics, name, source) for name in ("alpha", "alpha_low", "alpha_high"))
    left = [abs(row["value"]) for row in metrics if row["metric"] == "residual" and row["model"] == source]
    ends = ", ".join(f"{row['value']:.4f}" for row in (low, high) if row)
    tests = [_test(metrics, source, name) for name in ("quadratic", "asymptote")]
    return [
        source, str(alpha["n"]) if alpha else "-", f"{alpha['value']:.4f} [{ends}]" if alpha else "-",
        figure(of(metrics, "alpha_per_decade", source), 4), figure(of(metrics, "constant", source), 4),
        f"{max(left):.4f}", *tests,
    ]  # fmt: skip


def _test(metrics: Sequence[Row], source: str, law: str) -> str:
    f, p = of(metrics, "saturation_f", source, law), of(metrics, "saturation_p", source, law)
    return f"p = {p['value']:.3f}, F(1, {f['n']}) = {f['value']:.1f}" if f and p else "too few sizes"


def law_lines(metrics: Sequence[Row], sources: Sequence[str]) -> Iterator[str]:
    """How the fit was made, where each source stands against M_0, and whether it saturates."""
    if not sources:
        return
    yield (
        "w = alpha ln N + C: w is how far the NLL of test pairs lies under that of M_0 (nats/token; M_0 at 0), ln is the "
        "natural logarithm. Least squares, weighted by 1/SE²; 95 % by bootstrap over test pairs and seeds. Saturation: an F "
        "test of one parameter more, w = C + alpha ln N + b (ln N)² and w = w_inf - d N^-g, against the line."
    )
    for source in sources:
        yield f"{source}: {_grows(metrics, source)}; {_saturates(metrics, source)}."


def _grows(metrics: Sequence[Row], source: str) -> str:
    low, high = of(metrics, "alpha_low", source), of(metrics, "alpha_high", source)
    if not low or not high:
        return "no interval"
    if low["value"] > 0:
        return "more pairs help (the interval of alpha lies above 0)"
    return "more pairs harm" if high["value"] < 0 else "growth is not told apart from none"


def _saturates(metrics: Sequence[Row], source: str) -> str:
    tests = [row for row in metrics if row["metric"] == "saturation_p" and row["model"] == source]
    if not tests:
        return "saturation cannot be tested with fewer than four sizes"
    down = {row["note"]: row["value"] for row in metrics if row["metric"] == "saturation_bends" and row["model"] == source}
    found = [row["note"] for row in tests if row["value"] < SIGNIFICANT and down[row["note"]]]
    low, high = of(metrics, "bend_low", source), of(metrics, "bend_high", source)
    bend = f" (b by bootstrap [{low['value']:.4f}, {high['value']:.4f}])" if low and high else ""
    if found:
        return f"it saturates: {' and '.join(found)} fit better than the line at p < {SIGNIFICANT}{bend}"
    return f"saturation is not shown at p < {SIGNIFICANT}{bend}"
