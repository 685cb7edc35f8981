"""What is kept is rewritten, and the models on both are held to each other."""

import json
from pathlib import Path
from typing import Any

import pytest
from rehearsed import SMALL, Refuses, Rehearsed, carried_out, named, rows

from humpback import recipes, store
from humpback.config import Config, build
from humpback.errors import UsageFault
from humpback.exports import export
from humpback.lm import Completion
from humpback.methods import rewrite
from humpback.recipes.demo import MATERIAL
from humpback.report import show
from humpback.report.reading import Reading
from humpback.report.section import Pairs
from humpback.report.sections import answers

SAID = "Take what the page says and do it one after the other, as it says, with care and without haste. " * 9


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A rewriter: one answer in three is one, one is without markers, one adds a number."""
    path = tmp_path_factory.mktemp("script") / "rewriter.txt"
    path.write_text(f"[RES]{SAID}[/RES]\n{SAID}\n[RES]{SAID} It takes 7919 days.[/RES]\n", encoding="utf-8")
    return f"echo:{path}"


def wanted(script: str, **layer: Any) -> Config:
    own = {"corpus": {"inputs": [str(MATERIAL / "pages.warc.gz")]}, "seed": {"path": str(MATERIAL / "seed.jsonl")}}
    more = {"rewriter": script, "rewrite": {"max_draft_tokens": 4000}, "curate": {"rounds": 1}, **layer}
    return build(recipes.load("back_and_forth").Settings, [SMALL, own, more])


@pytest.fixture(scope="module")
def finished(script: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed, Config]:
    folder, engine = tmp_path_factory.mktemp("made") / "a", Rehearsed()
    settings = wanted(script, distilled=True)
    carried_out("back_and_forth", folder, settings, engine)
    return folder, engine, settings


def test_models_differ_in_their_answers_alone(finished: tuple[Path, Rehearsed, Config]) -> None:
    """The same requests of the same pages: else what is compared is not the rewriting."""
    folder, engine, _ = finished
    assert {*engine.trained} == {"backward", "forward-0", "forward-1", "forward-rewritten", "forward-distilled"}
    kept, written = rows(folder, "selected-1"), rows(folder, "rewritten")
    assert [row["instruction"] for row in written] == [row["instruction"] for row in kept]
    other = [row for row in written if row["answered"] == "rewritten"]
    assert other and all(row["response"] == SAID.strip() and row["draft"] for row in other)
    same = [(row["response"], row["draft"]) for row in written if row["answered"] != "rewritten"]
    pages = {row["id"]: row["response"] for row in kept}
    assert all(row["draft"] in (None, pages[row["id"]]) for row in written) and all(draft is None for _, draft in same)
    assert {row["answered"] for row in written} <= {
        "rewritten",
        "no_markers",
        "fact_added",
        "rewrite_too_short",
        "rewrite_too_long",
    }


def test_all_models_are_measured_against_the_pages_own(finished: tuple[Path, Rehearsed, Config]) -> None:
    """M_0 tells what any of it is worth, the model of the pages' texts what rewriting is."""
    found = store.one(finished[0], kind="metrics", of="models")
    assert isinstance(found, store.Dataset)
    told = [
        (row["model"], row["against"]) for row in found.rows() if row["metric"] == "nll_change" and row["against"] == "M_1"
    ]
    assert told == [("M_distilled", "M_1"), ("M_rewritten", "M_1")]


def test_the_report_tells_what_became_of_the_answers(
    finished: tuple[Path, Rehearsed, Config], capsys: pytest.CaptureFixture[str]
) -> None:
    """A rewrite that nobody can hold beside its page is not to be trusted."""
    show(finished[0])
    out = " ".join(capsys.readouterr().out.split())
    assert "Answers that were written" in out and "pairs, to be rewritten" in out and "pairs, to be distilled" in out
    assert (
        "what was kept makes M_rewritten" in out
        and "drawn blindly" not in out
        and "trained on the same pairs with the pages' own texts (M_1)" in out
    )


def test_an_export_has_the_rewritten_answers(finished: tuple[Path, Rehearsed, Config], tmp_path: Path) -> None:
    """Whoever rewrote an hour long was given the pages' own texts; and who wrote an answer must be told with it."""
    count = export(finished[0], "alpaca", tmp_path / "pairs.jsonl")
    found = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    written = rows(finished[0], "rewritten")
    assert count == len(found) == len(written) and [row["output"] for row in found] == [row["response"] for row in written]
    assert [row["answered"] for row in found] == [row["answered"] for row in written]


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed, Config]) -> None:
    """The command typed again must cost nothing."""
    carried_out("back_and_forth", finished[0], finished[2], Refuses())


def test_the_control_holds_no_text_of_a_page(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that did not end became the pages' own, and what pages are worth was measured against pages. Of three answers
    shown none is left out, and of one neither."""
    real = rewrite._read

    def cut(by: rewrite.By, completion: Completion) -> tuple[str | None, str]:
        return (None, "unfinished") if by == "distilled" and "7919" not in completion.text else real(by, completion)

    monkeypatch.setattr(rewrite, "_read", cut)
    carried_out("back_and_forth", tmp_path / "a", wanted(script, distilled=True))
    made = named(tmp_path / "a")["distilled"]
    assert isinstance(made, store.Dataset) and {row["answered"] for row in made.rows()} == {"distilled"}
    assert {drop["reason"] for drop in made.drops()} == {"unfinished"}
    [section] = answers.sections(Reading(tmp_path / "a"))
    assert [body.left_out for body in section.bodies if isinstance(body, Pairs)] == [
        max(0, sum(row["draft"] is not None for row in rows(tmp_path / "a", name)) - answers.SHOWN)
        for name in ("distilled", "rewritten")
    ]


def test_what_the_page_does_not_support_keeps_its_text(script: str, tmp_path: Path) -> None:
    """The bound holds for rewrites, and nothing else is lost by it."""
    settings = wanted(script, min_supported=0.9, relevance={"embedding": str(MATERIAL)})
    carried_out("back_and_forth", tmp_path / "a", settings)
    kept, held = rows(tmp_path / "a", "selected-1"), rows(tmp_path / "a", "supported")
    assert [row["id"] for row in held] == [row["id"] for row in kept]
    assert {row["answered"] for row in held} >= {"unsupported"} and all(row["draft"] is None for row in held)


def test_what_cannot_be_is_refused_before_anything_is_done(script: str, tmp_path: Path) -> None:
    """A bound without its model, known after the last round."""
    with pytest.raises(UsageFault, match=r"supported needs relevance\.embedding"):
        carried_out("back_and_forth", tmp_path / "a", wanted(script, min_supported=0.5), Refuses())
    assert not named(tmp_path / "a")


def test_of_several_answers_one_is_trained_on_and_exported(script: str, tmp_path: Path) -> None:
    """A choice that nothing is trained on is none; and what is exported is what the best model was made of."""
    folder, engine = tmp_path / "a", Rehearsed()
    settings = wanted(script, choose=["web", "rewritten", "distilled"], rewrite={"guards": {"facts": False}})
    carried_out("back_and_forth", folder, settings, engine)
    assert {*engine.trained} == {"backward", "forward-0", "forward-1", "forward-rewritten", "forward-chosen"}
    made = rows(folder, "chosen-answers")
    assert len(made) == len(rows(folder, "selected-1")) and len({row["answered"] for row in made}) > 1
    assert {each["by"] for row in made for each in row["answers"]} == {"web", "rewritten", "distilled"}
    export(folder, "prompt-completion", tmp_path / "pairs.jsonl")
    written = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert [row["answered"] for row in written] == [row["answered"] for row in made]
    carried_out("back_and_forth", folder, settings, Refuses())


def test_where_no_pair_has_such_an_answer_the_others_are_trained(tmp_path: Path) -> None:
    """A rewriter that forgets its markers ended the run with all that it had made."""
    (tmp_path / "rewriter.txt").write_text(f"{SAID}\n", encoding="utf-8")
    engine = Rehearsed()
    settings = wanted(f"echo:{tmp_path / 'rewriter.txt'}", choose=["rewritten"])
    said = carried_out("back_and_forth", tmp_path / "a", settings, engine)
    assert "forward-rewritten" in engine.trained and "forward-chosen" not in engine.trained
    assert any("M_chosen: no pair has an answer among rewritten" in line for line in said)
