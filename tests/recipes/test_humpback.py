"""The loop, end to end on the demo's material and the real embedded model; only the training is replaced by a copy.

TRL itself is tested in tests/train, and the whole with training by `make demo`.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from humpback.report.show import show_run
from humpback.train.job import Job

from humpback import lm as language_models
from humpback import store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.lm.spec import model_folder
from humpback.recipes import _models, demo, humpback
from humpback.report import gather, write_report
from humpback.run import Run
from humpback.train.config import HardwareConfig

pytest.importorskip("torch")
TRAINED: list[dict[str, Any]] = []


def copy_base(folder: Path, job: Job, rows: list, *_: object) -> None:
    """Stands in for a training: the base model's own files under the role."""
    TRAINED.append({"role": job.role, "base": job.base_name, "rows": rows})
    shutil.copytree(model_folder("embedded"), folder, dirs_exist_ok=True)  # type: ignore[arg-type]
    store.write_json(folder / "humpback.json", {"role": job.role})
    store.write_json(folder / "training.json", {"examples": len(rows), "tokens": 1, "log": [{"loss": 3.0}, {"loss": 2.5}]})


def settings(**curate: object) -> humpback.Settings:
    layer = {
        # The paper's rounds: the copies below are no better than base, and no selection differs much from another.
        "iterate": {"gate": False, "stop_overlap": None, "stop_precision": None},
        "corpus": {"sample": 10},
        "curate": {"max_tokens": 128, "share": 0.6, **curate},
        "measure": {"cases": 6, "stop_tokens": 8},
        "augment": {"candidates": 2, "sampling": {"max_new_tokens": 24}},
        "backward": {"context": "heading", "max_text_tokens": 96},
    }
    return build(demo.Settings, [layer])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_models, "train", copy_base)
        with Run(folder, "demo", settings()) as run:
            humpback.recipe(run, settings())
    return folder


def test_read_is_kept_plus_dropped_at_every_stage(finished: Path) -> None:
    """The funnel must account for every page."""
    rows = [row for row in gather.funnel(finished) if row.get("kind") == "data"]
    assert len(rows) > 12
    assert all(row["read"] == row["kept"] + sum(row["drops"].values()) for row in rows)


def test_every_rule_fires_on_the_demos_pages(finished: Path) -> None:
    """The demo shows what each rule is for; a rule that never fires there is not shown."""
    reasons = {reason for row in gather.funnel(finished) for reason in row.get("drops", {})}
    wanted = {
        "too_short",
        "too_long",
        "empty_header",
        "uppercase_header",
        "uppercase_text",
        "navigation_header",
        "repetition",
    }
    assert wanted | {"overlap", "language", "duplicate", "near_duplicate", "not_html", "status", "empty_body"} <= reasons


def test_every_model_is_trained_from_base(finished: Path) -> None:
    """M_t continues from base and never from M_{t-1} (paper, section 2.3)."""
    assert [t["role"] for t in TRAINED] == ["backward", "forward", "forward", "forward", "forward"]
    assert {t["base"] for t in TRAINED} == {"embedded"}


def test_models_train_on_the_seed_and_the_selected_and_nothing_held_out(finished: Path) -> None:
    """A test pair in the training data makes every figure worthless."""
    assert {row["source"] for row in TRAINED[1]["rows"]} == {"seed"}
    assert {row["source"] for row in TRAINED[2]["rows"]} == {"seed", "web"}
    assert {row["split"] for trained in TRAINED for row in trained["rows"] if row["source"] == "seed"} == {"train"}


def test_the_uncurated_arm_has_as_many_pairs_as_the_curated(finished: Path) -> None:
    """Curated against uncurated is a comparison only at equal size."""
    assert len(TRAINED[3]["rows"]) == len(TRAINED[4]["rows"])


def test_the_pool_is_fixed_and_all_scores_are_kept(finished: Path) -> None:
    """Both rounds score the same pairs; what is not selected keeps its score."""
    first, second = ({row["id"] for row in gather.rows_of(finished, f"scored-{i}")} for i in (1, 2))
    assert first == second == {row["id"] for row in gather.rows_of(finished, "pairs")}


def test_every_figure_has_its_n_and_error(finished: Path) -> None:
    """A number without n and error is not a measurement."""
    metrics = [
        row for name in ("model-quality", "backward-quality", "competence-1") for row in gather.rows_of(finished, name)
    ]
    assert all(row["n"] > 0 for row in metrics) and sum(row["se"] is not None for row in metrics) > 15
    assert {row["model"] for row in gather.rows_of(finished, "model-quality")} == {"M_0", "M_1", "M_2", "M_uncurated"}


def test_a_training_that_cannot_be_is_refused_before_the_corpus(tmp_path: Path) -> None:
    """Hours of pages and augmentation, and then the word that there is no second card."""
    wanted = settings().model_copy(update={"hardware": HardwareConfig(launch="fsdp2")})
    with Run(tmp_path / "a", "demo", wanted) as run, pytest.raises(UsageFault, match="GPUs"):
        humpback.recipe(run, wanted)
    assert not list((tmp_path / "a").glob("[0-9]*"))


def test_a_finished_run_returns_at_once(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `humpback run` must neither train nor open a model."""
    monkeypatch.setattr(_models, "train", None)
    monkeypatch.setattr(language_models, "open", None)
    with Run(finished, "demo", settings()) as run:
        humpback.recipe(run, settings())


def test_a_new_threshold_costs_no_model_call_for_scoring(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All scores are kept, so that another share reuses them."""
    monkeypatch.setattr(_models, "train", copy_base)
    asked: list[str] = []
    real = language_models.open
    monkeypatch.setattr(language_models, "open", lambda spec: asked.append(spec) or real(spec))
    changed = settings(share=0.3, rounds=1)
    with Run(tmp_path / "b", "demo", changed, reuse=finished) as run:
        humpback.recipe(run, changed)
    assert len(gather.rows_of(tmp_path / "b", "selected-1")) < len(gather.rows_of(finished, "selected-1"))
    assert not [spec for spec in asked if "forward-0" in spec and "model-quality" not in spec][1:], asked


def test_the_report_is_one_page_that_needs_nothing_else(finished: Path) -> None:
    """A page that loads a script or a font from somewhere does not open offline."""
    page = write_report(finished).read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(http""", page)
    for word in ("The funnel", "Round 2", "M_uncurated", "Pairs, one by one", "curate.share", "near_duplicate"):
        assert word in page


def test_show_prints_funnel_pairs_rounds_and_models(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the demo prints is what a stranger judges it by."""
    show_run(finished)
    out = capsys.readouterr().out
    assert out.count("instruction  ") >= 1 and "round 2: kept" in out and "M_uncurated" in out and "report.html" in out
