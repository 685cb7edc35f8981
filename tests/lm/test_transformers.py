"""What the transformers backend does beyond the protocol: shared heads, adapters, decision models, its journal."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from humpback import lm as language_models
from humpback.errors import UsageFault
from humpback.lm import Question, Sampling, chat, decisions
from humpback.lm.embedded import EMBEDDED
from humpback.lm.transformers.reader import common

HEAD = "Here is a long introduction that every prompt of this batch begins with, word for word, so that it pays to keep it. "
PROMPTS = [HEAD + rest for rest in ("What is a leek?", "How do tides work, and why twice a day?", "Name a river.")]
LEVELS = Question("score", "How clear is it?", ("not", "half", "fully"))
GREEDY = Sampling(temperature=0, max_new_tokens=10)


def test_sharing_a_head_changes_no_answer(embedded: Any) -> None:
    """Positions or masks that are off by the head's length give plausible nonsense."""
    shared = embedded.generate(PROMPTS, GREEDY, [1, 2, 3])
    alone = [embedded.generate([prompt], GREEDY, [1])[0] for prompt in PROMPTS]
    assert [c.logprob for c in shared] == pytest.approx([c.logprob for c in alone], abs=0.05)
    targets = ["A vegetable.", "The moon pulls.", "The Elbe, in Germany."]
    for prompt, target, made in zip(PROMPTS, targets, embedded.logprob(PROMPTS, targets), strict=True):
        assert made == pytest.approx(embedded.logprob([prompt], [target])[0], abs=0.15)


RUBRIC = Question("score", HEAD, ("not at all", "half of it", "from its beginning to its end"))
STATES = [f"{i} leeks: {'wash and cut them. ' * (i % 7)}" for i in range(20)]


def test_a_question_is_read_once_for_all_states() -> None:
    """A rubric is longer than most pairs: read again with each of them, or in each batch, it is most of a judge's price."""
    lm: Any = language_models.open_here("embedded?dtype=float32&batch_tokens=256")
    batches: list[int] = []
    lm.model.register_forward_pre_hook(lambda _, __, given: batches.append(len(given["input_ids"])), with_kwargs=True)
    before = lm.usage
    made = lm.decide(STATES, [RUBRIC])
    read, own = 0, []
    for reverse in (False, True):
        ids = chat.prompt_ids(lm.tokenizer, [decisions.prompt(state, RUBRIC, reverse) for state in STATES])
        head = common(ids)
        read += head + sum(len(row) - head for row in ids)
        own.append(head)
    assert (lm.usage - before).prompt_tokens == read and min(own) > 40
    # The head by itself, and then behind it at least three batches, in each order.
    assert batches.count(1) == 2 and len(batches) >= 8 and sum(batches) == 2 * (1 + len(STATES))
    alone = [lm.decide([state], [RUBRIC])[0] for state in STATES]
    for [one], [other] in zip(made, alone, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
        assert one.label_mass == pytest.approx(other.label_mass, abs=1e-4)


def test_a_text_is_read_once_for_all_its_instructions() -> None:
    """Sorted by their own lengths, the rows of one text lay in as many batches as it had instructions, and it was read in
    each: 174 of 390 s of a scoring."""
    lm: Any = language_models.open_here("embedded?dtype=float32&batch_tokens=512")
    texts = [f"Text {i}: {'a leek is washed and cut. ' * (8 + i)}" for i in range(6)]
    asked = [(text, f"What of {'the leek and ' * n}it?") for text in texts for n in (0, 2, 4, 6)]
    before = lm.usage
    made = lm.logprob(*zip(*asked, strict=True))
    heads, tails = (sum(map(len, ids)) for ids in (
        chat.prompt_ids(lm.tokenizer, texts), chat.target_ids(lm.tokenizer, [target for _, target in asked], False)
    ))  # fmt: skip
    assert heads + tails <= (lm.usage - before).prompt_tokens < 2 * heads + tails
    for (text, target), own in zip(asked, made, strict=True):
        assert own == pytest.approx(lm.logprob([text], [target])[0], abs=1e-3)


def test_rows_of_one_head_are_batched_by_their_own_lengths() -> None:
    """All answers stand behind one bare tag: put by the longest of them they are eight times as many batches."""
    lm: Any = language_models.open_here("embedded?dtype=float32&batch_tokens=512")
    before = lm.usage
    lm.logprob(["Say it."] * 60, ["a leek and " * 60 * (i == 30) + "so on." for i in range(60)])
    assert (lm.usage - before).calls <= 5


def test_one_order_is_half_the_price(embedded: Any) -> None:
    """The reverse is for the pairs that are checked; what is not asked of a row must not be read for it."""
    spent, made = {}, {}
    for orders in ("both", "checked", "forward"):
        before = embedded.usage
        made[orders] = [answer for [answer] in embedded.decide(STATES, [replace(RUBRIC, orders=orders)])]
        spent[orders] = (embedded.usage - before).prompt_tokens
    assert spent["both"] == spent["checked"] == pytest.approx(2 * spent["forward"], abs=2)
    assert [each.probabilities for each in made["checked"]] == [each.probabilities for each in made["forward"]]
    assert [each.order_gap for each in made["checked"]] == [each.order_gap for each in made["both"]]
    assert {(each.order_gap, each.order_flips) for each in made["forward"]} == {(None, None)}


def test_a_finished_batch_is_not_computed_again(tmp_path: Path) -> None:
    """A run that goes on after a kill takes its answers from the journal, to the last bit."""
    warm = Sampling(temperature=1.0, max_new_tokens=8)
    made, passes, used = [], [], []
    for _ in range(2):
        lm: Any = language_models.open_here("embedded?batch_tokens=64")
        lm.model.register_forward_pre_hook(lambda *_: passes.append(1))
        lm.remember(tmp_path / "j")
        made.append((lm.generate(PROMPTS, warm, [1, 2, 3]), lm.decide(PROMPTS, [LEVELS])))
        used.append((len(passes), lm.usage, lm.usage.seconds))
        lm.remember(None)
    assert made[0] == made[1] and used[0] == used[1] and used[0][0] > 0 and used[0][2] > 0


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_is_merged_and_named(embedded: Any, tmp_path: Path) -> None:
    """An adapter that is silently left out gives the base model's answers under another name."""
    peft = pytest.importorskip("peft")
    import torch
    import transformers

    base = transformers.AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32)
    adapted = peft.get_peft_model(base, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "lora")
    lm = language_models.open(f"embedded?adapter={tmp_path / 'lora'}")
    assert lm.name == "embedded+lora" and lm.role == "base"
    mine, theirs = lm.logprob(PROMPTS[:1], ["A river."])[0], embedded.logprob(PROMPTS[:1], ["A river."])[0]
    assert mine and theirs and mine != pytest.approx(theirs, abs=0.01)
    with pytest.raises(UsageFault, match="no adapter_config"):
        language_models.open(f"embedded?adapter={tmp_path}")


def test_a_model_that_ships_a_decision_config_is_asked_its_own_way(tmp_path: Path) -> None:
    """A decision model read under another template than its own is a worse one."""
    shutil.copytree(EMBEDDED, tmp_path / "decider")
    (tmp_path / "decider" / "decision.json").write_text(json.dumps({"labels": {"score": ["1", "2", "3"]}}))
    lm = language_models.open(str(tmp_path / "decider"))
    made = lm.decide(["The chain is oiled."], [LEVELS, Question("predicate", "Is it oiled?")])[0]
    assert [a.via for a in made] == ["decision model"] * 2 and made[0].label_mass is None
    assert made[0].score is not None and 1 <= made[0].score <= 3 and sum(made[1].probabilities) == pytest.approx(1)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("<think>\nThe user wants...\n</think>\n\nWhat is a leek?", "What is a leek?"),
        ("The user wants...\n</think>\nWhat is a leek?", "What is a leek?"),
        ("<think>It never ends", ""),
        ("\n<think>a</think> What? ", "What?"),
        ("<think>a</think>\n<think>It never ends", ""),
        ("<thinking>a</thinking>What?<think>b</think>", "What?"),
        ("I think </b> that is fine", "I think </b> that is fine"),
        ("Explain the <think> tag of HTML", "Explain the <think> tag of HTML"),
    ],
)
def test_what_a_model_thought_is_no_answer(raw: str, kept: str) -> None:
    """Reasoning that stays in the text becomes an instruction that talks to itself."""
    assert chat.strip_reasoning(raw) == kept
    # A mean over thoughts and answer is the likelihood of neither.
    assert chat.without_reasoning(f" {raw}\n", -0.5) == (kept, -0.5 if raw.strip() == kept else None)
