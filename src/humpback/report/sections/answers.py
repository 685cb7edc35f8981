"""Answers that are not the page's text: how many were taken, why others were not, and some beside their pages."""

from collections import Counter
from collections.abc import Iterator

from humpback.guards.checks import copied_share
from humpback.report.reading import Reading
from humpback.report.section import Body, Counts, Fact, Facts, Figure, Pair, Pairs, Section
from humpback.schema import Row
from humpback.store import Dataset

PLACE = 330
SHOWN = 3


def sections(found: Reading) -> Iterator[Section]:
    """Of runs in which answers were rewritten, or given without the page."""
    last = {str(made.about["by"]): made for made in found.datasets(kind="rewrites")}
    bodies = [body for by, made in last.items() for body in _of(by, made)]
    if bodies:
        says = (
            "Each pair has the page's text as its answer, or another one; why it is the page's is counted. Near its page is "
            "an answer of whose words many stand in the page in the same runs of eight."
        )
        yield Section("answers", "Answers that were written", says, tuple(bodies))


def _of(by: str, made: Dataset) -> Iterator[Body]:
    rows = list(made.rows(["id", "instruction", "response", "draft", "answered", "url", "header_path"]))
    why = Counter(row["answered"] for row in rows) + Counter(drop["reason"] for drop in made.drops())
    other = [row for row in rows if row["draft"] is not None]
    facts = [Fact("answers", Counts(tuple(why.most_common())), f"of {sum(why.values())} pairs, to be {by}")]
    if other:
        shares = [copied_share(row["response"], row["draft"]) for row in other]
        lengths = [len(row["response"]) / max(1, len(row["draft"])) for row in other]
        facts += [
            Fact("near the page", Figure(sum(shares) / len(shares), "share", n=len(other)), "words in runs of the page's"),
            Fact("length", Figure(sum(lengths) / len(lengths), n=len(other)), "of the page's"),
        ]
    yield Facts(tuple(facts))
    if other:
        yield Pairs(
            tuple(map(_shown, other[:SHOWN])),
            f"{min(SHOWN, len(other))} of them, and their pages",
            max(0, len(other) - SHOWN),
        )


def _shown(row: Row) -> Pair:
    place = " > ".join(row["header_path"] or [])
    return Pair(row["instruction"], row["response"], (Fact("the page", row["draft"]),), source=(row["url"] or "", place))
