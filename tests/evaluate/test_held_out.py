"""Measurements on held-out pairs, on the fake."""

from collections.abc import Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.config import digest, planned
from humpback.errors import RoleMismatch
from humpback.evaluate.held_out import (
    BackwardQuality,
    ModelQuality,
    backward_quality,
    demonstrations,
    ended,
    forward_nll,
    held,
    model_quality,
)
from humpback.lm import LM, Sampling
from humpback.lm.echo import Echo
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC, PAIR, Row
from humpback.stage import LMStage
from humpback.store import Dataset

ROWS = [
    {
        "id": f"p{i}",
        "instruction": f"How do I oil chain {i}?",
        "response": f"Oil chain {i} with a drop.",
        "header_path": ["Chains"],
        "split": "train" if i % 2 else "test",
    }
    for i in range(8)
]


class Losing(Echo):
    """Loses as many nats on each token."""

    def __init__(self, nats: float, script: Sequence[str] = ()) -> None:
        super().__init__(script)
        self.nats = nats

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        return [[-self.nats] * len(target.split()) for target in targets]


@pytest.fixture
def seed(run: Run) -> Dataset:
    return rows_in(run, ROWS, PAIR)


def asked(seed: Dataset, **change: Any) -> ModelQuality:
    models = {"M_0": "echo:a", "M_1": "echo:b"}
    plain = {"seed": seed.path, "cases": 3, "models": models, "tags": TagConfig(), "max_tokens": 50, "stop_tokens": 20}
    return ModelQuality(**{**plain, **change})


def quality(config: ModelQuality) -> dict[tuple[str, str], Row]:
    lms: dict[str, LM] = {"echo:a": Losing(2.0), "echo:b": Losing(1.5, ["one two three"])}
    rows = list(model_quality(config, lms.__getitem__))
    return {(row["metric"], row["model"]): row for row in rows}


def test_only_the_split_is_held_and_no_more_of_it_than_asked(seed: Dataset) -> None:
    """A pair that was trained on flatters the model that was."""
    assert [row["id"] for row in held(seed, "test", 3)] == ["p0", "p2", "p4"]


def test_the_nll_of_each_pair_is_kept_apart() -> None:
    """Paired tests need the cases, not their mean."""
    assert forward_nll(ROWS, Losing(1.0), "", 50) == [1.0] * 8


def test_models_are_held_to_the_first(seed: Dataset) -> None:
    """Which model a change is against stands in a column, and not in a sentence."""
    found = quality(asked(seed))
    change = found["nll_change", "M_1"]
    assert (change["value"], change["against"], change["split"], change["n"]) == (-0.5, "M_0", "test", 3)
    assert found["nll", "M_1"]["value"] == 1.5 and found["nll_change", "M_0"]["value"] == 0


def test_the_stop_rate_counts_answers_that_end(seed: Dataset) -> None:
    """A model that never stops looks fine in its loss."""
    assert quality(asked(seed))["stop_rate", "M_0"]["value"] == 1.0
    cut = quality(asked(seed, stop_tokens=2))
    assert cut["stop_rate", "M_0"]["value"] == cut["stop_rate", "M_1"]["value"] == 0.0
    none = quality(asked(seed, stop_tokens=0))["stop_rate", "M_1"]
    assert (none["value"], none["n"]) == (None, 0)


def test_a_backward_model_is_refused(seed: Dataset) -> None:
    """It would answer, and its figures would mean nothing."""
    lm = Losing(1.0)
    lm.role = "backward"
    with pytest.raises(RoleMismatch):
        list(model_quality(asked(seed), lambda _: lm))


@pytest.mark.parametrize("change", [
    {"tags": TagConfig(seed="Answer briefly.")}, {"cases": 2}, {"max_tokens": 9}, {"stop_tokens": 9}, {"split": "train"},
    {"models": {"M_1": "echo:b", "M_0": "echo:a"}}, {"models": {"M_0": "echo:a"}},
])  # fmt: skip
def test_the_plan_has_all_that_the_figures_depend_on(seed: Dataset, change: dict[str, Any]) -> None:
    """The tags were in the plan of one recipe and not of the other: there, figures under other tags were taken over."""
    assert digest(planned(asked(seed, **change))) != digest(planned(asked(seed)))


def test_it_runs_as_an_origin_of_a_run(run: Run, seed: Dataset) -> None:
    """A prompt that is rendered and not named would be refused only where the recipe runs."""
    models = {"M_0": "echo", "M_1": "echo"}
    stage = LMStage("model-quality", METRIC, model_quality, asked(seed, models=models))
    assert len(run.put("model-quality", stage, kind="metrics", of="models")) == 6
    config = BackwardQuality(
        seed=seed.path, cases=4, models={"backward": "echo"}, backward=BackwardConfig(context="heading"), tags=TagConfig(),
        sampling=Sampling(max_new_tokens=20),
    )  # fmt: skip
    rows = list(run.put("backward-quality", LMStage("backward", METRIC, backward_quality, config), kind="metrics").rows())
    overlap = {row["part"]: row["value"] for row in rows if row["metric"] == "instruction_rouge_l"}
    assert set(overlap) == {"", "chance"} and all(row["n"] == 4 and row["split"] == "test" for row in rows)


def test_the_backward_model_is_measured_against_chance(seed: Dataset) -> None:
    """A ROUGE-L of 0.4 is nothing where any instruction scores 0.4."""
    config = BackwardQuality(
        seed=seed.path, cases=4, models={"backward": "echo"}, backward=BackwardConfig(), tags=TagConfig(),
        sampling=Sampling(max_new_tokens=20),
    )  # fmt: skip
    made = {row["part"]: row for row in backward_quality(config, lambda _: Losing(1.0, [ROWS[0]["instruction"]]))
            if row["metric"] == "instruction_rouge_l"}  # fmt: skip
    # One of four is right; by chance another one is, and the others differ in one word of six.
    assert made[""]["value"] == pytest.approx(made["chance"]["value"]) and made[""]["value"] > 0.8


def test_an_answer_whose_prompt_does_not_fit_neither_ends_nor_goes_on() -> None:
    """Counted as one that does not end, it made long prompts worse than they are."""
    long = {**ROWS[0], "instruction": "word " * 5000}
    assert ended([ROWS[0], long], Echo(["So."]), "", 9) == [1.0, None]


def test_pairs_that_are_known_to_be_bad_are_no_examples(run: Run) -> None:
    pairs = [{**ROWS[0], "id": f"t{i}", "split": "train", "label": i % 2} for i in range(8)]
    assert [row["label"] for row in demonstrations(rows_in(run, pairs, PAIR, "seed"), 3, "1")] == [1, 1, 1]
