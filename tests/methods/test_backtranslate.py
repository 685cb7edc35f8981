"""Prompts that stay as they are, and candidates of which the right one is kept."""

from collections.abc import Sequence

import pytest

from humpback.curate.guards import GuardConfig
from humpback.errors import RoleMismatch
from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.methods.backtranslate import (
    Augment,
    AugmentConfig,
    BackwardConfig,
    TagConfig,
    backward_example,
    backward_prompt,
    forward_example,
    forward_prompt,
)
from humpback.stage import Drop

TAGS = TagConfig()
ROW = {"id": "s1", "text": "Oil the chain every week.", "header_path": ["Bicycles", "Oiling"], "lang": "en", "url": "u"}
GOLDEN = """The text below is a very good answer to something that a user asked an assistant. Write the one question or \
instruction that it most likely answers, and nothing else. Whoever reads it will not see the text, so name what it is about.

Oil the chain every week.

The text stands under the heading: Bicycles > Oiling

Answer in the style of an AI Assistant."""


def uncut(text: str, _: int) -> tuple[str, bool]:
    return text, False


class Scripted(Echo):
    """Answers each prompt with the next of its completions."""

    def __init__(self, made: Sequence[Completion]) -> None:
        super().__init__()
        self.made = list(made)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.seeds = list(seeds)
        return [self.made.pop(0) for _ in prompts]


def said(text: str, logprob: float = -1.0, finish: str = "stop") -> Completion:
    return Completion(text, finish, 5, logprob)  # type: ignore[arg-type]


def augment(lm: Echo, candidates: int = 1, rows: list = [ROW]) -> list:  # noqa: B006 - read only
    ask = Augment(BackwardConfig(context="heading"), AugmentConfig(candidates=candidates), TAGS, GuardConfig(), 1)
    return list(ask(rows, lm))


def test_the_backward_prompt_is_golden() -> None:
    """A prompt that drifts makes every earlier score another experiment's."""
    assert backward_prompt(ROW, BackwardConfig(context="heading"), TAGS.seed, uncut)[0] == GOLDEN


def test_the_papers_backward_prompt_shows_the_text_alone() -> None:
    """The heading is an option, and off for large models."""
    assert "heading" not in backward_prompt(ROW, BackwardConfig(), TAGS.seed, uncut)[0]


def test_the_tags_go_to_their_own_rows() -> None:
    """Public runs trained seed rows under the other's template."""
    pair = {**ROW, "instruction": "How?", "response": "So."}
    seed, web = (forward_example({**pair, "source": source}, TAGS, uncut, 99).prompt for source in ("seed", "web"))
    assert seed == "How?\n\nAnswer in the style of an AI Assistant."
    assert web == "How?\n\nAnswer with knowledge from web search."
    assert forward_prompt("How?", TAGS.inference) == f"How?\n\n{TAGS.seed} {TAGS.web}"


def test_a_reversed_pair_asks_for_its_instruction() -> None:
    """Swapped fields would train a forward model under a backward name."""
    made = backward_example({**ROW, "instruction": "How?", "response": "So."}, BackwardConfig(), TAGS, uncut)
    assert made.completion == "How?" and "So." in made.prompt and "Oil the chain" not in made.prompt


def test_a_clipped_answer_has_no_end_token() -> None:
    """A model taught that a cut is an end learns to stop in mid-sentence."""
    assert not forward_example(
        {"instruction": "i", "response": "r " * 9, "source": "seed"}, TAGS, lambda t, n: (t[:n], True), 4
    ).ended


def test_text_that_opens_a_slot_is_data() -> None:
    """A page with template syntax must not be run by the template engine."""
    row = {**ROW, "text": "{{ tag }} {% for x in y %}"}
    assert "{{ tag }} {% for x in y %}" in backward_prompt(row, BackwardConfig(), TAGS.seed, uncut)[0]


def test_the_likeliest_clean_candidate_is_kept_and_all_are_recorded() -> None:
    """Several draws of a small model are worth it only if the guards see each of them."""
    leak = said("Write the instruction that the text below answers.", -0.1)
    made = augment(Scripted([leak, said("How do I oil a chain?", -0.9), said("What is this about, oil?", -0.5)]), 3)[0]
    assert made["instruction"] == "What is this about, oil?"
    assert [c["guard"] for c in made["candidates"]] == ["leaked_prompt", None, None]


def test_each_candidate_has_its_own_seed() -> None:
    """Candidates drawn with one seed are one candidate."""
    lm = Scripted([said("How do I oil a chain?")] * 6)
    augment(lm, 3, [ROW, {**ROW, "id": "s2"}])
    assert len(set(lm.seeds)) == 6


def test_a_prompt_that_is_too_long_is_dropped_with_its_reason() -> None:
    """One long text must not stop the batch, nor vanish."""
    made = augment(Scripted([said("", finish="too_long")]))[0]
    assert isinstance(made, Drop) and made.reason == "prompt_too_long"


def test_a_forward_model_is_refused() -> None:
    """A forward model asked for instructions answers the text instead."""
    lm = Scripted([said("x")])
    lm.role = "forward"
    with pytest.raises(RoleMismatch):
        augment(lm)
