"""What the recipe refuses before anything is done."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, WorkLeft, carried_out, demo, named

from humpback import recipes
from humpback.config import build
from humpback.errors import UsageFault
from humpback.lm.embedded import EMBEDDED
from humpback.methods.prompting import CannotBePrompted
from humpback.train import bases


def test_a_training_that_cannot_be_is_refused_before_the_corpus(tmp_path: Path) -> None:
    """Hours of pages and augmentation, and then the word that there is no second card."""
    with pytest.raises(UsageFault, match="GPUs"):
        carried_out("demo", tmp_path / "a", demo(hardware={"launch": "fsdp2"}), Refuses())
    assert not list((tmp_path / "a").glob("[0-9]*"))


def test_a_model_that_can_be_no_base_is_refused_before_the_corpus(tmp_path: Path) -> None:
    """That it has no tokenizer was known after the pages had been read; a base that has no more than no template is none
    such, but cannot be told in words what to write."""
    folder = shutil.copytree(EMBEDDED, tmp_path / "base")
    (folder / "humpback.json").unlink()
    (folder / "chat_template.jinja").unlink()
    named = f"transformers:{folder}"
    with pytest.raises(WorkLeft):
        carried_out("demo", tmp_path / "a", demo(base=named), Refuses())
    with pytest.raises(UsageFault, match="told in words what to write, and has no chat template"):
        carried_out("demo", tmp_path / "b", demo(backward_lm=named), Refuses())
    wordless = folder.rename(tmp_path / "wordless")
    (wordless / "tokenizer.json").unlink()
    with pytest.raises(UsageFault, match="wordless has no tokenizer that can be read"):
        carried_out("demo", tmp_path / "c", demo(base=f"transformers:{wordless}"), Refuses())


def test_a_model_that_cannot_be_prompted_is_refused_before_the_corpus(tmp_path: Path) -> None:
    """Hours later the guards would have dropped all that it wrote."""
    script = tmp_path / "script.txt"
    script.write_text("Reply with what the user had written and with nothing else: no label, no comment.\n")
    with pytest.raises(CannotBePrompted, match=r"0 of 12 \(short\)"):
        carried_out("demo", tmp_path / "run", demo(backward_lm=f"echo:{script}"))
    assert [*named(tmp_path / "run")] == ["seed-pairs-files", "seed-pairs", "seed", "prompts"]


@pytest.mark.parametrize(("recipe", "more"), [("sweep", {"train": True, "pairs": "pool.jsonl", "lm": "echo"}), ("coin", {})])
def test_other_recipes_that_train_examine_the_base_too(
    recipe: str, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a start of its own, and the costly work before its training."""
    monkeypatch.setattr(bases, "check", lambda _: _raise("examined"))
    settings = build(recipes.load(recipe).Settings, [{"seed": {"path": "seed.jsonl"}, **more}])
    with pytest.raises(UsageFault, match="examined"):
        carried_out(recipe, tmp_path / "run", settings, Refuses())


def _raise(fact: str) -> None:
    raise UsageFault(fact)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"curate": {"rounds": 0}}, "nothing would be selected"),
        ({"backward_lm": "echo", "iterate": {"backward": "retrained"}}, "which is not trained"),
        ({"corpus": {"inputs": []}}, r"corpus\.inputs is empty"),
        ({"backward": {"context": "neighbours"}, "corpus": {"segment": {"around": 9}}}, "and none would be shown"),
        ({"backward": {"context": "neighbours"}, "backward_lm": "echo"}, r"corpus\.segment\.around 0"),
        (
            {
                "backward": {"context": "neighbours"},
                "backward_lm": "echo",
                "corpus": {"segment": {"around": 9, "unit": "paragraph"}},
            },
            "unit paragraph",
        ),
        ({"seed": {"path": ""}}, r"seed\.path is empty"),
    ],
)
def test_settings_that_contradict_each_other(tmp_path: Path, layer: dict[str, Any], words: str) -> None:
    """Hours later the run would fail, or do something else than was asked for."""
    with pytest.raises(UsageFault, match=words):
        carried_out("demo", tmp_path / "run", demo(**layer), Refuses())


def test_the_demo_is_the_recipe_on_other_material() -> None:
    """Two programs would drift apart."""
    ours, theirs = recipes.load("demo"), recipes.load("humpback")
    assert ours.recipe is theirs.recipe and issubclass(ours.Settings, theirs.Settings)
