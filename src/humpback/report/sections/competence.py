"""Who tells good from bad? Held-out human pairs against the same pairs damaged, and what else was measured of the judge."""

from collections.abc import Iterator

from humpback.curate.damage import GUARDED
from humpback.report.measured import Measured, one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Figure, Section, Table, Track, figure, table

PLACE = 420
# What scorers are called here; others by their columns.
CALLED = {"score": "judge", "gain": "likelihood gain"}
# What selects where nothing else is asked for: these stand first, and are drawn.
SELECTING = ("score", "combined")
# (metric, what it is called, what it means), in the order in which they are shown.
FACTS = (
    ("judge_valid", "valid answers", "a score, with enough probability on the levels"),
    ("judge_undecided", "undecided", "too little probability on the levels"),
    ("judge_order_gap", "order gap, levels", "how far a score moves with the levels in reverse order"),
    ("judge_order_flips", "order flips", "pairs whose likeliest level depends on that order"),
    ("judge_retest_gap", "retest gap, levels", "how far a score moves when the judgement is drawn again"),
    ("judge_kappa", "retest kappa", "two draws compared, beyond chance; 1 is the same"),
    ("judge_canary", "negation canary", "same answer to a question and to its negation: 0 % has read it"),
    ("judge_seconds", "seconds", "for a thousand pairs"),
    ("judge_prompt_tokens", "prompt tokens", "for a thousand pairs"),
    ("judge_completion_tokens", "answer tokens", "for a thousand pairs"),
)


def sections(found: Reading) -> Iterator[Section]:
    """Of each round that has measured its judge."""
    rows = found.metrics(of=("competence", "combination"))
    rounds = sorted({row.round for row in rows if row.round is not None})
    aucs = [
        made for round in rounds for own in [such(rows, round=round)] for made in (_aucs(found, own), _weights(own)) if made
    ]
    if aucs:
        says = (
            "AUC: 1 ranks every clean pair above every damaged one, 0.5 is a coin. What a guard drops before any judge "
            "sees it does not count. Combined: by fits that have not seen these pairs, nor this kind of damage."
        )
        yield Section("competence", "Who tells good from bad? Human pairs against the same pairs damaged", says, tuple(aucs))
    bodies: list[Body] = [each for each in (_facts(rows, rounds), _levels(rows, rounds)) if each]
    if bodies:
        yield Section("judge", "What else was measured of the judge", "", tuple(bodies), under=bool(aucs))


def _aucs(found: Reading, rows: list[Measured]) -> Table | None:
    """A row for each kind of damage, and the mean of what counts; a column for each scorer."""
    measured = [row for row in such(rows, metric="scorer_auc") if row.part]
    if not measured:
        return None
    scorers = sorted(values(measured, "against"), key=lambda name: name not in SELECTING)
    shown: list[list[Cell]] = []
    for damage in values(measured, "part"):
        own = [figure(one(measured, against=scorer, part=damage)) for scorer in scorers]
        shown.append([damage.replace("_", " ") + (" (a guard drops it)" if damage in GUARDED else ""), *own])
    shown.append(["mean of what counts", *(_mean(such(measured, against=scorer)) for scorer in scorers)])
    least = found.settings.get("curate.min_auc")
    lines = [
        (0.5, "a coin"),
        *([(float(least), "needed everywhere of the judge, to select by its threshold")] if least is not None else []),
    ]
    names = [CALLED.get(scorer, scorer.replace("_", " ")) for scorer in scorers]
    drawn = tuple(name for name, scorer in zip(names, scorers, strict=True) if scorer in SELECTING)
    track = Track(drawn, 0.0, 1.0, tuple(lines)) if drawn else None
    n = max(row.n for row in measured)
    caption = f"Round {rows[0].round}, {rows[0].model}, n = {n:,} clean pairs"
    return table(("damage", *names), shown, caption, track)


def _mean(rows: list[Measured]) -> Figure | None:
    counted = [row.value for row in rows if row.part not in GUARDED and row.value is not None]
    return Figure(sum(counted) / len(counted)) if counted else None


def _weights(rows: list[Measured]) -> Table | None:
    """What each scorer weighs in the combination of a round."""
    found = such(rows, metric="combined_weight")
    shown: list[list[Cell]] = [[row.against.replace("_", " "), figure(row)] for row in found]
    fit = one(rows, metric="combined_fit")
    caption = f"What combined is made of, fitted to {fit.note}" if fit else ""
    return table(("scorer", "weight"), shown, caption) if shown else None


def _facts(rows: list[Measured], rounds: list[int]) -> Table | None:
    """A row per measure, a column per round."""
    there = [each for each in FACTS if one(rows, metric=each[0])]
    shown: list[list[Cell]] = []
    for metric, called, means in there:
        own = [one(rows, metric=metric, round=round) for round in rounds]
        shown.append([called, *map(figure, own), max(row.n for row in own if row), means])
    return table(("measure", *_titles(rows, rounds), "n", "what it says"), shown) if shown else None


def _levels(rows: list[Measured], rounds: list[int]) -> Table | None:
    """The share of the clean pairs at each level."""
    found = such(rows, metric="judge_level")
    shown = [
        [level, *(figure(one(found, at=level, round=round)) for round in rounds)]
        for level in sorted({row.at for row in found if row.at is not None})
    ]
    titles = _titles(rows, rounds)
    caption = "Levels given to clean pairs: a judge that knows one level ranks nothing"
    return table(("level", *titles), shown, caption, Track(titles, 0.0)) if shown else None


def _titles(rows: list[Measured], rounds: list[int]) -> tuple[str, ...]:
    models = {round: one(rows, round=round) for round in rounds}
    return tuple(f"round {round}, {row.model}" for round, row in models.items() if row)
