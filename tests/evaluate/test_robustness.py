"""Perturbed instructions, and what a model makes of them."""

import random
from collections.abc import Sequence
from difflib import SequenceMatcher
from statistics import pstdev

import pytest
from made import rows_in

from humpback.evaluate.robustness import (
    CLEAN,
    KINDS,
    Robustness,
    RobustnessConfig,
    against,
    ask,
    character,
    measured,
    robustness,
    sentence,
    synonyms,
    word,
    wordings,
)
from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC, PAIR, Row
from humpback.stage import LMStage

ROWS = [
    {"id": f"r{i}", "instruction": f"Explain how to clean the big {thing} before a long journey.",
     "response": f"Rub the {thing} with a soft cloth."}
    for i, thing in enumerate(["kettle", "violin", "window"])
]  # fmt: skip
CONFIG = RobustnessConfig(cases=3, answers=2, answer_tokens=8)


class Fixed(Echo):
    """Gives each target the log-probability that its prompt's words say, and each prompt its own answer."""

    def __init__(self, bad: str = "") -> None:
        super().__init__()
        self.bad, self.prompts = bad, []

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.prompts += prompts
        return [[-2.0 if self.bad and self.bad in prompt else -1.0] for prompt in prompts]

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        assert sampling.temperature == 0
        return [Completion("another thing" if self.bad and self.bad in prompt else "one thing", "stop", 2, -1.0)
                for prompt in prompts]  # fmt: skip


def rows_of(rows: list[Row], metric: str, kind: str) -> Row:
    return next(row for row in rows if row["metric"] == metric and row["part"] == kind)


def test_perturbations_follow_from_the_row_alone() -> None:
    """Drawn anew for each model, the models would be asked different things."""
    for kind in KINDS:
        assert wordings(ROWS[0], kind, CONFIG) == wordings(dict(ROWS[0]), kind, CONFIG)
    assert wordings(ROWS[0], "character", CONFIG) != wordings({**ROWS[0], "id": "other"}, "character", CONFIG)


def test_letters_change_inside_words_and_little() -> None:
    """An instruction that no person could read measures nothing."""
    text = ROWS[0]["instruction"]
    for seed in range(30):
        made = character(text, random.Random(seed), 0.2)
        assert made and made != text and SequenceMatcher(None, text, made).ratio() > 0.9
        assert len(made.split()) == len(text.split())


def test_words_change_into_their_synonyms_and_the_article_with_them() -> None:
    """ "a inexpensive lamp" is a mistake of grammar, and not a synonym."""
    made = {word("Purchase a cheap lamp.", random.Random(seed), 1.0) for seed in range(9)}
    assert made == {"Buy an inexpensive lamp."}
    assert word("Zzyzx?", random.Random(1), 0.2) is None


def test_no_synonym_stands_for_itself() -> None:
    """A word that is replaced by itself would count as robust."""
    assert all(each not in others and others for each, others in synonyms().items()) and len(synonyms()) > 250


def test_a_sentence_is_added_and_nothing_changed() -> None:
    """The instruction itself must stay."""
    text = ROWS[0]["instruction"]
    made = {sentence(text, random.Random(seed), 0.2) for seed in range(40)}
    assert all(each and each.startswith(text + " ") for each in made) and len(made) > 20


def test_every_case_has_as_many_wordings() -> None:
    """Means over different cases spread by themselves."""
    assert {len(wordings(row, kind, CONFIG)) for row in ROWS for kind in KINDS} == {6}
    assert wordings(ROWS[0], "meaning", CONFIG)[0] == ROWS[0]["instruction"]


def test_a_model_that_does_not_see_the_wording_is_robust() -> None:
    """A change that is not there, or an overlap below one of equal answers."""
    found = list(robustness(ask(ROWS, Fixed(), TagConfig(), CONFIG), "M"))
    assert rows_of(found, "robust_nll", CLEAN)["value"] == 1.0
    for kind in KINDS:
        assert rows_of(found, "robust_change", kind)["value"] == rows_of(found, "robust_spread", kind)["value"] == 0
        assert rows_of(found, "wording_deviation", kind)["value"] == 0 and rows_of(found, "rouge_l", kind)["value"] == 1
        assert rows_of(found, "same_answer", kind)["n"] == 2 and rows_of(found, "robust_nll", kind)["n"] == 3


def test_a_model_that_stumbles_over_one_wording_is_not() -> None:
    """Change, spread and consistency by hand: one of six wordings costs a nat, and is answered otherwise."""
    found = list(robustness(ask(ROWS, Fixed("I would like you to"), TagConfig(), CONFIG), "M"))
    assert rows_of(found, "robust_change", "meaning")["value"] == pytest.approx(1 / 6)
    deviation = pstdev([2.0, *[1.0] * 5])
    assert rows_of(found, "robust_spread", "meaning")["value"] == pytest.approx(deviation)
    assert rows_of(found, "wording_deviation", "meaning")["value"] == pytest.approx(deviation)
    assert rows_of(found, "same_answer", "meaning")["value"] == pytest.approx(10 / 15)
    assert rows_of(found, "rouge_l", "meaning")["value"] == pytest.approx((10 + 5 * 0.5) / 15)
    assert rows_of(found, "robust_change", "sentence")["value"] == 0


def test_models_are_held_against_each_other_case_by_case() -> None:
    """A difference of two means with their errors tells less than the paired one, and a sign is soon turned round."""
    bad, good = (ask(ROWS, Fixed(each), TagConfig(), CONFIG) for each in ("I would like you to", ""))
    found = list(against(bad, good, "coin", "control"))
    row = rows_of(found, "robust_nll_against", "meaning")
    assert (
        row["against"] == "control"
        and row["value"] == pytest.approx(-1 / 6)
        and row["se"] == pytest.approx(0)
        and row["n"] == 3
    )
    assert rows_of(found, "rouge_l_against", "meaning")["value"] > 0
    assert rows_of(found, "robust_nll_against", "clean")["value"] == 0


def test_what_cannot_be_perturbed_is_left_out_and_its_n_says_so() -> None:
    """A zero in its place would make every model look robust."""
    rows = [*ROWS, {"id": "x", "instruction": "Warum ist der Himmel blau?", "response": "Wegen der Streuung."}]
    found = list(robustness(ask(rows, Fixed(), TagConfig(), RobustnessConfig(cases=4)), "M"))
    assert rows_of(found, "robust_nll", CLEAN)["n"] == 4
    assert rows_of(found, "robust_change", "meaning")["n"] == rows_of(found, "rouge_l", "word")["n"] == 3


def test_equal_wordings_are_asked_once() -> None:
    """Twenty-five wordings of each case, many of them the same."""
    lm = Fixed()
    ask(ROWS, lm, TagConfig(), CONFIG)
    assert len(lm.prompts) == len(set(lm.prompts)) > 30


def test_the_last_model_is_held_against_the_others(run: Run) -> None:
    """Which model is compared with which stands in columns; another list of synonyms is another measurement."""
    seed = rows_in(run, [{**row, "split": "test"} for row in ROWS], PAIR, "seed")
    config = Robustness(
        seed=seed.path,
        cases=3,
        models={"M_1": "echo", "control": "echo", "coin": "echo"},
        tags=TagConfig(),
        robustness=CONFIG,
    )
    rows = list(run.put("robustness", LMStage("robustness", METRIC, measured, config)).rows())
    held = {(row["model"], row["against"]) for row in rows if row["metric"].endswith("_against")}
    assert held == {("coin", "M_1"), ("coin", "control")} and len({row["id"] for row in rows}) == len(rows)
    assert "synonyms" in config.reads() and {row["split"] for row in rows} == {"test"}
