"""The contrastive loss over a whole step, however it is cut into micro-batches; and what is left of it at weight 0."""

import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

import transformers  # noqa: E402
from train.families import data_in, family, train_here  # noqa: E402

from humpback import store  # noqa: E402
from humpback.errors import UsageFault  # noqa: E402
from humpback.progress import Progress  # noqa: E402
from humpback.schema import TRIPLE, Row  # noqa: E402
from humpback.train.config import ContrastConfig, HardwareConfig, SftConfig  # noqa: E402
from humpback.train.process import contrastive  # noqa: E402
from humpback.train.process.child import dataset, trl_config  # noqa: E402
from humpback.train.process.contrastive import ContrastTrainer, Triples, contrastive_loss, pooled  # noqa: E402
from humpback.train.process.data import triple, usable  # noqa: E402
from humpback.train.process.load import load  # noqa: E402
from humpback.train.process.trainer import Trainer  # noqa: E402
from humpback.train.sft import train  # noqa: E402
from humpback.train.training import Training  # noqa: E402

# The name of the setting is the one that all supported versions of transformers know.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.timeout(300),
]
THINGS = ("chain", "kettle", "violin", "garden hose", "window", "passport", "lamp", "oven")


def row(number: int) -> Row:
    thing, other = THINGS[number], THINGS[(number + 1) % len(THINGS)]
    asked = f"How do I clean a {thing}{' well' * (number % 3)}?"
    return {
        "id": f"t{number}", "instruction": asked, "paraphrase": f"Please explain how to clean a {thing}.",
        "response": f"Rub the {thing} with a soft cloth.", "source": "seed", "paraphrase_by": "rule",
        "negative_instruction": asked, "negative_response": f"Rub the {other} with a soft cloth.",
    }  # fmt: skip


ROWS = [row(number) for number in range(len(THINGS))]


def training(*, contrast: ContrastConfig | None, micro: int | None = None, **sft: Any) -> Training:
    given = {"batch": 8, "steps": 1, "max_tokens": 64, "dropout": 0.0, "clip": 1e9, "precision": "fp32", **sft}
    hardware = HardwareConfig(micro_batch=micro, checkpoint_steps=0)
    return Training(role="forward", base="embedded", data=(), sft=SftConfig(**given), hardware=hardware, contrast=contrast)


class Caught(transformers.TrainerCallback):
    """The gradients of the step, before they are used."""

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self.gradients = {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


def stepped(
    tmp_path: Path, wanted: Training, kind: Any = ContrastTrainer, rows: list[Row] = ROWS
) -> tuple[Any, dict[str, Any]]:
    """(the trainer of a tiny model after one step, its gradients)."""
    base = family("qwen3").save(tmp_path / "base")
    model, tokenizer = load(wanted.model_copy(update={"base": f"transformers:{base}"}))
    caught = Caught()
    trainer = kind(
        wanted.contrast, model=model, args=trl_config(wanted, tmp_path, wanted.sft.batch or 8, 1), callbacks=[caught],
        train_dataset=dataset(wanted.sft, usable(wanted, rows, tokenizer)[0]), processing_class=tokenizer,
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return trainer, caught.gradients


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of two sets of gradients, as a share of the largest gradient."""
    largest = max(float(each.abs().max()) for each in one.values())
    return max(float((one[name] - other[name]).abs().max()) for name in one) / largest


class PerMicroBatch(ContrastTrainer):
    """The published code: each micro-batch is its own set of negatives."""

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        self.of_step = [inputs]
        return super().training_step(model, inputs, num_items_in_batch)


@pytest.mark.parametrize("packing", ["none", "batch"])
def test_micro_batches_have_the_gradients_of_the_whole_batch(tmp_path: Path, packing: str) -> None:
    """Accumulation does not enlarge the set of negatives by itself."""
    whole = stepped(tmp_path, training(contrast=ContrastConfig(), packing=packing))[1]
    cut = stepped(tmp_path, training(contrast=ContrastConfig(), micro=2, packing=packing))[1]
    assert apart(whole, cut) < 1e-5


def test_the_published_fault_is_seen(tmp_path: Path) -> None:
    """With micro-batches of 2 the published loss sees one other pair, however many are accumulated."""
    whole = stepped(tmp_path, training(contrast=ContrastConfig(), micro=4))[1]
    faulty = stepped(tmp_path, training(contrast=ContrastConfig(), micro=2), PerMicroBatch)[1]
    assert apart(whole, faulty) > 1e-2


def test_both_passes_drop_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of states that were computed under other draws of the dropout is a gradient of nothing."""
    seen: list[Any] = []

    def watched(*asked: Any) -> Any:
        states = pooled(*asked)
        seen.append(states.detach())
        return states

    monkeypatch.setattr(contrastive, "pooled", watched)
    wanted = training(contrast=ContrastConfig(), micro=4, dropout=0.5)
    stepped(tmp_path, wanted)
    monkeypatch.setattr(contrastive.Draws, "again", lambda _: nullcontext())
    stepped(tmp_path, wanted)
    assert [torch.equal(seen[i], seen[i + 2]) for i in (0, 1)] == [True, True]
    assert [torch.equal(seen[i], seen[i + 2]) for i in (4, 5)] == [False, False]


def test_the_contrastive_term_never_exceeds_the_generation_loss(tmp_path: Path) -> None:
    """At weight 1000 uncapped the model would learn to align and forget to write."""
    generation = stepped(tmp_path, training(contrast=ContrastConfig(weight=0)))[0].state.log_history[0]["loss"]
    capped = stepped(tmp_path, training(contrast=ContrastConfig()))[0].state.log_history[0]
    assert capped["loss"] == pytest.approx(2 * generation, rel=1e-4)
    little = stepped(tmp_path, training(contrast=ContrastConfig(weight=0.01)))[0].state.log_history[0]
    assert little["loss"] == pytest.approx(generation + 0.01 * little["contrastive_loss"], rel=1e-4)


def test_without_the_term_it_is_the_generation_loss_of_both_wordings(tmp_path: Path) -> None:
    """A control that is trained by another loss, on other data, or on the negatives' answers is no control."""

    class Plain(Trainer):
        def __init__(self, _: ContrastConfig, **rest: Any) -> None:
            super().__init__(**rest)

    control = stepped(tmp_path, training(contrast=ContrastConfig(weight=0)))[1]
    pairs = [{**each, "instruction": each[name]} for each in ROWS for name in ("instruction", "paraphrase")]
    plain = stepped(tmp_path, training(contrast=None, batch=16), Plain, pairs)[1]
    assert apart(control, {name: 2 * each for name, each in plain.items()}) < 1e-4


def test_the_loss_is_the_papers() -> None:
    """Own paraphrase against all others and all hard negatives, over rows and over columns, with cosines over tau."""
    states = torch.randn(3, 3, 5, generator=torch.Generator().manual_seed(1))
    groups = torch.tensor([[1, 4], [2, 5], [3, 6]])
    wanted = []
    for of, among in ((0, 1), (1, 0)):
        for i in range(3):
            others = [states[j, among] for j in range(3)] + [states[j, 2] for j in range(3)]
            near = torch.stack([torch.cosine_similarity(states[i, of], other, dim=0) for other in others]) / 0.05
            wanted.append(near.logsumexp(0) - near[i])
    assert contrastive_loss(states, groups, 0.05) == pytest.approx(float(sum(wanted) / len(wanted)), rel=1e-5)


def test_pairs_with_the_same_answer_are_no_negatives_of_each_other() -> None:
    """Two pairs of one text, or one pair twice in a batch, would be torn apart."""
    states = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
    twice = states[[0, 0, 1]]
    alone = contrastive_loss(states[[0, 1]], torch.tensor([[1, 8], [2, 9]]), 0.05)
    same = contrastive_loss(twice, torch.tensor([[1, 1], [1, 1], [2, 9]]), 0.05)
    blind = contrastive_loss(twice, torch.tensor([[1, 1], [3, 1], [2, 9]]), 0.05)
    assert torch.isfinite(same) and same < blind and torch.isfinite(alone)


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_packed_and_padded_states_pool_alike(pooling: str) -> None:
    """Padding that is pooled with the text, or the last token of the row in place of the example's own."""
    examples = [torch.randn(n, 4, generator=torch.Generator().manual_seed(n)) for n in (3, 5, 2)]
    padded = torch.nn.utils.rnn.pad_sequence(examples, batch_first=True, padding_value=99.0)
    packed = torch.cat(examples)[None]
    one, other = (pooled(each, [3, 5, 2], pooling) for each in (padded, packed))
    assert torch.equal(one, other) and one.shape == (3, 4)


def test_shuffling_parts_no_triple(embedded: Any) -> None:
    """The published data must not be shuffled: there each second row is the negative of the one before it."""
    wanted, tokenizer = training(contrast=ContrastConfig()), embedded.tokenizer
    made = [made for each in ROWS if (made := triple(each, wanted, tokenizer))]

    def collated(rows: list[Any]) -> set[tuple[str, ...]]:
        inner = lambda examples: {"ids": [each["input_ids"] for each in examples]}  # noqa: E731
        found = set()
        for start in range(0, len(rows), 2):
            ids = Triples(inner, contrasted=True)(rows[start : start + 2])["ids"]
            found |= {tuple(tokenizer.decode(ids[i + part]) for part in (0, 2, 4)) for i in range(2)}
        return found

    shuffled = random.Random(3).sample(made, len(made))
    assert shuffled != made and collated(shuffled) == collated(made) and len(collated(made)) == len(ROWS)
    assert all(f"clean a {thing}" in one + other and f"the {thing} with" in one
               for thing in THINGS for one, other, _ in collated(made) if f"the {thing} with" in one)  # fmt: skip


def test_both_wordings_learn_as_much_of_the_answer(embedded: Any) -> None:
    """The longer wording leaves less room: its state would stand for another answer than that of the shorter one."""
    long = {**ROWS[0], "paraphrase": "Please explain in many words " * 5 + "?", "response": "Rub it well. " * 20}
    made = triple(long, training(contrast=ContrastConfig(), max_tokens=80), embedded.tokenizer)
    assert made is not None
    one, other, far = (made["labels"][a:b] for a, b in _spans(made["lengths"]))
    learnt = [[label for label in labels if label >= 0] for labels in (one, other, far)]
    assert learnt[0] == learnt[1] and learnt[0] and not learnt[2] and max(made["lengths"]) <= 80


def _spans(lengths: list[int]) -> list[tuple[int, int]]:
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def test_rows_that_would_part_triples_are_refused() -> None:
    """Packed into rows, an instruction and its paraphrase may stand in different steps."""
    with pytest.raises(UsageFault, match="packing=rows"):
        training(contrast=ContrastConfig(), packing="rows")


def tuned(folder: Path, steps: int, launch: str = "") -> list[dict[str, float]]:
    """The log of a training here, or in two processes of its own."""
    wanted = training(contrast=ContrastConfig(), micro=2, steps=steps, lr=1e-3, lr_end=1e-4, clip=1.0)
    data = data_in(folder / "rows", ROWS, TRIPLE)
    hardware = wanted.hardware.model_copy(update={"launch": launch, "silence": 200.0})
    wanted = wanted.model_copy(update={"hardware": hardware, "data": data})
    if launch:
        train(wanted, folder, Progress(quiet=True))
    else:
        train_here(wanted, folder)
    log: list[dict[str, float]] = store.read_json(folder / "training.json")["log"]
    return log


@pytest.mark.slow
def test_four_steps_bring_paraphrases_together_and_other_answers_apart(tmp_path: Path) -> None:
    """A trainer whose contrastive gradient does not arrive would still learn to write: then the loss rises to 2.65."""
    log = tuned(tmp_path, 4)
    assert log[-1]["contrastive_loss"] < 0.9 * log[0]["contrastive_loss"]
    margins = [each["paraphrase_cosine"] - each["negative_cosine"] for each in log]
    assert margins[-1] > margins[0] + 0.02
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.slow
def test_two_devices_are_each_others_negatives(tmp_path: Path) -> None:
    """Each device would see its own half of the negatives, and the gradient of the other half would be lost."""
    one, two = tuned(tmp_path / "one", 3), tuned(tmp_path / "two", 3, "two_cpu")
    for name in ("contrastive_loss", "loss", "negative_cosine"):
        assert [each[name] for each in two] == pytest.approx([each[name] for each in one], rel=1e-3)
