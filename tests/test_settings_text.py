"""Settings as text that is read by people and by `--config`."""

from pathlib import Path
from typing import Annotated

import pytest
import yaml
from pydantic import Field

from humpback import recipes
from humpback.config import OFTEN, Config, Shown, build, from_yaml
from humpback.settings_text import as_yaml


class Inner(Config):
    """What lies deeper. And more about it, which is for those who read the code, or for
    nobody."""

    share: Annotated[float, OFTEN] = Field(0.5, description="how much (ours)")
    rare: int = 3


class Outer(Config):
    """Settings."""

    name: Annotated[str, OFTEN] = Field("a: b", description="a text with a colon # and more")
    inner: Inner = Inner(share=0.25)
    unused: Inner | None = None
    files: Annotated[tuple[str, ...], Shown(place="argument", help="What is read.")] = ()


def test_what_people_change_is_shown_with_its_reason() -> None:
    """A name and a number tell nobody whether to change it."""
    assert as_yaml(Outer(), {}).splitlines() == [
        'name: "a: b"  # a text with a colon # and more',
        "inner:  # What lies deeper",
        "  share: 0.25  # how much (ours)",
        "files: []  # What is read.",
    ]


def test_all_are_shown_on_demand() -> None:
    """The others can be set as well, and somebody has to be able to find them."""
    text = as_yaml(Outer(), {}, every=True)
    assert yaml.safe_load(text) == {
        "name": "a: b", "inner": {"share": 0.25, "rare": 3}, "unused": None, "files": [],
    }  # fmt: skip


def test_a_value_that_is_not_the_classs_own_says_whose_it_is() -> None:
    """The reason for the default is none for the value that stands in its place."""
    text = as_yaml(Outer(), {"inner.share": "preset small"})
    assert "  share: 0.25  # preset small; else 0.5: how much (ours)" in text.splitlines()


def test_a_recipe_that_marks_none_shows_all() -> None:
    """An empty page would look like a recipe without settings."""
    assert as_yaml(Inner(share=1.0).model_copy(), {}).startswith("share")

    class Bare(Config):
        """None of them is marked."""

        one: int = 1

    assert as_yaml(Bare(), {}) == "one: 1"


@pytest.mark.parametrize("name", recipes.names())
def test_what_is_shown_is_read_back(name: str, tmp_path: Path) -> None:
    """1e-05 is a text in YAML, and a mapping in a comment is none."""
    kind = recipes.load(name).Settings
    (tmp_path / "my.yaml").write_text(as_yaml(kind(), {}, every=True))
    assert build(kind, [from_yaml(tmp_path / "my.yaml")]) == build(kind, [])
