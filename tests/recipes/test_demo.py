"""The loop, end to end on the demo's material and the real embedded model; only the training is replaced by a copy.

TRL itself is tested in tests/train, and the whole with training by `make demo`.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback import store
from humpback.config import Config, build
from humpback.engine import Job
from humpback.engine.local import LocalEngine
from humpback.errors import PlanMismatch
from humpback.lm import LM
from humpback.lm.spec import parse
from humpback.recipes import demo
from humpback.report import show, write_report
from humpback.train.sft import prepare
from humpback.train.training import FACTS, Training

pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EMBEDDED = parse("embedded").folder


class Copies(LocalEngine):
    """In the place of a training the embedded model's own files under the role."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def run(self, job: Job, heard: Callable[[int], None]) -> Iterator[Any]:
        config = job.what.args[-1] if job.needs.alone else None  # type: ignore[attr-defined]
        if not isinstance(config, Training):
            yield from super().run(job, heard)
            return
        [folder] = job.shards
        assert EMBEDDED
        prepare(config, folder)
        shutil.copytree(EMBEDDED, folder, dirs_exist_ok=True)
        store.write_json(folder / "humpback.json", {"role": config.role})
        store.write_json(folder / FACTS, {"examples": 9, "tokens": 1, "log": [{"loss": 3.0}, {"loss": 2.5}]})

    def open(self, spec: str) -> LM:
        self.asked.append(spec)
        return super().open(spec)


def settings(layer: dict[str, Any] | None = None, **curate: object) -> Config:
    small = {
        "base": "embedded",
        # The paper's rounds: the copies are no better than base, and no selection differs much from another.
        "iterate": {"gate": False, "stop_overlap": None, "stop_precision": None},
        "corpus": {"sample": 10},
        "curate": {"max_tokens": 128, "share": 0.6, **curate},
        "measure": {"cases": 6, "stop_tokens": 8},
        "augment": {"candidates": 2, "sampling": {"max_new_tokens": 24}},
        "backward": {"context": "heading", "max_text_tokens": 96},
    }
    return build(demo.Settings, [small, layer or {}])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "a"
    carried_out("demo", folder, settings(), Copies())
    return folder


def test_read_is_kept_plus_dropped_at_every_stage(finished: Path) -> None:
    """The funnel must account for every page."""
    steps = [step for each in store.datasets(finished) for step in each.steps]
    assert len(steps) > 20 and all(step.read == step.kept + step.dropped for step in steps)


def test_every_rule_fires_on_the_demos_pages(finished: Path) -> None:
    """The demo shows what each rule is for; a rule that never fires there is not shown."""
    reasons = {reason for each in store.datasets(finished) for step in each.steps for reason in step.drops}
    wanted = "too_short too_long empty_header uppercase_header uppercase_text navigation_header repetition".split()
    assert {*wanted, *"overlap language duplicate near_duplicate not_html status empty_body".split()} <= reasons


def test_the_uncurated_arm_has_as_many_pairs_as_the_curated(finished: Path) -> None:
    """Curated against uncurated is a comparison only at equal size."""
    sizes = [len(rows_of(named(finished)[name].path)) for name in ("forward-2", "forward-uncurated")]
    assert sizes[0] == sizes[1]


def test_the_pool_is_fixed_and_all_scores_are_kept(finished: Path) -> None:
    """Both rounds score the same pairs; what is not selected keeps its score."""
    first, second = ({row["id"] for row in rows(finished, f"scored-{i}")} for i in (1, 2))
    assert first == second == {row["id"] for row in rows(finished, "unseen")}


def test_every_figure_has_its_n_and_error(finished: Path) -> None:
    """A number without n and error is not a measurement."""
    metrics = [row for name in ("model-quality", "backward-quality", "competence-1") for row in rows(finished, name)]
    assert all(row["n"] > 0 for row in metrics) and sum(row["se"] is not None for row in metrics) > 15
    assert {row["model"] for row in rows(finished, "model-quality")} == {"M_0", "M_1", "M_2", "M_uncurated"}


def test_a_finished_run_returns_at_once(finished: Path) -> None:
    """A second `humpback run` must neither train nor open a model."""
    carried_out("demo", finished, settings(), Refuses())


def test_a_new_threshold_costs_no_model_call_for_scoring(finished: Path, tmp_path: Path) -> None:
    """All scores are kept, so that another share reuses them."""
    engine = Copies()
    carried_out("demo", tmp_path / "b", settings(share=0.3, rounds=1), engine, reuse=finished)
    assert len(rows(tmp_path / "b", "selected-1")) < len(rows(finished, "selected-1"))
    assert not [spec for spec in engine.asked if spec.endswith("-forward-0")][1:], engine.asked


@pytest.mark.parametrize(
    "pace", [{"micro_batch": 1}, {"gradient_checkpointing": True}, {"checkpoint_steps": 1}, {"silence": 9.0}]
)
def test_pace_can_be_changed_on_a_finished_run(finished: Path, pace: dict[str, Any]) -> None:
    """docs/training.md promised it, and the step of the report refused it: every setting was in its plan."""
    carried_out("demo", finished, settings({"hardware": pace}), Refuses())


@pytest.mark.parametrize("sft", [{"optimizer": "sgd"}, {"precision": "fp32"}])
def test_what_changes_what_is_learnt_is_refused(finished: Path, sft: dict[str, Any]) -> None:
    """`sgd` after `adamw` in the same folder returned the adamw model without training, as did another precision."""
    with pytest.raises(PlanMismatch, match=f"sft.{next(iter(sft))}"):
        carried_out("demo", finished, settings({"sft": sft}), Refuses())


@pytest.mark.parametrize("sft", [{"optimizer": "sgd"}, {"precision": "fp32"}])
def test_nor_is_it_taken_over(finished: Path, tmp_path: Path, sft: dict[str, Any]) -> None:
    """`--reuse` took over the model of the other optimizer."""
    carried_out("demo", tmp_path / "b", settings({"sft": sft}, rounds=1), Rehearsed(), reuse=finished)
    old, new = (named(folder)["forward-0"].fingerprint for folder in (finished, tmp_path / "b"))
    assert old != new
    assert named(finished)["pairs"].about == named(tmp_path / "b")["pairs"].about


def test_the_report_is_one_page_that_needs_nothing_else(finished: Path) -> None:
    """A page that loads a script or a font from somewhere does not open offline."""
    page = write_report(finished).read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(http""", page)
    for word in ("ound 2", "M_uncurated", "curate.share", "near_duplicate"):
        assert word in page


def test_show_prints_funnel_pairs_rounds_and_models(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the demo prints is what a stranger judges it by."""
    show(finished)
    out = capsys.readouterr().out
    assert all(word in out for word in ("near_duplicate", "M_uncurated", "selected-2"))
