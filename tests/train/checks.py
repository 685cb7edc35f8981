"""What training must hold, as plain functions that raise `AssertionError`.

`test_correct.py` asks them of the code as it is, `test_faults.py` of the code with a fault put in, where they must fail.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from train.families import FOUR, Family, data_in, seed_rows, trainer

from humpback import lm as language_models
from humpback.curate import judge, likelihood, rubric, teach
from humpback.errors import RoleMismatch
from humpback.evaluate import held_out, iteration
from humpback.lm import Answer, Completion, Question, Sampling, chat, decisions
from humpback.lm.echo import Echo
from humpback.methods import backtranslate
from humpback.methods.backtranslate import AugmentConfig
from humpback.prompts.backward import FORMS, BackwardConfig, Style, backward_example, prompted_prompt
from humpback.prompts.forward import Example, TagConfig, forward_example, forward_prompt
from humpback.prompts.judge import state
from humpback.schema import Row
from humpback.train.process import child, data
from humpback.train.process.load import set_dropout
from humpback.train.training import Training

TAGS = TagConfig()
FORWARD, BACKWARD = (Training(role=role, base="embedded", data=()) for role in ("forward", "backward"))  # type: ignore
# Targets that tokenizers treat unlike: short, spaced, of several lines, of bytes that no piece covers.
TARGETS = ["So.", "a", "Oil it\n\n1. wipe\n2. drop", "```py\nx = 1\n```", "naïve 漢字 😀", "  spaces, before and after  "]
GOLDEN = Path(__file__).parent / "golden"


def rows() -> list[Row]:
    """Seed pairs and web pairs, of very different lengths."""
    seed = seed_rows()[:4]
    web = [{**row, "id": f"web-{i}", "source": "web"} for i, row in enumerate(seed_rows()[4:8])]
    lengths = (3, 20, 60, 200, 8, 30, 90, 150)
    return [{**row, "response": row["response"][:n].rstrip()} for row, n in zip([*seed, *web], lengths, strict=True)]


def examples(wanted: Training, words: Any) -> list[data.Tokens]:
    return data.usable(wanted, rows(), words)[0]


def learnt(made: data.Tokens) -> list[int]:
    return [label for label in made["labels"] if label != data.IGNORED]


def prompt_of(made: data.Tokens) -> list[int]:
    return made["input_ids"][: len(made["input_ids"]) - len(learnt(made))]


# What the loss falls on.


def loss_falls_on_target_and_end_only(words: Any) -> None:
    for target in TARGETS:
        made = data.tokens(Example("How do I oil a chain?", target), words, 400)
        assert made is not None
        masked = len(made["labels"]) - len(learnt(made))
        assert made["labels"] == [data.IGNORED] * masked + made["input_ids"][masked:], "what is learnt is not the last part"
        assert learnt(made)[-1:] == [words.eos_token_id], "the end is not learnt"
        assert words.decode(learnt(made)[:-1]).strip() == target.strip(), "more or less than the target is learnt"
        assert prompt_of(made) == chat.render(words, "How do I oil a chain?").prompt, "part of the prompt is learnt"


def a_row_that_teaches_nothing_is_refused(words: Any) -> None:
    try:
        data.usable(FORWARD, rows(), words)
    except SystemExit as refused:
        assert "no target that is learnt" in str(refused)
        return
    raise AssertionError("rows without a target are trained on")


def the_gradient_is_that_of_the_target(family: Family, folder: Path) -> None:
    """Loss and gradient are those of the mean of -log p(target, end | prompt), computed by hand."""
    made = examples(FORWARD, family.tokenizer)[1]
    start, ids = len(prompt_of(made)), torch.tensor([made["input_ids"]])
    logits = family.model(input_ids=ids).logits[0, start - 1 : -1]
    by_hand = -torch.log_softmax(logits, -1).gather(1, ids[0, start:, None]).mean()
    theirs = gradients(family.model, by_hand)
    worker = trainer(family, [made], folder, {})
    loss = worker.compute_loss(family.model, worker.data_collator([made]))
    close(loss, by_hand)
    same_gradients(gradients(family.model, loss), theirs)


# What is shown, and to whom.


def tags_are_on_their_own_rows(words: Any) -> None:
    made = data.examples(FORWARD, rows(), words)
    for row, example in zip(rows(), made, strict=True):
        own, other = (TAGS.seed, TAGS.web) if row["source"] == "seed" else (TAGS.web, TAGS.seed)
        assert example.prompt.endswith(own) and other not in example.prompt, f"a {row['source']} row under another's tag"
    for example in data.examples(BACKWARD, rows(), words):
        assert TAGS.web not in example.prompt, "a backward prompt with the tag of web rows"
    for question in rubric.rubric(rubric.RUBRIC):
        asked = decisions.prompt(state("How?", "So.", Echo().clip, 99)[0], question)
        assert TAGS.seed not in asked and TAGS.web not in asked, "the judge is asked under a tag of training"


class Asked(Echo):
    """Keeps the prompts that it is asked with."""

    def __init__(self, role: str) -> None:
        super().__init__(["It is clear."])
        self.role = role
        self.prompts: list[str] = []

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.prompts += prompts
        return super().generate(prompts, sampling, seeds)

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.prompts += prompts
        return super().logprob(prompts, targets, ended)

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        self.prompts += [decisions.prompt(s, q, reverse) for s in states for q in questions for reverse in (False, True)]
        return super().decide(states, questions)


EXAMPLES = (("How is rust removed?", "Brush it off.\nThen oil the place."), ("Explain a freewheel.", "It turns one way."))


def rendered() -> dict[str, str]:
    """Every prompt that a model is trained or asked with, by name."""
    pair = {"id": "p", "instruction": "How do I oil a chain?", "response": "Wipe it.\nOil each link.", "source": "seed",
            "header_path": ["Bicycles", "Oiling"], "lang": "en"}  # fmt: skip
    clip, asked = Echo().clip, Asked("")
    bare, heading = BackwardConfig(), BackwardConfig(context="heading")
    styles: tuple[Style, ...] = ("question", "command", "keywords")
    judge.graded([pair], asked, 999, judge.JudgeConfig())
    judge.graded([pair], asked, 999, judge.JudgeConfig(mode="text"))
    taught = [teach.TeachConfig(share=0.5, rubric=name) for name in (rubric.RUBRIC, rubric.PREDICATES)]
    lessons = [teach.lessons([pair, {**pair, "id": "q"}], 1, each, 1)[0].prompt for each in taught]
    return {
        "forward-seed": forward_example(pair, TAGS, clip, 999).prompt,
        "forward-web": forward_example({**pair, "source": "web"}, TAGS, clip, 999).prompt,
        "forward-inference": forward_prompt(pair["instruction"], TAGS.inference),
        "forward-bare": forward_prompt("", TAGS.web),
        "backward": backward_example(pair, bare, TAGS, clip).prompt,
        "backward-heading": backward_example(pair, heading, TAGS, clip).prompt,
        **{
            f"backward-{told.prompt}-{s}": prompted_prompt(pair, told, s, clip)[0]
            for told in (heading.model_copy(update={"prompt": form, "examples": EXAMPLES}) for form in FORMS)
            for s in styles
        },
        **dict(
            zip(
                ("judge", "judge-reversed", "judge-text", "judge-forced", "judge-forced-reversed"),
                asked.prompts,
                strict=True,
            )
        ),
        **dict(zip(("lesson", "lesson-predicate"), lessons, strict=True)),
    }


def prompts_are_golden() -> None:
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.txt"))}
    made = rendered()
    assert set(made) == set(found), "a prompt without its file, or a file without its prompt"
    unlike = [name for name in made if made[name] + "\n" != found[name]]
    assert not unlike, f"{unlike} are not what the files say"


# Training and inference.


def inference_asks_as_training_did(words: Any, folder: Path) -> None:
    """Token by token: every prompt of training is the prompt of inference, by the tokenizer in the saved `folder`."""
    lm = language_models.open(f"transformers:{folder}")
    seed, web = ([row for row in rows() if row["source"] == source] for source in ("seed", "web"))
    forward, backward = Asked("forward"), Asked("backward")
    held_out.forward_nll(seed, forward, TAGS.seed, 99)
    likelihood.likelihood_columns(web, forward, TAGS.web, 99)
    list(backtranslate.augment(drawing(), texts(), backward))
    for wanted, asked in ((FORWARD, forward), (BACKWARD, backward)):
        trained = [prompt_of(made) for made in examples(wanted, words)]
        assert chat.prompt_ids(lm.tokenizer, asked.prompts[: len(trained)]) == trained, (
            f"a {wanted.role} model is asked as it was not trained"
        )


def drawing(**sampling: Any) -> backtranslate.Drawing:
    """How backward models are asked for instructions."""
    return backtranslate.drawing(
        backtranslate.Settings(augment=AugmentConfig(sampling=Sampling(**sampling)), random_seed=1), "echo"
    ).config  # type: ignore[return-value]


def texts() -> list[Row]:
    return [{**row, "text": row["response"]} for row in rows()]


def answers_are_drawn_under_both_tags() -> None:
    asked = Asked("forward")
    held_out.ended(rows(), asked, TAGS.inference, 4)
    assert asked.prompts == [f"{row['instruction']}\n\n{TAGS.seed} {TAGS.web}" for row in rows()]


def the_other_role_is_refused(folder: Path, role: str) -> None:
    """`folder` holds a model trained for `role`."""
    lm = language_models.open(f"transformers:{folder}")
    forward = [
        lambda: held_out.forward_nll(rows()[:1], lm, TAGS.seed, 9),
        lambda: held_out.ended(rows()[:1], lm, TAGS.seed, 1),
    ]
    [pairs] = data_in(folder / "rows", [{**rows()[0], "split": "test"}])
    quality = held_out.BackwardQuality(
        seed=pairs.folder, cases=1, models={"M": "echo"}, backward=BackwardConfig(), tags=TAGS,
        sampling=Sampling(max_new_tokens=1),
    )  # fmt: skip
    backward = [
        lambda: list(backtranslate.augment(drawing(max_new_tokens=1), texts()[:1], lm)),
        lambda: list(held_out.backward_quality(quality, lambda _: lm)),
    ]
    for task in backward if role == "forward" else forward:
        try:
            task()
        except RoleMismatch:
            continue
        raise AssertionError(f"a {role} model did the other's task")


# How it is trained.


def the_rate_falls_in_a_line_to_lr_end(family: Family, folder: Path, steps: int = 7) -> None:
    """lr(s) = lr_end + (lr - lr_end) (1 - s / S): the defaults end at 9e-6 itself."""
    worker = trainer(family, examples(FORWARD, family.tokenizer), folder, {"steps": steps})
    worker.create_optimizer_and_scheduler(steps)
    rates = []
    for _ in range(steps + 1):
        rates.append(worker.lr_scheduler.get_last_lr()[0])
        worker.optimizer.step()
        worker.lr_scheduler.step()
    assert rates == pytest.approx([9e-6 + (1e-5 - 9e-6) * (1 - step / steps) for step in range(steps + 1)], rel=1e-6)


def dropout_is_what_was_asked_for(family: Family) -> None:
    """Two passes in training differ with it, and agree without."""
    ids = torch.tensor([examples(FORWARD, family.tokenizer)[1]["input_ids"]])
    family.model.train()
    for share in (0.0, 0.3):
        set_dropout(family.model, share)
        one, other = (family.model(input_ids=ids).logits for _ in range(2))
        assert torch.equal(one, other) == (share == 0), f"dropout is not {share}"


def the_end_is_learnt_beside_padding(family: Family, folder: Path) -> None:
    made = examples(FORWARD, family.tokenizer)
    worker = trainer(family, made, folder, {"packing": "none"})
    batch = worker.data_collator([dict(each) for each in made])
    for each, ids, labels, mask in zip(made, batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        length = len(each["input_ids"])
        assert ids[:length].tolist() == each["input_ids"] and mask.sum() == length and mask[:length].all()
        assert labels[:length].tolist() == each["labels"], "padding hides what is learnt"
        assert labels[length - 1] == family.tokenizer.eos_token_id and (labels[length:] == data.IGNORED).all()


def accumulation_changes_nothing(made: Any, packing: str, folder: Path) -> None:
    """Two steps of 1 x 8 and of 8 x 1 end in the same weights. `made` makes a model anew, always the same."""
    ends = []
    for micro in (1, 8):
        family = made()
        sft = {"steps": 2, "lr": 0.3, "lr_end": 0.2, "packing": packing}
        before = {name: weight.detach().clone() for name, weight in family.model.named_parameters()}
        worker = trainer(family, examples(FORWARD, family.tokenizer), folder / str(micro), sft, micro_batch=micro)
        worker.train()
        ends.append({name: weight.detach() - before[name] for name, weight in family.model.named_parameters()})
    moved = max(float(each.abs().max()) for each in ends[0].values())
    far = max(float((one - ends[1][name]).abs().max()) for name, one in ends[0].items())
    assert moved > 1e-2 and far < 1e-5, f"weights moved by {moved:.1e}, and are {far:.1e} apart"


def packing_changes_nothing(packed: Family, padded: Family, folder: Path) -> None:
    """Logits of a sample alone and in a pack, then loss and gradients of a packed and a padded batch. Weights are equal."""
    made = examples(FORWARD, packed.tokenizer)[:4]
    workers = [
        trainer(family, made, folder / how, {"packing": how}) for family, how in ((packed, "batch"), (padded, "none"))
    ]
    row, table = (worker.data_collator([dict(each) for each in made]) for worker in workers)
    assert row["input_ids"].shape[0] == 1 and table["input_ids"].shape[0] == 4
    with torch.no_grad():
        together = packed.model(**{name: value for name, value in row.items() if name != "labels"}).logits[0]
        alone = torch.cat([padded.model(input_ids=torch.tensor([each["input_ids"]])).logits[0] for each in made])
    far = float((together - alone).abs().max() / alone.abs().max())
    assert far < 1e-4, f"the logits of packed samples are {far:.1e} of the largest away"
    losses = [
        worker.compute_loss(family.model, batch)
        for worker, family, batch in zip(workers, (packed, padded), (row, table), strict=True)
    ]
    close(*losses)
    same_gradients(gradients(packed.model, losses[0]), gradients(padded.model, losses[1]))


def the_loss_is_trls_and_the_models_own(made: Any, how: str, folder: Path) -> None:
    """`made` makes the same model anew: TRL changes the forward pass of one that it is given."""
    plain, family = made(), made()
    rows_ = examples(FORWARD, family.tokenizer)[:3]
    worker = trainer(family, rows_, folder, {"packing": how})
    batch = worker.data_collator([dict(each) for each in rows_])
    count = int((batch["labels"] >= 0).sum())
    close(worker.compute_loss(family.model, dict(batch)), plain.model(**batch).loss)
    for items in (None, torch.tensor(2 * count)):
        trls = super(type(worker), worker).compute_loss(family.model, dict(batch), num_items_in_batch=items)
        ours = worker.compute_loss(family.model, dict(batch), num_items_in_batch=items)
        close(ours, trls)
        same_gradients(gradients(family.model, ours), gradients(family.model, trls))


class Stop(transformers.TrainerCallback):  # type: ignore[misc]
    """Ends a training in its sixth step, as a kill does: nothing is written any more."""

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt


def resuming_changes_nothing(
    made: Any, folder: Path, meanwhile: Callable[[Path], None] = lambda _: None, packing: str = "batch"
) -> None:
    """A training that was stopped in its sixth step ends in the very same weights. `made` makes its model anew.

    It goes on from its fourth, in the middle of a pass of three; `meanwhile` is done to that checkpoint.
    """
    ends = []
    for where, callback in (("calm", None), ("stopped", Stop()), ("stopped", None)):
        family = made()
        set_dropout(family.model, 0.1)
        made_of = examples(FORWARD, family.tokenizer)[:6]
        sft = {"steps": 7, "batch": 2, "lr": 1e-2, "dropout": 0.1, "optimizer": "adamw_torch", "packing": packing}
        worker = trainer(family, made_of, folder / where, sft, checkpoint_steps=2)
        if callback:
            worker.add_callback(callback)
        found = child.last_checkpoint(folder / where, "whole")
        if found:
            meanwhile(Path(found))
        with suppress(KeyboardInterrupt):
            worker.train(resume_from_checkpoint=found)
            ends.append(family.model.state_dict())
    calm, resumed = ends
    unlike = [name for name in calm if not torch.equal(calm[name], resumed[name])]
    assert not unlike, f"{len(unlike)} of {len(calm)} weights are others"


def gradients(model: Any, loss: Any) -> dict[str, Any]:
    model.zero_grad()
    loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def close(one: Any, other: Any) -> None:
    assert float(one.detach()) == pytest.approx(float(other.detach()), rel=1e-5), "another loss"


def same_gradients(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert set(one) == set(other)
    largest = max(float(each.abs().max()) for each in other.values())
    far = max(float((one[name] - other[name]).abs().max()) for name in other) / largest
    assert far < 1e-4, f"gradients are {far:.1e} of the largest away"


# What is saved.


def opens_anywhere_and_stops(folder: Path) -> None:
    """In plain transformers, by the template and the generation config that lie beside the weights.

    The model has learnt four pairs by heart, so that its answers are known, and their ends.
    """
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    words = transformers.AutoTokenizer.from_pretrained(folder)
    for row in FOUR:
        prompt = forward_prompt(row["instruction"], TAGS.seed)
        turn = [{"role": "user", "content": prompt}]
        ids = words.apply_chat_template(turn, add_generation_prompt=True, return_dict=False)
        assert ids == chat.render(words, prompt).prompt, "the template that was saved is not that of training"
        made = model.generate(torch.tensor([ids]), max_new_tokens=80, do_sample=False)[0, len(ids) :].tolist()
        assert made[-1] == words.eos_token_id, "it does not stop"
        assert words.decode(made[:-1]).strip() == row["response"], "it says something else than it learnt"


def its_answers_end(folder: Path) -> None:
    """As every training is measured at the end of a run."""
    lm = language_models.open(f"transformers:{folder}")
    ended = held_out.ended(FOUR, lm, TAGS.inference, 40)
    assert sum(ended) >= 3, f"only {sum(ended):.0f} of the answers end"


# What is chosen.


def a_pair_judged_again_has_the_same_score(config: judge.JudgeConfig) -> None:
    lm = Echo([f"Score: {level}" for level in range(1, 6)])
    first, again = ([each["score"] for each in judge.graded(rows(), lm, 999, config, salt)] for salt in ("1", "2"))
    assert None not in first and first == again, "the scores are an accident of the draw"


def the_best_is_chosen_on_dev_pairs(folder: Path) -> None:
    """What models are held against each other by is asked of dev pairs; no test pair is shown."""
    splits = ["train", "dev", "dev", "dev", "test", "test", "test"]
    pairs = [
        {**row, "split": split, "instruction": f"{split} {row['id']}"} for row, split in zip(rows(), splits, strict=False)
    ]
    [seed] = data_in(folder, pairs)
    asked = Asked("forward")
    cases = iteration.DevCases(seed=seed.folder, cases=9, name="M_0", model="echo", tags=TAGS, max_tokens=99, stop_tokens=4)
    list(iteration.dev_cases(cases, lambda _: asked))
    shown = {prompt.split()[0] for prompt in asked.prompts}
    assert shown == {"dev"}, f"chosen on {shown}"
