"""The rounds side by side, and who judged and wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import measurements
import pytest
from report.rendered import section
from worlds import World, WorldSettings

from humpback.curate import scorers
from humpback.metrics import metric
from humpback.report.section import Table, Text, Track
from humpback.report.writing import written

Made = Callable[[str], Path]


def said(folder: Path) -> list[Text]:
    return [body for body in section(folder, "rounds").bodies if isinstance(body, Text)]


def words(text: Text) -> str:
    return "".join(written(part) for part in text.parts)


def one(folder: Path, by: str = "score", columns: dict[str, Any] | None = None, **leaves: Any) -> Path:
    """A round that judged two pairs and kept one."""
    about = {"round": 1, "model": "M_0"}
    row = {"id": "p", "score": 4.0, "judge": "transformers:forward-0", **(columns or {})}
    with World(folder, settings=WorldSettings(**leaves)) as world:
        every = world.put("scored", [row, {**row, "id": "q", "score": 1.0}], scorers.schema(), kind="scored", **about)
        world.select("selected", every, {"q": ("below_k", "1")}, by, k=3.5, why="it is competent", **about)
    return folder


def test_each_round_is_a_row_and_what_nobody_measured_no_column(made: Made) -> None:
    """A choice that does not look has a precision too, which stands beside."""
    selected, moved = [body for body in section(made("loop"), "rounds").bodies if isinstance(body, Table)]
    assert selected.columns == ("round", "judged by", "kept", "precision", "recall", "overlap", "new", "left")
    assert [row[:2] for row in selected.rows] == [(1, "M_0"), (2, "M_1")] and selected.rows[0][5] is None
    assert selected.track == Track(("precision",), lines=((0.2, "a choice that does not look"),))
    assert moved.columns[2:] == ("score", "its drift", "gain", "drift of gain") and moved.track is None


@pytest.mark.parametrize(
    ("leaves", "told", "outside"),
    [
        ({}, "Round 1: judged by transformers:forward-0 (M_0, the model in training).", False),
        (
            {"teach": {"share": 0.2}},
            "(M_0, the model in training, taught to judge by 20 % of its training loss).",
            False,
        ),
        ({"judge_lm": "openai:x"}, "judged by transformers:forward-0, not by the model in training: this is no self-", True),
    ],
)
def test_the_judge_is_named(tmp_path: Path, leaves: dict[str, Any], told: str, outside: bool) -> None:
    """An outside judge that goes unsaid makes a claim of self-alignment that is not so."""
    judge, selected = said(one(tmp_path / "a", **leaves))
    assert told in words(judge) and (judge.tone == "bad") is outside
    assert words(selected) == "1 of 2 pairs kept by score, at least 3.5: it is competent."


@pytest.mark.parametrize(
    ("by", "combined", "selects"),
    [
        ("score", (), False),
        ("relevance", (), True),
        ("combined", ("score", "relevance"), True),
        ("combined", ("gain",), False),
    ],
)
def test_outside_scorers_are_named_and_those_that_select_are_marked(
    tmp_path: Path, by: str, combined: tuple[str, ...], selects: bool
) -> None:
    """Selecting by an outside model is no self-alignment either, even where the judge is one's own."""
    named = {"embedding": "org/e", "entailment": ""}
    folder = one(tmp_path / "a", by, {"relevance": 0.4, "combined": 0.5}, relevance=named, combine=combined)
    _, other, _ = said(folder)
    assert "relevance by the outside model org/e" in words(other) and (other.tone == "bad") is selects
    assert ("no self-alignment" in words(other)) is selects


def test_a_round_that_stopped_before_it_selected_is_there(tmp_path: Path) -> None:
    """A run that its judge's competence stopped is the one whose competence one wants to see."""
    with World(tmp_path / "a", settings=WorldSettings(judge_lm="openai:x")) as world:
        world.metrics("c", measurements.competence(1, "M_0", 0.4), of="competence", round=1)
    judge, nothing = said(tmp_path / "a")
    assert "judged by openai:x, not" in words(judge) and words(nothing) == "In round 1 nothing is selected yet."


def test_the_end_of_the_rounds_has_a_reason(tmp_path: Path) -> None:
    """Fewer rounds than were asked for."""
    why = "M_1 judges the same pairs again: nothing can change"
    with World(tmp_path / "a") as world:
        world.metrics("i", [metric("stopped", "M_1", 1.0, n=1, round=3, note=why)], of="iteration", round=3)
    assert f"Round 3 stops: {why}." in [words(each) for each in said(tmp_path / "a")]


def test_the_scores_of_a_file_have_a_judge_and_no_round(made: Made) -> None:
    """`humpback score` selects nothing."""
    assert (
        section(made("scored"), "rounds").title == "Scores of 60 pairs"
        and words(said(made("scored"))[0]) == "Judged by echo."
    )
