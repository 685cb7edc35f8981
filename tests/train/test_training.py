"""What a training is, is its plan: all that changes the model, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made import TestSettings, rows_in

from humpback import prompts, store
from humpback.config import planned
from humpback.curate import rubric
from humpback.curate.teach import TeachConfig
from humpback.engine import Hands
from humpback.errors import NothingKept, PlanMismatch, UsageFault
from humpback.prompts.backward import BackwardConfig
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.train.config import ContrastConfig, HardwareConfig, SftConfig
from humpback.train.sft import prepare
from humpback.train.training import DEV, PAIRS, SETTINGS, Data, Training

TAUGHT = TeachConfig(share=0.5)


def row(number: int) -> Row:
    split = (None, "train", "train", "dev", "test")[number % 5]
    return {"id": f"p{number}", "instruction": f"How do I oil chain {number}?", "response": f"Put {number} drops on it.",
            "source": "seed", "split": split}  # fmt: skip


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Run(tmp_path_factory.mktemp("run"), "test", TestSettings()) as run:
        return rows_in(run, map(row, range(50)), PAIR).path


def training(pairs: Path, role: str = "forward", **more: Any) -> Training:
    return Training.model_validate({"role": role, "base": "embedded", "data": [{"folder": pairs}], **more})


def ids(data: Data) -> set[str]:
    return {each["id"] for each in data.rows()}


# The plan.


CHANGES: list[dict[str, Any]] = [
    {"role": "backward"}, {"sft": SftConfig(optimizer="sgd")}, {"sft": SftConfig(precision="fp32")},
    {"sft": SftConfig(seed=1)}, {"tags": TagConfig(web="")}, {"contrast": ContrastConfig()}, {"teach": TAUGHT},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: next(iter(each)))
def test_what_changes_the_model_changes_the_plan(change: dict[str, Any], pairs: Path) -> None:
    """A plan that was written by hand beside the settings forgot the optimizer; what is derived forgets nothing."""
    assert planned(training(pairs, **change)) != planned(training(pairs))


@pytest.mark.parametrize("change", [
    {"hardware": HardwareConfig(micro_batch=1, launch="two_cpu", gradient_checkpointing=True, report_to="wandb")},
    {"teach": TeachConfig(share=0, rubric="rubric-axes-v1")}, {"backward": BackwardConfig(context="heading")},
])  # fmt: skip
def test_what_a_forward_model_does_not_depend_on_is_not_in_its_plan(change: dict[str, Any], pairs: Path) -> None:
    """A finished run whose hardware changed was refused, and a setting of the other role would train this one anew."""
    assert planned(training(pairs, **change)) == planned(training(pairs))


def test_a_backward_model_depends_on_what_it_is_shown_and_not_on_how_others_are_asked(pairs: Path) -> None:
    """Styles and languages are asked of models that are told what is wanted; a trained one has never seen them."""
    base = planned(training(pairs, "backward"))
    for same in ({"backward": BackwardConfig(styles=("keywords",), language="de", prompt="trained")}, {"teach": TAUGHT}):
        assert planned(training(pairs, "backward", **same)) == base
    for other in (BackwardConfig(context="heading"), BackwardConfig(max_text_tokens=9)):
        assert planned(training(pairs, "backward", backward=other)) != base


def test_another_optimizer_in_the_same_folder_is_another_model(tmp_path: Path, pairs: Path) -> None:
    """sgd after adamw returned the adamw model without training; a smaller micro-batch is still the same model."""

    def made(**more: Any) -> Path:
        with Run(tmp_path / "run", "test", TestSettings()) as run:
            return run.step("forward", fill, training(pairs, **more), kind="model")

    first = made()
    assert made(hardware=HardwareConfig(micro_batch=1)) == first
    with pytest.raises(PlanMismatch, match=r"sft\.optimizer = 'adamw_torch_fused', now it is 'sgd'"):
        made(sft=SftConfig(optimizer="sgd"))


def fill(_: Training, folder: Path, __: Hands) -> None:
    """Stands in for a training."""
    store.write_json(folder / "training.json", {})


@pytest.mark.parametrize("more", [{"role": "forward"}, {"role": "backward"}, {"role": "forward", "teach": TAUGHT}],
                         ids=["forward", "backward", "taught"])  # fmt: skip
def test_every_prompt_that_is_trained_on_is_planned_by_its_text(more: dict[str, Any], pairs: Path) -> None:
    """A prompt that is changed makes another model, whose plan must not be that of the old one."""
    data = pytest.importorskip("humpback.train.process.data")
    words = pytest.importorskip("train.families").tokenizer("chatml")
    wanted = training(pairs, **more)
    with prompts.noted() as named:
        plan = planned(wanted)
    with prompts.noted() as used:
        data.examples(wanted, [row(number) for number in range(8)], words)
    assert used and used <= named
    found = dict(texts(plan))
    assert all(found[name] == prompts.digests(name)[name] for name in used if not name.startswith("rubric"))


def texts(plan: Any) -> list[tuple[str, str]]:
    inner = plan.values() if isinstance(plan, Mapping) else plan if isinstance(plan, list) else ()
    own = [(name, each) for name, each in plan.items() if isinstance(each, str)] if isinstance(plan, Mapping) else []
    return own + [found for each in inner for found in texts(each)]


def test_a_rubric_of_ones_own_goes_by_its_text(tmp_path: Path, pairs: Path) -> None:
    """A file keeps its name when its words are changed."""
    own, plans = tmp_path / "own.txt", []
    for level in ("good", "very good"):
        own.write_text(f"How good is it?\n- bad\n- {level}\n")
        assert len(rubric.rubric(str(own))) == 1
        plans.append(planned(training(pairs, teach=TeachConfig(share=0.5, rubric=str(own)))))
    assert plans[0] != plans[1]


def test_a_base_goes_by_its_weights(tmp_path: Path, pairs: Path) -> None:
    """A base that was trained anew in its folder is another base."""
    plans = []
    for word in ("one", "other"):
        store.write_json(tmp_path / "config.json", {"word": word})
        plans.append(planned(training(pairs, base=f"transformers:{tmp_path}")))
    assert plans[0] != plans[1] and str(tmp_path) not in str(plans)


# The data.


def test_held_out_pairs_are_no_data(pairs: Path) -> None:
    """A test pair in the training data makes every figure worthless."""
    whole = Data(folder=pairs)
    assert {each["split"] for each in whole.rows()} == {None, "train"} and len(whole.rows()) == 30
    assert {each["split"] for each in Data(folder=pairs, size=20).rows()} == {None, "train"}


def test_dev_pairs_are_measured_on_and_not_learnt(tmp_path: Path, pairs: Path) -> None:
    """A model that is chosen by pairs that it learns is chosen by how well it knows them by heart; all are measured on."""
    wanted = training(pairs, data=[{"folder": pairs, "size": 5}], sft=SftConfig(dev_steps=2))
    prepare(wanted, tmp_path / "a")
    learnt, dev = (store.read_rows(tmp_path / "a" / name) for name in (PAIRS, DEV))
    assert {each["split"] for each in dev} == {"dev"} and (len(learnt), len(dev)) == (5, 10)
    assert not {each["id"] for each in learnt} & {each["id"] for each in dev}
    prepare(training(pairs), tmp_path / "b")
    assert not (tmp_path / "b" / DEV).exists()


def test_draws_nest_and_differ_by_seed(pairs: Path) -> None:
    """One draw for all seeds measures one draw; sizes that share nothing differ by more than their size."""
    draws = [ids(Data(folder=pairs, size=size, seed=seed)) for size, seed in ((5, 1), (10, 1), (10, 2))]
    assert draws[0] < draws[1] != draws[2] and [len(each) for each in draws] == [5, 10, 10]
    assert len(Data(folder=pairs, size=1000).rows()) == 30


def test_a_draw_keeps_the_order_of_the_dataset(pairs: Path) -> None:
    """Rows in the order of the draw would be a second shuffle, by another seed than that of the training."""
    drawn = [each["id"] for each in Data(folder=pairs, size=9).rows()]
    assert drawn == [each["id"] for each in Data(folder=pairs).rows() if each["id"] in drawn]


def test_other_data_is_another_plan(tmp_path: Path, pairs: Path) -> None:
    """A draw of another size, or a dataset made anew in the same place, would be taken for the model that is there."""
    with Run(tmp_path, "test", TestSettings()) as run:
        other = rows_in(run, map(row, range(20)), PAIR).path
    wanted = [Data(folder=pairs), Data(folder=other), Data(folder=pairs, size=5), Data(folder=pairs, size=5, seed=1)]
    plans = [planned(each) for each in wanted]
    assert all(plans.count(each) == 1 for each in plans) and str(pairs) not in str(plans)


# What the process is told.


def test_the_settings_are_read_as_they_were_written(tmp_path: Path, pairs: Path) -> None:
    """What is written for the training process must make the same training there."""
    for more in (
        {"role": "backward", "backward": BackwardConfig(context="heading")},
        {"teach": TAUGHT, "contrast": ContrastConfig()},
    ):
        wanted = training(pairs, **more)
        prepare(wanted, tmp_path)
        assert Training(**store.read_json(tmp_path / SETTINGS)) == wanted


def test_what_cannot_be_trained_is_refused(tmp_path: Path, pairs: Path) -> None:
    """A training that begins from another model than the one that is named, or from none, is found out at its end."""
    (tmp_path / "model").mkdir()
    (tmp_path / "adapter").mkdir()
    for base, words in (
        ("echo", "only models on this disk can"),
        (f"transformers:{tmp_path}/model?adapter={tmp_path}/adapter", "under an adapter"),
    ):
        with pytest.raises(UsageFault, match=words):
            prepare(training(pairs, base=base), tmp_path / "made")
    with pytest.raises(NothingKept, match="no pair to train the forward model on"):
        prepare(training(pairs, data=[{"folder": pairs, "size": 0}]), tmp_path / "made")
    with pytest.raises(UsageFault, match="packing=rows"):
        training(pairs, contrast=ContrastConfig(), sft=SftConfig(packing="rows"))
    with Run(tmp_path / "run", "test", TestSettings()) as run:
        learnt = rows_in(run, [row(number) for number in (0, 1, 2, 4)], PAIR).path
    with pytest.raises(UsageFault, match="dev_steps is 2, and there is no pair of the split dev to measure the forward"):
        prepare(training(pairs, sft=SftConfig(dev_steps=2), data=[{"folder": learnt}]), tmp_path / "made")
    with pytest.raises(UsageFault, match="dev_steps is 2, and no triple is held out"):
        training(pairs, sft=SftConfig(dev_steps=2), contrast=ContrastConfig())
    assert not (tmp_path / "made").exists()
