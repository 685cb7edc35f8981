"""A stage is its own plan: what it depends on is read off what it is given."""

import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from humpback import prompts
from humpback.config import PACE, Config, Planned, digest
from humpback.schema import SEGMENT, Row
from humpback.stage import Chain, Drop, Empty, LMStage, Outcome, Stage, keep_or_drop


class Rule(Config):
    """A setting that changes rows, one that does not, and a prompt."""

    least: int = 3
    batch: Annotated[int, PACE] = 8
    prompt: str = ""

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(self.prompt) if self.prompt else {}


def longer(config: Rule, rows: Iterable[Row]) -> Iterator[Outcome]:
    return keep_or_drop(lambda row: ("short", len(row["text"])) if len(row["text"]) < config.least else None, rows)


LONGER = Stage("longer", SEGMENT, longer, Rule())


def test_the_plan_of_a_stage_is_its_name_its_version_and_its_settings() -> None:
    """34 of 41 stages said their values twice, once for the function and once for the plan, and two said other ones."""
    assert LONGER.plan == {"stage": "longer", "version": 1, "config": {"least": 3, "prompt": ""}}
    assert Stage("x", SEGMENT, longer).plan == {"stage": "x", "version": 1, "config": {}}


@pytest.mark.parametrize(
    "changed",
    [
        replace(LONGER, name="other"),
        replace(LONGER, version=2),
        replace(LONGER, config=Rule(least=4)),
        replace(LONGER, config=Rule(prompt="pair-v2")),
    ],
)
def test_what_changes_rows_changes_the_plan(changed: Stage) -> None:
    """Rows of another version, setting or prompt would be taken over as these."""
    assert digest(changed.plan) != digest(LONGER.plan)


def test_what_changes_pace_alone_does_not_change_the_plan() -> None:
    """A larger batch, or larger shards, must not throw a night's work away."""
    assert replace(LONGER, config=Rule(batch=1), shard_rows=7).plan == LONGER.plan


def test_the_plan_of_a_chain_has_each_of_its_steps() -> None:
    """A setting of the first step changes the rows of the last."""
    chain = Chain("chain", (LONGER, Stage("x", SEGMENT, longer, Rule(least=9))))
    assert [step["config"] for step in chain.plan["steps"]] == [
        {"least": 3, "prompt": ""},
        {"least": 9, "prompt": ""},
    ]
    assert chain.columns == SEGMENT


def test_the_model_is_no_setting_of_an_lm_stage() -> None:
    """The run names it in the plan, by its weights: the name alone would be that of another model tomorrow."""
    assert "lm" not in LMStage("ask", SEGMENT, longer, Rule(), lm="echo").plan


def test_settings_of_files_stand_by_content(tmp_path: Path) -> None:
    """A list of words that was edited under its old name makes other rows."""
    words = tmp_path / "words.txt"
    plans = []
    for text in ("a", "b", "a"):
        words.write_text(text)
        plans.append(Stage("x", SEGMENT, longer, Words(lists=(words,), own={"en": words}, more=words)).plan)
    assert plans[0] == plans[2] != plans[1]
    assert plans[0]["config"] == {"lists": ["a"], "own": {"en": "a"}, "more": "a"}


Text = Annotated[Path, Planned(Path.read_text)]


class Words(Config):
    """Files, in a tuple, a mapping, and where there may be none."""

    lists: tuple[Text, ...] = ()
    own: Mapping[str, Text] = Field(default_factory=dict)
    more: Text | None = None


def test_a_stage_goes_to_another_process_whole() -> None:
    """Functions of modules and settings can be sent; a closure could not, and would hide what the rows depend on."""
    again: Stage = pickle.loads(pickle.dumps(LONGER))
    assert again.plan == LONGER.plan
    assert list(again.function(again.config, [{"id": "a", "text": "long"}])) == [{"id": "a", "text": "long"}]


def test_keep_or_drop_keeps_rows_as_they_are_and_says_what_was_measured() -> None:
    """A rule must not change what it lets through."""
    rows = [{"id": "a", "text": "long"}, {"id": "b", "text": "s"}]
    assert list(longer(Rule(), rows)) == [rows[0], Drop(rows[1], "short", 1)]


def test_a_stage_without_settings_has_empty_ones() -> None:
    """Every function takes a config, so that there is one way to call it."""
    assert isinstance(Stage("x", SEGMENT, longer).config, Empty)
