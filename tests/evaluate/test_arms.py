"""Arms, their changes, and what their errors are worth."""

import math
import re

import numpy as np
import pytest
from made import rows_in

from humpback.config import digest, planned
from humpback.evaluate.arms import (
    ArmsCompared,
    CaseQuality,
    Described,
    case_quality,
    comparison,
    comparison_rows,
    matrices,
    mean_over,
)
from humpback.lm.echo import Echo
from humpback.metrics import metric
from humpback.run import Run
from humpback.schema import METRIC, PAIR
from humpback.stage import LMStage, Stage


def rows_of(losses: dict[tuple[str, str], np.ndarray]) -> list[dict]:
    return [
        metric(
            "nll",
            arm,
            None if math.isnan(value) else float(value),
            n=1,
            parent=f"c{case}",
            seed=seed,
            split=split,
        )
        for (arm, split), values in losses.items()
        for seed, own in enumerate(values)
        for case, value in enumerate(own)
    ]


def test_one_seed_has_the_error_of_its_cases() -> None:
    """The error of a mean over cases is the field's: sample deviation over the root of n."""
    values = np.array([[1.0, 2.0, 4.0, 5.0]])
    found = mean_over(values)
    assert (found.value, found.cases, found.seed_sd) == (3.0, 4, None)
    assert found.se == pytest.approx(values[0].std(ddof=1) / 2)


def test_seeds_that_agree_on_every_case_add_no_error() -> None:
    """Three copies of one model are one model: n seeds must not make the error of the cases smaller."""
    one = np.array([[1.0, 2.0, 4.0, 5.0]])
    assert mean_over(np.repeat(one, 3, axis=0)).se == pytest.approx(mean_over(one).se)


def test_seeds_that_differ_add_their_spread() -> None:
    """An arm whose seeds scatter by more than its cases is not known to the error of the cases."""
    cases = np.random.default_rng(0).normal(0, 0.01, (1, 500))
    found = mean_over(cases + np.array([[-1.0], [0.0], [1.0]]))
    assert found.seed_sd == pytest.approx(1.0) and found.se == pytest.approx(1 / math.sqrt(3), rel=1e-3)


def test_the_error_is_that_of_the_mean_over_new_cases_and_new_seeds() -> None:
    """An error that is too small calls noise a result: with crossed cases and seeds the simple ones are."""
    random = np.random.default_rng(1)
    drawn = [
        mean_over(random.normal(0, 1.0, (1, 60)) + random.normal(0, 0.1, (4, 1)) + random.normal(0, 1.0, (4, 60)))
        for _ in range(2000)
    ]
    true = float(np.std([each.value for each in drawn]))
    told = math.sqrt(float(np.mean([each.se**2 for each in drawn if each.se])))
    assert told == pytest.approx(true, rel=0.08)


def test_a_case_that_did_not_fit_is_left_out_everywhere() -> None:
    """A pair that one model could not read must not make another one look better or worse."""
    losses = {("a", split): np.array([[1.0, 5.0, 2.0], [1.0, math.nan, 2.0]]) for split in ("dev", "test")}
    losses |= {("b", split): np.array([[0.5, 0.0, 1.5], [0.5, 0.0, 1.5]]) for split in ("dev", "test")}
    found = {(row["metric"], row["model"], row["split"]): row for row in comparison_rows(rows_of(losses), "a")}
    change = found["nll_change", "b", "test"]
    assert (change["value"], change["n"], change["against"]) == (-0.5, 2, "a")


def test_dev_chooses_and_test_has_no_say() -> None:
    """An arm that is picked by its test figures has a test figure that means nothing."""
    random = np.random.default_rng(2)
    noise = random.normal(0, 0.01, (2, 40))
    losses = {("M_0", "dev"): 2 + noise, ("M_0", "test"): 2 + noise}
    losses |= {("lucky", "dev"): 2.1 + noise, ("lucky", "test"): 1.0 + noise}
    losses |= {("good", "dev"): 1.9 + noise, ("good", "test"): 1.95 + noise}
    made = list(comparison_rows(rows_of(losses), "M_0"))
    chosen, lead = (next(row for row in made if row["metric"] == name) for name in ("chosen", "lead"))
    assert (chosen["model"], lead["model"], lead["against"]) == ("good", "good", "M_0")
    assert lead["value"] == pytest.approx(0.1)
    assert len({row["id"] for row in made}) == len(made)


def test_every_seed_is_told() -> None:
    """A mean over seeds without the seeds hides that one of them failed."""
    losses = {(arm, split): np.full((3, 4), 2.0) for arm in ("a", "b") for split in ("dev", "test")}
    losses["b", "test"] = losses["b", "test"] + np.array([[0.0], [0.1], [-0.4]])
    made = [row for row in comparison_rows(rows_of(losses), "a") if (row["metric"], row["split"]) == ("seed_change", "test")]
    assert [(row["seed"], round(row["value"], 6)) for row in made] == [(0, 0.0), (1, 0.1), (2, -0.4)]


def test_cases_are_matched_by_their_id() -> None:
    """Two models that were measured in another order are still compared pair by pair."""
    rows = rows_of({("a", "dev"): np.array([[1.0, 2.0, 3.0]])})
    rows += list(reversed(rows_of({("b", "dev"): np.array([[1.0, 2.0, 3.0]])})))
    found = matrices(rows, "nll")
    assert (found["a", "dev"] == found["b", "dev"]).all()


def test_every_model_of_every_arm_is_measured_on_the_same_cases(run: Run) -> None:
    """A case that one arm was not asked is a case that no change is over."""
    pairs = [{"id": f"p{i}", "instruction": f"How {i}?", "response": f"So {i}.", "split": split}
             for i, split in enumerate(["dev", "dev", "test", "test", "train"])]  # fmt: skip
    seed = rows_in(run, pairs, PAIR, "seed")
    config = CaseQuality(
        seed=seed.path, cases=5, models={"a": ("echo", "echo"), "b": ("echo", "echo")}, asked={"a": "", "b": "Be brief."},
        max_tokens=9, stop_cases=1, stop_tokens=9,
    )  # fmt: skip
    cases = run.put("case-quality", LMStage("case-quality", METRIC, case_quality, config))
    rows = list(cases.rows())
    assert len({row["id"] for row in rows}) == len(rows) == 2 * 2 * (4 + 1)
    assert {(row["model"], row["seed"]) for row in rows} == {(arm, seed) for arm in "ab" for seed in (0, 1)}
    assert {row["parent"] for row in rows if row["split"] == "test"} == {"p2", "p3"}
    assert matrices(rows, "stop")["a", "test"].shape == (2, 1) and matrices(rows, "nll")["b", "dev"].shape == (2, 2)
    told = {name: Described(about=name, pairs=8, steps=2, batch=4) for name in "ab"}
    found = ArmsCompared(cases=cases.path, arms=told, reference="a")
    made = list(run.put("comparison", Stage("comparison", METRIC, comparison, found)).rows())
    assert [row["value"] for row in made if row["metric"] == "pairs"] == [8.0, 8.0]
    assert {row["against"] for row in made if row["metric"] == "nll_change"} == {"a"}
    asked = config.model_copy(update={"asked": {"a": "", "b": ""}})
    assert digest(planned(asked)) != digest(planned(config))


def test_arms_that_are_shown_pairs_see_train_pairs_others_for_each_seed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A held-out answer among the examples is one that the model can copy; the same draw for all seeds is one seed."""
    pairs = [{"id": f"p{i}", "instruction": f"How {i}?", "response": f"So {i}." + " More." * i,
              "split": "train" if i > 3 else ("dev", "test")[i % 2]} for i in range(24)]  # fmt: skip
    seed, echo = rows_in(run, pairs, PAIR, "seed"), Echo()
    asked: list[str] = []
    monkeypatch.setattr(echo, "logprob", lambda prompts, targets, *_: asked.extend(prompts) or [[-1.0]] * len(targets))
    config = CaseQuality(
        seed=seed.path, cases=1, models={"a": ("echo", "echo"), "b": ("echo", "echo")}, asked={"a": "", "b": "Be brief."},
        shots={"b": 5}, max_tokens=9, stop_cases=1, stop_tokens=0,
    )  # fmt: skip
    list(case_quality(config, lambda _: echo))
    plain, shown = asked[0::4] + asked[1::4], asked[2::4] + asked[3::4]
    assert all("### Answer" not in prompt for prompt in plain)
    for prompt in shown:
        numbers = [int(each) for each in re.findall(r"How (\d+)\?", prompt)]
        assert len(numbers) == 6 and min(numbers[:5]) > 3 >= numbers[5] and max(numbers) < 14, "the shorter half"
        assert prompt.rstrip().endswith("Be brief.\n\n### Answer") and "\nSo 4." in prompt.replace("So 5", "So 4"), "bare"
    assert shown[0] != shown[1]


def test_an_arm_is_chosen_over_the_cases_that_fit_all() -> None:
    """Prompts with examples are longer: an arm that lost its longest cases had the lowest loss, and was worse on each."""
    dev = {"seed": [1.0, 1.1, 3.0, 3.2], "curated": [0.9, 1.0, 2.8, 3.0], "shots": [1.2, 1.3, math.nan, math.nan]}
    rows = rows_of({(arm, split): np.array([values]) for arm, values in dev.items() for split in ("dev", "test")})
    [chosen] = [row for row in comparison_rows(rows, "seed") if row["metric"] == "chosen"]
    assert chosen["model"] == "curated"
