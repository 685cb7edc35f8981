"""How a measurement grows with the size of the data: fits, their bands, what they leave, and whether growth ends."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Curve, Figure, Plot, Section, Table, Word, figure, table, text
from humpback.report.sections._sure import SIGNIFICANT

PLACE = 105
LAWS = ("quadratic", "asymptote")


def sections(found: Reading) -> Iterator[Section]:
    """Of a run that measured several sizes."""
    rows = found.metrics(of="laws")
    sources = values(such(rows, metric="alpha"), "model")
    if not sources:
        return
    says = (
        "w = alpha ln N + C: w is how far the NLL of test pairs lies under that of M_0 (nats/token; M_0 at 0), ln the "
        "natural logarithm. Least squares, weighted by 1/SE²; 95 % by bootstrap over test pairs and seeds. Saturation: "
        "an F test of one parameter more, w = C + alpha ln N + b (ln N)² and w = w_inf - d N^-g, against the line."
    )
    growth = Plot(
        tuple(Curve(name, _points(rows, "improvement", name), _points(rows, "band", name)) for name in sources),
        "pairs trained on, N", "NLL under that of M_0, nats/token", log=True, lines=((0.0, "M_0"),),
    )  # fmt: skip
    left = Plot(
        tuple(Curve(name, _points(rows, "residual", name)) for name in sources),
        "pairs trained on, N", "residual, nats/token", log=True, lines=((0.0, "the law"),), caption="What the laws leave",
    )  # fmt: skip
    lines = [
        text(f"{name}: {_grows(one(rows, metric='alpha', model=name))}; {_saturates(such(rows, model=name))}.")
        for name in sources
    ]
    tables = [made for made in (_fits(rows, sources), _tests(rows, sources)) if made]
    yield Section("laws", "The law of growth", says, (growth, *lines, *tables, left))


def _points(rows: list[Measured], metric: str, source: str) -> tuple[tuple[float, Figure], ...]:
    found = [(row.at, figure(row, signed=metric == "residual")) for row in such(rows, metric=metric, model=source)]
    return tuple((at, each) for at, each in found if at is not None and each)


def _fits(rows: list[Measured], sources: list[str]) -> Table:
    shown: list[list[Cell]] = []
    for name in sources:
        own = such(rows, model=name)
        fits = [figure(one(own, metric=metric)) for metric in ("alpha", "alpha_per_decade", "constant")]
        sizes = len(such(own, metric="improvement"))
        shown.append([name, sizes, *fits, figure(one(own, metric="bend"), signed=True)])
    return table(("source", "sizes", "alpha, ln N", "alpha, log10 N", "C", "b of the quadratic"), shown)


def _tests(rows: list[Measured], sources: list[str]) -> Table | None:
    shown: list[list[Cell]] = []
    for name in sources:
        for law in LAWS:
            own = such(rows, model=name, part=law)
            f, p, down = (one(own, metric=f"saturation_{each}") for each in ("f", "p", "bends"))
            if f and p:
                bends = Word("ends" if down.value else "grows faster", rows=(down,)) if down else None
                limit = figure(one(own, metric="saturation_limit"))
                shown.append([name, law, figure(p), figure(f), f.n, bends, limit])
    columns = ("source", "against the line", "p", "F", "degrees of freedom", "its growth", "w for N without end")
    return table(columns, shown, "Does growth end?") if shown else None


def _grows(alpha: Measured | None) -> str:
    if alpha is None or alpha.low is None or alpha.high is None:
        return "no interval"
    if alpha.low > 0:
        return "more pairs help (the interval of alpha lies above 0)"
    return "more pairs harm" if alpha.high < 0 else "growth is not told apart from none"


def _saturates(own: list[Measured]) -> str:
    tests = such(own, metric="saturation_p")
    if not tests:
        return "saturation cannot be tested with fewer than four sizes"
    down = {row.part: row.value for row in such(own, metric="saturation_bends")}
    found = [row.part for row in tests if row.value is not None and row.value < SIGNIFICANT and down.get(row.part)]
    if found:
        return f"it saturates: {' and '.join(found)} fit better than the line at p < {SIGNIFICANT}"
    return f"saturation is not shown at p < {SIGNIFICANT}"
