"""The tuning by contrast after a run, end to end on the embedded model; only the training is replaced by a copy."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from humpback import lm as language_models
from humpback import store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.lm.spec import model_folder
from humpback.prompts.forward import TagConfig
from humpback.recipes import _models, coin, demo
from humpback.report import gather
from humpback.report.show import show_run
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.train.job import Job

pytest.importorskip("torch")
SEED = [json.loads(line) for line in Path(demo.MATERIAL / "seed.jsonl").read_text().splitlines()][:24]
TRAINED: list[tuple[Job, list[Row]]] = []


def copy_base(folder: Path, job: Job, rows: list[Row], *_: object) -> None:
    """Stands in for a training: the embedded model's own files under the role."""
    TRAINED.append((job, rows))
    shutil.copytree(model_folder("embedded"), folder, dirs_exist_ok=True)  # type: ignore[arg-type]
    store.write_json(folder / "humpback.json", {"role": job.role})


def seed_row(number: int) -> Row:
    row = SEED[number]
    split = "test" if number < 3 else "dev" if number < 5 else "train"
    return {"id": f"s{number}", "parent": "seed", "instruction": row["instruction"], "response": row["response"],
            "source": "seed", "split": split}  # fmt: skip


def web_row(number: int) -> Row:
    drawn = {"raw": None, "logprob": -0.5, "finish": "stop", "drawn": 1, "guard": None, "gain": None, "round_trip": None}
    asked = f"How do I oil the chain of a bicycle in {number + 2} steps?"
    other = {**drawn, "instruction": f"In {number + 2} steps, how do I oil the chain of a bicycle well?"}
    text = f"Put {number + 2} drops on the links {'slowly ' * number}and wipe the chain dry."
    return {"id": f"w{number}", "parent": f"seg{number}", "instruction": asked, "response": text, "source": "web",
            "method": "backtranslate", "finish": "stop", "candidates": [{**drawn, "instruction": asked}, other]}  # fmt: skip


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the recipe humpback hands over."""
    folder = tmp_path_factory.mktemp("runs") / "a"
    with Run(folder, "demo", demo.Settings()) as run:
        run.put("seed", lambda: map(seed_row, range(len(SEED))), PAIR, {})
        run.put("selected-1", lambda: map(web_row, range(6)), PAIR, {})
        run.step("forward-1", lambda path: copy_base(path, Job(role="forward", base_name="embedded"), []), {})
        best = run.step("best", lambda path: copy_base(path, Job(role="forward", base_name="embedded"), []), {})
        store.write_json(best / "best.json", {"model": "M_1", "folder": best.name})
    return folder


def settings(**layer: Any) -> coin.Settings:
    small = {"cases": 3, "answers": 2, "answer_tokens": 4, "wordings": 3, "max_tokens": 32}
    return build(coin.Settings, [{"robustness": small, "backward": {"context": "heading"}, **layer}])


@pytest.fixture(scope="module")
def finished(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "coin"
    wanted = settings(run=str(before), tags={"seed": "S.", "web": "W."})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coin, "train", copy_base)
        TRAINED.clear()
        with Run(folder, "coin", wanted) as run:
            coin.recipe(run, wanted)
    return folder


def test_control_and_coin_differ_in_the_term_alone(finished: Path, before: Path) -> None:
    """Against a model that saw other data, or fewer steps, any gain could be theirs."""
    (control, rows), (tuned, same) = TRAINED
    assert control.contrast and tuned.contrast and (control.contrast.weight, tuned.contrast.weight) == (0.0, 1000.0)
    off = {"contrast": None}
    assert control.model_copy(update=off) == tuned.model_copy(update=off) and rows == same
    assert (
        tuned.base_name.endswith("-best") and str(before) in tuned.base_name and tuned.tags == TagConfig(seed="S.", web="W.")
    )


def test_triples_come_from_seed_and_selection_and_nothing_held_out(finished: Path) -> None:
    """A paraphrase of a test pair in the training makes its robustness worthless."""
    rows = TRAINED[1][1]
    held = {SEED[i]["instruction"] for i in range(5)}
    assert {row["source"] for row in rows} == {"seed", "web"}
    assert not held & {row["instruction"] for row in rows} and not held & {row["negative_instruction"] for row in rows}
    assert {row["paraphrase_by"] for row in rows if row["source"] == "web"} == {"candidate"}
    assert {row["paraphrase_by"] for row in rows if row["source"] == "seed"} == {"rule"}
    assert all(row["negative_response"] != row["response"] for row in rows)


def test_read_is_kept_plus_dropped_at_every_stage(finished: Path) -> None:
    """Wordings are many for a pair, and triples one: between them nothing may vanish."""
    rows = [row for row in gather.funnel(finished) if row.get("kind") == "data"]
    assert [row["name"] for row in rows] == ["train-pairs", "wordings", "paraphrases", "triples"]
    assert all(row["read"] == row["kept"] + sum(row["drops"].values()) for row in rows)
    assert rows[0]["rows"] == rows[1]["read"] == len(SEED) - 5 + 6


def test_all_three_are_measured_under_every_kind_of_wording(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table without its control, or without n and error, is not a measurement."""
    rows = gather.rows_of(finished, "robustness")
    assert {row["model"] for row in rows} == {"M_1", "control", "coin"}
    changes = [row for row in rows if row["metric"] == "robust_change"]
    assert len(changes) == 3 * 4 and all(row["n"] == 3 and row["se"] for row in changes if row["note"] != "word")
    show_run(finished)
    out = capsys.readouterr().out
    assert "meaning, against control" in out and "clean, against M_1" in out and out.count("character") >= 5


def test_a_finished_run_returns_at_once(finished: Path, before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `humpback run coin` must neither train nor open a model."""
    monkeypatch.setattr(coin, "train", None)
    monkeypatch.setattr(language_models, "open", None)
    wanted = settings(run=str(before), tags={"seed": "S.", "web": "W."})
    with Run(finished, "coin", wanted) as run:
        coin.recipe(run, wanted)


def test_own_pairs_are_trained_on_first_and_a_model_may_reword(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a run there is no model to go on from; with an instruct model its wordings come before the rules'."""
    monkeypatch.setattr(coin, "train", copy_base)
    monkeypatch.setattr(_models, "train", copy_base)
    TRAINED.clear()
    seed, script = tmp_path / "seed.jsonl", tmp_path / "script.txt"
    seed.write_text("".join(json.dumps(row) + "\n" for row in SEED))
    script.write_text("I would be glad to be told about this matter, please.\n")
    wanted = settings(seed={"path": str(seed), "dev": 0.15, "test": 0.15}, paraphrase_lm=f"echo:{script}", start="base")
    with Run(tmp_path / "run", "coin", wanted) as run:
        coin.recipe(run, wanted)
        dropped = run.load("paraphrases").totals.drops
    assert [job.contrast is None for job, _ in TRAINED] == [True, False, False]
    assert {job.base_name for job, _ in TRAINED} == {"embedded"}
    assert {row["paraphrase_by"] for row in TRAINED[1][1]} == {"lm", "rule"} and dropped["slot_lost"] > 0


def test_nothing_to_start_from_is_refused(tmp_path: Path) -> None:
    """Hours later, in a child's log, is too late."""
    for wanted in (settings(), settings(run=str(tmp_path))):
        with Run(tmp_path / "run", "coin", wanted) as run, pytest.raises(UsageFault):
            coin.recipe(run, wanted)
        shutil.rmtree(tmp_path / "run")
