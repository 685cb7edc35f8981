"""Batches of every kind of layer: a row's answers are those that the model gives to it alone."""

import math
from typing import Any

import pytest

pytest.importorskip("torch")
import torch
import transformers
from lm.tiny import ARCHITECTURES, WINDOW, Tiny, of_model, tiny

from humpback.errors import UsageFault
from humpback.lm import Question, Sampling, chat, decisions
from humpback.lm.transformers import layout

PROMPTS = [
    "Why?",
    "How do I oil the chain of an old bicycle that has stood in the rain for years?",
    "Name a river.",
    "What is a leek and how is it cooked with potatoes in a pot?",
]
HEAD = "Here is a long introduction that every prompt of this batch begins with, word for word, so that it pays. "
SHARED = [HEAD + prompt for prompt in PROMPTS]
WRITTEN = 2 * WINDOW
GREEDY = Sampling(temperature=0, max_new_tokens=WRITTEN)
TARGETS = ["yes of course it is so", "no", "it depends on the season and the year", "never in my life"]
QUESTIONS = [Question("predicate", "Is this about bicycles?"), Question("score", "Is it clear?", ("no", "half", "yes"))]


@pytest.fixture(params=ARCHITECTURES)
def one(request: pytest.FixtureRequest) -> Tiny:
    made: Tiny = tiny(request.param)
    return made


@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["apart", "shared"])
def test_a_batch_is_written_as_the_model_itself_writes(one: Tiny, prompts: list[str]) -> None:
    """Of models with a window and no list of layers (Mistral, Phi-3, Starcoder2) 4 of 5 greedy answers were others than the
    model's own, once prompt and answer passed the window: short prompts were padded on the right, and the padding filled it.
    """
    made = one.lm().generate(prompts, GREEDY, range(len(prompts)))
    assert [each.text for each in made] == [one.text(prompt, WRITTEN) for prompt in prompts]


def test_candidates_of_one_prompt_are_written_alike(one: Tiny) -> None:
    """A prompt that stands there several times is read once, and not every cache can be handed on: recurrences raised an
    AttributeError."""
    made = one.lm().generate([PROMPTS[1]] * 3 + [PROMPTS[0]] * 2, GREEDY, range(5))
    assert [each.text for each in made] == [one.text(PROMPTS[1], WRITTEN)] * 3 + [one.text(PROMPTS[0], WRITTEN)] * 2


@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["apart", "shared"])
def test_a_target_scores_the_same_in_a_batch(one: Tiny, prompts: list[str]) -> None:
    """A head that is computed once for all rows must be what each row would have computed."""
    for prompt, target, made in zip(prompts, TARGETS, one.lm().logprob(prompts, TARGETS), strict=True):
        assert made == pytest.approx(one.logprobs(prompt, chat.plain_ids(one.tokenizer, target)), abs=1e-3)


def test_targets_of_one_prompt_score_as_each_alone(one: Tiny) -> None:
    """Several instructions stand behind one text, which is read once for all of them, as far as the layers allow it."""
    prompts, targets = [SHARED[0]] * 3 + [SHARED[1]] * 3, [*TARGETS, *TARGETS, *TARGETS][:6]
    for prompt, target, made in zip(prompts, targets, one.lm().logprob(prompts, targets), strict=True):
        assert made == pytest.approx(one.logprobs(prompt, chat.plain_ids(one.tokenizer, target)), abs=1e-3)


def test_a_question_that_several_states_share_is_answered_the_same(one: Tiny) -> None:
    """All states go on from one reading of the question, as far as the layers allow it."""
    for state, made in zip(SHARED, one.lm().decide(SHARED, QUESTIONS), strict=True):
        for question, answer in zip(QUESTIONS, made, strict=True):
            alone = [
                [one.logprobs(decisions.prompt(state, question, reverse), [label])[0] for label in labels_of(one, question)]
                for reverse in (False, True)
            ]
            assert answer.probabilities == pytest.approx(decisions.answer(question, *alone).probabilities, abs=1e-3)


def labels_of(one: Tiny, question: Question) -> list[int]:
    return decisions.label_ids(one.tokenizer, question, "tiny")


def test_a_window_that_reaches_over_the_whole_batch_costs_nothing() -> None:
    """Padding on the left, which needs a mask, and heads that each row computes for itself: the price of a window is due
    where it ends, and not for every model that has one."""
    found = layout.find(tiny("mistral").model, 0, "mistral").layout
    assert (found.right, found.left, found.selects) == (WINDOW, math.inf, True)
    assert layout.find(tiny("qwen3").model, 0, "qwen3").layout.right == math.inf
    assert {layout.find(tiny(name).model, 0, name).layout.right for name in ("gpt-neo", "qwen2", "llama4")} == {WINDOW}


def test_what_may_not_be_padded_is_batched_by_length() -> None:
    """Positions that are counted by what was read, padding included, are wrong whichever side it stands on."""
    config = transformers.BartConfig(
        d_model=32, decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=48, max_position_embeddings=512,
        vocab_size=len(tiny("qwen3").tokenizer), forced_eos_token_id=None,
    )  # fmt: skip
    one = of_model(transformers.BartForCausalLM(config))
    assert (one.lm().reader.layout.right, one.lm().reader.layout.left) == (0, 0)
    for prompt, target, made in zip(PROMPTS, TARGETS, one.lm().logprob(PROMPTS, TARGETS), strict=True):
        assert made == pytest.approx(one.logprobs(prompt, chat.plain_ids(one.tokenizer, target)), abs=1e-3)
    together = one.lm().generate(PROMPTS, GREEDY, range(4))
    assert together == [one.lm().generate([prompt], GREEDY, [0])[0] for prompt in PROMPTS]


def test_a_model_that_sees_what_comes_after_is_refused() -> None:
    """An encoder opens as a causal model without a word, and every score of it is noise."""
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    config = transformers.BertConfig(**small, vocab_size=len(tiny("qwen3").tokenizer))
    model: Any = of_model(transformers.BertLMHeadModel(config)).model
    with pytest.raises(UsageFault, match="bert is no language model that this backend can ask"):
        layout.find(model, 0, "bert")


def test_rounding_to_bfloat16_is_no_other_answer() -> None:
    """The trial of an unknown cache must allow for what rounding moves, or every hybrid model would be asked row by row."""
    half = of_model(transformers.AutoModelForCausalLM.from_config(tiny("lfm2").model.config)).model.to(torch.bfloat16)
    assert layout.find(half, 0, "lfm2").layout.left == math.inf
