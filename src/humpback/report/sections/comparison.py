"""Scorers on one pool, compared: what each ranks above what, what it keeps, how far any two agree, and what it costs."""

from collections.abc import Iterator

from humpback.curate.damage import GUARDED
from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Counts, Section, Table, Text, Track, Word, figure, table, text
from humpback.report.sections._sure import sure

PLACE = 100
LEADS = (("mean_auc", "mean_auc_lead", "on damage that no guard catches"), ("label_auc", "label_auc_lead", "against labels"))
LIKE = ("seed_similarity", "length", "distinct_2")


def sections(found: Reading) -> Iterator[Section]:
    """Of a run that compared scorers."""
    rows = found.metrics(of="comparison")
    names = values(such(rows, metric="kept"), "model")
    if not names:
        return
    lines = [line for each in LEADS if (line := _verdict(rows, *each))]
    nothing = text(
        "Nothing says which scorer ranks best: that takes two scorers, and seed pairs to damage or labelled pairs."
    )
    says = (
        "AUC: how often a clean pair ranks above a damaged one, or a good above a bad one; 0.5 is chance. The mean "
        f"leaves out {', '.join(GUARDED)}, which the guards catch."
    )
    tables = [each for each in (_quality(rows, names), _damage(rows, names)) if each]
    yield Section("comparison", "Which scorer ranks best?", says, (*(lines or [nothing]), *tables))
    size = max(row.n for row in such(rows, metric="kept"))
    kept = "Similarity to seed: of responses, kept minus dropped. Seed-like AUC: of instructions; at 0.5 style is no matter."
    yield Section("kept", f"What each keeps of {size:,} pairs, and what it costs", kept, (_kept(rows, names),), under=True)
    likeness = _likeness(rows, names)
    if likeness:
        yield Section("kept-likeness", "What each keeps beside what it drops", "", (likeness,), under=True, folded=True)
    if len(names) > 1:
        agree = "Above the diagonal Spearman's correlation of the scores, below it the Jaccard index of what both keep."
        yield Section("agreement-of-scorers", "How far any two agree", agree, (_agreement(rows, names),), under=True)


def _verdict(rows: list[Measured], metric: str, lead_metric: str, told: str) -> Text | None:
    lead = one(rows, metric=lead_metric)
    if lead is None:
        return None
    best, following = (one(rows, metric=metric, model=name) for name in (lead.model, lead.against))
    return text(
        "Best ", told, ": ", Word(lead.model, "good"), ", AUC ", figure(best), ", then ", lead.against, " with ",
        figure(following), "; the difference ", figure(lead), " is ", sure(lead), ".",
    )  # fmt: skip


def _quality(rows: list[Measured], names: list[str]) -> Table | None:
    base = one(rows, metric="label_base_rate")
    shown: list[list[Cell]] = []
    for name in names:
        own = such(rows, model=name)
        rest = [figure(one(own, metric=metric)) for metric in ("mean_auc", "label_auc", "label_precision", "label_recall")]
        shown.append([name, *rest])
    if base:
        shown.append(["a random choice", None, None, figure(base), None])
    columns = ("scorer", "AUC, mean over damage", "AUC, labels", "precision", "recall")
    made = table(columns, shown, track=Track(columns[1:3], lines=((0.5, "chance"),)))
    return made if len(made.columns) > 1 else None


def _damage(rows: list[Measured], names: list[str]) -> Table | None:
    kinds = values(such(rows, metric="corruption_auc"), "part")
    shown = [
        [name, *(figure(one(rows, metric="corruption_auc", model=name, part=kind)) for kind in kinds)] for name in names
    ]
    return (
        table(("scorer", *(kind.replace("_", " ") for kind in kinds)), shown, "AUC on each kind of damage")
        if kinds
        else None
    )


def _kept(rows: list[Measured], names: list[str]) -> Table:
    shown: list[list[Cell]] = []
    for name in names:
        own = such(rows, model=name)
        drops = sorted(such(own, metric="dropped"), key=lambda row: -(row.value or 0))
        fell = Counts(tuple((row.part, round(row.value or 0)) for row in drops), tuple(drops)) if drops else None
        near, like = (
            one(own, metric="seed_similarity_change", part="response"),
            one(own, metric="seed_like_auc", part="instruction"),
        )
        cost = [figure(one(own, metric=metric)) for metric in ("seconds", "prompt_tokens")]
        counts = [figure(one(own, metric=metric)) for metric in ("ranked", "kept")]
        shown.append([name, *counts, figure(near, signed=True), figure(like), *cost, fell])
    columns = (
        "scorer",
        "ranked",
        "kept",
        "similarity to seed",
        "seed-like AUC",
        "s per 1,000",
        "tokens per 1,000",
        "falls out for",
    )
    return table(columns, shown)


def _likeness(rows: list[Measured], names: list[str]) -> Table | None:
    shown: list[list[Cell]] = []
    for name in names:
        for part in ("instruction", "response"):
            own = such(rows, model=name, part=part)
            cells = [figure(one(own, metric=f"{metric}_{of}"), signed=of == "change") for metric in LIKE
                     for of in ("kept", "dropped", "change")]  # fmt: skip
            if any(cells):
                shown.append([name, part, *cells, figure(one(own, metric="seed_like_auc"))])
    columns = [f"{metric.replace('_', ' ')}, {of}" for metric in LIKE for of in ("kept", "dropped", "difference")]
    return table(("scorer", "of", *columns, "seed-like AUC"), shown) if shown else None


def _agreement(rows: list[Measured], names: list[str]) -> Table:
    """Spearman above the diagonal, Jaccard below it."""

    def of(metric: str, a: str, b: str) -> Measured | None:
        return one(rows, metric=metric, model=a, against=b) or one(rows, metric=metric, model=b, against=a)

    shown: list[list[Cell]] = []
    for i, name in enumerate(names):
        cells = [
            None if i == j else figure(of("spearman" if j > i else "overlap", name, other)) for j, other in enumerate(names)
        ]
        shown.append([name, *cells])
    return Table(("scorer", *(f"with {name}" for name in names)), tuple(map(tuple, shown)))
