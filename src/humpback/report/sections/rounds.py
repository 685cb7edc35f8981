"""The rounds side by side: who judged, what was selected by what and why, and how it differs from the round before."""

from collections.abc import Iterator

from humpback.curate.damage import DAMAGES, GUARDED
from humpback.report.measured import Measured, one
from humpback.report.reading import Reading
from humpback.report.section import Body, Cell, Code, Figure, Section, Table, Text, Track, Word, figure, table, text
from humpback.report.sections import _who
from humpback.store import Dataset

PLACE = 300
# The precision of a selection that does not look: the share of clean pairs among them and their damaged copies.
BLIND = 1 / (len(DAMAGES) - len(GUARDED))
# (what it is called, metric, whether its sign is written)
SELECTED = (
    ("kept", "acceptance", False), ("precision", "selection_precision", False), ("recall", "selection_recall", False),
    ("overlap", "selection_overlap", False), ("new", "selection_new", False), ("left", "selection_left", False),
)  # fmt: skip
MOVED = (
    ("score", "selected_score", False), ("its drift", "score_drift", True),
    ("gain", "selected_gain", False), ("drift of gain", "gain_drift", True),
)  # fmt: skip
WRITTEN = (
    ("guards passed", "guards_passed", False), ("copies", "copy_rate", False), ("unchanged", "pool_unchanged", False),
    ("distinct-2", "pool_distinct_2", False),
)  # fmt: skip
TABLES = (
    ("What each round selected", SELECTED),
    ("The selected pairs, and how far they moved since the round before", MOVED),
    ("The instructions that were written for it", WRITTEN),
)


def sections(found: Reading) -> Iterator[Section]:
    """Of runs that have rounds, or the scores of a file of pairs."""
    rows = found.metrics(of="iteration")
    bodies: list[Body] = []
    for round in found.rounds:
        ended = one(rows, metric="stopped", round=round)
        # A round may end before it has begun.
        bodies += _told(found, round) if not ended or found.scored(round) else ()
        bodies += [text(f"Round {round} stops: ", Word(ended.note, rows=(ended,)), ".", tone="bad")] if ended else []
    for caption, columns in TABLES:
        made = _table(rows, columns, caption)
        bodies += [made] if made else []
    scored = found.scored(None)
    if bodies:
        yield Section("rounds", "The rounds", SAYS, tuple(bodies))
    elif scored:
        judged = [_who.judge(found, scored, None, ""), *_who.others(found, scored, "")]
        yield Section("rounds", f"Scores of {len(scored):,} pairs", "", tuple(judged))


SAYS = (
    "Precision and recall: of clean dev pairs against the same pairs damaged, at the judge's threshold; where a share is "
    "kept, of the best, as many as are clean. "
    "Overlap: pairs in this and the last selection among those in either (Jaccard). Drift: of the selected pairs, how "
    "far the new judge's score, and the new model's likelihood gain, are from those of the round before."
)


def _table(rows: list[Measured], columns: tuple[tuple[str, str, bool], ...], caption: str) -> Table | None:
    """A row per round."""
    rounds = sorted(
        {row.round for row in rows if row.round is not None and row.metric in {metric for _, metric, _ in columns}}
    )
    made: list[list[Cell]] = []
    for round in rounds:
        own = [one(rows, metric=metric, round=round) for _, metric, _ in columns]
        model = next((row.model for row in own if row), "")
        made.append([round, model, *(figure(row, signed) for row, (_, _, signed) in zip(own, columns, strict=True))])
    track = Track(("precision",), lines=((BLIND, "a choice that does not look"),))
    return table(("round", "judged by", *(name for name, _, _ in columns)), made, caption, track) if made else None


def _told(found: Reading, round: int) -> Iterator[Text]:
    """Who judged, by what was selected, and why."""
    scored, chosen = found.scored(round), found.last(kind="selected", round=round)
    made = scored or chosen
    measured = one(found.metrics(round=round), of=("competence", "iteration"))
    model = str(made.about.get("model") or "") if made else measured.model if measured else ""
    yield _who.judge(found, scored, round, model)
    yield from _who.others(found, scored, str(chosen.about.get("by") or "") if chosen else "")
    yield _selected(chosen) if chosen else text(f"In round {round} nothing is selected yet.", tone="bad")


def _selected(chosen: Dataset) -> Text:
    config, about = chosen.plan["config"], chosen.about
    least, share, why = config.get("k"), config.get("share"), about.get("why")
    rule = ("at least ", least) if least is not None else ("the best ", Figure(share, "share"))
    name = Code(str(about.get("by") or config["by"]))
    reason = (f": {why}.",) if why else (".",)
    counts = (len(chosen), " of ", chosen.totals.read, " pairs kept by ")
    return text(*counts, name, ", ", *rule, *reason)
