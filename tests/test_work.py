"""What jobs do to shards: windows, and the prompts that are rendered on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from made import TestSettings, segment_row, segments_in

from humpback import prompts
from humpback.config import Config
from humpback.engine import Hands
from humpback.engine.local import LocalEngine
from humpback.errors import HumpbackError
from humpback.lm import LM, Sampling
from humpback.run import Run
from humpback.schema import SEGMENT, Row
from humpback.stage import Chain, LMStage, Stage
from humpback.store import Dataset
from humpback.work import windows


def test_windows_hold_whole_shards() -> None:
    """A model that gets sixteen rows at a time idles; a window cut inside a shard would be another one after a kill."""
    assert windows([4, 4, 4, 9, 1, 1], 8) == [[0, 1], [2], [3], [4, 5]]
    assert windows([], 8) == []


class Names(Config):
    """The prompts that the plan names; the functions render `pair-v2`."""

    named: tuple[str, ...] = ()

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(*self.named)


def shown() -> str:
    return prompts.render("pair-v2", instruction="a", response="b")


def shard(config: Names, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield {**row, "text": shown()}


def whole(config: Names, rows: Iterable[Row]) -> Iterator[Row]:
    yield from [{**row, "text": shown()} for row in rows]


def window(config: Names, rows: list[Row], lm: LM) -> Iterator[Row]:
    for row, made in zip(rows, lm.generate([shown()] * len(rows), Sampling(), range(len(rows))), strict=True):
        yield {**row, "text": made.text}


def origin(config: Names) -> Iterator[Row]:
    yield {**segment_row(1), "text": shown()}


def measurement(config: Names, opened: Callable[[str], LM]) -> Iterator[Row]:
    yield {**segment_row(1), "text": opened("echo").generate([shown()], Sampling(), [1])[0].text}


def step(config: Names, folder: Path, hands: Hands) -> None:
    (folder / "shown").write_text(shown())


Work = Callable[[Run, Names], Dataset | Path]
WORKS: dict[str, Work] = {
    "shard": lambda run, config: run.map("x", Stage("x", SEGMENT, shard, config), segments_in(run, 4, shard_rows=2)),
    "chain": lambda run, config: run.map("x", Chain("x", (Stage("x", SEGMENT, shard, config),)), segments_in(run, 4)),
    "dataset": lambda run, config: run.map("x", Stage("x", SEGMENT, whole, config, scope="dataset"), segments_in(run, 4)),
    "window": lambda run, config: run.map("x", LMStage("x", SEGMENT, window, config, lm="echo"), segments_in(run, 4)),
    "origin": lambda run, config: run.put("x", Stage("x", SEGMENT, origin, config)),
    "measurement": lambda run, config: run.put("x", LMStage("x", SEGMENT, measurement, config)),
    "step": lambda run, config: run.step("x", step, config),
}


@pytest.mark.parametrize("work", WORKS)
def test_a_prompt_that_the_plan_does_not_name_is_refused(run: Run, work: str) -> None:
    """Guards compared with every prompt that ships and named none: a new prompt changed what is dropped, and --reuse took
    the old rows for the new."""
    with pytest.raises(HumpbackError, match=r"'x' rendered 'pair-v2', which its plan does not name") as caught:
        WORKS[work](run, Names(named=("forward-v1",)))
    assert "Config.reads" in caught.value.hint
    # What was refused is not finished.
    assert not run.find(name="x")


@pytest.mark.parametrize("work", WORKS)
def test_a_prompt_that_the_plan_names_is_in_it_by_its_text(run: Run, work: str) -> None:
    """The digest stands in the plan, so that a prompt that was edited is another plan."""
    WORKS[work](run, Names(named=("pair-v2",)))
    plan = run.find(name="x")[0].plan
    config = plan["steps"][0]["config"] if "steps" in plan else plan["config"]
    assert config["reads"] == prompts.digests("pair-v2")


@pytest.mark.slow
def test_prompts_are_watched_in_workers_too(tmp_path: Path) -> None:
    """The pool is another process: what is noted here says nothing of what is rendered there."""
    with Run(tmp_path, "t", TestSettings(), engine=LocalEngine(2)) as run, pytest.raises(HumpbackError, match="'pair-v2'"):
        WORKS["shard"](run, Names())


def test_plans_are_made_where_prompts_are_not_watched(run: Run) -> None:
    """What one stage's plan names must not count for the next."""
    WORKS["origin"](run, Names(named=("pair-v2",)))
    with pytest.raises(HumpbackError, match="'pair-v2'"):
        WORKS["measurement"](run, Names())


def twice(config: Config, rows: Iterable[Row]) -> Iterator[Row]:
    most = max(len(row["text"]) for row in rows)
    yield from ({**row, "n_chars": most} for row in rows)


def test_a_stage_of_a_whole_dataset_may_go_through_it_twice(run: Run) -> None:
    """To find a threshold and then to apply it; it has read each row once."""
    made = run.map("x", Stage("x", SEGMENT, twice, scope="dataset", shard_rows=3), segments_in(run, 11))
    assert (made.totals.read, made.totals.kept, made.totals.rows, len(made.shards)) == (11, 11, 11, 4)
    assert len({row["n_chars"] for row in made.rows()}) == 1


def test_answers_that_came_are_told_as_they_come(tmp_path: Path) -> None:
    """A measurement that asks a slow server for an hour must not look like one that stands still."""
    told: list[int] = []

    class Listening(LocalEngine):
        def run(self, job: Any, heard: Callable[[int], None]) -> Iterator[Any]:
            return super().run(job, lambda count: (told.append(count), heard(count))[1])

    with Run(tmp_path, "t", TestSettings(), engine=Listening()) as run:
        WORKS["measurement"](run, Names(named=("pair-v2",)))
        WORKS["window"](run, Names(named=("pair-v2",)))
    assert sum(told) == 1 + 4
