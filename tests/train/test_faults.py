"""Each fault that public re-implementations trained with, put in by hand: the check that guards against it must fail.

A check that passes here could not fail, and would guard nothing.
"""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import torch
from train import checks, families
from train.families import OUTSIDE, family, tokenizer
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from humpback import prompts, store
from humpback.curate.judge import JudgeConfig
from humpback.evaluate import held_out, iteration
from humpback.lm import chat
from humpback.prompts import forward
from humpback.prompts.forward import Example, TagConfig
from humpback.train.process import child, data, packing, trainer
from humpback.train.process.trainer import Trainer

pytestmark = pytest.mark.filterwarnings(*OUTSIDE)
Patch = pytest.MonkeyPatch


def fails(check: Callable[..., None], *asked: Any) -> None:
    with pytest.raises(AssertionError):
        check(*asked)


def masked_from(offset: int) -> Callable[..., data.Tokens | None]:
    """`tokens` that masks so many tokens more than the prompt has, as if all templates were one."""
    real = data.tokens

    def tokens(*asked: Any) -> data.Tokens | None:
        made = real(*asked)
        if made is None:
            return None
        start = max(0, made["labels"].count(data.IGNORED) + offset)
        return {**made, "labels": [data.IGNORED] * start + made["input_ids"][start:]}

    return tokens


@pytest.mark.parametrize("offset", [-2, 2, -1000], ids=["two too few", "two too many", "nothing masked"])
@pytest.mark.parametrize("kind", ["chatml", "llama-2", "llama-3", "gemma"])
def test_a_hard_coded_offset(kind: str, offset: int, monkeypatch: Patch) -> None:
    """Spico197 masks by -2, which fits one tokenizer."""
    monkeypatch.setattr(data, "tokens", masked_from(offset))
    fails(checks.loss_falls_on_target_and_end_only, tokenizer(kind))


def test_no_end_token(monkeypatch: Patch) -> None:
    """A model that never saw an end goes on until it is cut."""
    real = data.tokens
    unended = lambda example, *rest: real(Example(example.prompt, example.completion, False), *rest)  # noqa: E731
    monkeypatch.setattr(data, "tokens", unended)
    fails(checks.loss_falls_on_target_and_end_only, tokenizer("llama-2"))


def test_rows_masked_whole(monkeypatch: Patch) -> None:
    """With such an offset, rows are masked whole, and the loss looks fine."""
    monkeypatch.setattr(data, "tokens", masked_from(1000))
    checks.a_row_that_teaches_nothing_is_refused(tokenizer("gemma"))
    monkeypatch.setattr(data, "max", lambda labels: 0, raising=False)
    fails(checks.a_row_that_teaches_nothing_is_refused, tokenizer("gemma"))


def test_labels_shifted_once_more(monkeypatch: Patch, tmp_path: Path) -> None:
    """The collator that shifts where the model shifts already trains every second token."""
    shifted = lambda each: {**each, "labels": [*each["labels"][1:], data.IGNORED]}  # noqa: E731
    change_batches(monkeypatch, lambda call, rows: call([shifted(row) for row in rows]))
    fails(checks.the_gradient_is_that_of_the_target, family("llama"), tmp_path)


def change_batches(monkeypatch: Patch, change: Callable[..., Any]) -> None:
    """`change(call, rows)` stands in for the collator, which is `call`."""
    real = DataCollatorForLanguageModeling.torch_call
    monkeypatch.setattr(DataCollatorForLanguageModeling, "torch_call", lambda self, rows: change(partial(real, self), rows))


def test_tags_swapped(monkeypatch: Patch) -> None:
    """Spico197's two templates stood under each other's names."""
    monkeypatch.setattr(TagConfig, "of", lambda self, source: self.web if source == "seed" else self.seed)
    fails(checks.tags_are_on_their_own_rows, tokenizer("chatml"))
    fails(checks.prompts_are_golden)


def test_the_backward_sentence_in_the_forward_template(monkeypatch: Patch) -> None:
    """Its template for seed rows asked for an instruction, in a forward training."""
    monkeypatch.setattr(
        forward, "forward_prompt", lambda instruction, tag: f"Predict the instruction.\n\n{instruction}\n\n{tag}"
    )
    fails(checks.prompts_are_golden)


# Asked for in no training, and by no judge that is not told to.
OTHERS = {
    "backward-around-v1", "codec-decode-v1", "codec-encode-v1", "codec-improve-v1", "codec-rubric-v1",
    "forward-shots-v1", "judge-canary-v1", "paraphrase-v1", "rewrite-v1", "rubric-axes-v1", "rubric-grades-v1",
    "rubric-predicates-v1", "self-instance-v1", "self-labels-v1", "self-tasks-v1", "support-v1", "translate-v1",
    "two-answers-text-v1", "two-answers-v1",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in prompts.names() if name not in OTHERS])
def test_a_prompt_that_drifts(name: str, monkeypatch: Patch) -> None:
    """A word more, anywhere, is another prompt."""
    real = prompts.render
    monkeypatch.setattr(
        prompts, "render", lambda asked, **slots: ("Please. " if asked == name else "") + real(asked, **slots)
    )
    if name.startswith("rubric"):
        source = prompts.source
        monkeypatch.setattr(prompts, "source", lambda asked: source(asked).replace("assistant", "helper", 1))
    fails(checks.prompts_are_golden)


def test_a_template_that_is_not_the_one_of_training(tmp_path: Path) -> None:
    """Humpback-Qwen3 trained its two models under two templates."""
    tiny = family("llama")
    folder = tiny.save(tmp_path)
    checks.inference_asks_as_training_did(tiny.tokenizer, folder)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}Human: {{ messages[0]['content'] }}\nAssistant:")
    fails(checks.inference_asks_as_training_did, tiny.tokenizer, folder)


@pytest.mark.parametrize("task", ["forward_prompt", "backward_example"])
def test_another_prompt_than_in_training(task: str, monkeypatch: Patch, tmp_path: Path) -> None:
    """Forward inference used a third, untagged template; a backward model can be asked as a prompted one."""
    tiny = family("llama")
    if task == "forward_prompt":
        monkeypatch.setattr(held_out, task, lambda instruction, *_: instruction)
    else:
        real = data.backward_example
        monkeypatch.setattr(
            data, task, lambda row, config, tags, clip: real(row, config, tags.model_copy(update={"seed": ""}), clip)
        )
    fails(checks.inference_asks_as_training_did, tiny.tokenizer, tiny.save(tmp_path))


def test_one_token_more_in_inference(monkeypatch: Patch, tmp_path: Path) -> None:
    """A tokenizer that adds its first token to a template that has one: the model sees two."""
    tiny = family("llama")
    folder = tiny.save(tmp_path)
    real = chat.render

    def twice(words: Any, prompt: str, completion: str | None = None) -> chat.Rendered:
        made = real(words, prompt, completion)
        return made if completion is not None else chat.Rendered([words.bos_token_id, *made.prompt], [])

    monkeypatch.setattr(chat, "render", twice)
    fails(checks.inference_asks_as_training_did, tiny.tokenizer, folder)


def test_answers_under_one_tag_only(monkeypatch: Patch) -> None:
    """S_a alone costs four points of win rate."""
    monkeypatch.setattr(TagConfig, "inference", property(lambda self: self.seed))
    fails(checks.answers_are_drawn_under_both_tags)


@pytest.mark.parametrize("role", ["forward", "backward"])
def test_a_model_without_its_role(role: str, tmp_path: Path) -> None:
    """Only the role in the folder can tell a forward model from a backward one."""
    folder = family("llama").save(tmp_path)
    fails(checks.the_other_role_is_refused, folder, role)
    store.write_json(folder / "humpback.json", {"role": role})
    checks.the_other_role_is_refused(folder, role)


@pytest.mark.parametrize("end", [9e-6 * 1e-5, 0.0, 1e-5 - 1e-12], ids=["a factor", "zero", "constant"])
def test_a_last_rate_that_is_not_the_papers(end: float, monkeypatch: Patch, tmp_path: Path) -> None:
    """Spico197 took 9e-6 for a share of the first rate."""
    wrong = {"lr_scheduler_type": "polynomial", "lr_scheduler_kwargs": {"lr_end": end, "power": 1.0}}
    monkeypatch.setattr(child, "schedule", lambda sft, steps: wrong)
    fails(checks.the_rate_falls_in_a_line_to_lr_end, family("llama"), tmp_path)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_dropout_in_the_config_alone(name: str, monkeypatch: Patch) -> None:
    """The config is read when the layers are made, and never again."""
    monkeypatch.setattr(checks, "set_dropout", lambda model, share: setattr(model.config, "attention_dropout", share))
    fails(checks.dropout_is_what_was_asked_for, family(name))


@pytest.mark.parametrize("name", ["llama", "llama-3"])
def test_labels_masked_where_the_pad_token_stands(name: str, monkeypatch: Patch, tmp_path: Path) -> None:
    """The usual collator masks all pads, and with pad = end every end: the model never stops."""
    tiny = family(name)

    def masked(call: Callable[..., Any], rows: Any) -> Any:
        batch = call(rows)
        batch["labels"][batch["input_ids"] == tiny.tokenizer.pad_token_id] = data.IGNORED
        return batch

    change_batches(monkeypatch, masked)
    fails(checks.the_end_is_learnt_beside_padding, tiny, tmp_path)


@pytest.mark.parametrize("how", ["batch", "none"])
def test_a_mean_of_means(how: str, monkeypatch: Patch, tmp_path: Path) -> None:
    """Each micro-batch its own mean: short targets weigh as much as long ones."""
    real = Trainer.compute_loss

    def mean(self: Trainer, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        return real(self, model, inputs) / self.args.gradient_accumulation_steps

    monkeypatch.setattr(Trainer, "compute_loss", mean)
    fails(checks.accumulation_changes_nothing, partial(family, "llama"), how, tmp_path)


def without(*names: str) -> Callable[..., Any]:
    """A collator that forgets what it is to tell the model."""
    return lambda call, rows: {name: value for name, value in call(rows).items() if name not in names}


@pytest.mark.parametrize(
    ("name", "forgotten"),
    [
        ("llama", ("cu_seq_lens_q", "cu_seq_lens_k")),
        ("gemma3", ("cu_seq_lens_q", "cu_seq_lens_k")),
        ("gpt2", ("position_ids",)),
    ],
    ids=["attention across examples", "across examples in a window", "positions that run on"],
)
def test_packing_that_leaks(name: str, forgotten: tuple[str, ...], monkeypatch: Patch, tmp_path: Path) -> None:
    """Examples that see their neighbours learn to answer from them."""
    change_batches(monkeypatch, without(*forgotten))
    fails(checks.packing_changes_nothing, family(name), family(name, "eager"), tmp_path)


@pytest.mark.parametrize("name", ["mistral", "gemma3"])
def test_a_window_that_is_forgotten(name: str, monkeypatch: Patch, tmp_path: Path) -> None:
    """A model that attends further than it was made to."""
    monkeypatch.setattr(packing, "seen", lambda query, window: {"is_causal": True})
    fails(checks.packing_changes_nothing, family(name), family(name, "eager"), tmp_path)


def test_heads_mixed_up(monkeypatch: Patch, tmp_path: Path) -> None:
    """Keys repeated in the order of the heads, and not of their groups, look like attention too."""
    monkeypatch.setattr(packing, "repeat_kv", lambda states, groups: states.repeat(1, groups, 1, 1))
    fails(checks.packing_changes_nothing, family("llama"), family("llama", "eager"), tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [lambda loss: loss * 0.999, lambda loss: loss.detach() + 0 * loss],
    ids=["another loss", "another gradient"],
)
def test_a_loss_of_ones_own(wrong: Callable[..., Any], monkeypatch: Patch, tmp_path: Path) -> None:
    """What is faster may be so by being something else."""
    real = Trainer.compute_loss
    monkeypatch.setattr(Trainer, "compute_loss", lambda self, *asked, **named: wrong(real(self, *asked, **named)))
    fails(checks.the_loss_is_trls_and_the_models_own, partial(family, "llama"), "batch", tmp_path)


def test_one_target_left_out(monkeypatch: Patch, tmp_path: Path) -> None:
    """Logits are computed for the places of targets alone; one place too few is a target that is not learnt."""
    real = torch.nn.functional.pad

    def pad(labels: Any, *asked: Any, **named: Any) -> Any:
        goal = real(labels, *asked, **named)
        goal[0, (goal[0] >= 0).nonzero()[-1]] = data.IGNORED
        return goal

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "compute_loss", padded_by(pad))
        fails(checks.the_loss_is_trls_and_the_models_own, partial(family, "llama"), "batch", tmp_path)


def padded_by(pad: Callable[..., Any]) -> Callable[..., Any]:
    """The loss with another `pad`, which TRL's own does not see."""
    real = Trainer.compute_loss

    def compute(self: Trainer, *asked: Any, **named: Any) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "pad", pad)
            return real(self, *asked, **named)

    return compute


def test_trls_own_loss_is_another_function() -> None:
    """If it were ours, comparing both would show nothing."""
    assert Trainer.compute_loss is not SFTTrainer.compute_loss


@pytest.mark.parametrize("lost", ["rng_state.pth", "optimizer.pt"])
def test_what_is_not_restored(lost: str, tmp_path: Path) -> None:
    """Dropout that is drawn anew, moments that begin at zero."""
    fails(
        checks.resuming_changes_nothing, partial(family, "llama"), tmp_path, lambda checkpoint: (checkpoint / lost).unlink()
    )


def test_a_place_in_the_data_that_is_not_restored(monkeypatch: Patch, tmp_path: Path) -> None:
    """A pass that begins with its first batch again."""
    real = child.trl_config

    def forgetful(*asked: Any) -> Any:
        made = real(*asked)
        made.ignore_data_skip = True
        return made

    monkeypatch.setattr(families, "trl_config", forgetful)
    fails(checks.resuming_changes_nothing, partial(family, "llama"), tmp_path)


def test_a_judge_that_is_drawn_once() -> None:
    """One warm draw per pair selects by luck."""
    fails(checks.a_pair_judged_again_has_the_same_score, JudgeConfig(mode="multi", samples=1))


def test_a_model_chosen_on_the_test_split(monkeypatch: Patch, tmp_path: Path) -> None:
    """The paper's successor took the best of three numbers of steps, and the better of two tags, by test win rate."""
    monkeypatch.setattr(iteration, "held", lambda seed, split, cases: held_out.held(seed, "test", cases))
    fails(checks.the_best_is_chosen_on_dev_pairs, tmp_path)


def test_a_model_that_never_saw_an_end(by_heart: Callable[..., Path]) -> None:
    """Its loss is as low, and its answers run until they are cut."""
    folder = by_heart("llama", ended=False)
    fails(checks.opens_anywhere_and_stops, folder)
    fails(checks.its_answers_end, folder)


@pytest.mark.parametrize("fault", ["another end", "another template"])
def test_what_lies_beside_the_weights(fault: str, by_heart: Callable[..., Path], tmp_path: Path) -> None:
    """The best weights under another template, or without their end, are another model."""
    folder = shutil.copytree(by_heart("llama"), tmp_path / "model")
    if fault == "another end":
        generation = store.read_json(folder / "generation_config.json")
        store.write_json(folder / "generation_config.json", {**generation, "eos_token_id": 5})
    else:
        (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    fails(checks.opens_anywhere_and_stops, folder)
