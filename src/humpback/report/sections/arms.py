"""Arms of an ablation: trained alike but for one thing, with several seeds, and measured on the same held-out pairs."""

from collections.abc import Iterator

from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Section, Table, Text, Track, Word, figure, table, text
from humpback.report.sections._sure import sure

PLACE = 110
SPLITS = ("test", "dev")


def sections(found: Reading) -> Iterator[Section]:
    """Of a run that compared arms; the first is the reference."""
    rows = found.metrics(of="arms")
    names = values(such(rows, metric=("pairs", "nll")), "model")
    if not names:
        return
    reference = names[0]
    seeds = max((row.n for row in such(rows, metric="seed_sd")), default=1)
    cases = " and ".join(f"{row.n:,} {row.split} pairs" for row in such(rows, metric="nll", model=reference))
    says = (
        f"NLL: nats per token of the human answers of {cases}; lower is better. Change: against {reference}, the same "
        f"pairs and the same seeds of training ({seeds}); errors are over pairs and seeds."
    )
    yield Section("arms", "The arms", says, (_arms(rows, names), *_lines(rows)))
    yield Section("trained-on", "What they were trained on", "", (_trained_on(rows, names),), under=True)
    each = _each_seed(rows, names[1:])
    if each:
        yield Section("seeds", "The arms under each seed", "", (each,), under=True, folded=True)


def _arms(rows: list[Measured], names: list[str]) -> Table:
    chosen = one(rows, metric="chosen")
    shown: list[list[Cell]] = []
    for name in names:
        own = such(rows, model=name)
        best = Word(f"{name} †", "good", (chosen,)) if chosen and chosen.model == name else name
        changes = [figure(one(own, metric="nll_change", split=split), signed=True) for split in SPLITS]
        losses = [figure(one(own, metric="nll", split=split)) for split in SPLITS]
        shown.append([best, *changes, *losses, figure(one(own, metric="stop_rate", split="test"))])
    columns = ("arm", "change on test", "change on dev", "NLL, test", "NLL, dev", "stop rate")
    return table(columns, shown, track=Track(columns[1:3], lines=((0.0, names[0]),)))


def _trained_on(rows: list[Measured], names: list[str]) -> Table:
    shown: list[list[Cell]] = []
    for name in names:
        pairs, steps = (one(rows, metric=metric, model=name) for metric in ("pairs", "steps"))
        shown.append([name, figure(pairs), figure(steps), steps.note if steps else "", pairs.note if pairs else ""])
    return table(("arm", "pairs", "steps", "in each", "trained on"), shown)


def _lines(rows: list[Measured]) -> Iterator[Text]:
    """How the best arm was chosen, and how sure that is."""
    chosen, lead = one(rows, metric="chosen"), one(rows, metric="lead")
    if chosen and lead:
        yield text(
            f"† Chosen on dev: {chosen.model}. There the next, {lead.against}, lies ",
            figure(lead),
            f" behind: {sure(lead)}.",
        )
        test = one(rows, metric="nll_change", model=chosen.model, split="test")
        if test:
            yield text(
                f"On test, which had no say in it, {chosen.model} changes NLL by ",
                figure(test, signed=True),
                f": {sure(test)}.",
            )


def _each_seed(rows: list[Measured], names: list[str]) -> Table | None:
    numbers = sorted({row.seed for row in such(rows, metric="seed_change") if row.seed is not None})
    shown: list[list[Cell]] = []
    for name in names:
        for split in SPLITS:
            own = such(rows, model=name, split=split)
            seeds = [figure(one(own, metric="seed_change", seed=seed), signed=True) for seed in numbers]
            shown.append([name, split, *seeds, figure(one(own, metric="seed_sd"))])
    titles = tuple(f"seed {seed}" for seed in numbers)
    made: Body = table(("arm", "split", *titles, "deviation"), shown, "Change of NLL", Track(titles, lines=((0.0, "none"),)))
    return made if numbers and isinstance(made, Table) else None
