"""Every way to make pairs, held to the seed alone; trainings are notes of what they got, and who writes is a script."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import rows_in
from recipes.ablations import LOOSE, finished_run, settings
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback.config import Config
from humpback.errors import UsageFault
from humpback.evaluate.made import Made, copies, measured, spread
from humpback.recipes.compare import MAKERS, WAYS
from humpback.recipes.demo import MATERIAL
from humpback.report import show
from humpback.schema import PAIR

THINGS = ("a lamp", "old shoes", "the garden gate", "my neighbour's cat", "a wet tent", "bread dough", "an oak table", "tea")
DO = ("Explain how to mend {}", "Tell a story of {}", "Why would anyone paint {}?", "List what belongs to {}")


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Says requests, answers, rewrites, and what requests are for, one of them to whatever it is asked."""
    lines = [f"9. {do.format(thing)}" for do in DO for thing in THINGS]
    uses = [f"Use case: care of {thing}. Skills: patience, {thing.split()[-1]} lore" for thing in THINGS]
    kept = [f"[RES]Take the wheel off and clean it with water, then dry it well {how}.[/RES]" for how in ("now", "again")]
    path = tmp_path_factory.mktemp("script") / "writer.txt"
    path.write_text(
        "\n".join([*lines, *(f"Output: {line[3:]} is done step by step." for line in lines), *uses * 4, *kept * 5])
    )
    # Of the seed's requests: there and back, with the number's mark in it.
    (path.parent / "back.txt").write_text("In what way do I fix wheel X0X?\n")
    return f"echo:{path}"


def wanted(before: Path, writer: str, **layer: Any) -> Config:
    back = writer.replace("writer.txt", "back.txt")
    drift = {"embedding": str(MATERIAL), "least_cosine": 0.3, "longest": 9.0, "shortest": 0.1}
    own: dict[str, Any] = {
        "writer_lm": writer, "self_instruct": {"tasks": 30, "rounds": 4}, "seeds": 2,
        "codec": {"metadata": 30, "instructions": 2, "iterations": 2, "contrast": {"theta": 1.0}},
        "pivot": {"routes": [{"through": "Portuguese", "there": back}], "drift": drift}, "found": {"how_to": True},
        "guards": {"min_logprob": None, "disabled": ["leaked_prompt", "not_an_instruction"]},
        "rewrite": {"guards": {"facts": False, "shortest": 0.1, "longest": 9.0}},
    }  # fmt: skip
    return settings("compare", before, **{**own, **layer})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    guards = {"min_logprob": None, "disabled": ["leaked_prompt", "not_an_instruction"]}
    return finished_run(tmp_path_factory.mktemp("runs") / "a", seeds=76, backward_lm="", **{**LOOSE, "guards": guards})


@pytest.fixture(scope="module")
def finished(before: Path, writer: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed]:
    folder, engine = tmp_path_factory.mktemp("runs") / "compare", Rehearsed()
    carried_out("compare", folder, wanted(before, writer, arms=list(WAYS)), engine)
    return folder, engine


def test_every_arm_has_the_seed_and_no_more_pairs_than_curation_kept(finished: tuple[Path, Rehearsed], before: Path) -> None:
    """An arm with more data, or more steps, would win by them."""
    folder, engine = finished
    assert {name.rsplit("-", 1)[0] for name in engine.trained} == {
        "arm-seed",
        *(f"arm-{way}" for way in WAYS),
    }
    assert len({(one.sft.steps, one.sft.batch, one.base) for one in engine.trained.values()}) == 1
    seed = {row["instruction"] for row in rows(before, "seed") if row["split"] == "train"}
    budget = len(rows(before, "selected-1"))
    for name in engine.trained:
        trained = rows_of(named(folder)[name].path)
        assert len(seed) <= len(trained) <= len(seed) + budget and seed <= {row["instruction"] for row in trained}, name


def test_the_base_is_held_to_them_as_it_is_and_with_examples(finished: tuple[Path, Rehearsed]) -> None:
    """A base that is asked without examples is no control: they may give what a training gives."""
    found = {(row["metric"], row["model"]): row for row in rows(finished[0], "comparison")}
    assert [found["pairs", name]["value"] for name in ("base", "base 5-shot")] == [0.0, 0.0]
    assert found["pairs", "seed 5-shot"]["value"] == found["pairs", "seed"]["value"]
    assert found["steps", "base"]["value"] == 0 and found["nll", "base 5-shot"]["n"] == found["nll", "seed"]["n"]
    assert found["nll", "base"]["value"] != found["nll", "base 5-shot"]["value"]


def test_the_same_requests_have_other_answers(finished: tuple[Path, Rehearsed], before: Path) -> None:
    """Rewritten and distilled pairs are the curated ones; else two things differ."""
    kept = {row["instruction"] for row in rows(before, "selected-1")}
    assert {row["instruction"] for row in rows(finished[0] / "rewritten", "rewritten")} == kept
    assert {row["instruction"] for row in rows(finished[0] / "distilled", "distilled")} <= kept


def test_the_report_has_a_row_for_each_way(finished: tuple[Path, Rehearsed], capsys: pytest.CaptureFixture[str]) -> None:
    show(finished[0])
    out = capsys.readouterr().out
    assert "The pairs of each way" in out and all(way in out for way in WAYS)


def test_what_each_way_took_is_told(finished: tuple[Path, Rehearsed]) -> None:
    """Pairs that cost ten times as many tokens are not as good for being as good; what was asked in vain was paid too."""
    told = {(row["model"], row["part"]): row for row in rows(finished[0], "made") if row["metric"] == "made_tokens"}
    assert all(told[way, "read"]["value"] > 0 for way in ("rewritten", "distilled", "pivot", "self_instruct", "codec"))
    assert told["found", "read"]["value"] == 0
    asked = sum(each.totals.spent.get("prompt_tokens", 0) for name, each in named(finished[0] / "rewritten").items())  # type: ignore[attr-defined]
    assert told["rewritten", "read"]["value"] == asked and told["rewritten", "read"]["n"] == 1


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed], before: Path, writer: str) -> None:
    carried_out("compare", finished[0], wanted(before, writer, arms=list(WAYS)), Refuses())


def test_of_a_way_that_gave_nothing_it_is_told_why(
    before: Path, writer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An arm of no pairs would be told as one of some; and what the others gave is not lost with it."""
    engine = Rehearsed()
    said = carried_out(
        "compare", tmp_path / "c", wanted(before, writer, arms=["found", "random"], found={"least_words": 40}), engine
    )
    assert {name.rsplit("-", 1)[0] for name in engine.trained} == {"arm-seed", "arm-random"}
    assert any("found" in line and "too_few_words" in line for line in said)
    show(tmp_path / "c")
    assert "Nothing came of found" in " ".join(capsys.readouterr().out.split())
    assert {*MAKERS} == {*WAYS}


def test_a_setting_of_the_run_before_is_refused(before: Path, writer: str, tmp_path: Path) -> None:
    """Its results are taken over, so that another curation here would be told and not done."""
    with pytest.raises(UsageFault, match="curate"):
        carried_out("compare", tmp_path / "c", wanted(before, writer, curate={"share": 0.3}))


def test_copies_are_counted() -> None:
    """Each of two that are alike is one; a text is no copy of itself."""
    texts = ["How do I oil a chain?", "How do I oil the chain?", "Why is the sea salt?"]
    assert copies(texts) == 2 and copies(texts[1:]) == 0 and copies([]) == 0


def test_what_pairs_are_like(run: Any) -> None:
    seed = [{"id": "s", "instruction": "Why is the sea salt?", "response": "So.", "source": "seed", "split": "train"}]
    pairs = [{"id": "a", "instruction": "Why is the sea salt?", "response": "It is.", "source": "web"},
             {"id": "b", "instruction": "Oil it, please", "response": "Do it now.", "source": "self_instruct"}]  # fmt: skip
    config = Made(seed=rows_in(run, seed, PAIR, "s").path, ways={"one": rows_in(run, pairs, PAIR, "p").path})
    told = {(row["metric"], row["part"]): row["value"] for row in measured(config)}
    assert told["made", ""] == 2 and told["made_written", ""] == 0.5 and told["made_near_seed", ""] == 0.5
    assert told["made_words", "instruction"] == 4 and "made_fit" not in {name for name, _ in told}


def test_the_spread_of_vectors() -> None:
    """Two of one direction are no distance apart, two at right angles 1; of one there is none."""
    assert spread(np.array([[1.0, 0.0], [1.0, 0.0]])) == 0 and spread(np.array([[1.0, 0.0], [0.0, 1.0]])) == 1
    assert spread(np.array([[1.0, 0.0]])) is None
    three = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert spread(three) == pytest.approx((1 + 1 + 2) / 3)
