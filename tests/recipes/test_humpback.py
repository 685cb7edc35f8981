"""What the recipe refuses before anything is done."""

from pathlib import Path
from typing import Any

import pytest
from rehearsed import Refuses, carried_out, demo

from humpback import recipes
from humpback.errors import UsageFault


def test_a_training_that_cannot_be_is_refused_before_the_corpus(tmp_path: Path) -> None:
    """Hours of pages and augmentation, and then the word that there is no second card."""
    with pytest.raises(UsageFault, match="GPUs"):
        carried_out("demo", tmp_path / "a", demo(hardware={"launch": "fsdp2"}), Refuses())
    assert not list((tmp_path / "a").glob("[0-9]*"))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"curate": {"rounds": 0}}, "nothing would be selected"),
        ({"backward_lm": "echo", "iterate": {"backward": "retrained"}}, "which is not trained"),
        ({"corpus": {"inputs": []}}, r"corpus\.inputs is empty"),
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
