"""By which prompt a model that is told what is wanted is asked: found on pairs of the seed, and nothing else is asked."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from made import rows_in
from scripted import Opens

from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.methods import backtranslate, prompting
from humpback.methods.prompting import CannotBePrompted, choose, examples, nearness, settled
from humpback.metrics import mean_of, paired_change
from humpback.prompts.backward import FORMS, BackwardConfig
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.store import Dataset

THINGS = "kettle oven tent saddle mirror carpet window flute boiler drain camera anvil barrel ladder rowboat violin".split()
LAST = "Reply with what the user had written and with nothing else: no label, no quotation marks, no comment, no answer."


def pair(number: int, split: str) -> Row:
    thing = THINGS[number]
    return {
        "id": thing, "instruction": f"How do I clean {'my old ' * (number % 3)}{thing}?", "source": "seed", "split": split,
        "response": f"First brush the {thing} well. {'Then dry it. ' * number}", "lang": None,
    }  # fmt: skip


@pytest.fixture
def seed(run: Run) -> Dataset:
    """Ten train pairs, four dev pairs and two test pairs."""
    splits = ["train"] * 10 + ["dev"] * 4 + ["test"] * 2
    return rows_in(run, [pair(i, split) for i, split in enumerate(splits)], PAIR, "seed", kind="seed")


class Small(Echo):
    """What small models do: a long prompt's last line said again, an example's topic taken for the text's."""

    def __init__(self, **told: str) -> None:
        super().__init__()
        self.told = {"prompted": LAST, "short": "What cleans {own}?", "shots": "How do I clean {first}?", **told}

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        return [Completion(self.answer(prompt), "stop", 5, None) for prompt in prompts]

    def answer(self, prompt: str) -> str:
        starts = {"An assistant": "prompted", "Here is": "short", "Each": "shots"}
        form = next(form for start, form in starts.items() if prompt.startswith(start))
        topics = [line.split("brush the ")[1].split()[0] for line in prompt.splitlines() if "brush the " in line]
        return self.told[form].format(own=topics[-1], first=topics[0])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    """A run whose engine gives one model for every name."""
    runs: list[Run] = []

    def opener(lm: Echo) -> Run:
        runs.append(Run(tmp_path / str(len(runs)), "test", backtranslate.Settings(), engine=Opens(echo=lm)))
        return runs[-1]

    yield opener
    for each in runs:
        each.__exit__()


def told(run: Run, metric: str) -> dict[str, float]:
    return {
        row["part"]: row["value"] for row in run.one(of="prompts").rows() if row["metric"] == metric and not row["against"]
    }


def test_a_model_that_repeats_the_long_prompt_is_asked_in_two_sentences(opened: Any, seed: Dataset) -> None:
    """36 of 40 instructions of a small model were the prompt's own words, and the run went on."""
    lm = Small()
    run = opened(lm)
    made = settled(run, seed, backtranslate.Settings(), "echo")
    assert made.backward == BackwardConfig(prompt="short")
    assert told(run, "prompt_passed") == {"prompted": 0.0, "short": 1.0, "shots": 1.0}
    # Of the questions about the first example all pass the guards, and are about their texts as much as noise is.
    usable = told(run, "prompt_usable")
    assert (usable["prompted"], usable["short"]) == (0.0, 1.0) and usable["shots"] < 0.2
    assert not any("violin" in prompt or "rowboat" in prompt for prompt in lm.history), "a test pair was shown"
    assert settled(run, seed, backtranslate.Settings(), "echo").backward.prompt == "short"


def test_what_helps_no_model_is_said_before_its_first_text(opened: Any, seed: Dataset) -> None:
    """Hours of pages, and then a pool of nothing."""
    run = opened(Small(short="I cannot help with that.", shots="Passage"))
    with pytest.raises(CannotBePrompted, match=r"cannot be prompted: .* 0 of 11 \(short\), 0 of 11 \(shots\)") as caught:
        settled(run, seed, backtranslate.Settings(), "echo")
    assert "leave backward_lm empty" in caught.value.hint


def test_examples_are_short_train_pairs_drawn_by_the_seed(seed: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dev or test pair among them is measured on later; long ones cost tokens with every text."""
    monkeypatch.setattr(prompting, "DRAWN_AMONG", 2)
    drawn = {examples(seed, BackwardConfig(shots=2), number) for number in range(12)}
    assert {answer.split()[3] for each in drawn for _, answer in each} == set(THINGS[:4]) and len(drawn) > 3
    assert examples(seed, BackwardConfig(shots=2), 5) == examples(seed, BackwardConfig(shots=2), 5)
    own = ("Why?", "So.")
    made = examples(seed, BackwardConfig(shots=2, examples=(own,)), 1)
    assert made[0] == own and len(made) == 2
    assert examples(seed, BackwardConfig(shots=1, examples=(own, own)), 1) == (own, own)


def test_a_prompt_that_is_named_is_not_tried(opened: Any, seed: Dataset) -> None:
    """Who names one has tried it; and examples are wanted nowhere else."""
    lm = Small()
    run = opened(lm)
    for form in ("prompted", "short", "trained"):
        settings = backtranslate.Settings(backward=BackwardConfig(prompt=form))
        assert settled(run, seed, settings, "echo") == settings
    assert settled(run, seed, backtranslate.Settings(), "embedded") == backtranslate.Settings()
    shots = settled(run, seed, backtranslate.Settings(backward=BackwardConfig(prompt="shots")), "echo").backward
    assert len(shots.examples) == 3 and shots.prompt == "shots" and not lm.history and not run.find(of="prompts")


def test_pairs_that_were_labelled_bad_teach_nothing(run: Run) -> None:
    """Nearness to a bad instruction is no merit."""
    rows = [{**pair(i, "train"), "label": i % 2} for i in range(10)] + [{**pair(i, "dev"), "label": 0} for i in (10, 11)]
    seed = rows_in(run, rows, PAIR, "labelled", kind="seed")
    odd = {f"First brush the {thing} well. " for thing in THINGS[1:10:2]}
    assert {answer[: answer.index(". ") + 2] for _, answer in examples(seed, BackwardConfig(), 1)} <= odd


def test_nearness_across_languages_is_none(opened: Any, seed: Dataset) -> None:
    """French questions share no word with English ones, and would all count as noise."""
    run = opened(Small(short="Comment faut-il nettoyer cela, et avec quels outils faut-il le faire ?"))
    settings = backtranslate.Settings(backward=BackwardConfig(language="fr"))
    assert settled(run, seed, settings, "echo").backward.prompt == "short" and told(run, "prompt_usable")["short"] == 1


def test_nearness_holds_in_every_script() -> None:
    """Words between blanks are whole sentences elsewhere: no Chinese instruction would be about any text."""
    [near] = nearness(["怎样清洗旧水壶?"], ["用刷子清洗水壶, 然后晾干。", "天空为什么是蓝色的, 旧书上写着。"])
    assert near[0] > near[1] > 0


def test_what_all_pairs_have_is_near_to_none() -> None:
    """Questions that fit any text begin as people's do, and would be near to the longest pair."""
    known = ["How do I clean a kettle? Brush it.", "How do I mend a tent? Sew what is torn, and do it at once."]
    assert nearness(["How do I do it?", "Which thread mends a tent?"], known) == [[0.0, 0.0], [0.0, math.log(2)]]


@pytest.mark.parametrize(
    ("prompted", "short", "shots", "chosen"),
    [
        (12, 12, 12, "prompted"),
        (9, 9, 8, "prompted"),
        (8, 9, 8, "prompted"),  # by no more than its error
        (2, 3, 1, "short"),  # as little, but the long one is below the floor
        (6, 12, 11, "short"),
        (6, 9, 12, "shots"),
        (0, 3, 3, "short"),
        (1, 2, 2, None),
    ],
)
def test_the_long_prompt_stays_unless_another_is_better(prompted: int, short: int, shots: int, chosen: str | None) -> None:
    """A case more out of twelve is luck; and a choice that flips with it makes two runs of one."""
    usable = {form: [float(i < hits) for i in range(12)] for form, hits in zip(FORMS, (prompted, short, shots), strict=True)}
    rows = [mean_of("prompt_passed", "m", [1.0] * 12, part=form) for form in FORMS]
    rows += [mean_of("prompt_usable", "m", usable[form], part=form) for form in FORMS]
    rows += [paired_change("prompt_change", "m", usable["prompted"], usable[form], part=form) for form in ("short", "shots")]
    if chosen is None:
        with pytest.raises(CannotBePrompted, match=r"2 of 12 \(short\)"):
            choose(rows)
    else:
        form, why = choose(rows)
        assert form == chosen and f"{short} of 12 (short)" in why
