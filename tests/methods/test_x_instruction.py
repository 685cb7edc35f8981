"""Answers in another language, and whether a model reads it."""

from collections.abc import Sequence
from typing import Any

import pytest
from made import rows_in

from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.lm.translator import TRANSLATOR
from humpback.methods.x_instruction import Answers, Reading, ReadingConfig, _shuffled, answers_in, order_gains, reading
from humpback.run import Run
from humpback.schema import SEGMENT, Row
from humpback.stage import Drop

TEXT = "the wheel of the bicycle turns by hand and is oiled at once"


class Reader(Echo):
    """Knows which word stands behind which, where the words are in their order: such ones cost a nat, others three."""

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        known = {*zip(TEXT.split(), TEXT.split()[1:], strict=False)}
        made: list[list[float] | None] = []
        for target in targets:
            words = target.split()
            pairs = zip(["", *words], words, strict=False)
            made.append(None if len(words) > 99 else [-1.0 if pair in known else -3.0 for pair in pairs])
        return made


def segments(run: Run, *texts: str) -> Any:
    rows = [{"id": f"s{n}", "parent": "d", "text": text, "lang": "pt"} for n, text in enumerate(texts)]
    return rows_in(run, rows, SEGMENT, "segments")


def test_order_saves_who_reads(run: Run) -> None:
    """A model that knows the words alone gains nothing of their order, and one that reads does."""
    found = segments(run, TEXT, TEXT)
    config = Reading(texts=found.path, language="pt", lm="echo", cases=5, max_tokens=60)
    told = {row["metric"]: row for row in order_gains(config, lambda _: Reader())}
    assert told["order_gain"]["value"] > 0.3 and told["order_gain"]["n"] == 2 and told["order_gain"]["part"] == "pt"
    plain = {row["metric"]: row["value"] for row in order_gains(config, lambda _: Echo())}
    assert plain["order_gain"] == pytest.approx(0.0) and plain["bits_per_byte"] > 0


def test_what_does_not_fit_is_not_counted(run: Run) -> None:
    found = segments(run, " ".join(str(n) for n in range(200)))
    config = Reading(texts=found.path, language="pt", lm="echo", cases=5, max_tokens=300)
    told = {row["metric"]: row for row in order_gains(config, lambda _: Reader())}
    assert told["order_gain"]["value"] is None and told["bits_per_byte"]["value"] is None


def test_scripts_without_blanks_are_shuffled_sign_by_sign() -> None:
    """By blanks they would be one word, and stay as they are."""
    text = "自転車のチェーンに油を差すには車輪を手で回します"
    assert _shuffled(text, 3) != text and sorted(_shuffled(text, 3)) == sorted(text)
    assert _shuffled(TEXT, 3) != TEXT and sorted(_shuffled(TEXT, 3).split()) == sorted(TEXT.split())
    assert _shuffled("", 3) == ""


def test_a_run_is_told_the_share(run: Run) -> None:
    assert reading(run, segments(run, TEXT), "pt", "echo", ReadingConfig()) == pytest.approx(0.0)


CONFIG = Answers(code="pt", language="Portuguese", sampling=Sampling(temperature=0.0), random_seed=7)


class Scripted(Echo):
    def __init__(self, said: Sequence[Completion], role: str = "") -> None:
        super().__init__()
        self.said, self.role = list(said), role

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.history += prompts
        return [self.said.pop(0) for _ in prompts]


def pair(number: int, **more: Any) -> Row:
    return {
        "id": f"p{number}",
        "parent": "d",
        "instruction": "How do I oil it?",
        "response": "Oil it.",
        "split": "train",
        **more,
    }


def test_answers_are_put_into_the_language_and_instructions_stay() -> None:
    """The English answer is the draft; a pair that is in the language already is asked of nobody."""
    said = [
        Completion("Ponha óleo.", "stop", 2, None),
        Completion("Ponha", "length", 2, None),
        Completion("", "too_long", 0, None),
    ]
    rows = [pair(0), pair(1, lang="pt", response="Já está."), pair(2), pair(3)]
    lm = Scripted(said, TRANSLATOR)
    made = list(answers_in(CONFIG, rows, lm))
    assert lm.history == ["Oil it."] * 3
    kept = [each for each in made if isinstance(each, dict)]
    assert [(row["response"], row.get("draft"), row["instruction_lang"]) for row in kept] == [
        ("Ponha óleo.", "Oil it.", "en"), ("Já está.", None, "en"),
    ]  # fmt: skip
    assert [each.reason for each in made if isinstance(each, Drop)] == ["unfinished", "too_long"]
    told = Scripted([Completion("> Ponha óleo.", "stop", 2, None)])
    [row] = answers_in(CONFIG, [pair(0)], told)
    assert isinstance(row, dict) and row["response"] == "Ponha óleo." and "Portuguese" in told.history[0]
