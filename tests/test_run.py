"""Runs: idempotent, independent of workers, refused when changed, and the same after a kill -9."""

import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from made import TestSettings, rows_in, segment_row, segments_in
from scripted import Fragile, Opens

from humpback import store
from humpback.config import PACE, Config
from humpback.engine import Hands
from humpback.engine.local import LocalEngine
from humpback.errors import HumpbackError, NothingKept, PlanMismatch, UsageFault
from humpback.ledger import ConservationError
from humpback.lm import LM, Sampling
from humpback.lm.spec import ModelName
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, Row, row_id
from humpback.stage import Chain, Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder, read_rows


class Modulus(Config):
    """Which rows are kept, and at what pace."""

    by: int = 2
    hurry: Annotated[int, PACE] = 0


def even(config: Modulus, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        yield row if int(row["id"][1:]) % config.by == 0 else Drop(row, "odd", row["id"])


def ask(config: Config, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    for row in rows:
        made = lm.generate([row["text"]], Sampling(), [1])[0]
        yield {"id": row_id(row["id"], "pair"), "parent": row["id"], "instruction": made.text, "response": row["text"]}


EVEN = Stage("even", SEGMENT, even, Modulus())
ASK = LMStage("ask", PAIR, ask, lm="echo", window_rows=8)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("part-*.parquet")}


def test_a_finished_map_is_not_done_again(tmp_path: Path) -> None:
    """Resuming by typing the same command is the whole of the resume machinery."""
    stamps = set()
    for _ in range(3):
        with Run(tmp_path, "t", TestSettings()) as run:
            made = run.map("even", EVEN, segments_in(run, 20))
            stamps.add((made.path / "manifest.json").stat().st_mtime_ns)
    assert len(stamps) == 1


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    """datatrove resumes by rank, so another number of tasks gives another data set."""
    rows = []
    for workers in (1, 2):
        with Run(tmp_path / str(workers), "t", TestSettings(), engine=LocalEngine(workers)) as run:
            rows.append(list(run.map("even", EVEN, segments_in(run, 30, shard_rows=4)).rows()))
    assert rows[0] == rows[1] != []


def twice(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        for i in range(2):
            yield {**row, "id": row_id(row["id"], "twice", i), "parent": row["id"]}


def all_but_one(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    return iter(list(rows)[1:])


CHAIN = Chain("chain", (EVEN, Stage("twice", SEGMENT, twice)))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_chain_counts_each_step_and_writes_what_the_last_one_made(tmp_path: Path, workers: int) -> None:
    """Steps that run as one must not become one line in the funnel: nobody could tell where the rows went."""
    with Run(tmp_path, "t", TestSettings(), engine=LocalEngine(workers)) as run:
        made = run.map("chain", CHAIN, segments_in(run, 10, shard_rows=4))
    counts = [(step.step, step.read, step.kept, step.rows) for step in made.steps]
    assert counts == [("even", 10, 5, 5), ("twice", 5, 5, 10)]
    assert len(made) == 10 and {(d["step"], d["reason"]) for d in made.drops()} == {("even", "odd")}
    assert [len(read_rows(shard)) for shard in made.shards] == [4, 4, 2]
    assert not list(tmp_path.glob("*-chain/.*"))


def test_a_chain_that_loses_a_row_is_refused(run: Run) -> None:
    """A step within a chain answers for each row as a stage does."""
    lossy = Chain("lossy", (EVEN, Stage("lossy", SEGMENT, all_but_one)))
    with pytest.raises(ConservationError, match="'lossy' read 4 rows and lost 1"):
        run.map("lossy", lossy, segments_in(run, 10))


def test_another_step_is_another_dataset(tmp_path: Path) -> None:
    """The settings of every step are part of the plan."""
    with Run(tmp_path, "t", TestSettings()) as run:
        run.map("chain", CHAIN, segments_in(run, 10))
    changed = Chain("chain", (EVEN, Stage("twice", SEGMENT, twice, Modulus(by=3))))
    with Run(tmp_path, "t", TestSettings()) as run, pytest.raises(PlanMismatch, match="by"):
        run.map("chain", changed, segments_in(run, 10))


# What a run is made with.


class Paced(Config):
    """Settings of a run: one that changes rows, one that names a model, one that changes pace alone."""

    k: float = 4.5
    lm: ModelName = "echo"
    micro_batch: Annotated[int | None, PACE] = None


def test_changed_settings_are_refused_naming_the_leaf(tmp_path: Path) -> None:
    """A run that goes on under other settings mixes two experiments."""
    with Run(tmp_path, "t", TestSettings()) as run:
        segments_in(run, 3)
    with pytest.raises(PlanMismatch, match=r"k = 4.5, now it is 4.0"):
        Run(tmp_path, "t", TestSettings(k=4.0))
    with pytest.raises(PlanMismatch, match=r"recipe = 't', now it is 'u'"):
        Run(tmp_path, "u", TestSettings())
    # Who was refused does not hold the folder.
    with Run(tmp_path, "t", TestSettings()):
        pass


def test_settings_may_change_before_anything_was_made(tmp_path: Path) -> None:
    """A first try that failed on a wrong path must not block its folder."""
    with Run(tmp_path, "t", TestSettings()):
        pass
    with Run(tmp_path, "t", TestSettings(k=4.0)):
        pass


def test_the_pace_of_a_finished_run_can_be_changed(tmp_path: Path) -> None:
    """docs/training.md promised that micro-batch and launch may change on a finished run, and the report step refused it."""
    stamps = set()
    for config in (Paced(), Paced(micro_batch=4)):
        with Run(tmp_path, "t", config) as run:
            made = run.map("even", EVEN, segments_in(run, 9), kind="segments")
            step = run.step("report", note, config, kind="report")
            stamps.add(((made.path / "manifest.json").stat().st_mtime_ns, (step / "manifest.json").stat().st_mtime_ns))
    assert len(stamps) == 1
    assert store.read_json(tmp_path / "run.json")["config"]["micro_batch"] == 4


def note(config: Config, folder: Path, hands: Hands) -> None:
    (folder / "note").write_text(str(config))


def test_another_pace_or_price_of_a_model_is_the_same_run(tmp_path: Path) -> None:
    """A budget that was reached is raised and the same command typed again: refusing that loses what was paid for."""
    with Run(tmp_path, "t", Paced(lm="openai:m@http://a:8000/v1?max_cost=1&concurrency=2")) as run:
        segments_in(run, 3)
    with Run(tmp_path, "t", Paced(lm="openai:m@http://a:9000/v1?max_cost=5")):
        pass
    with pytest.raises(PlanMismatch, match=r"lm = .*:m@.*, now it is .*:other@"):
        Run(tmp_path, "t", Paced(lm="openai:other@http://a:9000/v1"))


def test_a_setting_that_names_the_same_path_with_other_content_is_told(tmp_path: Path) -> None:
    """Both values are the same path: what differs is what it names, and the error must not tell 'a, now it is a'."""
    seed = tmp_path / "seed"
    for rows, refused in (([segment_row(1)], False), ([segment_row(2)], True)):
        with Run(seed, "t", TestSettings(name=str(refused))) as run:
            made = rows_in(run, rows, SEGMENT)
        if refused:
            with pytest.raises(PlanMismatch, match=r"was made with another source: '\w+', not '\w+'"):
                Run(tmp_path / "run", "t", Folder(source=made.path))
        else:
            with Run(tmp_path / "run", "t", Folder(source=made.path)) as run:
                segments_in(run, 3)
            shutil.rmtree(seed)


class Folder(Config):
    """Settings that name a dataset."""

    source: DatasetFolder


def test_a_run_of_an_older_humpback_is_refused_in_words(tmp_path: Path) -> None:
    """A folder without plans in its settings must not look like one whose every setting has changed."""
    (tmp_path / "01-seed").mkdir()
    store.write_json(tmp_path / "01-seed" / "plan.json", {})
    store.write_json(tmp_path / "run.json", {"recipe": "t", "config": {"k": 4.5}})
    with pytest.raises(PlanMismatch, match="older humpback"):
        Run(tmp_path, "t", TestSettings())


# Taking over from another run.


def test_an_unchanged_stage_is_taken_over_from_another_run(tmp_path: Path) -> None:
    """A new threshold must cost no model call: what has the same plan is reused, what has not is made."""
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        first = run.map("ask", ASK, segments_in(run, 9))
    lm = Fragile()
    with Run(tmp_path / "b", "t", TestSettings(k=4.0), reuse=tmp_path / "a", engine=Opens(echo=lm)) as run:
        second = run.map("ask", ASK, segments_in(run, 9))
    assert contents(first.path) == contents(second.path) and not lm.history
    assert (second.path / "part-00000.parquet").stat().st_ino == (first.path / "part-00000.parquet").stat().st_ino


def test_what_is_taken_over_keeps_its_identity_and_has_its_own_place(tmp_path: Path) -> None:
    """In the other run it may have been the third; found by place, it would stand before what it was made of."""
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        rows_in(run, [segment_row(7)], SEGMENT, "other", kind="documents")
        source = segments_in(run, 4)
        run.map("even", EVEN, source, kind="scored", round=1)
    with Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path / "a") as run:
        source = segments_in(run, 4)
        run.map("even", EVEN, source, kind="scored", round=1)
        run.map("even", Stage("even", SEGMENT, even, Modulus(by=3)), source, kind="scored", round=2)
        found = [(each.place, each.about) for each in run.find(kind="scored")]
    assert found == [
        (3, {"name": "even", "kind": "scored", "round": 1}),
        (4, {"name": "even", "kind": "scored", "round": 2}),
    ]
    # The folder that it was taken from is as it was.
    assert [each.place for each in store.find(tmp_path / "a", kind="scored")] == [4]


def test_what_another_identity_has_is_not_taken_over(tmp_path: Path) -> None:
    """The same function over the same rows for another round is another dataset: taken over, round 2 is not found."""
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        run.map("even", EVEN, segments_in(run, 4), round=1)
    with Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path / "a") as run:
        run.map("even", EVEN, segments_in(run, 4), round=2)
        assert [each.about["round"] for each in run.find(name="even")] == [2]


def test_reuse_of_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """A mistyped --reuse must not silently reuse nothing."""
    with pytest.raises(UsageFault, match="not the folder of a run"):
        Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path)


def test_inputs_are_known_by_what_they_are_and_not_by_their_folder(tmp_path: Path) -> None:
    """The number in a folder's name moves when a step is added before it: that changes no row."""
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        source = segments_in(run, 4)
        made = run.map("even", EVEN, source)
        assert made.plan["inputs"] == [source.fingerprint]
    with Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path / "a") as run:
        rows_in(run, [segment_row(1)], SEGMENT, "added")
        again = run.map("even", EVEN, segments_in(run, 4))
    assert again.fingerprint == made.fingerprint and again.path.name != made.path.name
    assert (again.shards[0].stat().st_ino, len(again)) == (made.shards[0].stat().st_ino, 2)


# Finding.


def test_datasets_are_found_by_what_they_are_in_order(run: Run) -> None:
    """Some fifteen places took folder names to pieces for this."""
    source = segments_in(run, 6)
    for number in (2, 1):
        stage = Stage("scores", SEGMENT, even, Modulus(by=number))
        run.map(f"r{number}", stage, source, kind="scored", round=number, model=f"M_{number}")
    assert [each.about["round"] for each in run.find(kind="scored")] == [2, 1]
    assert run.one(kind="scored").about["model"] == "M_1"
    assert run.one(kind="scored", round=2).about["model"] == "M_2"
    assert run.find(kind="scored", round=3) == []
    with pytest.raises(UsageFault, match="nothing finished of kind scored, round 3"):
        run.one(kind="scored", round=3)


def test_a_run_that_goes_on_finds_what_it_found_the_first_time(tmp_path: Path) -> None:
    """`one` gives the last: on a finished run the last of all rounds, and round 1 would then be made of round 2's."""
    found = []
    for _ in range(2):
        with Run(tmp_path, "t", TestSettings()) as run:
            run.map("r1", EVEN, segments_in(run, 6), kind="scored", round=1)
            found.append(run.one(kind="scored").about["round"])
            run.map("r2", EVEN, run.one(kind="scored"), kind="scored", round=2)
    assert found == [1, 1]


def test_a_folder_that_a_person_renamed_is_found_and_not_made_again(tmp_path: Path) -> None:
    """Names are for people: whoever gives a folder a better one has not thrown it away."""
    with Run(tmp_path, "t", TestSettings()) as run:
        made = run.map("even", EVEN, segments_in(run, 6), kind="scored")
    made.path.rename(tmp_path / "my even rows")
    with Run(tmp_path, "t", TestSettings()) as run:
        again = run.map("even", EVEN, segments_in(run, 6), kind="scored")
        assert run.one(kind="scored").path == again.path == tmp_path / "my even rows"
    assert len(store.find(tmp_path, kind="scored")) == 1


# When something goes wrong.


def test_dropping_everything_names_the_rule(run: Run) -> None:
    """An empty result far down the pipeline hides which rule was too strict."""
    with pytest.raises(NothingKept) as caught:
        run.map("none", Stage("none", SEGMENT, drop_all), segments_in(run, 5))
    assert "all 5 rows" in caught.value.fact and "5 by 'too_short'" in caught.value.fact


def drop_all(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    return (Drop(row, "too_short") for row in rows)


def test_two_processes_cannot_work_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training child that outlived its killed parent would write into the next try's folder."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Run(tmp_path, "t", TestSettings()), pytest.raises(HumpbackError, match="another humpback process"):
        Run(tmp_path, "t", TestSettings())


def fail(config: Config, folder: Path, hands: Hands) -> None:
    (folder / "half").write_text("x")
    raise RuntimeError("out of memory")


def test_a_step_appears_only_when_it_returns(run: Run) -> None:
    """A training that failed must not leave a folder that looks like a model."""
    with pytest.raises(RuntimeError):
        run.step("train", fail, TestSettings(), kind="model")
    assert not store.find(run.folder, kind="model") and not (run.folder / "01-train").exists()


def leave(config: TestSettings, folder: Path, hands: Hands) -> None:
    """Goes on with what it finds; the first time it is interrupted."""
    found = folder / "half"
    if not found.exists():
        found.write_text(config.name)
        raise KeyboardInterrupt
    (folder / "model").write_text(f"{found.read_text()} of {config.k}")


def test_a_step_that_was_killed_goes_on_with_what_it_left_under_the_same_plan_alone(tmp_path: Path) -> None:
    """Half a training is worth hours; half of another training is worth nothing, and would be taken for this one's."""
    with Run(tmp_path, "t", TestSettings()) as run, pytest.raises(KeyboardInterrupt):
        run.step("train", leave, TestSettings(name="a"))
    with Run(tmp_path, "t", TestSettings()) as run, pytest.raises(KeyboardInterrupt):
        run.step("train", leave, TestSettings(name="b"))
    with Run(tmp_path, "t", TestSettings()) as run:
        assert (run.step("train", leave, TestSettings(name="b")) / "model").read_text() == "b of 4.5"


def test_what_was_left_of_a_take_over_is_not_gone_on_with(tmp_path: Path) -> None:
    """Hard links into another run's folder are not this run's to write on; a kill while they are made must not hand them
    to the step as its own beginnings."""
    with Run(tmp_path / "a", "t", TestSettings()) as run, pytest.raises(KeyboardInterrupt):
        run.step("train", leave, TestSettings())
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        made = run.step("train", leave, TestSettings())
    killed: list[Path] = []

    def kill(source: str, *_: Any) -> None:
        killed.append(Path(source))
        raise KeyboardInterrupt

    with Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path / "a") as run:
        patch = pytest.MonkeyPatch()
        patch.setattr("os.link", kill)
        with patch.context(), pytest.raises(KeyboardInterrupt):
            run.step("train", leave, TestSettings())
        patch.undo()
    assert killed and killed[0].parent == made
    with Run(tmp_path / "b", "t", TestSettings()) as run, pytest.raises(KeyboardInterrupt):
        run.step("train", leave, TestSettings())


def test_what_is_in_work_is_not_found(tmp_path: Path) -> None:
    """Between manifest and rename a killed folder looks finished, and the one made again beside it would be found twice."""
    with Run(tmp_path, "t", TestSettings()) as run:
        made = rows_in(run, [segment_row(1)], SEGMENT, kind="seed")
    made.path.rename(made.path.with_name("01-rows.partial"))
    assert store.find(tmp_path, kind="seed") == []
    with Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path) as run:
        assert rows_in(run, [segment_row(1)], SEGMENT, kind="seed").shards[0].stat().st_nlink == 1
    with Run(tmp_path, "t", TestSettings()) as run:
        assert len(rows_in(run, [segment_row(1)], SEGMENT, kind="seed")) == 1
        assert len(run.find(kind="seed")) == 1


def test_an_interrupted_lm_stage_asks_only_for_what_is_left(tmp_path: Path) -> None:
    """Model calls are the dear part: an answer must never be paid twice, and what it took is counted once."""
    lm = Fragile(breaks_after=6)
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=lm)) as run, pytest.raises(KeyboardInterrupt):
        run.map("ask", ASK, segments_in(run, 12, shard_rows=5))
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=lm)) as run:
        source = segments_in(run, 12, shard_rows=5)
        made = run.map("ask", ASK, source)
    assert sorted(lm.history) == sorted(row["text"] for row in source.rows())
    assert len(made) == 12 and not list(made.path.glob(".window*"))
    assert made.totals.spent["calls"] == 12


def test_each_shard_gets_the_outcomes_of_its_own_rows(run: Run) -> None:
    """Shards that are asked together must be written apart: a dataset's third shard depends on its input's third."""
    source = segments_in(run, 12, shard_rows=4)
    made = run.map("ask", LMStage("ask", PAIR, backwards, lm="echo"), source)
    parents = [[row["parent"] for row in read_rows(shard)] for shard in made.shards]
    assert [sorted(each) for each in parents] == [[row["id"] for row in read_rows(s)] for s in source.shards]


def backwards(config: Config, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    yield from list(ask(config, rows, lm))[::-1]


def test_an_answer_for_a_row_that_nobody_asked_about_is_refused(run: Run) -> None:
    """A stage that mixes its rows up must not pass for one that works."""
    with pytest.raises(ConservationError, match="invented"):
        run.map("ask", LMStage("ask", PAIR, inventing, lm="echo"), segments_in(run, 4))


def inventing(config: Config, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    yield from ask(config, rows, lm)
    yield {"id": "x", "parent": "nobody", "instruction": "a", "response": "b"}


# Measurements, and other origins of rows.


class Cases(Config):
    """What is asked, of which models."""

    prompts: tuple[str, ...] = ("a b", "c", "d")
    lms: tuple[str, ...] = ("echo",)
    temperature: float = 0.0


def measured(config: Cases, opened: Callable[[str], LM]) -> Iterator[Row]:
    for spec in config.lms:
        made = opened(spec).generate(config.prompts, Sampling(temperature=config.temperature), range(len(config.prompts)))
        for i, each in enumerate(made):
            yield {**segment_row(i), "id": f"{spec}-{i}", "text": each.text}


def measure(run: Run, config: Cases) -> Dataset:
    return run.put("measured", LMStage("measured", SEGMENT, measured, config), kind="metrics")


def test_a_measurement_that_was_interrupted_asks_only_for_what_is_left(tmp_path: Path) -> None:
    """Competence is asked of a model that may cost money too; what it took is in the totals."""
    lm = Fragile(breaks_after=2)
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=lm)) as run, pytest.raises(KeyboardInterrupt):
        measure(run, Cases())
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=lm)) as run:
        made = measure(run, Cases())
    assert sorted(lm.history) == ["a b", "c", "d"] and len(made) == 3
    assert made.totals.spent["calls"] == 3 and not list(tmp_path.rglob(".answers*"))


def test_a_journal_of_a_measurement_belongs_to_its_plan(tmp_path: Path) -> None:
    """The journal lay beside the folder under its name alone, and outlived model and settings: a measurement that was
    killed half way, and gone on with after a change, told 4.86 where 5.93 was true."""
    old, new = Fragile(breaks_after=2, script=["the old model"]), Fragile(script=["the new model"])
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=old)) as run, pytest.raises(KeyboardInterrupt):
        measure(run, Cases())
    # The same prompts under another plan: all that it asks is to be asked.
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=new)) as run:
        made = measure(run, Cases(prompts=("a b", "c", "d", "e")))
    assert [row["text"] for row in made.rows()] == ["the new model"] * 4
    assert new.history == ["a b", "c", "d", "e"]


def test_each_model_of_a_measurement_has_its_own_answers(run: Run, tmp_path: Path) -> None:
    """Journals are read by what was asked: in one that two models share, the second is given the first one's answers."""
    specs = []
    for name in ("first", "second"):
        (tmp_path / name).write_text(f"the answer of the {name}\n")
        specs.append(f"echo:{tmp_path / name}")
    made = measure(run, Cases(lms=tuple(specs)))
    assert {row["text"] for row in made.rows()} == {"the answer of the first", "the answer of the second"}


def test_a_measurement_that_failed_leaves_its_model_without_a_journal(tmp_path: Path) -> None:
    """Whoever asks the model next would write into, and read from, the journal of what failed."""
    lm = Fragile(breaks_after=2)
    with Run(tmp_path, "t", TestSettings(), engine=Opens(echo=lm)) as run:
        with pytest.raises(KeyboardInterrupt):
            measure(run, Cases())
        left = [path.read_bytes() for path in tmp_path.rglob(".answers*")]
        lm.generate(["something else"], Sampling(), [1])
        assert [path.read_bytes() for path in tmp_path.rglob(".answers*")] == left != []


def test_time_is_measured(run: Run) -> None:
    """The funnel's rates come from the manifests."""
    before = time.time()
    made = segments_in(run, 3)
    assert 0 <= made.manifest["wall_seconds"] <= time.time() - before + 1


# kill -9.

WORK = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from made import TestSettings, segments_in
from test_run import ASK, CHAIN, EVEN, Cases, measure, note
from humpback.run import Run

def killed(event, _):
    # A folder or file takes its final name: all that a run remembers.
    global left
    if event == "os.rename" and os.getpid() == child:
        left -= 1
        if left == 0:
            os.kill(child, signal.SIGKILL)

def work(folder):
    with Run(folder, "t", TestSettings()) as run:
        kept = run.map("even", EVEN, segments_in(run, 20, shard_rows=8))
        run.map("ask", ASK, kept)
        run.map("chain", CHAIN, kept)
        measure(run, Cases())
        run.step("note", note, TestSettings())

sys.addaudithook(killed)
left, child = 0, 0
for kill in range(1000):
    pid = os.fork()
    if not pid:
        left, child = kill, os.getpid()
        work(sys.argv[1] + ("/killed" if kill else "/calm"))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if kill and not status:
        break
    assert not status or os.WIFSIGNALED(status), status
print(kill)
"""


@pytest.mark.slow
def test_a_run_that_was_killed_ends_in_the_same_rows(tmp_path: Path) -> None:
    """kill -9 before the first file takes its name, then before the second, and so on: the rows must be those of an
    undisturbed run, and no folder may be there twice."""
    code = textwrap.dedent(WORK).format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 8
    calm, killed = (rows_under(tmp_path / name) for name in ("calm", "killed"))
    assert calm == killed and len(calm) == 20 + 20 + 10 + 10 + 20 + 3
    assert [each.path.name for each in store.find(tmp_path / "calm")] == sorted(
        path.name for path in (tmp_path / "killed").iterdir() if path.is_dir()
    )


def rows_under(folder: Path) -> list[Row]:
    return [row for each in store.datasets(folder) for row in each.rows()]
