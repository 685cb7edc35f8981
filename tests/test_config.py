"""Settings: layers, unknown names, values, and what makes two plans differ."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from humpback import config
from humpback.config import PACE, Config, Planned, build, differences, digest, from_assignment, merge, planned
from humpback.errors import UsageFault


class Curate(Config):
    """Settings within those of a recipe."""

    k: float = 4.5
    rounds: int = 2


class Corpus(Config):
    """Others of them."""

    inputs: tuple[str, ...] = ()
    sample: int = 0


class Recipe(Config):
    """The settings of a recipe."""

    curate: Curate = Curate()
    corpus: Corpus = Corpus()


class Demo(Recipe):
    """A recipe that has other defaults within."""

    corpus: Corpus = Corpus(inputs=("pages",))


def test_later_layers_win_leaf_by_leaf() -> None:
    """A layer that names one leaf must not reset its neighbours."""
    made = build(Recipe, [{"curate": {"k": 4.0, "rounds": 3}}, {"curate": {"k": 3.5}}])
    assert (made.curate.k, made.curate.rounds) == (3.5, 3)


def test_a_nested_default_of_the_demo_survives_a_partial_setting() -> None:
    """`--set corpus.sample=5` once emptied the demo's corpus.inputs: the nested class forgot the outer default."""
    made = build(Demo, [{"corpus": {"sample": 5}}])
    assert made.corpus.inputs and made.corpus.sample == 5


@pytest.mark.parametrize(
    ("name", "near"), [("curate.kk", "curate.k"), ("curate.round", "curate.rounds"), ("corpus.input", "corpus.inputs")]
)
def test_an_unknown_setting_names_the_nearest(name: str, near: str) -> None:
    """A setting that is silently ignored is a configuration that lies."""
    with pytest.raises(UsageFault) as caught:
        build(Recipe, [from_assignment(f"{name}=1")])
    assert name in caught.value.fact and near in caught.value.hint


def test_a_wrong_value_names_leaf_and_value() -> None:
    """The user must see which of his values was refused."""
    with pytest.raises(UsageFault) as caught:
        build(Recipe, [from_assignment("curate.k=high")])
    assert "curate.k" in caught.value.fact and "high" in caught.value.fact


def test_assignments_read_yaml_values() -> None:
    """Lists and numbers on the command line must not arrive as text."""
    assert from_assignment("a.b=[1, x]") == {"a": {"b": [1, "x"]}}


@pytest.mark.parametrize("text", ["a.b", "=3", "a=[1"])
def test_a_broken_assignment_says_how_it_is_typed(text: str) -> None:
    """A forgotten sign must not become a setting of None."""
    with pytest.raises(UsageFault):
        from_assignment(text)


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "just words"])
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, content: str) -> None:
    """A list, broken YAML or prose must not pass as empty settings."""
    path = tmp_path / "s.yaml"
    path.write_text(content)
    with pytest.raises(UsageFault):
        config.from_yaml(path)


def test_differences_name_the_leaf_and_both_values() -> None:
    """ "Plan mismatch" without the leaf sends the user hunting."""
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}) == [("a.c", 2, 3)]


@given(st.dictionaries(st.text(min_size=1, alphabet="abc"), st.integers() | st.lists(st.integers())))
def test_a_plan_does_not_differ_from_its_own_json(plan: dict) -> None:
    """Tuples and lists, or the order of keys, must not make a run refuse its own folder."""
    assert differences(plan, dict(reversed(plan.items()))) == []
    assert digest(plan) == digest(dict(reversed(plan.items())))


def test_merge_leaves_its_arguments_alone() -> None:
    """A shared default that a run changes would leak into the next."""
    low = {"a": {"b": 1}}
    merge(low, {"a": {"c": 2}})
    assert low == {"a": {"b": 1}}


# What stands in a plan.


def content(path: Path) -> str:
    return path.read_text()


File = Annotated[Path, Planned(content)]


class Inner(Config):
    """Settings inside of settings."""

    file: File | None = None
    batch: Annotated[int, PACE] = 1


class Outer(Config):
    """Every way in which a setting may stand."""

    k: float = 4.5
    one: File | None = None
    several: tuple[File, ...] = ()
    named: Mapping[str, File] = Field(default_factory=dict)
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    perhaps: Annotated[int, PACE] | None = None
    pace: Annotated[str, PACE] = "slow"
    folder: Path = Path("a/b")
    tags: tuple[str, ...] = ("x",)


def test_settings_stand_in_a_plan_by_value_or_by_content_and_pace_does_not(tmp_path: Path) -> None:
    """Whoever writes a plan by hand forgets one: 34 of 41 sites said their values twice, and two said other ones."""
    file = tmp_path / "file"
    file.write_text("text")
    config = Outer(
        one=file, several=(file, file), named={"a": file}, inner=Inner(file=file), inners=(Inner(file=file, batch=9),),
        perhaps=3,
    )  # fmt: skip
    assert planned(config) == {
        "k": 4.5, "one": "text", "several": ["text", "text"], "named": {"a": "text"}, "inner": {"file": "text"},
        "inners": [{"file": "text"}], "folder": "a/b", "tags": ["x"],
    }  # fmt: skip


def test_a_setting_that_names_nothing_has_no_content() -> None:
    """An empty name or none is a value: nobody must try to open it."""
    assert planned(Outer())["one"] is None and planned(Outer())["several"] == []


def test_what_rows_depend_on_beside_settings_is_in_the_plan_wherever_the_settings_stand() -> None:
    """A guard inside a method's settings reads the prompts that ship: they are in the method's plan."""

    class Guard(Config):
        words: int = 3

        def reads(self) -> Mapping[str, Any]:
            return {"prompt": "digest"}

    class Method(Config):
        guard: Guard = Guard()
        guards: tuple[Guard, ...] = (Guard(),)

    found = {"words": 3, "reads": {"prompt": "digest"}}
    assert planned(Method()) == {"guard": found, "guards": [found]}


def test_a_plan_is_json() -> None:
    """What is compared with a plan on disk must be of its kind: tuples and paths are not."""
    made = planned(Outer(inners=(Inner(),)))
    assert json.loads(json.dumps(made)) == made


def test_a_value_that_json_has_not_is_refused() -> None:
    """A set has no order: its digest would be another one in each process."""
    with pytest.raises(TypeError):
        digest(planned({"a": {1, 2}}))


def test_data_classes_in_settings_stand_by_their_fields() -> None:
    """A part of the settings that is no Config must not stand by where it lies in memory."""

    @dataclass(frozen=True)
    class Part:
        of: Path
        n: int = 1

    assert digest(planned(Part(Path("a")))) == digest({"of": "a", "n": 1})
