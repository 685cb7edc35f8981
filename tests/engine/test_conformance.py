"""What every engine does, of whatever kind: the same rows from the same plans, errors in words, and no work begun twice."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.subprocesses import Subprocesses
from made import TestSettings, segment_row, segments_in

from humpback import store
from humpback.config import Config
from humpback.engine import Engine, Hands, Job, Needs
from humpback.engine.local import LocalEngine
from humpback.errors import HumpbackError, LMError
from humpback.lm import LM, Sampling
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SEGMENT, Row, row_id
from humpback.stage import Chain, Drop, LMStage, Outcome, Stage
from humpback.store import Dataset

ENGINES: dict[str, Callable[[], Engine]] = {
    "local": LocalEngine,
    "two workers": lambda: LocalEngine(2),
    "subprocesses": lambda: Subprocesses(2),
}
# Every shard starts a process, which takes seconds on a busy machine.
pytestmark = pytest.mark.timeout(300)
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in ENGINES if name != "local"]
ALL = ["local", *OTHERS]


@pytest.fixture(params=ALL)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with ENGINES[request.param]() as made:
        yield made


class Page(Config):
    """Which page ends its process."""

    hostile: str = ""


def odd(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        yield row if int(row["id"][1:]) % 2 else Drop(row, "even", 0.5)


def pages(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Three pages from each file, the second of them no page."""
    for row in rows:
        for i in range(3):
            page = {**row, "id": f"{row['id']}-{i}", "parent": row["id"]}
            yield Drop(page, "not_html") if i == 1 else page


def parsed(config: Page, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        if row["id"] == config.hostile:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row


def ask(config: Config, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    made = lm.generate([row["text"] for row in rows], Sampling(), range(len(rows)))
    for row, each in zip(rows, made, strict=True):
        yield {"id": row_id(row["id"], "pair"), "parent": row["id"], "instruction": each.text, "response": row["text"]}


def longest(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    most = max(row["n_chars"] for row in rows)
    for row in rows:
        yield row if row["n_chars"] == most else Drop(row, "shorter", most)


def numbers(config: Config) -> Iterator[Row]:
    yield from ({"id": f"m{i}", "metric": "number", "model": "M_0", "value": i / 3, "n": i} for i in range(4))


class Models(Config):
    """The models that are measured."""

    lms: tuple[str, ...]


def measured(config: Models, opened: Callable[[str], LM]) -> Iterator[Row]:
    for spec in config.lms:
        for i, each in enumerate(opened(spec).generate(["one", "two"], Sampling(), [1, 2])):
            yield {**segment_row(i), "id": f"{spec}-{i}", "text": each.text}


def report(config: Models, folder: Path, hands: Hands) -> None:
    written = [hands.open(spec).generate(["the answer"], Sampling(), [1])[0].text for spec in config.lms]
    (folder / "report.txt").write_text("\n".join(written))


def everything(folder: Path, engine: Engine) -> Run:
    """A run with one of every kind of work."""
    scripts = [folder.parent / name for name in ("first", "second")]
    for path in scripts:
        path.write_text(f"the {path.name} script\n")
    models = Models(lms=tuple(f"echo:{path}" for path in scripts))
    with Run(folder, "t", TestSettings(), engine=engine) as run:
        source = segments_in(run, 12, shard_rows=5)
        kept = run.map("odd", Stage("odd", SEGMENT, odd), source)
        run.map("longest", Stage("longest", SEGMENT, longest, scope="dataset", shard_rows=2), source)
        steps = (Stage("pages", SEGMENT, pages, reads="records"), Stage("parsed", SEGMENT, parsed, Page(hostile="s003-2")))
        run.map("pages", Chain("pages", steps), kept)
        run.map("ask", LMStage("ask", PAIR, ask, lm="echo", window_rows=4), kept)
        run.put("numbers", Stage("numbers", METRIC, numbers))
        run.put("measured", LMStage("measured", SEGMENT, measured, models))
        run.step("report", report, models)
    return run


def contents(run: Path) -> dict[str, Any]:
    """Rows, drops and counts of every dataset by the folder's name, and what its steps wrote."""
    made = {
        each.path.name: ([list(store.read_rows(shard)) for shard in each.shards], list(each.drops()), counts(each))
        for each in store.datasets(run)
    }
    return {**made, "report": (store.one(run, name="report").path / "report.txt").read_text()}


def counts(dataset: Dataset) -> list[tuple[str, int, int, int, float]]:
    return [(step.step, step.read, step.kept, step.rows, step.spent.get("calls", 0)) for step in dataset.steps]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_every_engine_makes_the_same_rows_of_every_kind_of_work(tmp_path: Path, name: str) -> None:
    """Rows must not depend on where they were made: shards, chains over pages, windows of a model, whole datasets,
    measurements and steps."""
    made = [contents(everything(tmp_path / each, ENGINES[each]()).folder) for each in ("local", name)]
    assert made[0] == made[1]
    assert made[0]["05-pages"][2] == [("pages", 18, 11, 11, 0), ("parsed", 11, 11, 11, 0)]
    assert {(drop["id"], drop["reason"]) for drop in made[0]["05-pages"][1]} >= {("s003-2", "too_costly")}
    assert [row["text"] for row in made[0]["08-measured"][0][0]] == ["the first script"] * 2 + ["the second script"] * 2
    assert made[0]["report"] == "the first script\nthe second script"


@pytest.mark.slow
def test_every_shard_of_every_kind_of_work_goes_through_the_engine(tmp_path: Path) -> None:
    """What a run does beside its engine is not done on a cluster."""
    engine = Subprocesses(2)
    everything(tmp_path / "run", engine)
    shards, chained, windows, whole, origins, steps = 3, 3, 2, 2, 3, 1
    assert engine.started == shards + chained + windows + whole + origins + steps


@pytest.mark.slow
def test_what_one_engine_began_another_goes_on_with(tmp_path: Path) -> None:
    """A run that was begun on a laptop is ended on a cluster, with the rows of either."""
    calm = contents(everything(tmp_path / "run", LocalEngine()).folder)
    for name in ("odd", "pages", "ask"):
        folder = store.one(tmp_path / "run", name=name).path
        (folder / "manifest.json").unlink()
        (folder / store.shard_name(1)).unlink()
    assert contents(everything(tmp_path / "run", Subprocesses(2)).folder) == calm


# Jobs by themselves.


def double(shard: int, hands: Hands) -> int:
    return shard * 2


def says(shard: int, hands: Hands) -> int:
    hands.heard(shard)
    return shard


def fails(shard: int, hands: Hands) -> int:
    if shard == 7:
        raise LMError("shard 7 failed", "try again", retryable=True)
    return shard


def dies(shard: int, hands: Hands) -> int:
    os._exit(3)


def ignored(_: int) -> None:
    pass


@pytest.mark.parametrize("needs", [Needs(), Needs(model=True), Needs(alone=True)])
def test_every_shard_gives_its_result(engine: Engine, needs: Needs) -> None:
    """A shard that is lost on the way is a shard that is never written."""
    assert sorted(engine.run(Job(double, range(5), needs), ignored)) == [0, 2, 4, 6, 8]
    assert list(engine.run(Job(double, [], needs), ignored)) == []


@pytest.mark.parametrize("needs", [Needs(), Needs(model=True), Needs(alone=True)])
def test_a_typed_error_keeps_its_fields_and_the_engine_goes_on(engine: Engine, needs: Needs) -> None:
    """An exception that loses its fields between processes reaches the user as noise."""
    with pytest.raises(LMError) as caught:
        list(engine.run(Job(fails, [7, 7], needs), ignored))
    assert (caught.value.fact, caught.value.hint, caught.value.retryable) == ("shard 7 failed", "try again", True)
    assert list(engine.run(Job(fails, [1], needs), ignored)) == [1]


def test_what_models_answered_is_heard(engine: Engine) -> None:
    """A window is in work for minutes, and its answers are all that moves."""
    told: list[int] = []
    assert list(engine.run(Job(says, [2, 3], Needs(model=True)), told.append)) == [2, 3]
    assert told == [2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_a_worker_that_dies_is_told_and_not_waited_for(name: str) -> None:
    """A worker that was killed for memory must not hang the run, and the next job has workers again."""
    with ENGINES[name]() as engine:
        with pytest.raises(HumpbackError, match="a worker process died"):
            list(engine.run(Job(dies, [1, 2]), ignored))
        assert sorted(engine.run(Job(double, [1, 2]), ignored)) == [2, 4]


def test_a_worker_that_dies_at_no_page_is_told(engine: Engine, tmp_path: Path) -> None:
    """What dies before its first page would be begun anew for ever."""
    with pytest.raises(HumpbackError, match=r"a worker process died \(3\) at page ''"):
        list(engine.run(Job(dies, [1], Needs(note=Note(tmp_path))), ignored))


class Note:
    """Where a shard's page is noted, as something that can be sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, shard: int) -> Path:
        return self.folder / f"{shard}.page"
