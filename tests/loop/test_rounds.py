"""Rounds: the gate, when to stop, the best by dev. Models are fakes whose worth is set here."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Rehearsed, carried_out, demo, named, rows, rows_of

from humpback import store
from humpback.curate.damage import DAMAGES
from humpback.lm import Answer
from humpback.loop.rounds import BestConfig, link_best
from humpback.schema import Row

pytestmark = pytest.mark.slow


def worth(**of: float) -> Rehearsed:
    """An engine whose models are worth so much; `forward_1` is M_1."""
    return Rehearsed(lambda name, _: of.get(name.replace("-", "_"), 0.0))


def made(folder: Path, pages: Path, engine: Rehearsed, **layers: Any) -> Path:
    carried_out("demo", folder, demo(**layers), engine, reuse=pages)
    return folder


def metric_of(run: Path, dataset: str, name: str) -> Row:
    return next(row for row in rows(run, dataset) if row["metric"] == name)


def best_of(run: Path) -> Any:
    return store.read_json(named(run)["best"].path / "best.json")


# What a round selects from.


@pytest.mark.parametrize(("per_text", "most"), [(None, 1), (2, 2)])
def test_where_curation_chooses_each_text_has_its_best_instruction(
    tmp_path: Path, pages: Path, per_text: int | None, most: int
) -> None:
    """The blind control must be bound as the selection is: with more instructions for a text it has fewer texts."""
    run = made(
        tmp_path / "run", pages, worth(), curate={"rounds": 1, "distinct": None, "per_text": per_text},
        augment={"candidates": 4, "choose": "curation"},
    )  # fmt: skip
    pool = Counter(row["parent"] for row in rows(run, "unseen"))
    assert max(pool.values()) > most
    for name in ("selected-1", "uncurated"):
        assert max(Counter(row["parent"] for row in rows(run, name)).values()) == most
    kept = {row["id"]: row["parent"] for row in rows(run, "selected-1")}
    lowest = {parent: min(row["score"] for row in rows(run, "scored-1") if kept.get(row["id"]) == parent)
              for parent in kept.values()}  # fmt: skip
    fell = [row for row in rows(run, "scored-1") if row["id"] not in kept and row["parent"] in lowest]
    assert fell and all((row["score"] or 0.0) <= lowest[row["parent"]] for row in fell)


# The gate.


def test_better_models_go_on_and_the_best_is_kept(tmp_path: Path, pages: Path) -> None:
    """M_2 is worse than M_1: the last model is not the best, and whoever takes the last takes the wrong one."""
    run = made(tmp_path / "run", pages, worth(forward_1=0.2, forward_2=0.1))
    told = best_of(run)
    assert (told["model"], told["split"], named(run)["best"].about["model"]) == ("M_1", "dev", "M_1")
    assert "better than M_0" in told["why"] and [each["better"] for each in told["verdicts"]] == [True, False]
    assert metric_of(run, "gate-1", "gate_nll_change")["value"] == pytest.approx(-0.2)
    assert metric_of(run, "gate-2", "gate_nll_change")["value"] == pytest.approx(0.1)
    assert metric_of(run, "competence-2", "judge_valid")["model"] == "M_1"


def test_the_best_costs_no_disk_and_is_a_model(tmp_path: Path, pages: Path) -> None:
    """Weights are gigabytes; and a folder with another step's plan would be refused at the next start."""
    run = made(tmp_path / "run", pages, worth(forward_1=0.2), curate={"rounds": 1})
    best, model = named(run)["best"], named(run)["forward-1"]
    assert (best.path / "humpback.json").samefile(model.path / "humpback.json")
    assert best.about["kind"] == "best" and model.about["kind"] == "model" and model.about["role"] == "forward"


def test_a_model_that_is_no_better_is_refused_and_the_rounds_end(tmp_path: Path, pages: Path) -> None:
    """It went on, and judged the next round. With M_0 as the judge of the same pairs another round changes nothing."""
    run = made(tmp_path / "run", pages, worth())
    assert best_of(run)["model"] == "M_0" and metric_of(run, "gate-1", "gate_better")["value"] == 0.0
    assert "M_1 is not better than M_0" in metric_of(run, "gate-1", "gate_better")["note"]
    assert "nothing can change" in metric_of(run, "iteration-2", "stopped")["note"]
    assert not {*named(run)} & {"scored-2", "forward-2"} and {"model-quality", "forward-uncurated"} <= {*named(run)}
    assert (run / "report.html").exists()


def test_after_a_refusal_the_best_so_far_judges(tmp_path: Path, pages: Path) -> None:
    """Where the pool is written anew the run goes on, with M_0 as its judge and as the measure of M_2."""
    run = made(tmp_path / "run", pages, worth(forward_1=-0.1, forward_2=0.1), iterate={"pool": "regenerated"})
    assert {row["judge"] for row in rows(run, "scored-2")} == {"forward-0"}
    assert metric_of(run, "iteration-2", "acceptance")["model"] == "M_0" and "M_2 is better than M_0" in best_of(run)["why"]


def test_a_run_may_end_with_a_refusal(tmp_path: Path, pages: Path) -> None:
    """Rounds that nobody will use cost days."""
    run = made(tmp_path / "run", pages, worth(), iterate={"pool": "regenerated", "stop_on_refusal": True})
    assert "augmented-2" not in named(run) and "best" in named(run)


def test_without_the_gate_the_last_model_goes_on_and_the_best_is_kept_all_the_same(tmp_path: Path, pages: Path) -> None:
    """That is the paper's loop; its figures are measured as well."""
    run = made(tmp_path / "run", pages, worth(forward_1=-0.3, forward_2=-0.2), iterate={"gate": False})
    assert {row["judge"] for row in rows(run, "scored-2")} == {"forward-1"} and best_of(run)["model"] == "M_0"


def test_a_lower_loss_does_not_make_up_for_answers_without_end(tmp_path: Path, pages: Path) -> None:
    """A model that never stops looks fine in its loss."""
    engine = worth(forward_1=0.5)
    engine.talk = ("forward-1",)
    run = made(tmp_path / "run", pages, engine, curate={"rounds": 1})
    assert metric_of(run, "gate-1", "gate_stop_change")["value"] == -1.0
    assert "ends fewer of its answers" in metric_of(run, "gate-1", "gate_better")["note"]


def test_nothing_is_decided_on_the_test_split(tmp_path: Path, pages: Path) -> None:
    """Public runs chose their best step on the test set: no test pair may be looked at before the best is kept."""
    engine = worth(forward_1=0.1, forward_2=0.2)
    run = made(tmp_path / "run", pages, engine)
    test = {row["response"] for row in rows(run, "seed") if row["split"] == "test"}
    at = engine.told.index(("step", "best"))
    before, after = ({name for name, target in part if target in test} for part in (engine.told[:at], engine.told[at:]))
    assert not before and after == {"forward-0", "forward-1", "forward-2", "forward-uncurated"}


def test_every_model_is_trained_from_base_on_the_seed_and_what_was_selected(tmp_path: Path, pages: Path) -> None:
    """M_t continues from base, never from M_{t-1} (paper, section 2.3); a test pair in the data makes figures worthless."""
    engine = worth(forward_1=0.1, forward_2=0.2)
    run = made(tmp_path / "run", pages, engine, iterate={"stop_overlap": None})
    assert [*engine.trained] == ["backward", "forward-0", "forward-1", "forward-2", "forward-uncurated"]
    assert {each.base for each in engine.trained.values()} == {"embedded"}
    trained = {name: rows_of(named(run)[name].path) for name in engine.trained}
    assert {row["source"] for row in trained["forward-0"]} == {"seed"}
    assert {row["id"] for row in trained["forward-2"] if row["source"] == "web"} == {
        row["id"] for row in rows(run, "selected-2")
    }
    assert {row["split"] for data in trained.values() for row in data if row["source"] == "seed"} == {"train"}


# When to stop.


def test_rounds_end_where_the_selection_stays(tmp_path: Path, pages: Path) -> None:
    """An outside judge says the same of the same pairs: a third model on the same data would be the second again."""
    run = made(tmp_path / "run", pages, worth(forward_1=0.2), judge_lm="echo")
    assert metric_of(run, "iteration-2", "selection_overlap")["value"] == 1.0
    assert "overlap 1.00" in metric_of(run, "iteration-2", "stopped")["note"]
    assert "selected-2" in named(run) and "forward-2" not in named(run)


def test_rounds_end_where_precision_falls(tmp_path: Path, pages: Path) -> None:
    """A judge that takes more damaged pairs for good than the one before spoils the next model."""

    def told(state: str, known: Answer, sees: bool) -> Answer:
        return replace(known, score=1.0 if sees and "Sponsored" in state else 5.0, label_mass=1.0, order_gap=0.0)

    engine = worth(forward_1=0.2)
    engine.judges = {
        "forward-0": lambda state, known: told(state, known, True),
        "forward-1": lambda state, known: told(state, known, False),
    }
    run = made(tmp_path / "run", pages, engine, iterate={"stop_precision": 0.3, "stop_overlap": None})
    first, second = (metric_of(run, f"iteration-{i}", "selection_precision") for i in (1, 2))
    assert (first["value"], second["value"]) == (0.25, 0.2)
    assert "precision on damaged dev pairs fell" in metric_of(run, "iteration-2", "stopped")["note"]
    assert "forward-2" not in named(run)


def test_the_control_is_of_the_size_that_was_trained_on(tmp_path: Path, pages: Path) -> None:
    """A selection that was not trained on may have another size, and the comparison would be none."""
    engine = worth(forward_1=0.2)
    run = made(tmp_path / "run", pages, engine, iterate={"stop_overlap": 0.01})
    sizes = {name: len(rows_of(named(run)[name].path)) for name in engine.trained}
    assert "forward-2" not in sizes and sizes["forward-uncurated"] == sizes["forward-1"]


def test_what_was_killed_between_two_measurements_is_measured_again(tmp_path: Path, pages: Path) -> None:
    """The damaged pairs' scores must come out the same whenever they are asked for."""
    engine = worth(forward_1=0.2)
    run = made(tmp_path / "run", pages, engine, curate={"rounds": 1})
    before = rows(run, "damaged-1")
    assert {row["method"] for row in before} == {*DAMAGES}
    shutil.rmtree(named(run)["damaged-1"].path)
    made(run, pages, engine, curate={"rounds": 1})
    assert rows(run, "damaged-1") == before and len(before) == 8 * len(DAMAGES)


def test_the_judge_is_measured_on_as_many_dev_pairs_as_are_asked_for(tmp_path: Path, pages: Path) -> None:
    """`measure.cases` bounds what measuring costs, in rounds as at the end."""
    run = made(tmp_path / "run", pages, worth(), curate={"rounds": 1}, measure={"cases": 5})
    assert len(rows(run, "damaged-1")) == 5 * len(DAMAGES) and len(rows(run, "dev-cases-0")) == 5 * 2


def test_precision_is_of_what_selects(tmp_path: Path, pages: Path) -> None:
    """Another scorer than judge and gain is asked for the damaged pairs too; a rank among copies of itself means nothing."""
    run = made(tmp_path / "a", pages, worth(), curate={"rounds": 1, "by": "specificity"})
    recall = metric_of(run, "iteration-1", "selection_recall")
    assert recall["part"] == "specificity" and recall["value"] is not None
    assert all(row["specificity"] is not None for row in rows(run, "damaged-1-backward"))
    ranked = made(tmp_path / "b", pages, worth(), curate={"rounds": 1, "by": "retrieval_rank"})
    assert metric_of(ranked, "iteration-1", "selection_precision")["value"] is None
    assert metric_of(ranked, "iteration-1", "selection_recall")["value"] is None


def test_a_best_that_was_killed_halfway_is_finished(tmp_path: Path, pages: Path) -> None:
    """What the killed process had linked already made every further try fail: a file cannot be copied onto itself."""
    engine = worth(forward_1=0.2)
    run = made(tmp_path / "run", pages, engine, curate={"rounds": 1})
    best, model = named(run)["best"].path, named(run)["forward-1"].path
    half = best.with_name("half")
    half.mkdir()
    (half / "humpback.json").hardlink_to(model / "humpback.json")
    link_best(BestConfig(model="M_1", lm=f"transformers:{model}", why="", verdicts={}), half, None)  # type: ignore[arg-type]
    assert {path.name for path in half.iterdir()} == {path.name for path in best.iterdir()} - {"plan.json", "manifest.json"}
