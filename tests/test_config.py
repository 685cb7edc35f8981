"""Settings: layers, unknown names, values, and what makes two plans differ."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback import config
from humpback.config import build, differences, digest, from_assignment, leaves, merge
from humpback.errors import UsageFault
from humpback.recipes import demo, humpback
from humpback.settings_text import as_yaml


def test_later_layers_win_leaf_by_leaf() -> None:
    """A layer that names one leaf must not reset its neighbours."""
    made = build(humpback.Settings, [{"curate": {"k": 4.0, "rounds": 3}}, {"curate": {"k": 3.5}}])
    assert (made.curate.k, made.curate.rounds) == (3.5, 3)


def test_a_nested_default_of_the_demo_survives_a_partial_setting() -> None:
    """`--set corpus.sample=5` once emptied the demo's corpus.inputs: the nested class forgot the outer default."""
    made = build(demo.Settings, [{"corpus": {"sample": 5}}])
    assert made.corpus.inputs and made.corpus.sample == 5


@pytest.mark.parametrize(
    ("name", "near"), [("curate.kk", "curate.k"), ("sft.learning_rate", "sft"), ("corpus.input", "corpus.inputs")]
)
def test_an_unknown_setting_names_the_nearest(name: str, near: str) -> None:
    """A setting that is silently ignored is a configuration that lies."""
    with pytest.raises(UsageFault) as caught:
        build(humpback.Settings, [from_assignment(f"{name}=1")])
    assert name in caught.value.fact and near in caught.value.hint


def test_a_wrong_value_names_leaf_and_value() -> None:
    """The user must see which of his values was refused."""
    with pytest.raises(UsageFault) as caught:
        build(humpback.Settings, [from_assignment("curate.k=high")])
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


@pytest.mark.parametrize("kind", [humpback.Settings, demo.Settings])
def test_the_shown_settings_are_yaml_that_gives_the_same_settings(kind: type, tmp_path: Path) -> None:
    """`humpback recipes show X > my.yaml` must be a working --config file."""
    path = tmp_path / "shown.yaml"
    path.write_text(as_yaml(kind))
    assert build(kind, [config.from_yaml(path)]) == kind()


def test_every_default_of_the_recipe_has_its_reason() -> None:
    """A number without a source is a number nobody can defend."""
    bare = [line for line in as_yaml(humpback.Settings).splitlines() if "#" not in line]
    assert len(bare) <= len(list(leaves(humpback.Settings().model_dump()))) * 0.25, bare
