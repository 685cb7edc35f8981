"""The sweep, end to end with the model that ships for tests; only the training is replaced by a note of what it got."""

import json
from pathlib import Path
from typing import Any

import pytest

from humpback import lm as language_models
from humpback import store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.evaluate import comparison
from humpback.metrics import paired_change
from humpback.progress import Progress
from humpback.recipes import _models, sweep
from humpback.report.show import show_run
from humpback.run import Run
from humpback.schema import PAIR
from humpback.train.job import Job

THINGS = "pan sofa kettle lamp bicycle carpet mirror clock drawer fence ladder boot scarf mug shelf tent oar drum".split()
OWN = ("score", "gain", "ifd", "backward_logprob", "specificity", "retrieval_rank", "combined")


def pair(number: int) -> dict[str, Any]:
    thing = f"{THINGS[number % 18]} {THINGS[number * 7 % 17]}"
    steps = ["Brush off the dirt first.", f"Then wash the {thing} with warm water and rub it dry.", "Let it rest for a day."]
    return {"id": f"p{number}", "instruction": f"How do I clean a {thing} of {number} years?", "response": "\n".join(steps)}


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def labelled(good: int, bad: int) -> list[dict[str, Any]]:
    wrong = [{**pair(i), "id": f"w{i}", "instruction": pair(i + 5)["instruction"], "label": 0} for i in range(bad)]
    return [*({**pair(i), "label": 1} for i in range(good)), *wrong]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    return {
        "pairs": written(folder / "pool.jsonl", [pair(i) for i in range(100, 120)]),
        "seed": written(folder / "seed.jsonl", [pair(i) for i in range(200, 230)]),
        "labels": written(folder / "labels.jsonl", labelled(12, 12)),
    }


def settings(**more: Any) -> sweep.Settings:
    given = {"lm": "echo", "backward_lm": "echo", "dev": 0.3, "test": 0.2, "share": 0.25}
    return build(sweep.Settings, [{**given, "curate": {"ifd_band": (0.1, 1.0)}, **more}])


class Said(Progress):
    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def swept(folder: Path, **more: Any) -> tuple[Run, dict[tuple[str, str, str], Any], str]:
    """The run, its comparison by metric, scorer and note, and what it said, with what `show` prints of it."""
    said, wanted = Said(), settings(**more)
    with Run(folder, "sweep", wanted, progress=said) as run:
        sweep.recipe(run, wanted)
        made = list(run.load("comparison").rows())
    assert len({row["id"] for row in made}) == len(made)
    told = "\n".join([*said.lines, comparison.as_text(made)])
    return run, {(row["metric"], row["model"], row["note"]): row for row in made}, told


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]) -> tuple[Run, dict, str]:
    return swept(tmp_path_factory.mktemp("runs") / "a", **files)


def of(made: dict, metric: str) -> dict[tuple[str, str], Any]:
    return {(model, note): row for (name, model, note), row in made.items() if name == metric}


def test_every_scorer_is_measured_in_every_way(finished: tuple[Run, dict, str]) -> None:
    """A scorer that is left out of one measurement wins or loses by its absence."""
    _, made, _ = finished
    everyone = {*OWN, sweep.CALIBRATED}
    for metric in ("corruption_auc", "mean_auc", "label_auc", "label_precision", "label_recall", "seconds", "ranked"):
        assert {model for model, _ in of(made, metric)} == everyone, metric
    assert {model for model, _ in of(made, "kept")} == {*everyone, sweep.RANDOM}
    assert {note for _, note in of(made, "corruption_auc")} == {*comparison.DAMAGES} - {comparison.CLEAN}
    assert len(of(made, "spearman")) == 8 * 7 / 2 and len(of(made, "overlap")) == 9 * 8 / 2
    assert {model for model, note in of(made, "seed_similarity") if "kept -" in note} == {*everyone, sweep.RANDOM}


def test_every_pair_of_the_pool_is_kept_or_told_why_not(finished: tuple[Run, dict, str]) -> None:
    """What a scorer throws away is half of what it does."""
    _, made, _ = finished
    for name in (*OWN, sweep.CALIBRATED, sweep.RANDOM):
        dropped = sum(row["value"] for (model, _), row in of(made, "dropped").items() if model == name)
        assert of(made, "kept")[name, ""]["value"] + dropped == 20, name
        assert 0 < of(made, "kept")[name, ""]["value"] <= 5, name


def test_damaged_pairs_are_only_made_of_held_out_ones(finished: tuple[Run, dict, str]) -> None:
    """A judge that was tuned on a seed pair knows it again, damaged or not."""
    run, _, _ = finished
    dev = {row["id"] for row in run.load("seed").rows() if row["split"] == "dev"}
    damaged = list(run.load("damage").rows())
    assert {row["parent"] for row in damaged} == dev and len(damaged) == len(dev) * len(comparison.DAMAGES)


def test_ranks_among_others_never_meet_copies_of_their_own(finished: tuple[Run, dict, str]) -> None:
    """A clean text beside its truncated self is hard to find, in a way that no pool has."""
    run, _, _ = finished
    dev = sum(row["split"] == "dev" for row in run.load("seed").rows())
    assert 2 <= dev <= 15
    assert {row["retrieval_of"] for row in run.load("damage").rows()} == {min(dev, 8)}


def test_the_calibrated_scorer_is_measured_out_of_fold(finished: tuple[Run, dict, str]) -> None:
    """A fit that is measured on the labels it was fitted to flatters itself."""
    run, made, _ = finished
    fit = store.read_json(next(run.folder.glob("*-calibration")) / "fit.json")
    assert made["label_auc", sweep.CALIBRATED, "12 good, 12 bad"]["value"] == pytest.approx(fit["auc"])


def test_the_tables_and_the_verdicts_are_said(finished: tuple[Run, dict, str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is left out must be said as well: a table without it looks complete."""
    run, _, said = finished
    assert "left out" in said and "relevance.embedding names no model" in said
    show_run(run.folder)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("AUC, clean above damaged", "Spearman", "Jaccard"))
    assert shown.count("ranks best") == 2 and "two standard errors" in shown


def test_costs_are_of_what_a_scorer_needs(finished: tuple[Run, dict, str]) -> None:
    """The gain on the judge's bill, or a combination for nothing, and the table is wrong where money is spent."""
    _, made, _ = finished
    needs = dict(of(made, "prompt_tokens").keys())
    assert (needs["score"], needs["ifd"], needs["combined"]) == ("judge", "likelihood", "judge + likelihood + backward")
    assert all(row["value"] > 0 for row in of(made, "prompt_tokens").values())


def test_a_finished_sweep_asks_no_model(
    finished: tuple[Run, dict, str], files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second command must return at once, with the same table."""
    run, made, _ = finished
    monkeypatch.setattr(language_models, "open", None)
    monkeypatch.setattr(sweep, "calibrate", None)
    assert swept(run.folder, **files)[1] == made


def test_another_budget_asks_no_model(
    finished: tuple[Run, dict, str], files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All scores are there, so that another share of the pool is a matter of seconds."""
    monkeypatch.setattr(language_models, "open", None)
    wanted = settings(**files, share=0.5)
    with Run(tmp_path / "b", "sweep", wanted, reuse=finished[0].folder) as run:
        sweep.recipe(run, wanted)
        assert len(run.load("kept-gain")) > finished[1]["kept", "gain", ""]["value"]


def test_a_pool_alone_is_enough(files: dict[str, str], tmp_path: Path) -> None:
    """Without seed and labels scorers can still be seen to differ, but none can be called the best."""
    _, made, said = swept(tmp_path / "a", pairs=files["pairs"], backward_lm="", scorers=("gain", "score"))
    assert {name for name, _, _ in made} == {"ranked", "kept", "dropped", "overlap", "spearman", "seconds", "prompt_tokens"}
    assert {model for model, _ in of(made, "kept")} == {"gain", "score", sweep.RANDOM} and "nothing says" in said


def test_a_scorer_that_keeps_nothing_is_shown(files: dict[str, str], tmp_path: Path) -> None:
    """A band that no pair lies in must not end the comparison of the others."""
    few = {"pairs": files["pairs"], "scorers": ("ifd", "gain"), "curate": {"ifd_band": (0.0, 0.01)}}
    _, made, said = swept(tmp_path / "a", **few)
    assert made["kept", "ifd", ""]["value"] == 0 and made["dropped", "ifd", "outside_band"]["value"] == 20
    assert "20 outside_band" in said


def test_too_few_labels_for_a_fit_are_said(files: dict[str, str], tmp_path: Path) -> None:
    """Labels that are too few to fit are enough to measure by."""
    labels = written(tmp_path / "few.jsonl", labelled(4, 4))
    _, made, said = swept(tmp_path / "a", pairs=files["pairs"], labels=labels, scorers=("gain",))
    assert "calibrated: 8 labels, 4 of the rarer kind; needed are 20, 5 of each" in said
    assert {model for model, _ in of(made, "label_auc")} == {"gain"}


def test_the_pairs_of_a_run_are_taken(finished: tuple[Run, dict, str], files: dict[str, str], tmp_path: Path) -> None:
    """The pool of a finished run need not be exported to be scored again."""
    with Run(tmp_path / "a", "humpback", settings()) as other:
        other.put("pairs", lambda: [pair(i) for i in range(6)], PAIR, {})
    _, made, _ = swept(tmp_path / "b", pairs=str(other.folder), scorers=("gain",))
    assert made["kept", "gain", ""]["n"] == 6
    _, again, _ = swept(tmp_path / "c", pairs=str(other.load("pairs").path), scorers=("gain",))
    assert again["kept", "gain", ""]["n"] == 6
    with Run(tmp_path / "empty", "humpback", settings()), pytest.raises(UsageFault, match="no dataset 'pairs'"):
        swept(tmp_path / "d", pairs=str(tmp_path / "empty"))


@pytest.mark.parametrize(("wrong", "told"), [
    ({"pairs": ""}, "pairs is empty"),
    ({"lm": ""}, "lm is empty"),
    ({"train": True, "seed": ""}, "no seed pairs"),
    ({"scorers": ("grace",)}, "no scorer 'grace'"),
    ({"combine": ("grace",)}, "no scorer 'grace'"),
    ({"scorers": ("specificity",), "backward_lm": ""}, "specificity needs backward_lm"),
    ({"scorers": ("entailment",)}, "entailment needs relevance.entailment"),
    ({"scorers": ("combined",), "backward_lm": ""}, "combined needs backward_lm"),
])  # fmt: skip
def test_what_cannot_be_compared_is_refused(wrong: dict, told: str, files: dict[str, str], tmp_path: Path) -> None:
    """A misspelt scorer must not be found out after an hour of scoring."""
    with pytest.raises(UsageFault, match=told):
        swept(tmp_path / "a", **{**files, **wrong})


@pytest.mark.parametrize("rows", [labelled(6, 0), [*labelled(3, 3), pair(90)]])
def test_labels_must_be_whole(rows: list, files: dict[str, str], tmp_path: Path) -> None:
    """A pair without a label counted as bad is a wrong figure that nobody sees."""
    with pytest.raises(UsageFault, match="without a label"):
        swept(tmp_path / "a", pairs=files["pairs"], labels=written(tmp_path / "l.jsonl", rows), scorers=("gain",))


def test_a_model_for_every_selection(files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorers are compared at one budget, beside a random draw of its size, and no held-out pair is trained on."""
    trained: dict[str, list] = {}

    def note(folder: Path, job: Job, rows: list, *_: object) -> None:
        trained[folder.name.split("-", 1)[1].removesuffix(".partial")] = rows
        store.write_json(folder / "config.json", {"rows": len(rows)})

    def rows_of(_: Run, test: list, models: list[Path], __: object) -> Any:
        for path in models:
            name = path.name.split("-", 1)[1].replace("forward-", "M_")
            yield paired_change("nll_change", name, [2.0] * len(test), [1.5] * len(test))

    monkeypatch.setattr(_models, "train", note)
    monkeypatch.setattr(sweep, "model_rows", rows_of)
    given = {"pairs": files["pairs"], "seed": files["seed"], "curate": {"ifd_band": (0.0, 0.01)}}
    _, made, said = swept(tmp_path / "a", **given, scorers=("gain", "ifd"), train=True)
    assert [*trained] == ["forward-0", "forward-gain", "forward-random"] and "ifd: it keeps no pair" in said
    assert len(trained["forward-gain"]) == len(trained["forward-random"]) == len(trained["forward-0"]) + 5
    assert {row["split"] for row in trained["forward-gain"]} == {"train", None}
    assert {model for model, _ in of(made, "nll_change")} == {"M_0", "gain", "random"} and "NLL change" in said
