"""Pairs, one by one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from report.rendered import section
from worlds import World, pair, segment

from humpback.curate import scorers
from humpback.report.section import Fact, Pairs
from humpback.schema import PAIR, SEGMENT

Made = Callable[[str], Path]


def groups(folder: Path) -> dict[str, Pairs]:
    return {body.caption: body for body in section(folder, "examples").bodies if isinstance(body, Pairs)}


def told(facts: tuple[Fact, ...]) -> dict[str, Any]:
    return {fact.name: getattr(fact.value, "value", fact.value) for fact in facts}


def ranked(folder: Path, by: str, values: list[Any], **columns: Any) -> Path:
    """A round over as many pairs as there are `values` of the column, the first half of which is kept."""
    about = {"round": 1, "model": "M_0"}
    rows = [{**pair(i), by: value, "status": "ok", **columns} for i, value in enumerate(values)]
    with World(folder) as world:
        world.put("segments", [segment(i) for i in range(3)], SEGMENT, kind="segments")
        every = world.put("scored", rows, scorers.schema(), kind="scored", **about)
        fell = {row["id"]: ("below_share", f"{row[by]}") for row in rows[len(rows) // 2 :]}
        world.select("selected", every, fell, by, share=0.5, **about)
    return folder


def test_best_lowest_highest_and_worst(tmp_path: Path) -> None:
    """Those near the bound say whether it is in the right place."""
    made = groups(ranked(tmp_path / "a", "gain", [1.0 - i / 100 for i in range(40)]))
    gains = {title: [told(each.facts)["gain"] for each in shown.pairs] for title, shown in made.items()}
    assert gains["Best, kept"] == [1.0 - i / 100 for i in range(6)] and made["Best, kept"].left_out == 14
    assert gains["Lowest that was kept"][0] == 0.81 and gains["Highest that was not kept"][0] == 0.8
    assert gains["Worst"][0] == 0.61 and made["Worst"].pairs[0].fault == "below_share: 0.61"


def test_ranked_by_a_column_in_which_less_is_better(tmp_path: Path) -> None:
    """By retrieval rank, 8 of 8 came first and 1 last."""
    best = groups(ranked(tmp_path / "a", "retrieval_rank", [1, 2, 3, 8], retrieval_of=8))["Best, kept"].pairs
    assert [told(each.facts)["retrieval rank"] for each in best] == [1, 2]
    assert next(fact.means for fact in best[0].facts if fact.name == "retrieval rank") == "of 8"


def test_pairs_without_a_score_say_why(made: Made) -> None:
    """They fell under the table: neither best nor worst; a few of each reason."""
    shown = groups(made("loop"))["Without a score"]
    assert [each.fault for each in shown.pairs] == ["no score: undecided"] * 3 and shown.left_out == 1


def test_what_the_guards_drop_is_shown_with_the_reason(made: Made) -> None:
    """As it was before: the rows stand in the dataset that was guarded."""
    shown = groups(made("loop"))["Dropped by the guards"]
    assert sorted(each.fault.partition(":")[0] for each in shown.pairs) == ["copied_answer"] * 3 + ["improbable"] * 3
    assert shown.left_out == 14 and all(each.response and each.candidates for each in shown.pairs)


def test_a_file_has_a_best_and_a_worst(made: Made) -> None:
    """Nothing was selected, and labels are told."""
    made_ = groups(made("scored"))
    assert {*made_} == {"Best", "Worst", "Without a score"} and "label" in told(made_["Best"].pairs[0].facts)


def test_a_pair_is_followed_to_its_page(tmp_path: Path) -> None:
    """By its segment, if that is of this run."""
    best = groups(ranked(tmp_path / "a", "score", [4.0, 3.0, 2.0, 1.0]))["Best, kept"].pairs[0]
    assert [what for what, _ in best.lineage] == ["pair", "segment", "document", "pages.warc.gz"]
    assert best.source[0].startswith("https://") and best.candidates is not None and len(best.candidates.rows) == 3


def test_what_judges_wrote_and_aspects_are_shown(tmp_path: Path) -> None:
    """The reason of a score is what was written of it."""
    folder = ranked(
        tmp_path / "a", "score", [4.0, 3.0], judgement=["Good.", ""], aspects=[4.0, None, 3.5], judged_clipped=True
    )
    best = groups(folder)["Best, kept"].pairs[0]
    assert best.wrote == ("Good.",) and best.facts[0].means == "aspects 4, –, 3.5"
    assert told(best.facts)["judged"] == "by its beginning alone" and told(best.facts)["asked for as a"] == "question"


def test_later_rounds_have_guards_of_their_own(tmp_path: Path) -> None:
    """Where the instructions are written anew each round."""
    with World(tmp_path / "a") as world:
        for round in (1, 2):
            drawn = world.put(f"drawn-{round}", [pair(i) for i in range(3)], PAIR, kind="candidates", round=round)
            world.map(f"pairs-{round}", drawn, drops={"p000": ("improbable", None)}, kind="pairs", of="guards", round=round)
    assert {*groups(tmp_path / "a")} == {"Dropped by the guards", "Dropped by the guards, round 2"}
