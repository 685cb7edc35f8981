"""The engine of one machine: what is its own beside what every engine does (test_conformance)."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from humpback.engine import Hands, Job, Needs
from humpback.engine.local import LocalEngine


def nobody(_: int) -> None:
    pass


def opened(spec: str, hands: Hands) -> int:
    return id(hands.open(spec))


def test_a_model_stays_open_until_another_is_asked_for(tmp_path: Path) -> None:
    """Opening a large model takes a minute, and two may not fit."""
    with LocalEngine() as engine:
        first, second = engine.run(Job(opened, ["echo", "echo"], Needs(model=True)), nobody)
        lm = engine.open("echo")
        assert first == second == id(lm)
        (tmp_path / "script").write_text("answer")
        engine.open(f"echo:{tmp_path / 'script'}")
        assert engine.open("echo") is not lm


def test_a_training_is_alone_on_the_machine() -> None:
    """A judge that is still open when a training begins takes the memory that the training needs."""
    with LocalEngine() as engine:
        lm = engine.open("echo")
        list(engine.run(Job(lambda _, hands: None, [0], Needs(alone=True)), nobody))
        assert engine.open("echo") is not lm


def where(shard: Any, hands: Hands) -> tuple[int, int]:
    return os.getpid(), shard


@pytest.mark.slow
@pytest.mark.parametrize("needs", [Needs(), Needs(model=True), Needs(alone=True)])
def test_models_and_trainings_are_asked_here_and_other_work_in_workers(needs: Needs) -> None:
    """A model in each worker would not fit; a training in a pool would be one of several."""
    with LocalEngine(2) as engine:
        made = list(engine.run(Job(where, [1, 2, 3], needs), nobody))
    assert sorted(shard for _, shard in made) == [1, 2, 3]
    assert (os.getpid() in {pid for pid, _ in made}) == (needs.model or needs.alone)


@pytest.mark.slow
def test_an_engine_that_was_closed_works_again() -> None:
    """A run inside a run closes the engine that both use."""
    engine = LocalEngine(2)
    for _ in range(2):
        with engine:
            assert len(list(engine.run(Job(where, [1, 2, 3]), nobody))) == 3


def waits(path: Path, hands: Hands) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(60)


@pytest.mark.slow
def test_workers_end_with_a_run_that_was_killed(tmp_path: Path) -> None:
    """Workers that outlive a killed run write into the folder that the next try works in."""
    code = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_local import waits
        from humpback.engine import Job
        from humpback.engine.local import LocalEngine
        if __name__ == "__main__":
            list(LocalEngine(2).run(Job(waits, [Path({str(tmp_path)!r}, name) for name in "ab"]), print))
    """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    with subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE) as parent:
        pids = [int(until(lambda path=tmp_path / name: path.read_text())) for name in "ab"]
        parent.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() and state(pid) != "Z" for pid in pids))


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def until(true: Callable[[], Any]) -> Any:
    """What `true` gives as soon as it is something; half a minute is for a machine that is busy."""
    for _ in range(300):
        try:
            if made := true():
                return made
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not become true")
