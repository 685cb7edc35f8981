"""Pairs that were made in different ways, side by side."""

from collections.abc import Iterator

from humpback.report.measured import one, such, values
from humpback.report.reading import Reading
from humpback.report.section import Cell, Section, Track, figure, table, text

PLACE = 115
# (metric, part, what it is called)
COLUMNS = (
    ("made", "", "pairs"), ("made_fit", "", "answer fits"),
    ("made_distinct_2", "", "distinct-2"), ("made_spread", "", "spread"),
    ("made_copies", "", "near copies"), ("made_near_seed", "", "near the seed"),
    ("made_words", "instruction", "words asked"), ("made_words", "response", "words answered"),
    ("made_written", "", "written by a model"), ("made_tokens", "read", "tokens read"),
    ("made_tokens", "written", "written"), ("made_seconds", "", "seconds"),
)  # fmt: skip


def sections(found: Reading) -> Iterator[Section]:
    """Of a run that compared ways to make pairs."""
    rows = found.metrics(of="made")
    if not rows:
        return
    says = (
        "Of each way at most 200 pairs. Answer fits: cosine of instruction and answer, by an outside model. Distinct-2: "
        "share of different pairs of neighbouring words in the instructions. Near copies: instructions with a ROUGE-L "
        "above 0.7 with another. Near the seed: largest ROUGE-L with an instruction of the seed. Spread: 1 - cosine of two "
        "instructions. Tokens and seconds: of models that were asked, for all the pairs; trainings are left out."
    )
    shown: list[list[Cell]] = [
        [way, *(figure(one(such(rows, model=way), metric=metric, part=part)) for metric, part, _ in COLUMNS)]
        for way in values(rows, "model")
    ]
    names = ("made by", *(name for _, _, name in COLUMNS))
    left = [
        text(f"Nothing came of {row.model}: {row.note}.", tone="bad") for row in rows if row.metric == "made" and row.note
    ]
    yield Section("made", "The pairs of each way", says, (table(names, shown, track=Track(("answer fits",))), *left))
