"""The sweep, end to end with the model that ships for tests; trainings are notes of what they got."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of
from worlds import World

from humpback import store
from humpback.config import build
from humpback.curate.damage import CLEAN, DAMAGES
from humpback.errors import UsageFault
from humpback.recipes import sweep
from humpback.report import show
from humpback.schema import PAIR, Row
from humpback.store import Dataset

THINGS = "pan sofa kettle lamp bicycle carpet mirror clock drawer fence ladder boot scarf mug shelf tent oar drum".split()
OWN = ("score", "gain", "ifd", "whole", "worst_sentence", "backward_logprob", "specificity", "heading_overlap",
       "retrieval_rank", "combined")  # fmt: skip


def pair(number: int) -> dict[str, Any]:
    thing = f"{THINGS[number % 18]} {THINGS[number * 7 % 17]}"
    steps = ["Brush off the dirt first.", f"Then wash the {thing} with warm water and rub it dry.", "Let it rest for a day."]
    asked, over = f"How do I clean a {thing} of {number} years?", ["Cleaning at home", f"Cleaning a {thing}"]
    return {"id": f"p{number}", "instruction": asked, "response": "\n".join(steps), "header_path": over}


def written(path: Path, pairs: list[dict[str, Any]]) -> str:
    path.write_text("\n".join(map(json.dumps, pairs)))
    return str(path)


def labelled(good: int, bad: int) -> list[dict[str, Any]]:
    wrong = [{**pair(i), "id": f"w{i}", "instruction": pair(i + 5)["instruction"], "label": 0} for i in range(bad)]
    return [*({**pair(i), "label": 1} for i in range(good)), *wrong]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("files")
    seed = written(folder / "seed.jsonl", [pair(i) for i in range(200, 230)])
    return {
        "pairs": written(folder / "pool.jsonl", [pair(i) for i in range(100, 120)]),
        "seed": {"path": seed, "dev": 0.3, "test": 0.2},
        "labels": written(folder / "labels.jsonl", labelled(12, 12)),
    }


def settings(**more: Any) -> sweep.Settings:
    given = {"lm": "echo", "backward_lm": "echo", "share": 0.25, "curate": {"ifd_band": (0.1, 1.0)}}
    return build(sweep.Settings, [given, more])


@dataclass
class Swept:
    """A sweep that was carried out."""

    folder: Path
    said: list[str]

    @property
    def comparison(self) -> list[Row]:
        return rows(self.folder, "comparison")

    def of(self, metric: str) -> Iterator[Row]:
        return (row for row in self.comparison if row["metric"] == metric)

    def value(self, metric: str, model: str, **about: Any) -> float:
        [row] = [row for row in self.of(metric) if row["model"] == model and about.items() <= row.items()]
        return float(row["value"])

    def dataset(self, name: str) -> Dataset:
        found = named(self.folder)[name]
        assert isinstance(found, Dataset)
        return found


def swept(folder: Path, engine: Rehearsed | None = None, **more: Any) -> Swept:
    return Swept(folder, carried_out("sweep", folder, settings(**more), engine))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, files: dict[str, Any]) -> Swept:
    return swept(tmp_path_factory.mktemp("runs") / "a", **files)


def test_every_scorer_is_measured_in_every_way(finished: Swept) -> None:
    """A scorer that is left out of one measurement wins or loses by its absence."""
    everyone = {*OWN, sweep.CALIBRATED}
    for metric in ("corruption_auc", "mean_auc", "label_auc", "label_precision", "label_recall", "seconds", "ranked"):
        assert {row["model"] for row in finished.of(metric)} == everyone, metric
    assert {row["model"] for row in finished.of("kept")} == {*everyone, sweep.RANDOM}
    assert {row["part"] for row in finished.of("corruption_auc")} == {*DAMAGES} - {CLEAN}
    assert len([*finished.of("spearman")]) == 11 * 10 / 2 and len([*finished.of("overlap")]) == 12 * 11 / 2
    assert {row["model"] for row in finished.of("seed_similarity_change")} == {*everyone, sweep.RANDOM}


def test_every_pair_of_the_pool_is_kept_or_told_why_not(finished: Swept) -> None:
    """What a scorer throws away is half of what it does."""
    for name in (*OWN, sweep.CALIBRATED, sweep.RANDOM):
        dropped = sum(row["value"] for row in finished.of("dropped") if row["model"] == name)
        kept = finished.value("kept", name)
        assert kept + dropped == 20 and 0 < kept <= 5, name


def test_damaged_pairs_are_only_made_of_held_out_ones(finished: Swept) -> None:
    """A judge that was tuned on a seed pair knows it again, damaged or not."""
    dev = {row["id"] for row in finished.dataset("seed").rows() if row["split"] == "dev"}
    damaged = list(finished.dataset("damage").rows())
    assert {row["parent"] for row in damaged} == dev and len(damaged) == len(dev) * len(DAMAGES)


def test_ranks_among_others_never_meet_copies_of_their_own(finished: Swept) -> None:
    """A clean text beside its truncated self is hard to find, in a way that no pool has."""
    dev = sum(row["split"] == "dev" for row in finished.dataset("seed").rows())
    assert 2 <= dev < 8
    assert max(row["retrieval_of"] for row in finished.dataset("damage").rows()) <= dev


def test_the_calibrated_scorer_is_measured_out_of_fold(finished: Swept) -> None:
    """A fit that is measured on the labels it was fitted to flatters itself."""
    [fit] = [row for row in rows(finished.folder, "calibrated-fit") if row["metric"] == "scorer_auc"]
    assert finished.value("label_auc", sweep.CALIBRATED) == pytest.approx(fit["value"])


def test_the_combined_scorer_has_not_seen_the_damaged_pairs_that_it_is_measured_on(finished: Swept) -> None:
    """Fitted to these very pairs it would be the best scorer of damage, whatever it is worth."""
    fitted, damage = rows(finished.folder, "combined-fit"), rows(finished.folder, "damage-combined")
    assert len([row for row in fitted if row["metric"] == "combined_weight"]) == 5
    assert all(0 < row["combined"] < 1 for row in damage) and {row["method"] for row in damage} == {*DAMAGES}
    scored = [row for row in rows(finished.folder, "scored-combined") if row["combined"] is None]
    assert not scored and {row["against"] for row in fitted if row["metric"] == "combined_weight"} < {*OWN}


def test_the_tables_and_the_verdicts_are_said(finished: Swept, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left out must be said as well: a table without it looks complete."""
    assert any("left out" in line and "relevance.embedding names no model" in line for line in finished.said)
    show(finished.folder)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("AUC", "Spearman", "Jaccard", *OWN))
    assert (finished.folder / "report.html").exists()


def test_costs_are_of_what_a_scorer_needs(finished: Swept) -> None:
    """The gain on the judge's bill, or a combination for nothing, and the table is wrong where money is spent."""
    needs = {row["model"]: row["note"] for row in finished.of("prompt_tokens")}
    assert (needs["score"], needs["ifd"], needs["combined"]) == ("judge", "likelihood", "backward + likelihood + headings")
    assert all((row["value"] > 0) == (row["model"] != "heading_overlap") for row in finished.of("prompt_tokens"))


def test_a_finished_sweep_asks_no_model(finished: Swept, files: dict[str, Any]) -> None:
    """A second command must return at once, with the same table."""
    carried_out("sweep", finished.folder, settings(**files), Refuses())


def test_another_budget_asks_no_model(finished: Swept, files: dict[str, Any], tmp_path: Path) -> None:
    """All scores are there, so that another share of the pool is a matter of seconds."""
    engine = Rehearsed()
    carried_out("sweep", tmp_path / "b", settings(**files, share=0.5), engine, reuse=finished.folder)
    assert not engine.opened and len(rows(tmp_path / "b", "kept-gain")) > finished.value("kept", "gain")


def test_a_pool_alone_is_enough(files: dict[str, Any], tmp_path: Path) -> None:
    """Without seed and labels scorers can still be seen to differ, but none can be called the best."""
    done = swept(tmp_path / "a", pairs=files["pairs"], backward_lm="", scorers=("gain", "score"))
    found = {row["metric"] for row in done.comparison}
    assert found == {"ranked", "kept", "dropped", "overlap", "spearman", "seconds", "prompt_tokens"}
    assert {row["model"] for row in done.of("kept")} == {"gain", "score", sweep.RANDOM}


def test_a_scorer_that_keeps_nothing_is_shown(files: dict[str, Any], tmp_path: Path) -> None:
    """A band that no pair lies in must not end the comparison of the others."""
    done = swept(tmp_path / "a", pairs=files["pairs"], scorers=("ifd", "gain"), curate={"ifd_band": (0.0, 0.01)})
    assert done.value("kept", "ifd") == 0 and done.value("dropped", "ifd", part="outside_band") == 20


def test_too_few_labels_for_a_fit_are_said(files: dict[str, Any], tmp_path: Path) -> None:
    """Labels that are too few to fit are enough to measure by."""
    labels = written(tmp_path / "few.jsonl", labelled(4, 4))
    done = swept(tmp_path / "a", pairs=files["pairs"], labels=labels, scorers=("gain",))
    assert any("calibrated: 4 good and 4 bad ones; needed are 20, 5 of each" in line for line in done.said)
    assert {row["model"] for row in done.of("label_auc")} == {"gain"}


def test_the_pairs_of_a_run_are_taken(files: dict[str, Any], tmp_path: Path) -> None:
    """The pool of a finished run need not be exported to be scored again; nor that of one with scores, beside a seed."""
    with World(tmp_path / "a", "humpback") as other:
        pairs = other.put("pairs", [pair(i) for i in range(6)], PAIR, kind="pairs")
    assert swept(tmp_path / "b", pairs=str(tmp_path / "a"), scorers=("gain",)).value("kept", "gain") == 2
    done = swept(tmp_path / "c", pairs=str(pairs.path), scorers=("gain",))
    assert [row["n"] for row in done.of("kept")] == [6, 6]
    scored = done.dataset("scored").path
    assert [row["n"] for row in swept(tmp_path / "d", pairs=str(scored), seed=files["seed"]).of("kept")][:1] == [6]
    with World(tmp_path / "empty", "humpback"), pytest.raises(UsageFault, match="nothing finished of kind pairs"):
        swept(tmp_path / "e", pairs=str(tmp_path / "empty"))


@pytest.mark.parametrize(("wrong", "told"), [
    ({"pairs": ""}, "pairs is empty"),
    ({"lm": ""}, "lm is empty"),
    ({"train": True, "seed": {"path": ""}}, "no seed pairs"),
    ({"scorers": ("grace",)}, "no scorer 'grace'"),
    ({"scorers": ("combined",), "combine": ("grace",)}, "no scorer 'grace'"),
    ({"scorers": ("specificity",), "backward_lm": ""}, "specificity needs backward_lm"),
    ({"scorers": ("entailment",)}, "entailment needs relevance.entailment"),
    ({"scorers": ("combined",), "combine": ("relevance",)}, "combined has no scorer: relevance.embedding is empty"),
])  # fmt: skip
def test_what_cannot_be_compared_is_refused(wrong: dict, told: str, files: dict[str, Any], tmp_path: Path) -> None:
    """A misspelt scorer must not be found out after an hour of scoring."""
    with pytest.raises(UsageFault, match=told):
        carried_out("sweep", tmp_path / "a", settings(**{**files, **wrong}), Refuses())


@pytest.mark.parametrize("given", [labelled(6, 0), [*labelled(3, 3), pair(90)]])
def test_labels_must_be_whole(given: list, files: dict[str, Any], tmp_path: Path) -> None:
    """A pair without a label counted as bad is a wrong figure that nobody sees."""
    with pytest.raises(UsageFault, match="without a label"):
        swept(tmp_path / "a", pairs=files["pairs"], labels=written(tmp_path / "l.jsonl", given), scorers=("gain",))


def test_a_model_for_every_selection(files: dict[str, Any], tmp_path: Path) -> None:
    """Scorers are compared at one budget, beside a random draw of its size, and no held-out pair is trained on."""
    engine = Rehearsed(lambda name, _: 0.5 * (name == "forward-gain"))
    given = {"pairs": files["pairs"], "seed": files["seed"], "curate": {"ifd_band": (0.0, 0.01)}}
    done = swept(tmp_path / "a", engine, **given, scorers=("gain", "ifd"), train=True)
    assert [*engine.trained] == ["forward-0", "forward-gain", "forward-random"]
    assert any("ifd: it keeps no pair" in line for line in done.said)
    sizes = {name: len(rows_of(named(done.folder)[name].path)) for name in engine.trained}
    assert sizes["forward-gain"] == sizes["forward-random"] == sizes["forward-0"] + 5
    changes = {row["model"]: row["value"] for row in rows(done.folder, "model-quality") if row["metric"] == "nll_change"}
    assert changes == {"M_0": 0.0, "gain": pytest.approx(-0.5), "random": 0.0}


def test_a_pool_that_holds_held_out_pairs_teaches_them_to_no_model(files: dict[str, Any], tmp_path: Path) -> None:
    """`train=true` did not look at all: what the models were measured on stood in the pool, under other ids."""
    seed = [{**pair(i), "id": f"other{i}"} for i in range(200, 230)]
    pool = written(tmp_path / "pool.jsonl", [*seed, *(pair(i) for i in range(100, 110))])
    done = swept(tmp_path / "a", pairs=pool, seed=files["seed"], scorers=("gain",), train=True, share=1.0)
    held = {row["response"] for row in rows(done.folder, "seed") if row["split"] != "train"}
    assert done.dataset("unseen").totals.drops == {"held_out_pair": len(held)} and len(held) > 10
    for each in store.find(done.folder, kind="model"):
        assert not held & {row["response"] for row in rows_of(each.path)}, each.path
