"""From pairs to ids: what fits, what does not, and who is told. What the loss falls on is shown in `test_correct.py`."""

import pytest

pytest.importorskip("trl")
from train import checks
from train.families import TOKENIZERS, tokenizer

from humpback.curate.teach import TeachConfig
from humpback.train.config import SftConfig
from humpback.train.process import data
from humpback.train.training import Training


def training(role: str = "forward", tokens: int = 2048, **more: object) -> Training:
    return Training(role=role, base="embedded", data=(), sft=SftConfig(max_tokens=tokens), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_examples_are_cut_at_max_tokens_and_then_have_no_end(kind: str) -> None:
    """An end after a cut teaches to stop in mid-sentence."""
    words = tokenizer(kind)
    row = {**checks.rows()[0], "response": "Oil every link. " * 50}
    made, lost = data.usable(training(tokens=80), [row], words)
    assert lost == 0 and len(made[0]["input_ids"]) == 80 and words.eos_token_id not in checks.learnt(made[0])


def test_prompts_that_fill_the_length_are_counted() -> None:
    """Left out in silence they are data that nobody misses."""
    words = tokenizer("chatml")
    rows = [*checks.rows() * 2, {**checks.rows()[0], "instruction": "word " * 400}]
    made, lost = data.usable(training(tokens=300), rows, words)
    assert (len(made), lost) == (16, 1)


def test_many_such_prompts_are_refused() -> None:
    """A length that one example in ten does not fit is the wrong one."""
    rows = [*checks.rows(), {**checks.rows()[0], "instruction": "word " * 400}]
    with pytest.raises(SystemExit, match=r"1 of 9 examples have a prompt longer than sft\.max_tokens"):
        data.usable(training(tokens=300), rows, tokenizer("chatml"))


def test_a_reversed_pair_learns_its_instruction() -> None:
    """A backward model trained on answers is a forward model."""
    words = tokenizer("gemma")
    for row, made in zip(checks.rows(), data.usable(training("backward"), checks.rows(), words)[0], strict=True):
        assert words.decode(checks.learnt(made)[:-1]) == row["instruction"]


def test_lessons_stand_beside_the_pairs_and_are_learnt_as_labels() -> None:
    """A lesson whose whole answer is a letter has two targets: the letter, and the end."""
    words = tokenizer("chatml")
    made = data.usable(training(teach=TeachConfig(share=0.5)), checks.rows(), words)[0]
    lessons = [words.decode(checks.learnt(each)[:-1]) for each in made[8:]]
    assert len(lessons) == 8 and set(lessons) <= set("ABCDE")
    assert not data.usable(training("backward", teach=TeachConfig(share=0.5)), checks.rows(), words)[0][8:]


@pytest.mark.parametrize("share", [0.1, 0.5])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_share_is_one_of_the_loss(kind: str, share: float) -> None:
    """A share of the examples is half a percent of the loss, and whatever was set, nothing was learnt."""
    words = tokenizer(kind)
    made = data.usable(training(teach=TeachConfig(share=share)), checks.rows(), words)[0]
    labels = [weight for each in made[8:] for weight in each["weights"][:-1]]
    assert sum(labels) / sum(sum(each["weights"]) for each in made) == pytest.approx(share)
    for each in made:
        assert [weight > 0 for weight in each["weights"]] == [label >= 0 for label in each["labels"]]
    assert not any("weights" in each for each in data.usable(training(), checks.rows(), words)[0])


def test_lessons_that_do_not_fit_are_left_out_and_counted() -> None:
    """Cut, a lesson has lost its label; and pairs alone tell whether the length is the right one."""
    words, config = tokenizer("chatml"), {"teach": TeachConfig(share=0.5)}
    longest = max(len(each["input_ids"]) for each in data.usable(training(**config), checks.rows(), words)[0])
    made, lost = data.usable(training(tokens=longest - 1, **config), checks.rows(), words)
    whole = [words.decode(checks.learnt(each)[:-1]) for each in made[8:]]
    assert 0 < lost == 8 - len(whole) < 8 and set(whole) <= set("ABCDE")
    with pytest.raises(SystemExit, match=r"not one of 8 decisions about pairs .* fits into sft\.max_tokens"):
        data.usable(training(tokens=200, **config), checks.rows(), words)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_control_tokens_in_the_data_are_not_learnt(kind: str) -> None:
    """A page that writes an end token would teach to stop there."""
    words = tokenizer(kind)
    row = {**checks.rows()[0], "response": f"So {words.eos_token} and on."}
    learnt = checks.learnt(data.usable(training(), [row], words)[0][0])
    assert learnt.count(words.eos_token_id) == 1 and learnt[-1] == words.eos_token_id
