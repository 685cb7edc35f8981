"""Runs: idempotent, independent of workers, refused when changed, and the same after a kill -9."""

import functools
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import TestSettings, segment_row, segments_in

from humpback.errors import HumpbackError, NothingKept, PlanMismatch, UsageFault
from humpback.lm import Sampling
from humpback.lm.echo import Echo
from humpback.run import Run, windows
from humpback.schema import PAIR, SEGMENT, Row, row_id
from humpback.stage import Chain, Drop, LMStage, Outcome, Stage
from humpback.store import ConservationError, read_rows


def even(rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        yield row if int(row["id"][1:]) % 2 == 0 else Drop(row, "odd", row["id"])


def ask(rows: list[Row], lm: Echo) -> Iterator[Outcome]:
    for row in rows:
        made = lm.generate([row["text"]], __import__("humpback.lm", fromlist=["Sampling"]).Sampling(), [1])[0]
        yield {"id": row_id(row["id"], "pair"), "parent": row["id"], "instruction": made.text, "response": row["text"]}


EVEN = Stage("even", SEGMENT, even)
ASK = LMStage("ask", PAIR, lm="echo", ask=ask, window_rows=8)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("part-*.parquet")}


def test_a_finished_map_is_not_done_again(tmp_path: Path) -> None:
    """Resuming by typing the same command is the whole of the resume machinery."""
    for _ in range(2):
        with Run(tmp_path, "t", TestSettings()) as run:
            made = run.map("even", EVEN, segments_in(run, 20))
            stamp = (made.path / "manifest.json").stat().st_mtime_ns
    with Run(tmp_path, "t", TestSettings()) as run:
        assert (run.map("even", EVEN, segments_in(run, 20)).path / "manifest.json").stat().st_mtime_ns == stamp


def test_results_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    """datatrove resumes by rank, so another number of tasks gives another data set."""
    rows = []
    for workers in (1, 2):
        with Run(tmp_path / str(workers), "t", TestSettings(), workers=workers) as run:
            rows.append(list(run.map("even", EVEN, segments_in(run, 30, shard_rows=4)).rows()))
    assert rows[0] == rows[1] != []


def twice(rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        for i in range(2):
            yield {**row, "id": row_id(row["id"], "twice", i), "parent": row["id"]}


def all_but_one(rows: Iterable[Row]) -> Iterator[Outcome]:
    return iter(list(rows)[1:])


CHAIN = Chain("chain", (EVEN, Stage("twice", SEGMENT, twice)))


def test_a_chain_counts_each_step_and_writes_what_the_last_one_made(tmp_path: Path) -> None:
    """Steps that run as one must not become one line in the funnel: nobody could tell where the rows went."""
    folders = []
    for workers in (1, 2):
        with Run(tmp_path / str(workers), "t", TestSettings(), workers=workers) as run:
            made = run.map("chain", CHAIN, segments_in(run, 10, shard_rows=4))
        assert [(step.step, step.read, step.kept, step.rows) for step in made.steps] == [
            ("even", 10, 5, 5),
            ("twice", 5, 5, 10),
        ]
        assert len(made) == 10 and {(d["step"], d["reason"]) for d in made.drops()} == {("even", "odd")}
        folders.append(contents(made.path))
    assert list(folders[0]) == list(folders[1])
    assert not list(tmp_path.glob("*/*-chain/.*"))


def test_a_chain_that_loses_a_row_is_refused(tmp_path: Path) -> None:
    """A step within a chain answers for each row as a stage does."""
    lossy = Chain("lossy", (EVEN, Stage("lossy", SEGMENT, all_but_one)))
    with Run(tmp_path, "t", TestSettings()) as run, pytest.raises(ConservationError, match="'lossy' read 4 rows and lost 1"):
        run.map("lossy", lossy, segments_in(run, 10))


def test_another_step_is_another_dataset(tmp_path: Path) -> None:
    """The settings of every step are part of the plan."""
    with Run(tmp_path, "t", TestSettings()) as run:
        run.map("chain", CHAIN, segments_in(run, 10))
    changed = Chain("chain", (EVEN, Stage("twice", SEGMENT, twice, {"k": 1})))
    with Run(tmp_path, "t", TestSettings()) as run, pytest.raises(PlanMismatch, match="k"):
        run.map("chain", changed, segments_in(run, 10))


def test_changed_settings_are_refused_naming_the_leaf(tmp_path: Path) -> None:
    """A run that goes on under other settings mixes two experiments."""
    with Run(tmp_path, "t", TestSettings()) as run:
        segments_in(run, 3)
    with pytest.raises(PlanMismatch, match=r"k = 4.5, now it is 4.0"):
        Run(tmp_path, "t", TestSettings(k=4.0))


def test_settings_may_change_before_anything_was_made(tmp_path: Path) -> None:
    """A first try that failed on a wrong path must not block its folder."""
    Run(tmp_path, "t", TestSettings()).__exit__()
    Run(tmp_path, "t", TestSettings(k=4.0)).__exit__()


def test_an_unchanged_stage_is_taken_over_from_another_run(tmp_path: Path) -> None:
    """A new threshold must cost no model call: what has the same plan is reused, what has not is made."""
    with Run(tmp_path / "a", "t", TestSettings()) as run:
        first = run.map("ask", ASK, segments_in(run, 9))
    with Run(tmp_path / "b", "t", TestSettings(k=4.0), reuse=tmp_path / "a") as run:
        second = run.map("ask", ASK, segments_in(run, 9))
    assert contents(first.path) == contents(second.path)
    assert (second.path / "part-00000.parquet").stat().st_ino == (first.path / "part-00000.parquet").stat().st_ino


def test_dropping_everything_names_the_rule(run: Run) -> None:
    """An empty result far down the pipeline hides which rule was too strict."""
    stage = Stage("none", SEGMENT, functools.partial(drop_all, "too_short"))
    with pytest.raises(NothingKept) as caught:
        run.map("none", stage, segments_in(run, 5))
    assert "all 5 rows" in caught.value.fact and "5 by 'too_short'" in caught.value.fact


def drop_all(reason: str, rows: Iterable[Row]) -> Iterator[Outcome]:
    return (Drop(row, reason) for row in rows)


def test_two_processes_cannot_work_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training child that outlived its killed parent would write into the next try's folder."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Run(tmp_path, "t", TestSettings()), pytest.raises(HumpbackError, match="another humpback process"):
        Run(tmp_path, "t", TestSettings())


def test_a_step_appears_only_when_it_returns(run: Run) -> None:
    """A training that failed must not leave a folder that looks like a model."""

    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        run.step("train", fail, {})
    assert not list(run.folder.glob("[0-9][0-9]-train/manifest.json"))


def test_an_interrupted_lm_stage_asks_only_for_what_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model calls are the dear part: an answer must never be paid twice, and what it took is counted once."""
    asked: list[str] = []
    real = Echo._complete

    def breaking(self: Echo, prompt: str, *rest: Any) -> Any:
        if len(asked) == 6 and not getattr(breaking, "broken", False):
            breaking.broken = True  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        asked.append(prompt)
        return real(self, prompt, *rest)

    monkeypatch.setattr(Echo, "_complete", breaking)
    source = segments_in(run, 12, shard_rows=5)
    with pytest.raises(KeyboardInterrupt):
        run.map("ask", ASK, source)
    run._count -= 1
    made = run.map("ask", ASK, source)
    assert sorted(asked) == sorted(row["text"] for row in source.rows())
    assert len(made) == 12 and not list(made.path.glob(".window*"))
    assert made.totals.spent["calls"] == 12


def test_windows_hold_whole_shards() -> None:
    """A model that gets sixteen rows at a time idles; a window cut inside a shard would be another one after a kill."""
    assert windows([4, 4, 4, 9, 1, 1], 8) == [[0, 1], [2], [3], [4, 5]]
    assert windows([], 8) == []


def test_each_shard_gets_the_outcomes_of_its_own_rows(run: Run) -> None:
    """Shards that are asked together must be written apart: a dataset's third shard depends on its input's third."""
    source = segments_in(run, 12, shard_rows=4)

    def backwards(rows: list[Row], lm: Echo) -> Iterator[Outcome]:
        yield from list(ask(rows, lm))[::-1]

    made = run.map("ask", LMStage("ask", PAIR, lm="echo", ask=backwards), source)
    parents = [[row["parent"] for row in read_rows(shard)] for shard in made.shards]
    assert [sorted(each) for each in parents] == [[row["id"] for row in read_rows(s)] for s in source.shards]


def test_an_answer_for_a_row_that_nobody_asked_about_is_refused(run: Run) -> None:
    """A stage that mixes its rows up must not pass for one that works."""

    def inventing(rows: list[Row], lm: Echo) -> Iterator[Outcome]:
        yield from ask(rows, lm)
        yield {"id": "x", "parent": "nobody", "instruction": "a", "response": "b"}

    with pytest.raises(ConservationError, match="invented"):
        run.map("ask", LMStage("ask", PAIR, lm="echo", ask=inventing), segments_in(run, 4))


def test_a_run_that_was_killed_ends_in_the_same_rows(tmp_path: Path) -> None:
    """kill -9 in the middle of a stage, again and again: the rows must be those of an undisturbed run."""
    script = tmp_path / "work.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from conftest import TestSettings, segment_row, segments_in
        from test_run import ASK, EVEN
        from humpback.lm.echo import Echo
        from humpback.run import Run
        real = Echo._complete
        def slow(*asked):
            time.sleep(0.01)
            return real(*asked)
        Echo._complete = slow
        with Run(sys.argv[1], "t", TestSettings()) as run:
            kept = run.map("even", EVEN, segments_in(run, 60, shard_rows=16))
            run.map("ask", ASK, kept)
        """)
    )
    command = [sys.executable, str(script)]
    subprocess.run([*command, str(tmp_path / "calm")], check=True)
    kills = 0
    for patience in (0.45, 0.55, 0.65, 0.6, 0.7, None):
        child = subprocess.Popen([*command, str(tmp_path / "killed")], start_new_session=True)
        try:
            child.wait(patience)
            break
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
    calm, killed = (rows_under(tmp_path / name) for name in ("calm", "killed"))
    assert kills >= 1
    assert calm == killed and len(calm) == 30 + 60 + 60 + 30


def rows_under(folder: Path) -> list[Row]:
    from humpback.store import Dataset

    return [row for path in sorted(folder.glob("[0-9]*")) for row in Dataset(path).rows()]


def test_reuse_of_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """A mistyped --reuse must not silently reuse nothing."""
    with pytest.raises(UsageFault, match="not the folder of a run"):
        Run(tmp_path / "b", "t", TestSettings(), reuse=tmp_path)


def test_time_is_measured(run: Run) -> None:
    """The funnel's rates come from the manifests."""
    before = time.time()
    made = segments_in(run, 3)
    assert 0 <= made.manifest["wall_seconds"] <= time.time() - before + 1


def test_another_pace_or_price_is_the_same_run(tmp_path: Path) -> None:
    """A budget that was reached is raised and the same command typed again: refusing that loses what was paid for."""

    def named(lm: str) -> TestSettings:
        return TestSettings(name=lm)

    with Run(tmp_path, "t", named("openai:m@http://a:8000/v1?max_cost=1&concurrency=2")):
        pass
    (tmp_path / "01-x").mkdir()
    with Run(tmp_path, "t", named("openai:m@http://a:9000/v1?max_cost=5")):
        pass
    with pytest.raises(PlanMismatch, match="name"):
        Run(tmp_path, "t", named("openai:other@http://a:9000/v1"))


def test_a_measurement_that_was_interrupted_asks_only_for_what_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Competence is asked of a model that may cost money too; what it took is in the totals."""
    asked: list[str] = []
    real = Echo._complete

    def breaking(self: Echo, prompt: str, *rest: Any) -> Any:
        if len(asked) == 2 and not getattr(breaking, "broken", False):
            breaking.broken = True  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        asked.append(prompt)
        return real(self, prompt, *rest)

    monkeypatch.setattr(Echo, "_complete", breaking)

    def rows() -> Iterator[Row]:
        for i, made in enumerate(run.lm("echo").generate(["a b", "c", "d"], Sampling(), [1, 2, 3])):
            yield {**segment_row(i), "text": made.text}

    with pytest.raises(KeyboardInterrupt):
        run.put("measured", rows, SEGMENT, {})
    run._count -= 1
    made = run.put("measured", rows, SEGMENT, {})
    assert sorted(asked) == ["a b", "c", "d"] and len(made) == 3
    assert made.totals.spent["calls"] == 3 and not list(run.folder.glob(".*answers*"))
