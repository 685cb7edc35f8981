"""Models in processes of their own."""

import os
import signal
from pathlib import Path

import pytest

from humpback.errors import UsageFault
from humpback.lm import Question, Sampling
from humpback.lm import _hosted as hosted
from humpback.lm._hosted import Hosted
from humpback.lm.echo import Echo

PROMPTS = [f"Tell me about {'very ' * (i % 7)}old bridge {i}." for i in range(40)]
WARM = Sampling(temperature=1.0, max_new_tokens=12)


@pytest.fixture
def lm(monkeypatch: pytest.MonkeyPatch) -> Hosted:
    monkeypatch.setattr(hosted, "JOB_PROMPTS", 8)
    opened = Hosted("echo", 2)
    yield opened  # type: ignore[misc]
    opened.close()


def test_answers_are_those_of_the_model_itself(lm: Hosted) -> None:
    """Jobs come back in any order; an answer in another row's place is a wrong pair that nobody sees."""
    here, seeds = Echo(), list(range(len(PROMPTS)))
    assert lm.generate(PROMPTS, WARM, seeds) == here.generate(PROMPTS, WARM, seeds)
    assert lm.logprob(PROMPTS, PROMPTS[::-1]) == here.logprob(PROMPTS, PROMPTS[::-1])
    questions = [Question("predicate", "Is it old?"), Question("score", "How old?", ("new", "used", "old"))]
    assert lm.decide(PROMPTS, questions) == here.decide(PROMPTS, questions)
    assert lm.clip("a b c", 2) == ("a b", True) and (lm.name, lm.role, lm.context) == ("echo", "", 4096)
    assert lm.usage == here.usage
    assert lm.generate([], WARM, []) == []


def test_a_process_that_dies_is_replaced_and_its_job_given_out_again(lm: Hosted) -> None:
    """One GPU that falls over must cost its job's time, not the run."""
    os.kill(lm._workers[0].process.pid, signal.SIGKILL)
    lm._workers[0].process.join()
    assert len(lm.generate(PROMPTS, WARM, list(range(40)))) == 40
    assert all(worker.process.is_alive() for worker in lm._workers)


def test_a_fault_in_a_process_is_raised_here_and_the_model_stays(lm: Hosted) -> None:
    """An error that cannot travel, or stale answers of the others, would make the next call wrong."""
    with pytest.raises(ValueError):
        lm.decide(PROMPTS, [Question("score", "No levels at all?", ())])
    assert lm.generate(PROMPTS[:1], WARM, [3]) == Echo().generate(PROMPTS[:1], WARM, [3])


def test_a_model_that_cannot_be_opened_says_why() -> None:
    """What a process prints to nobody is lost."""
    with pytest.raises(UsageFault, match=r"nowhere\.txt"):
        Hosted("echo:nowhere.txt", 1)


def test_each_process_has_its_part_of_the_journal_and_reads_all(lm: Hosted, tmp_path: Path) -> None:
    """After a kill any process may get a job that another one had finished."""
    journal, heard = tmp_path / "answers", []
    lm.remember(journal, heard.append)
    first = lm.generate(PROMPTS, WARM, list(range(40)))
    assert sum(heard) == 40 and {p.name for p in tmp_path.iterdir()} == {"answers.0", "answers.1"}
    again = Echo()
    again.remember(journal)
    assert again.generate(PROMPTS, WARM, list(range(40))) == first and again.history == []
    again.remember(None)


def test_closing_ends_the_processes(lm: Hosted) -> None:
    """The memory of a GPU is free only when the process is gone."""
    processes = [worker.process for worker in lm._workers]
    lm.close()
    assert not any(process.is_alive() for process in processes)


@pytest.mark.parametrize(
    ("devices", "processes", "shares"),
    [([], 2, [None, None]), (["0", "1"], 2, ["0", "1"]), (["0", "1", "2", "3"], 2, ["0,1", "2,3"]), (["5"], 2, ["5", "5"])],
)
def test_gpus_are_shared_out(devices: list[str], processes: int, shares: list[str | None]) -> None:
    """Every copy on the first GPU is out of memory at once."""
    assert [hosted._share(devices, number, processes) for number in range(processes)] == shares
