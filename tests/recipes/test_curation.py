"""The ways of curating that the defaults do not take: outside judges, prompted models, round trips, other scorers, texts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, demo, named, rows

from humpback.curate.competence import JudgeBelowChance
from humpback.curate.judge import JudgeUnreadable
from humpback.errors import UsageFault
from humpback.lm import Answer

pytestmark = pytest.mark.slow
SCORE = "It says what was asked.\nScore: 4\n"


def made(folder: Path, pages: Path, engine: Rehearsed | None = None, **layers: Any) -> Path:
    curate = {"rounds": 1, "by": "auto", **layers.pop("curate", {})}
    carried_out("demo", folder, demo(curate=curate, **{"judge": {"stop_valid": 0.6}, **layers}), engine, reuse=pages)
    return folder


def script(folder: Path, text: str) -> str:
    """The name of a model that writes the lines of `text`."""
    (folder / "script.txt").write_text(text)
    return f"echo:{folder / 'script.txt'}"


def test_a_prompted_model_an_outside_judge_and_every_scorer(tmp_path: Path, pages: Path) -> None:
    """Each of these is a setting; a recipe that forgets one runs the default and says nothing."""
    folder = made(
        tmp_path / "run", pages, backward_lm="echo", judge_lm="echo", augment={"candidates": 3, "choose": "round_trip"},
        curate={"by": "combined", "per_site": 50}, combine=("score", "gain", "specificity"),
    )  # fmt: skip
    found = {*named(folder)}
    assert "backward" not in found and "backward-quality" not in found
    assert {
        "round-trip",
        "scored-1",
        "scored-1-backward",
        "scored-1-combined",
        "combination-1",
        "injection-1",
        "likeness-1",
        "prompts",
    } <= found
    [row] = rows(folder, "augmented")[:1]
    assert row["prompt"] == "backward-prompted-v1" and row["style"] in ("question", "command")
    scored = rows(folder, "scored-1-combined")
    assert all(row["combined"] is not None and row["specificity"] is not None for row in scored)
    assert rows(folder, "selected-1") and {row["judge"] for row in scored} == {"echo"}


def test_texts_are_parsed_and_kept(tmp_path: Path, pages: Path) -> None:
    """The judge's own words must be there to be read, and to be parsed again."""
    judge = script(tmp_path, "Good enough. Score: 4\nScore: 4.5\n")
    folder = made(
        tmp_path / "run", pages, judge_lm=judge, judge={"mode": "text", "stop_valid": 0.6}, curate={"by": "score", "k": 4}
    )
    found = rows(folder, "scored-1")
    assert {row["score"] for row in found} <= {4.0, 4.5} and all("Score" in row["judgement"][0] for row in found)


def test_a_judge_that_cannot_be_read_stops_what_selects_by_it(tmp_path: Path, pages: Path) -> None:
    """45 to 67 % of scores were lost elsewhere, and the run went on."""
    judge = script(tmp_path, "I would rather not say.\n")
    asked = {"mode": "multi", "samples": 2, "stop_valid": 0.6}
    with pytest.raises(JudgeUnreadable, match="0%"):
        made(tmp_path / "run", pages, judge_lm=judge, judge=asked, curate={"by": "score"})
    folder = made(tmp_path / "gain", pages, judge_lm=judge, judge=asked, curate={"by": "gain"})
    assert {row["status"] for row in rows(folder, "scored-1")} == {"too_few_valid"} and rows(folder, "selected-1")


def test_what_is_worse_than_chance_stops_the_run(tmp_path: Path, pages: Path) -> None:
    """A judge that prefers damaged pairs selects harm, and with confidence."""

    def prefers_damage(state: str, known: Answer) -> Answer:
        return replace(known, score=5.0 if "Sponsored" in state else 5.0 - min(len(state) / 2000, 3.9), label_mass=1.0)

    engine = Rehearsed()
    engine.judges = {"forward-0": prefers_damage}
    with pytest.raises(JudgeBelowChance, match=r"judge 0\.[0-3]"):
        made(tmp_path / "run", pages, engine, curate={"by": "score", "stop_below_chance": True})
    assert "competence-1" in named(tmp_path / "run") and "selected-1" not in named(tmp_path / "run")


def test_likelihoods_are_the_forward_models_whoever_judges(tmp_path: Path, pages: Path) -> None:
    """An outside judge that is asked for likelihoods too is another scorer than the one that was named."""
    folder = made(tmp_path / "run", pages, judge_lm=script(tmp_path, SCORE), curate={"by": "gain"})
    assert {"scored-1", "scored-1-likelihood"} <= {*named(folder)}
    assert all(row["gain"] is None for row in rows(folder, "scored-1"))
    assert all(row["gain"] is not None for row in rows(folder, "scored-1-likelihood"))


def test_a_scorer_that_there_is_not_is_found_before_any_work(tmp_path: Path) -> None:
    """After the trainings it is too late, and a column of nulls drops every pair."""
    with pytest.raises(UsageFault, match=r"relevance\.embedding"):
        carried_out("demo", tmp_path / "run", demo(curate={"by": "relevance"}), Refuses())
    assert not list((tmp_path / "run").glob("0*"))
